"""Rows that are proof: written once, never changed, never deleted by hand.

PostgreSQL refuses it as well, below Python: see the migration `append_only`.
"""

from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

from django.db import connections, models, transaction

M = TypeVar("M", bound=models.Model)
# What the trigger asks for: set for one transaction, by `erasing_in` alone.
SETTING = "leadsite.erasing"


class AppendOnlyError(TypeError):
    """A row of an append-only table was about to be changed or deleted."""


class AppendOnlyQuerySet(models.QuerySet[M]):
    """Rows that can be added and read."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse: what was said is not said otherwise afterwards."""
        raise AppendOnlyError(f"{self._named()} is append-only: add a new row")

    def delete(self) -> NoReturn:
        """Refuse: proof is not deleted."""
        raise AppendOnlyError(f"{self._named()} is append-only: nothing is deleted")

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        """Add rows; refuse to change those that are there on the way."""
        if kwargs.get("update_conflicts"):
            raise AppendOnlyError(f"{self._named()} is append-only: add a new row")
        return super().bulk_create(objs, *args, **kwargs)

    def _named(self) -> str:
        return str(self.model._meta.verbose_name)

    @transaction.atomic
    def _erase(self) -> int:
        """Delete these rows for good: the one way past the refusals, see callers."""
        _say_erasing(self.db, "on")
        deleted, _ = models.QuerySet.delete(self)
        _say_erasing(self.db, "off")
        return deleted


def _say_erasing(alias: str, word: str) -> None:
    db = connections[alias]
    if db.vendor == "postgresql":
        with db.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, word])
