"""Plays one lead's story through the use cases, at the time it tells of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leads import claims, clock, pipeline, policy, qualification, scoring
from leads.models import ContactPoint, Lead, Stage
from messaging import drafts, gate, holding, snoozing, writing
from messaging.conversations import lock_conversation
from messaging.demo.cast import Cast
from messaging.marking import mark_done
from messaging.models import Conversation, Message, Turn
from messaging.receipts import record_delivery
from messaging.reconciling import ASK_AFTER, reconcile
from messaging.replies import answer
from messaging.sending import SENDER, deliver
from messaging.simulation import SimulatedMessage, receive_simulated, shift_to
from messaging.simulator.floorplan import attach_picture
from messaging.transports import DeliveryUpdate
from messaging.words import zone_of

Act = dict[str, Any]
PAUSE = timedelta(minutes=3)
THINKING = timedelta(seconds=1)
PENDING = (Message.State.QUEUED, Message.State.HELD)


class WentWrong(RuntimeError):
    """A story did not come out as told: the demo is not believable."""


@dataclass
class Scene:
    """One lead on stage: where the talk stands and what time it is there."""

    cast: Cast
    lead: Lead
    conversation: Conversation
    channel: str
    subject: str
    address: str
    now: datetime
    last: Message | None = None
    fields: dict[str, str] = field(default_factory=dict)

    def person(self, act: Act) -> User:
        """Who acts."""
        return self.cast.people[act["by"]]

    def text(self, words: str) -> str:
        """The words with the lead's own values in them."""
        return words.format_map(self.fields)


def play(scene: Scene, acts: list[Act]) -> None:
    """Play the acts in order; each is one transaction that others see whole.

    Whole, because a sweep running beside would take a turn or a message in
    between and work it at its own time.
    """
    for act in acts:
        minutes = act.get("after", PAUSE.seconds / 60)
        scene.now += timedelta(minutes=minutes)
        key = next((name for name in ("lead", "form") if name in act), "")
        key = key or act.get("do", "text")
        with transaction.atomic(), clock.at(scene.now):
            _ACTS[key](scene, act)


def _lead_writes(scene: Scene, act: Act) -> None:
    texts = act["lead"] if isinstance(act["lead"], list) else [act["lead"]]
    zone = zone_of(scene.lead, scene.lead.contacts.first().contact_point)  # type: ignore[union-attr]
    for place, text in enumerate(texts):
        message = receive_simulated(
            message=SimulatedMessage(
                channel=scene.channel,
                from_address=scene.address,
                to_address=scene.cast.channels[scene.channel].address,
                text=scene.text(text),
                subject=scene.text(scene.subject),
            ),
            shift=shift_to(zone, 10, 42),
        )
        if act.get("picture") and place == 0:
            attach_picture(message)
    scene.last = message
    turn = Turn.objects.filter(last_inbound=message).first()
    # From the turn's own time, so that a slow machine is not too early.
    with clock.at(turn.due_at + THINKING if turn else scene.now + THINKING):
        if turn is not None:
            answer(turn_id=turn.pk)
            turn.refresh_from_db()
            if turn.state != Turn.State.DONE:
                raise WentWrong(f"{scene.lead}: {turn.last_error}")
        if act.get("answer") != "queued":
            _deliver_all(scene)


def _deliver_all(scene: Scene) -> None:
    waiting = scene.conversation.messages.filter(
        direction=Message.Direction.OUTBOUND, state__in=PENDING
    )
    for pk in list(waiting.values_list("pk", flat=True)):
        deliver(message_id=pk)


def _form_comes(scene: Scene, act: Act) -> None:
    """Facts that a form brought, without a word of the lead."""
    readings = [
        _FormField(name, scene.text(value)) for name, value in act["form"].items()
    ]
    qualification.learn(
        lead=scene.lead,
        readings=readings,
        message=None,
        at=scene.now,
        actor="system",
        source="form",
    )
    scoring.update_score(
        lead=scene.lead, cause="a form", actor="system", at=clock.now()
    )


@dataclass(frozen=True)
class _FormField:
    field: str
    value: str

    @property
    def quote(self) -> str:
        return self.value


def _person_writes(scene: Scene, act: Act) -> None:
    kind = "sms" if scene.channel == "form" else scene.channel
    scene.last = writing.send_as_person(
        conversation=scene.conversation,
        user=scene.person(act),
        kind=kind,
        body=scene.text(act["text"]),
        subject=scene.text(scene.subject),
    )
    if act.get("deliver", True):
        undo = timedelta(seconds=policy.current().undo_seconds + 1)
        with clock.at(scene.now + undo):
            _deliver_all(scene)


def _draft(scene: Scene) -> Message:
    found = scene.conversation.messages.drafts().order_by("-pk").first()
    if found is None:
        raise WentWrong(f"{scene.lead}: there is no draft to decide on")
    return found


def _approve(scene: Scene, act: Act) -> None:
    body = scene.text(act["text"]) if "text" in act else None
    drafts.approve_draft(draft=_draft(scene), user=scene.person(act), body=body)
    _deliver_all(scene)


def _discard(scene: Scene, act: Act) -> None:
    user = scene.person(act)
    drafts.discard_draft(draft=_draft(scene), user=user, why=act["why"])


def _take_over(scene: Scene, act: Act) -> None:
    user = scene.person(act)
    holding.take_over(conversation=scene.conversation, user=user)


def _hand_back(scene: Scene, act: Act) -> None:
    user = scene.person(act)
    holding.hand_back(conversation=scene.conversation, user=user)


def _note(scene: Scene, act: Act) -> None:
    user, body = scene.person(act), act["text"]
    writing.add_note(conversation=scene.conversation, user=user, body=body)


def _call(scene: Scene, act: Act) -> None:
    writing.log_call(
        conversation=scene.conversation,
        user=scene.person(act),
        outcome=act["outcome"],
        minutes=act["minutes"],
        note=act["text"],
    )


def _stage(scene: Scene, act: Act) -> None:
    scene.lead.refresh_from_db()
    pipeline.move_stage(
        lead=scene.lead,
        stage=Stage.objects.get(key=act["stage"]),
        actor=f"user:{scene.person(act).pk}",
    )


def _done(scene: Scene, act: Act) -> None:
    mark_done(conversation=scene.conversation, user=scene.person(act))


def _park(scene: Scene, act: Act) -> None:
    until = scene.now + timedelta(days=act["days"])
    user = scene.person(act)
    snoozing.snooze(conversation=scene.conversation, user=user, until=until)


def _landline(scene: Scene, act: Act) -> None:
    """The carrier reports, as it does, that the number is a landline."""
    message = _spoken(scene)
    record_delivery(
        fact=DeliveryUpdate(
            provider=message.provider,
            external_id=message.external_id,
            message_public_id=message.public_id,
            state=Message.State.FAILED,
            occurred_at=scene.now,
            error_code="30006",
            words="it is a landline, which takes no texts",
            not_textable=True,
        )
    )


def _no_answer(scene: Scene, act: Act) -> None:
    """The process dies while it sends; nobody knows whether it was accepted."""
    message = _spoken(scene)
    conversation = lock_conversation(message.conversation_id)
    decision = gate.decide(
        message=message, conversation=conversation, policy=policy.current()
    )
    row = claims.claim(
        Message,
        message.pk,
        lease=timedelta(),
        checks=decision.rows(),
        claimed_at=clock.now(),
    )
    if row is None:
        raise WentWrong(f"{scene.lead}: the message could not be claimed")
    SENDER.orphaned(row)
    with clock.at(scene.now + ASK_AFTER + timedelta(minutes=1)):
        reconcile(message_id=message.pk)


def _spoken(scene: Scene) -> Message:
    if scene.last is None:
        raise WentWrong(f"{scene.lead}: nobody has written yet")
    rows = Message.objects.select_related("channel", "contact_point", "answers")
    return rows.get(pk=scene.last.pk)


_ACTS: dict[str, Callable[[Scene, Act], None]] = {
    "lead": _lead_writes,
    "form": _form_comes,
    "text": _person_writes,
    "approve": _approve,
    "edit": _approve,
    "discard": _discard,
    "take_over": _take_over,
    "hand_back": _hand_back,
    "note": _note,
    "call": _call,
    "stage": _stage,
    "done": _done,
    "park": _park,
    "landline": _landline,
    "no_answer": _no_answer,
}

__all__ = ["Act", "ContactPoint", "Scene", "WentWrong", "play"]
