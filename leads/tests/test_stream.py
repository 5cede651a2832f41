"""Events, jobs, caps and policy: the machinery under every change."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from leads import capture, clock, jobs, outbox, policy, usage
from leads.models import Delivery, Event, Job, Lead
from leads.work import run_due

pytestmark = pytest.mark.django_db


class Ear:
    """A subscriber that keeps what it heard, and fails when told to."""

    name = "ear"
    heard: list[str] = []
    failing = False

    def wants(self, kind: str) -> bool:
        return kind.startswith("test.")

    def deliver(self, event: Event) -> None:
        if Ear.failing:
            raise ConnectionError("not now")
        Ear.heard.append(event.payload["n"])


@pytest.fixture
def ear(settings: object) -> Iterator[type[Ear]]:
    settings.SUBSCRIBERS = ["leads.tests.test_stream.Ear"]
    Ear.heard, Ear.failing = [], False
    yield Ear


@pytest.fixture
def lead() -> Lead:
    return capture.capture_lead(actor="lead", phone="+14155550123").lead


def test_an_event_reaches_who_wants_it(ear: type[Ear], lead: Lead) -> None:
    outbox.emit(kind="test.happened", actor="system", lead=lead, payload={"n": 1})
    outbox.emit(kind="other.happened", actor="system", lead=lead, payload={"n": 2})
    run_due()
    assert ear.heard == [1]
    assert Delivery.objects.get().state == "done"


def test_one_leads_events_arrive_in_order_though_one_failed(
    ear: type[Ear], lead: Lead
) -> None:
    for number in range(3):
        outbox.emit(
            kind="test.happened", actor="system", lead=lead, payload={"n": number}
        )
    first = Delivery.objects.order_by("pk").first()
    assert first is not None
    ear.failing = True
    outbox.deliver_event(delivery_id=first.pk)
    ear.failing = False
    run_due()
    assert ear.heard == []
    with clock.shifted(timedelta(minutes=1)):
        run_due()
    assert ear.heard == [0, 1, 2]


def test_a_subscriber_that_never_takes_an_event_leaves_a_dead_letter(
    ear: type[Ear], lead: Lead
) -> None:
    ear.failing = True
    outbox.emit(kind="test.happened", actor="system", lead=lead, payload={"n": 1})
    for hours in range(1, 12):
        with clock.shifted(timedelta(hours=hours)):
            run_due()
    row = Delivery.objects.get()
    assert row.state == "dead"
    assert "not now" in row.last_error


def test_a_job_runs_once_under_its_effect_key() -> None:
    ran: list[object] = []
    jobs.register("test.count", lambda job: ran.append(job.arguments["x"]))
    for _ in range(2):
        jobs.start_job(name="test.count", arguments={"x": 5}, effect_key="once")
    run_due()
    assert ran == [5]
    assert Job.objects.get().state == "done"


def test_a_job_nobody_runs_says_so() -> None:
    jobs.start_job(name="test.unknown", arguments={})
    run_due()
    assert "nothing runs jobs" in Job.objects.get().last_error


def test_a_cap_is_used_up_exactly() -> None:
    taken = [usage.take(key="k", period="p", limit=3) for _ in range(5)]
    assert taken == [True, True, True, False, False]
    usage.give_back(key="k", period="p")
    assert usage.take(key="k", period="p", limit=3)
    assert usage.used(key="k", period="p") == 3


def test_a_policy_change_is_traced_and_a_wrong_one_changes_nothing() -> None:
    policy.change(actor="user:1", cap_lead_hour="3")
    event = Event.objects.get(kind="policy.changed")
    assert event.payload == {"cap_lead_hour": [6, 3]}
    with pytest.raises(policy.UnknownSetting):
        policy.change(actor="user:1", cap_lead_hour=4, nonsense=1)
    with pytest.raises(ValidationError):
        policy.change(actor="user:1", mode="loud")
    assert policy.current().cap_lead_hour == 3


def test_kept_scores_follow_the_fading_ledger() -> None:
    from leads import scoring
    from leads.fading import JOB
    from leads.seeding import ensure_ground

    ensure_ground()
    lead = capture.capture_lead(actor="lead", phone="+14155550123").lead
    signal = scoring.Signal("asked_for_call", "call me", None, clock.now())
    scoring.update_score(
        lead=lead, signals=[signal], cause="wrote", actor="lead", at=clock.now()
    )
    lead.refresh_from_db()
    before = lead.score
    with clock.shifted(timedelta(days=60)):
        jobs.start_job(name=JOB, arguments={})
        run_due()
    lead.refresh_from_db()
    assert 0 < lead.score < before
