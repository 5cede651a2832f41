"""Roles of an older installation may do with sequences, consent and privacy what new
ones may. A role that people deleted stays deleted; what else they ticked stays.
"""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations


def _all(*models: str) -> tuple[str, ...]:
    return tuple(
        f"{action}_{model}"
        for action in ("add", "change", "delete", "view")
        for model in models
    )


READ = (
    "view_sequence",
    "view_enrollment",
    "view_businesscalendar",
    "view_legalwindow",
    "view_meeting",
)
WORK = (
    *READ,
    "add_enrollment",
    "change_enrollment",
    "add_meeting",
    "change_meeting",
    "add_suppression",
)
LEAD = (
    *WORK,
    *_all("sequence", "businesscalendar"),
    "view_optoutlist",
    "view_privacyrequest",
    "add_privacyrequest",
    "view_retentionrule",
)
RULE = (
    *LEAD,
    *_all("legalwindow", "retentionrule", "apikey"),
    "add_optoutlist",
    "view_periodictask",
)
GRANTS = {"read-only": READ, "rep": WORK, "manager": LEAD, "admin": RULE}


def grant(apps: Any, schema_editor: Any) -> None:
    """Tick them for the roles that are there."""
    group_model = apps.get_model("auth", "Group")
    groups = list(group_model.objects.filter(name__in=GRANTS))
    if not groups:
        return  # a new installation: the roles are made with them
    for name in ("leads", "messaging"):
        create_permissions(installed.get_app_config(name), verbosity=0)
    rows = apps.get_model("auth", "Permission").objects
    for group in groups:
        found = rows.filter(
            content_type__app_label__in=("leads", "messaging", "django_celery_beat"),
            codename__in=GRANTS[group.name],
        )
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("leads", "0005_consent_and_sequences"),
        ("messaging", "0006_consent_and_sequences"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
