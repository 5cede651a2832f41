"""The classes of data of `messaging`, and how each goes when its time has come."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import Q, QuerySet

from leads.models import Stage
from leads.retention import DataClass
from messaging.models import Attachment, Mail, Message, PromptRecord

BATCH = 500
REMOVED = "Removed: kept for as long as your retention rule says"
_CLOSED = [Stage.Kind.WON, Stage.Kind.LOST]


def _old_texts(before: datetime) -> "QuerySet[Message]":
    """Messages, notes and calls of won, lost and archived leads."""
    lead = "conversation__lead"
    closed = Q(**{f"{lead}__stage__kind__in": _CLOSED})
    closed |= Q(**{f"{lead}__archived_at__isnull": False})
    rows = Message.objects.filter(closed, occurred_at__lt=before)
    return rows.exclude(state__in=("queued", "held", "claimed", "draft")).exclude(
        body=REMOVED
    )


def _remove_texts(before: datetime) -> int:
    def empty(ids: list[int]) -> None:
        Mail.objects.filter(message__in=ids).update(original="", html="", headers=[])
        PromptRecord.objects.filter(turn__messages__in=ids).delete()
        Message.objects.filter(pk__in=ids).update(
            subject="", body=REMOVED, proposed_body=""
        )

    return _in_batches(_old_texts(before), empty)


def _old_files(before: datetime) -> "QuerySet[Attachment]":
    rows = Attachment.objects.filter(message__occurred_at__lt=before)
    return rows.exclude(path="")


def _remove_files(before: datetime) -> int:
    def remove(ids: list[int]) -> None:
        rows = Attachment.objects.filter(pk__in=ids)
        for path in rows.values_list("path", flat=True):
            default_storage.delete(path)
        rows.update(
            path="", state=Attachment.State.REFUSED, reason=REMOVED, name="", size=0
        )

    return _in_batches(_old_files(before), remove)


def _old_originals(before: datetime) -> "QuerySet[Mail]":
    """The reply stays in its message; what was quoted and the HTML go."""
    told = ~Q(original="") | ~Q(html="")
    return Mail.objects.filter(told, message__occurred_at__lt=before)


def _remove_originals(before: datetime) -> int:
    def empty(ids: list[int]) -> None:
        Mail.objects.filter(pk__in=ids).update(original="", html="", headers=[])

    return _in_batches(_old_originals(before), empty)


def old_prompts(before: datetime) -> "QuerySet[PromptRecord]":
    """What the model was told before."""
    return PromptRecord.objects.filter(created_at__lt=before)


def remove_prompts(before: datetime) -> int:
    """Delete them; how many."""

    def delete(ids: list[int]) -> None:
        PromptRecord.objects.filter(pk__in=ids).delete()

    return _in_batches(old_prompts(before), delete)


def _in_batches(rows: "QuerySet[Any]", act: Callable[[list[int]], None]) -> int:
    done = 0
    while ids := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        act(ids)
        done += len(ids)
    return done


CLASSES: Sequence[DataClass] = (
    DataClass(
        key="message_texts",
        name="Words of closed leads",
        words="What was said with won, lost and archived leads. That there was a message"
        " stays.",
        default=None,
        count=lambda before: _old_texts(before).count(),
        apply=_remove_texts,
        least=30,
    ),
    DataClass(
        key="attachments",
        name="Files and pictures",
        words="Whatever came with a message, of all leads.",
        default=None,
        count=lambda before: _old_files(before).count(),
        apply=_remove_files,
        least=7,
    ),
    DataClass(
        key="mail_originals",
        name="Whole mails",
        words="The HTML, the headers and what was quoted. The reply itself stays.",
        default=None,
        count=lambda before: _old_originals(before).count(),
        apply=_remove_originals,
        least=7,
    ),
    DataClass(
        key="prompts",
        name="What the model was told",
        words="The whole prompt behind each answer, for those who may read it.",
        default=30,
        count=lambda before: old_prompts(before).count(),
        apply=remove_prompts,
    ),
)
