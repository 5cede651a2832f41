"""Roles of an older installation may do with the newer models what new ones may.

A role that people deleted stays deleted; what else they ticked stays as it is.
"""

from typing import Any

from django.apps import apps as installed
from django.contrib.auth.management import create_permissions
from django.db import migrations

READ = ("view_template", "view_article", "view_phrasing", "view_offer")
KEEP = tuple(
    f"{action}_{model}"
    for action in ("add", "change", "delete", "view")
    for model in ("template", "article", "phrasing", "offer", "evaluationcase")
)
JUDGE = (
    "add_evaluationrun",
    "view_evaluationrun",
    "add_release",
    "view_release",
)
GRANTS = {
    "read-only": READ,
    "rep": READ,
    "manager": (*KEEP, *JUDGE),
    "admin": (*KEEP, *JUDGE, "view_promptrecord"),
}


def grant(apps: Any, schema_editor: Any) -> None:
    """Tick them for the roles that are there."""
    group_model = apps.get_model("auth", "Group")
    groups = list(group_model.objects.filter(name__in=GRANTS))
    if not groups:
        return  # a new installation: the roles are made with them
    create_permissions(installed.get_app_config("messaging"), verbosity=0)
    rows = apps.get_model("auth", "Permission").objects
    for group in groups:
        names = GRANTS[group.name]
        found = rows.filter(content_type__app_label="messaging", codename__in=names)
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("messaging", "0004_knowledge_index"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
