"""From a journal row to what it does: once, in any order, whatever stands beside."""

import uuid
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from integrations import journal, webhooks
from integrations.base import Body
from integrations.intake import Intake
from integrations.models import DeliveryChunk, ProcessedFact, WebhookDelivery
from integrations.tests.webhook_requests import (
    BASE,
    FORM,
    SMS,
    TOKEN,
    app,
    encode,
    post,
    recorded,
    sign,
    signed,
    twilio_settings,
)
from leads import clock, work
from leads.models import Event, Job, Lead, Suppression
from messaging.models import Attachment, Message
from messaging.transports import DeliveryUpdate, InboundMessage

__all__ = ["app", "twilio_settings"]  # fixtures

State = WebhookDelivery.State


@pytest.fixture
def admin_user(db: None) -> User:
    return User.objects.create_superuser("ana", "ana@example.com", "long enough 42")


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The facts that the domain was given, without its doing anything."""
    facts: list[Any] = []

    def take(*, fact: Any) -> None:
        facts.append(fact)

    routes = {InboundMessage: take, DeliveryUpdate: take}
    monkeypatch.setattr(webhooks, "ROUTES", routes)
    return facts


def row_of(
    name: str = "sms_text", *, route: str = "twilio/sms/", **fields: Any
) -> WebhookDelivery:
    params = {**recorded(name), **fields.pop("params", {})}
    body = encode(params)
    given = {
        "provider": "twilio",
        "route": route,
        "external_id": params.get("MessageSid", uuid.uuid4().hex),
        "state": State.RECEIVED,
        "url": f"{BASE}/hooks/{route}",
        "headers": {
            "content-type": FORM,
            "x-twilio-signature": sign(f"{BASE}/hooks/{route}", params),
        },
        "content_type": FORM,
        "body": body,
        "size": len(body),
        "digest": Body(body).digest,
        **fields,
    }
    return WebhookDelivery.objects.create(**given)


def run(row: WebhookDelivery) -> WebhookDelivery:
    webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    return row


# --- what it does ------------------------------------------------------------


def test_a_text_becomes_a_message_of_a_lead(db: None) -> None:
    row = run(row_of())
    assert (row.state, row.last_error) == (State.DONE, "")
    assert row.done_at is not None
    message = Message.objects.get()
    assert message.body == recorded("sms_text")["Body"]
    assert message.external_id == recorded("sms_text")["MessageSid"]
    assert Lead.objects.get().conversation == message.conversation


@pytest.mark.parametrize(
    "name", ["sms_from_short_code", "sms_from_sender_name", "sms_emoji"]
)
def test_odd_senders_and_texts_are_stored(db: None, name: str) -> None:
    assert run(row_of(name)).state == State.DONE
    assert Message.objects.get().body == recorded(name)["Body"]


def test_a_picture_without_words_is_a_message_with_a_fetch_of_its_own(
    db: None,
) -> None:
    assert run(row_of("mms_picture_only")).state == State.DONE
    assert Message.objects.get().body == ""
    attachment = Attachment.objects.get()
    job = Job.objects.get(name="integrations.fetch_media")
    assert job.arguments == {"attachment": attachment.pk}


def test_a_stop_by_twilios_own_word_suppresses(db: None) -> None:
    run(row_of("sms_stop_advanced_opt_out"))
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("name", ["sms_without_sender", "sms_withheld_sender"])
def test_what_nobody_could_answer_is_a_dead_letter_at_once(db: None, name: str) -> None:
    row = run(row_of(name))
    assert (row.state, row.attempts) == (State.DEAD, 1)
    assert "sender" in row.last_error
    assert bytes(row.body), "the raw request is kept"
    assert not Message.objects.exists()


def test_reading_the_same_row_again_does_nothing_twice(
    db: None, admin_user: User
) -> None:
    row = run(row_of())
    webhooks.replay(delivery=row, user=admin_user)
    assert run(row).state == State.DONE
    assert Message.objects.count() == 1


def test_a_delivery_report_that_overtook_its_message_is_tried_again(db: None) -> None:
    route = f"twilio/status/{uuid.uuid4()}/"
    row = run(row_of("status_delivered", route=route))
    assert row.state == State.RECEIVED
    assert "no message" in row.last_error
    assert row.due_at > clock.now()


# --- failure stays on the row ------------------------------------------------


def test_a_failure_is_tried_five_times_then_waits_for_a_person(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*, fact: Any) -> None:
        raise RuntimeError("no such table")

    monkeypatch.setattr(webhooks, "ROUTES", {InboundMessage: fail})
    row, start = row_of(), clock.now()
    for attempt in range(1, 6):
        with clock.at(start + timedelta(hours=attempt)):
            assert run(row).attempts == attempt
    assert (row.state, row.last_error) == (State.DEAD, "RuntimeError: no such table")
    with clock.at(start + timedelta(days=3)):
        assert run(row).attempts == 5


def test_five_tries_end_within_a_day(db: None) -> None:
    waits = [webhooks.FIRST_DELAY * 6**n for n in range(4)]
    assert sum(waits, timedelta()) < timedelta(hours=24)


def test_forty_poison_rows_among_four_hundred_good_ones_stop_nobody(
    db: None, taken: list[Any], admin_user: User
) -> None:
    sids = [f"SM{n:032x}" for n in range(440)]
    rows = [row_of(params={"MessageSid": sid}) for sid in sids]
    poison = {row.pk for row in rows[::11]}
    parse = webhooks._facts

    def explode(row: WebhookDelivery) -> list[object]:
        if row.pk in poison:
            raise RecursionError("poison")
        return parse(row)

    start = clock.now()
    with mock.patch.object(webhooks, "_facts", explode):
        for hours in range(6):
            with clock.at(start + timedelta(hours=hours)):
                for pk in webhooks.WORKER.due_ids(limit=1000):
                    work.run_one(webhooks.WORKER, pk)
    assert len(taken) == 400
    dead = WebhookDelivery.objects.filter(state=State.DEAD)
    assert set(dead.values_list("pk", flat=True)) == poison
    for row in dead:  # after the "fix"
        webhooks.replay(delivery=row, user=admin_user)
        assert run(row).state == State.DONE
    assert len({fact.external_id for fact in taken}) == len(taken) == 440


def test_a_route_that_is_gone_is_a_dead_letter_not_a_loop(db: None) -> None:
    assert run(row_of(route="twilio/fax/")).state == State.DEAD
    row = run(row_of(params={"MessageSid": "SM" + "b" * 32}, provider="nobody"))
    assert (row.state, row.attempts) == (State.RECEIVED, 1)
    assert "no webhook of 'nobody'" in row.last_error


def test_a_row_that_another_process_holds_is_left_alone(
    db: None, taken: list[Any]
) -> None:
    row = row_of(state=State.WORKING)
    assert run(row).state == State.WORKING
    assert taken == []


# --- by a person -------------------------------------------------------------


def test_replay_wants_a_row_that_ended_and_still_has_its_body(
    db: None, admin_user: User
) -> None:
    with pytest.raises(webhooks.NotPossible, match="it is waiting"):
        webhooks.replay(delivery=row_of(), user=admin_user)
    purged = row_of(
        params={"MessageSid": "SM" + "c" * 32},
        state=State.DONE,
        purged_at=clock.now(),
    )
    with pytest.raises(webhooks.NotPossible, match="purged on"):
        webhooks.replay(delivery=purged, user=admin_user)


def test_a_request_signed_for_another_address_comes_in_on_release(
    app: Intake, settings: Settings, admin_user: User
) -> None:
    settings.PUBLIC_BASE_URL = "https://old.example.com"
    assert post(app, signed(SMS, recorded("sms_text"))).status == 403
    row = WebhookDelivery.objects.get()
    webhooks.release(delivery=row, user=admin_user)
    row.refresh_from_db()
    assert row.state == State.RECEIVED
    assert row.external_id == recorded("sms_text")["MessageSid"]
    assert run(row).state == State.DONE
    assert Message.objects.count() == 1
    note = Event.objects.get(kind="webhook.released")
    assert note.actor == f"user:{admin_user.pk}"


def test_what_came_before_twilio_was_set_up_comes_in_on_release(
    app: Intake, settings: Settings, admin_user: User
) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    assert post(app, signed(SMS, recorded("sms_text"))).status == 403
    row = WebhookDelivery.objects.get()
    with pytest.raises(webhooks.NotPossible, match="Twilio is not set up"):
        webhooks.release(delivery=row, user=admin_user)
    settings.TWILIO_AUTH_TOKEN = TOKEN
    webhooks.release(delivery=row, user=admin_user)
    row.refresh_from_db()
    assert row.state == State.RECEIVED


def test_a_forgery_cannot_be_released(app: Intake, admin_user: User) -> None:
    forged = signed(SMS, recorded("sms_text"), token="wrong")
    assert post(app, forged).status == 403
    row = WebhookDelivery.objects.get()
    with pytest.raises(webhooks.NotPossible, match="cannot be proven genuine"):
        webhooks.release(delivery=row, user=admin_user)
    row.refresh_from_db()
    assert row.state == State.QUARANTINED


def test_a_copy_of_what_came_in_since_is_discarded_on_release(
    app: Intake, settings: Settings, admin_user: User
) -> None:
    call = signed(SMS, recorded("sms_text"))
    settings.PUBLIC_BASE_URL = "https://old.example.com"
    assert post(app, call).status == 403
    settings.PUBLIC_BASE_URL = BASE
    assert post(app, call).status == 200
    row = WebhookDelivery.objects.get(state=State.QUARANTINED)
    with pytest.raises(webhooks.NotPossible, match="had already come in"):
        webhooks.release(delivery=row, user=admin_user)
    row.refresh_from_db()
    assert row.state == State.DISCARDED


def test_discard_sets_a_dead_letter_aside(db: None, admin_user: User) -> None:
    row = row_of(state=State.DEAD)
    webhooks.discard(delivery=row, user=admin_user)
    row.refresh_from_db()
    assert row.state == State.DISCARDED
    with pytest.raises(webhooks.NotPossible):
        webhooks.discard(delivery=row, user=admin_user)


# --- by time -----------------------------------------------------------------


def test_bodies_go_after_30_days_keys_after_45_refusals_after_7(db: None) -> None:
    now = clock.now()
    done: dict[int, WebhookDelivery] = {}
    for days in (29, 31, 46):
        ended = now - timedelta(days=days)
        sid = {"MessageSid": f"SM{days:032x}"}
        done[days] = row_of(params=sid, state=State.DONE, done_at=ended)
    DeliveryChunk.objects.create(delivery=done[31], position=0, data=b"x")
    dead = row_of(
        params={"MessageSid": "SM" + "d" * 32},
        state=State.DEAD,
        received_at=now - timedelta(days=99),
    )
    for days in (6, 8):
        row_of(
            external_id=f"refused:{days}",
            state=State.QUARANTINED,
            received_at=now - timedelta(days=days),
        )
    for days in (44, 46):
        seen = now - timedelta(days=days)
        ProcessedFact.objects.create(provider="x", external_id=f"{days}", seen_at=seen)
    counts = webhooks.purge_bodies(now)
    assert counts == {"emptied": 2, "forgotten": 1, "facts": 1, "refused": 1}
    assert [fact.external_id for fact in ProcessedFact.objects.all()] == ["44"]
    kept = {row.external_id: row for row in WebhookDelivery.objects.all()}
    assert bytes(kept[done[29].external_id].body)
    assert bytes(kept[done[31].external_id].body) == b""
    assert kept[done[31].external_id].headers == {}
    assert done[46].external_id not in kept
    assert bytes(kept[dead.external_id].body), "a dead letter keeps its request"
    assert "refused:6" in kept and "refused:8" not in kept
    assert not DeliveryChunk.objects.exists()
    assert webhooks.purge_bodies(now) == dict.fromkeys(counts, 0)


def test_a_body_in_chunks_is_read_whole(db: None, taken: list[Any]) -> None:
    params = {**recorded("sms_text"), "Body": "x" * 1_100_000}
    body = encode(params)
    row = row_of(body=b"", size=len(body))
    for position, start in enumerate(range(0, len(body), 1_048_576)):
        DeliveryChunk.objects.create(
            delivery=row, position=position, data=body[start : start + 1_048_576]
        )
    assert journal.body_of(row) == body
    assert run(row).state == State.DONE
    assert len(taken) == 1
