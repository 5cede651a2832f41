"""Who and what the demo plays with: company, people, teams, channels."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from leads import clock
from leads.models import Membership, Team
from messaging.demo import DEMO_GROUP
from messaging.models import Channel, Profile, Template

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Cast:
    """The demo's people by user name, teams by name, channels by kind."""

    people: dict[str, User]
    teams: dict[str, Team]
    channels: dict[str, Channel]


@cache
def read(name: str) -> Any:
    """Read one of the demo's data files, once."""
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))


def addresses() -> list[str]:
    """Return the addresses of the demo's own channels."""
    return [channel["address"] for channel in read("company")["channels"]]


@transaction.atomic
def make_cast() -> Cast:
    """Fill the company profile and make people, teams and channels."""
    company = read("company")
    profile = Profile.current()
    for name, value in company["profile"].items():
        setattr(profile, name, value)
    profile.demo, profile.updated_at = True, clock.now()
    profile.save()
    teams = {"": Team.default()}
    for name in company["teams"]:
        teams[name], _ = Team.objects.get_or_create(name=name)
    for row in company["answers"]:
        _answer(row, teams)
    return Cast(
        people={row["username"]: _person(row, teams) for row in company["people"]},
        teams=teams,
        channels={row["kind"]: _channel(row, teams) for row in company["channels"]},
    )


def _person(row: dict[str, Any], teams: dict[str, Team]) -> User:
    user = User(
        username=row["username"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        email=f"{row['username']}@quillbrook.example",
        is_staff=True,
    )
    # None makes the password unusable: then only the demo buttons sign in.
    user.set_password(settings.DEMO_PASSWORD or None)
    user.save()
    demo, _ = Group.objects.get_or_create(name=DEMO_GROUP)
    user.groups.set([demo, Group.objects.get(name=row["role"])])
    for name in row["teams"]:
        Membership.objects.create(user=user, team=teams[name], reach=row["reach"])
    return user


def _channel(row: dict[str, Any], teams: dict[str, Team]) -> Channel:
    values = {**row, "team": teams[row["team"]]}
    kind, address = values.pop("kind"), values.pop("address")
    channel, _ = Channel.objects.get_or_create(
        kind=kind, address=address, simulated=True, defaults=values
    )
    return channel


def _answer(row: dict[str, str], teams: dict[str, Team]) -> Template:
    """A prepared answer; with no team named it is everybody's."""
    team = teams[row["team"]] if row["team"] else None
    values = {key: row[key] for key in ("kind", "subject", "body")}
    answer, _ = Template.objects.get_or_create(
        name=row["name"], team=team, defaults=values
    )
    return answer
