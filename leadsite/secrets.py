"""Secrets that this installation makes for itself, once."""

import os
import secrets
from pathlib import Path

KNOWN_DEFAULTS = frozenset({"changeme", "secret", "insecure", "django-insecure"})


def load_or_make(path: Path) -> str:
    """Return the secret kept in `path`; make it (mode 0600) when there is none.

    Two processes that start together agree on one value: the file is created
    exclusively and the loser reads the winner's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_when_written(path)
    value = secrets.token_urlsafe(48)
    with os.fdopen(handle, "w") as file:
        file.write(value)
    return value


def _read_when_written(path: Path) -> str:
    import time

    for _ in range(100):
        value = path.read_text().strip()
        if value:
            return value
        time.sleep(0.02)
    raise ValueError(f"{path} is empty: delete it and start again")


def refuse_known_default(name: str, value: str) -> str:
    """Return `value`, or raise ValueError when everybody knows it."""
    if value.strip().lower() in KNOWN_DEFAULTS or value.startswith("django-insecure"):
        raise ValueError(f"{name} is a publicly known default; unset it or choose one")
    return value
