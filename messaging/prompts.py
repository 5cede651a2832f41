"""What a model was told, to the letter: read by few, each time on record, for a time."""

from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from leads import clock, outbox, retention
from leads.models import Job
from messaging.models import Message, PromptRecord
from messaging.retaining import remove_prompts

JOB = "messaging.purge_prompts"


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
    """Delete what is older than the retention rule says; how many."""
    before = retention.cutoff("prompts", now)
    return remove_prompts(before) if before is not None else 0
