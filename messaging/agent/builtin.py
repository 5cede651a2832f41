"""The offline language model: rules and small phrase files, no key, no network.

The same situation always gives the same words. A lead's text is never copied; only
short values that were understood (a budget, a time) are repeated, cleaned.
"""

import re
from collections.abc import Iterable

from messaging.agent.citing import Part, Teller, sources_of
from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.cues import (
    answer_to,
    asks_quote,
    call_times,
    gives_orders,
    in_full,
    legal_words,
    own_words,
    puts_off,
    sentence_of,
)
from messaging.agent.disclosure import asks_if_ai
from messaging.agent.guarding.text import fold
from messaging.agent.guarding.words import says
from messaging.agent.laying_out import Layout
from messaging.agent.model import CALL_TIME, Claim, Goal, Plan, Proposal, Situation
from messaging.agent.turns import Turn
from messaging.agent.understanding.language import detect_language
from messaging.agent.voice import Voice, clip

PROMPT_VERSION = "builtin-1"
_SHORT = re.compile(r"short|brief|kurz|corto|breve|court", re.IGNORECASE)
_FORMAL = re.compile(r"formal|polite|förmlich|siez", re.IGNORECASE)
# The profile's field for an answer key that is named otherwise.
_ATTRIBUTE = {
    "who": "name",
    "price": "sells",
    "features": "sells",
    "address": "postal_address",
    "booking": "booking_url",
}
_TOLD = ("need", "budget", "timeline")
_SENTENCE = 5


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
            said = ("", (), plan.confidence)
            return Proposal(*said, Usage(), self.name, PROMPT_VERSION)
        writer = _Writer(situation, plan)
        parts = writer.parts()
        confidence = plan.confidence if writer.voice.book.known else 0.3
        return Proposal(
            writer.layout.laid_out(parts),
            sources_of(parts),
            confidence,
            Usage(),
            self.name,
            PROMPT_VERSION,
            claims=writer.layout.claims(parts),
        )


class _Writer:
    """Puts one reply together."""

    def __init__(self, situation: Situation, plan: Plan) -> None:
        self.at, self.plan = situation, plan
        self.tone = _tone(situation)
        self.turn = Turn(situation)
        self.voice = Voice(situation, self.tone)
        self.teller = Teller(situation, self.voice)
        self.layout = Layout(situation, self.voice, self.tone)
        self.orders = gives_orders(situation.message)
        self.mail = situation.channel == "email"

    def parts(self) -> list[Part]:
        """What is to be said, as far as it fits and the guard lets it."""
        return self.layout.fitted(
            [part for part in self._parts() if part.text],
            judged=not self.plan.draft_reason,
        )

    def _parts(self) -> Iterable[Part]:
        yield self._greeting()
        if "are_you_ai" in self.at.topics or asks_if_ai(self.at.message):
            yield self._part("say_ai", 10, "profile.name", company=self._company)
        yield from self._core()
        yield from self._question()

    @property
    def _company(self) -> str:
        return self.at.company.name.strip()

    def _part(self, key: str, weight: int, source: str = "", **values: str) -> Part:
        """A sentence; with a source, its values are what they quote of it."""
        text = self.voice.say(key, **values)
        quotes = [value for value in values.values() if value] if source else []
        return Part(text, weight, tuple(Claim(text, source, one) for one in quotes))

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
            Goal.FOLLOW_UP: self._follow_up,
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
            if says("guarantee", fold(sentence_of(value, self.at.message))):
                continue  # what it holds us to is not repeated as if it were so
            if value and not any(value in other for other in said):
                said.append(value)
                named.append(shape.format(value=value))
        if named:
            text = self.voice.say("ack_facts", facts=self.voice.both(named[:3]))
            claims = tuple(Claim(text, "message", value) for value in said[:3])
            yield Part(text, 5, claims)

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
        weight = 6 if self.plan.goal is Goal.REFER else 9
        yield from self._published(weight)
        given = self.turn.answers.given
        if "price" in given:
            given = tuple(key for key in given if key != "sells")
        # Accents halve what fits in a text; the question should fit as well.
        roomy = self.mail or self.at.language in ("en", "de")
        for key in given[:2]:
            value = clip(answer_to(self.at, key), 180 if roomy else 110, ours=True)
            text = self.voice.say(key, value=self._marked(value))
            claim = Claim(text, f"profile.{_ATTRIBUTE.get(key, key)}", value)
            yield Part(text, min(weight, 7), (claim,))

    def _published(self, weight: int) -> Iterable[Part]:
        """What articles and offers answer."""
        for answered in self.turn.known.answered:
            yield from self.teller.answer(answered, weight)
        if self.turn.wish is not None:
            yield from self.teller.discount(self.turn.wish, weight)

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
        named = [clip(in_full(self.at, one.text)) for one in times]
        named = [one for one in named if one]
        when = self.voice.either(named)
        if when and not self.orders:
            text = self.voice.say("confirm_when", when=when)
            yield Part(text, 9, tuple(Claim(text, "message", one) for one in named))
        else:
            kind = self.plan.task_kind
            key = "confirm_meeting" if kind == "meeting" else "confirm_call"
            yield self._part(key, 9)
        if self.plan.draft_reason:
            yield from self._pass_on()
            return
        yield from self._published(8)
        if "urgent" in self.at.topics:
            yield self._part("urgent", 4)

    def _pass_on(self) -> Iterable[Part]:
        if self.plan.goal is Goal.REFER:
            yield from self._facts()
        yield from self._answers()
        yield self._part(self._referral(), 8)

    def _referral(self) -> str:
        wish = self.turn.wish
        if wish is not None and wish.reason:
            return "pass_discount"
        if asks_quote(self.at) and not self.plan.draft_reason:
            return "pass_quote"
        if wish is None and not self.turn.priced:
            return "pass_price"
        terms = "contract" in self.at.topics and not self.turn.known.passages
        return "pass_contract" if terms else "pass_on"

    def _follow_up(self) -> Iterable[Part]:
        begun = any(said.author == "us" for said in self.at.history)
        yield self._part("follow_up" if begun else "welcome", 6)

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
        text = self.voice.say("help", company=self._company, contact=contact)
        named = {"name": self._company, "phone": company.phone, "email": company.email}
        quotes = ((key, value) for key, value in named.items() if value)
        claims = (Claim(text, f"profile.{key}", value) for key, value in quotes)
        yield Part(text, 9, tuple(claims))

    def _question(self) -> Iterable[Part]:
        ask = self.plan.ask
        follows = self.plan.goal is Goal.FOLLOW_UP and ask == CALL_TIME
        if self.plan.goal is Goal.OFFER_CALL or follows:
            yield self._part("offer_call", 7)
        elif ask == CALL_TIME:
            yield self._part("ask_call_time", 7)
        elif ask:
            text = self.voice.ask(ask)
            wording = next((m.wording for m in self.at.missing if m.field == ask), text)
            yield Part(text, 7, (Claim(text, f"question.{ask}", wording),))
        booking = self.at.company.booking_url
        if ask == CALL_TIME and booking and not self.voice.said(booking):
            yield self._part("booking", 6, "profile.booking_url", value=booking)


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
