"""Offers: typed as money, used at once, switched off, seen by those who may."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.test import Client

from leads.models import Event
from messaging.forms_knowledge import MinorMoneyField, OfferForm
from messaging.knowledge.offers import deactivate, save_offer
from messaging.knowledge.searching import find
from messaging.knowledge.states import today
from messaging.models import Offer
from messaging.tests.knowledge_world import browser, person

pytestmark = pytest.mark.django_db
LIST = "/admin/messaging/offer/"


def offer(**more: Any) -> Offer:
    values = {"name": "Furnished seat", "price": 31_000, "unit": "month", **more}
    return save_offer(offer=Offer(**values), user=None)


def form_of(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Furnished seat",
        "description": "A desk and a chair.",
        "price": "310",
        "currency": "usd",
        "unit": "seat and month",
        "discount_limit": "5",
        "conditions": "from 5 seats",
        "language": "en",
        "valid_until": "",
        "active": "on",
        **fields,
    }


def names(words: str) -> list[str]:
    return [one.title for one in find(text=words, language="en", on=today())]


# --- money -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "minor", "shown"),
    [
        ("USD", 31_000, "310.00"),
        ("EUR", 2_990, "29.90"),
        ("JPY", 5_000, "5000"),
        ("KWD", 1_500, "1.500"),
        ("USD", 0, "0.00"),
    ],
)
def test_a_price_comes_back_as_it_was_stored(
    currency: str, minor: int, shown: str
) -> None:
    field = MinorMoneyField()
    field.currency = currency
    assert field.prepare_value(minor) == shown
    assert field.clean(shown) == minor
    assert not field.has_changed(minor, shown)


@pytest.mark.parametrize("typed", ["-1", "much", "0.005", "NaN", "1e99", "Infinity"])
def test_what_is_no_price_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        MinorMoneyField().clean(typed)


def test_the_decimals_are_those_of_the_currency_typed_beside() -> None:
    yen = OfferForm(form_of(currency="JPY", price="5000"))
    assert yen.is_valid(), yen.errors
    assert yen.cleaned_data["price"] == 5_000
    assert OfferForm(form_of(price="")).is_valid()
    for wrong in (
        {"currency": "JPY", "price": "1.5"},
        {"currency": "dollars"},
        {"currency": "U1D"},
        {"discount_limit": "101"},
        {"discount_limit": "-1"},
        {"name": ""},
    ):
        assert not OfferForm(form_of(**wrong)).is_valid(), wrong


# --- what happens ------------------------------------------------------------


def test_a_saved_offer_is_found_told_of_and_in_the_history() -> None:
    mia = person("manager")
    row = save_offer(offer=Offer(name="Furnished seat", price=31_000), user=mia)
    assert names("how much is a furnished seat?") == ["Furnished seat"]
    event = Event.objects.get(kind="offer.changed")
    assert event.actor == f"user:{mia.pk}"
    assert event.payload == {"offer": str(row.public_id)}
    assert LogEntry.objects.get(user=mia).change_message == "Added."
    assert deactivate(offer=row, user=mia)
    assert not deactivate(offer=row, user=mia)
    assert names("how much is a furnished seat?") == []
    assert Event.objects.filter(kind="offer.changed").count() == 2


def test_an_impossible_offer_is_not_stored() -> None:
    with pytest.raises(ValidationError):
        offer(discount_limit=120)
    assert not Offer.objects.exists()
    assert not Event.objects.exists()


# --- pages -------------------------------------------------------------------


def test_an_offer_is_written_on_its_page_with_who_may_exceed_it() -> None:
    boss = browser("manager")
    assert (
        "No offers yet. Write down what has a price" in boss.get(LIST).content.decode()
    )
    group = Group.objects.get(name="manager")
    boss.post(LIST + "add/", form_of(may_exceed=[group.pk]))
    row = Offer.objects.get()
    assert (row.price, row.currency, row.discount_limit) == (31_000, "USD", 5)
    assert list(row.may_exceed.all()) == [group]
    page = boss.get(LIST).content.decode()
    assert "310 USD per seat and month" in page
    assert "up to 5 %" in page
    assert Event.objects.filter(kind="offer.changed").count() == 1
    assert LogEntry.objects.get().change_message == "Added."
    form = boss.get(f"{LIST}{row.pk}/change/").content.decode()
    assert 'value="310.00"' in form
    ticked = {"action": "switch_off", "_selected_action": [row.pk]}
    assert "1 switched off." in boss.post(LIST, ticked, follow=True).content.decode()
    row.refresh_from_db()
    assert not row.active


@pytest.mark.parametrize("role", ["rep", "read-only"])
def test_those_who_only_see_change_nothing(role: str) -> None:
    client, row = browser(role), offer()
    page = f"{LIST}{row.pk}/change/"
    assert client.get(LIST).status_code == client.get(page).status_code == 200
    before = list(Offer.objects.values())
    assert client.post(page, form_of(price="1")).status_code == 403
    assert client.post(LIST + "add/", form_of()).status_code == 403
    client.post(LIST, {"action": "switch_off", "_selected_action": [row.pk]})
    assert list(Offer.objects.values()) == before


def test_billing_sees_none_and_strangers_sign_in(client: Client) -> None:
    assert browser("billing").get(LIST).status_code == 403
    assert client.get(LIST).status_code == 302
