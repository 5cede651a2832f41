"""How log lines look, and what never stands in them.

A line in a terminal, JSON for machines (LOG_FORMAT=json), CloudWatch besides where it
is set. Every line passes the same redaction: secrets by name, by shape and by value,
telephone numbers and mail addresses but for their ends.
"""

import logging
import os
import re
import threading
import uuid
from collections.abc import Callable, MutableMapping
from contextvars import ContextVar
from copy import copy
from functools import cache, lru_cache
from types import TracebackType
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import structlog
from django.http import HttpRequest, HttpResponseBase

from integrations.http_redact import REDACTED, redact

# What the line belongs to: a request's id, or a task's name and row.
belongs_to: ContextVar[str] = ContextVar("leadsite_request", default="")
HEADER: Final = "X-Request-ID"
_GIVEN = re.compile(r"[\w.-]{8,64}", re.ASCII)

_SECRET_NAME = re.compile(r"(KEY|KEYS|TOKEN|SECRET|PASSWORD|DSN|SID_TOKEN)$")
_SHORTEST_SECRET = 8
_MARK = "\ue000"  # a private character: no pattern takes it for a part of a word
# +1 (415) 555-0123 as people, vendors and addresses of pages write it.
_PHONE = re.compile(r"(?:\+|%2B)\d(?:[\s().-]{0,2}\d){6,13}(\d)", re.IGNORECASE)
_MAIL = re.compile(r"[\w.%+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def clean(text: str) -> str:
    """`text` without secrets, and without what would name a lead."""
    # What is hidden already, before or by value, must not be torn apart by shape.
    for known in (REDACTED, *secret_values()):
        text = text.replace(known, _MARK)
    text = redact(text).replace(_MARK, REDACTED)
    text = _PHONE.sub(r"+…\1", text)
    return _MAIL.sub(r"…@\1", text)


def clean_deep(value: Any) -> Any:
    """The same for everything within lists and mappings."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _clean_named(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_deep(item) for item in value]
    return value


def _clean_named(key: str, value: Any) -> Any:
    """A value under a telling name is a secret, whatever it looks like."""
    if isinstance(value, str) and value and _tells(key):
        return REDACTED
    return clean_deep(value)


@lru_cache(maxsize=512)
def _tells(key: str) -> bool:
    return REDACTED in redact(f"{key}=something")


@cache
def secret_values() -> tuple[str, ...]:
    """The secrets that this process was given, by value."""
    found: set[str] = set()
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name):
            found.update(part.strip() for part in value.split(","))
        if name.endswith("_URL"):
            found.add(unquote(urlsplit(value).password or ""))
    from django.conf import settings

    found.add(str(settings.SECRET_KEY))
    long = (value for value in found if len(value) >= _SHORTEST_SECRET)
    return tuple(sorted(long, key=len, reverse=True))


class LineFormatter(logging.Formatter):
    """For a terminal: one line, then the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The whole entry, traceback included, redacted."""
        # Of a copy: what formatting leaves on a record, other handlers would show.
        return clean(super().format(copy(record)))


def json_formatter() -> logging.Formatter:
    """For machines: one JSON object a line."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _add_request,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=_in_words),
        ],
    )


def _add_request(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if belongs_to.get():
        event["request"] = belongs_to.get()
    return event


def _redact(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    plain = (str, int, float, bool, list, tuple, dict, type(None))
    shown = {
        key: value if isinstance(value, plain) else str(value)
        for key, value in event.items()
    }
    cleaned: dict[str, Any] = clean_deep(shown)
    return cleaned


def _in_words(value: Any) -> str:
    """Something within a list or mapping that is not JSON."""
    return clean(str(value))


class RequestIdMiddleware:
    """Names each request in its log lines and its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Take a proxy's id when it is one, else make one."""
        given = request.headers.get(HEADER, "")
        name = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex[:16]
        token = belongs_to.set(name)
        try:
            response = self.get_response(request)
            response[HEADER] = name
            return response
        finally:
            belongs_to.reset(token)


def log_thread_deaths() -> None:
    """Let what escapes a thread pass the redaction; Python would print it bare."""

    def tell(death: threading.ExceptHookArgs) -> None:
        if death.exc_type is SystemExit:
            return
        name = death.thread.name if death.thread else "a thread"
        trace: TracebackType | None = death.exc_traceback
        value = death.exc_value or death.exc_type()
        logging.getLogger("leadsite").error(
            "%s died", name, exc_info=(death.exc_type, value, trace)
        )

    threading.excepthook = tell


def configuration(*, form: str, level: str, ship: bool) -> dict[str, Any]:
    """The LOGGING setting: `form` is line or json; `ship` adds CloudWatch."""
    if form not in ("line", "json"):
        raise ValueError(f"LOG_FORMAT is line or json, not {form!r}")
    handlers: dict[str, Any] = {
        "console": {"class": "logging.StreamHandler", "formatter": form}
    }
    if ship:
        handlers["cloudwatch"] = {
            "class": "leadsite.log_shipping.CloudWatch",
            "formatter": "json",
        }
    line = "%(asctime)s %(levelname)s %(name)s %(message)s"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": "leadsite.logs.LineFormatter", "format": line},
            "json": {"()": "leadsite.logs.json_formatter"},
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": {
            # Django's own handlers print without redaction in DEBUG, and mail
            # whole error pages.
            "django": {"handlers": [], "propagate": True},
            "httpx2": {"level": "WARNING"},
            # A line for each sweep and doorbell would hide what matters.
            "celery": {"level": "WARNING"},
            # Without Redis there is no host name to complain about.
            "kombu.connection": {"level": "ERROR"},
            "uvicorn.access": {"level": "WARNING"},
            # They would describe their own shipping, for ever.
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
        },
    }
