"""Two beats and two workers have the effects of one."""

import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from leadsite.tests.faults.carrier import Exchange, take, text_from, too_many
from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.world import Report, World, wait_until
from leadsite.tests.processes import ROOT

SPREAD = 30  # minutes of business time


def test_two_beats_and_two_workers_over_half_an_hour_act_once(
    world: World, full: bool, report: Report
) -> None:
    """Live processes first; then both sweep at once, minute by minute."""
    step = 1 if full else 10
    asked: set[str] = set()
    minutes = iter(range(1, SPREAD + 1))

    def ask_to_wait(exchange: Exchange) -> None:
        first = exchange.call.message not in asked
        asked.add(exchange.call.message)
        wait = next(minutes, 0) if first else 0
        (too_many(str(wait * 60)) if wait else take)(exchange)

    world.carrier.script = ask_to_wait
    world.extra["ALLOW_TIME_TRAVEL"] = "1"
    world.start("web", "worker", "worker-2", "beat", "beat-2")
    texts = SPREAD + 10
    for number in random.Random(3).sample(range(texts), texts):
        text = text_from(f"+1415564{number:04d}", f"We need {number + 5} seats")
        assert world.post(text)[0] == 200
    wait_until(lambda: len(asked) == texts, seconds=60, what=world.left_over)
    wait_until(lambda: len(world.carrier.accepted) >= 10, seconds=30, what="ten")
    time.sleep(5)  # several sweeps of both
    world.stop_all()
    now = datetime.now(UTC)
    for minute in range(step, SPREAD + 2 * step, step):
        sweep_twice_at_once(world, now + timedelta(minutes=minute))
    accepts = world.carrier.accepts()
    jobs = world.query(
        "SELECT name, count(*), count(DISTINCT effect_key) FROM leads_job GROUP BY 1"
    )
    report(accepted=len(accepts), most=max(accepts.values()), jobs=jobs)
    assert len(accepts) == texts
    assert set(accepts.values()) == {1}
    assert jobs
    assert all(rows == keys for _, rows, keys in jobs)
    assert_invariants(world)


def sweep_twice_at_once(world: World, moment: datetime) -> None:
    command = [sys.executable, "manage.py", "sweep", "--now", moment.isoformat()]
    environment = world.installation.environment
    running = [subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
