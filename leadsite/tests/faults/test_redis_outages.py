"""Redis stops, forgets or goes silent: work waits as rows, and is done after."""

import time

from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.load import Load
from leadsite.tests.faults.world import Report, World, percentile, wait_until

BACK_WITHIN = 120.0


def stop(world: World) -> None:
    world.redis.stop()


def start(world: World) -> None:
    world.redis.start()


def black_hole(world: World) -> None:
    world.redis_way.hold()


def open_again(world: World) -> None:
    """As a network that comes back: old connections are dead."""
    world.redis_way.cut()
    world.redis_way.resume()


def lose_everything(world: World) -> None:
    """What was rung for is forgotten, while nobody was there to hear it."""
    world.parts["worker"].kill()
    world.parts["beat"].kill()


def flush(world: World) -> None:
    world.redis.flush()
    world.start("worker", "beat")


FAULTS = {
    "stopped": (stop, start),
    "black-holed": (black_hole, open_again),
    "flushed": (lose_everything, flush),
}


def test_what_waited_while_redis_was_away_is_done_after_it_is_back(
    world: World, full: bool, report: Report
) -> None:
    rows = 500 if full else 150
    world.start("web")
    # Nobody works on the texts meanwhile, as in the faults: like beside like.
    healthy = write_texts(world, "600", 150)
    world.start("worker", "beat")
    world.settle(seconds=90)
    for number, (fault, (begin, end)) in enumerate(FAULTS.items()):
        begin(world)
        time.sleep(2)
        meanwhile = write_texts(world, f"60{number + 1}", rows)
        waiting = world.due()
        end(world)
        back = time.monotonic()
        alive = {name: part.alive for name, part in world.parts.items()}
        world.settle(seconds=BACK_WITHIN + 60)
        took = time.monotonic() - back
        ratio = percentile(meanwhile, 0.95) / percentile(healthy, 0.95)
        report(
            fault=fault,
            rows=rows,
            waiting=waiting,
            done_after_s=round(took, 1),
            p95_healthy_ms=round(percentile(healthy, 0.95) * 1000, 1),
            p95_meanwhile_ms=round(percentile(meanwhile, 0.95) * 1000, 1),
            ratio=round(ratio, 2),
        )
        assert all(alive.values()), f"a part died with Redis: {alive}"
        assert waiting >= rows * 0.9
        assert took <= BACK_WITHIN
        assert ratio <= 3, "webhooks were answered slowly without Redis"
    assert_invariants(world)


def write_texts(world: World, prefix: str, count: int) -> list[float]:
    """Post so many texts, all answered at once; the seconds of each answer."""
    with Load(world, prefix, every=0.03, again=False) as load:
        wait_until(lambda: len(load.seconds) >= count, seconds=120, what="the load")
    assert load.refused == 0
    return load.seconds


def test_texts_are_answered_while_redis_is_away(world: World, report: Report) -> None:
    world.start("web", "worker", "beat")
    write_texts(world, "650", 1)
    wait_until(lambda: world.carrier.accepted, seconds=30, what=world.left_over)
    black_hole(world)
    begun = time.time()
    write_texts(world, "651", 5)
    asked = "SELECT count(*) FROM messaging_message WHERE direction = 'inbound'"
    wait_until(
        lambda: len(world.carrier.accepted) == world.number(asked) >= 6,
        seconds=90,
        what=world.left_over,
    )
    report(answered_without_redis_after_s=round(time.time() - begun, 1))
    open_again(world)
    world.settle(seconds=60)
    assert_invariants(world)
