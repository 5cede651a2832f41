"""What is under way rests while it is open who wrote from a shared address."""

from leads import claims, clock
from leads.models import ContactPoint
from leads.prepared import Select
from messaging.conversations import WAITING_STATES
from messaging.models import Message
from messaging.models.sequence import LIVE_STATES, Enrollment
from messaging.sequences.deciding import last_run
from messaging.sequences.parking import hold, take_back
from messaging.sequences.shared import SOMEBODY, known, words_for

State = Enrollment.State


def on_unclear(message: Message) -> None:
    """Let all that is under way with the address's leads rest; the address is locked.

    One statement finds them. What waits to leave to this address is taken back, and
    the step is looked at again at once, by the worker: it has the lead's conversation.
    What goes elsewhere, and a draft, the gate holds: their locks are not ours.
    """
    point = message.contact_point
    if point is None:
        return
    words = words_for(point.kind, called=message.kind == Message.Kind.CALL)
    for row in _of_leads.all(point=point.pk):
        if row.parked_until is None or row.parked_until <= clock.now():
            _rest(row, point, words)


def _rest(row: Enrollment, point: ContactPoint, words: str) -> None:
    if not hold(row, reason=row.reason if row.state == State.PAUSED else words):
        return
    run = last_run(row)
    sent_to = run.message if run is not None else None
    if run is None or sent_to is None or sent_to.contact_point_id != point.pk:
        return
    if take_back(run, WAITING_STATES, "It is asked first who wrote"):
        claims.move(
            row,
            old=row.state,
            new=row.state,
            next_step=run.step,
            due_at=clock.now(),
        )


def on_chosen(point: ContactPoint | None) -> None:
    """A person said who wrote: what rests for that goes on."""
    if point is None:
        return
    for row in _of_leads.all(point=point.pk):
        if row.reason.startswith(SOMEBODY) and row.state != State.WORKING:
            claims.move(row, old=row.state, new=row.state, reason="")


_of_leads: Select[Enrollment] = Select(
    lambda place: (
        Enrollment.objects.filter(
            lead__in=known(contact_point=place("point")).values("lead"),
            lead__archived_at=None,
            state__in=LIVE_STATES,
        )
        .select_related("lead", "next_step")
        .order_by("pk")
    )
)
