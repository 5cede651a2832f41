"""Counts that pages and `status` show; each can be opened as rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from leads import clock
from leads.access import Viewer, task_filter
from leads.models import Task
from leads.models.querysets import HOT, TaskQuerySet
from messaging.models import Channel, Conversation, Message, Turn
from messaging.review import queue
from messaging.transports import configured_transports

# A turn that is overdue for longer is no answer on its way: a person is told.
PATIENCE = timedelta(minutes=5)
_LEFT = (Message.State.SENT, Message.State.DELIVERED)
_LEAVING = (
    Message.State.QUEUED,
    Message.State.HELD,
    Message.State.CLAIMED,
    Message.State.UNKNOWN,
)


class Part(StrEnum):
    """What became of one inbound message; each has exactly one."""

    ANSWERED = "answered"
    ON_THE_WAY = "on_the_way"
    SET_ASIDE = "set_aside"
    WITH_PERSON = "with_person"


@dataclass(frozen=True)
class Equation:
    """Received = answered + with a person + set aside, in inbound messages.

    `on_the_way` are those of `answered` whose answer has not left yet.
    """

    received: int
    answered: int
    with_person: int
    set_aside: int
    on_the_way: int

    @property
    def holds(self) -> bool:
        """Whether nothing is missing; anything else is a fault of ours."""
        return self.received == self.answered + self.with_person + self.set_aside


def received_equation(
    *, since: datetime | None, user: Viewer | None, real_only: bool = False
) -> Equation:
    """Say what became of the messages that came in since then.

    `since` None counts all; `user` None counts what everybody sees together,
    for `status`. One statement counts all parts, so that a message that comes
    in meanwhile cannot be in one number and missing in another.
    """
    rows = inbound(since=since, user=user, real_only=real_only)
    # The stubs do not see that `inbound` annotates `part`.
    parts = rows.order_by().values_list("part")  # type: ignore[misc]
    grouped = parts.annotate(n=Count("pk"))
    counts: dict[str, int] = dict(grouped)
    on_the_way = counts.get(Part.ON_THE_WAY, 0)
    return Equation(
        received=sum(counts.values()),
        answered=counts.get(Part.ANSWERED, 0) + on_the_way,
        with_person=counts.get(Part.WITH_PERSON, 0),
        set_aside=counts.get(Part.SET_ASIDE, 0),
        on_the_way=on_the_way,
    )


def inbound(
    *, since: datetime | None, user: Viewer | None, real_only: bool = False
) -> "QuerySet[Message]":
    """Return the lead's messages, each with its `part`, as rows to open."""
    rows: QuerySet[Message]
    # A missed call is no message: its task asks for the answer.
    rows = Message.objects.filter(direction=Message.Direction.INBOUND).exclude(
        kind=Message.Kind.CALL
    )
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    if user is not None:
        rows = rows.filter(conversation__in=Conversation.objects.visible_to(user))
    if real_only:
        rows = only_real(rows)
    return with_part(rows)


def only_real(rows: "QuerySet[Message]") -> "QuerySet[Message]":
    """Leave out simulated messages and those of demo leads."""
    return rows.filter(simulated=False).exclude(conversation__lead__demo=True)


def counts_only_real() -> bool:
    """Whether played and demo leads leave the numbers: once something can leave."""
    return any(
        not transport.simulated
        for kind in (Channel.Kind.SMS, Channel.Kind.EMAIL)
        for transport in configured_transports(kind)
    )


def with_part(rows: "QuerySet[Message]") -> "QuerySet[Message]":
    """Annotate inbound messages with `part`.

    What nobody answered, nobody is about to answer and nobody set aside is
    with a person: the default, so that nothing can fall out of the sum.
    A reply is any later row, by the order of writing: the clocks of simulated
    leads differ from ours.
    """
    turn = Conversation.Turn
    stopped = Q(details__opt_out="stop")
    return rows.alias(covered=Subquery(_outcome())).annotate(
        part=Case(
            When(stopped, then=Value(Part.SET_ASIDE)),
            When(Exists(_replies(_LEFT)) | Exists(_calls()), then=Value(Part.ANSWERED)),
            When(Exists(_replies(_LEAVING)), then=Value(Part.ON_THE_WAY)),
            When(
                Q(conversation__turn__in=(turn.DONE, turn.OPTED_OUT)),
                then=Value(Part.SET_ASIDE),
            ),
            When(Exists(_answering()), then=Value(Part.ON_THE_WAY)),
            When(covered=Turn.Outcome.SILENT, then=Value(Part.SET_ASIDE)),
            default=Value(Part.WITH_PERSON),
            output_field=CharField(),
        )
    )


def _replies(states: tuple[str, ...]) -> "QuerySet[Message]":
    """Later messages to the lead; the machine's own words only to that message."""
    said = Message.objects.filter(
        conversation=OuterRef("conversation"),
        direction=Message.Direction.OUTBOUND,
        state__in=states,
        pk__gt=OuterRef("pk"),
    )
    return said.filter(
        ~Q(author=Message.Author.SYSTEM) | Q(answers=OuterRef("pk"))
    ).order_by()


def _calls() -> "QuerySet[Message]":
    """Later calls that a person logged: they count as a person's answer."""
    return Message.objects.filter(
        conversation=OuterRef("conversation"),
        kind=Message.Kind.CALL,
        details__outcome="reached",
        pk__gt=OuterRef("pk"),
    ).order_by()


def _answering() -> "QuerySet[Turn]":
    """The AI's turn that will answer this message, as long as it is in time."""
    return Turn.objects.filter(
        conversation=OuterRef("conversation"),
        conversation__holder=None,
        state__in=(Turn.State.WAITING, Turn.State.WORKING),
        due_at__gte=clock.now() - PATIENCE,
        last_inbound__gte=OuterRef("pk"),
    )


def _outcome() -> "QuerySet[Turn, str]":
    """How the turn ended that took this message in."""
    return (
        Turn.objects.filter(
            conversation=OuterRef("conversation"), last_inbound__gte=OuterRef("pk")
        )
        .exclude(state=Turn.State.SUPERSEDED)
        .order_by("last_inbound")
        .values_list("outcome", flat=True)[:1]
    )


def needs_you(*, user: Viewer) -> int:
    """Return how many conversations that `user` may see wait for a person."""
    return waiting_for_person(user=user).count()


def waiting_for_person(*, user: Viewer) -> "QuerySet[Conversation]":
    """Return the conversations that need a person: hot first, then longest."""
    return (
        Conversation.objects.visible_to(user)
        .filter(turn=Conversation.Turn.NEEDS_YOU)
        .with_rows()
        .annotate(rank=Case(When(lead__score__gte=HOT, then=0), default=1))
        .order_by("rank", "waiting_since", "pk")
    )


def to_review(*, user: Viewer) -> int:
    """Return how many decisions wait that `user` may see: the queue's own count."""
    return queue.count(user)


def tasks_for(*, user: Viewer) -> TaskQuerySet:
    """Return the open tasks that `user` may see, most urgent first."""
    return Task.objects.open().filter(task_filter(user)).distinct()
