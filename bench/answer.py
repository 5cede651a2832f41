"""Inbound to stored reply with the built-in model, against one durable insert
of a message's row.

`python -m bench.answer [--n 200]`: prints JSON. Both are measured in turn in the
same process on the same database, so that the ratio holds on a noisy machine.
Targets: p95 ≤ 20 × the median durable insert, ≤ 50 queries a message.
"""

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from datetime import timedelta
from typing import Any

import django

TEXTS = [
    "Hi, we need about {seats} seats next month, budget is {budget}k, can someone"
    " call me?",
    "{hello} what do you sell?{end}",
    "Hola, necesitamos {seats} licencias, ¿cuánto cuesta?",
    "ok thanks{end}",
    "{hello} is {day} {hour}pm fine for a call?",
    "Are you a bot?{end}",
]
HELLOS = ["Hi,", "Hello,", "Hey,", "Hi there,", "Hello again,", "Good morning,", "So"]
ENDS = [
    " :)",
    "",
    " haha",
    " lol",
    " just asking",
    " ;)",
    " hm",
    " !!",
    " please",
    " :D",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]

OWN = 1  # the look-up of the turn, which a doorbell carries
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def count(captured: Any) -> int:
    """Statements that read or write, without those that only bound transactions."""
    said = [query["sql"].strip() for query in captured.captured_queries]
    return len([sql for sql in said if not sql.startswith(CONTROL)]) - OWN


def text_of(number: int) -> str:
    """The text of a message: unlike those before it, as people's texts are."""
    turn, kind = divmod(number, len(TEXTS))
    return TEXTS[kind].format(
        seats=40 + turn,
        budget=20 + turn,
        hello=HELLOS[turn % len(HELLOS)],
        end=ENDS[turn % len(ENDS)] + "." * (turn // len(ENDS)),
        day=DAYS[turn % len(DAYS)],
        hour=1 + turn % 6,
    )


def main() -> None:
    """Set up an empty database, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=200)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="bench-")
    os.environ["DOORBELLS"] = "false"
    os.environ["LOG_LEVEL"] = "WARNING"
    django.setup()
    from django.core.management import call_command
    from django.test.utils import CaptureQueriesContext, setup_test_environment

    call_command("migrate", verbosity=0)
    from leads.seeding import ensure_ground

    ensure_ground()
    setup_test_environment()
    from django.db import connection

    answers, inserts = measure(options.n)
    queries = []
    for number in range(12):  # leads that wrote before, and one new
        with CaptureQueriesContext(connection) as captured:
            answer_one(f"+1415555{number + 1000}", text_of(options.n + number))
        queries.append(count(captured))
        send_all()
    with CaptureQueriesContext(connection) as first:
        answer_one("+14155559999", text_of(0))
    insert = statistics.median(inserts)
    p95 = sorted(answers)[int(len(answers) * 0.95)]
    report = {
        "messages": options.n,
        "database": connection.vendor,
        "answer_ms": {
            "p50": round(statistics.median(answers) * 1000, 2),
            "p95": round(p95 * 1000, 2),
        },
        "durable_insert_ms": round(insert * 1000, 3),
        "p95_over_insert": round(p95 / insert, 1),
        "queries": {"median": statistics.median(queries), "max": max(queries)},
        "queries_of_a_new_lead": count(first),
    }
    print(json.dumps(report, indent=2))


def measure(count: int) -> tuple[list[float], list[float]]:
    """Seconds of each answer and of one durable insert beside it."""
    for number in range(len(TEXTS)):  # patterns compile at the first use
        answer_one("+14155550999", text_of(count + number))
    send_all()
    gc.collect()
    gc.freeze()  # as `up` does once it is warm
    answers, inserts = [], []
    for number in range(count):
        sender = f"+1415555{number % 50 + 1000}"
        answers.append(answer_one(sender, text_of(number)))
        send_all()
        inserts.append(insert_one())
    return answers, inserts


def answer_one(sender: str, text: str) -> float:
    """One text, from the carrier's fact to the stored reply: its seconds."""
    from leads import clock
    from messaging.models import Turn
    from messaging.replies import answer
    from messaging.simulation import SimulatedMessage, receive_simulated

    message = SimulatedMessage("sms", sender, text)
    started = time.perf_counter()
    stored = receive_simulated(message=message, shift=timedelta())
    seconds = time.perf_counter() - started
    turn = Turn.objects.filter(last_inbound=stored).values_list("pk", flat=True)
    with clock.shifted(timedelta(seconds=5)):  # the burst has ended
        pk = turn[0]  # a worker's doorbell carries it
        started = time.perf_counter()
        answer(turn_id=pk)
    return seconds + time.perf_counter() - started


def send_all() -> None:
    """Let what was answered go, as it would have by the next message."""
    from leads import clock
    from leads.work import run_due

    with clock.shifted(timedelta(seconds=5)):
        run_due()


def insert_one() -> float:
    """Seconds of one message's row written and durably committed."""
    from leads import clock
    from messaging.models import Conversation, Message

    conversation = Conversation.objects.order_by("pk").first()
    now = clock.now()
    row = Message(
        conversation=conversation,
        direction=Message.Direction.NOTE,
        kind=Message.Kind.NOTE,
        author=Message.Author.PERSON,
        state=Message.State.WRITTEN,
        body="a note of some length, as people write them",
        occurred_at=now,
        due_at=now,
    )
    started = time.perf_counter()
    row.save(force_insert=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
