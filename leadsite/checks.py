"""Checks of how the parts are put together; each says what to do.

The registered ones run with `manage.py check`, `doctor` and before every command;
`separate_part_errors` when a part is started by itself.
"""

from collections.abc import Sequence
from importlib import metadata, util
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from integrations.services import catalogue
from messaging.evaluating import sealing

IN_MEMORY_LAYER = "channels.layers.InMemoryChannelLayer"


def separate_part_errors(only: str) -> list[CheckMessage]:
    """Say why this part cannot run in a process of its own; empty when it can."""
    found: list[CheckMessage] = []
    if only in ("worker", "beat") and _broker_is_in_memory():
        found.append(
            Error(
                f"A {only} of its own needs REDIS_URL: without it, doorbells and sweeps"
                " end at the process.",
                hint="Set REDIS_URL, or run `manage.py up` without --only.",
                id="leadsite.E001",
            )
        )
    if only == "worker" and _layer_is_in_memory():
        found.append(
            Error(
                "A worker of its own needs a channel layer between processes: with the"
                " in-memory one open pages hear nothing of its work.",
                hint="Set REDIS_URL, or run `manage.py up` without --only.",
                id="leadsite.E002",
            )
        )
    return found


def _broker_is_in_memory() -> bool:
    return str(settings.CELERY_BROKER_URL).startswith("memory:")


def _layer_is_in_memory() -> bool:
    return bool(settings.CHANNEL_LAYERS["default"]["BACKEND"] == IN_MEMORY_LAYER)


@register()
def client_versions(
    app_configs: Sequence[Any] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Name installed packages that break what was tried together."""
    found: list[CheckMessage] = []
    if _major("redis") >= 8:
        found.append(
            Warning(
                "The Redis client is version 8 or newer: every idle socket of the open"
                " pages dies after 6 seconds with it.",
                hint="pip install --require-hashes -r requirements.txt",
                id="leadsite.W001",
            )
        )
    if util.find_spec("psycopg") and util.find_spec("psycopg2"):
        found.append(
            Warning(
                "psycopg 3 is installed beside psycopg2: Django silently prefers it.",
                hint="pip uninstall psycopg",
                id="leadsite.W002",
            )
        )
    return found


@register()
def half_set_services(
    app_configs: Sequence[Any] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Name each service of which a part is set and a part is missing."""
    found: list[CheckMessage] = []
    for service in catalogue():
        if service.is_half_set():
            missing = ", ".join(service.missing())
            found.append(
                Warning(
                    f"{service.label} is half set and stays off: {missing} is missing.",
                    hint=f"Set {missing}, or empty the others.",
                    id="leadsite.W003",
                )
            )
    return found


@register()
def broker_and_layer_agree(
    app_configs: Sequence[Any] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a broker between processes beside a channel layer that is not."""
    if _broker_is_in_memory() or not _layer_is_in_memory():
        return []
    return [
        Error(
            "Doorbells go through a broker, but the channel layer is in memory: pages"
            " would silently miss what workers do.",
            hint="Set REDIS_URL, which sets both; do not override one of them.",
            id="leadsite.E003",
        )
    ]


@register()
def published_prompts(
    app_configs: Sequence[Any] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Name prompt files that were changed after they were published."""
    return [
        Error(
            words + ".",
            hint="Put the file back as it was: every answer names the prompt that wrote"
            " it.",
            id="leadsite.E004",
        )
        for words in sealing.broken()
    ]


def _major(package: str) -> int:
    """The installed major version; 0 when the package is not there."""
    try:
        return int(metadata.version(package).partition(".")[0])
    except (metadata.PackageNotFoundError, ValueError):
        return 0
