"""Where a number or a mail address may lie: its time zones, countries and states.

All from data that is here: the numbering plan, the time zones' own table of
countries, and the area codes of the United States. A number says where it was given
out, not where the phone is, so everything is "may": who writes to it must do right
in every place there is.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from django.conf import settings
from phonenumbers import PhoneNumberType
from phonenumbers import timezone as phone_zones

from leads.models import ContactPoint

US = "US"
# The numbering plan gives these to a country, not to a place in it.
ANYWHERE = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
        PhoneNumberType.PAGER,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.UNKNOWN,
    }
)
# Their mobile numbers begin with the code of a town: Mexico, Argentina, Brazil.
HOME_BOUND = frozenset((52, 54, 55))
# They have codes of their own, and the law of the United States.
TERRITORIES = frozenset(("AS", "GU", "MP", "PR", "VI"))
# Country endings that anybody anywhere takes: they say nothing of a place.
WORLDWIDE = frozenset(
    (
        *("AC", "AD", "AI", "AS", "BZ", "CC", "CD", "CO", "DJ", "FM", "GG", "GL"),
        *("IM", "IO", "LA", "LY", "ME", "MS", "NU", "SC", "SH", "SO", "SR", "ST"),
        *("SU", "TK", "TO", "TV", "VC", "WS"),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an address may lie. Without zones nothing is known.

    `countries` are ISO 3166 codes; `states` those of the United States that are
    certain, such as "US-FL"; none says that any of the zones' states may be it.
    """

    zones: tuple[ZoneInfo, ...] = ()
    countries: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


NOWHERE = Place()


def place_of(contact_point: ContactPoint) -> Place:
    """Return where a number or address may lie."""
    if contact_point.kind == ContactPoint.Kind.PHONE:
        return _of_number(contact_point.value)
    return _of_mail(contact_point.value.rpartition(".")[2].upper())


def zones_of(contact_point: ContactPoint, *, stated: str = "") -> list[ZoneInfo]:
    """All time zones the lead may be in: the stated one alone when there is one,
    else all that the number or address may lie in, else the house's.
    """
    zone = named(stated)
    if zone is not None:
        return [zone]
    return list(place_of(contact_point).zones) or [house_zone()]


def regions_of(contact_point: ContactPoint, zones: Iterable[ZoneInfo]) -> list[str]:
    """Every country and state whose law may hold for a number, as of `LegalWindow`.

    A US number of no certain state has those of all the states in the zones.
    """
    place = place_of(contact_point)
    states = place.states
    if place.countries[:1] == (US,) and not states:
        states = _states_in(tuple(zone.key for zone in zones))
    return [*place.countries, *states]


# Who knows the company's own zone, named by the app that keeps its profile.
_company_zone: list[Callable[[], str]] = []


def tell_company_zone(read: Callable[[], str]) -> None:
    """Let `read` say the name of the company's zone, "" where it is not set."""
    _company_zone[:] = [read]


def house_zone() -> ZoneInfo:
    """The company's zone by its profile, else the installation's."""
    said = next((read() for read in _company_zone), "")
    return named(said) or ZoneInfo(settings.TIME_ZONE)


@lru_cache(maxsize=1024)
def named(name: str) -> ZoneInfo | None:
    """The zone of that name, None when there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=8192)
def _of_number(value: str) -> Place:
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return NOWHERE
    region = phonenumbers.region_code_for_number(number)
    codes = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    countries = tuple(c for c in ([region] if region else codes) if c and len(c) == 2)
    states = _states_of(value) if countries == (US,) else ()
    zones = _zones_of_number(number, countries)
    split = _us().split.get(value[2:5], ()) if states else ()
    return Place(_distinct((*zones, *split)), _with_federal_law(countries), states)


def _zones_of_number(
    number: phonenumbers.PhoneNumber, countries: tuple[str, ...]
) -> tuple[ZoneInfo, ...]:
    """By its prefix where the plan ties that to a place, else all of its countries'.

    A country of one zone needs no prefix; the prefixes' table has mistakes.
    """
    whole = tuple(zone for country in countries for zone in zones_of_country(country))
    kind = phonenumbers.number_type(number)
    if kind in ANYWHERE or len(whole) == 1:
        return whole
    names = phone_zones.time_zones_for_number(number)
    zones = tuple(zone for zone in map(named, names) if zone is not None)
    roams = kind == PhoneNumberType.MOBILE and number.country_code not in HOME_BOUND
    if roams or not zones:
        return (*zones, *whole)
    return zones


def _with_federal_law(countries: tuple[str, ...]) -> tuple[str, ...]:
    ours = TERRITORIES.isdisjoint(countries)
    return countries if ours or US in countries else (*countries, US)


def _states_of(value: str) -> tuple[str, ...]:
    state = _us().of_code.get(value[2:5]) if value.startswith("+1") else None
    return (f"US-{state}",) if state else ()


@lru_cache(maxsize=512)
def _of_mail(domain: str) -> Place:
    if domain in WORLDWIDE:
        return NOWHERE
    country = "GB" if domain == "UK" else domain
    zones = zones_of_country(country)
    return Place(zones, (country,) if zones else ())


def only_zone(number: str) -> str:
    """The name of the one time zone that a number can lie in; "" for several."""
    zones = _of_number(number).zones
    return zones[0].key if len(zones) == 1 else ""


def zones_of_country(country: str) -> tuple[ZoneInfo, ...]:
    """All zones of a country by its two letters; empty for what is none."""
    return _countries().get(country, ())


@cache
def _countries() -> dict[str, tuple[ZoneInfo, ...]]:
    """From the time zones' own table: country, coordinates, name."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab")
    found: dict[str, list[ZoneInfo]] = {}
    for line in table.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        country, _, name, *_ = line.split("\t")
        zone = named(name)
        if zone is not None:
            found.setdefault(country, []).append(zone)
    return {country: _distinct(zones) for country, zones in found.items()}


def _distinct(zones: Iterable[ZoneInfo]) -> tuple[ZoneInfo, ...]:
    """Those whose clocks differ: many are kept apart only for what was long ago."""
    alike: dict[tuple[timedelta | None, ...], ZoneInfo] = {}
    kept = list(dict.fromkeys(zones))
    if len(kept) < 2:
        return tuple(kept)
    for zone in kept:
        alike.setdefault(_clock_of(zone), zone)
    return tuple(alike.values())


@lru_cache(maxsize=1024)
def _clock_of(zone: ZoneInfo) -> tuple[timedelta | None, ...]:
    """How far a zone is from UTC, every week of two years."""
    return tuple(zone.utcoffset(noon) for noon in _NOONS)


_NOONS = [datetime(2026, 1, 1, 12) + timedelta(weeks=week) for week in range(104)]


@cache
def states_by_zone() -> dict[str, str]:
    """The states of each zone of the United States, as in "CO WY"."""
    found = _us().in_zone.items()
    return {
        zone: " ".join(state.removeprefix("US-") for state in states)
        for zone, states in found
    }


@dataclass(frozen=True, slots=True)
class _States:
    of_code: dict[str, str]
    split: dict[str, tuple[ZoneInfo, ...]]
    in_zone: dict[str, tuple[str, ...]]
    all: tuple[str, ...]


@cache
def _us() -> _States:
    path = Path(__file__).parent / "data" / "us_places.json"
    read = json.loads(path.read_text("utf-8"))
    codes = {
        code: state for state, found in read["states"].items() for code in found.split()
    }
    zones = {
        name: tuple(f"US-{state}" for state in found.split())
        for name, found in read["zones"].items()
    }
    split = {
        code: tuple(ZoneInfo(name) for name in found.split())
        for code, found in read["split"].items()
    }
    return _States(
        codes, split, zones, tuple(f"US-{state}" for state in read["states"])
    )


@lru_cache(maxsize=512)
def _states_in(zones: tuple[str, ...]) -> tuple[str, ...]:
    """The states of these zones; all of them when none of the zones is known."""
    known = _us().in_zone
    found = {state for zone in zones for state in known.get(zone, ())}
    return tuple(sorted(found)) or _us().all
