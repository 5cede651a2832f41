"""Due rows claimed a second by 1 and by 4 processes, against a bare claim with
`FOR UPDATE SKIP LOCKED` of the same batch size; and how many were claimed twice.

`DATABASE_URL=postgresql://… python -m bench.sweep [--rows 4000] [--batch 50]
[--rounds 5]`: prints JSON. The database may be filled; SQLite has no such claim.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django

Claim = Callable[[int], list[int]]
NAME = "bench.sweep"


def setting_up() -> None:
    """Django in this process, without doorbells."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DOORBELLS"] = "false"
    django.setup()


def ours(batch: int) -> list[int]:
    """One batch through the product's own claim."""
    from leads import claims
    from leads.models import Job

    taken = claims.claim_due(Job, limit=batch, lease=timedelta(seconds=60))
    return [row.pk for row in taken]


def bare(batch: int) -> list[int]:
    """One batch through the least statement that does it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_job SET state = 'working' WHERE id IN ("
            "SELECT id FROM leads_job WHERE state = 'ready' AND due_at <= now()"
            " ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT %s) RETURNING id",
            [batch],
        )
        return [row[0] for row in cursor.fetchall()]


def one_worker(name: str, batch: int, begin: Any, found: Any) -> None:
    """Claim until nothing is due; tell the ids and the seconds it took."""
    setting_up()
    claim: Claim = {"ours": ours, "bare": bare}[name]
    claim(0 if name == "bare" else 1)  # connects; a row more or less
    begin.wait()
    started = time.perf_counter()
    ids: list[int] = []
    while batch_ids := claim(batch):
        ids += batch_ids
    found.put((ids, started, time.perf_counter()))


def measure(name: str, workers: int, rows: int, batch: int) -> tuple[float, int]:
    """Rows a second of all workers together, and how many rows came twice."""
    from django.db import connection

    from leads import clock
    from leads.models import Job

    Job.objects.filter(name=NAME).delete()
    now = clock.now()
    Job.objects.bulk_create(
        Job(name=NAME, state=Job.State.READY, due_at=now, created_at=now)
        for _ in range(rows)
    )
    connection.close()
    context = multiprocessing.get_context("spawn")
    begin, found = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(target=one_worker, args=(name, batch, begin, found))
        for _ in range(workers)
    ]
    for process in processes:
        process.start()
    told = [found.get(timeout=120) for _ in processes]
    for process in processes:
        process.join()
    ids = [pk for taken, _, _ in told for pk in taken]
    seconds = max(end for *_, end in told) - min(start for _, start, _ in told)
    return len(ids) / seconds, len(ids) - len(set(ids))


def main() -> None:
    """Measure both in turn, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    setting_up()
    from django.core.management import call_command
    from django.db import connection

    if connection.vendor != "postgresql":
        raise SystemExit("DATABASE_URL must name a PostgreSQL database")
    call_command("migrate", verbosity=0)
    report: dict[str, Any] = {"rows": options.rows, "batch": options.batch}
    doubles = 0
    for workers in (1, 4):
        rates: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(options.rounds):
            for name in rates:
                rate, twice = measure(name, workers, options.rows, options.batch)
                rates[name].append(rate)
                doubles += twice
        pairs = zip(rates["ours"], rates["bare"], strict=True)
        report[f"workers_{workers}"] = {
            "ours_per_second": round(statistics.median(rates["ours"])),
            "bare_per_second": round(statistics.median(rates["bare"])),
            "ratio": round(statistics.median(us / them for us, them in pairs), 3),
        }
    report["doubles"] = doubles
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
