"""Somebody writes from a number that two leads share: who wrote comes first."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads import clock, policy
from leads.models import ContactPoint, Lead, LeadContact
from messaging.calls import MissedCall
from messaging.missed_calls import record_missed_call
from messaging.models import Conversation
from messaging.models.sequence import Enrollment
from messaging.sending import deliver
from messaging.sharing import choose_lead
from messaging.tests.sequence_world import (
    DANA,
    DAY,
    MAIL,
    NOON,
    OURS,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    now_of,
    open_house,
    person,
    sequence,
    talk_of,
)
from messaging.tests.talk import text_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]

WROTE = "Somebody wrote from the shared number: who wrote comes first"
CALLED = "Somebody called from the shared number: who called comes first"
LATER = timedelta(minutes=16)


@pytest.fixture
def two() -> tuple[Lead, Lead]:
    open_house()
    with clock.at(NOON):
        one = dana()
        bo = dana(phone="", email="bo@example.com", name="Bo Reyes")
        number = ContactPoint.objects.get(value=DANA)
        LeadContact.objects.create(lead=bo, contact_point=number, known_by="person")
    return one, bo


def begun(*leads: Lead) -> list[Enrollment]:
    with clock.at(NOON):
        row = sequence({}, {})
        return [begin(row, lead) for lead in leads]


def hears(words: str = "How much is a desk?", *, after: timedelta) -> None:
    with clock.at(NOON + after):
        text_in(words)


def chosen(lead: Lead, *, after: timedelta) -> None:
    with clock.at(NOON + after):
        unclear = Conversation.objects.get(lead=None)
        choose_lead(conversation=unclear, lead=lead, user=person())


def test_it_rests_until_somebody_says_who_wrote(two: tuple[Lead, Lead]) -> None:
    mine, other = begun(*two)
    hears(after=timedelta(hours=1))
    assert [now_of(row).reason for row in (mine, other)] == [WROTE, WROTE]
    at(NOON + DAY)
    assert [follow_ups(lead) for lead in two] == [[], []]
    assert now_of(mine).state == "waiting"
    chosen(two[0], after=DAY + timedelta(minutes=5))
    assert (now_of(mine).state, now_of(mine).cause) == ("stopped", "replied")
    assert now_of(mine).reason == "Dana Reyes replied"
    assert (now_of(other).state, now_of(other).reason) == ("waiting", "")
    at(NOON + DAY + LATER)
    assert [len(follow_ups(lead)) for lead in two] == [0, 1]


def test_what_has_not_left_is_taken_back_and_goes_anew(two: tuple[Lead, Lead]) -> None:
    (row,) = begun(two[0])
    policy.change(actor="system", sending=False)
    at(NOON + DAY)
    assert [m.state for m in follow_ups(two[0])] == ["held"]
    policy.change(actor="system", sending=True)
    hears(after=DAY + timedelta(hours=1))
    assert [m.state for m in follow_ups(two[0])] == ["cancelled"]
    at(NOON + DAY + timedelta(hours=2))
    assert [m.state for m in follow_ups(two[0])] == ["cancelled"]
    assert talk_of(two[0]).turn == "waiting"
    chosen(two[1], after=DAY + timedelta(hours=3))
    at(NOON + DAY + timedelta(hours=3))
    assert [m.state for m in follow_ups(two[0])] == ["cancelled", "sent"]
    assert now_of(row).state == "waiting"


def test_the_step_looks_for_it_afresh_on_any_address(two: tuple[Lead, Lead]) -> None:
    with clock.at(NOON):
        row = begin(sequence(mail_step()), two[0])
    hears(after=timedelta(hours=1))
    Enrollment.objects.update(reason="")  # as if nobody had told it
    at(NOON + DAY)
    assert follow_ups(two[0]) == []
    assert now_of(row).reason == WROTE
    assert two[0].contacts.filter(contact_point__value=MAIL).exists()


def test_the_gate_holds_what_is_queued_already(two: tuple[Lead, Lead]) -> None:
    begun(two[0])
    policy.change(actor="system", sending=False)
    at(NOON + DAY)
    policy.change(actor="system", sending=True)
    number = ContactPoint.objects.get(value=DANA)
    Conversation.objects.create(
        contact_point=number, last_inbound_at=NOON + DAY + timedelta(minutes=1)
    )
    (message,) = follow_ups(two[0])
    with clock.at(NOON + DAY + timedelta(hours=1)):
        deliver(message_id=message.pk)
    message.refresh_from_db()
    assert (message.state, message.reason) == ("held", WROTE)


def test_a_call_from_the_shared_number_does_the_same(two: tuple[Lead, Lead]) -> None:
    (row,) = begun(two[0])
    with clock.at(NOON + timedelta(hours=1)):
        record_missed_call(
            fact=MissedCall(
                provider="twilio",
                external_id="CA1",
                from_address=DANA,
                to_address=OURS,
                received_at=clock.now(),
            )
        )
    assert now_of(row).reason == CALLED
    at(NOON + DAY)
    assert (follow_ups(two[0]), now_of(row).reason) == ([], CALLED)
    chosen(two[0], after=DAY + timedelta(hours=1))
    assert now_of(row).reason == "Dana Reyes called"


def test_who_is_said_to_have_put_us_off_is_parked(two: tuple[Lead, Lead]) -> None:
    (row,) = begun(two[0])
    hears("call me in two weeks", after=timedelta(hours=1))
    chosen(two[0], after=timedelta(hours=2))
    assert now_of(row).state == "waiting"
    assert now_of(row).reason.startswith("Parked to 16 Mar: ")


def test_with_nothing_under_way_one_statement_is_asked(two: tuple[Lead, Lead]) -> None:
    hears(after=timedelta(hours=1))
    with CaptureQueriesContext(connection) as asked:
        hears("Hello?", after=timedelta(hours=2))
    about = [q for q in asked.captured_queries if "enrollment" in q["sql"]]
    assert len(about) == 1
