"""Statements whose SQL the ORM puts together once, not at every call.

Putting a statement together takes the ORM 0.2 to 1 ms, asking SQLite or a near
PostgreSQL takes 0.05 ms, and one answer asks some forty times. The ORM stays the
one who writes the SQL and knows the columns; only the values change. Made for the
path of a message; elsewhere a plain QuerySet is right.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import query as django_query
from django.db.models.expressions import Expression
from django.db.models.sql import UpdateQuery
from django.db.transaction import TransactionManagementError

ALIAS = "default"
M = TypeVar("M", bound=models.Model)
Row = tuple[Any, ...]
Statement = tuple[str, list[Any]]
# Django's own, of the version that is locked; the stubs are of a later one.
_populators: Any = django_query.get_related_populators


class Place(Expression):
    """Where a value goes that each call brings under `name`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        """A placeholder, with this place as its parameter."""
        return "%s", [self]


PlaceMaker = Callable[[str], Place]


class Select(Generic[M]):
    """A read that is put together once for each kind of database.

    `build` gets a function that makes the place of a named value, and returns the
    QuerySet, sliced if it should be. A value is an int, a str, a bool, a UUID or an
    aware datetime, never None. Each call names all of them.
    """

    def __init__(
        self, build: "Callable[[PlaceMaker], models.QuerySet[M, Any]]"
    ) -> None:
        self._build = build
        self._reads: dict[str, _Read] = {}

    def _read(self, db: BaseDatabaseWrapper) -> "_Read":
        found = self._reads.get(db.vendor)
        if found is None:
            found = self._reads[db.vendor] = _Read(self._build(Place), db)
        return found

    def all(self, **values: Any) -> list[M]:
        """The instances."""
        db = connections[ALIAS]
        read = self._read(db)
        return [read.instance(row) for row in read.rows(values, db)]

    def first(self, **values: Any) -> M | None:
        """The first instance, None when there is none."""
        db = connections[ALIAS]
        read = self._read(db)
        found = read.rows(values, db)
        return read.instance(found[0]) if found else None

    def one(self, **values: Any) -> M:
        """The instance that must be there. Raises the model's DoesNotExist."""
        found = self.first(**values)
        if found is None:
            model = self._read(connections[ALIAS]).model
            raise model.DoesNotExist(f"no {model._meta.verbose_name} for {values}")
        return found

    def rows(self, **values: Any) -> list[Row]:
        """The bare rows, for a QuerySet of `values_list`."""
        db = connections[ALIAS]
        return self._read(db).rows(values, db)


class _Read:
    """A compiled SELECT: its SQL, its parameters with their places, its columns."""

    def __init__(
        self, queryset: "models.QuerySet[Any, Any]", db: BaseDatabaseWrapper
    ) -> None:
        compiler = queryset.query.get_compiler(connection=db)
        self.sql, self.params = compiler.as_sql()
        self.locks = queryset.query.select_for_update
        self.model = queryset.model
        columns = [column[0] for column in compiler.select]
        self.converters = compiler.get_converters(columns)
        info = compiler.klass_info
        if info is not None:
            self.begin = info["select_fields"][0]
            self.end = info["select_fields"][-1] + 1
            own = columns[self.begin : self.end]
            self.names = [column.target.attname for column in own]
            self.related = _populators(info, compiler.select, ALIAS)

    def rows(self, values: dict[str, Any], db: BaseDatabaseWrapper) -> list[Row]:
        """Ask the database."""
        if self.locks and db.get_autocommit():
            raise TransactionManagementError("a lock needs a transaction")
        with db.cursor() as cursor:
            cursor.execute(self.sql, _bound(self.params, values, db))
            found: list[Row] = cursor.fetchall()
        if not self.converters:
            return found
        return [self._converted(row, db) for row in found]

    def _converted(self, row: Row, db: BaseDatabaseWrapper) -> Row:
        cells = list(row)
        for position, (functions, expression) in self.converters.items():
            value = cells[position]
            for function in functions:
                value = function(value, expression, db)
            cells[position] = value
        return tuple(cells)

    def instance(self, row: Row) -> Any:
        """The row as an instance of the model, with its related ones."""
        found = self.model.from_db(ALIAS, self.names, row[self.begin : self.end])
        for populator in self.related:
            populator.populate(row, found)
        return found


class Update:
    """An UPDATE that is put together once for each set of columns it writes.

    `build` is as for `Select`, without a slice. What is an expression, such as
    `F("attempts") + 1`, is `fixed` and written each time.
    """

    def __init__(
        self,
        build: "Callable[[PlaceMaker], models.QuerySet[Any, Any]]",
        **fixed: Any,
    ) -> None:
        self._build = build
        self._fixed = fixed
        self._statements: dict[Any, Statement] = {}

    def __call__(self, where: dict[str, Any], **columns: Any) -> int:
        """Write `columns` on the rows found by the values `where`; count them."""
        db = connections[ALIAS]
        key = (db.vendor, *columns)
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = self._compile(columns, db)
        sql, params = found
        with db.cursor() as cursor:
            cursor.execute(sql, _bound(params, where, db, columns))
            return int(cursor.rowcount)

    def _compile(self, columns: Iterable[str], db: BaseDatabaseWrapper) -> Statement:
        rows = self._build(Place)
        query: Any = rows.query.chain(UpdateQuery)
        places = {name: _Column(rows.model._meta.get_field(name)) for name in columns}
        query.add_update_values({**self._fixed, **places})
        sql, params = query.get_compiler(connection=db).as_sql()
        return sql, list(params)


class _Column(Place):
    """Where a value goes that is written into a column."""

    def __init__(self, field: Any) -> None:
        super().__init__(field.name)
        self.column = field


def _bound(
    params: Iterable[Any],
    where: dict[str, Any],
    db: BaseDatabaseWrapper,
    columns: dict[str, Any] | None = None,
) -> list[Any]:
    """The parameters with the values of this call in their places."""
    written = columns or {}
    bound = []
    for param in params:
        if isinstance(param, _Column):
            name = param.name if param.name in written else param.column.attname
            param = as_stored(param.column, _key(written[name]), db)
        elif isinstance(param, Place):
            param = _compared(where[param.name], db)
        bound.append(param)
    return bound


# Django's own columns that take a value of such a type as it is; a subclass may
# do more, such as encrypt.
_AS_IT_IS: dict[type, frozenset[type]] = {
    str: frozenset({models.CharField, models.TextField, models.SlugField}),
    int: frozenset(
        {
            models.BigIntegerField,
            models.IntegerField,
            models.PositiveIntegerField,
            models.PositiveSmallIntegerField,
            models.ForeignKey,
        }
    ),
    bool: frozenset({models.BooleanField}),
}


def as_stored(field: Any, value: Any, db: BaseDatabaseWrapper) -> Any:
    """A value as the column takes it."""
    if value is None or type(field) in _AS_IT_IS.get(type(value), ()):
        return value
    return field.get_db_prep_save(value, db)


def _key(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value


def _compared(value: Any, db: BaseDatabaseWrapper) -> Any:
    """A value as the database's driver takes it in a comparison."""
    if isinstance(value, datetime):
        return db.ops.adapt_datetimefield_value(value)
    if isinstance(value, UUID) and not db.features.has_native_uuid_field:
        return value.hex
    if value is None:
        raise ValueError("a comparison with NULL belongs into the statement itself")
    return value
