"""How this process's calls to outside services ended, and how long they took.

In memory, since the process started; a sign of life carries it into the database
and /metrics shows it for all processes.
"""

import threading
from bisect import bisect_left
from typing import Any, Final

# Upper bounds in seconds; the last bucket has none.
BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)

_lock = threading.Lock()
_calls: dict[tuple[str, str], list[float]] = {}


def note(service: str, outcome: str, seconds: float) -> None:
    """Count one call that ended in `outcome` after `seconds`."""
    with _lock:
        row = _calls.setdefault((service, outcome), [0.0] * (len(BOUNDS) + 2))
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds


def snapshot() -> list[dict[str, Any]]:
    """Every service and outcome with its calls per bucket (not added up; one more
    than BOUNDS) and the seconds they took in all.
    """
    with _lock:
        return [
            {
                "service": service,
                "outcome": outcome,
                "buckets": [int(number) for number in row[:-1]],
                "seconds": round(row[-1], 3),
            }
            for (service, outcome), row in sorted(_calls.items())
        ]


def reset() -> None:
    """Forget everything; for tests."""
    with _lock:
        _calls.clear()
