"""Who may be written to, and when."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads import clock, consent
from leads.models import AppendOnlyError, Consent, ContactPoint, Policy, Suppression

pytestmark = pytest.mark.django_db
NIGHT_IN_CALIFORNIA = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)  # 02:00 there
DAY_IN_CALIFORNIA = datetime(2026, 11, 25, 20, 0, tzinfo=UTC)  # 12:00 there


def phone(value: str = "+14155550123") -> ContactPoint:
    return ContactPoint.objects.create(kind="phone", value=value)


def say(point: ContactPoint, given_: bool, at: datetime) -> Consent:
    return consent.record_consent(
        contact_point=point,
        channel="sms",
        given=given_,
        basis="inbound",
        actor="lead",
        at=at,
    )


def test_the_latest_statement_counts() -> None:
    point, now = phone(), clock.now()
    assert consent.has_consent(point, "sms") is None
    row = say(point, True, now)
    assert consent.has_consent(point, "sms") == row
    say(point, False, now + timedelta(seconds=1))
    assert consent.has_consent(point, "sms") is None


def test_consent_for_texts_is_none_for_mail() -> None:
    point = phone()
    say(point, True, clock.now())
    assert consent.has_consent(point, "email") is None


def test_consent_can_be_neither_changed_nor_deleted() -> None:
    row = say(phone(), True, clock.now())
    row.given = False
    with pytest.raises(AppendOnlyError):
        row.save()
    with pytest.raises(AppendOnlyError):
        row.delete()


def test_a_second_stop_keeps_the_first_words() -> None:
    point, now = phone(), clock.now()
    for words in ("STOP", "please stop"):
        consent.suppress(
            contact_point=point,
            channel="sms",
            reason="stop",
            words=words,
            actor="lead",
            at=now,
        )
    assert [row.words for row in Suppression.objects.all()] == ["STOP"]


def test_a_lifted_stop_can_be_said_again() -> None:
    point, now = phone(), clock.now()
    kwargs = {"contact_point": point, "channel": "sms", "actor": "lead", "at": now}
    first = consent.suppress(reason="stop", words="STOP", **kwargs)
    assert consent.lift_suppression(suppression=first, actor="lead", at=now)
    assert consent.is_suppressed(point, "sms") is None
    consent.suppress(reason="stop", words="STOP again", **kwargs)
    assert consent.is_suppressed(point, "sms") is not None


def test_night_there_waits_for_the_morning_there() -> None:
    until = consent.quiet_until(
        contact_point=phone(), at=NIGHT_IN_CALIFORNIA, policy=Policy()
    )
    assert until == datetime(2026, 11, 25, 17, 0, tzinfo=UTC)


def test_day_there_waits_for_nothing() -> None:
    assert (
        consent.quiet_until(
            contact_point=phone(), at=DAY_IN_CALIFORNIA, policy=Policy()
        )
        is None
    )


def test_quiet_hours_can_be_switched_off() -> None:
    policy = Policy(quiet_hours=False)
    point = phone()
    assert (
        consent.quiet_until(contact_point=point, at=NIGHT_IN_CALIFORNIA, policy=policy)
        is None
    )


@given(
    minutes=st.integers(0, 60 * 24 * 366),
    number=st.sampled_from(
        [
            "+14155550123",
            "+4930123456",
            "+18005550123",
            "+61291234567",
            "+5511912345678",
        ]
    ),
)
def test_what_is_held_goes_within_a_day_and_by_day_there(
    minutes: int, number: str
) -> None:
    point = ContactPoint(kind="phone", value=number)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    until = consent.quiet_until(contact_point=point, at=at, policy=Policy())
    moment = until or at
    assert moment - at <= timedelta(hours=24)
    zones = consent.zones_of(point)
    if len(zones) == 1:
        local = moment.astimezone(zones[0]).time()
        assert time(9, 0) <= local < time(20, 0)
