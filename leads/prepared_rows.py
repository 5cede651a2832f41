"""New and changed rows, written with statements that are put together once."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery
from django.db.models.sql.compiler import SQLInsertCompiler

from leads.prepared import ALIAS, Row, Update, as_stored

_inserts: dict[Any, str] = {}


def insert_all(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model in one statement and give them their keys.

    Sends no signal, as `bulk_create` does not. Values are never expressions.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields = [f for f in meta.local_concrete_fields if f is not meta.auto_field]
    for row, (pk,) in zip(rows, insert(rows, fields), strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, ALIAS


def insert_or_ignore(row: models.Model) -> bool:
    """Insert a new row and give it its key; False when a unique one is there."""
    meta = row._meta
    fields = [f for f in meta.local_concrete_fields if f is not meta.auto_field]
    found = insert([row], fields, conflicts=OnConflict.IGNORE)
    for (pk,) in found:
        row.pk = pk
        row._state.adding, row._state.db = False, ALIAS
    return bool(found)


def insert(
    rows: Sequence[models.Model],
    fields: Sequence[Any],
    *,
    conflicts: OnConflict | None = None,
) -> list[Row]:
    """Insert the `fields` of `rows` and return what the database made of each."""
    db = connections[ALIAS]
    names = (field.attname for field in fields)
    key = (db.vendor, type(rows[0]), conflicts, len(rows), *names)
    sql = _inserts.get(key)
    if sql is None:
        sql = _inserts[key] = _insert_sql(rows, fields, conflicts, db)
    params = [
        as_stored(field, field.pre_save(row, add=True), db)
        for row in rows
        for field in fields
    ]
    with db.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[Row] = cursor.fetchall()
    return found


def _insert_sql(
    rows: Sequence[models.Model],
    fields: Sequence[Any],
    conflicts: OnConflict | None,
    db: BaseDatabaseWrapper,
) -> str:
    query = InsertQuery(type(rows[0]), on_conflict=conflicts)
    query.insert_values(list(fields), list(rows))
    # PostgreSQL's own compiler wants lists, a column each, from the second row on.
    compiler = SQLInsertCompiler(query, db, ALIAS)
    compiler.returning_fields = type(rows[0])._meta.db_returning_fields
    ((sql, _),) = compiler.as_sql()
    return str(sql)


class PreparedModel(models.Model):
    """A model whose plain `save()` uses statements that are put together once."""

    class Meta:
        abstract = True

    def _do_insert(
        self, manager: Any, using: str, fields: Any, returning_fields: Any, raw: bool
    ) -> Any:
        if raw or using != ALIAS or _has_expression(self, fields):
            parent: Any = super()
            return parent._do_insert(manager, using, fields, returning_fields, raw)
        return insert([self], fields)

    # Django's own signature, of the version that is locked.
    def _do_update(  # type: ignore[override]
        self, base_qs: Any, using: str, pk_val: Any, values: Any, *rest: Any
    ) -> Any:
        plain = all(not hasattr(value, "as_sql") for _, _, value in values)
        if not values or using != ALIAS or not plain:
            parent: Any = super()
            return parent._do_update(base_qs, using, pk_val, values, *rest)
        columns = {field.name: value for field, _, value in values}
        return _update_of(type(self))({"pk": pk_val}, **columns) > 0


def _has_expression(row: models.Model, fields: Iterable[Any]) -> bool:
    return any(hasattr(getattr(row, f.attname), "as_sql") for f in fields)


_updates: dict[type[models.Model], Update] = {}


def _update_of(model: type[models.Model]) -> Update:
    found = _updates.get(model)
    if found is None:
        found = Update(lambda place: model._base_manager.filter(pk=place("pk")))
        _updates[model] = found
    return found
