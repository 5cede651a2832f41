"""P4 for SendGrid: each event acts once, in whatever batches and threads."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from pytest_django import Settings

from integrations import webhooks
from integrations.intake import Intake
from integrations.models import ProcessedFact, WebhookDelivery
from integrations.providers.sendgrid import SendGridEvents
from integrations.tests.sendgrid_requests import (
    event,
    sendgrid_settings,
    signed_events,
)
from integrations.tests.sendgrid_world import of, row_of, sent_mail
from integrations.tests.webhook_requests import app, post, twilio_settings
from leads import clock
from leads.models import Event
from messaging.models import Message

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures

State = WebhookDelivery.State


def mixed_events(count: int) -> list[dict[str, Any]]:
    """So many events that each have an effect to be counted."""
    made = []
    for number in range(count):
        message = sent_mail(number)
        word = ("open", "click", "delivered", "unsubscribe", "bounce")[number % 5]
        made.append(
            event(word, type="bounce", url="https://e.example/a", **of(message))
        )
    return made


def effects() -> int:
    told = ("message.opened", "message.clicked", "message.delivered")
    kinds = (*told, "lead.opted_out", "contact.bounced")
    return Event.objects.filter(kind__in=kinds).count()


def deal(
    events: list[dict[str, Any]], rng: random.Random, *, times: int
) -> list[WebhookDelivery]:
    """Every event so many times, shuffled into batches of all sizes."""
    pile = events * times
    rng.shuffle(pile)
    rows = []
    while pile:
        size = rng.randint(1, 40)
        batch, pile = pile[:size], pile[size:]
        rows.append(row_of(batch))
    return rows


def run_all(rows: list[WebhookDelivery], moment: datetime) -> set[str]:
    """Process rows in 8 threads at once, when it is `moment`; their states.

    On SQLite, which has one writer, threads would only wait for each other.
    """

    def run(row: WebhookDelivery) -> str:
        try:
            with clock.at(moment):  # a thread has a clock of its own
                webhooks.process(delivery_id=row.pk)
            return str(WebhookDelivery.objects.get(pk=row.pk).state)
        finally:
            connections.close_all()

    threads = 8 if connection.vendor == "postgresql" else 1
    with ThreadPoolExecutor(threads) as pool:
        return set(pool.map(run, rows))


@pytest.mark.django_db(transaction=True)
def test_each_of_300_events_acts_once_in_8_threads_and_again_after_a_day() -> None:
    rng = random.Random(4)
    events = mixed_events(300)
    soon = clock.now() + timedelta(seconds=1)
    assert run_all(deal(events, rng, times=5), soon) == {State.DONE}
    assert effects() == 300
    assert ProcessedFact.objects.count() == 300
    tomorrow = soon + timedelta(hours=24)
    assert run_all(deal(events, rng, times=1), tomorrow) == {State.DONE}
    assert effects() == 300
    opened = Message.objects.filter(details__has_key="opened")
    assert {one.details["opened"][0]["times"] for one in opened} == {1}


def test_a_batch_comes_in_by_the_door_and_acts(
    app: Intake, sendgrid_settings: Settings
) -> None:
    message = sent_mail()
    batch = [event("processed", **of(message)), event("delivered", **of(message))]
    assert post(app, signed_events(batch)).status == 200
    assert post(app, signed_events(batch[::-1])).status == 200
    for row in WebhookDelivery.objects.all():
        webhooks.process(delivery_id=row.pk)
    message.refresh_from_db()
    assert message.state == "delivered"
    assert ProcessedFact.objects.count() == 2
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {State.DONE}


def test_a_batch_of_several_megabytes_is_read_whole(
    app: Intake, sendgrid_settings: Settings
) -> None:
    message = sent_mail()
    filler = [event("levitated", padding="x" * 2_000) for _ in range(1_500)]
    batch = [*filler, event("delivered", **of(message))]
    call = signed_events(batch)
    assert 2_000_000 < len(call.body) < SendGridEvents.max_body
    assert post(app, call).status == 200
    row = WebhookDelivery.objects.get()
    webhooks.process(delivery_id=row.pk)
    message.refresh_from_db()
    assert message.state == "delivered"
    too_many = signed_events([event("x", padding="x" * (5 * 1_048_576))])
    assert post(app, too_many).status == 413
