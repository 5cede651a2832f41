"""How a mail would look, before anything is sent."""

from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from leads.tests.factories import ContactPointFactory, LeadContactFactory
from messaging.models import Message
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    return office()


@pytest.fixture
def mailed(world: Any) -> Any:
    point = ContactPointFactory(kind="email", value="dana@example.com")
    LeadContactFactory(lead=world.lead, contact_point=point)
    return world


def look(client: Client, world: Any, **values: str) -> HttpResponse:
    url = reverse("inbox_preview", args=[world.talk.public_id])
    given = {"body": "We have 40 <seats>", "subject": "Your\r\nseats", **values}
    return client.post(url, given, **FRAGMENT)


def test_it_shows_the_mail_in_a_frame_that_can_do_nothing(mailed: Any) -> None:
    html = look(signed_in(mailed.ana), mailed).content.decode()
    assert 'sandbox="" srcdoc="' in html
    letter = html.split('srcdoc="')[1].split('"')[0]
    assert "We have 40 &lt;seats&gt;" in unescape(letter)
    assert "<dd>Your seats</dd>" in html


def test_nothing_is_written_and_what_is_still_open_is_named(mailed: Any) -> None:
    before = Message.objects.count()
    page = look(signed_in(mailed.ana), mailed, body="Hi [first_name?]")
    assert "Still to fill in: [first_name?]" in page.content.decode()
    assert Message.objects.count() == before
    mailed.talk.refresh_from_db()
    assert mailed.talk.holder is None


@pytest.mark.parametrize(
    ("body", "words"), [("  ", "required"), ("x", "This lead has no mail address.")]
)
def test_what_cannot_be_shown_is_said(world: Any, body: str, words: str) -> None:
    page = look(signed_in(world.ana), world, body=body)
    assert page.status_code == 200
    assert words in page.content.decode()
    assert "<iframe" not in page.content.decode()


def test_owner_and_colleague_see_it_strangers_and_readers_do_not(mailed: Any) -> None:
    assert look(signed_in(mailed.ben), mailed).status_code == 200
    assert look(signed_in(mailed.cleo), mailed).status_code == 404
    reader = rep("rea", mailed.team, role="read-only")
    assert look(signed_in(reader), mailed).status_code == 403
    assert look(Client(), mailed).status_code == 401
    url = reverse("inbox_preview", args=[mailed.talk.public_id])
    assert signed_in(mailed.ana).get(url).status_code == 405
