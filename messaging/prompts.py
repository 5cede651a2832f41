"""What a model was told, to the letter: read by few, each time on record, for 30 days."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from leads import clock, outbox
from leads.models import Job
from messaging.models import Message, PromptRecord

KEPT = timedelta(days=30)
JOB = "messaging.purge_prompts"
_BATCH = 500


@transaction.atomic
def open_prompts(*, message: Message, user: User) -> list[PromptRecord]:
    """Return what was told and answered for a message's turn, the newest first, and
    write down who read it.
    """
    if message.turn is None:
        return []
    found = list(PromptRecord.objects.filter(turn=message.turn))
    if found:
        outbox.emit(
            kind="prompt.viewed",
            lead=message.conversation.lead,
            actor=f"user:{user.pk}",
            payload={"message": str(message.public_id), "count": len(found)},
        )
    return found


def run_purge(job: Job) -> None:
    """The daily job: see `purge_prompts`."""
    purge_prompts(clock.now())


def purge_prompts(now: datetime) -> int:
    """Delete what is older than 30 days; how many. In batches, each its own write."""
    old = PromptRecord.objects.filter(created_at__lt=now - KEPT)
    deleted = 0
    while ids := list(old.order_by().values_list("pk", flat=True)[:_BATCH]):
        PromptRecord.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
    return deleted
