"""What is set, as it may be shown: masked, and with where it comes from."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from integrations.services import Need, Service

# A shorter secret would be given away by its last four characters.
SHORT: Final = 12
HIDDEN: Final = "••••"


@dataclass(frozen=True, slots=True)
class Value:
    """One line of a service: a setting, its value as it may be shown, its source."""

    setting: str
    words: str
    shown: str
    source: str
    needed: bool

    @property
    def is_set(self) -> bool:
        """Whether there is a value."""
        return bool(self.shown)


def values_of(service: Service) -> list[Value]:
    """Every setting of a service, the needed ones first."""
    needed = {need.setting for need in service.needs}
    return [
        Value(
            setting=need.setting,
            words=need.words,
            shown=shown(need),
            source=source_of(need),
            needed=need.setting in needed,
        )
        for need in service.all_needs()
    ]


def shown(need: Need) -> str:
    """The value without what is secret in it; "" when it is not set."""
    value = need.value()
    if "://" in value:
        return _address(value)
    return mask(value) if need.secret else value


def mask(value: str) -> str:
    """The last four characters of a long secret, nothing of a short one; each of a
    comma list by itself.
    """
    parts = [part.strip() for part in value.split(",") if part.strip()]
    return ", ".join(
        HIDDEN + (part[-4:] if len(part) >= SHORT else "") for part in parts
    )


def _address(value: str) -> str:
    """A URL without its password and its query."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return HIDDEN
    place = f"[{host}]" if ":" in host else host
    if port is not None:
        place = f"{place}:{port}"
    if parts.password:
        place = f"{parts.username or ''}:{HIDDEN}@{place}"
    elif parts.username:
        place = f"{parts.username}@{place}"
    return urlunsplit((parts.scheme, place, parts.path, "", ""))


def source_of(need: Need) -> str:
    """Where the value comes from, in words."""
    if os.environ.get(need.setting):
        outside = need.setting in settings.SET_OUTSIDE
        return "environment" if outside else ".env"
    return "default" if need.value() else "not set"


def secrets_of(services: Iterable[Service]) -> list[str]:
    """Every secret value that is set, for tests that nothing shows one."""
    values = (n.value() for s in services for n in s.all_needs() if n.secret)
    return [part for value in values for part in re.split(r"\s*,\s*", value) if part]
