"""What is kept too long goes, by its rule, and nothing else does."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.storage import default_storage
from pytest_django import Settings

from leads import clock, retention
from leads.models import Delivery, Event, Lead, PrivacyRequest, Stage
from leads.work import run_due
from messaging import retaining
from messaging.models import Mail, Message
from messaging.tests.inbox_world import office, rep, said
from messaging.tests.mail_world import file_of, mail

pytestmark = pytest.mark.django_db
DAY = 24 * 60


@pytest.fixture
def at(settings: Settings, tmp_path: Path) -> SimpleNamespace:
    settings.MEDIA_ROOT = str(tmp_path)
    there = office()
    there.ada = rep("ada", there.team, role="admin")
    there.old = said(there.talk, "What we said then", minutes_ago=100 * DAY)
    return there


def keep(at: SimpleNamespace, key: str, days: int | None) -> None:
    retention.change_rule(key=key, days=days, user=at.ada)


def close(at: SimpleNamespace) -> None:
    won = Stage.objects.create(key="shut", name="Shut", kind=Stage.Kind.WON)
    Lead.objects.filter(pk=at.lead.pk).update(stage=won)


def applied() -> dict[str, int]:
    return retention.apply_rules(clock.now())


def test_words_go_only_of_closed_leads(at: SimpleNamespace) -> None:
    keep(at, "message_texts", 90)
    assert applied()["message_texts"] == 0
    close(at)
    assert retention.would_remove("message_texts", 90) == 1
    assert applied()["message_texts"] == 1
    at.old.refresh_from_db()
    at.first.refresh_from_db()
    assert at.old.body == retaining.REMOVED
    assert at.first.body.startswith("We need about 40 seats")
    assert applied()["message_texts"] == 0


def test_files_and_whole_mails_go_by_their_own_rules(at: SimpleNamespace) -> None:
    row = mail(
        at.talk, "Yes", original="Yes\n> quoted", html="<p>Yes", minutes_ago=50 * DAY
    )
    old, new = file_of(row), file_of(mail(at.talk, "New", original="New\n> it"))
    keep(at, "attachments", 40)
    keep(at, "mail_originals", 60)
    done = applied()
    assert (done["attachments"], done["mail_originals"]) == (1, 0)
    assert not default_storage.exists(old.path)
    assert default_storage.exists(new.path)
    old.refresh_from_db()
    assert (old.state, old.path) == ("refused", "")
    keep(at, "mail_originals", 40)
    assert applied()["mail_originals"] == 1
    kept = Mail.objects.get(message=row)
    assert (kept.original, kept.html, kept.message.body) == ("", "", "Yes")
    assert Mail.objects.exclude(original="").count() == 1


def test_many_go_in_batches(at: SimpleNamespace, monkeypatch: Any) -> None:
    monkeypatch.setattr(retaining, "BATCH", 2)
    for _ in range(5):
        said(at.talk, "Again", minutes_ago=99 * DAY)
    close(at)
    keep(at, "message_texts", 30)
    assert applied()["message_texts"] == 6
    assert Message.objects.exclude(body=retaining.REMOVED).count() == 1


def test_closed_leads_without_activity_are_erased(at: SimpleNamespace) -> None:
    long_ago = clock.now() - timedelta(days=400)
    close(at)
    keep(at, "closed_leads", 365)
    assert applied()["closed_leads"] == 0
    Lead.objects.filter(pk=at.lead.pk).update(created_at=long_ago, updated_at=long_ago)
    Event.objects.filter(lead=at.lead).update(occurred_at=long_ago)
    assert retention.would_remove("closed_leads", 365) == 1
    assert applied()["closed_leads"] == 1
    assert applied()["closed_leads"] == 0  # asked for once
    run_due()
    assert not Lead.objects.filter(pk=at.lead.pk).exists()
    asked = PrivacyRequest.objects.get()
    assert (asked.asked_by, asked.done_at is not None) == (None, True)


def test_history_goes_but_not_what_waits_for_a_subscriber(at: SimpleNamespace) -> None:
    long_ago = clock.now() - timedelta(days=50)
    rows = [
        Event.objects.create(kind="lead.edited", actor="system", occurred_at=long_ago)
        for _ in range(2)
    ]
    Delivery.objects.create(event=rows[0], subscriber="x", state="ready")
    keep(at, "events", 40)
    applied()
    left = set(Event.objects.values_list("pk", flat=True))
    assert rows[0].pk in left
    assert rows[1].pk not in left


def test_one_class_that_fails_keeps_no_other(
    at: SimpleNamespace, monkeypatch: Any
) -> None:
    close(at)
    keep(at, "message_texts", 30)
    keep(at, "attachments", 30)
    file_of(at.old)

    def away(path: str) -> None:
        raise OSError("away")

    monkeypatch.setattr(default_storage._wrapped, "delete", away)
    with pytest.raises(OSError, match="away"):
        applied()
    at.old.refresh_from_db()
    assert at.old.body == retaining.REMOVED
    assert at.old.attachments.get().path
