"""What becomes of calls to a number, as people set it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from messaging.models import Channel
from messaging.tests.inbox_world import channel, office

pytestmark = pytest.mark.django_db
OURS, THERE = "+14155550100", "+14155550199"


@pytest.fixture
def number() -> Channel:
    return channel(office().team)


def save(admin: Client, row: Channel, **changed: Any) -> Any:
    """What the admin answers to the whole form, sent with changes."""
    form = {
        "name": "Front desk",
        "team": row.team_id,
        "mode": "draft",
        "sending": "on",
        "missed_calls": "on",
        **changed,
    }
    url = reverse("admin:messaging_channel_change", args=[row.pk])
    return admin.post(url, form)


def test_a_telephone_is_taken_as_people_write_it(
    admin_client: Client, number: Channel
) -> None:
    words = "Sorry {{ first_name }}, {{ our_company }} was busy. STOP ends it."
    answer = save(
        admin_client, number, forward_to="(415) 555-0199", missed_call_text=words
    )
    assert answer.status_code == 302
    number.refresh_from_db()
    assert (number.forward_to, number.missed_call_text) == (THERE, words)
    assert number.address == OURS


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"forward_to": "front desk"}, "This is not a telephone number."),
        ({"forward_to": OURS}, "it would ring in a circle"),
        ({"missed_call_text": "Hi {{ nme }}"}, "There is no {{ nme }}"),
        ({"missed_call_text": "Hi {% if %}"}, "that belongs to no"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    admin_client: Client, number: Channel, changed: dict[str, str], words: str
) -> None:
    answer = save(admin_client, number, **changed)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    number.refresh_from_db()
    assert (number.forward_to, number.missed_call_text) == ("", "")


def test_a_mailbox_has_no_calls(admin_client: Client, number: Channel) -> None:
    mailbox = channel(number.team, "email")
    url = reverse("admin:messaging_channel_change", args=[mailbox.pk])
    page = admin_client.get(url).content.decode()
    assert "Text callers whom nobody answers" not in page
    assert save(admin_client, mailbox).status_code == 302
    shown = admin_client.get(
        reverse("admin:messaging_channel_change", args=[number.pk])
    )
    assert "Text callers whom nobody answers" in shown.content.decode()
