"""Leaves the demo: says what goes, and removes all of it but nothing real."""

from dataclasses import asdict, dataclass
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from leads import lifecycle, outbox
from leads.lifecycle import Invented
from leads.models import ContactPoint, Job, Lead, Task, Team
from messaging.demo import DEMO_GROUP
from messaging.demo.cast import addresses, read
from messaging.demo.following import forget_follow_ups
from messaging.demo.knowing import demo_articles, demo_offers, forget_knowledge
from messaging.models import (
    Attachment,
    Channel,
    Conversation,
    Message,
    Profile,
    Sequence,
    Template,
)
from messaging.simulator.busy_hour import JOB as PLAYED_JOB

BATCH = 10
COUNTED = {
    "people": ("person who signs in", "people who sign in"),
    "leads": ("lead", "leads"),
    "conversations": ("conversation", "conversations"),
    "messages": ("message", "messages"),
    "tasks": ("task", "tasks"),
    "files": ("file", "files"),
    "companies": ("company", "companies"),
    "teams": ("team", "teams"),
    "channels": ("channel", "channels"),
    "answers": ("prepared answer", "prepared answers"),
    "articles": ("article", "articles"),
    "offers": ("offer", "offers"),
    "sequences": ("sequence", "sequences"),
}


@dataclass(frozen=True)
class Goes:
    """What leaving the demo removes, in numbers; `names` says who signs in."""

    people: int
    leads: int
    conversations: int
    messages: int
    tasks: int
    files: int
    companies: int
    teams: int
    channels: int
    answers: int
    articles: int
    offers: int
    sequences: int
    profile: bool
    played: int
    names: tuple[str, ...]

    @property
    def anything(self) -> bool:
        """Whether there is a demo at all."""
        return bool(self.people or self.leads or self.profile)

    def as_json(self) -> dict[str, Any]:
        """As the command prints it."""
        return asdict(self)


def what_goes(*, played: bool = False) -> Goes:
    """Count what would go; with `played` also the simulator's own people."""
    leads = Invented(simulated=played).leads()
    people = demo_people()
    return Goes(
        people=people.count(),
        leads=leads.count(),
        conversations=Conversation.objects.filter(lead__in=leads).count(),
        messages=Message.objects.filter(conversation__lead__in=leads).count(),
        tasks=Task.objects.filter(lead__in=leads).count(),
        files=Attachment.objects.filter(message__conversation__lead__in=leads).count(),
        companies=leads.exclude(company=None).values("company").distinct().count(),
        teams=_teams().count(),
        channels=_channels().count(),
        answers=_answers().count(),
        articles=demo_articles().count(),
        offers=demo_offers().count(),
        sequences=Sequence.objects.filter(created_by__in=people).count(),
        profile=Profile.objects.filter(demo=True).exists(),
        played=Lead.objects.filter(simulated=True, demo=False).count(),
        names=tuple(user.get_full_name() or user.username for user in people),
    )


def lines(goes: Goes) -> list[str]:
    """Say what goes, one line a kind; kinds without any are left out."""
    counts = goes.as_json()
    found = []
    for key, (one, many) in COUNTED.items():
        number = counts[key]
        if number:
            found.append(f"{number} {one if number == 1 else many}")
    if goes.names:
        found[0] += f": {', '.join(goes.names)}"
    if goes.profile:
        found.append("the company profile, which becomes empty")
    return found


def demo_people() -> "QuerySet[User]":
    """Return the invented people who can sign in."""
    return User.objects.filter(groups__name=DEMO_GROUP).order_by("pk")


def leave_demo(*, actor: str, played: bool = False) -> Goes:
    """Remove the demo in small steps; return what went.

    May be run again when it was interrupted. The marker that there was a demo
    stays, so that `make run` does not bring it back.
    """
    goes = what_goes(played=played)
    wanted = Invented(simulated=played)
    while batch := list(wanted.leads().order_by("pk")[:BATCH]):
        _remove_talks(batch)
        lifecycle.remove_invented(batch)
    _remove_house()
    if played:
        Job.objects.filter(name=PLAYED_JOB).delete()
    outbox.emit(kind="demo.left", actor=actor, payload={"leads": goes.leads})
    return goes


@transaction.atomic
def _remove_talks(leads: list[Lead]) -> None:
    talks = Conversation.objects.filter(lead__in=leads)
    files = Attachment.objects.filter(message__conversation__in=talks).exclude(path="")
    paths = list(files.values_list("path", flat=True))
    talks.update(last_message=None)
    talks.delete()
    transaction.on_commit(lambda: _remove_files(paths))


def _remove_files(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)


@transaction.atomic
def _remove_house() -> None:
    """People, teams, channels and profile; what real rows use stays."""
    known = Channel.objects.filter(pk__in=_channels().values("pk"))
    used = Message.objects.filter(channel__in=known).values("channel")
    known.exclude(pk__in=used).delete()
    _answers().delete()
    forget_knowledge()
    forget_follow_ups(demo_people())
    demo_people().delete()
    Group.objects.filter(name=DEMO_GROUP).delete()
    for team in _teams():
        in_use = (
            Lead.objects.filter(team=team).exists()
            or Channel.objects.filter(team=team).exists()
            or Task.objects.filter(team=team).exists()
            or team.memberships.exists()
        )
        if not in_use:
            team.delete()
    Profile.objects.filter(demo=True).delete()
    lonely = ContactPoint.objects.filter(
        simulated=True, lead_contacts=None, conversations=None
    )
    lifecycle.forget_invented_addresses(lonely.values_list("pk", flat=True))


def _channels() -> "QuerySet[Channel]":
    return Channel.objects.filter(simulated=True, address__in=addresses())


def _teams() -> "QuerySet[Team]":
    names = read("company")["teams"]
    return Team.objects.filter(name__in=names, is_default=False)


def _answers() -> "QuerySet[Template]":
    """Those that nobody rewrote since."""
    rows = read("company")["answers"]
    ours = [
        row.pk
        for row in Template.objects.filter(name__in=[one["name"] for one in rows])
        if any((row.name, row.body) == (one["name"], one["body"]) for one in rows)
    ]
    return Template.objects.filter(pk__in=ours)
