"""How to reach the lead: mail address, phone number, and the way it prefers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers

from messaging.agent.understanding.facts_text import (
    Found,
    Message,
    Patterns,
    negated,
    trimmed,
)

_MAIL = re.compile(
    r"(?<![a-z0-9_.+%'-])[a-z0-9_](?:[a-z0-9_+%'-]|\.(?!\.)){0,63}@"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,6}[a-z]{2,18}(?![\w@-]|\.[\w])"
)
_PHONE = re.compile(
    r"(?<![\w.,/:@#*=-])(?:\(?\+? ?\(?[0-9])(?:[ .()/-]{0,3}[0-9]){6,16}"
    r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?(?![\w/]|[.,:-][0-9])"
)
_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?![0-9])")
_ZONES = {
    "Europe/London": "GB",
    "Europe/Dublin": "IE",
    "Europe/Madrid": "ES",
    "Europe/Paris": "FR",
    "Europe/Berlin": "DE",
    "Europe/Vienna": "AT",
    "Europe/Zurich": "CH",
    "Europe/Brussels": "BE",
    "Europe/Amsterdam": "NL",
    "Europe/Rome": "IT",
    "Europe/Lisbon": "PT",
    "America/Sao_Paulo": "BR",
    "America/Mexico_City": "MX",
    "America/Bogota": "CO",
    "America/Lima": "PE",
    "America/Santiago": "CL",
    "America/Argentina/Buenos_Aires": "AR",
    "Australia/Sydney": "AU",
    "Australia/Melbourne": "AU",
    "Pacific/Auckland": "NZ",
    "Asia/Singapore": "SG",
    "Asia/Kolkata": "IN",
}
_LANGUAGE_REGION = {"en": "US", "es": "ES", "fr": "FR", "de": "DE", "pt": "PT"}


def region_for(language: str, region: str, zone: str) -> str:
    """The country whose national phone numbers the lead would write."""
    if region:
        return region
    return _ZONES.get(zone) or _LANGUAGE_REGION.get(language, "US")


def read_mail(folded: str) -> Iterator[Found]:
    """Mail addresses, lower-cased."""
    if "@" not in folded:
        return
    for found in _MAIL.finditer(folded):
        yield Found("email", found.group(), found.start(), found.end(), 0.98)


def read_phone(find: Patterns, folded: str, region: str) -> Iterator[Found]:
    """Numbers in E.164: valid ones, or possible ones that are called a phone."""
    for found in _PHONE.finditer(folded):
        raw = found.group()
        if _DATE.match(raw) or sum(map(str.isdigit, raw)) < 7:
            continue
        number = _parsed(raw, region)
        if number is None:
            continue
        valid = phonenumbers.is_valid_number(number)
        before = folded[max(found.start() - 30, 0) : found.start()]
        named = "+" in raw or find.whole("contact", "phone").search(before)
        if not valid and not (named and phonenumbers.is_possible_number(number)):
            continue
        kind = phonenumbers.PhoneNumberFormat.E164
        start, end = trimmed(folded, found.start(), found.end())
        value = phonenumbers.format_number(number, kind)
        yield Found("phone", value, start, end, 0.95 if valid else 0.75)


def _parsed(raw: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(re.sub(r"^\(?00", "+", raw), region)
    except phonenumbers.NumberParseException:
        return None


def read_contact(message: Message) -> Iterator[Found]:
    """How the lead wants to be reached: call, text or email."""
    find, parts = message.find, message.parts
    for clause in parts:
        if not find.cued("contact", clause):
            continue
        if find.whole("contact", "exclude").match(clause.text):
            continue
        for channel in ("call", "text", "email"):
            found = find("contact", channel).search(clause.text)
            if not found or negated(find, clause, found.start()):
                continue
            if channel == "call" and find("contact", "names").search(clause.text):
                continue
            start, end = trimmed(clause.text, *found.span())
            start, end = start + clause.start, end + clause.start
            yield Found("contact_preference", channel, start, end, 0.9)
            break
