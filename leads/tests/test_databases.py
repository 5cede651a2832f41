"""Steps of migrations that only one kind of database takes."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import ProgrammingError

from leads.databases import extension, only_on


class Editor:
    """A schema editor that remembers what it ran."""

    def __init__(self, vendor: str, error: str = "") -> None:
        self.ran: list[str] = []
        self.error = error
        self.connection = SimpleNamespace(
            vendor=vendor, settings_dict={"NAME": "shop"}, cursor=self.cursor
        )

    @contextmanager
    def cursor(self) -> Any:
        yield SimpleNamespace(execute=self.execute)

    def execute(self, statement: str) -> None:
        if self.error:
            raise ProgrammingError(self.error)
        self.ran.append(statement)


def test_statements_run_on_their_own_database_only() -> None:
    step = only_on("postgresql", ["ONE", "TWO"], ["BACK"])
    mine, other = Editor("postgresql"), Editor("sqlite")
    for editor in (mine, other):
        step.code(None, editor)
        step.reverse_code(None, editor)
    assert mine.ran == ["ONE", "TWO", "BACK"]
    assert other.ran == []


def test_an_extension_that_may_not_be_made_says_who_must_do_what() -> None:
    step = extension("pg_trgm")
    other = Editor("sqlite", error="permission denied")
    step.code(None, other)
    with pytest.raises(ProgrammingError) as raised:
        step.code(None, Editor("postgresql", error="permission denied"))
    for words in ("permission denied", "shop", 'CREATE EXTENSION "pg_trgm";'):
        assert words in str(raised.value)
