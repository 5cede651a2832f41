"""Log lines to CloudWatch, beside the terminal.

Nobody who logs ever waits: lines go into a bounded queue and a thread of its own
ships them. While Amazon is away the newest lines are dropped and counted; the
terminal has them all.
"""

import logging
import queue
import socket
import threading
import time
from typing import Final

import boto3
from botocore.config import Config
from django.conf import settings
from watchtower import CloudWatchLogHandler

WAITING: Final = 5_000  # lines
PAUSE: Final = 5.0  # seconds before the group is asked for again
_OWN = ("botocore", "boto3", "urllib3", "watchtower", "s3transfer")


class _Watchtower(CloudWatchLogHandler):
    """The package's handler, which may hold the end of the process up for 3 s."""

    FLUSH_TIMEOUT = 3

    def backlog(self) -> int:
        """Lines that wait for their batch."""
        return sum(waiting.qsize() for waiting in self.queues.values())


class CloudWatch(logging.Handler):
    """Formats in the caller's thread, which knows the request; ships in another."""

    def __init__(self) -> None:
        super().__init__()
        self._dropped = 0
        self._counting = threading.Lock()
        self._queue: queue.Queue[logging.LogRecord] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None
        self._inner: _Watchtower | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Put the line into the queue; drop it when that is full."""
        mine = threading.current_thread() is self._thread
        if mine or record.name.partition(".")[0] in _OWN:
            return  # a line about shipping would be shipped, and so on
        try:
            self._queue.put_nowait(_line(record, self.format(record)))
        except queue.Full:
            self.drop(1)
        except Exception:
            self.handleError(record)
        self._ensure_thread()

    @property
    def dropped(self) -> int:
        """Lines that were dropped and not yet told of."""
        return self._dropped

    def drop(self, lines: int) -> None:
        """Count lines that nobody will see; the next one shipped tells of them."""
        with self._counting:
            self._dropped += lines

    def _ensure_thread(self) -> None:
        # Called under the handler's lock; after a fork the thread is not here.
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._ship, name="log-shipping", daemon=True
            )
            self._thread.start()

    def flush(self) -> None:
        """Give what waits a few seconds (at the end of the process)."""
        until = time.monotonic() + _Watchtower.FLUSH_TIMEOUT
        while not self._queue.empty() and time.monotonic() < until:
            if self._inner is None:
                return  # Amazon was never reached
            time.sleep(0.05)
        if self._inner is not None:
            self._inner.flush()  # type: ignore[no-untyped-call]

    def _ship(self) -> None:
        while self._inner is None:
            self._inner = _connect()
            if self._inner is None:
                time.sleep(PAUSE)
        while True:
            record = self._queue.get()
            while self._inner.backlog() >= WAITING:
                time.sleep(0.2)
            self._tell_dropped()
            self._inner.handle(record)

    def _tell_dropped(self) -> None:
        with self._counting:
            dropped, self._dropped = self._dropped, 0
        if dropped and self._inner is not None:
            words = f'{{"event": "{dropped} lines were dropped", "level": "warning"}}'
            self._inner.handle(_line(logging.makeLogRecord({"name": __name__}), words))


def _line(record: logging.LogRecord, text: str) -> logging.LogRecord:
    """A record that holds nothing but the finished line and its time."""
    done = logging.makeLogRecord({"name": record.name, "msg": text})
    done.created = record.created
    return done


def _connect() -> _Watchtower | None:
    """A handler on its log group; None while Amazon does not answer."""
    try:
        client = boto3.client(
            "logs",
            region_name=settings.AWS_REGION,
            aws_access_key_id=settings.AWS_ACCESS_KEY_ID,
            aws_secret_access_key=settings.AWS_SECRET_ACCESS_KEY,
            endpoint_url=settings.AWS_ENDPOINT_URL or None,
            config=Config(
                connect_timeout=3, read_timeout=5, retries={"max_attempts": 1}
            ),
        )
        inner = _Watchtower(
            log_group_name=settings.AWS_LOG_GROUP,
            log_stream_name=f"{socket.gethostname()}-{{process_id}}",
            send_interval=5,
            boto3_client=client,
        )
    except Exception as error:  # tried again; the terminal hears of it
        name = type(error).__name__
        logging.getLogger("leadsite.logs").warning("CloudWatch: %s", name)
        return None
    inner.setFormatter(logging.Formatter("%(message)s"))
    return inner
