"""Builds the demo: the cast, the eight stories, the crowd, by the clock."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from leads import capture, clock
from leads.models import Lead, LeadContact
from leads.seeding import ensure_ground
from messaging.conversations import conversation_of
from messaging.demo.acting import Act, Scene, play
from messaging.demo.cast import Cast, make_cast, read
from messaging.demo.following import make_follow_ups
from messaging.demo.knowing import make_knowledge
from messaging.models import Conversation
from messaging.simulation import shift_to
from messaging.words import zone_of

DAYS = 14
SOURCES = {"sms": "Text message", "email": "Email"}
FIRST_NUMBER = {"stories": 80, "crowd": 0}  # of the hundred 555-01xx
STEP = 17  # spreads the crowd over hours and minutes without a pattern
READY = timedelta(hours=4)  # the longest story of the crowd is over by then


@dataclass(frozen=True)
class Role:
    """One lead to be: who it is, when it begins, and what happens."""

    name: str
    company: str
    channel: str  # sms | email | form
    source: str
    subject: str
    consent: str
    owner: str
    begins: datetime
    phone: str
    acts: list[Act]
    fields: dict[str, str]


def build_demo() -> int:
    """Build everything; return the number of leads. The ground comes first.

    What the company says is written before anybody asks: answers rest on it.
    """
    ensure_ground()
    cast = make_cast()
    make_knowledge()
    now = clock.now()
    roles = sorted([*_stories(now), *_crowd(now)], key=lambda role: role.begins)
    for place, role in enumerate(roles):
        scene = _enter(role, cast)
        play(scene, role.acts)
        _daylight(scene.conversation, place)
    make_follow_ups(cast)
    return len(roles)


def _stories(now: datetime) -> Iterator[Role]:
    for place, story in enumerate(read("stories")):
        channel = "form" if story.get("consent") else "sms"
        yield Role(
            name=story["name"],
            company=story["company"],
            channel=channel,
            source=story.get("source", SOURCES["sms"]),
            subject="",
            consent=story.get("consent", ""),
            owner=story["owner"],
            begins=now - timedelta(minutes=story["minutes_ago"]),
            phone=f"+1415555{100 + FIRST_NUMBER['stories'] + place:04d}",
            acts=story["acts"],
            fields=_fields(story["name"], place),
        )


def _crowd(now: datetime) -> Iterator[Role]:
    data, scripts = read("crowd"), read("scripts")
    for place, (name, company, script_name) in enumerate(data["leads"]):
        script: dict[str, Any] = scripts[script_name]
        area = data["areas"][place % len(data["areas"])]
        mail = script["channel"] == "email"
        yield Role(
            name=name,
            company=company,
            channel=script["channel"],
            source=script.get("source") or SOURCES[script["channel"]],
            subject=script.get("subject", ""),
            consent=script.get("consent", ""),
            owner=("ben" if mail else "ana") if place % 3 else "",
            begins=_moment(now, place, len(data["leads"])),
            phone=f"+1{area}555{100 + FIRST_NUMBER['crowd'] + place:04d}",
            acts=script["acts"],
            fields=_fields(name, place),
        )


def _fields(name: str, place: int) -> dict[str, str]:
    """The values that a script's words name, the same at every build."""
    data = read("crowd")
    seats = data["seats"][place % len(data["seats"])]
    rates, whens = data["budget_of_a_seat"], data["whens"]
    thousands = max(2, round(seats * rates[place % len(rates)]))
    return {
        "name": name,
        "first": name.split()[0],
        "seats": str(seats),
        "budget": f"{thousands}k",
        "when": whens[place % len(whens)],
    }


def _moment(now: datetime, place: int, count: int) -> datetime:
    """Spread over the last two weeks, in the company's working hours."""
    zone = ZoneInfo(read("company")["profile"]["time_zone"])
    days = DAYS - 1 - place * DAYS // count
    minutes = (place * STEP * 7) % (9 * 60)
    opening = now.astimezone(zone).replace(hour=8, minute=5, second=0, microsecond=0)
    moment = opening - timedelta(days=days) + timedelta(minutes=minutes)
    latest = now - READY
    if moment > latest:
        # Before noon the last ones would still be to come: they wrote earlier.
        moment = latest - timedelta(minutes=(place * STEP) % 240)
    return moment.astimezone(ZoneInfo("UTC"))


@transaction.atomic
def _enter(role: Role, cast: Cast) -> Scene:
    """Take the lead in, as its source would, and give it an owner."""
    owner = cast.people.get(role.owner)
    mail = _mailbox(role) if role.channel == "email" or role.consent == "form" else ""
    team = cast.teams["Small teams" if role.channel == "email" else "Offices"]
    with clock.at(role.begins):
        lead = capture.capture_lead(
            actor="system",
            name=role.name,
            company=role.company,
            phone="" if role.channel == "email" else role.phone,
            email=mail,
            team=team,
            owner=owner,
            source=role.source,
            consent_basis=role.consent,
            known_by=_KNOWN.get(role.consent, LeadContact.Known.WROTE),
            simulated=True,
            demo=True,
        ).lead
        conversation = conversation_of(lead)
    return Scene(
        cast=cast,
        lead=lead,
        conversation=conversation,
        channel=role.channel,
        subject=role.subject,
        address=mail if role.channel == "email" else role.phone,
        now=role.begins,
        fields=role.fields,
    )


_KNOWN = {
    "form": LeadContact.Known.FORM,
    "imported": LeadContact.Known.IMPORT,
    "verbal": LeadContact.Known.PERSON,
}


def _mailbox(role: Role) -> str:
    split = unicodedata.normalize("NFKD", role.name)
    plain = "".join(letter for letter in split if letter.isascii()).lower()
    place = "".join(filter(str.isalpha, role.company.lower())) or "mail"
    house = unicodedata.normalize("NFKD", place).encode("ascii", "ignore").decode()
    return f"{plain.replace(' ', '.')}@{house}.example"


def _daylight(conversation: Conversation, place: int) -> None:
    """Let it be day where the lead is now, so that an answer may go."""
    lead = Lead.objects.get(conversation=conversation)
    contact = lead.contacts.select_related("contact_point").first()
    zone = zone_of(lead, contact.contact_point if contact else None)
    shift = shift_to(zone, 9 + place % 8, place * STEP % 60)
    Conversation.objects.filter(pk=conversation.pk).update(
        clock_shift=int(shift.total_seconds())
    )
