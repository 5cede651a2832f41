"""Texts that keep coming, from senders that come again until they are taken."""

import threading
import time
from dataclasses import dataclass, field
from typing import Self

from leadsite.tests.faults.carrier import text_from
from leadsite.tests.faults.world import World


@dataclass
class Load:
    """Posts a text every `every` seconds on `threads` threads until it ends.

    `taken` are the ids of texts answered 200; `seconds` how long each answer
    took; `refused` counts the answers that said "come again".
    """

    world: World
    prefix: str
    every: float = 0.1
    threads: int = 2
    again: bool = True
    taken: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _running: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def __enter__(self) -> Self:
        for _ in range(self.threads):
            thread = threading.Thread(target=self._write_on)
            thread.start()
            self._running.append(thread)
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        for thread in self._running:
            thread.join(60)

    def _write_on(self) -> None:
        while not self._ended.wait(self.every * self.threads):
            with self._lock:
                self._count += 1
                number = self._count
            sid = f"SM{self.prefix.encode().hex()[:12]:0<12}{number:020d}"
            text = text_from(
                f"+1415{self.prefix}{number:04d}", f"We need {number} seats", sid=sid
            )
            self._post(text, sid)

    def _post(self, text: tuple[str, bytes, dict[str, str]], sid: str) -> None:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            status, seconds = self.world.post(text)
            with self._lock:
                self.seconds.append(seconds)
                if status == 200:
                    self.taken.append(sid)
                    return
                self.refused += 1
            if not self.again:
                return
            time.sleep(0.5)
        raise AssertionError(f"{sid} was never taken")
