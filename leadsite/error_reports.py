"""Errors to Sentry, where SENTRY_DSN is set: redacted, and through our own door."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.transport import HttpTransport

from integrations import http
from leadsite.heartbeat import version
from leadsite.logs import clean_deep

DEADLINE: Final = 5.0


def start() -> None:
    """Report errors from now on; nothing without a DSN."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        transport=Door,
        before_send=_cleaned,
        before_breadcrumb=_cleaned,
        send_default_pii=False,
        # Local variables and bodies hold what leads write.
        include_local_variables=False,
        max_request_body_size="never",
        # Only what we know of: some of the others describe prompts and queries.
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration(signals_spans=False, cache_spans=False)],
        release=version(),
        shutdown_timeout=2,
    )


def _cleaned(event: Any, hint: Mapping[str, Any]) -> Any:
    event.pop("server_name", None)
    return clean_deep(event)


@dataclass
class _Answer:
    """Of our door's answer, what Sentry's transport looks at."""

    status: int
    data: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Nothing is open."""

    def getheader(self, name: str) -> str | None:
        """One header."""
        return self.headers.get(name)


class Door(HttpTransport):
    """Sentry's background worker, calling through `integrations.http`."""

    def _request(
        self, method: str, endpoint_type: Any, body: Any, headers: Mapping[str, str]
    ) -> Any:
        answer = http.request(
            method,
            self._auth.get_api_url(endpoint_type),
            service="sentry",
            headers=headers,
            content=body,
            deadline=DEADLINE,
            max_bytes=100_000,
        )
        return _Answer(answer.status, answer.body, answer.headers)
