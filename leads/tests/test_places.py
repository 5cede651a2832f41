"""Where a number or a mail address may lie."""

import pytest

from leads.models import ContactPoint
from leads.places import only_zone, place_of, regions_of, zones_of

# What lies nowhere lies where the company does, which its profile says.
pytestmark = pytest.mark.django_db


def phone(value: str) -> ContactPoint:
    return ContactPoint(kind="phone", value=value)


def mail(value: str) -> ContactPoint:
    return ContactPoint(kind="email", value=value)


def keys(point: ContactPoint, **more: str) -> set[str]:
    return {zone.key for zone in zones_of(point, **more)}


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+14155550123", {"America/Los_Angeles"}),
        ("+4930123456", {"Europe/Berlin"}),
        ("+4915112345678", {"Europe/Berlin"}),
        # The numbering plan's table puts this one on the Canary Islands.
        ("+212522123456", {"Africa/Casablanca"}),
        # Pensacola and Tallahassee share a code.
        ("+18505550123", {"America/New_York", "America/Chicago"}),
        ("+19075550123", {"America/Anchorage", "America/Adak"}),
        ("+61265632111", {"Australia/Lord_Howe"}),
        ("+6433056123", {"Pacific/Chatham"}),
        ("+17875550123", {"America/Puerto_Rico"}),
        ("+80012345678", {"UTC"}),
        ("nonsense", {"UTC"}),
    ],
)
def test_the_zones_a_number_may_lie_in(number: str, zones: set[str]) -> None:
    assert keys(phone(number)) == zones


def test_a_mobile_number_roams_over_its_whole_country() -> None:
    zones = keys(phone("+61412345678"))
    assert {"Australia/Perth", "Australia/Sydney", "Australia/Lord_Howe"} <= zones
    zones = keys(phone("+6281234567890"))
    assert {"Asia/Jakarta", "Asia/Jayapura"} <= zones


def test_a_toll_free_number_may_be_anywhere_in_its_country() -> None:
    zones = keys(phone("+18005550123"))
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= zones
    assert "America/Toronto" not in zones


def test_the_stated_zone_comes_first_unless_it_is_none() -> None:
    point = phone("+14155550123")
    assert keys(point, stated="Europe/Berlin") == {"Europe/Berlin"}
    assert keys(point, stated="Mars/Base") == {"America/Los_Angeles"}


@pytest.mark.parametrize(
    ("address", "zones"),
    [
        ("dana@acme.de", {"Europe/Berlin"}),
        ("dana@acme.co.uk", {"Europe/London"}),
        ("dana@acme.com", {"UTC"}),
        ("dana@acme.io", {"UTC"}),
    ],
)
def test_a_mail_address_lies_in_the_country_of_its_ending(
    address: str, zones: set[str]
) -> None:
    assert keys(mail(address)) == zones


@pytest.mark.parametrize(
    ("number", "regions"),
    [
        ("+13055550123", ["US", "US-FL"]),
        ("+12025550123", ["US", "US-DC"]),
        ("+17875550123", ["PR", "US"]),
        ("+33612345678", ["FR"]),
    ],
)
def test_the_law_of_the_state_that_is_certain(number: str, regions: list[str]) -> None:
    point = phone(number)
    assert regions_of(point, zones_of(point)) == regions


def test_without_a_certain_state_all_in_those_zones_count() -> None:
    point = phone("+18005550123")
    everywhere = regions_of(point, zones_of(point))
    assert {"US-FL", "US-UT", "US-HI"} <= set(everywhere)
    phoenix = regions_of(point, zones_of(point, stated="America/Phoenix"))
    assert phoenix == ["US", "US-AZ"]
    abroad = regions_of(point, zones_of(point, stated="Europe/Berlin"))
    assert len(abroad) > 45


def test_only_one_zone_is_taken_for_the_leads_own() -> None:
    assert only_zone("+14155550123") == "America/Los_Angeles"
    assert only_zone("+18505550123") == ""
    assert only_zone("") == ""


def test_an_address_is_worked_out_once() -> None:
    assert place_of(phone("+14155550188")) is place_of(phone("+14155550188"))
