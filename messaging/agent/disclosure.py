"""Whether a text asks for, states or denies that a machine is writing."""

import re
from functools import lru_cache

from messaging.agent.guarding.text import Folded, fold, join_letters, undo_leet
from messaging.agent.guarding.words import find, pattern, says
from messaging.agent.model import Situation
from messaging.agent.phrases import phrases

_GREETING_END = re.compile(r"[,!.]\s+|\n+")
_LONGEST_GREETING = 60


@lru_cache(maxsize=16)
def asks_if_ai(text: str) -> bool:
    """Whether a lead asks if it writes with a machine, in any of five languages.

    "Can I talk to a person?" asks for a person, not for what we are.
    """
    folded = join_letters(fold(text[:600]))
    if says("ai_choice", folded):  # "do I speak to a person or a program?"
        return True
    if not says("ai_question", folded):
        return False
    rest = folded.without(pattern("person_wanted"))
    return says("ai_question", rest)


@lru_cache(maxsize=16)
def states_ai(text: str) -> bool:
    """Whether a reply plainly says that an AI writes it, without taking it back."""
    folded = fold(text)
    return says("ai_statement", folded) and not denials(folded)


def denials(folded: Folded) -> list[str]:
    """The reply's own words where it claims to be a person or not to be an AI."""
    found = [folded.words(*one.span()) for one in find("denial", folded)]
    for other in _disguised(folded):
        found += [other.words(*one.span()) for one in find("denial", other)]
    return list(dict.fromkeys(found))


def _disguised(folded: Folded) -> list[Folded]:
    joined = join_letters(folded)
    plain = undo_leet(joined)
    return [one for one in dict.fromkeys((joined, plain)) if one.text != folded.text]


def disclosure_of(situation: Situation) -> str:
    """The company's own disclosure, else the words for the lead's language."""
    company = situation.company
    if company.disclosure.strip():
        return _named(company.disclosure.strip(), company.name)
    book = phrases(situation.language)
    name = company.assistant_name.strip()
    key = "disclosure_named" if name else "disclosure"
    return book.variants(key, company.tone)[0].format(company=company.name, name=name)


def _named(text: str, company: str) -> str:
    return re.sub(r"\{\{?\s*company\s*\}?\}", company, text)


def with_disclosure(body: str, *, situation: Situation) -> str:
    """The reply with the AI disclosure, when it is the first automatic message.

    A reply that says so already stays as it is. The disclosure follows the greeting.
    """
    words = disclosure_of(situation)
    if not situation.first_automatic or words in body or states_ai(body):
        return body
    greeting = _greeting(body, situation)
    rest = body[len(greeting) :].lstrip()
    gap = "\n\n" if situation.channel == "email" else " "
    return gap.join(part for part in (greeting, words, rest) if part)


def _greeting(body: str, situation: Situation) -> str:
    first = _GREETING_END.search(body)
    if first is None or first.start() > _LONGEST_GREETING:
        return ""
    head = body[: first.start() + 1].rstrip()
    opening = fold(head).text
    return head if _greetings(situation.language).match(opening) else ""


@lru_cache(maxsize=16)
def _greetings(language: str) -> re.Pattern[str]:
    words = phrases(language).variants("greeting_words", "")
    return re.compile(rf"[^a-z]{{0,2}}(?:{'|'.join(words)})(?![a-z])")
