"""What SendGrid tells of our mail: each event acts once, whatever brings it."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integrations.base import Once, Received, Unreadable, UnreadableDelivery
from integrations.sendgrid_events import read_batch
from integrations.tests.sendgrid_requests import (
    event,
    sendgrid_settings,
)
from integrations.tests.webhook_requests import app, twilio_settings
from leads import clock
from messaging.transports import AddressReport, Engagement, MailDelivery

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures


def received(body: bytes, at: datetime | None = None) -> Received:
    return Received(
        kind="events",
        parts={},
        headers={},
        content_type="application/json",
        body=body,
        received_at=at or clock.now(),
    )


def facts_of(*batch: Any) -> list[Any]:
    """The facts of a batch, without their keys."""
    found: list[Any] = []
    for one in read_batch(received(json.dumps(list(batch)).encode())):
        found += one.facts if isinstance(one, Once) else [one]
    return found


# --- words -------------------------------------------------------------------


def test_every_recorded_event_is_read(shared: Path) -> None:
    data = json.loads((shared / "vendor" / "webhook-vectors.json").read_text())
    told = {}
    for vector in data["sendgrid"]["event_payloads"]:
        batch = read_batch(received(json.dumps(vector["body"]).encode()))
        (once,) = batch
        assert isinstance(once, Once)
        assert once.key == vector["body"][0]["sg_event_id"]
        assert {fact.external_id for fact in once.facts} == {"14c5d75ce93.dfd.64b469"}
        assert {fact.occurred_at.year for fact in once.facts} == {2017}
        told[vector["id"]] = [_short(fact) for fact in once.facts]
    assert told == {
        "sg-evt-processed": ["sent"],
        "sg-evt-dropped": ["bounce", "failed"],
        "sg-evt-delivered": ["delivered"],
        "sg-evt-open": ["opened"],
        "sg-evt-unsubscribe": ["unsubscribe"],
    }


def _short(fact: Any) -> str:
    if isinstance(fact, MailDelivery):
        return fact.state
    return str(fact.what if isinstance(fact, Engagement) else fact.reason)


HARD, SOFT = ["bounce", "failed"], ["failed"]


@pytest.mark.parametrize(
    ("fields", "expected", "words"),
    [
        ({"event": "processed"}, ["sent"], ""),
        ({"event": "delivered", "response": "250 OK"}, ["delivered"], ""),
        ({"event": "deferred", "response": "450 later"}, ["sent"], "asks to wait"),
        ({"event": "bounce", "type": "bounce", "status": "5.1.1"}, HARD, "not exist"),
        (
            {"event": "bounce", "type": "bounce", "reason": "550 5.1.1 no such user"},
            HARD,
            "no such user",
        ),
        ({"event": "bounce", "status": "5.0.0"}, HARD, "refused it"),
        ({"event": "bounce", "type": "blocked", "status": "5.7.1"}, SOFT, "accept"),
        ({"event": "bounce", "type": "bounce", "status": "4.2.2"}, SOFT, "is full"),
        ({"event": "bounce", "type": "bounce", "status": "5.2.2"}, SOFT, "is full"),
        ({"event": "blocked", "reason": "554 blocked"}, SOFT, "refused it"),
        (
            {
                "event": "bounce",
                "type": "bounce",
                "bounce_classification": "Reputation",
            },
            SOFT,
            "does not trust",
        ),
        (
            {
                "event": "bounce",
                "type": "bounce",
                "bounce_classification": "Invalid Address",
            },
            HARD,
            "does not exist",
        ),
        ({"event": "dropped", "reason": "Bounced Address"}, HARD, "bounced before"),
        ({"event": "dropped", "reason": "Invalid"}, HARD, "not valid"),
        (
            {"event": "dropped", "reason": "Unsubscribed Address"},
            ["unsubscribe", "failed"],
            "unsubscribed before",
        ),
        (
            {"event": "dropped", "reason": "Spam Reporting Address"},
            ["complaint", "failed"],
            "as spam before",
        ),
        ({"event": "dropped", "reason": "Spam Content (if …)"}, SOFT, "spam checker"),
        ({"event": "dropped", "reason": "Something new"}, SOFT, "Something new"),
        ({"event": "dropped"}, SOFT, "did not send it"),
        ({"event": "spamreport"}, ["complaint"], "as spam"),
        ({"event": "unsubscribe"}, ["unsubscribe"], "by the link"),
        ({"event": "group_unsubscribe"}, ["unsubscribe"], "by the link"),
        ({"event": "OPEN"}, ["opened"], ""),
        ({"event": "click", "url": "https://example.com/a"}, ["clicked"], ""),
    ],
)
def test_each_word_of_sendgrids_has_its_meaning(
    fields: dict[str, Any], expected: list[str], words: str
) -> None:
    facts = facts_of(event("x", **fields))
    assert [_short(fact) for fact in facts] == expected
    for fact in facts:
        assert words in getattr(fact, "words", "")


def test_a_click_is_told_without_what_may_be_secret() -> None:
    urls = {
        "https://example.com/prices?email=ana@example.net&x=1#top": (
            "https://example.com/prices"
        ),
        "https://user:pass@Example.com:8443/a": "https://example.com/a",
        "https://crm.example.com/u/abcdef123456/": "https://crm.example.com/u/…/",
        "https://crm.example.com/book/tok/en": "https://crm.example.com/book/…/en",
        "javascript:alert(1)": "",
        "http://[broken": "",
        "/relative": "",
        "": "",
    }
    for url, shown in urls.items():
        (fact,) = facts_of(event("click", url=url))
        assert (fact.what, fact.url) == ("clicked", shown)


def test_a_picture_that_a_mail_program_fetches_is_no_opening() -> None:
    assert facts_of(event("open", sg_machine_open=True)) == []
    assert len(facts_of(event("open", sg_machine_open=False))) == 1


def test_our_id_comes_back_as_a_custom_argument() -> None:
    ours = uuid.uuid4()
    for fields in (
        {"leadsite_message": str(ours)},
        {"unique_args": {"leadsite_message": str(ours)}},
        {"custom_args": {"leadsite_message": str(ours)}},
    ):
        (fact,) = facts_of(event("delivered", **fields))
        assert fact.message_public_id == ours
    for wrong in ("x", 5, None, ["a"], {"a": 1}, ""):
        (fact,) = facts_of(event("delivered", leadsite_message=wrong))
        assert fact.message_public_id is None


def test_a_time_stamp_may_be_anything() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    stamps = {
        1_700_000_000: datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        "1700000000": datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        9_999_999_999_999: now,
        -5: now,
        "soon": now,
        True: now,
        4_000_000_000: now,
    }
    for stamp, moment in stamps.items():
        body = json.dumps([event("delivered", timestamp=stamp)]).encode()
        (once,) = read_batch(received(body, at=now))
        assert isinstance(once, Once)
        (fact,) = once.facts
        assert isinstance(fact, MailDelivery) and fact.occurred_at == moment


def test_an_unknown_event_is_logged_and_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    facts = facts_of(event("levitated"), event("delivered"), event("group_resubscribe"))
    assert [_short(fact) for fact in facts] == ["delivered"]
    assert "not known: 'levitated'" in caplog.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"5",
        b'"x"',
        b"null",
        b"[" * 100_000,
        b"\xff\xfe",
        b'[{"a":',
        b"[1" * 9,
    ],
)
def test_a_batch_that_is_none_says_why(body: bytes) -> None:
    with pytest.raises(UnreadableDelivery, match="the batch"):
        read_batch(received(body))


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    first = {"event": "open", "email": "a@example.net", "timestamp": 1_700_000_000}
    later = {**first, "timestamp": 1_700_000_001}
    keys = [
        one.key for one in read_batch(received(json.dumps([first, later]).encode()))
    ]  # type: ignore[attr-defined]
    again = [one.key for one in read_batch(received(json.dumps([first]).encode()))]  # type: ignore[attr-defined]
    assert len(set(keys)) == 2
    assert again == keys[:1]
    assert all(len(key) < 200 for key in keys)


def test_only_reports_of_an_address_are_facts_of_an_address() -> None:
    kinds = {
        type(fact) for word in ("open", "bounce") for fact in facts_of(event(word))
    }
    assert kinds == {Engagement, AddressReport, MailDelivery}


def test_many_spoilt_events_are_counted() -> None:
    *_, spoilt = read_batch(received(json.dumps([1] * 40).encode()))
    assert isinstance(spoilt, Unreadable)
    assert spoilt.words.endswith("and 35 more")
    with pytest.raises(UnreadableDelivery, match="more than 20000"):
        read_batch(received(json.dumps([{}] * 20_001).encode()))
