"""Leads come in: addresses made plain, one person known again."""

import pytest

from leads import capture
from leads.models import Consent, ContactPoint, Event, Lead, LeadContact

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("+1 (415) 555-0123", "+14155550123"),
        ("415-555-0123", "+14155550123"),
        ("+49 30 123456", "+4930123456"),
        ("hello", None),
        ("", None),
        ("12", None),
    ],
)
def test_phones_are_kept_in_e164(raw: str, plain: str | None) -> None:
    assert capture.normalise_phone(raw) == plain


@pytest.mark.parametrize(
    ("raw", "plain"),
    [("40404", "40404"), ("MyBank", "MyBank"), ("+14155550123", "+14155550123")],
)
def test_short_codes_and_sender_names_are_senders(raw: str, plain: str) -> None:
    assert capture.normalise_sender(raw) == plain


def test_a_withheld_sender_is_none() -> None:
    assert capture.normalise_sender("") is None


def test_mail_addresses_are_kept_in_lower_case() -> None:
    assert capture.normalise_email(" Dana@Acme.Example ") == "dana@acme.example"
    assert capture.normalise_email("dana at acme") is None


def test_the_same_number_is_the_same_lead() -> None:
    first = capture.capture_lead(actor="lead", phone="+14155550123")
    again = capture.capture_lead(actor="lead", phone="(415) 555-0123", name="Dana")
    assert (first.created, again.created) == (True, False)
    assert first.lead == again.lead


def test_one_person_on_two_channels_is_one_lead_by_a_known_address() -> None:
    by_phone = capture.capture_lead(actor="lead", phone="+14155550123").lead
    both = capture.capture_lead(
        actor="user:1", phone="+14155550123", email="Dana@acme.example"
    )
    by_mail = capture.capture_lead(actor="lead", email="dana@acme.example")
    assert by_phone == both.lead == by_mail.lead


def test_an_address_that_was_only_mentioned_joins_nothing() -> None:
    lead = capture.capture_lead(actor="lead", phone="+14155550123").lead
    point = capture.ensure_contact_point(kind="email", value="boss@acme.example")
    capture.add_address(
        lead=lead, contact_point=point, known_by=LeadContact.Known.PROPOSAL
    )
    other = capture.capture_lead(actor="lead", email="boss@acme.example")
    assert other.created
    assert other.lead != lead


def test_addresses_of_two_leads_are_refused_and_nothing_changes() -> None:
    capture.capture_lead(actor="lead", phone="+14155550123")
    capture.capture_lead(actor="lead", email="dana@acme.example")
    before = (Lead.objects.count(), LeadContact.objects.count())
    with pytest.raises(capture.CaptureError, match="different leads"):
        capture.capture_lead(
            actor="user:1", phone="+14155550123", email="dana@acme.example"
        )
    assert (Lead.objects.count(), LeadContact.objects.count()) == before


def test_a_lead_needs_an_address() -> None:
    with pytest.raises(capture.CaptureError, match="needs a phone number"):
        capture.capture_lead(actor="user:1", name="Dana")


def test_every_lead_has_a_team_a_stage_and_its_first_source() -> None:
    lead = capture.capture_lead(actor="lead", phone="+14155550123", source="Form").lead
    assert lead.team.is_default
    assert lead.stage is not None
    assert lead.first_source == lead.source


def test_consent_is_recorded_with_its_wording() -> None:
    capture.capture_lead(
        actor="user:1",
        phone="+14155550123",
        consent_basis="verbal",
        consent_wording="asked for a call back",
    )
    row = Consent.objects.get()
    assert (row.channel, row.basis, row.wording) == (
        "sms",
        "verbal",
        "asked for a call back",
    )


def test_the_simulators_people_live_apart() -> None:
    real = capture.capture_lead(actor="lead", phone="+14155550123").lead
    played = capture.capture_lead(
        actor="lead", phone="+14155550123", simulated=True
    ).lead
    assert real != played
    assert ContactPoint.objects.filter(value="+14155550123").count() == 2


def test_a_new_lead_is_one_event() -> None:
    capture.capture_lead(actor="lead", phone="+14155550123")
    capture.capture_lead(actor="lead", phone="+14155550123")
    assert Event.objects.filter(kind="lead.captured").count() == 1
