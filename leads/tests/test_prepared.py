"""Statements that are put together once say what the ORM would say."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from leads.models import ContactPoint, Event, Job, Lead, LeadContact, Stage, Team
from leads.prepared import Select, Update, as_stored
from leads.prepared_rows import insert_all, insert_or_ignore
from leads.seeding import ensure_ground

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def lead() -> Lead:
    ensure_ground()
    return Lead.objects.create(
        name="Dana", team=Team.default(), stage=Stage.objects.order_by("pk")[0]
    )


def event(lead: Lead | None, **values: Any) -> Event:
    columns: dict[str, Any] = {"kind": "x.done", "actor": "test", "occurred_at": NOON}
    return Event(lead=lead, **columns | values)


def test_a_read_gives_what_the_orm_gives_with_related_rows(lead: Lead) -> None:
    point = ContactPoint.objects.create(kind="phone", value="+14155550123")
    row = LeadContact.objects.create(lead=lead, contact_point=point, known_by="wrote")

    def build(place: Any) -> models.QuerySet[LeadContact]:
        rows = LeadContact.objects.select_related("lead__team", "contact_point")
        return rows.filter(contact_point=place("point"))

    found = Select(build).one(point=point.pk)
    with CaptureQueriesContext(connection) as captured:
        assert found == row
        assert found.lead.team.pk == lead.team_id
        assert found.contact_point.value == "+14155550123"
    assert len(captured) == 0


def test_every_type_of_a_comparison_finds_its_row(lead: Lead) -> None:
    saved = event(lead)
    saved.save()
    by = Select[Event](
        lambda place: Event.objects.filter(
            uuid=place("uuid"),
            occurred_at__lte=place("until"),
            kind=place("kind"),
            lead=place("lead"),
        )
    )
    known = {"uuid": saved.uuid, "kind": "x.done", "lead": lead.pk}
    assert by.first(until=NOON, **known) == saved
    assert by.first(until=NOON - timedelta(microseconds=1), **known) is None
    assert by.first(until=NOON, **known | {"uuid": uuid.uuid4()}) is None


def test_columns_that_were_left_out_come_when_they_are_asked_for(lead: Lead) -> None:
    few = Select[Lead](lambda p: Lead.objects.only("score").filter(pk=p("pk")))
    found = few.one(pk=lead.pk)
    assert found.get_deferred_fields() >= {"name", "language"}
    assert found.name == "Dana"


def test_a_missing_row_is_the_models_own_error() -> None:
    by = Select[Lead](lambda place: Lead.objects.filter(pk=place("pk")))
    assert by.first(pk=0) is None
    with pytest.raises(Lead.DoesNotExist):
        by.one(pk=0)


def test_a_comparison_with_null_is_refused() -> None:
    by = Select[Lead](lambda place: Lead.objects.filter(owner=place("owner")))
    with pytest.raises(ValueError, match="NULL"):
        by.first(owner=None)


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused() -> None:
    by = Select[Lead](lambda p: Lead.objects.select_for_update().filter(pk=p("pk")))
    with transaction.atomic():
        assert by.first(pk=1) is None
    with pytest.raises(transaction.TransactionManagementError):
        by.first(pk=1)


def test_an_update_writes_columns_and_expressions_and_counts(lead: Lead) -> None:
    job = Job.objects.create(name="x", state="ready", arguments={"a": 1})
    raise_by_one = Update(
        lambda p: Job.objects.filter(pk=p("pk"), state="ready"),
        attempts=F("attempts") + 1,
    )
    token = uuid.uuid4()
    written = raise_by_one(
        {"pk": job.pk}, arguments={"b": [2]}, claim_token=token, lease_until=NOON
    )
    job.refresh_from_db()
    assert written == 1
    assert (job.attempts, job.arguments) == (1, {"b": [2]})
    assert (job.claim_token, job.lease_until) == (token, NOON)
    assert raise_by_one({"pk": job.pk}, state="done", claim_token=None) == 1
    assert raise_by_one({"pk": job.pk}, state="ready") == 0
    job.refresh_from_db()
    assert (job.state, job.claim_token, job.attempts) == ("done", None, 2)


def test_a_row_is_written_by_its_object_or_its_key(lead: Lead) -> None:
    second = Stage.objects.order_by("-pk")[0]
    set_stage = Update(lambda place: Lead.objects.filter(pk=place("pk")))
    set_stage({"pk": lead.pk}, stage=second)
    lead.refresh_from_db()
    assert lead.stage == second
    set_stage({"pk": lead.pk}, stage_id=Stage.objects.order_by("pk")[0].pk)
    lead.refresh_from_db()
    assert lead.stage != second


def test_new_rows_get_their_keys_in_order(lead: Lead) -> None:
    rows = [event(lead, payload={"n": n}) for n in range(3)]
    insert_all(rows)
    stored = {row.pk: row.payload["n"] for row in Event.objects.all()}
    assert stored == {row.pk: row.payload["n"] for row in rows}
    assert not rows[0]._state.adding
    insert_all([])


def test_a_row_that_is_there_already_is_left_alone() -> None:
    first = ContactPoint(kind="phone", value="+14155550123")
    second = ContactPoint(kind="phone", value="+14155550123")
    assert insert_or_ignore(first)
    assert not insert_or_ignore(second)
    assert second.pk is None
    assert ContactPoint.objects.get() == first


def test_a_double_key_is_the_databases_own_error(lead: Lead) -> None:
    saved = event(lead)
    saved.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        event(lead, uuid=saved.uuid).save()


def test_saving_takes_every_value_and_expressions_too(lead: Lead) -> None:
    lead.name, lead.score, lead.owner = "Dana Ö. 🙂", 42, None
    lead.save(update_fields=["name", "score", "owner"])
    lead.refresh_from_db()
    assert (lead.name, lead.score) == ("Dana Ö. 🙂", 42)
    lead.score = F("score") + 1
    lead.save(update_fields=["score"])
    lead.refresh_from_db()
    assert lead.score == 43


def test_saving_a_row_that_is_gone_is_the_models_own_error(lead: Lead) -> None:
    gone = Lead.objects.get(pk=lead.pk)
    Lead.objects.filter(pk=lead.pk).delete()
    with pytest.raises(DatabaseError, match="did not affect any rows"):
        gone.save(update_fields=["name"])


def test_a_column_of_our_own_kind_is_always_asked_for_its_value() -> None:
    class Loud(models.TextField):  # type: ignore[type-arg]
        def get_db_prep_save(self, value: Any, connection: Any) -> str:
            return str(value).upper()

    assert as_stored(Loud(), "quiet", connection) == "QUIET"  # type: ignore[arg-type]
    assert as_stored(models.TextField(), "quiet", connection) == "quiet"  # type: ignore[arg-type]
