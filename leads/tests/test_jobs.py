"""A job keeps its claim for as long as it runs, and loses it soon after it died."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from leads import claims, jobs
from leads.models import Job


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(jobs, "RENEW_SECONDS", 0.1)


@pytest.mark.django_db(transaction=True)
def test_a_long_job_is_nobody_elses_while_it_runs(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def slow(job: Job) -> None:
        time.sleep(1.5)  # two and a half leases
        seen.append(list(claims.orphans(Job)))

    monkeypatch.setitem(jobs._functions, "tests.slow", slow)
    job = jobs.start_job(name="tests.slow", arguments={})
    jobs.run_job(job_id=job.pk)
    job.refresh_from_db()
    assert seen == [[]]
    assert (job.state, job.attempts) == ("done", 1)


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_process_died_is_an_orphan_after_its_lease() -> None:
    job = jobs.start_job(name="tests.gone", arguments={})
    held = claims.claim(Job, job.pk, lease=jobs.LEASE)
    assert held is not None
    Job.objects.filter(pk=job.pk).update(lease_until=timezone.now())
    assert [row.pk for row in claims.orphans(Job)] == [job.pk]
    assert timedelta(seconds=60) > jobs.LEASE
