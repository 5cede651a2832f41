"""Roles of an older installation get the rights of the newer models, once."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group

pytestmark = pytest.mark.django_db
MIGRATION = import_module("messaging.migrations.0005_role_permissions")


def rights(group: Group) -> set[str]:
    return set(group.permissions.values_list("codename", flat=True))


@pytest.mark.parametrize("role", sorted(MIGRATION.GRANTS))
def test_a_role_that_is_there_gets_what_a_new_one_has(role: str) -> None:
    group = Group.objects.get(name=role)
    new = rights(group)
    group.permissions.clear()
    MIGRATION.grant(apps, None)
    assert rights(group) == set(MIGRATION.GRANTS[role]), "and nothing else"
    assert rights(group) <= new


def test_what_people_ticked_stays_and_a_deleted_role_does_not_come_back() -> None:
    rep, manager = (Group.objects.get(name=name) for name in ("rep", "manager"))
    before = rights(rep)
    manager.delete()
    MIGRATION.grant(apps, None)
    assert rights(rep) == before
    assert not Group.objects.filter(name="manager").exists()


def test_a_new_installation_is_left_to_its_seeding() -> None:
    Group.objects.all().delete()
    MIGRATION.grant(apps, None)
    assert not Group.objects.exists()
