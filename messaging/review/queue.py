"""What waits for a person's decision: drafts, "was it sent?", hand-offs.

Drafts are the messages themselves, so that none is left out; the rest are open
tasks. A hand-off counts from its due time on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from leads import clock
from leads.access import Viewer, task_filter
from leads.models import Lead, Task
from leads.models.querysets import HOT, TaskQuerySet
from messaging import timeline
from messaging.models import Conversation, Message

MOST = 200
KINDS = Task.Kind
TABS = {
    "all": "All",
    "drafts": "Drafts",
    "sent": "Was it sent?",
    "hand_offs": "Hand-offs",
    "opt_out": "Opt-out?",
    "who": "Who wrote?",
}
GROUPS: dict[str, str] = {
    KINDS.SENT_CHECK: "sent",
    KINDS.OPT_OUT: "opt_out",
    KINDS.IDENTIFY: "who",
}
ORDERS = {"hot": "hot first", "oldest": "oldest first"}
ICONS = {
    "drafts": "edit_note",
    "sent": "contact_support",
    "hand_offs": "pan_tool",
    "opt_out": "block",
    "who": "person_search",
}


@dataclass(frozen=True)
class Row:
    """One decision. `key` is the draft's or the task's public id."""

    key: UUID
    group: str
    title: str
    since: datetime
    lead: Lead | None
    conversation: Conversation | None
    message: Message | None = None
    task: Task | None = None
    last_words: str = ""

    @property
    def name(self) -> str:
        """Whom it is about."""
        if self.conversation is not None:
            return timeline.lead_name(self.conversation)
        return self.lead.display_name if self.lead else "Nobody in particular"

    @property
    def score(self) -> int:
        """The lead's score, 0 without a lead."""
        return self.lead.score if self.lead else 0

    @property
    def icon(self) -> str:
        """The mark of its group."""
        return ICONS[self.group]


def drafts_for(user: Viewer) -> "QuerySet[Message]":
    """Return the drafts that `user` may see."""
    seen = Conversation.objects.visible_to(user).order_by().values("pk")
    return Message.objects.drafts().filter(conversation__in=seen)


def tasks_to_decide(user: Viewer) -> TaskQuerySet:
    """Return the open tasks that are decisions and due, drafts apart."""
    unknown = Message.objects.filter(
        public_id=OuterRef("subject"), state=Message.State.UNKNOWN
    )
    unclear = _unclear(user).filter(public_id=OuterRef("subject"))
    now = clock.now()
    return (
        Task.objects.open()
        .filter(_seen(user))
        .exclude(kind=KINDS.DRAFT)
        .exclude(Q(kind=KINDS.SENT_CHECK) & ~Exists(unknown))
        .exclude(Q(kind=KINDS.IDENTIFY) & ~Exists(unclear))
        .exclude(~Q(kind__in=GROUPS) & Q(due_at__gt=now))
    )


def _seen(user: Viewer) -> Q:
    """The tasks in sight, and every "who wrote?": `_unclear` says which of those."""
    seen = task_filter(user)
    # Nothing to filter by means all of them; "or" would make it only the second.
    return seen if seen == Q() else seen | Q(kind=KINDS.IDENTIFY, lead=None)


def _unclear(user: Viewer) -> "QuerySet[Conversation]":
    """Conversations whose lead must be chosen, as far as `user` sees them."""
    seen = Conversation.objects.visible_to(user).order_by().values("pk")
    return Conversation.objects.filter(lead=None, pk__in=seen)


def count(user: Viewer) -> int:
    """Return how many decisions wait that `user` may see."""
    return drafts_for(user).count() + tasks_to_decide(user).count()


def rows_of(user: Viewer, *, order: str = "hot") -> list[Row]:
    """Return the decisions: hot leads first or the oldest first."""
    drafts = _drafts(drafts_for(user).order_by("created_at", "pk")[:MOST])
    tasks = _tasks(tasks_to_decide(user)[:MOST])
    rows = [*drafts, *tasks]
    if order == "oldest":
        return sorted(rows, key=lambda row: (row.since, str(row.key)))
    return sorted(rows, key=lambda row: (row.score < HOT, row.since, str(row.key)))


def counts_of(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many rows each tab holds."""
    counts = dict.fromkeys(TABS, 0)
    for row in rows:
        counts["all"] += 1
        counts[row.group] += 1
    return counts


def find(user: Viewer, key: UUID) -> Row | None:
    """Return one waiting decision that `user` may see, None when none is."""
    found = _drafts(drafts_for(user).filter(public_id=key))
    found = found or _tasks(tasks_to_decide(user).filter(public_id=key))
    return found[0] if found else None


def drafts_rows(user: Viewer, keys: list[UUID]) -> list[Row]:
    """Return the drafts of these ids that wait still, in the order asked."""
    found = {
        row.key: row for row in _drafts(drafts_for(user).filter(public_id__in=keys))
    }
    return [found[key] for key in keys if key in found]


def _drafts(messages: "QuerySet[Message]") -> list[Row]:
    drafts = list(messages.select_related("answers", "turn", "user", "approved_by"))
    talks = _talks(Q(pk__in=[draft.conversation_id for draft in drafts]))
    rows = []
    for draft in drafts:
        talk = talks[draft.conversation_id]
        draft.conversation = talk
        rows.append(
            Row(
                key=draft.public_id,
                group="drafts",
                title=draft.reason or "A draft waits for you",
                since=draft.created_at,
                lead=talk.lead,
                conversation=talk,
                message=draft,
                last_words=talk.last_words or "",
            )
        )
    return rows


def _tasks(tasks: "QuerySet[Task]") -> list[Row]:
    found = list(tasks.select_related("lead__company", "lead__owner", "lead__stage"))
    subjects = [task.subject for task in found if task.subject]
    messages = {m.public_id: m for m in _asked_about(subjects)}
    leads = [task.lead_id for task in found if task.lead_id]
    talks = _talks(Q(lead__in=leads) | Q(public_id__in=subjects)).values()
    by_lead = {talk.lead_id: talk for talk in talks if talk.lead_id}
    by_id = {talk.public_id: talk for talk in talks}
    rows = []
    for task in found:
        talk = by_lead.get(task.lead_id) or by_id.get(task.subject)
        message = messages.get(task.subject) if task.subject else None
        rows.append(_task_row(task, talk, message))
    return rows


def _task_row(task: Task, talk: Any, message: Message | None) -> Row:
    if message is not None and talk is not None:
        message.conversation = talk
    return Row(
        key=task.public_id,
        group=GROUPS.get(task.kind, "hand_offs"),
        title=_title(task),
        since=_since(task, message),
        lead=task.lead,
        conversation=talk,
        message=message,
        task=task,
        last_words=(talk.last_words or "") if talk is not None else "",
    )


def _since(task: Task, message: Message | None) -> datetime:
    """When it began to wait; an unclear message waits since we asked."""
    if task.kind == KINDS.SENT_CHECK and message is not None and message.claimed_at:
        return message.claimed_at
    return task.created_at


def _title(task: Task) -> str:
    """The reason is the title; questions keep theirs."""
    if task.kind in (KINDS.OPT_OUT, KINDS.IDENTIFY, KINDS.OTHER):
        return task.title
    return (task.reason or task.title)[:160]


def _asked_about(subjects: list[UUID]) -> "QuerySet[Message]":
    return Message.objects.filter(
        public_id__in=subjects, direction=Message.Direction.OUTBOUND
    ).select_related("contact_point", "channel", "user", "approved_by")


def _talks(wanted: Q) -> dict[int, Any]:
    """Conversations by primary key, with the last words of the lead."""
    spoken = Message.objects.filter(
        conversation=OuterRef("pk"), direction=Message.Direction.INBOUND
    ).order_by("-occurred_at", "-pk")
    rows = Conversation.objects.filter(wanted).with_rows()
    rows = rows.annotate(last_words=Subquery(spoken.values("body")[:1]))
    return {row.pk: row for row in rows}


__all__ = [
    "MOST",
    "ORDERS",
    "TABS",
    "Row",
    "count",
    "counts_of",
    "drafts_for",
    "drafts_rows",
    "find",
    "rows_of",
    "tasks_to_decide",
]
