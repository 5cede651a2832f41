"""Who begins a sequence, and who is refused with which words."""

from collections.abc import Callable
from typing import Any

import pytest

from leads import capture, clock, consent, outbox, pipeline
from leads.models import Lead, LeadSource, Stage
from leads.tests.factories import StageFactory, TeamFactory
from leads.work import run_due
from messaging.holding import take_over
from messaging.models.sequence import Enrollment
from messaging.queueing import Refused
from messaging.sequences import publishing, rules
from messaging.tests.sequence_world import (
    DAY,
    NOON,
    at,
    begin,
    dana,
    follow_ups,
    mail_step,
    open_house,
    person,
    sequence,
    somebody,
    talk_of,
)
from messaging.tests.talk import sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


def opt_out(lead: Lead, channel: str) -> None:
    kind = "phone" if channel == "sms" else "email"
    consent.suppress(
        contact_point=lead.contacts.get(contact_point__kind=kind).contact_point,
        channel=channel,
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )


def refusal(do: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    assert not Enrollment.objects.filter(state="waiting", how="api").exists()
    return str(caught.value)


def test_refused_while_it_is_not_active() -> None:
    open_house()
    row = sequence({})
    publishing.pause(sequence=row, user=somebody())
    words = refusal(lambda: begin(row, dana()))
    assert words == "“Warm up” is not active"


def test_refused_while_it_is_under_way_already() -> None:
    open_house()
    row, lead = sequence({}), dana()
    begin(row, lead)
    words = refusal(lambda: begin(row, lead))
    assert words == "“Warm up” is already under way with Dana Reyes"


def test_refused_while_a_person_has_the_conversation() -> None:
    open_house()
    row, lead = sequence({}), dana()
    take_over(conversation=talk_of_new(lead), user=person())
    assert refusal(lambda: begin(row, lead)) == "Ana has the conversation"


def talk_of_new(lead: Lead) -> Any:
    return talk_of(lead)


def test_refused_without_an_address_for_any_step() -> None:
    open_house()
    lead = dana(email="")
    assert refusal(lambda: begin(sequence(mail_step()), lead)) == (
        "there is no mail address"
    )


def test_refused_when_opted_out_of_all_that_its_steps_need() -> None:
    open_house()
    row, lead = sequence({}, mail_step()), dana()
    with clock.at(NOON):
        opt_out(lead, "sms")
        opt_out(lead, "email")
    words = refusal(lambda: begin(row, lead))
    assert words.startswith("May not be written to: phone number: opted out on 02 Mar")


def test_opted_out_of_texts_alone_gets_its_mails() -> None:
    open_house()
    row = sequence({}, mail_step())
    with clock.at(NOON - DAY):
        lead = dana()
        opt_out(lead, "sms")
    with clock.at(NOON):
        begin(row, lead)
    at(NOON + DAY)
    at(NOON + 2 * DAY)
    assert [m.kind for m in follow_ups(lead)] == ["email"]


def test_refused_for_another_team_s_leads() -> None:
    open_house()
    row = sequence({}, team=TeamFactory(name="North"))
    words = refusal(lambda: begin(row, dana()))
    assert words == "“Warm up” is for leads of North"


def test_a_simulated_lead_only_ever_gets_simulated_messages() -> None:
    open_house()
    with clock.at(NOON):
        lead = dana(simulated=True)
        begin(sequence({}), lead)
    at(NOON + DAY)
    message = follow_ups(lead)[0]
    assert message.simulated
    assert message.state in ("sent", "delivered")
    assert sent() == []


def test_a_new_lead_is_enrolled_by_rule_once() -> None:
    open_house()
    row = sequence({}, rule={"on": "captured"})
    with clock.at(NOON):
        lead = dana()
        run_due()
    found = Enrollment.objects.get()
    assert (found.lead, found.sequence, found.how) == (lead, row, "rule")


def test_a_rule_s_conditions_must_all_hold() -> None:
    open_house()
    LeadSource.objects.get_or_create(name="Fair")
    row = sequence({}, rule={"on": "captured", "sources": ["Fair"]})
    with clock.at(NOON):
        dana()
        other = dana(phone="+14155550124", email="", name="Eve", source="Fair")
        run_due()
    assert [e.lead for e in Enrollment.objects.all()] == [other]
    assert rules.matches(row.rule, other)


def test_a_lead_who_reaches_a_stage_is_enrolled_and_stopped_before() -> None:
    open_house()
    lost = StageFactory(key="lost", name="Lost", kind=Stage.Kind.LOST)
    warm = sequence({})
    back = sequence(
        {}, name="Win back", rule={"on": "stage_changed", "stages": ["lost"]}
    )
    with clock.at(NOON):
        lead = dana()
        begin(warm, lead)
    with clock.at(NOON + DAY / 2):
        pipeline.move_stage(lead=lead, stage=lost, actor="user:1")
        run_due()
    states = {e.sequence.name: e.state for e in Enrollment.objects.all()}
    assert states == {"Warm up": "stopped", "Win back": "waiting"}
    at(NOON + 2 * DAY)
    assert back.enrollments.get().state == "waiting"
    assert sent() == ["Follow-up 1"]


@pytest.mark.parametrize(("ticked", "count"), [(False, 0), (True, 1)])
def test_an_imported_lead_is_enrolled_only_when_that_is_ticked(
    ticked: bool, count: int
) -> None:
    open_house()
    sequence({}, rule={"on": "captured", "imports": ticked})
    capture.capture_lead(actor="import:7", name="Dana", phone="+14155550123")
    run_due()
    assert Enrollment.objects.count() == count


def test_the_same_event_twice_enrolls_once() -> None:
    from leads.models import Event
    from messaging.subscribers import Sequences

    open_house()
    sequence({}, rule={"on": "captured"})
    with clock.at(NOON):
        dana()
        run_due()
        Enrollment.objects.update(state="stopped")
        Sequences().deliver(Event.objects.get(kind="lead.captured"))
    assert Enrollment.objects.count() == 1


def test_the_stream_tells_of_enrolling_without_names() -> None:
    from leads.models import Event

    open_house()
    row = begin(sequence({}), dana())
    event = Event.objects.get(kind="enrollment.started")
    assert event.payload == {
        "enrollment": str(row.public_id),
        "sequence": row.sequence_id,
        "how": "hand",
    }


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"on": "now"}, "Choose when leads are enrolled"),
        ({"on": "captured", "mood": "good"}, "There is no condition “mood”"),
        ({"on": "captured", "score_from": "x"}, "cannot be 'x'"),
        ({"on": "stage_changed"}, "Choose the stages that enroll a lead"),
        ({"on": "captured", "sources": ["Nowhere"]}, "There is no source “Nowhere”"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_told(rule: dict[str, Any], words: str) -> None:
    assert words in "; ".join(rules.problems(rule))


def test_nobody_is_enrolled_without_a_rule() -> None:
    open_house()
    sequence({})
    dana()
    run_due()
    assert not Enrollment.objects.exists()
    assert not rules.leads_of({}).exists()
    assert outbox.subscribers()[0].name == "messaging.sequences"
