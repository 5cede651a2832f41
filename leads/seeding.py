"""The ground that a fresh installation stands on, as editable data.

`ensure_ground` may run at every start: what is there is left as people made
it, and what people deleted does not come back once a table has been filled.
Only the five roles do, because the pages know them by name.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from leads.kept import forget_all
from leads.models import (
    LeadSource,
    LegalWindow,
    Question,
    QuestionSet,
    ScoreRule,
    Stage,
    Team,
)

DATA = Path(__file__).parent / "data"
APPS = ("auth", "leads", "messaging", "integrations", "django_celery_beat")
ACTIONS = ("view", "add", "change", "delete")


@transaction.atomic
def ensure_ground() -> None:
    """Create what every installation needs and has not got yet.

    The default team, stages, sources, question sets, the point card, the hours in
    which the law lets people be texted, and the roles (groups). Never changes a row
    that exists.
    """
    Team.default()
    ground = _read("ground.json")
    if not Stage.objects.exclude(key="new").exists():
        _make_stages(ground["stages"])
    if not LeadSource.objects.exists():
        LeadSource.objects.bulk_create(LeadSource(name=n) for n in ground["sources"])
    if not QuestionSet.objects.exists():
        _make_questions(_read("questions.json"))
    if not ScoreRule.objects.exists():
        rules = _read("point_card.json")["rules"]
        ScoreRule.objects.bulk_create(ScoreRule(**rule) for rule in rules)
    if not LegalWindow.objects.exists():
        windows = _read("legal_windows.json")
        LegalWindow.objects.bulk_create(LegalWindow(**row) for row in windows)
        # A bulk tells nobody, and quiet hours keep what they read.
        forget_all()
    ensure_roles()


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


def _make_stages(rows: list[dict[str, str]]) -> None:
    """Also when capture already made the first one for an early lead."""
    for position, row in enumerate(rows):
        Stage.objects.get_or_create(
            key=row["key"], defaults={**row, "position": position}
        )


def _make_questions(sets: list[dict[str, Any]]) -> None:
    for position, row in enumerate(sets):
        group = QuestionSet.objects.create(
            name=row["name"], active=row["active"], position=position
        )
        Question.objects.bulk_create(
            Question(question_set=group, position=number, **question)
            for number, question in enumerate(row["questions"])
        )


def ensure_roles() -> None:
    """Make the roles that are missing. Changes none that exists."""
    _make_roles(_read("roles.json"))


def _make_roles(roles: dict[str, dict[str, list[str]]]) -> None:
    """Make missing groups; a group that exists keeps what people gave it.

    Permissions of models that are not installed are left out.
    """
    missing = set(roles) - set(
        Group.objects.filter(name__in=roles).values_list("name", flat=True)
    )
    if not missing:
        return
    for name in APPS:
        # On the first start the groups may be made before the permissions.
        create_permissions(apps.get_app_config(name), verbosity=0)
    existing = {
        f"{app}.{codename}": pk
        for app, codename, pk in Permission.objects.values_list(
            "content_type__app_label", "codename", "pk"
        )
    }
    for name in sorted(missing):
        wanted = set(permission_names(name, roles))
        group = Group.objects.create(name=name)
        group.permissions.set(pk for key, pk in existing.items() if key in wanted)


def permission_names(
    role: str, roles: dict[str, dict[str, list[str]]]
) -> Iterator[str]:
    """Yield a role's permissions as "app.codename", those it builds on too."""
    for base in roles[role].get("like", ()):
        yield from permission_names(base, roles)
    for action in ACTIONS:
        for model in [*roles[role].get(action, ()), *roles[role].get("all", ())]:
            app, _, name = model.partition(".")
            yield f"{app}.{action}_{name}"
