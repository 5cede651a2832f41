"""Sockets only for our own pages: browsers send cookies along from anywhere."""

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import validate_host


class SameOrigin:
    """Lets a socket through whose Origin is the host it asks, or ours in public.

    Compares the port too: another service on the same machine shares our
    cookies. `PUBLIC_BASE_URL` counts as ours behind a proxy that rewrites the
    Host header. A request without Origin is no page of ours.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on, or refuse before the handshake is answered."""
        headers = {
            name.lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        app = self.app if is_ours(headers) else WebsocketDenier()
        await app(scope, receive, send)


def is_ours(headers: dict[bytes, str]) -> bool:
    """Say whether the handshake comes from a page of this installation."""
    origin, host = headers.get(b"origin", ""), headers.get(b"host", "")
    if settings.PUBLIC_BASE_URL and origin == settings.PUBLIC_BASE_URL:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or parts.netloc.lower() != host.lower():
        return False
    return validate_host(parts.hostname or "", _hosts())


def _hosts() -> list[str]:
    # An IPv6 host is listed in brackets, `urlsplit` gives it without.
    return [name.strip("[]") for name in settings.ALLOWED_HOSTS]
