"""The words of the steps: what each shows, and what mends one that failed."""

from dataclasses import dataclass, replace

STOPPED = "Nothing more goes to this address on this channel, whoever tries."
PAUSED = "Unsure whether the lead opted out: automatic messages rest."
AI_OFF = "the AI is off"
LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
}


@dataclass(frozen=True)
class Pair:
    """One line of a step's detail. `ok` is None for what is no check."""

    name: str
    value: str
    quote: str = ""
    ok: bool | None = None


@dataclass(frozen=True)
class Fix:
    """What to do about a step, and the page to do it on (a URL name)."""

    words: str
    page: str = ""


@dataclass(frozen=True)
class Step:
    """One step of a message.

    `state`: done, now, to_come, skipped, waits_for_you (amber), stopped (red:
    the lead opted out), failed (red).
    """

    name: str
    state: str
    title: str
    ms: float | None = None
    pairs: tuple[Pair, ...] = ()
    reason: str = ""
    fix: Fix | None = None

    @property
    def icon(self) -> str:
        """The mark before the title."""
        return _ICONS[self.state]

    @property
    def word(self) -> str:
        """The state, for those who do not see the mark."""
        return _WORDS[self.state]

    def troubled(self, state: str, reason: str, fix: Fix | None) -> "Step":
        """The same step, not passed, with why and what mends it."""
        return replace(self, state=state, reason=reason, fix=fix)

    def as_now(self) -> "Step":
        """The same step, being worked on."""
        return replace(self, state="now")


_ICONS = {
    "done": "check",
    "now": "more_horiz",
    "to_come": "radio_button_unchecked",
    "skipped": "remove",
    "waits_for_you": "schedule",
    "stopped": "block",
    "failed": "close",
}
_WORDS = {
    "done": "done",
    "now": "now",
    "to_come": "to come",
    "skipped": "not needed",
    "waits_for_you": "waits",
    "stopped": "opted out",
    "failed": "failed",
}
INBOX = "inbox_thread"
FIXES = {
    "": Fix("Open the talk in the inbox.", INBOX),
    "opt-out": Fix("Nothing reaches this number now. As the lead, text START."),
    "consent": Fix("There must be a consent first: text as the lead, or record one."),
    "clock": Fix("It goes by itself in the morning. Or set their clock to 10:42."),
    "caps": Fix("A person may still send. Caps are under AI and sending.", "policy"),
    "who has it": Fix("Hand the talk back to the AI in the inbox.", INBOX),
    "switch": Fix("Switch sending on under AI and sending.", "policy"),
    "budget": Fix("Raise the day's budget under AI and sending.", "policy"),
    "draft": Fix("Approve, edit or discard the draft in the inbox.", INBOX),
    "model": Fix("The words came from no model: a person has to answer.", INBOX),
    "failed": Fix("Send it again from the inbox, or try another channel.", INBOX),
    "unknown": Fix("Say in the inbox whether it was sent.", INBOX),
    "switched off": Fix("Press “AI on”, or set the mode to Auto.", "policy"),
    "start": Fix("As the lead, text START to allow messages again."),
    "pause": Fix("Decide in the inbox whether it was a STOP.", INBOX),
    "dead": Fix("See Dead letters; a person has been asked to answer.", "dead_letters"),
}
