"""The lead wrote: what is under way with them stops, or rests until the day they name.

One statement finds whether anything is under way; without that nothing more is read.
"""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q

from leads import calendars, clock
from leads.models import ContactPoint, Lead
from leads.prepared import Select
from messaging.conversations import clock_of
from messaging.models import Conversation, Message
from messaging.models.sequence import LIVE_STATES, Enrollment, StepRun
from messaging.sequences import parking, stopping, unclear, variants
from messaging.sequences.causes import PARKED
from messaging.sequences.later import Later, read_later
from messaging.sequences.timing import GONE
from messaging.words import zone_of

# So long after a sequence ended an answer still counts for its last step.
CREDITED = timedelta(days=30)
# Working days for which who is away, and names no day, is left alone.
AWAY_DAYS = 3


def on_inbound(message: Message, conversation: Conversation) -> None:
    """Take a message of the lead in; the conversation is locked.

    What a machine wrote stops nothing; `mailroom` parks for an absence.
    """
    if message.automatic:
        return
    if conversation.lead is None:
        unclear.on_unclear(message)
        return
    lead = conversation.lead
    states = _lately.rows(lead=lead.pk, since=clock.now() - CREDITED)
    if not states:
        return
    if any(state in LIVE_STATES for (state,) in states):
        later = _later(message, conversation, lead)
        if later is not None:
            _put_off(message, lead, later)
            return
        credit(lead, booked=False)
        did = "called" if message.kind == Message.Kind.CALL else "replied"
        stopping.stop_for_lead(
            lead_id=lead.pk,
            cause=stopping.Cause.REPLIED,
            words=f"{stopping.name_of(lead)} {did}",
            actor="lead",
        )
        return
    credit(lead, booked=False)


def on_chosen(
    messages: Iterable[Message], conversation: Conversation, point: ContactPoint | None
) -> None:
    """A person said that the lead wrote these: it is as if they had come so. What
    rested until then goes on with the others. Address and conversation are locked.
    """
    for message in messages:
        message.conversation = conversation  # where it was before is gone
        on_inbound(message, conversation)
    unclear.on_chosen(point)


_lately: Select[Enrollment] = Select(
    lambda place: Enrollment.objects.filter(
        Q(state__in=LIVE_STATES)
        | Q(state=Enrollment.State.DONE, ended_at__gt=place("since")),
        lead=place("lead"),
    ).values_list("state")
)


def _later(message: Message, conversation: Conversation, lead: Lead) -> Later | None:
    return read_later(
        message.body,
        now=clock_of(conversation),
        zone=zone_of(lead, message.contact_point),
        language=lead.language,
    )


def _put_off(message: Message, lead: Lead, later: Later) -> None:
    message.details = {**message.details, PARKED: True}
    message.save(update_fields=["details"])
    until, words = later.until, f"“{later.quote}”"
    if until is None:
        calendar = calendars.calendar_of(lead.team)
        until = calendar.add(clock.now(), AWAY_DAYS, "days", working=True)
        words = f"away without a day, {words}"
    parking.park_for_lead(lead_id=lead.pk, until=until, words=words, actor="lead")


def credit(lead: Lead, *, booked: bool) -> None:
    """Count an answer, or a booking, for the last step that reached the lead."""
    run = (
        StepRun.objects.filter(
            enrollment__lead=lead,
            message__state__in=GONE,
            ran_at__gt=clock.now() - CREDITED,
        )
        .order_by("-ran_at", "-pk")
        .first()
    )
    if run is not None:
        (variants.note_booking if booked else variants.note_reply)(run)
