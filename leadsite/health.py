"""Whether this installation works: named checks, each with what to do.

`ready` answers a load balancer: may requests come here? A dead worker, a dead beat
or an absent Redis does not say no, because webhooks are still taken and kept, and a
balancer that turned them away would lose what senders never repeat. They make the
answer `degraded`, and `?strict=1` makes that a 503 for whoever wants to be woken.
"""

import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leadsite import probes
from leadsite.heartbeat import ALIVE, Seen
from leadsite.probes import DatabaseFacts, DiskFacts, NoAnswer, Probe, RedisFacts

T = TypeVar("T")
MEGABYTE: Final = 1_000_000
LITTLE_ROOM: Final = 1_000 * MEGABYTE
NO_ROOM: Final = 100 * MEGABYTE
STARTING: Final = 30.0  # seconds in which a part need not have swept yet
# Without these no request is worth being sent here.
NEEDED: Final = frozenset({"database", "migrations", "data folder"})


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What one check found, and the fix where something is wrong.

    `words` and `fix` name no host and no secret; `detail`, which may, is for the
    machine's own people (doctor) only.
    """

    name: str
    state: State
    words: str
    fix: str = ""
    detail: str = ""

    @property
    def ok(self) -> bool:
        """Whether it is at most a warning."""
        return self.state is not State.FAIL


@dataclass(frozen=True)
class Health:
    """All findings, and what they were made from (None: not known)."""

    findings: list[Finding]
    database: DatabaseFacts | None
    redis: RedisFacts | None
    disk: DiskFacts | None

    @property
    def status(self) -> str:
        """ready, degraded, or not ready."""
        failed = {finding.name for finding in self.findings if not finding.ok}
        if failed & NEEDED:
            return "not ready"
        return "degraded" if failed else "ready"


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """Answer: the process does. Asks nothing and nobody."""
    return JsonResponse({"status": "live"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when requests may come here, 503 when not; in less than two seconds."""
    health = examine()
    strict = request.GET.get("strict") == "1"
    wanted = ("ready",) if strict else ("ready", "degraded")
    checks = [as_json(finding) for finding in health.findings]
    return JsonResponse(
        {"status": health.status, "checks": checks},
        status=200 if health.status in wanted else 503,
    )


def as_json(finding: Finding, *, detail: bool = False) -> dict[str, Any]:
    """The finding for a machine; `detail` only where its reader may know all."""
    shown: dict[str, Any] = {**asdict(finding), "ok": finding.ok}
    if not detail:
        del shown["detail"]
    return shown


def examine() -> Health:
    """Make all checks side by side, in `probes.DEADLINE` seconds in all."""
    until = time.monotonic() + probes.DEADLINE
    for probe in (probes.database, probes.broker, probes.disk):
        probe.start()
    database, trouble = _heard(probes.database, until)
    redis, redis_trouble = _heard(probes.broker, until)
    disk, disk_trouble = _heard(probes.disk, until)
    findings = [
        *_database(database, trouble),
        *_parts(database),
        _redis(redis, redis_trouble),
        _disk(disk, disk_trouble),
    ]
    return Health(findings, database, redis, disk)


def _heard(probe: Probe[T], until: float) -> tuple[T | None, Exception | None]:
    try:
        return probe.result(until=until), None
    except Exception as error:  # whatever it is becomes a finding
        return None, error


def _reason(error: Exception | None) -> str:
    """Why, without the host names and paths that errors like to carry."""
    return str(error) if isinstance(error, NoAnswer) else type(error).__name__


# --- the checks --------------------------------------------------------------


def _database(facts: DatabaseFacts | None, trouble: Exception | None) -> list[Finding]:
    if facts is None:
        return [
            Finding(
                "database",
                State.FAIL,
                f"The database does not answer ({_reason(trouble)}).",
                "Start it, or correct DATABASE_URL. Webhooks are answered 503 until"
                " then, which most senders repeat.",
                detail=str(trouble),
            ),
            _not_known("migrations"),
        ]
    answered = f"Answered in {facts.milliseconds} ms."
    return [Finding("database", State.OK, answered), _migrations(facts.pending)]


def _migrations(pending: list[str]) -> Finding:
    if not pending:
        return Finding("migrations", State.OK, "All are applied.")
    more = f" and {len(pending) - 3} more" if len(pending) > 3 else ""
    named = ", ".join(pending[:3])
    return Finding(
        "migrations",
        State.FAIL,
        f"{len(pending)} not applied: {named}{more}.",
        "Run `manage.py migrate`.",
    )


def _parts(facts: DatabaseFacts | None) -> list[Finding]:
    if facts is None:
        return [_not_known(name) for name in ("worker", "beat", "sweep")]
    return [
        _part("worker", facts.parts, "Nothing is answered or sent until one runs."),
        _part("beat", facts.parts, "Workers look for due work themselves, later."),
        _sweep(facts.parts),
    ]


def _part(kind: str, parts: list[Seen], effect: str) -> Finding:
    mine = [part for part in parts if part.kind == kind]
    alive = [part for part in mine if part.alive]
    if alive:
        latest = min(part.age for part in alive)
        number = f"{len(alive)} {kind}{'s' if len(alive) > 1 else ''}"
        return Finding(kind, State.OK, f"{number}, seen {span(latest)} ago.")
    if mine:
        words = f"Last seen {span(min(part.age for part in mine))} ago. {effect}"
    else:
        words = f"None was seen in the last hour. {effect}"
    fix = f"Start one: `manage.py up --only {kind}`, or `manage.py up` for all parts."
    return Finding(kind, State.FAIL, words, fix)


def _sweep(parts: list[Seen]) -> Finding:
    ages = [part.swept_ago for part in parts if part.swept_ago is not None]
    limit = max(ALIVE.total_seconds() * 1.5, settings.SWEEP_SECONDS * 20)
    if ages and min(ages) <= limit:
        return Finding("sweep", State.OK, f"Looked for due work {span(min(ages))} ago.")
    beats = [part for part in parts if part.kind == "beat" and part.alive]
    if beats and max(part.running_for for part in beats) < STARTING:
        return Finding("sweep", State.OK, "The first one is on its way.")
    words = "Nobody has looked for due work in the last hour."
    if ages:
        words = f"Due work was last looked for {span(min(ages))} ago."
    return Finding(
        "sweep",
        State.FAIL,
        words,
        "See worker, beat and redis here. If all three are well, every thread of the"
        " workers is busy: start another worker.",
    )


def _redis(facts: RedisFacts | None, trouble: Exception | None) -> Finding:
    if trouble is not None:
        return Finding(
            "redis",
            State.FAIL,
            f"Redis does not answer ({_reason(trouble)}). Webhooks are still kept and"
            " nobody is logged out; workers find their work themselves, later.",
            "Start it, or correct REDIS_URL.",
            detail=str(trouble),
        )
    if facts is None:
        return Finding("redis", State.OK, "Not set: all parts run in one process.")
    return Finding("redis", State.OK, f"Answered in {facts.milliseconds} ms.")


def _disk(facts: DiskFacts | None, trouble: Exception | None) -> Finding:
    fix = "Make room, or move DATA_DIR to a larger disk."
    if facts is None:
        words = f"The folder cannot be looked at ({_reason(trouble)})."
        return Finding(
            "data folder", State.FAIL, words, "Check DATA_DIR.", detail=str(trouble)
        )
    room = f"{facts.free // MEGABYTE:,} MB are free."
    if not facts.writable:
        owner = "Give the user that runs Leadsite the right to write to DATA_DIR."
        words = f"Nothing can be written there. {room}"
        return Finding("data folder", State.FAIL, words, owner)
    state = State.OK if facts.free >= LITTLE_ROOM else State.WARN
    if facts.free < NO_ROOM:
        state = State.FAIL
    return Finding("data folder", state, room, "" if state is State.OK else fix)


def _not_known(name: str) -> Finding:
    words = "Not known while the database does not answer."
    return Finding(name, State.WARN, words, "See database.")


def span(seconds: float) -> str:
    """A duration in words, the largest unit alone: 4 s, 3 min, 2 h, 5 days."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (size < 86_400 and seconds >= size):
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, round(seconds))} s"
