"""The language model port: what a model is told and what it may return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast, runtime_checkable

from messaging.agent.costs import UNMETERED, Meter, Usage

CALL_TIME = "call_time"
"""What `Plan.ask` names when the next question is when to call; no fact field."""


class Goal(StrEnum):
    """What one turn is for. `policy.plan_turn` picks it, never a model."""

    GREET = "greet"  # a first hello: say who we are and ask the first question
    ANSWER = "answer"  # answer from the company profile, then ask what is open
    ASK = "ask"  # take up what the lead said and ask the next open question
    OFFER_CALL = "offer_call"  # nothing is left to ask: offer a talk
    CONFIRM = "confirm"  # a call or meeting is wanted: pass it on, promise nothing
    DISCLOSE = "disclose"  # the lead asks whether this is a machine: say yes
    REFER = "refer"  # only a colleague can answer: say so, without a figure
    REASSURE = "reassure"  # an objection: take it seriously, never argue
    APOLOGISE = "apologise"  # we reached the wrong person
    CLOSE = "close"  # a polite end without another question
    HELP = "help"  # who we are, how to reach us, how to stop
    HAND_OFF = "hand_off"  # a person takes over; one short sentence says so
    FOLLOW_UP = "follow_up"  # nobody has just written: come back to what is open
    WAIT = "wait"  # an absence notice: nothing is said now
    SILENT = "silent"  # nothing is said: opt-out, spam, an empty courtesy


@runtime_checkable
class When(Protocol):
    """A time that the lead named, as the understanding reads it."""

    @property
    def start(self) -> datetime | None:
        """The instant or the begin of the span, aware; None when not exact."""

    @property
    def text(self) -> str:
        """The lead's own words for it, verbatim."""

    @property
    def grain(self) -> str:
        """How exact the words were, from "minute" to "year"; "" when not known."""


@dataclass(frozen=True, slots=True)
class Said:
    """One earlier message; `author` is "lead" or "us" (machine or person)."""

    author: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Missing:
    """An open question of the question set, worded in the lead's language."""

    field: str
    wording: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Published words of the company that may answer what the lead asks.

    `source` is "article.<id>" or "offer.<id>". `sure`, 0 to 1, is how surely it
    answers the question: retrieval's own reading. `question` is the lead's own
    question that it was found for, "" for the whole message. While it is `changing`
    nothing that rests on it leaves by itself. `price` is in the minor unit of
    `currency`, None for none; `discount_limit` is the highest percentage that may be
    promised.
    """

    source: str
    title: str
    text: str
    language: str
    sure: float = 0.0
    changing: bool = False
    price: int | None = None
    currency: str = ""
    unit: str = ""
    discount_limit: int = 0
    conditions: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a model says a sentence of its reply rests on: `words` stand in the
    reply, `quote` stands in the source. Both are checked.
    """

    words: str
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The company profile: the only source of facts about us that may leave.

    `tone` is "friendly", "formal" or "brief". `disclosure` is already in the lead's
    language, or "" for the words that come with the product.
    """

    name: str
    sells: str = ""
    website: str = ""
    phone: str = ""
    email: str = ""
    hours: str = ""
    postal_address: str = ""
    tone: str = "friendly"
    booking_url: str = ""
    currency: str = ""
    time_zone: str = ""
    assistant_name: str = ""
    disclosure: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a model and the policy may know of one turn.

    `message` is the burst, joined by newlines; `history` ends before it, oldest
    first, without notes. `asked` is the field of our last question, "" if none.
    `local_now` is the lead's own clock. `max_chars` bounds the reply. `instruction` is
    a colleague's wish for another draft, of a follow-up its brief; a follow-up has no
    `message`. `quotes` are
    the lead's own words for each fact, "" for what a person entered.
    """

    channel: str
    language: str
    lead_name: str
    history: tuple[Said, ...]
    message: str
    intent: str
    topics: tuple[str, ...]
    facts: Mapping[str, str]
    new_facts: tuple[str, ...]
    missing: tuple[Missing, ...]
    asked: str
    when: tuple[When, ...]
    company: CompanyFacts
    first_automatic: bool
    local_now: datetime
    max_chars: int
    instruction: str = ""
    quotes: Mapping[str, str] = field(default_factory=dict)
    # What retrieval found for the message, the likeliest first, three at most.
    knowledge: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What the policy decided for a turn.

    `ask` is the field of the next question, `CALL_TIME` or "". `hand_off` is "" or
    the reason, in words for a person. `task_kind` is "" or a kind of Task.
    `draft_reason` is "" or why a person must approve the reply first.
    """

    goal: Goal
    ask: str = ""
    hand_off: str = ""
    task_kind: str = ""
    signals: tuple[str, ...] = ()
    confidence: float = 0.9
    draft_reason: str = ""

    @property
    def speaks(self) -> bool:
        """Whether a model has to write anything at all."""
        return self.goal not in (Goal.WAIT, Goal.SILENT)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A model's answer: words to be inspected, never an order.

    `sources` names what it leaned on: "profile.hours", "fact.budget", "message",
    "question.need".
    """

    body: str
    sources: tuple[str, ...]
    confidence: float
    usage: Usage
    model: str
    prompt_version: str
    claims: tuple[Claim, ...] = ()
    # What the model was told, and what it wrote, to the letter; "" for none.
    instructions: str = ""
    prompt: str = ""
    answer: str = ""


class ModelError(Exception):
    """A model could not answer; `words` say why to a person.

    `outcome` is refused, later, permanent or unknown, as for a transport; for
    later, `retry_at` (real clock) says when, where it is known. `code` names the
    trouble: one of `HALTING` is not over before a person acts.
    """

    def __init__(
        self,
        outcome: str,
        words: str,
        *,
        code: str = "",
        retry_at: datetime | None = None,
    ) -> None:
        super().__init__(words)
        self.outcome = outcome
        self.words = words
        self.code = code
        self.retry_at = retry_at


HALTING = ("quota", "key")
"""Codes of a ModelError after which calling again is no use: no credit, no access."""


class OverBudget(ModelError):
    """A call would go over a cap, so it was not made; `words` name the cap."""

    def __init__(self, words: str) -> None:
        super().__init__("permanent", words, code="budget")


@dataclass(frozen=True, slots=True)
class Speaking:
    """Which prompt and which model write; "" leaves it to what is set up here."""

    prompt_version: str = ""
    model: str = ""


class LanguageModel(Protocol):
    """Writes the words of a turn. `author` is "ai" or "builtin"."""

    name: str
    author: str

    def is_configured(self) -> bool:
        """Whether it can be used now; reads credentials, calls nobody."""

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        """Return the reply for `plan`; raise ModelError, and nothing else.

        Every call that costs something is begun at the meter first.
        """


@runtime_checkable
class TakesPrompts(Protocol):
    """A model that is told what to do by a prompt file, and has a name of its own."""

    @property
    def speaking(self) -> Speaking:
        """The prompt and the model that would write now; neither is ""."""

    def speaking_as(self, speaking: Speaking) -> LanguageModel:
        """The same model with this prompt and this name."""


@lru_cache(maxsize=32)
def _load(path: str) -> LanguageModel:
    module, _, name = path.rpartition(".")
    return cast(LanguageModel, getattr(import_module(module), name)())


def choose_model(
    candidates: Sequence[str], *, author: str = "", speaking: Speaking | None = None
) -> LanguageModel:
    """Return the first configured model of the dotted paths, of `author` if given,
    `speaking` as a release says where it takes prompts at all.

    Decided anew at every call, so that a stored key works without a restart. Raises
    ModelError when none is configured.
    """
    for path in candidates:
        model = _load(path)
        if author in ("", model.author) and model.is_configured():
            if speaking is not None and isinstance(model, TakesPrompts):
                return model.speaking_as(speaking)
            return model
    raise ModelError("permanent", "No language model is set up.")
