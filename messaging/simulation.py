"""The simulator: a lead that nobody pays for, through the real path.

Its messages take every step of a real one but the carrier: the channel is the
simulator's own, so nothing leaves, whatever keys are set.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from leads import capture, clock, consent, policy, scoring
from leads.models import ContactPoint, Task
from messaging.agent.understanding.intents import read_intent
from messaging.agent.understanding.language import detect_language
from messaging.agent.understanding.optout import is_help, is_opt_in, read_opt_out
from messaging.channels import SIMULATOR_NUMBER
from messaging.inbound import UnusableMessage, receive_message
from messaging.models import Conversation, Message, Profile, Turn
from messaging.replies import answer
from messaging.sending import deliver
from messaging.simulated_mail import receive_file, receive_words
from messaging.transports import InboundMessage

PROVIDER = "simulator"
DAYTIME = (10, 42)
PENDING = (Message.State.QUEUED, Message.State.HELD)
# `up` beside may have taken a row first: this long its end is waited for.
PATIENCE = 10.0
LOOK_EVERY = 0.05


class BadLine(ValueError):
    """A line of a simulation file that makes no message; the words say why."""


class NoMessage(UnusableMessage):
    """A mail of which no message comes; the words say what it is."""


@dataclass(frozen=True)
class SimulatedMessage:
    """What a simulated lead writes."""

    channel: str  # sms | email
    from_address: str
    text: str
    to_address: str = ""
    subject: str = ""
    line_id: str = ""
    raw: Path | None = None  # a MIME file in place of the text


def read_line(
    line: Mapping[str, Any], *, folder: Path | None = None
) -> SimulatedMessage:
    """Read one input line of the public contract. Raises BadLine."""
    channel = str(line.get("channel") or "sms")
    if channel not in ("sms", "email"):
        raise BadLine(f"channel {channel!r} is neither sms nor email")
    raw = line.get("raw")
    if raw:
        return _from_mime(Path(folder or ".") / str(raw), line)
    sender = str(line.get("from") or "").strip()
    if not sender:
        raise BadLine("a line needs a sender in `from`")
    return SimulatedMessage(
        channel=channel,
        from_address=sender,
        text=str(line.get("text") or ""),
        to_address=str(line.get("to") or ""),
        subject=str(line.get("subject") or ""),
        line_id=str(line.get("id") or ""),
    )


def _from_mime(path: Path, line: Mapping[str, Any]) -> SimulatedMessage:
    if not path.is_file():
        raise BadLine(f"there is no file {path}")
    return SimulatedMessage(
        channel="email",
        from_address=str(line.get("from") or ""),
        text="",
        line_id=str(line.get("id") or ""),
        raw=path,
    )


def receive_simulated(
    *,
    message: SimulatedMessage,
    shift: timedelta | None = None,
    external_id: str = "",
) -> Message:
    """Bring one simulated message in, as a carrier would.

    Without `shift` the lead's clock is moved to the day when it is night
    there, so that the main job can be seen at any hour. With an `external_id`
    a second copy does nothing.
    """
    stored = _receive(message, external_id or f"sim-{uuid.uuid4().hex}")
    seconds = int((daylight(stored) if shift is None else shift).total_seconds())
    if stored.conversation.clock_shift != seconds:
        stored.conversation.clock_shift = seconds
        Conversation.objects.filter(pk=stored.conversation_id).update(
            clock_shift=seconds
        )
    return stored


def _receive(message: SimulatedMessage, external_id: str) -> Message:
    if message.channel == "email":
        return _receive_mail(message, external_id)
    return receive_message(
        fact=InboundMessage(
            provider=PROVIDER,
            external_id=external_id,
            channel=message.channel,
            from_address=message.from_address,
            to_address=message.to_address or SIMULATOR_NUMBER,
            text=message.text,
            subject=message.subject,
            received_at=clock.now(),
            simulated=True,
        )
    )


def _receive_mail(message: SimulatedMessage, external_id: str) -> Message:
    if message.raw is not None:
        stored = receive_file(
            path=message.raw, sender=message.from_address, external_id=external_id
        )
    else:
        stored = receive_words(
            sender=message.from_address,
            to=message.to_address,
            subject=message.subject,
            text=message.text,
            external_id=external_id,
        )
    if stored is None:
        raise NoMessage("it is a delivery report: no message of a lead")
    return stored


def daylight(message: Message) -> timedelta:
    """How far to move this lead's clock so that it is day there."""
    point = message.contact_point
    if point is None or point.kind != ContactPoint.Kind.PHONE:
        return timedelta()
    lead = message.conversation.lead
    stated = lead.time_zone if lead is not None else ""
    quiet = consent.quiet_until(
        contact_point=point, at=clock.now(), policy=policy.current(), stated=stated
    )
    if quiet is None:
        return timedelta()
    return shift_to(consent.zones_of(point, stated=stated)[0], *DAYTIME)


def shift_to(zone: ZoneInfo, hour: int, minute: int) -> timedelta:
    """The shift at which it is this time of day in `zone`, today."""
    # Whole seconds, as they are kept: the clock must not stand just before.
    local = clock.now().astimezone(zone).replace(microsecond=0)
    return local.replace(hour=hour, minute=minute, second=0) - local


def simulate(
    *,
    message: SimulatedMessage,
    shift: timedelta | None = None,
    more_follows: bool = False,
) -> dict[str, Any]:
    """Bring a message in, work its own rows here, and tell what happened.

    The answer is the public object of `manage.py simulate --json`. With
    `more_follows` it is one of a burst, which its last message answers.
    """
    last_task = Task.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        stored = receive_simulated(message=message, shift=shift)
    except NoMessage as error:
        return _nothing(message, str(error))
    if not more_follows:
        turn = Turn.objects.filter(last_inbound=stored).first()
        if turn is not None:
            work_turn(turn)
        for pk in _pending(stored):
            work_message(pk)
    return describe(stored, line_id=message.line_id, after_task=last_task)


def work_turn(turn: Turn) -> None:
    """End the burst and answer here, or wait for the worker that has the turn."""
    waiting = Turn.objects.filter(pk=turn.pk, state=Turn.State.WAITING)
    waiting.update(due_at=clock.now())
    answer(turn_id=turn.pk)
    rows = Turn.objects.filter(pk=turn.pk, state=Turn.State.WORKING)
    _wait_while(rows)


def work_message(pk: int) -> None:
    """Deliver here, or wait for the worker that has the message already."""
    deliver(message_id=pk)
    _wait_while(Message.objects.filter(pk=pk, state=Message.State.CLAIMED))


def _wait_while(rows: "QuerySet[Any]") -> None:
    deadline = time.monotonic() + PATIENCE
    while rows.exists() and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)


def _pending(stored: Message) -> list[int]:
    rows = Message.objects.filter(
        conversation_id=stored.conversation_id,
        direction=Message.Direction.OUTBOUND,
        state__in=PENDING,
        due_at__lte=clock.now(),
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _nothing(message: SimulatedMessage, words: str) -> dict[str, Any]:
    """The public object of a mail of which no message comes."""
    understood = {"intent": "other", "opt_out": "no", "language": "", "when": []}
    return {
        "id": message.line_id,
        "lead": None,
        "message": None,
        "stages": [{"name": "stored", "ms": 0.0, "detail": words, "ok": True}],
        "understood": understood,
        "facts": [],
        "score": {"value": 0, "lines": []},
        "reply": None,
        "tasks": [],
    }


def describe(
    stored: Message, *, line_id: str = "", after_task: int = 0
) -> dict[str, Any]:
    """What became of one inbound message, as the public contract has it."""
    stored.refresh_from_db(fields=["details"])
    turn = Turn.objects.filter(last_inbound=stored).first()
    lead = stored.conversation.lead
    tasks = Task.objects.filter(lead=lead, pk__gt=after_task) if lead else []
    return {
        "id": line_id or str(stored.public_id),
        "lead": str(lead.public_id) if lead else None,
        "message": str(stored.public_id),
        "stages": turn.stages if turn else stored.details.get("stages", []),
        "understood": _understood(stored, turn),
        "facts": _facts(stored),
        "score": _score(stored),
        "reply": _reply(stored),
        "tasks": [{"kind": t.kind, "reason": t.reason or t.title} for t in tasks],
    }


def _understood(stored: Message, turn: Turn | None) -> dict[str, Any]:
    opt_out = stored.details.get("opt_out") or str(read_opt_out(stored.body).decision)
    if turn is not None and turn.understood:
        found = turn.understood
        return {
            "intent": found["intent"],
            "opt_out": opt_out,
            "language": found["language"],
            "when": found["when"],
        }
    language = detect_language(stored.body)
    return {
        "intent": _command(stored.body, opt_out, language),
        "opt_out": opt_out,
        "language": language,
        "when": [],
    }


def _command(text: str, opt_out: str, language: str) -> str:
    if opt_out == "stop":
        return "opt_out"
    if is_help(text):
        return "help"
    if is_opt_in(text):
        return "opt_in"
    return str(read_intent(text, language=language).intent)


def _facts(stored: Message) -> list[dict[str, str]]:
    lead = stored.conversation.lead
    if lead is None:
        return []
    known = lead.facts.filter(replaced_at=None, struck_at=None).order_by("pk")
    return [{"field": f.field, "value": f.value, "quote": f.quote} for f in known]


def _score(stored: Message) -> dict[str, Any]:
    lead = stored.conversation.lead
    if lead is None:
        return {"value": 0, "lines": []}
    view = scoring.score_view(lead)
    lines = [
        {"reason": line.label, "points": line.points, "evidence": line.quote}
        for line in view.lines
    ]
    return {"value": view.value, "lines": lines}


def _reply(stored: Message) -> dict[str, str] | None:
    reply = stored.answered_by.order_by("-pk").first()
    if reply is None:
        return None
    return {
        "state": reply.state,
        "author": reply.author,
        "body": reply.body,
        "reason": reply.reason,
    }


def zone_of(message: SimulatedMessage) -> ZoneInfo:
    """The clock on the simulated lead's wall."""
    value = capture.normalise_phone(message.from_address)
    if message.channel == "sms" and value:
        return consent.zones_of(ContactPoint(kind="phone", value=value))[0]
    return ZoneInfo(Profile.current().time_zone)


def moment(text: str, *, zone: ZoneInfo | None = None) -> datetime:
    """Read an ISO instant; without a zone it is in `zone`, else UTC.

    Raises ValueError.
    """
    value = datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=zone or ZoneInfo("UTC"))
