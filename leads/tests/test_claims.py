"""A queue row is worked by one process at a time, and never lost."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import claims, clock
from leads.models import Job

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


def make_job(**values: object) -> Job:
    fields = {"name": "noop", "state": "ready", "due_at": clock.now(), **values}
    return Job.objects.create(**fields)


def test_a_claim_is_won_once() -> None:
    job = make_job()
    assert claims.claim(Job, job.pk, lease=LEASE) is not None
    assert claims.claim(Job, job.pk, lease=LEASE) is None


def test_the_claim_counts_the_attempt_before_the_work() -> None:
    job = make_job()
    claims.claim(Job, job.pk, lease=LEASE)
    job.refresh_from_db()
    assert (job.attempts, job.state) == (1, "working")


def test_a_row_that_is_not_due_is_not_claimed() -> None:
    job = make_job(due_at=clock.now() + timedelta(minutes=1))
    assert claims.claim(Job, job.pk, lease=LEASE) is None
    with clock.shifted(timedelta(minutes=2)):
        assert claims.claim(Job, job.pk, lease=LEASE) is not None


def test_claim_due_takes_the_longest_due_first_and_no_more_than_asked() -> None:
    now = clock.now()
    ages = [1, 3, 2]
    made = {age: make_job(due_at=now - timedelta(minutes=age)) for age in ages}
    taken = claims.claim_due(Job, limit=2, lease=LEASE)
    assert [job.pk for job in taken] == [made[3].pk, made[2].pk]


def test_a_lost_claim_cannot_finish_the_row() -> None:
    job = make_job()
    first = claims.claim(Job, job.pk, lease=LEASE)
    assert first is not None
    claims.requeue_orphan(first)
    second = claims.claim(Job, job.pk, lease=LEASE)
    assert second is not None
    first.state = "working"
    assert not claims.finish(first, state="done")
    assert claims.finish(second, state="done")


def test_failures_wait_longer_each_time_and_end_as_a_dead_letter() -> None:
    job = make_job()
    waits = []
    for day in range(Job.MAX_ATTEMPTS):
        with clock.shifted(timedelta(days=day)):
            claimed = claims.claim(Job, job.pk, lease=LEASE)
            assert claimed is not None
            claims.retry_or_bury(claimed, error="no", delay=timedelta(seconds=10))
            waits.append(claimed.due_at - clock.now())
    job.refresh_from_db()
    assert job.state == "dead"
    assert job.last_error == "no"
    assert [round(w.total_seconds()) for w in waits[:4]] == [10, 20, 40, 80]


def test_a_row_that_kills_its_process_three_times_is_buried() -> None:
    job = make_job()
    for _ in range(3):
        claimed = claims.claim(Job, job.pk, lease=timedelta(seconds=-1))
        assert claimed is not None
        (orphan,) = claims.orphans(Job)
        claims.requeue_orphan(orphan)
    job.refresh_from_db()
    assert job.state == "dead"


def test_only_an_expired_lease_makes_an_orphan() -> None:
    job = make_job()
    claims.claim(Job, job.pk, lease=LEASE)
    assert not claims.orphans(Job).exists()
    past = timezone.now() - timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(lease_until=past)
    assert claims.orphans(Job).exists()


def test_move_only_leaves_the_named_states() -> None:
    job = make_job()
    assert not claims.move(job, old="done", new="ready")
    assert claims.move(job, old=["ready", "done"], new="done", progress=100)
    assert (job.state, job.progress) == ("done", 100)
