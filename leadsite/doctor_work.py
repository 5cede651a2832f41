"""What `doctor` says of the work that waits and of what carries it."""

from collections.abc import Iterator
from typing import Any, Final

from django.db import DatabaseError, connection

from leadsite import doctor_settings
from leadsite.health import Finding, Health, State, span
from leadsite.heartbeat import Seen
from leadsite.probes import RedisFacts
from leadsite.statistics import status

SKEW_WARN: Final = 2.0  # seconds
SKEW_FAIL: Final = 60.0  # leases and signature windows go wrong
LATE_WARN: Final = 60
LATE_FAIL: Final = 600
OLD_REDIS: Final = 6


def findings(health: Health) -> list[Finding]:
    """Empty of what cannot be known while the database or Redis is away."""
    found: list[Finding] = []
    if health.database is not None:
        found += [
            clocks(health.database.clock_behind),
            database_kind(health.database.parts),
        ]
        if not health.database.pending:
            found += _work()
    if health.redis is not None:
        found += redis(health.redis)
    return found


def clocks(behind: float) -> Finding:
    """Our clock beside the database's."""
    apart = abs(behind)
    if apart < SKEW_WARN:
        words = "This machine and the database agree."
        return Finding("clock", State.OK, words)
    state = State.FAIL if apart >= SKEW_FAIL else State.WARN
    words = f"This machine and the database are {span(apart)} apart."
    return Finding("clock", state, words, "Let NTP set the clock of both machines.")


def database_kind(parts: list[Seen]) -> Finding:
    """SQLite is for one process on one machine."""
    name = "database kind"
    alive = [part for part in parts if part.alive]
    processes = {part.process for part in alive}
    hosts = {part.name.rpartition(":")[0] for part in alive}
    if connection.vendor != "sqlite":
        return Finding(name, State.OK, connection.display_name + ".")
    if len(hosts) > 1:
        return Finding(
            name,
            State.FAIL,
            "SQLite is used from several machines: the file will be damaged.",
            "Set DATABASE_URL to a PostgreSQL database.",
        )
    if len(processes) > 1:
        return Finding(
            name,
            State.WARN,
            f"SQLite is used by {len(processes)} processes: one waits for the other.",
            "Set DATABASE_URL to a PostgreSQL database, or run `manage.py up` alone.",
        )
    return Finding(name, State.OK, "SQLite, which is right for one process.")


def _work() -> list[Finding]:
    try:
        shown = work(status())
        return [doctor_settings.time_zone(), *doctor_settings.old_lists(), *shown]
    except DatabaseError as error:
        words = f"Rows could not be counted ({type(error).__name__})."
        return [Finding("work", State.FAIL, words, "See database.", detail=str(error))]


def work(shown: dict[str, Any]) -> list[Finding]:
    """What `status` counted, judged."""
    return [late(shown["kinds"]), dead(shown), unknown(shown), sum_holds(shown)]


def late(kinds: dict[str, Any]) -> Finding:
    """The oldest piece of work that could have been done."""
    ages = {kind: row["oldest_due_seconds"] for kind, row in kinds.items()}
    kind = max(ages, key=lambda one: ages[one] or 0, default="")
    age = ages.get(kind) or 0
    if age < LATE_WARN:
        return Finding("due work", State.OK, "Nothing waits longer than a minute.")
    return Finding(
        "due work",
        State.FAIL if age >= LATE_FAIL else State.WARN,
        f"The oldest of {kind} has been due for {span(age)}.",
        "See worker, beat and redis. If all are well, start another worker.",
    )


def dead(shown: dict[str, Any]) -> Finding:
    """Rows that gave up."""
    number = shown["dead_letters"]
    if not number:
        return Finding("dead letters", State.OK, "None.")
    rows = [(kind, row["dead"]) for kind, row in shown["kinds"].items() if row["dead"]]
    named = ", ".join(f"{count} {kind}" for kind, count in rows)
    fix = "Open Dead letters in the menu: each says why, with a way out."
    return Finding("dead letters", State.WARN, f"{named}.", fix)


def unknown(shown: dict[str, Any]) -> Finding:
    """Messages of which nobody knows whether they left."""
    number = shown["unknown"]
    if not number:
        return Finding("unknown sends", State.OK, "None.")
    verb = "is" if number == 1 else "are"
    return Finding(
        "unknown sends",
        State.WARN,
        f"{number} {verb} not known to have left.",
        "The carrier is asked every minute; after 15 minutes answer in Review.",
    )


def sum_holds(shown: dict[str, Any]) -> Finding:
    """Received = answered + with a person + set aside."""
    if shown["nothing_lost"]:
        words = f"{shown['received']} received, each is somewhere."
        return Finding("nothing lost", State.OK, words)
    return Finding(
        "nothing lost",
        State.FAIL,
        "Received is not answered + with a person + set aside.",
        "This is a fault of ours: keep the database and report it.",
    )


def redis(facts: RedisFacts) -> Iterator[Finding]:
    """Its version, and that it does not throw doorbells away."""
    if facts.version is None:
        words = "It does not tell us its version and memory rules."
        yield Finding("redis kind", State.OK, words)
        return
    if int(facts.version.partition(".")[0] or 0) < OLD_REDIS:
        words = f"Redis {facts.version} is older than {OLD_REDIS}."
        yield Finding("redis kind", State.WARN, words, "Install a newer Redis.")
    elif facts.memory_limit and facts.eviction not in (None, "noeviction"):
        yield Finding(
            "redis kind",
            State.WARN,
            f"When its memory is full it throws keys away ({facts.eviction}),"
            " doorbells among them.",
            "Set maxmemory-policy noeviction, or give Leadsite a Redis of its own.",
        )
    else:
        yield Finding("redis kind", State.OK, f"Redis {facts.version}.")
