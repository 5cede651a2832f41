"""Rows that change rarely, kept in memory for a few seconds.

Point cards, questions and the company profile are read for every message and
changed once a month. A change in this process is seen at once, in another one
within `SECONDS`. Of what stops a message only the legal hours are kept, which
change with a statute: the policy, suppressions and holders are read in the
transaction that claims it.
"""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models.signals import post_delete, post_save

T = TypeVar("T")
SECONDS = 5.0
_all: list["Kept[Any]"] = []


class Kept(Generic[T]):
    """The answer of `read`, remembered for `seconds`, or until one of `watched`
    changes here.
    """

    def __init__(
        self,
        read: Callable[[], T],
        *watched: type[models.Model],
        seconds: float = SECONDS,
    ) -> None:
        self._read = read
        self._seconds = seconds
        self._until = 0.0
        self._value: T | None = None
        _all.append(self)
        for model in watched:
            name = f"kept-{id(self)}-{model.__name__}"
            for signal in (post_save, post_delete):
                signal.connect(
                    self._changed, sender=model, weak=False, dispatch_uid=name
                )

    def __call__(self) -> T:
        """Return the rows, read at most so many seconds ago."""
        now = time.monotonic()
        if self._value is None or now >= self._until:
            self._value = self._read()
            self._until = now + self._seconds
        return self._value

    def forget(self) -> None:
        """Read anew at the next call."""
        self._value = None

    def _changed(self, **kwargs: Any) -> None:
        self.forget()


def forget_all() -> None:
    """Forget everything (between tests, after bulk changes)."""
    for kept in _all:
        kept.forget()
