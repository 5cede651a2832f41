"""What only one kind of database can do: indexes and search tables in migrations."""

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError, ProgrammingError, connection, migrations, models


def only_on(
    vendor: str, forwards: Sequence[str], backwards: Sequence[str] = ()
) -> migrations.RunPython:
    """A migration's step that runs these statements on the databases of `vendor`
    ("postgresql", "sqlite") and does nothing on the others.
    """
    return migrations.RunPython(
        _Statements(vendor, forwards), _Statements(vendor, backwards)
    )


class _Statements:
    def __init__(self, vendor: str, statements: Sequence[str]) -> None:
        self.vendor = vendor
        self.statements = tuple(statements)

    def __call__(self, apps: Any, editor: Any) -> None:
        """Run them, without parameters, so that a percent sign is itself."""
        if editor.connection.vendor != self.vendor:
            return
        with editor.connection.cursor() as cursor:
            for statement in self.statements:
                cursor.execute(statement)


def extension(name: str) -> migrations.RunPython:
    """A step that sees to a PostgreSQL extension; what was there before stays.

    Raises ProgrammingError that says what to do where the role may not create it.
    """
    return migrations.RunPython(_Extension(name), migrations.RunPython.noop)


class _Extension:
    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, apps: Any, editor: Any) -> None:
        """Create it unless it is there."""
        connection = editor.connection
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            try:
                cursor.execute(f'CREATE EXTENSION IF NOT EXISTS "{self.name}"')
            except DatabaseError as error:
                database = connection.settings_dict["NAME"]
                raise ProgrammingError(
                    f"The database {database} needs the extension {self.name}, and"
                    f" this role could not create it ({error}). Let an administrator"
                    f' run `CREATE EXTENSION "{self.name}";` in {database} (on Debian'
                    " it is in the package postgresql-contrib), then migrate again."
                ) from error


def look_over(*tables: type[models.Model]) -> None:
    """Let PostgreSQL count anew what is in tables that were just filled; until it
    does, it may read a whole table instead of an index. It does so by itself, later.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table._meta.db_table)}")
