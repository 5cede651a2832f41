"""Reads what a lead wants and which topics a message touches.

Rules over the words of data/<language>.toml. Several signals may show in a message;
what needs a person or an answer soonest wins (`_ORDER`), and everything that was
recognised as a subject is kept in `topics`.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from messaging.agent.cues import gives_orders
from messaging.agent.understanding.language import score_languages
from messaging.agent.understanding.lexicon import (
    LANGUAGES,
    Lexicon,
    lexicon,
    lexicons,
)
from messaging.agent.understanding.normalise import Words, own_words, read_words
from messaging.agent.understanding.optout import (
    OptOut,
    is_help,
    is_opt_in,
    is_yes_command,
    read_opt_out,
)


class Intent(StrEnum):
    """What a message asks of us."""

    interested = "interested"
    not_interested = "not_interested"
    question = "question"
    objection = "objection"
    meeting = "meeting"
    confirm = "confirm"
    deny = "deny"
    thanks = "thanks"
    out_of_office = "out_of_office"
    wrong_person = "wrong_person"
    person_requested = "person_requested"
    complaint = "complaint"
    opt_out = "opt_out"
    opt_in = "opt_in"
    help = "help"
    spam = "spam"
    other = "other"


@dataclass(frozen=True, slots=True)
class IntentReading:
    """An intent, how sure we are of it (0 to 1), and the subjects touched."""

    intent: Intent
    confidence: float
    topics: tuple[str, ...]


_TOPICS = (
    "price",
    "discount",
    "are_you_ai",
    "availability",
    "contract",
    "features",
    "location",
    "competitor",
    "urgent",
    "call_me",
    "demo",
    "greeting",
)
_ASKABLE = frozenset(_TOPICS) - {"urgent", "call_me", "demo", "greeting", "competitor"}
_MEETING = frozenset({"meeting", "demo", "call_me"})
_YES_WORDS = frozenset(
    [
        "yes",
        "yeah",
        "yep",
        "yup",
        "yea",
        "sure",
        "si",
        "oui",
        "ja",
        "sim",
        "jo",
        "jep",
        "ouais",
        "claro",
    ]
)
# What is heard even in a text that tries to give the assistant orders.
_HEARD_IN_ORDERS = frozenset({"are_you_ai", "price", "discount", "complaint", "person"})
_SHORT = 8
_FEW = 5
_LONG = 40
_MOST_WORDS_ANY_LANGUAGE = 14
_ORDER: tuple[tuple[str, Intent, float], ...] = (
    ("out_of_office", Intent.out_of_office, 0.9),
    ("person", Intent.person_requested, 0.9),
    ("wrong_person", Intent.wrong_person, 0.88),
    ("are_you_ai", Intent.question, 0.92),
    ("complaint", Intent.complaint, 0.8),
    ("spam", Intent.spam, 0.8),
    ("not_interested", Intent.not_interested, 0.88),
    ("objection", Intent.objection, 0.78),
)


def read_intent(text: str, *, language: str, previous: str = "") -> IntentReading:
    """Decide what one message wants.

    `language` is an ISO 639-1 code; an unknown one is read as English, and a text that
    says nothing in its own language is tried in others too. `previous` is our last
    message to the lead, "" when there is none: a bare "yes" or "no" leans on it.
    """
    words = read_words(text)
    if not words.folded or words.folded == ("?",):
        return IntentReading(Intent.other, 0.3, ())
    primary = lexicon(language if language in LANGUAGES else "en")
    signals = _signals(words, primary)
    if not signals:
        primary, signals = _in_another_language(text, words, primary)
    if "are_you_ai" not in signals and _asks_for_ai(words):
        signals |= {"are_you_ai"}
    if "price_weak" in signals and _asks(words, signals):
        signals |= {"price"}
    ordered = gives_orders(text)
    if ordered:
        signals &= _HEARD_IN_ORDERS
    topics = tuple(name for name in _TOPICS if name in signals)
    if words.folded[0] in _YES_WORDS:
        signals |= {"yes_word"}
    intent, confidence = _by_command(text, signals) or (
        (Intent.question if "?" in words.folded else Intent.other, 0.5)
        if ordered
        else _by_signals(words, signals, _asked_before(previous, primary))
    )
    return IntentReading(intent, confidence, topics)


def _asks(words: Words, signals: AbstractSet[str]) -> bool:
    """Whether "per month" or "costs" asks for a price rather than names a budget."""
    return "?" in words.folded or "question" in signals or len(words.folded) <= 2


def is_out_of_office(text: str, *, language: str) -> bool:
    """Whether a text is an absence notice or a machine's receipt."""
    words, known = (
        read_words(text),
        lexicon(language if language in LANGUAGES else "en"),
    )
    away = known.pattern("signals", "out_of_office")
    if not away.search(known.joined(words)):
        return False
    return not _outweighed("out_of_office", _signals(words, known), words)


def _in_another_language(
    text: str, words: Words, primary: Lexicon
) -> tuple[Lexicon, frozenset[str]]:
    """English for what says nothing in its own language; for a few words, which are
    easily taken for the wrong language, the likelier others too.
    """
    others = ["en"]
    if len(words.folded) <= _FEW:
        scores = score_languages(text)
        likely = sorted(scores, key=lambda code: -scores[code])
        unknown = scores[likely[0]] == 0
        others = [code for code in likely if unknown or scores[code] > 0] or others
    for code in others:
        signals = _signals(words, lexicon(code))
        if signals:
            return lexicon(code), signals
    return primary, frozenset()


def _signals(words: Words, lexicon: Lexicon) -> frozenset[str]:
    joined = lexicon.joined(words)
    return frozenset(
        name
        for name in lexicon.names("signals")
        if lexicon.pattern("signals", name).search(joined)
    )


def _asks_for_ai(words: Words) -> bool:
    """Asked in any language: that question must never go unheard."""
    if len(words.folded) > _MOST_WORDS_ANY_LANGUAGE:
        return False
    return any(
        lexicon.pattern("signals", "are_you_ai").search(lexicon.joined(words))
        for lexicon in lexicons()
    )


def _asked_before(previous: str, lexicon: Lexicon) -> frozenset[str]:
    if not previous:
        return frozenset()
    words = read_words(own_words(previous))
    joined = lexicon.joined(words)
    found = {
        name
        for name in lexicon.names("previous")
        if lexicon.pattern("previous", name).search(joined)
    }
    if "open" in found:
        found.discard("interest")
    asked = "?" in words.folded or "asks" in found
    if not asked:
        found.discard("interest")
    return frozenset(found | {"asked" if asked else "told"})


def _by_command(text: str, signals: AbstractSet[str]) -> tuple[Intent, float] | None:
    if is_opt_in(text) and not is_yes_command(text):
        return Intent.opt_in, 0.97
    if is_help(text):
        return Intent.help, 0.97
    decision = read_opt_out(text).decision
    if decision is OptOut.STOP:
        return Intent.opt_out, 0.97
    if decision is OptOut.PAUSE and not signals & _CLEARER_THAN_PAUSE:
        return Intent.opt_out, 0.55
    return None


_CLEARER_THAN_PAUSE = frozenset(
    {"not_interested", "complaint", "out_of_office", "person", "wrong_person"}
)


def _by_signals(
    words: Words, signals: AbstractSet[str], before: AbstractSet[str]
) -> tuple[Intent, float]:
    for name, intent, confidence in _ORDER:
        if name in signals and not _outweighed(name, signals, words):
            return intent, confidence
    asks = "?" in words.folded
    declines = "no" in signals and not signals & {"yes", "call_me"} and not asks
    if (
        signals & _MEETING
        and not declines
        and not ("question" in signals and signals & _ASKABLE)
    ):
        return Intent.meeting, 0.85 if "meeting" in signals or asks else 0.8
    answer = _short_answer(words, signals, before)
    if answer:
        return answer
    wants = "interested" in signals and not asks and not signals & _ASKABLE
    if asks or (not wants and signals & {"question", "discount"}):
        return Intent.question, 0.85 if asks else 0.7
    if signals & _ASKABLE and len(words.folded) <= _SHORT:
        return Intent.question, 0.65
    return _statement(signals, before)


def _outweighed(name: str, signals: AbstractSet[str], words: Words) -> bool:
    """A weak sign of one thing beside a strong sign of another."""
    if name == "person":
        return "are_you_ai" in signals and "request" not in signals
    if name == "out_of_office":
        if "interested" in signals and len(words.folded) < _LONG:
            return True  # "we're on holiday next week, but we need 40 seats"
        return "are_you_ai" in signals and "?" in words.folded
    if name == "wrong_person":
        return "not_interested" in signals
    if name == "are_you_ai":
        return "person" in signals and "request" in signals
    if name == "complaint":
        return "?" in words.folded and "question" in signals and len(words.folded) < 7
    if name == "objection":
        return "?" in words.folded and "discount" in signals
    if name == "not_interested":
        return "?" in words.folded and bool(signals & _MEETING)
    return False


def _short_answer(
    words: Words, signals: AbstractSet[str], before: AbstractSet[str]
) -> tuple[Intent, float] | None:
    """A yes, a no or thanks that no question goes with."""
    if "?" in words.folded or "question" in signals:
        return None
    sure = 0.92 if len(words.folded) <= _SHORT else 0.8
    if "yes_word" in signals and "told" not in before:
        wanted = "interest" in before and not before & {"more", "meeting"}
        return (Intent.interested if wanted else Intent.confirm), sure
    closes = "told" in before or "no" not in signals
    if "thanks" in signals and closes and "asked" not in before:
        # "Great, thanks" to a statement closes; to a question it agrees.
        return Intent.thanks, sure
    if "no" in signals:
        wanted = "interest" in before and "more" not in before
        return (Intent.not_interested if wanted else Intent.deny), sure
    if "yes" in signals:
        wanted = "interest" in before and not before & {"more", "meeting"}
        return (Intent.interested if wanted else Intent.confirm), sure
    if "thanks" in signals and "interested" not in signals:
        return Intent.thanks, sure
    return None


def _statement(
    signals: AbstractSet[str], before: AbstractSet[str]
) -> tuple[Intent, float]:
    if "interested" in signals or "buying" in signals:
        return Intent.interested, 0.8 if "interested" in signals else 0.6
    if "meeting" in before and "availability" in signals:
        return Intent.meeting, 0.6
    if "thanks" in signals:
        return Intent.thanks, 0.8
    return Intent.other, 0.4
