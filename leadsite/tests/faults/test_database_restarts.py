"""PostgreSQL crashes in mid-transaction: nothing half written, nothing lost."""

import random
import time

from leadsite.tests.faults.carrier import Exchange, take
from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.load import Load
from leadsite.tests.faults.world import Report, World, wait_until


def slow(exchange: Exchange) -> None:
    """Long enough that restarts meet messages on their way."""
    time.sleep(0.3)
    take(exchange)


def accepted_but_unknown(world: World) -> int:
    rows = world.query(
        "SELECT public_id::text FROM messaging_message WHERE state = 'unknown'"
    )
    return len({public_id for (public_id,) in rows} & set(world.carrier.accepts()))


def test_restarts_under_load_lose_no_webhook_that_was_taken(
    world: World, full: bool, report: Report
) -> None:
    restarts = 20 if full else 4
    chance = random.Random(11)
    world.carrier.script = slow
    world.start("web", "worker", "beat")
    before = {name: part.process.pid for name, part in world.parts.items()}
    with Load(world, "610", every=0.1) as load:
        wait_until(lambda: len(load.taken) > 10, seconds=60, what="load")
        for _ in range(restarts):
            time.sleep(1 + chance.random() * 2)
            world.postgres.restart()
        time.sleep(2)
    settled = world.settle(seconds=180)
    wait_until(
        lambda: not accepted_but_unknown(world), seconds=90, what=world.left_over
    )
    journal = {
        sid
        for (sid,) in world.query(
            "SELECT external_id FROM integrations_webhookdelivery WHERE state = 'done'"
        )
    }
    lost = set(load.taken) - journal
    report(
        restarts=restarts,
        taken=len(load.taken),
        come_again=load.refused,
        lost=len(lost),
        settled_s=round(settled, 1),
        accepted=len(world.carrier.accepted),
    )
    assert lost == set()
    after = {n: p.process.pid for n, p in world.parts.items() if p.alive}
    assert after == before, "a part did not survive"
    assert_invariants(world)
