"""The state machine that picks the goal of a turn. It alone decides; models write.

Rules are tried in order and the first that applies makes the plan. The order is the
order of harm: what must not be answered comes first, what a person must see next,
small talk last.
"""

from collections.abc import Callable

from messaging.agent.cues import (
    announces_question,
    asks_price,
    asks_quote,
    ever_said,
    last_of_us,
    legal_words,
    puts_off,
    says_bye,
    we_said,
)
from messaging.agent.model import CALL_TIME, Goal, Plan, Situation
from messaging.agent.turns import COURTESY, Turn

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
    "features": "This",
    "booking": "A booking link",
}


_SUREST = 0.95  # what retrieval finds is never as sure as what needs no finding
_Rule = Callable[[Turn], Plan | None]


def plan_turn(situation: Situation) -> Plan:
    """Return what to do about the lead's message. Pure and deterministic."""
    turn = Turn(situation)
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


def plan_follow_up(situation: Situation) -> Plan:
    """Return what a follow-up comes back to: our question that nobody answered, the
    next open one, else a call; `ask` is "" when all of that was said. Pure.
    """
    turn = Turn(situation)
    field = turn.unanswered or turn.next_field
    if field or turn.parted:
        return Plan(Goal.FOLLOW_UP, field, confidence=0.85)
    called = ("confirm_when", "confirm_call", "confirm_meeting", "ask_call_time")
    offered = ever_said(situation, "offer_call", "noted", *called)
    return Plan(Goal.FOLLOW_UP, "" if offered else CALL_TIME, confidence=0.85)


def _signals(turn: Turn) -> tuple[str, ...]:
    """Keys for the score, without doubles; a machine's message gives none."""
    intent = turn.at.intent
    if intent in ("out_of_office", "opt_out") or turn.orders:
        return ()
    if intent == "spam":
        return ("spam",)
    told = {"asked_question": not turn.asks, "asked_price": not asks_price(turn.at)}
    if turn.told or turn.tells:
        told["objected"] = True
    found = ["replied", _INTENT_SIGNALS.get(intent, "")]
    found += [_TOPIC_SIGNALS.get(topic, "") for topic in turn.at.topics]
    if turn.discount:
        found.append("asked_price")
        told["asked_price"] = False
    if intent == "meeting":
        call = turn.has("call_me") or (turn.at.asked == CALL_TIME and turn.bare)
        found.append("asked_for_call" if call else "asked_for_meeting")
    return tuple(dict.fromkeys(key for key in found if key and not told.get(key)))


def _not_answered(turn: Turn) -> Plan | None:
    if turn.at.intent == "opt_out":
        return Plan(Goal.SILENT, confidence=1.0)
    if turn.at.intent == "spam":
        return Plan(Goal.SILENT, confidence=0.8)
    if turn.at.intent == "out_of_office":
        return Plan(Goal.WAIT, confidence=0.9)
    return None


def _serious(turn: Turn) -> Plan | None:
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


def _ordered_about(turn: Turn) -> Plan | None:
    if not turn.orders:
        return None
    reason = "The message tries to give the assistant orders"
    return Plan(Goal.ASK, turn.next_field, draft_reason=reason, confidence=0.3)


def _needs_person(turn: Turn) -> Plan | None:
    reasons = {
        "complaint": "The lead complains",
        "person_requested": "The lead asks for a person",
    }
    reason = reasons.get(turn.at.intent)
    if reason is None:
        return None
    return Plan(Goal.HAND_OFF, hand_off=reason, task_kind="reply", confidence=0.9)


def _wrong_person(turn: Turn) -> Plan | None:
    if turn.at.intent != "wrong_person":
        return None
    return Plan(Goal.APOLOGISE, task_kind="other", confidence=0.9)


def _help(turn: Turn) -> Plan | None:
    if turn.at.intent == "help":
        return Plan(Goal.HELP, confidence=0.95)
    if turn.at.intent == "opt_in":
        return Plan(Goal.GREET, turn.next_field, confidence=0.95)
    return None


def _not_interested(turn: Turn) -> Plan | None:
    if turn.at.intent != "not_interested":
        return None
    if turn.bare and we_said(turn.at, "close"):
        return Plan(Goal.SILENT)
    return Plan(Goal.CLOSE, confidence=0.9)


def _nothing_to_say(turn: Turn) -> Plan | None:
    """A text without words, a second "ok" in a row, a "sorry" after our goodbye."""
    if not turn.at.message.strip():
        return Plan(Goal.ASK, task_kind="reply", confidence=0.5)
    if turn.bare and says_bye(turn.at):
        return Plan(Goal.SILENT)
    courtesy = turn.bare and turn.at.intent in COURTESY
    if courtesy and turn.at.asked != CALL_TIME and we_said(turn.at, "yes"):
        return Plan(Goal.SILENT)
    small = turn.bare and turn.at.intent in (*COURTESY, "other", "deny")
    return Plan(Goal.SILENT) if small and turn.parted else None


def _call_wanted(turn: Turn) -> Plan | None:
    offered = turn.at.asked == CALL_TIME
    agrees = turn.at.intent in ("confirm", "interested", "meeting")
    wanted = turn.at.intent == "meeting" or turn.has("call_me", "demo")
    wanted = wanted or (turn.proposes and bool(last_of_us(turn.at.history)))
    if not wanted and not (offered and (turn.times or agrees)):
        return None
    meets = turn.at.intent == "meeting" and not turn.has("call_me")
    ask = "" if turn.times or ever_said(turn.at, "ask_call_time") else CALL_TIME
    sees = meets or turn.has("demo")
    kind = "meeting" if sees and not (offered and turn.bare) else "call"
    draft = _money_reason(turn)
    return Plan(Goal.CONFIRM, ask, task_kind=kind, draft_reason=draft, confidence=0.9)


def _money_reason(turn: Turn) -> str:
    """Why what it asks about money is for a person, "" where it is not."""
    if turn.wish is not None:
        return turn.wish.reason
    return "" if turn.priced else "Price not in the company profile"


def _price(turn: Turn) -> Plan | None:
    reason = _money_reason(turn)
    if not reason and asks_quote(turn.at):
        return Plan(Goal.REFER, turn.next_field, task_kind="reply", confidence=0.8)
    if not reason and turn.has("contract") and not turn.known.passages:
        reason = "Contract terms are not in the company profile"
    if reason:
        return _referred(turn, reason)
    offer = turn.wish.offer if turn.wish else None
    if offer is None or turn.known.open or turn.answers.lacking:
        return None
    return Plan(Goal.ANSWER, turn.next_field, confidence=min(_SUREST, offer.sure))


def _referred(turn: Turn, reason: str) -> Plan:
    """A colleague answers; a person sees the words first."""
    return Plan(
        Goal.REFER,
        turn.next_field,
        task_kind="reply",
        draft_reason=reason,
        confidence=0.4,
    )


def _disclose(turn: Turn) -> Plan | None:
    if not turn.asks_ai:
        return None
    return Plan(Goal.DISCLOSE, turn.next_field, confidence=0.95)


def _question(turn: Turn) -> Plan | None:
    answers, known = turn.answers, turn.known
    if turn.asks and announces_question(turn.at):
        return Plan(Goal.GREET, confidence=0.85)
    if not answers.lacking and not known.open:
        if known.passages:
            sure = min(_SUREST, known.sure)
            return Plan(Goal.ANSWER, turn.next_field, confidence=sure)
        if answers.given:
            return Plan(Goal.ANSWER, turn.next_field, confidence=0.9)
        if not turn.asks or turn.asks_ai:
            return None
    return _referred(turn, _open_reason(turn))


def _open_reason(turn: Turn) -> str:
    """What of the questions nothing answers, in words for a person."""
    lacking = turn.answers.lacking
    named = " and ".join(_LACKING[key] for key in lacking)
    verb = "is" if len(lacking) == 1 and "hours" not in named else "are"
    reasons = [f"{named} {verb} not in the company profile"] if named else []
    reasons += [f"Nothing published answers '{_short(one)}'" for one in turn.known.open]
    return "; ".join(reasons) or "The company profile does not answer this"


def _short(words: str) -> str:
    return words if len(words) <= 60 else words[:57] + "..."


def _objection(turn: Turn) -> Plan | None:
    if turn.discount or turn.told:
        return None
    later = "?" not in turn.at.message and puts_off(turn.at)
    if later and turn.at.intent in ("objection", "deny", "other", "not_interested"):
        return Plan(Goal.REASSURE, confidence=0.8)
    if turn.at.intent != "objection" or turn.tells:
        return None
    return Plan(Goal.REASSURE, turn.next_field, confidence=0.7)


def _courtesy(turn: Turn) -> Plan | None:
    """Answer "thanks" and "ok" once at most, so that no loop begins."""
    last = last_of_us(turn.at.history)
    if not turn.bare or not last or turn.at.intent not in COURTESY:
        return None
    if we_said(turn.at, "youre_welcome", "close", "apologise"):
        return Plan(Goal.SILENT)
    if turn.at.intent == "thanks":
        return Plan(Goal.CLOSE, confidence=0.9)
    asked = turn.at.asked or "?" in last
    return None if asked else Plan(Goal.SILENT)


def _declined_call(turn: Turn) -> Plan | None:
    if turn.at.intent != "deny" or turn.at.asked != CALL_TIME:
        return None
    return Plan(Goal.CLOSE, confidence=0.8)


def _go_on(turn: Turn) -> Plan | None:
    first = not last_of_us(turn.at.history)
    sure = 0.5 if turn.at.intent == "other" and not turn.at.new_facts else 0.85
    if turn.next_field:
        goal = Goal.GREET if first and not turn.at.new_facts else Goal.ASK
        way = "reply" if "contact_preference" in turn.at.new_facts else ""
        return Plan(goal, turn.next_field, task_kind=way, confidence=sure)
    called = ever_said(turn.at, "confirm_when", "confirm_call", "confirm_meeting")
    offered = called or ever_said(turn.at, "offer_call", "noted")
    if offered or turn.parted or turn.at.asked == CALL_TIME:
        if turn.bare and turn.at.intent in (*COURTESY, "deny"):
            return Plan(Goal.SILENT)
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
    _nothing_to_say,
    _call_wanted,
    _objection,
    _price,
    _question,
    _disclose,
    _courtesy,
    _declined_call,
    _go_on,
)
