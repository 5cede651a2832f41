"""The offline language model: rules and small phrase files, no key, no network.

The same situation always gives the same words. A lead's text is never copied; only
short values that were understood (a budget, a time) are repeated, cleaned.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.cues import (
    answer_to,
    asks_discount,
    asks_price,
    asks_quote,
    call_times,
    gives_orders,
    in_full,
    legal_words,
    own_words,
    puts_off,
    read_answers,
)
from messaging.agent.disclosure import asks_if_ai, with_disclosure
from messaging.agent.guard import allowed_for, inspect
from messaging.agent.guarding.form import segments_of
from messaging.agent.model import CALL_TIME, Goal, Plan, Proposal, Situation
from messaging.agent.understanding.language import detect_language
from messaging.agent.voice import Voice, clean, clip

PROMPT_VERSION = "builtin-1"
_SHORT = re.compile(r"short|brief|kurz|corto|breve|court", re.IGNORECASE)
_FORMAL = re.compile(r"formal|polite|förmlich|siez", re.IGNORECASE)
_TOLD = ("need", "budget", "timeline")
_GSM_PART = 153
_SENTENCE = 5
# Signs that would make a text twice as dear, and their plain twins.
_PLAIN = str.maketrans("\u2018\u2019\u2013\u2014\u201c\u201d\u00a0\u202f", "''--\"\"  ")


@dataclass(frozen=True, slots=True)
class Part:
    """One sentence of a reply; the lightest go first when it is too long."""

    text: str
    weight: int
    source: str = ""


class BuiltinModel:
    """Always configured; keeps the `LanguageModel` contract."""

    name = "builtin"
    author = "builtin"

    def is_configured(self) -> bool:
        """It needs nothing."""
        return True

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        """Return the reply for a plan that speaks, "" for one that does not."""
        if not plan.speaks:
            return self._proposal("", (), plan.confidence)
        writer = _Writer(situation, plan)
        parts = writer.fitted()
        sources = tuple(dict.fromkeys(part.source for part in parts if part.source))
        known = writer.voice.book.known
        return self._proposal(
            writer.laid_out(parts), sources, plan.confidence if known else 0.3
        )

    def _proposal(
        self, body: str, sources: tuple[str, ...], confidence: float
    ) -> Proposal:
        return Proposal(body, sources, confidence, Usage(), self.name, PROMPT_VERSION)


class _Writer:
    """Puts one reply together."""

    def __init__(self, situation: Situation, plan: Plan) -> None:
        self.at, self.plan = situation, plan
        self.tone = _tone(situation)
        self.voice = Voice(situation, self.tone)
        self.orders = gives_orders(situation.message)
        self.mail = situation.channel == "email"

    def fitted(self) -> list[Part]:
        """The parts, the lightest left out until the reply is short enough."""
        parts = [part for part in self._parts() if part.text]
        if not self.plan.draft_reason:
            parts = self._unobjected(parts)
        while len(parts) > 1 and not self._fits(parts):
            lightest = min(part.weight for part in parts)
            last = max(i for i, part in enumerate(parts) if part.weight == lightest)
            del parts[last]
        return parts

    def _unobjected(self, parts: list[Part]) -> list[Part]:
        """Without what the guard refuses: the lead's words first, then any other."""
        allowed = allowed_for(self.at)
        for mine in (False, True):
            body = with_disclosure(self.laid_out(parts), situation=self.at)
            kinds = {one.kind for one in inspect(body, allowed=allowed)}
            if not kinds - {"length"}:
                return parts
            parts = [
                part
                for part in parts
                if (
                    not inspect(part.text, allowed=allowed)
                    if mine
                    else part.source != "message"
                )
            ]
        return parts

    def _fits(self, parts: list[Part]) -> bool:
        """Short enough with its disclosure; accents take room in a text."""
        body = with_disclosure(self.laid_out(parts), situation=self.at)
        limit = self.at.max_chars
        if not limit or (body.isascii() and len(body) <= limit):
            return True
        if self.mail or len(body) > limit:
            return len(body) <= limit
        return segments_of(body) <= max(1, limit // _GSM_PART)

    def laid_out(self, parts: list[Part]) -> str:
        """One line for a text; paragraphs and a closing for a mail."""
        texts = [part.text for part in parts]
        if not self.mail:
            return clean(" ".join(texts)).translate(_PLAIN)
        greeting = [text for text in texts[:1] if text.endswith(",")]
        rest = texts[len(greeting) :]
        body, question = rest[:-1], rest[-1:]
        blocks = [*greeting, " ".join(body), *question, self._signoff()]
        return "\n\n".join(clean(block) for block in blocks if block)

    def _signoff(self) -> str:
        company = self.at.company
        names = [name for name in (company.assistant_name, company.name) if name]
        closing = self.voice.book.variants("signoff", self.tone)[0]
        return "\n".join([closing, *names])

    def _parts(self) -> Iterable[Part]:
        yield self._greeting()
        if "are_you_ai" in self.at.topics or asks_if_ai(self.at.message):
            yield self._part("say_ai", 10, "profile.disclosure", company=self._company)
        yield from self._core()
        yield from self._question()

    @property
    def _company(self) -> str:
        return self.at.company.name.strip()

    def _part(self, key: str, weight: int, source: str = "", **values: str) -> Part:
        return Part(self.voice.say(key, **values), weight, source)

    def _greeting(self) -> Part:
        first = not any(said.author == "us" for said in self.at.history)
        if self.orders or not (first or self.mail):
            return Part("", 0)
        if self.tone == "brief" and not self.mail and not self.at.first_automatic:
            return Part("", 0)
        name = _first_name(self.at.lead_name, self.tone)
        key = "hello_named" if name else "hello"
        hello = self.voice.book.variants(key, self.tone)[0]
        hello = hello.format(name=name)
        if not self.mail:
            hello = hello.rstrip(",")
            mark = self.voice.book.variants("exclaim", "")[0]
            friendly = self.tone == "friendly"
            hello = mark.format(text=hello) if friendly else f"{hello}."
        return Part(hello, 3)

    def _core(self) -> Iterable[Part]:
        makers = {
            Goal.GREET: self._greet,
            Goal.ANSWER: self._answer,
            Goal.ASK: self._take_up,
            Goal.OFFER_CALL: self._take_up,
            Goal.CONFIRM: self._confirm,
            Goal.DISCLOSE: self._facts,
            Goal.REFER: self._pass_on,
            Goal.REASSURE: self._reassure,
            Goal.HAND_OFF: self._hand_off,
            Goal.HELP: self._help,
        }
        plain = {Goal.APOLOGISE: "apologise", Goal.CLOSE: self._closing()}
        if self.plan.goal in plain:
            return [self._part(plain[self.plan.goal], 9)]
        return makers[self.plan.goal]()

    def _closing(self) -> str:
        thanked = self.at.intent in ("thanks", "confirm")
        return "youre_welcome" if thanked else "close"

    def _greet(self) -> Iterable[Part]:
        if self.at.intent == "question":
            yield self._part("go_ahead", 9)
            return
        key = "welcome_back" if self.at.intent == "opt_in" else "welcome"
        yield self._part(key, 4)

    def _facts(self) -> Iterable[Part]:
        """The lead's new facts, in the lead's own words, three at most."""
        said: list[str] = []
        named: list[str] = []
        for field in () if self.orders else sorted(self.at.new_facts, key=_rank):
            shape = self.voice.book.fact(field)
            value = clip(own_words(self.at, field)) if shape else ""
            if value and not any(value in other for other in said):
                said.append(value)
                named.append(shape.format(value=value))
        if named:
            joined = self.voice.both(named[:3])
            yield self._part("ack_facts", 5, "message", facts=joined)

    def _take_up(self) -> Iterable[Part]:
        if self.orders:
            yield self._part("off_topic", 6, "profile.name", company=self._company)
            return
        facts = list(self._facts())
        yield from facts
        urgent = "urgent" in self.at.topics
        if urgent:
            yield self._part("urgent", 5)
        if not self.plan.ask or self.plan.task_kind == "reply":
            yield self._part("noted", 8)
        elif not facts and not urgent:
            key = {"confirm": "yes", "deny": "no"}.get(self.at.intent, "ack")
            first = not any(said.author == "us" for said in self.at.history)
            yield Part(self.voice.maybe("welcome" if first else key), 2)

    def _answer(self) -> Iterable[Part]:
        yield from self._facts()
        yield from self._answers()

    def _answers(self) -> Iterable[Part]:
        given = read_answers(self.at).given
        if "price" in given:
            given = tuple(key for key in given if key != "sells")
        # Accents halve what fits in a text; the question should fit as well.
        roomy = self.mail or self.at.language in ("en", "de")
        for key in given[:2]:
            value = clip(answer_to(self.at, key), 180 if roomy else 110, ours=True)
            source = "sells" if key in ("price", "features") else key
            weight = 6 if self.plan.goal is Goal.REFER else 7
            source = f"profile.{source}"
            yield self._part(key, weight, source, value=self._marked(value))

    def _marked(self, value: str) -> str:
        """Our words as the profile has them, with a note if in another language."""
        if len(value.split()) < _SENTENCE:
            return value
        code = detect_language(value, fallback=self.at.language)
        note = self.voice.book.foreign(code)
        return f"{note} {value}" if note and code != self.at.language else value

    def _confirm(self) -> Iterable[Part]:
        times = call_times(self.at)[:2]
        if not times:
            yield from self._facts()
        when = self.voice.either([clip(in_full(self.at, one.text)) for one in times])
        if when and not self.orders:
            yield self._part("confirm_when", 9, "message", when=when)
        else:
            kind = self.plan.task_kind
            key = "confirm_meeting" if kind == "meeting" else "confirm_call"
            yield self._part(key, 9)
        if self.plan.draft_reason:
            yield from self._pass_on()
        elif "urgent" in self.at.topics:
            yield self._part("urgent", 4)

    def _pass_on(self) -> Iterable[Part]:
        if self.plan.goal is Goal.REFER:
            yield from self._facts()
        yield from self._answers()
        yield self._part(self._referral(), 8)

    def _referral(self) -> str:
        if asks_discount(self.at):
            return "pass_discount"
        if asks_quote(self.at) and not self.plan.draft_reason:
            return "pass_quote"
        if asks_price(self.at):
            return "pass_price"
        return "pass_contract" if "contract" in self.at.topics else "pass_on"

    def _reassure(self) -> Iterable[Part]:
        if puts_off(self.at) and not self.plan.ask:
            yield self._part("no_rush", 9)
            return
        rival = "competitor" in self.at.topics
        yield self._part("reassure_competitor" if rival else "reassure", 6)
        yield from self._facts()

    def _hand_off(self) -> Iterable[Part]:
        serious = self.plan.draft_reason and legal_words(self.at.message)
        key = {"complaint": "complaint"}.get(self.at.intent, "person")
        yield self._part("serious" if serious else key, 9)

    def _help(self) -> Iterable[Part]:
        company = self.at.company
        reach = ", ".join(one for one in (company.phone, company.email) if one)
        contact = f"{reach}." if reach else ""
        yield self._part(
            "help", 9, "profile.phone", company=self._company, contact=contact
        )

    def _question(self) -> Iterable[Part]:
        ask = self.plan.ask
        if self.plan.goal is Goal.OFFER_CALL:
            yield self._part("offer_call", 7)
        elif ask == CALL_TIME:
            yield self._part("ask_call_time", 7)
        elif ask:
            yield Part(self.voice.ask(ask), 7, f"question.{ask}")
        booking = self.at.company.booking_url
        if ask == CALL_TIME and booking and not self.voice.said(booking):
            yield self._part("booking", 6, "profile.booking", value=booking)


def _rank(field: str) -> int:
    return _TOLD.index(field) if field in _TOLD else len(_TOLD)


def _tone(situation: Situation) -> str:
    if _SHORT.search(situation.instruction):
        return "brief"
    if _FORMAL.search(situation.instruction):
        return "formal"
    tone = situation.company.tone
    return tone if tone in ("friendly", "formal", "brief") else "friendly"


def _first_name(name: str, tone: str) -> str:
    cleaned = clip(name, 30)
    words = [word for word in cleaned.split() if word.replace("-", "").isalpha()]
    if not words or words != cleaned.split():
        return ""
    return " ".join(words) if tone == "formal" else words[0]
