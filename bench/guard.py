"""The check of a reply, guard and claims, beside the turn that it is a part of.

`python -m bench.guard [--n 300]`: prints JSON. A reply has 320 characters, rests on
the profile and on three passages, and none is checked twice. `passages_new` reads the
passages anew for each reply, `passages_known` has read them before. A turn is that of
bench/answer, from the carrier's fact to the stored reply, in the same process. Targets:
p95 ≤ 15 ms, and at the median ≤ half of a turn of the built-in model when the
passages are known; a paid model's turn takes seconds.
"""

import argparse
import gc
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import django

LENGTH = 320
DETAIL = (
    "The {name} is $12 per seat and month and includes email support and training in"
    " {place}. "
)
MORE = (
    "Hi Dana, thanks for asking about {place}! ",
    "Delivery to {place} usually takes 5 business days, and installation is free for"
    " orders over $2,000. ",
    "Unused desks from {place} can be returned within 30 days. ",
    "I've passed your question about {place} on to a colleague. ",
    "How many seats do you need in {place}?",
)
SYLLABLES = ("ba", "do", "fi", "ku", "la", "mo", "ne", "ri", "su", "ta")


def place_of(number: int) -> str:
    """A town that nothing was read of before."""
    return "".join(SYLLABLES[int(digit)] for digit in f"{number:05d}").title()


def reply_of(number: int) -> str:
    """A reply of just under 320 characters, unlike any other."""
    place = place_of(number)
    told = (*MORE[:1], DETAIL, *MORE[1:])
    whole = "".join(told).format(name="Team plan", place=place)
    return whole[:LENGTH]


def knowledge_of(number: int) -> tuple[Any, ...]:
    """An offer and two articles as retrieval finds them for a place."""
    from messaging.agent.model import Passage

    place = place_of(number)
    article = Passage("article.1", f"Delivery to {place}", "", "en", sure=0.9)
    return (
        Passage(
            "offer.1",
            "Team plan",
            f"For teams in {place}. Includes email support and training in {place}.",
            "en",
            sure=0.9,
            price=1200,
            currency="USD",
            unit="seat and month",
            discount_limit=10,
        ),
        replace(
            article,
            text=f"Delivery to {place} usually takes 5 business days. Installation is"
            " free for orders over $2,000. You get a link as soon as it ships.",
        ),
        replace(
            article,
            source="article.2",
            title=f"Can I return a desk in {place}?",
            text=f"Unused desks from {place} can be returned within 30 days. Orders"
            " made to measure stay with you.",
        ),
    )


def situation_of(number: int) -> Any:
    """A lead who asks about a place, and what was found for the question."""
    from messaging.agent.model import CompanyFacts, Missing, Situation

    return Situation(
        channel="sms",
        language="en",
        lead_name="Dana Reyes",
        history=(),
        message=f"What does it cost, and do you deliver to {place_of(number)}?",
        intent="question",
        topics=("price",),
        facts={},
        new_facts=(),
        missing=(Missing("need", "How many seats do you need?"),),
        asked="",
        when=(),
        company=CompanyFacts(
            name="Northwind Desks",
            sells="Standing desks and chairs for offices. Desks start at $399.",
            website="https://northwind.example",
            phone="+1 415 555 0100",
            hours="Mon-Fri 9am-5pm",
        ),
        first_automatic=False,
        local_now=datetime(2026, 3, 2, 10, 42, tzinfo=UTC),
        max_chars=459,
        knowledge=knowledge_of(number),
    )


def checks(count: int, *, known: bool) -> Iterator[float]:
    """Seconds of each check, guard and claims, of `count` replies."""
    from messaging.agent.claims import check_claims
    from messaging.agent.guard import allowed_for, inspect

    start = 10_000 if known else 50_000
    for number in range(start, start + count):
        at, body = situation_of(number), reply_of(number)
        if known:
            check_claims("We sell desks in Oslo.", situation=at)
        began = time.perf_counter()
        inspect(body, allowed=allowed_for(at))
        check_claims(body, situation=at)
        yield time.perf_counter() - began


def in_ms(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    p95 = sorted(seconds)[int(len(seconds) * 0.95)]
    return {
        "p50": round(statistics.median(seconds) * 1000, 2),
        "p95": round(p95 * 1000, 2),
    }


def main() -> None:
    """Set up an empty database, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=300)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="bench-")
    os.environ["DOORBELLS"] = "false"
    os.environ["LOG_LEVEL"] = "WARNING"
    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_test_environment

    call_command("migrate", verbosity=0)
    from leads.seeding import ensure_ground

    ensure_ground()
    setup_test_environment()
    from bench import answer

    print(json.dumps(measured(options.n, answer.measure), indent=2))


def measured(
    count: int, turns: Callable[[int], tuple[list[float], list[float]]]
) -> dict[str, Any]:
    """All figures; patterns compile at the first use."""
    list(checks(20, known=True))
    answers, _ = turns(min(count, 150))
    gc.collect()
    new = list(checks(count, known=False))
    known = list(checks(count, known=True))
    turn = statistics.median(answers)
    return {
        "replies": count,
        "characters": len(reply_of(1)),
        "passages_new_ms": in_ms(new),
        "passages_known_ms": in_ms(known),
        "turn_ms": in_ms(answers),
        "share_of_turn": {
            "passages_new": round(statistics.median(new) / turn, 3),
            "passages_known": round(statistics.median(known) / turn, 3),
        },
    }


if __name__ == "__main__":
    main()
