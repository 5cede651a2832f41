"""What the model was told: to the letter, for few, on record, for 30 days."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from leads import clock, jobs, retention
from leads.models import Event
from messaging import prompts, retaining
from messaging.models import PromptRecord
from messaging.tests.inbox_world import rep, signed_in
from messaging.tests.proof_world import proof_world

pytestmark = pytest.mark.django_db
INSTRUCTIONS = "Answer <only> from what is published.\n  Never promise."
INPUT = 'lead: "my card is [card number]"'
ANSWER = '{"reply": "A seat costs 29 USD."}'


@pytest.fixture
def at() -> SimpleNamespace:
    there = proof_world()
    there.record = PromptRecord.objects.create(
        turn=there.turn, version="reply-2", model="model-1",
        instructions=INSTRUCTIONS, input=INPUT, answer=ANSWER,
        created_at=clock.now(),
    )  # fmt: skip
    there.ada = rep("ada", there.team, role="admin")
    there.url = reverse(
        "prompt_read", args=[there.talk.public_id, there.draft.public_id]
    )
    return there


def test_the_address_is_as_it_was_agreed(at: SimpleNamespace) -> None:
    talk, message = at.talk.public_id, at.draft.public_id
    assert at.url == f"/admin/inbox/{talk}/{message}/prompt/"


def test_an_admin_reads_it_to_the_letter_and_that_is_on_record(
    at: SimpleNamespace,
) -> None:
    html = signed_in(at.ada).get(at.url).content.decode()
    assert "Answer &lt;only&gt; from what is published.\n  Never promise.</pre>" in html
    assert "lead: &quot;my card is [card number]&quot;</pre>" in html
    assert "{&quot;reply&quot;: &quot;A seat costs 29 USD.&quot;}</pre>" in html
    event = Event.objects.get(kind="prompt.viewed")
    assert (event.lead, event.actor) == (at.lead, f"user:{at.ada.pk}")
    assert event.payload == {"message": str(at.draft.public_id), "count": 1}


def test_owner_colleague_manager_and_readers_may_not(at: SimpleNamespace) -> None:
    rita = rep("rita", at.team, role="read-only")
    for user in (at.ana, at.ben, at.mia, rita):
        assert signed_in(user).get(at.url).status_code == 403, user
    assert not Event.objects.filter(kind="prompt.viewed").exists()


def test_strangers_find_nothing_even_as_admins(at: SimpleNamespace) -> None:
    olga = rep("olga", at.other, role="admin")
    for user in (at.cleo, olga):
        assert signed_in(user).get(at.url).status_code == 404, user
    assert Client().get(at.url).status_code == 302
    assert not Event.objects.filter(kind="prompt.viewed").exists()


def test_nothing_kept_says_why_and_is_not_on_record(at: SimpleNamespace) -> None:
    at.record.delete()
    html = signed_in(User.objects.create_superuser("root")).get(at.url).content
    assert b"Nothing is kept of this message" in html
    assert not Event.objects.filter(kind="prompt.viewed").exists()


def test_prompts_are_deleted_after_thirty_days(at: SimpleNamespace) -> None:
    now = clock.now()
    at.record.created_at = now - timedelta(days=30, seconds=1)
    at.record.save()
    kept = PromptRecord.objects.create(
        turn=at.turn, version="reply-2", model="m", instructions="i", input="p",
        created_at=now - timedelta(days=30) + timedelta(seconds=1),
    )  # fmt: skip
    assert prompts.purge_prompts(now) == 1
    assert list(PromptRecord.objects.all()) == [kept]
    assert prompts.purge_prompts(now) == 0


def test_many_go_in_batches(
    at: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retaining, "BATCH", 2)
    old = clock.now() - timedelta(days=40)
    PromptRecord.objects.bulk_create(
        PromptRecord(
            turn=at.turn, version="v", model="m", instructions="i", input="p",
            created_at=old,
        )
        for _ in range(5)
    )  # fmt: skip
    assert prompts.purge_prompts(clock.now()) == 5
    assert PromptRecord.objects.count() == 1


def test_the_daily_jobs_do_it(at: SimpleNamespace) -> None:
    assert retention.JOB in settings.DAILY_JOBS
    at.record.created_at = clock.now() - timedelta(days=31)
    at.record.save()
    job = jobs.start_job(name=retention.JOB, arguments={})
    jobs.run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == "done"
    assert not PromptRecord.objects.exists()
