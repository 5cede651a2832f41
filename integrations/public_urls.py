"""The address a request was sent to, as its sender knows it.

`settings.PUBLIC_BASE_URL` is the truth when it is set. Without it the request's own
words count; what a proxy adds is believed only from `settings.TRUSTED_PROXIES`
(addresses or networks, or "*").
"""

import ipaddress
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

Scope = Mapping[str, Any]
Headers = Mapping[str, str]
_HOST_HEADERS: Final = ("x-forwarded-host", "x-original-host", "host")
_MOST = 64


def public_url(scope: Scope, headers: Headers) -> str:
    """The address whose signature counts."""
    base = settings.PUBLIC_BASE_URL
    if base:
        return f"{base}{_target(scope)}"
    scheme, host = scope.get("scheme", "http"), headers.get("host", "")
    if _is_trusted(scope):
        scheme = _first(headers.get("x-forwarded-proto", "")) or scheme
        host = _first(headers.get("x-forwarded-host", "")) or host
    return f"{scheme}://{host}{_target(scope)}"


def other_urls(scope: Scope, headers: Headers) -> list[str]:
    """All addresses the request could have had, to find out what is set wrongly.

    Never used to accept a request. At most 64.
    """
    known = public_url(scope, headers)
    found: dict[str, None] = {}
    for host in dict.fromkeys(_hosts(headers)):
        for scheme in ("https", "http"):
            for target in _targets(scope, headers):
                found[f"{scheme}://{host}{target}"] = None
    found.pop(known, None)
    return list(found)[:_MOST]


def origin(url: str) -> str:
    """Scheme, host and port of `url`; "" when it has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def explain(url: str, verifying: str) -> str:
    """What to change so that a signature for `verifying` counts."""
    words = f"signature is right for {verifying}"
    if origin(url) == origin(verifying):
        return f"{words}; the address set at the sender must be {url}"
    return f"{words}; set PUBLIC_BASE_URL to {origin(verifying)}"


def _target(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    path = raw.decode("latin-1")
    return f"{path}?{query.decode('latin-1')}" if query else path


def _targets(scope: Scope, headers: Headers) -> Iterator[str]:
    target = _target(scope)
    path, mark, query = target.partition("?")
    prefix = _first(headers.get("x-forwarded-prefix", "")).rstrip("/")
    slashless = path.rstrip("/")
    yield target
    yield f"{slashless}{mark}{query}"
    yield path
    if prefix:
        yield f"{prefix}{target}"


def _hosts(headers: Headers) -> Iterator[str]:
    names: list[str] = []
    base = urlsplit(settings.PUBLIC_BASE_URL).netloc
    for value in (base, *(headers.get(name, "") for name in _HOST_HEADERS)):
        names += [part.strip() for part in value.split(",")[:3] if part.strip()]
    for name in names:
        yield name
        port = headers.get("x-forwarded-port", "").strip()
        if port.isascii() and port.isdigit() and ":" not in name:
            yield f"{name}:{port}"


def _first(value: str) -> str:
    return value.partition(",")[0].strip()


@lru_cache(maxsize=8)
def _networks(entries: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(
        ipaddress.ip_network(entry.strip(), strict=False)
        for entry in entries
        if entry.strip() not in ("", "*")
    )


def _is_trusted(scope: Scope) -> bool:
    entries = tuple(settings.TRUSTED_PROXIES)
    if not entries:
        return False
    if "*" in entries:
        return True
    client = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return False
    return any(address in network for network in _networks(entries))
