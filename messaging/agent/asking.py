"""What a lead asks, question by question, and what published words answer it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from messaging.agent.cues import (
    Answers,
    announces_question,
    asks_discount,
    asks_price,
    read_answers,
    subjects_of,
)
from messaging.agent.disclosure import asks_if_ai
from messaging.agent.excerpts import states_anything
from messaging.agent.guarding.text import fold
from messaging.agent.guarding.values import read_items
from messaging.agent.guarding.words import says
from messaging.agent.knowledge import SURE
from messaging.agent.model import Passage, Situation
from messaging.agent.passages import is_offer
from messaging.agent.phrases import phrases
from messaging.agent.retrieval.clauses import clauses_of
from messaging.agent.understanding.intents import read_intent

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?](?=\w)[^.!?\n]*)*[.!?]*")
_READ = 1_200  # characters of a message that are looked through
_QUESTIONS = 6
_COURTESY = 5  # words of a "how are you?" at most
_ASKING = ("question", "interested", "other", "meeting", "confirm", "objection")
# A passage in the lead's own language may be this much less sure than the likeliest.
_NEARLY = 0.15


@dataclass(frozen=True, slots=True)
class Answered:
    """A question of the lead's and the published words that answer it."""

    question: Situation
    passage: Passage


@dataclass(frozen=True, slots=True)
class Known:
    """What of a message the company's words answer.

    `answered` is in the order of the questions, each passage once; `profile` is what
    is left to the company profile; `open` are the lead's own questions that nothing
    answers, where there is more than one.
    """

    answered: tuple[Answered, ...]
    profile: Answers
    open: tuple[str, ...] = ()

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages that answer something."""
        return tuple(one.passage for one in self.answered)

    @property
    def sure(self) -> float:
        """How surely the least sure of the passages answers, 0 without any."""
        return min((passage.sure for passage in self.passages), default=0.0)


def read_known(situation: Situation) -> Known:
    """What answers the message. Pure; the same situation always gives the same."""
    profile = read_answers(situation)
    asked = questions_of(situation)
    found: dict[str, Answered] = {}
    superseded: set[str] = set()
    left: list[str] = []
    for question in asked:
        mine = read_answers(question)
        passage = _answering(question, asked)
        if passage is not None and not _asks_only_profile(question, mine):
            found.setdefault(passage.source, Answered(question, passage))
            superseded |= {*mine.given, *mine.lacking}
        elif not mine.given and not mine.lacking and not _said_elsewhere(question):
            left.append(question.message)
    profile = Answers(
        tuple(key for key in profile.given if key not in superseded),
        tuple(key for key in profile.lacking if key not in superseded),
    )
    several = len(asked) > 1
    return Known(tuple(found.values()), profile, tuple(left) if several else ())


def questions_of(situation: Situation) -> tuple[Situation, ...]:
    """The questions of a message, each as a situation of its own.

    A message with one is that question, whole: what stands around it may say what it
    is about. Courtesies ("how are you?") are none.
    """
    marked = "?" in situation.message
    if situation.intent not in _ASKING or not (marked or _wants(situation)):
        return ()
    pieces = _pieces(situation)
    if len(pieces) > 1:
        read = (_alone(situation, words) for words in pieces)
        parts = [part for part in read if _asks(part) and _is_about_us(part)]
        if len(parts) > 1:
            return tuple(parts[:_QUESTIONS])
    return (situation,)


def _wants(at: Situation) -> bool:
    return at.intent in ("question", "interested")


def _pieces(at: Situation) -> list[str]:
    sentences = (one.strip() for one in _SENTENCE.findall(at.message[:_READ]))
    joined = (words for one in sentences for words in clauses_of(one, at.language))
    return [words for words in joined if words]


def _alone(at: Situation, words: str) -> Situation:
    """A piece of a message, read by itself."""
    intent, topics = _read(words, at.language)
    return replace(at, message=words, intent=intent, topics=topics, new_facts=())


@lru_cache(maxsize=128)
def _read(words: str, language: str) -> tuple[str, tuple[str, ...]]:
    read = read_intent(words, language=language)
    return str(read.intent), read.topics


def _asks(part: Situation) -> bool:
    return part.message.endswith("?") or part.intent == "question"


def _is_about_us(part: Situation) -> bool:
    """Whether it asks for something: a subject of its own, or of the profile."""
    if part.topics == ("greeting",) and len(part.message.split()) <= _COURTESY:
        return False
    answers = read_answers(part)
    if set(part.topics) - {"greeting"} or answers.given or answers.lacking:
        return True
    return bool(subjects_of(part.message, part.language))


def _said_elsewhere(question: Situation) -> bool:
    """Whether other rules of the policy see to it."""
    return (
        asks_discount(question)
        or asks_if_ai(question.message)
        or announces_question(question)
        or not {"call_me", "demo"}.isdisjoint(question.topics)
    )


def _asks_only_profile(question: Situation, mine: Answers) -> bool:
    """Whether it asks for our hours, address or the like, and for nothing else."""
    keys = [key for key in (*mine.given, *mine.lacking) if key not in _GUESSED]
    if not keys or mine.lacking:
        return False
    rest = phrases(question.language).without_wants(fold(question.message).text)
    return not subjects_of(rest, question.language)


_GUESSED = ("price", "features")


def _answering(question: Situation, asked: Sequence[Situation]) -> Passage | None:
    """The published words that surely answer a question, in the lead's language
    where they are.
    """
    fit = [
        passage
        for passage in question.knowledge
        if passage.sure >= SURE
        and (len(asked) == 1 or _is_for(passage, question, asked))
        and suits(passage, question)
    ]
    if not fit:
        return None
    near = [one for one in fit if one.sure >= fit[0].sure - _NEARLY]
    mine = [one for one in near if one.language == question.language]
    return (mine or fit)[0]


def _is_for(passage: Passage, question: Situation, asked: Sequence[Situation]) -> bool:
    """Whether a passage was found for this one of several questions.

    Where retrieval does not say so: it is the one that shares most with it, or nearly
    all that the question is about stands in it.
    """
    if passage.question:
        found, mine = _plain(passage.question), _plain(question.message)
        return found in mine or mine in found
    words = subjects_of(f"{passage.title} {passage.text}", passage.language)
    wanted = subjects_of(question.message, question.language)
    others = (subjects_of(one.message, one.language) for one in asked)
    shared = len(wanted & words)
    most = max(len(other & words) for other in others)
    return shared > 0 and (shared == most or shared * 3 >= len(wanted) * 2)


def _plain(text: str) -> str:
    return " ".join(fold(text).text.split()).strip(" ?!.,;")


def suits(passage: Passage, question: Situation) -> bool:
    """Whether it is of the kind that may answer: money only by words that state it,
    guarantees and contract terms only by an article.
    """
    if asks_discount(question):
        return not is_offer(passage) and _states_discount(passage, question)
    if "contract" in question.topics or says("guarantee", fold(question.message)):
        return not is_offer(passage) and states_anything(passage.text)
    if asks_price(question):
        return states_price(passage)
    return passage.price is not None or states_anything(passage.text)


def _states_discount(passage: Passage, question: Situation) -> bool:
    """Whether an article speaks of discounts, and of the very figure if one is
    named.
    """
    asked = percentages(question.message)
    if asked:
        return asked <= percentages(passage.text)
    return says("discount", fold(passage.text))


def percentages(text: str) -> frozenset[float]:
    """The percentages that a text names."""
    keys = (key for item in read_items(text) for key in item.keys)
    return frozenset(float(key[1]) for key in keys if key[0] == "p")


def states_price(passage: Passage) -> bool:
    """Whether it says what something costs, or is the answer to just that."""
    if passage.price is not None:
        return True
    if any(one.kind == "amount" for one in read_items(passage.text)):
        return True
    if is_offer(passage):
        return False
    _, asked = _read(passage.title, passage.language)
    return "price" in asked or says("free", fold(passage.text))


def offers_in(knowledge: Sequence[Passage]) -> tuple[Passage, ...]:
    """The offers among what was found, the likeliest first."""
    return tuple(passage for passage in knowledge if is_offer(passage))
