"""Mail through SendGrid's door: journalled in pieces, read once, its folder gone."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from pytest_django import Settings

from integrations import journal, sendgrid_arriving, spool, webhooks
from integrations.base import MEGABYTE, Received, UnreadableDelivery
from integrations.intake import Intake
from integrations.models import DeliveryChunk, WebhookDelivery
from integrations.sendgrid_arrived import Arrived
from integrations.tests.sendgrid_requests import (
    INBOUND,
    MULTIPART,
    NOW,
    multipart,
    parsed,
    raw_mail,
    read_now,
    sendgrid_settings,
    sign,
    signed_mail,
)
from integrations.tests.webhook_requests import app, post, twilio_settings
from messaging.mail.facts import InboundMail
from messaging.mail.parsing import ParserTrouble

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures

State = WebhookDelivery.State


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The mails that the domain was given; each was there with its folder."""
    facts: list[Any] = []

    def take(*, fact: InboundMail) -> None:
        assert Path(fact.folder).is_dir()
        assert all(Path(file.path).exists() for file in fact.mail.files if file.path)
        facts.append(fact)

    monkeypatch.setattr(webhooks, "ROUTES", {InboundMail: take})
    return facts


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders are made: empty, and seen by this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def come_in(app: Intake, body: bytes, **given: Any) -> WebhookDelivery:
    assert post(app, signed_mail(body, **given)).status == 200
    row = WebhookDelivery.objects.latest("pk")
    webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    return row


# --- through the door --------------------------------------------------------


def test_a_small_mail_becomes_a_fact_and_its_folder_goes(
    app: Intake, sendgrid_settings: Settings, taken: list[Any], temporary: Path
) -> None:
    row = come_in(app, multipart(parsed()))
    assert (row.state, row.provider) == (State.DONE, "sendgrid-inbound")
    (fact,) = taken
    assert (fact.provider, fact.mail.subject) == ("sendgrid", "Prices")
    assert fact.received_at == row.received_at
    assert list(temporary.iterdir()) == []


def test_a_signed_mail_of_ten_megabytes_is_accepted(
    app: Intake, sendgrid_settings: Settings, taken: list[Any], temporary: Path
) -> None:
    mail = raw_mail(10 * MEGABYTE)
    fields = {name: parsed()[name] for name in ("envelope", "SPF", "to", "from")}
    body = multipart({"email": mail, **fields})
    row = come_in(app, body)
    assert row.size > 10 * MEGABYTE
    assert DeliveryChunk.objects.filter(delivery=row).count() == -(
        -row.size // MEGABYTE
    )
    assert b"".join(journal.pieces_of(row)) == body
    assert (row.state, row.last_error) == (State.DONE, "")
    (fact,) = taken
    (file,) = fact.mail.files
    assert (file.name, file.size > 7 * MEGABYTE) == ("plan.bin", True)
    assert list(temporary.iterdir()) == []


def test_a_forged_mail_of_ten_megabytes_is_not(
    app: Intake, sendgrid_settings: Settings
) -> None:
    body = multipart({"email": raw_mail(10 * MEGABYTE)})
    call = signed_mail(body)
    forged = replace(call, body=body.replace(b"Here it is", b"Here it was"))
    assert post(app, forged).status == 403
    assert not WebhookDelivery.objects.filter(state=State.RECEIVED).exists()
    kept = WebhookDelivery.objects.get()
    assert len(kept.body) == journal.QUARANTINE_BYTES


def test_31_megabytes_are_heard_and_not_a_byte_more(
    app: Intake, sendgrid_settings: Settings
) -> None:
    most = 31 * MEGABYTE
    head = multipart(parsed())
    whole = head + b"x" * (most - len(head))
    assert post(app, replace(signed_mail(whole), chunks=40)).status == 200
    assert post(app, signed_mail(whole + b"x")).status == 413
    unannounced = signed_mail(whole + b"x").with_headers(content_length="0")
    assert post(app, replace(unannounced, chunks=40)).status == 413
    assert WebhookDelivery.objects.count() == 1


def test_who_does_not_know_the_token_is_not_heard_at_length(
    app: Intake, sendgrid_settings: Settings
) -> None:
    body = multipart({"email": raw_mail(3 * MEGABYTE)})
    stranger = signed_mail(body, path="/hooks/sendgrid/inbound/guessed/")
    assert post(app, stranger).status == 413
    unsigned = replace(signed_mail(body), headers={"content-type": MULTIPART})
    assert post(app, unsigned).status == 413
    assert post(app, signed_mail(body)).status == 200


def test_a_database_that_is_away_is_503_for_a_large_mail_too(
    app: Intake, sendgrid_settings: Settings
) -> None:
    body = multipart({"email": raw_mail(2 * MEGABYTE)})
    with mock.patch.object(journal, "_insert", side_effect=OperationalError("away")):
        heard = post(app, signed_mail(body))
    assert (heard.status, heard.headers["retry-after"]) == (503, "30")
    assert post(app, signed_mail(body)).status == 200
    assert WebhookDelivery.objects.count() == 1


def test_a_large_body_is_never_whole_in_memory_at_the_door(
    app: Intake, sendgrid_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.base import Body

    def never(self: Body) -> bytes:
        raise AssertionError("the whole body was asked for")

    monkeypatch.setattr(Body, "raw", property(never))
    body = multipart({"email": raw_mail(2 * MEGABYTE)})
    assert post(app, signed_mail(body)).status == 200


def test_what_cannot_be_read_is_a_dead_letter_that_can_be_replayed(
    app: Intake,
    sendgrid_settings: Settings,
    taken: list[Any],
    temporary: Path,
    admin_user: Any,
) -> None:
    row = come_in(app, multipart({"SPF": "pass"}))
    assert row.state == State.DEAD
    assert "holds no mail" in row.last_error
    assert list(temporary.iterdir()) == []
    webhooks.replay(delivery=row, user=admin_user)
    mended = Arrived(
        mail=read_now(multipart(parsed()), temporary).mail, external_id="m"
    )
    with mock.patch.object(sendgrid_arriving, "parse", return_value=mended):
        webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    assert row.state == State.DONE
    assert len(taken) == 1


def test_trouble_of_our_own_is_tried_again_and_leaves_no_folder(
    app: Intake, sendgrid_settings: Settings, taken: list[Any], temporary: Path
) -> None:
    trouble = ParserTrouble("the mail parser does not start")
    with mock.patch.object(sendgrid_arriving, "parse", side_effect=trouble):
        row = come_in(app, multipart(parsed()))
    assert (row.state, row.attempts) == (State.RECEIVED, 1)
    assert list(temporary.iterdir()) == []

    def fail(*, fact: InboundMail) -> None:
        raise RuntimeError("the domain failed")

    with mock.patch.dict(webhooks.ROUTES, {InboundMail: fail}):
        WebhookDelivery.objects.update(due_at=row.received_at)
        webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.RECEIVED, 2)
    assert list(temporary.iterdir()) == []


def test_a_body_that_lost_a_part_says_so(
    app: Intake, sendgrid_settings: Settings, taken: list[Any], temporary: Path
) -> None:
    body = multipart({"email": raw_mail(2 * MEGABYTE)})
    assert post(app, signed_mail(body)).status == 200
    row = WebhookDelivery.objects.get()
    DeliveryChunk.objects.get(delivery=row, position=1).delete()
    webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    assert "bytes are missing" in row.last_error
    assert taken == [] and list(temporary.iterdir()) == []


def test_folders_of_killed_processes_go_after_a_day(temporary: Path) -> None:
    import os

    old, new = Path(spool.make_folder()), Path(spool.make_folder())
    (old / "file").write_bytes(b"x")
    foreign = temporary / "somebody"
    foreign.mkdir()
    for path in (old, foreign):
        os.utime(path, (1_000_000, 1_000_000))
    assert spool.remove_old_folders() == 1
    assert sorted(temporary.iterdir()) == sorted([new, foreign])


def test_a_delivery_is_read_in_pieces(temporary: Path) -> None:
    body = multipart(parsed())
    asked: list[int] = []

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 100):
            asked.append(start)
            yield body[start : start + 100]

    received = Received(
        kind="mail",
        parts={},
        headers={},
        content_type=MULTIPART,
        body=b"",
        received_at=NOW,
        large=pieces,
    )
    fact = sendgrid_arriving.read_delivery(received)
    assert len(asked) > 5
    assert fact.mail.subject == "Prices"
    assert Path(fact.folder).is_dir()
    with pytest.raises(UnreadableDelivery, match="is not SendGrid's form"):
        sendgrid_arriving.read_delivery(replace(received, content_type="text/plain"))
    assert [str(path) for path in temporary.iterdir()] == [fact.folder]


def test_a_retry_that_sendgrid_signs_anew_is_a_copy(
    app: Intake, sendgrid_settings: Settings, taken: list[Any]
) -> None:
    body = multipart(parsed())
    for _ in range(3):
        call = signed_mail(body)
        assert post(app, replace(call, headers={**call.headers, **sign(body)})).status
    assert WebhookDelivery.objects.count() == 1
    assert INBOUND not in repr(WebhookDelivery.objects.values())


def test_a_refused_mail_comes_in_once_the_settings_are_right(
    app: Intake,
    sendgrid_settings: Settings,
    taken: list[Any],
    admin_user: Any,
) -> None:
    right = sendgrid_settings.SENDGRID_INBOUND_PUBLIC_KEY
    sendgrid_settings.SENDGRID_INBOUND_PUBLIC_KEY = "rubbish"
    assert post(app, signed_mail(multipart(parsed()))).status == 403
    row = WebhookDelivery.objects.get()
    with pytest.raises(webhooks.NotPossible, match="signature is not right"):
        webhooks.release(delivery=row, user=admin_user)
    sendgrid_settings.SENDGRID_INBOUND_PUBLIC_KEY = right
    # Long after it came, which its time stamp was right for.
    with mock.patch("time.time", return_value=row.created_at.timestamp() + 86_400):
        webhooks.release(delivery=row, user=admin_user)
    webhooks.process(delivery_id=row.pk)
    row.refresh_from_db()
    assert row.state == State.DONE
    assert len(taken) == 1


def test_a_boundary_may_be_longer_than_the_journals_column(
    app: Intake, sendgrid_settings: Settings, taken: list[Any]
) -> None:
    boundary = "b" * 240
    call = signed_mail(multipart(parsed(), boundary=boundary))
    kind = f"multipart/form-data; boundary={boundary}"
    assert post(app, call.with_headers(content_type=kind)).status == 200
    row = WebhookDelivery.objects.get()
    webhooks.process(delivery_id=row.pk)
    assert [fact.mail.subject for fact in taken] == ["Prices"]
