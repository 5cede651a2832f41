"""Proof is written once: nobody changes or deletes it, by no door."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import NoReverseMatch, reverse

from leads import clock, consent
from leads.lifecycle import forget_invented_addresses
from leads.models import AppendOnlyError, Consent, OptOutList, Suppression
from leads.opt_outs import sign_none
from leads.seeding import ensure_ground
from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    MembershipFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
ROLES = ("read-only", "rep", "manager", "admin", "billing")


@pytest.fixture
def said() -> Consent:
    tie = LeadContactFactory()
    return consent.record_consent(
        contact_point=tie.contact_point,
        channel="sms",
        given=True,
        basis="form",
        wording="Yes, text me.",
        wording_version="form 3",
        source="pricing page",
        evidence="form 77",
        ip="203.0.113.7",
        actor="lead",
        at=clock.now(),
    )


@pytest.fixture
def signed() -> OptOutList:
    return sign_none(channel="sms", name="Ana Ruiz", actor="user:1")


def rows() -> list[dict[str, Any]]:
    return [*Consent.objects.order_by("pk").values(), *OptOutList.objects.values()]


def attempts(row: Model) -> dict[str, Any]:
    """Every way that Python has to change or delete a row."""
    model: Any = type(row)
    mine = model.objects.filter(pk=row.pk)
    return {
        "save": row.save,
        "delete": row.delete,
        "update": lambda: mine.update(actor="somebody"),
        "update all": lambda: model.objects.update(actor="somebody"),
        "queryset delete": mine.delete,
        "all delete": lambda: model.objects.all().delete(),
        "bulk update": lambda: model.objects.bulk_update([row], ["actor"]),
        "bulk upsert": lambda: model.objects.bulk_create(
            [row],
            update_conflicts=True,
            update_fields=["actor"],
            unique_fields=["id"],
        ),
        "update or create": lambda: model.objects.update_or_create(
            pk=row.pk, defaults={"actor": "somebody"}
        ),
    }


@pytest.mark.parametrize("kind", ["consent", "list"])
def test_python_has_no_way_to_change_or_delete(
    kind: str, said: Consent, signed: OptOutList
) -> None:
    before = rows()
    for name, attempt in attempts(said if kind == "consent" else signed).items():
        with pytest.raises(AppendOnlyError), transaction.atomic():
            attempt()
        assert rows() == before, name


def test_a_related_row_takes_no_consent_with_it(said: Consent) -> None:
    from django.db.models import ProtectedError

    with pytest.raises(ProtectedError):
        said.contact_point.delete()
    assert said.contact_point.consents.count() == 1
    with pytest.raises(AppendOnlyError):
        said.contact_point.consents.all().delete()
    with pytest.raises(AppendOnlyError):
        said.contact_point.consents.update(given=False)


@pytest.mark.parametrize("table", ["leads_consent", "leads_optoutlist"])
@pytest.mark.parametrize("sql", ["UPDATE {} SET actor = 'somebody'", "DELETE FROM {}"])
def test_postgresql_refuses_it_below_python(
    table: str, sql: str, said: Consent, signed: OptOutList
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such guard: there the models refuse")
    before = rows()
    refused = pytest.raises(DatabaseError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format(table))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Consent._base_manager.update(given=False)
    refused = pytest.raises(DatabaseError, match="append-only")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('leadsite.erasing', 'on', true)")
        cursor.execute(f"UPDATE {table} SET actor = 'somebody'")
    assert rows() == before


def test_erasing_a_person_is_the_one_way_and_takes_only_theirs(said: Consent) -> None:
    other = consent.record_consent(
        contact_point=ContactPointFactory(),
        channel="sms",
        given=True,
        basis="form",
        actor="lead",
        at=clock.now(),
    )
    assert Consent.objects.erase([said.contact_point]) == 1
    assert list(Consent.objects.all()) == [other]
    if connection.vendor == "postgresql":  # the permission ended with it
        with pytest.raises(DatabaseError), transaction.atomic():
            Consent._base_manager.all()._raw_delete("default")  # type: ignore[attr-defined]


def test_an_invented_address_goes_with_its_statements() -> None:
    point = ContactPointFactory(simulated=True)
    consent.record_consent(
        contact_point=point, channel="sms", given=True, basis="inbound",
        actor="lead", at=clock.now(),
    )  # fmt: skip
    forget_invented_addresses([point.pk])
    assert not Consent.objects.exists()


# --- the pages, for every role --------------------------------------------------------


def person(role: str, team: Any) -> User:
    user = UserFactory(username=role, is_superuser=role == "superuser")
    if role == "all rights":
        user.user_permissions.set(Permission.objects.all())
    elif role != "superuser":
        user.groups.add(Group.objects.get(name=role))
    MembershipFactory(user=user, team=team, reach="all")
    return user


def doors(model: str, pk: int) -> list[tuple[str, dict[str, Any]]]:
    """Every address of the admin at which such a row could be touched."""
    base = f"admin:leads_{model}"
    change = {"given": "", "actor": "somebody", "wording": "no", "_save": "Save"}
    ways = [
        (f"{base}_add", [], change),
        (f"{base}_change", [pk], change),
        (f"{base}_delete", [pk], {"post": "yes"}),
        (
            f"{base}_changelist",
            [],
            {"action": "delete_selected", "_selected_action": [pk], "post": "yes"},
        ),
        (
            f"{base}_changelist",
            [],
            {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": pk,
             "form-0-given": "", "_save": "Save"},
        ),
    ]  # fmt: skip
    found = []
    for name, args, body in ways:
        try:
            found.append((reverse(name, args=args), body))
        except NoReverseMatch:
            continue  # there is no such door
    return found


@pytest.mark.parametrize("role", [*ROLES, "superuser", "all rights"])
def test_no_role_adds_changes_or_deletes_proof_by_any_door(
    role: str, said: Consent, signed: OptOutList
) -> None:
    ensure_ground()
    tie = said.contact_point.lead_contacts.get()
    stop = consent.suppress(
        contact_point=said.contact_point, channel="sms", reason="stop", words="STOP",
        actor="lead", at=clock.now(),
    )  # fmt: skip
    client = Client()
    client.force_login(
        person(role, tie.lead.team), "django.contrib.auth.backends.ModelBackend"
    )
    before, stops = rows(), list(Suppression.objects.values())
    tried = [
        *doors("consent", said.pk),
        *doors("suppression", stop.pk),
        *doors("optoutlist", signed.pk),
    ]
    assert len(tried) >= 10
    for url, body in tried:
        client.post(url, body)
        client.post(url, {**body, "_method": "DELETE"})
        client.delete(url)
        client.put(url)
        assert rows() == before, url
        assert list(Suppression.objects.values()) == stops, url
    answer = client.post(
        reverse("suppression_lift", args=[stop.pk]), {"words": "a mistake"}
    )
    assert answer.status_code in (302, 403, 404)
    assert list(Suppression.objects.values()) == stops
