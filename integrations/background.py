"""Work that outlives the request that asked for it, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from django.db import connection

log = logging.getLogger(__name__)


def in_background(name: str, work: Callable[[], object]) -> None:
    """Start `work` and return at once. It may end with the process at any moment,
    so a row must say that it was begun; what escapes it is logged.
    """

    def run() -> None:
        try:
            work()
        except Exception:
            log.exception("%s failed", name)
        finally:
            connection.close()

    threading.Thread(target=run, name=name, daemon=True).start()
