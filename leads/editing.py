"""A person changes what stands on a lead, and never over a colleague's words.

The details are compared as plain strings, as a form shows and sends them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from leads import clock, outbox, pipeline
from leads.access import Viewer, lead_filter
from leads.models import Company, Lead, Membership, Stage, Task, Team

LABELS = {
    "name": "Name",
    "company": "Company",
    "role": "Role",
    "owner": "Owner",
    "stage": "Stage",
    "team": "Team",
    "language": "Language",
    "time_zone": "Time zone",
}


class Meanwhile(ValueError):
    """Somebody else saved first; nothing was changed.

    `theirs` holds the stored values of the fields that differ from what the
    person saw.
    """

    def __init__(self, theirs: Mapping[str, str]) -> None:
        names = ", ".join(LABELS[field] for field in theirs)
        super().__init__(f"Somebody else saved meanwhile: {names or 'this lead'}")
        self.theirs = dict(theirs)


@dataclass(frozen=True)
class Choices:
    """Whom and what a person may choose for a lead: (value, label) pairs."""

    owners: list[tuple[str, str]]
    stages: list[tuple[str, str]]
    teams: list[tuple[str, str]]


def details_of(lead: Lead) -> dict[str, str]:
    """Return the editable details as plain strings, "" for what is not set."""
    return {
        "name": lead.name,
        "company": lead.company.name if lead.company else "",
        "role": lead.role,
        "owner": str(lead.owner_id or ""),
        "stage": lead.stage.key,
        "team": str(lead.team_id),
        "language": lead.language,
        "time_zone": lead.time_zone,
    }


def choices_for(lead: Lead, user: Viewer) -> Choices:
    """Return what `user` may choose: people of the team, stages, own teams."""
    people = possible_owners(lead).order_by("first_name", "username")
    teams = _teams(lead, user)
    return Choices(
        owners=[("", "Nobody"), *((str(p.pk), name_of(p)) for p in people)],
        stages=[(s.key, s.name) for s in Stage.objects.all()],
        teams=[(str(team.pk), team.name) for team in teams],
    )


def possible_owners(lead: Lead) -> "QuerySet[User]":
    """Return the staff who work in the lead's team or see everything."""
    fits = (
        Q(memberships__team=lead.team_id)
        | Q(memberships__reach=Membership.Reach.ALL)
        | Q(is_superuser=True)
        | Q(pk=lead.owner_id)
    )
    return User.objects.filter(fits, is_staff=True, is_active=True).distinct()


def name_of(person: User) -> str:
    """Return the name that colleagues know."""
    return person.get_full_name() or person.get_username()


def _teams(lead: Lead, user: Viewer) -> "QuerySet[Team]":
    rows = Team.objects.order_by("name")
    if lead_filter(user) == Q():
        return rows
    return rows.filter(Q(memberships__user=user.pk) | Q(pk=lead.team_id)).distinct()


@transaction.atomic
def edit_details(
    *,
    lead: Lead,
    user: User,
    wanted: Mapping[str, str],
    seen: Mapping[str, str],
    version: int,
) -> list[str]:
    """Save what the person changed; return the names of the changed fields.

    `seen` and `version` are what stood there when the person began. Raises
    Meanwhile when another value stands there now than the person saw.
    """
    now = _locked(lead)
    stored = details_of(now)
    old = now.version != version
    theirs = {
        field: value
        for field, value in stored.items()
        if value != seen.get(field, wanted[field] if old else value)
    }
    if any(wanted[field] != value for field, value in theirs.items()):
        raise Meanwhile(theirs)
    changed = [field for field in LABELS if wanted[field] != stored[field]]
    if changed:
        _write(now, changed, wanted, user)
    return changed


def _locked(lead: Lead) -> Lead:
    rows = Lead.objects.select_related("company", "stage", "team", "owner")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=lead.pk)


def _write(
    lead: Lead, changed: list[str], wanted: Mapping[str, str], user: User
) -> None:
    actor = f"user:{user.pk}"
    plain = [f for f in changed if f in ("name", "role", "language", "time_zone")]
    for field in plain:
        setattr(lead, field, wanted[field])
    if "company" in changed:
        lead.company = _company(wanted["company"])
    if "team" in changed:
        lead.team = Team.objects.get(pk=wanted["team"])
    lead.version += 1
    lead.updated_at = clock.now()
    lead.save(update_fields=[*plain, "company", "team", "version", "updated_at"])
    if "owner" in changed:
        _hand_over(lead, wanted["owner"], actor)
    if "stage" in changed:
        stage = Stage.objects.get(key=wanted["stage"])
        pipeline.move_stage(lead=lead, stage=stage, actor=actor)
    rest = [field for field in changed if field not in ("owner", "stage")]
    if rest:
        outbox.emit(
            kind="lead.edited", lead=lead, actor=actor, payload={"fields": rest}
        )


@transaction.atomic
def set_owner(*, lead: Lead, owner: str, seen: str, user: User) -> bool:
    """Give a lead to a person ("" to nobody); False when it already is theirs.

    `owner` and `seen` are primary keys as strings. Raises Meanwhile when it
    had another owner than the person saw, ValueError for somebody outside.
    """
    now = _locked(lead)
    if str(now.owner_id or "") != seen:
        raise Meanwhile({"owner": str(now.owner_id or "")})
    if owner == seen:
        return False
    now.version += 1
    now.updated_at = clock.now()
    now.save(update_fields=["version", "updated_at"])
    _hand_over(now, owner, f"user:{user.pk}")
    return True


@transaction.atomic
def set_stage(*, lead: Lead, stage: Stage, seen: str, user: User) -> bool:
    """Move a lead to a stage; False when it stands there already.

    Raises Meanwhile when it stood elsewhere than the person saw (`seen`).
    """
    now = _locked(lead)
    if now.stage.key != seen:
        raise Meanwhile({"stage": now.stage.key})
    return pipeline.move_stage(lead=now, stage=stage, actor=f"user:{user.pk}")


def _hand_over(lead: Lead, owner: str, actor: str) -> None:
    """Open tasks go with the lead."""
    before = lead.owner_id
    if not owner:
        person = None
    else:
        person = possible_owners(lead).filter(pk=owner).first()
        if person is None:
            raise ValueError("This person does not work in the lead's team.")
    lead.owner = person
    lead.save(update_fields=["owner"])
    tasks = Task.objects.open().filter(lead=lead, assignee_id=before)
    tasks.update(assignee=person)
    outbox.emit(
        kind="lead.owner_changed",
        lead=lead,
        actor=actor,
        payload={"before": before, "after": person.pk if person else None},
    )


def _company(name: str) -> Company | None:
    if not name:
        return None
    known = Company.objects.filter(name__iexact=name).order_by("pk").first()
    return known or Company.objects.create(name=name)


def time_zones() -> Iterable[str]:
    """Return the names of all time zones, sorted."""
    return sorted(available_timezones())


@transaction.atomic
def reopen_task(*, task: Task, actor: str) -> bool:
    """Undo *Done*; False when the task is open."""
    rows = Task.objects.filter(pk=task.pk, done_at__isnull=False)
    if not rows.update(done_at=None, done_by=""):
        return False
    outbox.emit(
        kind="task.reopened",
        lead=task.lead,
        actor=actor,
        payload={"task": str(task.public_id), "kind": task.kind},
    )
    return True
