"""Whether an answer is good enough, by rules alone: the same answer is judged alike.

Judged are what the case expects (does it leave, for which goal, with and without which
words) and what holds for every answer: no finding of the guard, the lead's language,
the length, words that fit the schema.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging.agent.model import Plan, Situation
from messaging.agent.understanding.language import detect_language
from messaging.agent.understanding.textfold import fold

_ENOUGH = 40  # characters in which a language is told for sure


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one case. `held` says why a person would have to decide, "" when
    it leaves by itself; `error` why there is no answer at all.
    """

    plan: Plan
    body: str = ""
    held: str = ""
    error: str = ""
    findings: tuple[str, ...] = field(default=())

    @property
    def leaves(self) -> bool:
        """Whether the lead would read it without a person in between."""
        return bool(self.body) and not self.held and not self.error


def judge(
    answered: Answered,
    *,
    situation: Situation,
    expectations: Mapping[str, Any],
    flagged_body: str = "",
) -> list[str]:
    """Return everything that is wrong with an answer, in words; none: it passes."""
    found = [*_of_plan(answered, expectations)]
    if answered.error:
        return [*found, answered.error]
    found += _of_leaving(answered, expectations)
    if answered.body:
        found += _of_words(answered.body, expectations, flagged_body)
        found += _of_form(answered.body, situation)
    return found


def _of_plan(answered: Answered, expectations: Mapping[str, Any]) -> Iterator[str]:
    wanted = expectations.get("goal") or []
    if wanted and str(answered.plan.goal) not in wanted:
        yield f"planned as {answered.plan.goal}, expected {' or '.join(wanted)}"


def _of_leaving(answered: Answered, expectations: Mapping[str, Any]) -> Iterator[str]:
    leaves = expectations.get("leaves")
    if leaves is True and answered.held:
        yield f"held: {answered.held}"
    elif leaves is True and not answered.body:
        yield "says nothing"
    elif leaves is False and answered.leaves:
        yield "leaves by itself, and should not"
    elif leaves is None:
        yield from (f"held: {words}" for words in answered.findings)


def _of_words(
    body: str, expectations: Mapping[str, Any], flagged_body: str
) -> Iterator[str]:
    said = _plain(body)
    for words in expectations.get("must") or ():
        if not _says(said, words):
            yield f"does not say “{words}”"
    for words in expectations.get("must_not") or ():
        if _says(said, words):
            yield f"says “{words}”"
    again = expectations.get("not_again") and flagged_body
    if again and said == _plain(flagged_body):
        yield "the same words that were flagged"


def _of_form(body: str, situation: Situation) -> Iterator[str]:
    if situation.max_chars and len(body) > situation.max_chars:
        yield f"{len(body)} characters, {situation.max_chars} at most"
    wanted = situation.language.partition("-")[0]
    if len(body) >= _ENOUGH:
        found = detect_language(body, fallback=wanted).partition("-")[0]
        if found != wanted:
            yield f"written in “{found}”, not in “{wanted}”"


def _says(said: str, words: str) -> bool:
    """Whether one of the ways to say it, parted by |, is in the words."""
    return any(_plain(way) in said for way in words.split("|") if way.strip())


def _plain(text: str) -> str:
    return " ".join(fold(text).split())
