"""The door for webhooks: an ASGI app in front of Django's.

Below /hooks/ it judges and journals a request without Django's machinery; every
other request passes on with a limit on its body, which Django itself would spool
whole. 2xx is said only when the row is durable; our own trouble is a 503.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from django.conf import settings
from django.db import connection

from integrations import journal, public_urls
from integrations.asgi import (
    CLOSE,
    App,
    ClientGone,
    Limited,
    Receive,
    Scope,
    Send,
    TooLarge,
    declared_size,
    drain,
    header_of,
    headers_of,
    read_body,
    send_answer,
)
from integrations.base import (
    MEGABYTE,
    PREFIX,
    Answer,
    Body,
    Webhook,
    find_webhook,
)
from integrations.judging import AWAY, Arrival, accept, answer_away

logger = logging.getLogger("integrations.intake")

THREADS: Final = 4
WAITING: Final = 256  # requests that may wait for a thread
BATCH: Final = 32
HANGS_SECONDS: Final = 0.25
BATCH_BYTES: Final = 2 * MEGABYTE
BODY_SECONDS: Final = 60.0
JOURNAL_SECONDS: Final = 12.0  # Twilio gives up after 15
GENERAL_BODY: Final = 12_582_912

NOT_FOUND = Answer(404, body=b"There is nothing here.\n")
WRONG_METHOD = Answer(405, body=b"Only POST.\n")
TOO_LATE = Answer(408, body=b"The body took too long.\n")
TOO_LARGE = Answer(413, body=b"The body is too large.\n")

_Waiting = tuple[Arrival, "asyncio.Future[Answer]"]


class Intake:
    """ASGI application: webhooks here, everything else to `app`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="journal")
        self._waiting: deque[_Waiting] = deque()
        self._running = 0
        self._started = 0.0  # when the latest batch was given to a thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith(PREFIX):
            await self._serve_hook(scope, receive, send)
        else:
            await self._pass_on(scope, receive, send)

    def close(self) -> None:
        """End the threads and their connections; running writes are awaited."""
        together = threading.Barrier(THREADS)

        def close_mine() -> None:
            # All meet before any goes on, so each thread closes its own.
            together.wait(timeout=5)
            journal.close_connection()

        for _ in range(THREADS):
            self._threads.submit(close_mine)
        self._threads.shutdown(wait=True)

    # --- webhooks ------------------------------------------------------------

    async def _serve_hook(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"][len(PREFIX) :]
        found = find_webhook(path)
        if found is None:
            return await send_answer(send, NOT_FOUND)
        if scope["method"] != "POST":
            return await send_answer(send, WRONG_METHOD, ("allow", "POST"))
        webhook, kind = found
        headers = headers_of(scope)
        body = Body()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                limit = webhook.limit(path, headers)
                await read_body(receive, headers, limit, body)
        except ClientGone:
            return body.close()
        except (TooLarge, TimeoutError) as error:
            body.close()
            large = isinstance(error, TooLarge)
            journal.counts["too_large" if large else "too_slow"] += 1
            return await send_answer(send, TOO_LARGE if large else TOO_LATE, CLOSE)
        arrival = _arrival(scope, headers, webhook, kind, path, body)
        answer = await self._journal(arrival)
        extra = ("retry-after", "30") if answer is AWAY else None
        await send_answer(send, answer, extra)

    async def _journal(self, arrival: Arrival) -> Answer:
        """Judge and store in a thread, within the sender's patience."""
        if len(self._waiting) >= WAITING:
            arrival.body.close()
            return answer_away("too many requests wait for the database")
        heard: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, heard))
        self._start_threads()
        try:
            return await asyncio.wait_for(heard, JOURNAL_SECONDS)
        except TimeoutError:
            return answer_away("the database took too long")

    def _start_threads(self) -> None:
        """Give what waits to free threads. What came meanwhile goes together: one
        statement, one sync to disk.
        """
        while self._waiting and self._may_start():
            batch = self._take_batch()
            self._running += 1
            arrivals = [arrival for arrival, _ in batch]
            if arrivals[0].body.size > MEGABYTE:
                self._started = 0.0  # it takes its time: nothing waits for it
            loop = asyncio.get_running_loop()
            task = loop.run_in_executor(self._threads, accept, arrivals)
            task.add_done_callback(partial(self._hand_out, batch))

    def _may_start(self) -> bool:
        """Whether another thread helps: more waits than one takes, or one hangs."""
        now = time.monotonic()
        if self._running and self._running < _thread_limit():
            hangs = now - self._started > HANGS_SECONDS
            if not hangs and len(self._waiting) < BATCH:
                return False
        elif self._running:
            return False
        self._started = now
        return True

    def _take_batch(self) -> list[_Waiting]:
        """The next ones; a large one goes alone, since others would wait for it."""
        batch: list[_Waiting] = []
        room = BATCH_BYTES
        while self._waiting and len(batch) < BATCH and room > 0:
            size = self._waiting[0][0].body.size
            if batch and size > MEGABYTE:
                break
            batch.append(self._waiting.popleft())
            room -= BATCH_BYTES if size > MEGABYTE else size
        return batch

    def _hand_out(
        self, batch: list[_Waiting], task: "asyncio.Future[list[Answer]]"
    ) -> None:
        self._running -= 1
        failed = task.cancelled() or task.exception() is not None
        answers = [AWAY] * len(batch) if failed else task.result()
        for (_, heard), answer in zip(batch, answers, strict=True):
            if not heard.done():  # else its sender's patience has ended
                heard.set_result(answer)
        self._start_threads()

    # --- everything else -----------------------------------------------------

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request to `app`, but never more than the limit of its body."""
        limit = int(getattr(settings, "MAX_REQUEST_BODY", GENERAL_BODY))
        declared = declared_size(header_of(scope, b"content-length"))
        if declared > limit:
            journal.counts["too_large"] += 1
            if not header_of(scope, b"expect"):
                await drain(receive, declared)
            return await send_answer(send, TOO_LARGE, CLOSE)
        limited = Limited(receive, send, limit)
        await self.app(scope, limited.receive, limited.send)
        if limited.exceeded:
            journal.counts["too_large"] += 1
            await send_answer(send, TOO_LARGE, CLOSE)


def _thread_limit() -> int:
    # SQLite has one writer; a second thread would only sleep for its lock.
    return 1 if connection.vendor == "sqlite" else THREADS


def _arrival(
    scope: Scope,
    headers: dict[str, str],
    webhook: Webhook,
    kind: str,
    path: str,
    body: Body,
) -> Arrival:
    return Arrival(
        webhook=webhook,
        kind=kind,
        path=path,
        url=public_urls.public_url(scope, headers),
        scope=scope,
        headers=headers,
        body=body,
    )
