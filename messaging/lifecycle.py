"""What `messaging` holds of a person: talks, messages, files, answers, cases."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from leads import claims
from leads.lifecycle import ExportFile, Kept, Lifecycle, NotYet
from leads.models import Job, Lead, LeadContact, Task
from leads.traces import own_points
from messaging import live
from messaging.conversations import lock_conversation
from messaging.models import (
    Attachment,
    Conversation,
    Enrollment,
    EvaluationCase,
    EvaluationRun,
    Message,
    PromptRecord,
    Turn,
)
from messaging.queueing import cancel_pending
from messaging.references import said_by
from messaging.sending import SENDER
from messaging.sequences.stopping import stop_for_lead

BATCH = 500
WHY = "erased at the person's wish"
SENDING = "A message is in the carrier's hands: it ends first, then it is erased"
THINKING = "An answer is being written: it ends first, then it is erased"
AWAY = "The file store does not answer"
State = Message.State


class MessagingLifecycle(Lifecycle):
    """The conversation with all that was said, thought and kept of it."""

    key = "messaging"
    words = "Messages and files"

    def close(self, lead: Lead) -> None:
        """Stop follow-ups, answers and messages; raise NotYet for what has begun."""
        talk = Conversation.objects.filter(lead=lead).first()
        if talk is None:
            with transaction.atomic():
                _stop_sequences(lead)
            return
        with transaction.atomic():
            _lock_addresses(lead)
            talk = lock_conversation(talk.pk)
            _stop_sequences(lead)
            _stop_turns(talk)
            cancel_pending(conversation=talk, reason=WHY)
            talk.paused_reason = WHY
            talk.save(update_fields=["paused_reason"])
        _end_orphans(talk)
        _refuse_under_way(talk)

    def export(self, lead: Lead) -> dict[str, Any]:
        """The talk, as it was said, and what the machine made of it."""
        turns = Turn.objects.filter(conversation__lead=lead).order_by("created_at")
        prompts = PromptRecord.objects.filter(turn__conversation__lead=lead)
        return {
            "messages": _messages(lead),
            "answers": _plain(turns, _TURN),
            "prompts": _plain(prompts.order_by("created_at"), _PROMPT),
            "follow_ups": [_enrollment(row) for row in _enrollments(lead)],
        }

    def said_by(self, lead: Lead, references: Iterable[str]) -> set[str]:
        """References to messages of the lead's own conversation."""
        return said_by(lead, references)

    def files(self, lead: Lead) -> Iterator[ExportFile]:
        """The files of the lead's messages."""
        for row in _attachments(lead).exclude(path="").iterator():
            yield ExportFile(path=row.path, name=file_name(row))

    def erase(self, lead: Lead) -> dict[str, int]:
        """Files first, then rows, some at a time; raises NotYet for what has begun."""
        counts = {"files": _erase_files(_attachments(lead))}
        counts |= _erase_cases(lead)
        talks = list(Conversation.objects.filter(lead=lead))
        unclear = list(_left_alone(lead))
        _forget_jobs(talks, unclear, lead)
        for talk in [*talks, *unclear]:
            for what, number in _erase_talk(talk).items():
                counts[what] = counts.get(what, 0) + number
        counts["follow-ups"] = Enrollment.objects.filter(lead=lead).count()
        Enrollment.objects.filter(lead=lead).delete()
        _rename_in_tasks(lead)
        return counts

    def kept(self, lead: Lead) -> list[Kept]:
        """What several people share, and what others wrote."""
        kept = [_OTHERS]
        _, shared = own_points(lead)
        unclear = Message.objects.filter(
            conversation__lead=None, conversation__contact_point__in=shared
        ).exclude(conversation__in=_left_alone(lead))
        number = unclear.count()
        if number:
            what = f"{number} message{'' if number == 1 else 's'} of a shared number"
            kept.append(Kept(what, _UNCLEAR, "until somebody says who wrote"))
        return kept


_UNCLEAR = (
    "Nobody has said yet which of several people wrote them. Decide under *Who wrote?*."
)
_OTHERS = Kept(
    "What other people wrote about this person",
    "It stands in their own talks, and is theirs.",
)


_OF_A_RESULT = ("case", "passed", "held", "micro", "ms")


def file_name(row: Attachment) -> str:
    """What a file is called in an export: no two are the same."""
    name = (row.name or f"file-{row.position + 1}").replace("/", "_")
    return f"{row.public_id.hex[:8]}-{name}"


# --- closing -----------------------------------------------------------------------


def _lock_addresses(lead: Lead) -> None:
    for pk in lead.contacts.order_by("contact_point").values_list(
        "contact_point", flat=True
    ):
        claims.lock_contact_point(pk)


def _stop_sequences(lead: Lead) -> None:
    cause = Enrollment.Cause.ERASED
    stop_for_lead(lead_id=lead.pk, cause=cause, words=WHY, actor="system")


def _stop_turns(talk: Conversation) -> None:
    for turn in talk.turns.filter(state=Turn.State.WAITING):
        fields = {"outcome": Turn.Outcome.LEFT, "outcome_reason": WHY}
        claims.move(turn, old=Turn.State.WAITING, new=Turn.State.DONE, **fields)


def _end_orphans(talk: Conversation) -> None:
    """What a dead process held is not known to have been sent, and never will be."""
    held = talk.messages.filter(state=State.CLAIMED, lease_until__lt=timezone.now())
    for message in held:
        SENDER.orphaned(message)


def _refuse_under_way(talk: Conversation) -> None:
    if talk.messages.filter(state=State.CLAIMED).exists():
        raise NotYet(SENDING)
    now = timezone.now()
    if talk.turns.filter(state=Turn.State.WORKING, lease_until__gte=now).exists():
        raise NotYet(THINKING)


# --- erasing -----------------------------------------------------------------------


def _attachments(lead: Lead) -> "QuerySet[Attachment]":
    rows = Attachment.objects.filter(
        Q(message__conversation__lead=lead)
        | Q(message__conversation__in=_left_alone(lead))
    )
    return rows.order_by("message__occurred_at", "message_id", "position")


def _erase_files(rows: "QuerySet[Attachment]") -> int:
    deleted = 0
    for path in rows.exclude(path="").values_list("path", flat=True).iterator():
        try:
            default_storage.delete(path)
        except OSError as error:
            raise NotYet(f"{AWAY} ({type(error).__name__})") from None
        deleted += 1
    return deleted


def _erase_cases(lead: Lead) -> dict[str, int]:
    """Cases that were frozen from the talk, and what was answered to them since."""
    cases = EvaluationCase.objects.filter(turn__conversation__lead=lead)
    gone = {str(one) for one in cases.values_list("public_id", flat=True)}
    if not gone:
        return {}
    for run in EvaluationRun.objects.exclude(results=[]).iterator():
        if gone & {str(row.get("case")) for row in run.results}:
            # In their places: a run that is under way counts on them.
            left = [_bare(row, gone) for row in run.results]
            EvaluationRun.objects.filter(pk=run.pk).update(results=left)
    cases.delete()
    return {"evaluation cases": len(gone)}


def _bare(row: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    if str(row.get("case")) not in gone:
        return row
    return {key: row[key] for key in _OF_A_RESULT if key in row}


def _left_alone(lead: Lead) -> "QuerySet[Conversation]":
    """Unclear talks of addresses that no other lead has: nobody else can have written."""
    others = LeadContact.objects.filter(
        contact_point=OuterRef("contact_point")
    ).exclude(lead=lead)
    mine = LeadContact.objects.filter(
        contact_point=OuterRef("contact_point"), lead=lead
    )
    return Conversation.objects.filter(Exists(mine), ~Exists(others), lead=None)


def _forget_jobs(
    talks: list[Conversation], unclear: list[Conversation], lead: Lead
) -> None:
    files = _attachments(lead).values_list("pk", flat=True)
    named = Q(arguments__conversation__in=[talk.pk for talk in [*talks, *unclear]])
    rows = Enrollment.objects.filter(lead=lead).values_list("pk", flat=True)
    named |= Q(arguments__attachment__in=list(files))
    named |= Q(arguments__enrollment__in=list(rows))
    Job.objects.filter(named).delete()


def _erase_talk(talk: Conversation) -> dict[str, int]:
    counts = {"messages": 0, "answers": talk.turns.count(), "conversations": 1}
    while True:
        with transaction.atomic():
            locked = lock_conversation(talk.pk)
            _refuse_under_way(locked)
            rows = Message.objects.filter(conversation=talk).order_by("-pk")
            ids = list(rows.values_list("pk", flat=True)[:BATCH])
            if locked.last_message_id in ids:
                Conversation.objects.filter(pk=talk.pk).update(last_message=None)
            if not ids:
                _close_questions(locked)
                live.ring(conversation=locked, what="erased")
                locked.delete()
                return counts
            PromptRecord.objects.filter(turn__last_inbound__in=ids).delete()
            Message.objects.filter(pk__in=ids).delete()
            counts["messages"] += len(ids)


def _close_questions(talk: Conversation) -> None:
    """The question who wrote hangs on no lead."""
    Task.objects.filter(lead=None, subject=talk.public_id).delete()


def _rename_in_tasks(lead: Lead) -> None:
    """The question who wrote names those who share a number: without who goes."""
    points = lead.contacts.values("contact_point")
    talks = Conversation.objects.filter(lead=None, contact_point__in=points)
    for talk in talks.select_related("contact_point"):
        others = LeadContact.objects.filter(contact_point=talk.contact_point)
        others = others.exclude(lead=lead).select_related("lead").order_by("lead_id")
        names = ", ".join(row.lead.display_name for row in others[:4])
        Task.objects.filter(subject=talk.public_id, kind=Task.Kind.IDENTIFY).update(
            reason=f"This number belongs to several leads: {names}"
        )


# --- giving out --------------------------------------------------------------------

_TURN = ("created_at", "intent", "understood", "sources", "outcome", "outcome_reason")
_PROMPT = ("created_at", "model", "version", "instructions", "input", "answer")
_MESSAGE = (
    "kind",
    "direction",
    "author",
    "state",
    "subject",
    "body",
    "proposed_body",
    "reason",
)


def _plain(rows: "QuerySet[Any]", names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    yield from rows.values(*names).iterator(chunk_size=BATCH)


def _messages(lead: Lead) -> Iterator[dict[str, Any]]:
    rows = (
        Message.objects.filter(conversation__lead=lead)
        .select_related("mail", "channel", "contact_point")
        .prefetch_related("attachments")
        .order_by("occurred_at", "pk")
    )
    for row in rows.iterator(chunk_size=BATCH):
        yield _message(row)


def _message(row: Message) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": str(row.public_id),
        "at": row.occurred_at,
        "sent_at": row.sent_at,
        "delivered_at": row.delivered_at,
        "address": row.contact_point.value if row.contact_point else "",
        "our_address": row.channel.address if row.channel else "",
        **{name: getattr(row, name) for name in _MESSAGE},
        "details": row.details,
    }
    mail = getattr(row, "mail", None)
    if mail is not None:
        said["mail"] = {
            "message_id": mail.header_id,
            "from": mail.sender_name,
            "to": mail.recipients,
            "whole": mail.original,
            "html": mail.html,
            "headers": mail.headers,
        }
    files = row.attachments.all()
    said["files"] = [
        {
            "file": f"files/{file_name(one)}" if one.path else "",
            "name": one.name,
            "type": one.content_type,
            "size": one.size,
        }
        for one in files
    ]
    return said


def _enrollments(lead: Lead) -> "QuerySet[Enrollment]":
    return lead.enrollments.select_related("sequence").order_by("started_at")


def _enrollment(row: Enrollment) -> dict[str, Any]:
    return {
        "sequence": row.sequence.name,
        "since": row.started_at,
        "state": str(Enrollment.State(row.state).label),
        "reason": row.reason,
        "ended_at": row.ended_at,
    }


LIFECYCLE = MessagingLifecycle()
