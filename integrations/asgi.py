"""Reading and answering HTTP requests on the bare ASGI interface."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final

from integrations.base import Answer, Body

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CLOSE: Final = ("connection", "close")
DRAINED_BYTES: Final = 16_777_216
DRAIN_SECONDS: Final = 3.0


class TooLarge(Exception):
    """The body is over its limit."""


class ClientGone(Exception):
    """The client left."""


def headers_of(scope: Scope) -> dict[str, str]:
    """All headers by lower-case name; repeated ones are joined by a comma."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        value = raw_value.decode("latin-1").replace("\0", "")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def header_of(scope: Scope, name: bytes) -> str:
    """One header by its lower-case name, or ""."""
    for key, value in scope["headers"]:
        if key.lower() == name:
            return str(value.decode("latin-1"))
    return ""


def declared_size(value: str) -> int:
    """The bytes that a Content-Length announces; 0 when it says nothing."""
    return int(value) if value.isascii() and value.isdigit() else 0


async def read_body(
    receive: Receive, headers: Mapping[str, str], limit: int, body: Body
) -> None:
    """Spool and hash the body as it comes. Raises TooLarge and ClientGone."""
    declared = declared_size(headers.get("content-length", ""))
    if declared > limit:
        if "expect" not in headers:
            await drain(receive, declared, beyond=limit)
        raise TooLarge
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise ClientGone
        body.write(event.get("body", b""))
        if body.size > limit:
            if event.get("more_body"):
                await drain(receive, beyond=limit)
            raise TooLarge
        if not event.get("more_body"):
            return


class Limited:
    """A request's `receive` and `send` with a limit on the body.

    Over the limit the application is told that the client left, which makes Django
    give the request up; `exceeded` then says so, and nothing has been sent.
    """

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self.exceeded = False
        self._receive = receive
        self._send = send
        self._left = limit
        self._started = False

    async def receive(self) -> Event:
        """The next event, or that the client left."""
        if self.exceeded:
            return {"type": "http.disconnect"}
        event = await self._receive()
        self._left -= len(event.get("body", b""))
        if self._left >= 0 or self._started:
            return event
        self.exceeded = True
        if event.get("more_body"):
            await drain(self._receive)
        return {"type": "http.disconnect"}

    async def send(self, event: Event) -> None:
        """Pass on, unless the request was given up."""
        if not self.exceeded:
            self._started = True
            await self._send(event)


async def drain(receive: Receive, declared: int = 0, *, beyond: int = 0) -> None:
    """Let a body that is somewhat too large for its limit (`beyond`) pass by, unkept,
    so that its sender hears the answer instead of a reset; a huge one is cut off.
    """
    most = DRAINED_BYTES + beyond
    if declared > most:
        return
    passed = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS * most / DRAINED_BYTES):
            while passed <= most:
                event = await receive()
                passed += len(event.get("body", b""))
                if event["type"] == "http.disconnect" or not event.get("more_body"):
                    return
    except TimeoutError:
        return


async def send_answer(
    send: Send, answer: Answer, extra: tuple[str, str] | None = None
) -> None:
    """Send the whole answer, with one more header if given."""
    headers = [
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    if extra is not None:
        headers.append((extra[0].encode(), extra[1].encode()))
    await send(
        {"type": "http.response.start", "status": answer.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": answer.body})
