"""The state machine that picks the goal of a turn. It alone decides; models write.

Rules are tried in order and the first that applies makes the plan. The order is the
order of harm: what must not be answered comes first, what a person must see next,
small talk last.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from messaging.agent.cues import (
    Answers,
    asks_discount,
    asks_price,
    call_times,
    ever_said,
    gives_orders,
    is_bare,
    last_of_us,
    legal_words,
    read_answers,
    times_asked,
    we_said,
)
from messaging.agent.disclosure import asks_if_ai
from messaging.agent.model import CALL_TIME, Goal, Plan, Situation

_MOST_ASKED = 2
_INTENT_SIGNALS = {
    "interested": "said_interested",
    "not_interested": "said_not_interested",
    "question": "asked_question",
    "objection": "objected",
    "confirm": "confirmed",
    "complaint": "complained",
    "wrong_person": "wrong_person",
    "person_requested": "asked_for_person",
    "spam": "spam",
}
_TOPIC_SIGNALS = {
    "price": "asked_price",
    "urgent": "said_urgent",
    "competitor": "competitor_named",
    "call_me": "asked_for_call",
    "demo": "asked_for_meeting",
}
_LACKING = {
    "hours": "Opening hours",
    "address": "The address",
    "website": "The website",
    "phone": "The phone number",
    "email": "The mail address",
    "sells": "What we sell",
    "booking": "A booking link",
}


@dataclass(frozen=True)
class _Turn:
    """A situation with what the rules need to know of it, read once."""

    at: Situation

    @cached_property
    def answers(self) -> Answers:
        return read_answers(self.at)

    @cached_property
    def orders(self) -> bool:
        return gives_orders(self.at.message)

    @cached_property
    def asks_ai(self) -> bool:
        return "are_you_ai" in self.at.topics or asks_if_ai(self.at.message)

    @cached_property
    def asks(self) -> bool:
        """Whether it is a question and not the answer to ours."""
        told = self.at.asked in self.at.new_facts and "?" not in self.at.message
        return self.at.intent == "question" and not told

    @cached_property
    def discount(self) -> bool:
        return asks_discount(self.at)

    @cached_property
    def bare(self) -> bool:
        fresh = self.at.new_facts or self.at.when
        return not fresh and is_bare(self.at.message)

    @cached_property
    def times(self) -> bool:
        """Whether the lead named a time that a call could have."""
        return bool(call_times(self.at))

    @cached_property
    def next_field(self) -> str:
        """The open question to ask: one not asked yet first, none more than twice."""
        counted = [
            (times_asked(self.at, one.field, one.wording), one.field)
            for one in self.at.missing
        ]
        fresh = [field for count, field in counted if count == 0]
        again = [field for count, field in counted if 0 < count < _MOST_ASKED]
        return next(iter(fresh + again), "")

    def has(self, *topics: str) -> bool:
        return not set(topics).isdisjoint(self.at.topics)


_Rule = Callable[[_Turn], Plan | None]


def plan_turn(situation: Situation) -> Plan:
    """Return what to do about the lead's message. Pure and deterministic."""
    turn = _Turn(situation)
    plan = next(plan for rule in _RULES if (plan := rule(turn)) is not None)
    return Plan(
        goal=plan.goal,
        ask=plan.ask if plan.speaks else "",
        hand_off=plan.hand_off,
        task_kind=plan.task_kind,
        signals=_signals(turn),
        confidence=plan.confidence,
        draft_reason=plan.draft_reason,
    )


def _signals(turn: _Turn) -> tuple[str, ...]:
    """Keys for the score, without doubles; a machine's message gives none."""
    intent = turn.at.intent
    if intent in ("out_of_office", "opt_out"):
        return ()
    if intent == "spam":
        return ("spam",)
    told = {"asked_question": not turn.asks, "asked_price": not asks_price(turn.at)}
    found = ["replied", _INTENT_SIGNALS.get(intent, "")]
    found += [_TOPIC_SIGNALS.get(topic, "") for topic in turn.at.topics]
    if turn.discount:
        found.append("asked_price")
        told["asked_price"] = False
    if intent == "meeting":
        call = turn.has("call_me") or turn.at.asked == CALL_TIME
        found.append("asked_for_call" if call else "asked_for_meeting")
    return tuple(dict.fromkeys(key for key in found if key and not told.get(key)))


def _not_answered(turn: _Turn) -> Plan | None:
    if turn.at.intent == "opt_out":
        return Plan(Goal.SILENT, confidence=1.0)
    if turn.at.intent == "spam":
        return Plan(Goal.SILENT, confidence=0.8)
    if turn.at.intent == "out_of_office":
        return Plan(Goal.WAIT, confidence=0.9)
    return None


def _serious(turn: _Turn) -> Plan | None:
    words = legal_words(turn.at.message)
    if not words or turn.at.intent == "question":
        return None
    reason = f"The lead speaks of legal steps: '{words[:40]}'"
    return Plan(
        Goal.HAND_OFF,
        hand_off=reason,
        task_kind="reply",
        draft_reason=reason,
        confidence=0.9,
    )


def _ordered_about(turn: _Turn) -> Plan | None:
    if not turn.orders:
        return None
    reason = "The message tries to give the assistant orders"
    return Plan(Goal.ASK, turn.next_field, draft_reason=reason, confidence=0.3)


def _needs_person(turn: _Turn) -> Plan | None:
    reasons = {
        "complaint": "The lead complains",
        "person_requested": "The lead asks for a person",
    }
    reason = reasons.get(turn.at.intent)
    if reason is None:
        return None
    return Plan(Goal.HAND_OFF, hand_off=reason, task_kind="reply", confidence=0.9)


def _wrong_person(turn: _Turn) -> Plan | None:
    if turn.at.intent != "wrong_person":
        return None
    return Plan(Goal.APOLOGISE, task_kind="other", confidence=0.9)


def _help(turn: _Turn) -> Plan | None:
    if turn.at.intent == "help":
        return Plan(Goal.HELP, confidence=0.95)
    if turn.at.intent == "opt_in":
        return Plan(Goal.GREET, turn.next_field, confidence=0.95)
    return None


def _not_interested(turn: _Turn) -> Plan | None:
    if turn.at.intent != "not_interested":
        return None
    if turn.bare and we_said(turn.at, "close"):
        return Plan(Goal.SILENT)
    return Plan(Goal.CLOSE, confidence=0.9)


def _call_wanted(turn: _Turn) -> Plan | None:
    offered = turn.at.asked == CALL_TIME
    agrees = turn.at.intent in ("confirm", "interested", "meeting")
    wanted = turn.at.intent == "meeting" or turn.has("call_me", "demo")
    if not wanted and not (offered and (turn.times or agrees)):
        return None
    meets = turn.at.intent == "meeting" and not turn.has("call_me")
    ask = turn.next_field if turn.times or offered else CALL_TIME
    kind = "meeting" if (meets or turn.has("demo")) and not offered else "call"
    draft = _price_reason(turn)
    return Plan(Goal.CONFIRM, ask, task_kind=kind, draft_reason=draft, confidence=0.9)


def _price_reason(turn: _Turn) -> str:
    if turn.discount:
        return "Discount not in the company profile"
    if asks_price(turn.at) and "price" not in turn.answers.given:
        return "Price not in the company profile"
    return ""


def _price(turn: _Turn) -> Plan | None:
    reason = _price_reason(turn)
    if not reason and turn.has("contract"):
        reason = "Contract terms are not in the company profile"
    if not reason:
        return None
    return Plan(
        Goal.REFER,
        turn.next_field,
        task_kind="reply",
        draft_reason=reason,
        confidence=0.4,
    )


def _disclose(turn: _Turn) -> Plan | None:
    if not turn.asks_ai:
        return None
    return Plan(Goal.DISCLOSE, turn.next_field, confidence=0.95)


def _question(turn: _Turn) -> Plan | None:
    answers = turn.answers
    if answers.given and not answers.lacking:
        return Plan(Goal.ANSWER, turn.next_field, confidence=0.9)
    if not turn.asks and not answers.lacking:
        return None
    if turn.asks_ai and not answers.lacking:
        return None
    named = " and ".join(_LACKING[key] for key in answers.lacking)
    verb = "is" if len(answers.lacking) == 1 and "hours" not in named else "are"
    reason = f"{named} {verb} not in the company profile" if named else ""
    return Plan(
        Goal.REFER,
        turn.next_field,
        task_kind="reply",
        draft_reason=reason or "The company profile does not answer this",
        confidence=0.4,
    )


def _objection(turn: _Turn) -> Plan | None:
    if turn.at.intent != "objection" or turn.discount:
        return None
    return Plan(Goal.REASSURE, turn.next_field, confidence=0.7)


def _courtesy(turn: _Turn) -> Plan | None:
    """Answer "thanks" and "ok" once at most, so that no loop begins."""
    last = last_of_us(turn.at.history)
    if not turn.bare or not last or turn.at.intent not in ("thanks", "confirm"):
        return None
    if we_said(turn.at, "youre_welcome", "close", "apologise"):
        return Plan(Goal.SILENT)
    if turn.at.intent == "thanks":
        return Plan(Goal.CLOSE, confidence=0.9)
    asked = turn.at.asked or "?" in last
    return None if asked else Plan(Goal.SILENT)


def _declined_call(turn: _Turn) -> Plan | None:
    if turn.at.intent != "deny" or turn.at.asked != CALL_TIME:
        return None
    return Plan(Goal.CLOSE, confidence=0.8)


def _go_on(turn: _Turn) -> Plan | None:
    first = not last_of_us(turn.at.history)
    sure = 0.5 if turn.at.intent == "other" and not turn.at.new_facts else 0.85
    if turn.next_field:
        goal = Goal.GREET if first and not turn.at.new_facts else Goal.ASK
        return Plan(goal, turn.next_field, confidence=sure)
    called = ever_said(turn.at, "confirm_when", "confirm_call", "confirm_meeting")
    if called or turn.at.asked == CALL_TIME or we_said(turn.at, "offer_call", "noted"):
        return Plan(Goal.ASK, task_kind="reply", confidence=sure)
    return Plan(Goal.OFFER_CALL, CALL_TIME, confidence=sure)


_RULES: tuple[_Rule, ...] = (
    _not_answered,
    _serious,
    _ordered_about,
    _needs_person,
    _wrong_person,
    _help,
    _not_interested,
    _call_wanted,
    _objection,
    _price,
    _question,
    _disclose,
    _courtesy,
    _declined_call,
    _go_on,
)
