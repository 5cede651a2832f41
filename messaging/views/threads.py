"""What an open conversation shows: head, thread, draft card, composer."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Exists, OuterRef

from leads import consent
from leads import policy as policies
from leads.models import ContactPoint, Lead, Mode, Policy, Task
from messaging import (
    moments,
    scheduling_messages,
    sharing,
    snoozing,
    timeline,
    words,
)
from messaging.conversations import (
    addresses,
    clock_of,
    effective_mode,
    latest_inbound,
)
from messaging.going import going, quiet_words, since_words
from messaging.held import ask_key
from messaging.models import Conversation, Message, Turn
from messaging.pieces import Piece, findings_of, pieces_of
from messaging.queueing import channel_for
from messaging.shadow import auto_words
from messaging.views.reads import message_named, thread_page
from messaging.whys import sure_words

# How mail programs begin the subject of a reply: Re, AW, SV, RV, Ré, also "Re[2]:".
_REPLY = re.compile(r"\s*(?:re|aw|sv|rv|ré|odp)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
Viewer = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Holder:
    """Who has the conversation; `who` is ai, you, other or nobody."""

    who: str
    words: str


@dataclass(frozen=True)
class Draft:
    """A proposal that waits for a person, or one that the lead outdated."""

    message: Message
    label: str
    findings: list[dict[str, Any]]
    pieces: list[Piece]
    stale: str = ""
    asked: bool = False
    sure: str = ""
    auto: str = ""


@dataclass(frozen=True)
class Way:
    """One way to write to the lead, and what stands against it.

    `waits` says that what is sent now does not go now: `hint` has when it does.
    """

    kind: str
    label: str
    addresses: list[str]
    blocked: str = ""
    red: bool = False
    hint: str = ""
    waits: bool = False
    subject: str = ""
    price: int = 0


def items_context(conversation: Conversation, *, before: str = "") -> dict[str, Any]:
    """Return the items of one page of the thread, and where the earlier begins."""
    messages, earlier = thread_page(conversation, before=before)
    later = message_named(conversation, before)
    items = timeline.items_of(
        conversation,
        messages,
        evidence=timeline.evidence_of(conversation.lead),
        whole=not earlier,
        until=later.occurred_at if later else None,
    )
    return {"conversation": conversation, "items": items, "earlier": earlier}


def thread_context(conversation: Conversation, *, user: Viewer) -> dict[str, Any]:
    """Return all that the thread's templates show of a visible conversation."""
    policy = policies.current()
    found = ways(conversation, policy=policy)
    return {
        **items_context(conversation),
        **head_context(conversation, user=user, policy=policy),
        "lead": conversation.lead,
        "name": timeline.lead_name(conversation),
        "draft": draft_of(conversation),
        "composer_json": json.dumps(composer_state(conversation, found)),
        "who_wrote": who_wrote(conversation, user=user),
    }


def head_context(
    conversation: Conversation, *, user: Viewer, policy: Policy
) -> dict[str, Any]:
    """Return the head: holder, mode, the lead's clock and the countdown."""
    latest = latest_inbound(conversation)
    channel = latest.channel if latest is not None else None
    mode = effective_mode(conversation, channel=channel, policy=policy)
    point = latest.contact_point if latest else conversation.contact_point
    return {
        "holder": _holder(conversation, user, mode),
        "mode": mode,
        "modes": Mode.choices,
        "mode_set": conversation.mode,
        "local_time": local_time(conversation, point),
        "burst": words.burst_seconds(conversation),
        "unsure_stop": _unsure_stop(conversation),
    }


def _holder(conversation: Conversation, user: Viewer, mode: str) -> Holder:
    holder = conversation.holder
    if holder is not None and holder.pk == user.pk:
        return Holder("you", "You have it")
    if holder is not None:
        return Holder("other", f"{words.first_name(holder)} has it")
    if conversation.lead is None:
        return Holder("nobody", "Nobody answers yet")
    if conversation.turn == Conversation.Turn.OPTED_OUT:
        return Holder("nobody", "Nothing is sent")
    if mode == Mode.OFF:
        return Holder("nobody", "AI is off")
    return Holder("ai", f"AI {'drafting' if mode == Mode.DRAFT else 'answering'}")


def local_time(conversation: Conversation, point: ContactPoint | None) -> str:
    """Return the lead's own clock, such as "09:42"; "" when it is not known."""
    if conversation.lead is None and point is None:
        return ""
    zone = words.zone_of(conversation.lead, point)
    return f"{clock_of(conversation).astimezone(zone):%H:%M}"


def _unsure_stop(conversation: Conversation) -> Task | None:
    asked = Task.objects.open().filter(subject=conversation.public_id)
    return asked.filter(kind=Task.Kind.OPT_OUT).first()


def draft_of(conversation: Conversation) -> Draft | None:
    """Return the draft that waits, or the outdated one a new one follows."""
    proposals = conversation.messages.select_related("user", "approved_by", "turn")
    message = proposals.drafts().order_by("-pk").first()
    if message is not None:
        latest = latest_inbound(conversation)
        answered = message.answers_id
        outdated = latest is not None and answered and latest.pk != answered
        return _draft(conversation, message, outdated=bool(outdated))
    working = (Turn.State.WAITING, Turn.State.WORKING)
    if not conversation.turns.filter(state__in=working).exists():
        return None
    newer = conversation.messages.filter(
        direction=Message.Direction.OUTBOUND, pk__gt=OuterRef("pk")
    )
    stale = proposals.filter(state=Message.State.CANCELLED, details__stale=True)
    last = stale.exclude(Exists(newer)).order_by("-pk").first()
    return _draft(conversation, last, outdated=True) if last else None


def _draft(conversation: Conversation, message: Message, *, outdated: bool) -> Draft:
    findings = findings_of(message)
    name = timeline.lead_name(conversation).split()[0]
    asked = Task.objects.open().filter(effect_key=ask_key(message))
    return Draft(
        message=message,
        label=words.label_of(message, ""),
        findings=findings,
        pieces=pieces_of(message, conversation.lead),
        stale=f"{name} wrote again, new draft coming" if outdated else "",
        asked=bool(findings) and asked.exists(),
        sure=sure_words(message),
        auto=auto_words(message.details),
    )


def ways(conversation: Conversation, *, policy: Policy) -> list[Way]:
    """Return the ways to write: text, email (as far as known) and the note."""
    found = []
    for kind, label in (("sms", "Text"), ("email", "Email")):
        points = addresses(conversation, kind)
        if points:
            found.append(_way(conversation, kind, label, points, policy))
    return [*found, Way("note", "Note", [])]


def _way(
    conversation: Conversation,
    kind: str,
    label: str,
    points: list[ContactPoint],
    policy: Policy,
) -> Way:
    stops = [_obstacle(point, kind) for point in points]
    free = [p for p, stop in zip(points, stops, strict=True) if not stop]
    words_, red = ("", False) if free else next(s for s in stops if s) or ("", False)
    channel = channel_for(conversation, kind)
    hint, waits = _hint(conversation, free[0], policy) if free else ("", False)
    return Way(
        kind=kind,
        label=label,
        addresses=[point.value for point in free],
        blocked=words_,
        red=red,
        hint=hint,
        waits=waits,
        subject=_subject(conversation) if kind == "email" else "",
        price=0 if channel.simulated else policy.sms_segment_micro,
    )


def _obstacle(point: ContactPoint, kind: str) -> tuple[str, bool] | None:
    """Return why an address cannot be written to, and whether it is red."""
    found = consent.is_suppressed(point, kind)
    if found is not None:
        said = f": “{found.words}”" if found.words else ""
        when = words.time_of(found.since)
        reason = found.get_reason_display()
        verb = found.verb.capitalize()
        return f"{verb} {when}, {reason}{said}. Nothing can be sent.", True
    if kind == "sms" and not point.textable:
        return f"{point.value} cannot receive texts.", False
    if consent.has_consent(point, kind) is None:
        return f"No consent on record for {point.value}.", False
    return None


def _hint(
    conversation: Conversation, point: ContactPoint, policy: Policy
) -> tuple[str, bool]:
    """What the clock there makes of a message now, and whether it waits."""
    found = going(conversation, point, policy=policy)
    if found.quiet is None or found.local is None:
        return "", False
    name = timeline.lead_name(conversation).split()[0]
    there = f"It is {found.local:%H:%M} for {name}"
    if found.wrote is not None:
        now = f"who wrote {since_words(found.wrote)}: goes now"
        then = f"after {found.answer_until:%H:%M} {quiet_words(found.quiet)}"
        return f"{there}, {now}, {then}", False
    return f"{there}: {quiet_words(found.quiet)}", True


def _subject(conversation: Conversation) -> str:
    mails = conversation.messages.filter(kind=Message.Kind.EMAIL).exclude(subject="")
    last = mails.order_by("-occurred_at").values_list("subject", flat=True).first()
    if not last:
        return ""
    return last if _REPLY.match(last) else f"Re: {last}"


def composer_state(conversation: Conversation, found: list[Way]) -> dict[str, Any]:
    """Return what the page's script knows about writing here."""
    latest = latest_inbound(conversation)
    kind = latest.kind if latest is not None else found[0].kind
    zone = scheduling_messages.zone_there(conversation)
    return {
        "conversation": str(conversation.public_id),
        "kind": kind if kind in [way.kind for way in found] else found[0].kind,
        "ways": [asdict(way) for way in found],
        "later": _offered(scheduling_messages.choices(conversation)),
        "snooze": _offered(snoozing.choices()),
        "zone": str(zone),
        "shift": conversation.clock_shift,
        "here": str(moments.our_zone()),
    }


def _offered(choices: list[moments.Choice]) -> list[dict[str, str]]:
    """Moments as the script offers them, in whole minutes."""
    return [
        {
            "label": choice.label,
            "at": choice.at.isoformat(timespec="minutes"),
            "words": choice.words,
        }
        for choice in choices
    ]


def who_wrote(conversation: Conversation, *, user: Viewer) -> list[Lead]:
    """Return the leads to choose among when several share the number.

    Only those that `user` may see: a shared phone tells nothing of others.
    """
    if conversation.lead_id is not None:
        return []
    shared = [lead.pk for lead in sharing.candidates(conversation)]
    return list(Lead.objects.visible_to(user).filter(pk__in=shared))
