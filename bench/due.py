"""Follow-ups that are due, claimed by 4 processes: 10,000 of 1,000,000 enrollments.

Three figures, from a database of its own beside the one that `DATABASE_URL` names:

- `claim`: rows a second through `sequences.running.claim_some`, the claim that every
  worker makes, against a bare `FOR UPDATE SKIP LOCKED` claim of the same batch size.
  Running the step is not in it: a bare claim does nothing to set against that.
- `flat`: the same claim where the 10,000 due rows are all there are, against 1,000,000.
- `steps`: whole steps a second (locks, causes, words, message, the next due time), and
  how many steps or messages came twice.

`DATABASE_URL=postgresql://… python -m bench.due [--due 10000] [--others 990000]
[--batch 50] [--rounds 3] [--steps 1000]`: prints JSON.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import django

Claim = Callable[[int], list[int]]
WORKERS = 4
NAME = "leadsite_bench_due"
TABLE = "messaging_enrollment"


def setting_up() -> None:
    """Django in this process, without doorbells."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DOORBELLS"] = "false"
    django.setup()


def ours(batch: int) -> list[int]:
    """One batch through the claim that workers make."""
    from messaging.sequences import running

    return [row.pk for row in running.claim_some(limit=batch)]


def bare(batch: int) -> list[int]:
    """One batch through the least statement that does it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET state = 'working' WHERE id IN ("
            f"SELECT id FROM {TABLE} WHERE state = 'waiting' AND due_at <= now()"
            " ORDER BY due_at FOR UPDATE SKIP LOCKED LIMIT %s) RETURNING id",
            [batch],
        )
        return [row[0] for row in cursor.fetchall()]


def steps(batch: int) -> list[int]:
    """One batch run to its end: each step is written."""
    from messaging.sequences import running

    return [0] * running.run_some(limit=batch)


CLAIMS: dict[str, Claim] = {"ours": ours, "bare": bare, "steps": steps}


def one_worker(name: str, batch: int, begin: Any, found: Any) -> None:
    """Claim until nothing is due; tell the ids and the seconds it took."""
    setting_up()
    from django.db import connection

    claim = CLAIMS[name]
    connection.ensure_connection()
    if name != "steps":
        claim(0 if name == "bare" else 1)  # a row more or less
    begin.wait()
    started = time.perf_counter()
    ids: list[int] = []
    while batch_ids := claim(batch):
        ids += batch_ids
    found.put((ids, started, time.perf_counter()))


def race(name: str, batch: int) -> tuple[float, list[int]]:
    """Rows a second of all workers together, and the ids that they got."""
    from django.db import connection

    connection.close()
    context = multiprocessing.get_context("spawn")
    begin, found = context.Barrier(WORKERS), context.Queue()
    processes = [
        context.Process(target=one_worker, args=(name, batch, begin, found))
        for _ in range(WORKERS)
    ]
    for process in processes:
        process.start()
    told = [found.get(timeout=600) for _ in processes]
    for process in processes:
        process.join()
    ids = [pk for taken, _, _ in told for pk in taken]
    seconds = max(end for *_, end in told) - min(start for _, start, _ in told)
    return len(ids) / seconds, ids


# --- the rows ----------------------------------------------------------------


def prepare(due: int) -> None:
    """Leads whom a text can reach, and a sequence of one step that is due with each."""
    from django.contrib.auth.models import User

    from leads import clock, policy
    from leads.models import Consent, ContactPoint, Lead, LeadContact, Stage, Team
    from leads.seeding import ensure_ground
    from messaging.models import Conversation
    from messaging.models.sequence import Sequence, Step, StepVariant
    from messaging.sequences import publishing

    ensure_ground()
    policy.change(actor="system", quiet_hours=False)
    team, now = Team.default(), clock.now()
    stage, user = Stage.objects.order_by("position")[0], User.objects.create_user("b")
    people = Lead.objects.bulk_create(
        Lead(name=f"Lead {n}", team=team, stage=stage) for n in range(due)
    )
    points = ContactPoint.objects.bulk_create(
        ContactPoint(kind="phone", value=f"+1415{5550000 + n}", textable=True)
        for n in range(due)
    )
    LeadContact.objects.bulk_create(
        LeadContact(lead=lead, contact_point=point, primary=True, known_by="person")
        for lead, point in zip(people, points, strict=True)
    )
    Consent.objects.bulk_create(
        Consent(
            contact_point=point,
            channel="sms",
            given=True,
            basis="form",
            actor="system",
            occurred_at=now,
        )
        for point in points
    )
    Conversation.objects.bulk_create(Conversation(lead=lead) for lead in people)
    row = Sequence.objects.create(name="Due")
    draft = publishing.draft_of(row)
    for position in (1, 2):
        step = Step.objects.create(version=draft, position=position)
        StepVariant.objects.create(step=step, body="Hello {{ first_name }}")
    publishing.activate(sequence=row, user=user)
    enroll(row.pk, late=True)


def enroll(sequence: int, *, late: bool) -> None:
    """Every lead in a sequence: due within the last hour, or in a month."""
    from django.db import connection

    due = "now() - (l.id %% 3600) * interval '1 second'"
    if not late:
        due = "now() + interval '30 days' + (l.id %% 3600) * interval '1 second'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (state, due_at, attempts, last_error, created_at,"
            " public_id, sequence_id, version_id, lead_id, next_step_id, how, actor,"
            " cause, reason, started_at) "
            f"SELECT 'waiting', {due}, 0, '', now(), gen_random_uuid(), s.id,"
            " s.current_id, l.id, t.id, 'hand', 'system', '', '',"
            " now() - interval '2 days' FROM leads_lead l"
            " JOIN messaging_sequence s ON s.id = %s"
            " JOIN messaging_step t ON t.version_id = s.current_id AND t.position = 1"
            " ORDER BY random()",
            [sequence],
        )


def fill(others: int, due: int) -> None:
    """So many more enrollments that are not due: every lead in many sequences."""
    from django.contrib.auth.models import User

    from messaging.models.sequence import Sequence, Step, StepVariant
    from messaging.sequences import publishing

    for number in range(others // due):
        row = Sequence.objects.create(name=f"Later {number}")
        step = Step.objects.create(version=publishing.draft_of(row), position=1)
        StepVariant.objects.create(step=step, body="Later")
        publishing.activate(sequence=row, user=User.objects.get(username="b"))
        enroll(row.pk, late=False)


def again() -> None:
    """All that was claimed is due as before, and the table is as tidy as before."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET state = 'waiting', attempts = 0, claim_token = NULL,"
            " lease_until = NULL WHERE state = 'working'"
        )
        cursor.execute(f"VACUUM ANALYZE {TABLE}")


# --- measuring ---------------------------------------------------------------


def compare(batch: int, rounds: int) -> dict[str, Any]:
    """Both claims in turn, and how many rows came twice."""
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    doubles = 0
    for _ in range(rounds):
        for name in rates:
            again()
            rate, ids = race(name, batch)
            rates[name].append(rate)
            doubles += len(ids) - len(set(ids))
    pairs = zip(rates["ours"], rates["bare"], strict=True)
    return {
        "ours_per_second": round(statistics.median(rates["ours"])),
        "bare_per_second": round(statistics.median(rates["bare"])),
        "ratio": round(statistics.median(us / them for us, them in pairs), 3),
        "doubles": doubles,
    }


def whole_steps(count: int, batch: int) -> dict[str, Any]:
    """Whole steps of `count` rows; the other due ones are put off meanwhile."""
    from django.db import connection

    from messaging.models import Message
    from messaging.models.sequence import StepRun

    again()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} SET due_at = now() + interval '30 days' WHERE due_at <="
            f" now() AND id NOT IN (SELECT id FROM {TABLE} WHERE due_at <= now()"
            " ORDER BY due_at LIMIT %s)",
            [count],
        )
    rate, _ = race("steps", batch)
    runs = list(StepRun.objects.values_list("enrollment_id", "step_id"))
    messages = Message.objects.filter(follow_up=True)
    return {
        "per_second": round(rate),
        "ran": len(runs),
        "messages": messages.count(),
        "doubles": len(runs) - len(set(runs)) + abs(messages.count() - len(runs)),
    }


def main() -> None:
    """A database of its own, the three figures, and it is gone again."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--due", type=int, default=10_000)
    parser.add_argument("--others", type=int, default=990_000)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1_000)
    options = parser.parse_args()
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        raise SystemExit("DATABASE_URL must name a PostgreSQL database")
    with own_database(url):
        report = measure(options)
    print(json.dumps(report, indent=2))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All figures, in a database that is migrated and empty."""
    prepare(options.due)
    few = compare(options.batch, options.rounds)
    fill(options.others, options.due)
    many = compare(options.batch, options.rounds)
    return {
        "due": options.due,
        "enrollments": options.due + options.others,
        "workers": WORKERS,
        "batch": options.batch,
        "claim": many,
        "claim_where_all_are_due": few,
        "flat": round(many["ours_per_second"] / few["ours_per_second"], 3),
        "steps": whole_steps(options.steps, options.batch),
    }


@contextmanager
def own_database(url: str) -> Iterator[None]:
    """A database beside the one of the URL, made and dropped; Django is set to it."""
    mine = urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
    run_at(url, f"DROP DATABASE IF EXISTS {NAME}")
    run_at(url, f"CREATE DATABASE {NAME}")
    os.environ["DATABASE_URL"] = mine
    try:
        setting_up()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        yield
        connection.close()
    finally:
        run_at(url, f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def run_at(url: str, statement: str) -> None:
    """One statement outside a transaction, before Django knows a database."""
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


if __name__ == "__main__":
    main()
