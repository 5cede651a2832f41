"""What every test gets; the environment is set in leadsite/tests/environment.py."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium; nothing is downloaded."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    return {"executable_path": CHROMIUM, "args": FLAGS}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The journal writes from threads of its own, so SQLite tests need a file."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        folder = tmp_path_factory.mktemp("database")
        database["TEST"]["NAME"] = str(folder / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The five roles are there from the start, as in every installation: to give
    them their permissions takes longer than most tests.
    """
    from leads.seeding import ensure_roles

    with django_db_blocker.unblock():
        ensure_roles()
    _settle_opt_outs()
    _flush_quickly()


# What `migrate` makes and no test changes.
KEPT_TABLES = ("django_content_type", "auth_permission")


def _flush_quickly() -> None:
    """PostgreSQL makes new files for every table it truncates, full or empty: between
    tests that commit, deleting their few rows takes a tenth of the time.
    """
    from django.db import connection

    if connection.vendor != "postgresql":
        return

    def sql_flush(style: Any, tables: Any, **kwargs: Any) -> list[str]:
        names = [connection.ops.quote_name(t) for t in tables if t not in KEPT_TABLES]
        return [
            "SET LOCAL session_replication_role = replica",
            *(f"DELETE FROM {name}" for name in sorted(names)),
            "SET LOCAL session_replication_role = origin",
        ]

    # Through the class: every thread has a connection, with operations, of its own.
    type(connection.ops).sql_flush = lambda self, *a, **k: sql_flush(*a, **k)


def _settle_opt_outs() -> None:
    """In tests nobody comes from another system, unless a test says so: else real
    channels would stay locked until somebody signs that.
    """
    from django.utils import timezone

    from leads.models import Policy

    for name in ("opt_outs_sms_at", "opt_outs_email_at"):
        field = Policy._meta.get_field(name)
        field.default = timezone.now
        vars(field).pop("_get_default", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what another database or Redis cannot change as plain."""
    for item in items:
        if _is_plain(item):
            item.add_marker(pytest.mark.plain)


SERVED = {"db", "transactional_db", "live_server"}


def _is_plain(item: pytest.Item) -> bool:
    from django.test import SimpleTestCase

    of_class = getattr(item, "cls", None)
    if item.get_closest_marker("django_db") or (
        of_class is not None and issubclass(of_class, SimpleTestCase)
    ):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return not fixtures & SERVED and not _speaks_of_redis(item.path)


@cache
def _speaks_of_redis(path: Path) -> bool:
    return "redis" in path.read_text(encoding="utf-8").lower()


SHARED = Path(__file__).resolve().parent.parent / "shared"


@pytest.fixture
def shared() -> Path:
    """The folder of real data beside the checkout; skips where there is none."""
    if not SHARED.is_dir():
        pytest.skip("no folder ../shared with real data beside this checkout")
    return SHARED


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    from django.core.cache import cache

    from leads.kept import forget_all

    cache.clear()
    forget_all()
    yield
