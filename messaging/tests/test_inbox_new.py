"""*+ Lead* and *+ Message*: who it becomes, what allows us to write."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from leads import consent
from leads.models import Consent, ContactPoint, Lead
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging.models import Conversation, Message
from messaging.tests.inbox_world import FRAGMENT, lead_with_phone, office, signed_in

pytestmark = pytest.mark.django_db

NEW = "+14155550188"
AGREED = {"consent_basis": "verbal", "consent_wording": "agreed on the phone"}


@pytest.fixture
def world() -> Any:
    return office()


@pytest.fixture
def ana(world: Any) -> Client:
    return signed_in(world.ana)


def post(client: Client, page: str, /, **values: str) -> HttpResponse:
    return client.post(reverse(page), values, **FRAGMENT)


def counts() -> list[int]:
    tables = (Lead, ContactPoint, Conversation, Message, Consent)
    return [table.objects.count() for table in tables]


def test_a_new_lead_is_ones_own_in_ones_team_with_its_consent(
    world: Any, ana: Client
) -> None:
    answer = post(
        ana,
        "inbox_new_lead",
        name="Nina New",
        phone="(415) 555-0188",
        email="Nina@Example.com",
        company="Acme",
        **AGREED,
    )
    lead = Lead.objects.get(name="Nina New")
    assert answer.json()["open"] == reverse(
        "inbox_thread", args=[lead.conversation.public_id]
    )
    assert (lead.owner, lead.team) == (world.ana, world.team)
    values = {row.contact_point.value for row in lead.contacts.all()}
    assert values == {NEW, "nina@example.com"}
    for row in lead.contacts.all():
        kind = "sms" if row.contact_point.kind == "phone" else "email"
        given = consent.has_consent(row.contact_point, kind)
        assert given is not None
        assert (given.basis, given.wording) == ("verbal", "agreed on the phone")
        assert given.actor == f"user:{world.ana.pk}"


def test_a_known_number_opens_the_lead_that_is_there(world: Any, ana: Client) -> None:
    before = Lead.objects.count()
    answer = post(ana, "inbox_new_lead", name="D.", phone="+1 415 555 0123")
    assert answer.json()["open"] == reverse("inbox_thread", args=[world.talk.public_id])
    assert Lead.objects.count() == before
    world.lead.refresh_from_db()
    assert world.lead.name == "Dana Reyes"


@pytest.mark.parametrize(
    "values",
    [
        {"name": "No address"},
        {"phone": "1"},
        {"phone": "call me"},
        {"email": "nobody"},
        {"phone": NEW, "consent_basis": "verbal"},
        {"phone": NEW, "consent_basis": "guess", "consent_wording": "x"},
    ],
)
def test_a_lead_that_cannot_be_is_refused_in_words_and_nothing_is_kept(
    ana: Client, values: dict[str, str]
) -> None:
    before = counts()
    answer = post(ana, "inbox_new_lead", **values)
    assert answer.status_code in (409, 422)
    assert answer.json()["error"]
    assert counts() == before


def test_of_another_teams_lead_one_learns_only_that_it_is_not_ones_own(
    world: Any, ana: Client
) -> None:
    lead_with_phone(world.other, name="Secret Sam", value=NEW)
    before = counts()
    lead = post(ana, "inbox_new_lead", phone=NEW, email="new@example.com")
    text = post(ana, "inbox_new_message", kind="sms", to=NEW, body="hi", **AGREED)
    for answer in (lead, text):
        assert answer.status_code == 409
        assert "another team" in answer.json()["error"]
        assert "Sam" not in answer.content.decode()
    assert counts() == before


def test_a_shared_number_asks_to_open_one_of_the_leads(world: Any, ana: Client) -> None:
    point = ContactPointFactory(value=NEW)
    for name in ("Ada", "Tom"):
        LeadContactFactory(
            lead=LeadFactory(team=world.team, name=name), contact_point=point
        )
    answer = post(ana, "inbox_new_message", kind="sms", to=NEW, body="hi", **AGREED)
    assert answer.json()["error"] == "Ada and Tom share this address: open one of them."


def test_a_message_to_a_new_number_with_consent_is_queued(
    world: Any, ana: Client
) -> None:
    answer = post(
        ana, "inbox_new_message", kind="sms", to=NEW, name="Nina", body="Hi", **AGREED
    )
    message = Message.objects.get(author="person")
    assert (message.state, message.contact_point.value) == ("queued", NEW)
    assert message.conversation.holder == world.ana
    assert answer.json()["undo"]


def test_a_message_without_anything_that_allows_it_is_refused(ana: Client) -> None:
    before = counts()
    answer = post(ana, "inbox_new_message", kind="sms", to=NEW, body="Hi")
    assert answer.status_code == 409
    assert answer.json()["error"] == "Say what allows us to write to this address."
    assert counts() == before


def test_a_message_to_a_known_lead_joins_its_talk(world: Any, ana: Client) -> None:
    post(ana, "inbox_new_message", kind="sms", to=world.point.value, body="Hi")
    message = Message.objects.get(author="person")
    assert message.conversation == world.talk


def test_a_new_statement_does_not_lift_an_opt_out(world: Any, ana: Client) -> None:
    consent.suppress(
        contact_point=world.point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=world.first.occurred_at,
    )
    answer = post(
        ana, "inbox_new_message", kind="sms", to=world.point.value, body="Hi", **AGREED
    )
    assert answer.status_code == 409
    assert "opted out" in answer.json()["error"]
    assert not Message.objects.filter(author="person").exists()
    assert Consent.objects.count() == 1
