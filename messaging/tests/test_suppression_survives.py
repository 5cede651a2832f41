"""An opt-out hangs on the address: nothing that brings the address again lifts it.

Random sequences of what the house does with addresses: captures, imports with consent
ticked, the same address on other leads, addresses added and leads put away, an erasure
in between.
"""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import capture, clock, consent, opt_outs
from leads.models import (
    Consent,
    ContactPoint,
    Lead,
    LeadContact,
    Suppression,
    SuppressionDigest,
    Team,
)
from messaging.conversations import conversation_of, lock_conversation
from messaging.models import Message
from messaging.queueing import Refused, queue_message
from messaging.tests.talk import mode, text_in

pytestmark = pytest.mark.django_db
NUMBERS = ("+14155550101", "+14155550102", "+14155550103")
MAILS = ("dana@reyes.example", "sam@ito.example")
ALL = (*NUMBERS, *MAILS)
BASES = ("", "form", "imported", "verbal", "customer", "written")

addresses = st.sampled_from(ALL)
steps = st.one_of(
    st.tuples(st.just("stop"), addresses),
    st.tuples(st.just("stop_all"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("person"), addresses),
    st.tuples(
        st.just("capture"),
        st.sampled_from((*NUMBERS, "")),
        st.sampled_from((*MAILS, "")),
        st.sampled_from(BASES),
    ),
    st.tuples(st.just("another_lead"), addresses),
    st.tuples(st.just("add_address"), addresses, st.integers(0, 4)),
    st.tuples(st.just("archive"), st.integers(0, 4)),
    st.tuples(st.just("writes"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("erase"), addresses),
)


def kind_of(value: str) -> str:
    return "email" if "@" in value else "phone"


def channel_of(value: str) -> str:
    return "email" if "@" in value else "sms"


def do(step: tuple[Any, ...], closed: set[str]) -> None:
    """Do one thing; `closed` is what must stay closed from then on."""
    name, *given = step
    if name == "stop":
        opt_outs.opt_out_address(
            value=given[0], channel=channel_of(given[0]), actor="lead", words="STOP",
            source="a test", reason="stop",
        )  # fmt: skip
        closed.add(given[0])
    elif name == "person":
        opt_outs.opt_out_address(
            value=given[0], channel=channel_of(given[0]), actor="user:1",
            words="by phone", source="a test",
        )  # fmt: skip
        closed.add(given[0])
    elif name == "stop_all":
        text_in("STOP ALL", sender=given[0])
        closed.add(given[0])
        point = ContactPoint.objects.get(value=given[0])
        leads = capture.leads_of(point)
        if len(leads) == 1:
            closed.update(one.value for one in consent.addresses_of(leads[0]))
    elif name == "capture":
        phone, email, basis = given
        if phone or email:
            # The two may belong to different leads: then nothing comes in.
            with suppress(capture.CaptureError):
                capture.capture_lead(
                    actor="import", phone=phone, email=email, consent_basis=basis,
                    known_by="import", consent_wording="Ticked",
                )  # fmt: skip
    elif name == "another_lead":
        lead = Lead.objects.create(team=Team.default(), stage=capture.first_stage())
        add(lead, given[0])
    elif name == "add_address":
        lead = nth(given[1])
        if lead is not None:
            add(lead, given[0])
    elif name == "archive":
        lead = nth(given[0])
        if lead is not None:
            Lead.objects.filter(pk=lead.pk).update(archived_at=clock.now())
    elif name == "writes":
        text_in("Do you have desks?", sender=given[0])
    else:
        erase(given[0])


def add(lead: Lead, value: str) -> None:
    point = capture.ensure_contact_point(kind=kind_of(value), value=value)
    capture.add_address(lead=lead, contact_point=point, known_by="person")


def nth(number: int) -> Lead | None:
    return Lead.objects.order_by("pk")[number : number + 1].first()


def erase(value: str) -> None:
    """As `leads.leaving` does with an address that nobody else has."""
    point = ContactPoint.objects.filter(value=value).first()
    if point is None or point.lead_contacts.count() > 1:
        return
    if Message.objects.filter(contact_point=point).exists():
        return
    opt_outs.remember_erased(point)
    Suppression.objects.filter(contact_point=point).delete()
    Consent.objects.erase([point])
    LeadContact.objects.filter(contact_point=point).delete()
    point.delete()


def stays_closed(value: str) -> None:
    point = ContactPoint.objects.filter(value=value).first()
    if point is None:  # erased: what is left is its hash
        digest = opt_outs.digest_of(kind_of(value), value)
        assert SuppressionDigest.objects.filter(digest=digest).exists()
        return
    assert consent.is_suppressed(point, channel_of(value)) is not None
    standing = Suppression.objects.filter(contact_point=point, lifted_at=None)
    assert standing.count() == 1
    for lead in capture.leads_of(point):
        with pytest.raises(Refused, match="opted out"):
            queue_message(
                conversation=lock_conversation(conversation_of(lead).pk),
                kind=channel_of(value), body="Hello", author="person",
                contact_point=point,
            )  # fmt: skip


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(steps, min_size=3, max_size=14))
def test_nothing_that_brings_an_address_again_lifts_its_opt_out(
    story: list[tuple[Any, ...]], carrier: Any
) -> None:
    from django.db import transaction

    mode("off")
    closed: set[str] = set()
    with transaction.atomic():
        for step in story:
            do(step, closed)
            for value in closed:
                stays_closed(value)
        transaction.set_rollback(True)


def test_a_consent_ticked_at_import_is_written_down_and_lifts_nothing(
    carrier: Any,
) -> None:
    mode("off")
    text_in("STOP", sender=NUMBERS[0])
    capture.capture_lead(
        actor="import", phone=NUMBERS[0], consent_basis="imported",
        consent_wording="Ticked on the form", consent_version="form 3",
        consent_evidence="leads.csv, line 7", known_by="import",
    )  # fmt: skip
    said = Consent.objects.latest("pk")
    assert (said.given, said.wording_version) == (True, "form 3")
    assert said.evidence == "leads.csv, line 7"
    stays_closed(NUMBERS[0])
