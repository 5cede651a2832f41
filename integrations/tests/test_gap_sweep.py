"""What Twilio took in and never brought is fetched, once, and counted."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from pytest_django import Settings

from integrations import gap_sweep, webhooks
from integrations.gap_counts import compared_today
from integrations.intake import Intake
from integrations.models import GapSweep, WebhookDelivery
from integrations.tests.http_loopback import answer, fresh_door, hang, reset, serve
from integrations.tests.twilio_loopback import DANA, NUMBER, Twilio, sid, twilio
from integrations.tests.webhook_requests import (
    ACCOUNT,
    SMS,
    app,
    post,
    signed,
    twilio_settings,
)
from leads.models import Job, Lead
from leads.seeding import ensure_ground
from leads.work import run_due
from messaging.channels import ensure_channel
from messaging.models import Attachment, Message, Profile

__all__ = ["app", "fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground(db: None) -> None:
    ensure_ground()


def ago(**span: float) -> datetime:
    return timezone.now() - timedelta(**span)


@pytest.fixture
def begun(twilio: Twilio) -> GapSweep:
    """An installation whose sweep last ran ten minutes ago."""
    at = ago(minutes=10)
    return GapSweep.objects.create(
        provider="twilio", account=ACCOUNT, begins_at=ago(days=9), swept_until=at
    )


def at_noon() -> None:
    """Put the company where it is about noon, so that today is long enough."""
    zone = f"Etc/GMT{timezone.now().hour - 12:+d}"
    Profile.objects.update_or_create(pk=1, defaults={"name": "A", "time_zone": zone})


def inbound() -> Any:
    return Message.objects.filter(direction="inbound")


def as_webhook(row: dict[str, Any]) -> dict[str, str]:
    return {
        "MessageSid": row["sid"],
        "AccountSid": ACCOUNT,
        "From": row["from"],
        "To": row["to"],
        "Body": row["body"],
        "NumMedia": row["num_media"],
    }


def journalled(row: dict[str, Any]) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        provider="twilio",
        route="twilio/sms/",
        external_id=row["sid"],
        state="done",
        done_at=timezone.now(),
    )


# --- what is fetched ---------------------------------------------------------


def test_a_text_that_never_arrived_is_received_like_any_other(
    twilio: Twilio, begun: GapSweep
) -> None:
    row = twilio.text_in("Do you have standing desks? Größe ✓")
    assert gap_sweep.sweep()["twilio"].fetched == 1
    run_due()
    message = inbound().get()
    assert (message.body, message.external_id) == (row["body"], row["sid"])
    assert (message.contact_point.value, message.channel.address) == (DANA, NUMBER)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.origin, delivery.state) == ("gap sweep", "done")


def test_a_webhook_that_comes_after_the_sweep_is_a_copy(
    app: Intake, twilio: Twilio
) -> None:
    GapSweep.objects.create(
        provider="twilio",
        account=ACCOUNT,
        begins_at=ago(days=9),
        swept_until=ago(minutes=10),
    )
    row = twilio.text_in()
    gap_sweep.sweep()
    run_due()
    assert post(app, signed(SMS, as_webhook(row))).status == 200
    run_due()
    assert WebhookDelivery.objects.count() == inbound().count() == 1


def test_a_text_that_did_arrive_is_left_alone(app: Intake, twilio: Twilio) -> None:
    begin = ago(minutes=10)
    GapSweep.objects.create(
        provider="twilio", account=ACCOUNT, begins_at=begin, swept_until=begin
    )
    row = twilio.text_in()
    assert post(app, signed(SMS, as_webhook(row))).status == 200
    assert gap_sweep.sweep()["twilio"].fetched == 0
    run_due()
    assert inbound().count() == 1


def test_many_sweeps_fetch_a_text_once(twilio: Twilio, begun: GapSweep) -> None:
    twilio.text_in()
    for _ in range(5):
        GapSweep.objects.update(swept_until=ago(minutes=10))
        gap_sweep.sweep()
        run_due()
    assert inbound().count() == 1


def test_fifty_dropped_texts_are_found_over_several_pages(
    twilio: Twilio, begun: GapSweep
) -> None:
    at_noon()
    twilio.page_size = 20
    rows = [
        twilio.text_in(
            f"text {n}", at=ago(seconds=70 + n), **{"from": f"+1415555{n:04}"}
        )
        for n in range(100, 220)
    ]
    for row in rows[::2]:
        journalled(row)
    dropped = {row["sid"] for row in rows[1::2]}
    swept = gap_sweep.sweep()["twilio"]
    assert swept.fetched == len(dropped) == 60
    fetched = WebhookDelivery.objects.filter(origin="gap sweep")
    assert set(fetched.values_list("external_id", flat=True)) == dropped
    run_due()
    assert inbound().count() == 60
    row = GapSweep.objects.get()
    assert (row.listed, row.arrived, row.fetched) == (120, 60, 60)


def test_pictures_come_along(twilio: Twilio, begun: GapSweep) -> None:
    row = twilio.text_in("", num_media="2")
    twilio.media[row["sid"]] = ["image/jpeg", "image/png"]
    gap_sweep.sweep()
    run_due(rounds=2)
    urls = list(Attachment.objects.values_list("source_url", flat=True))
    assert len(urls) == 2
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{row['sid']}/Media/ME"
    assert all(url.startswith(f"https://api.twilio.com{path}") for url in urls)
    kinds = Attachment.objects.values_list("content_type", flat=True)
    assert set(kinds) == {"image/jpeg", "image/png"}


def test_a_picture_that_twilio_no_longer_has_does_not_keep_the_text(
    twilio: Twilio, begun: GapSweep
) -> None:
    twilio.text_in("see the picture", num_media="1")
    assert gap_sweep.sweep()["twilio"].fetched == 1
    run_due()
    assert inbound().get().body == "see the picture"


def test_several_texts_of_a_lead_keep_their_order(
    twilio: Twilio, begun: GapSweep
) -> None:
    for number in (3, 1, 2):
        twilio.text_in(f"text {number}", at=ago(minutes=6 - number))
    gap_sweep.sweep()
    run_due()
    bodies = inbound().order_by("pk").values_list("body", flat=True)
    assert list(bodies) == ["text 1", "text 2", "text 3"]


def test_a_stop_that_never_arrived_stops(twilio: Twilio, begun: GapSweep) -> None:
    from leads.models import Suppression

    twilio.text_in("STOP")
    gap_sweep.sweep()
    run_due()
    assert Suppression.objects.get().contact_point.value == DANA


# --- what is not -------------------------------------------------------------


def test_without_twilio_it_does_nothing(settings: Settings) -> None:
    assert gap_sweep.sweep() == {}
    assert not GapSweep.objects.exists()
    assert compared_today() == []


def test_a_history_from_before_the_installation_makes_no_leads(
    twilio: Twilio,
) -> None:
    for hours in (1, 24, 700):
        twilio.text_in("old talk", at=ago(hours=hours))
    assert gap_sweep.sweep()["twilio"].fetched == 0
    GapSweep.objects.update(swept_until=ago(minutes=3), begins_at=ago(minutes=3))
    fresh = twilio.text_in("new talk", at=ago(minutes=2))
    assert gap_sweep.sweep()["twilio"].fetched == 1
    assert WebhookDelivery.objects.get().external_id == fresh["sid"]
    run_due()
    assert Lead.objects.count() == 1


def test_an_installation_that_had_webhooks_looks_back_to_the_first(
    twilio: Twilio,
) -> None:
    old = twilio.text_in("before us", at=ago(hours=30))
    first = twilio.text_in("the first", at=ago(hours=20))
    WebhookDelivery.objects.filter(pk=journalled(first).pk).update(
        received_at=ago(hours=20)
    )
    lost = twilio.text_in("lost", at=ago(hours=10))
    gap_sweep.sweep()
    fetched = WebhookDelivery.objects.filter(origin="gap sweep")
    assert [row.external_id for row in fetched] == [lost["sid"]]
    assert old["sid"] != lost["sid"]


def test_another_account_begins_anew(twilio: Twilio, settings: Settings) -> None:
    gap_sweep.sweep()
    journalled({"sid": sid()})
    WebhookDelivery.objects.update(received_at=ago(days=2))
    twilio.text_in("of the other account", at=ago(hours=3))
    GapSweep.objects.update(account="AC" + "f" * 32)
    assert gap_sweep.sweep()["twilio"].fetched == 0
    assert GapSweep.objects.count() == 2


def test_texts_of_our_other_applications_are_none_of_ours(
    twilio: Twilio, begun: GapSweep, settings: Settings
) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = service = "MG" + "0" * 31 + "1"
    twilio.text_in("to another number", to="+15005550009")
    twilio.text_out("ours")
    ensure_channel(kind="sms", address="+15005550007")
    known = twilio.text_in("to a channel", to="+15005550007")
    through = twilio.text_in("by service", to="+1500555", messaging_service_sid=service)
    gap_sweep.sweep()
    fetched = set(WebhookDelivery.objects.values_list("external_id", flat=True))
    assert fetched == {known["sid"], through["sid"]}


def test_a_text_that_has_just_come_in_is_left_to_its_webhook(
    twilio: Twilio, begun: GapSweep
) -> None:
    twilio.text_in("on its way", at=ago(seconds=20))
    assert gap_sweep.sweep()["twilio"].fetched == 0
    assert GapSweep.objects.get().listed == 0


def test_after_a_long_silence_only_three_days_are_fetched(twilio: Twilio) -> None:
    GapSweep.objects.create(
        provider="twilio",
        account=ACCOUNT,
        begins_at=ago(days=60),
        swept_until=ago(days=30),
    )
    twilio.text_in("long ago", at=ago(days=10))
    kept = [twilio.text_in("lately", at=ago(hours=hours)) for hours in (60, 30, 1)]
    assert gap_sweep.sweep()["twilio"].fetched == 3
    fetched = set(WebhookDelivery.objects.values_list("external_id", flat=True))
    assert fetched == {row["sid"] for row in kept}


# --- trouble -----------------------------------------------------------------


@pytest.mark.parametrize("script", [answer(500, b"{}"), reset, answer(200, b"<html>")])
def test_trouble_is_written_down_and_made_up_for_by_the_next_sweep(
    twilio: Twilio, begun: GapSweep, script: Any
) -> None:
    row = twilio.text_in()
    twilio.instead = script
    assert gap_sweep.sweep()["twilio"].trouble
    kept = GapSweep.objects.get()
    assert kept.failed_at is not None and kept.failure
    assert kept.swept_until == begun.swept_until
    twilio.instead = None
    assert gap_sweep.sweep()["twilio"].fetched == 1
    assert WebhookDelivery.objects.get().external_id == row["sid"]
    assert GapSweep.objects.get().failure == ""


def test_a_list_that_hangs_ends_with_the_sweeps_deadline(
    twilio: Twilio, begun: GapSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap_sweep, "DEADLINE", 0.6)
    twilio.instead = hang
    started = time.monotonic()
    assert "did not answer" in gap_sweep.sweep()["twilio"].trouble
    assert time.monotonic() - started < 3


def test_slow_pages_share_one_deadline(
    twilio: Twilio, begun: GapSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gap_sweep, "DEADLINE", 1.0)
    for number in range(40):
        twilio.text_in(f"text {number}")
    twilio.page_size = 2
    slow: Callable[..., None] = twilio.__call__

    def late(sock: Any, heard: bytes) -> None:
        time.sleep(0.3)
        twilio.instead = None
        slow(sock, heard)
        twilio.instead = late

    twilio.instead = late
    started = time.monotonic()
    assert gap_sweep.sweep()["twilio"].trouble
    assert time.monotonic() - started < 4
    assert GapSweep.objects.get().swept_until == begun.swept_until


def test_pictures_that_cannot_be_listed_now_are_asked_for_again(
    twilio: Twilio, begun: GapSweep
) -> None:
    row = twilio.text_in("", num_media="1")
    twilio.media[row["sid"]] = ["image/jpeg"]
    twilio.instead_of["/Media.json"] = answer(500, b"{}")
    assert gap_sweep.sweep()["twilio"].trouble
    assert not WebhookDelivery.objects.exists()
    twilio.instead_of.clear()
    assert gap_sweep.sweep()["twilio"].fetched == 1


def test_more_than_is_read_is_told_and_does_not_come_back(
    twilio: Twilio, begun: GapSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations import twilio_listing

    monkeypatch.setattr(twilio_listing, "SWEEP_PAGES", 2)
    twilio.page_size = 3
    for number in range(12):
        twilio.text_in(f"text {number}", at=ago(seconds=100 + number))
    swept = gap_sweep.sweep()["twilio"]
    assert swept.fetched == 6
    assert "compare by hand" in swept.trouble
    assert GapSweep.objects.get().swept_until > begun.swept_until


# --- the counts and the job --------------------------------------------------


def test_the_vendors_count_of_the_day_is_kept_beside_ours(
    twilio: Twilio, begun: GapSweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_noon()
    for number in range(3):
        journalled(twilio.text_in(f"arrived {number}", at=ago(minutes=5)))
    twilio.text_in("lost", at=ago(minutes=4))
    gap_sweep.sweep()
    (found,) = compared_today()
    assert (found.listed, found.arrived, found.fetched) == (4, 3, 1)
    assert found.until is not None and not found.is_late
    # What the next sweep's overlap sees again is not counted twice.
    journalled(twilio.text_in("another", at=ago(seconds=45)))
    monkeypatch.setattr(gap_sweep, "GRACE", timedelta(seconds=30))
    gap_sweep.sweep()
    (found,) = compared_today()
    assert (found.listed, found.arrived, found.fetched) == (5, 4, 1)


def test_yesterdays_count_is_not_todays(twilio: Twilio, begun: GapSweep) -> None:
    at_noon()
    GapSweep.objects.update(day=ago(days=2).date(), listed=9, arrived=9)
    (found,) = compared_today()
    assert (found.listed, found.arrived) == (0, 0)


def test_the_job_runs_every_five_minutes_and_forgets_its_own_rows(
    twilio: Twilio, begun: GapSweep
) -> None:
    assert django_settings.INTERVAL_JOBS[gap_sweep.JOB] == 300
    old = Job.objects.create(state="done", name=gap_sweep.JOB, created_at=ago(days=3))
    Job.objects.create(state="ready", name=gap_sweep.JOB, effect_key="gap:1")
    twilio.text_in()
    run_due()
    assert inbound().count() == 1
    assert not Job.objects.filter(pk=old.pk).exists()
    assert Job.objects.get(effect_key="gap:1").state == "done"


def test_a_quarantined_copy_that_was_fetched_cannot_come_in_twice(
    app: Intake, twilio: Twilio
) -> None:
    begin = ago(minutes=10)
    GapSweep.objects.create(
        provider="twilio", account=ACCOUNT, begins_at=begin, swept_until=begin
    )
    row = twilio.text_in()
    wrong = signed(SMS, as_webhook(row), base="https://old.example.com")
    assert post(app, wrong).status == 403
    assert gap_sweep.sweep()["twilio"].fetched == 1
    run_due()
    refused = WebhookDelivery.objects.get(state="quarantined")
    from messaging.tests.talk import person

    with pytest.raises(webhooks.NotPossible):
        webhooks.release(delivery=refused, user=person("boss"))
    assert inbound().count() == 1
