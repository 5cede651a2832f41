"""What every inbound webhook has in common: routes, proof, and facts.

A provider declares its routes and what it must have in settings, proves a request
in methods named `validate_…`, names what makes it unique, and turns a journal row
into facts. Everything else (URL, journal, replay) comes by itself.
"""

import hashlib
import re
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import IO, Any, ClassVar, Final

from django.conf import settings
from django.utils.module_loading import import_string

PREFIX: Final = "/hooks/"
# The journal's name for an answer's note; no sender's header is kept under it.
ANSWERED: Final = "answered"
MEGABYTE: Final = 1_048_576
Headers = Mapping[str, str]
Validator = Callable[["Webhook", str, Headers, "Body"], None]


class WebhookRejected(Exception):
    """The request is not proven genuine; `reason` is for the person who looks.

    `verifying_url` is the address over which its signature is right, if one is.
    """

    def __init__(self, reason: str, verifying_url: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.verifying_url = verifying_url


class UnreadableDelivery(Exception):
    """A genuine request that can never become a fact; the text says why."""


class MediaRefused(Exception):
    """A picture or file that will never be stored; the text says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """A proven request as the parser gets it: `kind` and the named `parts` of its
    route, its headers as kept, and its body.

    `body` is the whole of it, unless the webhook takes large ones `in_pieces`: then
    those over 1 MB come by `pieces` alone.
    """

    kind: str
    parts: Mapping[str, str]
    headers: Headers
    content_type: str
    body: bytes
    received_at: datetime
    large: Callable[[], Iterator[bytes]] | None = None

    def pieces(self) -> Iterator[bytes]:
        """The whole body, at most 1 MB at a time."""
        return iter((self.body,)) if self.large is None else self.large()


@dataclass(frozen=True, slots=True)
class Once:
    """The facts of one event that may come in several requests: whatever request
    brings it, they act once. `key` is the vendor's own id of the event.
    """

    key: str
    facts: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a genuine request that can never become a fact; `words` say why.

    What stands beside it acts all the same.
    """

    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the vendor hears once its request is in the journal.

    `note` is what the journal keeps of it: `parse` finds it among the headers as
    `ANSWERED`, since what follows from a request may hang on what its sender heard.
    """

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    note: str = ""


class Body:
    """A request's raw body, hashed while it is spooled: memory up to 1 MB, then a
    file. `digest` is its SHA-256 in hexadecimal, `size` in bytes, `arrived_at` the
    real clock's seconds at which it began to come in.
    """

    def __init__(self, data: bytes = b"", *, arrived_at: float | None = None) -> None:
        self.arrived_at = time.time() if arrived_at is None else arrived_at
        # Given back by `close`, when the request is journalled.
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115
            max_size=MEGABYTE
        )
        self.size = 0
        self._hash = hashlib.sha256()
        if data:
            self.write(data)

    def write(self, chunk: bytes) -> None:
        """Append a piece as it arrives."""
        self.file.write(chunk)
        self._hash.update(chunk)
        self.size += len(chunk)

    @property
    def digest(self) -> str:
        """SHA-256 of all that was written."""
        return self._hash.hexdigest()

    @cached_property
    def raw(self) -> bytes:
        """All of it, in memory: for a webhook of small bodies alone. Ask only when
        the whole is written.
        """
        self.file.seek(0)
        return self.file.read()

    def pieces(self) -> Iterator[bytes]:
        """All of it, at most 1 MB at a time."""
        self.file.seek(0)
        while piece := self.file.read(MEGABYTE):
            yield piece

    def head(self, size: int) -> bytes:
        """The first `size` bytes."""
        self.file.seek(0)
        return self.file.read(size)

    def close(self) -> None:
        """Give the file back."""
        self.file.close()


class Webhook(ABC):
    """One provider's way in.

    `routes` maps a pattern of the path below /hooks/ to the kind of request.
    `required_settings` must all be set, else everything is refused; with
    `one_setting_is_enough`, one of them. `signs_url` says that the proof covers the
    URL, so a refusal may be due to the wrong one.
    """

    provider: ClassVar[str]
    label: ClassVar[str]
    routes: ClassVar[Mapping[str, str]]
    required_settings: ClassVar[tuple[str, ...]] = ()
    one_setting_is_enough: ClassVar[bool] = False
    max_body: ClassVar[int] = MEGABYTE
    in_pieces: ClassVar[bool] = False
    signs_url: ClassVar[bool] = False
    # Beginnings of lower-case header names that the journal must keep.
    kept_headers: ClassVar[tuple[str, ...]] = ()
    answer: ClassVar[Answer] = Answer()
    _validators: ClassVar[tuple[Validator, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Gather the validators of the whole class chain, the base's first."""
        super().__init_subclass__(**kwargs)
        cls._validators = tuple(
            member
            for ancestor in reversed(cls.__mro__)
            for name, member in vars(ancestor).items()
            if name.startswith("validate_")
        )
        if len(cls._validators) < 2:
            raise TypeError(f"{cls.__name__} proves nothing: write a validate_… method")

    def match(self, path: str) -> tuple[str, dict[str, str]] | None:
        """The kind and the named parts of `path` (below /hooks/), or None."""
        for pattern, kind in self.routes.items():
            found = re.fullmatch(pattern, path)
            if found:
                return kind, found.groupdict()
        return None

    def limit(self, path: str, headers: Headers) -> int:
        """The bytes that a body may have, as far as its head tells."""
        return self.max_body

    def kept_path(self, path: str) -> str:
        """`path` as the journal keeps it: without a secret that is part of it."""
        return path

    def match_kept(self, route: str) -> tuple[str, dict[str, str]] | None:
        """As `match`, for what `kept_path` made of a path."""
        return self.match(route)

    def verify(self, url: str, headers: Headers, raw: Body, kind: str = "") -> str:
        """Prove the request and return its external id. Raises WebhookRejected.

        `url` is the public address, `headers` have lower-case names. Every
        validator of the class chain runs, an overridden one too.
        """
        for validate in self._validators:
            validate(self, url, headers, raw)
        return self.identify(kind, headers, raw)[:200]

    def validate_settings(self, url: str, headers: Headers, raw: Body) -> None:
        """Fail closed while the service is not set up."""
        enough = any if self.one_setting_is_enough else all
        if not enough(getattr(settings, name, "") for name in self.required_settings):
            raise WebhookRejected(f"{self.label} is not set up")

    def identify(self, kind: str, headers: Headers, raw: Body) -> str:
        """What makes this request unique at the provider; never raises."""
        return f"sha256:{raw.digest}"

    def answer_to(self, kind: str, headers: Headers, raw: Body) -> Answer:
        """What the sender of a proven request hears: the same for all, unless a
        webhook chooses. Runs in the intake's thread; never raises.
        """
        return self.answer

    @abstractmethod
    def parse(self, received: Received) -> list[object]:
        """The facts in a proven request. Raises UnreadableDelivery when there can be
        none; any other error is tried again.
        """


@lru_cache(maxsize=4)
def _load(paths: tuple[str, ...]) -> tuple[Webhook, ...]:
    return tuple(import_string(path)() for path in paths)


def webhooks() -> tuple[Webhook, ...]:
    """All ways in, as named in `settings.WEBHOOKS`."""
    return _load(tuple(settings.WEBHOOKS))


def find_webhook(path: str) -> tuple[Webhook, str] | None:
    """The way in for `path` (below /hooks/) and its kind, or None."""
    for webhook in webhooks():
        found = webhook.match(path)
        if found:
            return webhook, found[0]
    return None


def webhook_of(provider: str) -> Webhook:
    """The way in of `provider`. Raises LookupError when it is gone."""
    for webhook in webhooks():
        if webhook.provider == provider:
            return webhook
    raise LookupError(f"no webhook of {provider!r} is installed")
