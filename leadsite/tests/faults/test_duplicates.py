"""Each event acts once, however often and in whatever order it comes."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from leadsite.tests.faults.carrier import report_on, text_from
from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.world import Report, Webhook, World, wait_until

REPORTS = ("accepted", "queued", "sending", "sent", "delivered")
EFFECTS = (
    "SELECT (SELECT count(*) FROM integrations_webhookdelivery),"
    " (SELECT count(*) FROM messaging_message WHERE direction = 'inbound'),"
    " (SELECT count(*) FROM messaging_turn),"
    " (SELECT count(*) FROM messaging_message WHERE direction = 'outbound'),"
    " (SELECT count(*) FROM messaging_message WHERE state = 'delivered'),"
    " (SELECT count(*) FROM leads_lead),"
    " (SELECT count(*) FROM leads_usagerecord)"
)


def post_all(world: World, webhooks: list[Webhook], *, threads: int) -> list[int]:
    """Post everything, all threads starting together; the statuses."""
    start = threading.Barrier(threads)

    def post(share: list[Webhook]) -> list[int]:
        start.wait(30)
        return [world.post(webhook)[0] for webhook in share]

    with ThreadPoolExecutor(threads) as pool:
        shares = [webhooks[n::threads] for n in range(threads)]
        return [status for part in pool.map(post, shares) for status in part]


def test_fifty_parallel_copies_are_one_message_one_turn_one_reply(
    world: World,
) -> None:
    world.start("web", "worker", "beat")
    text = text_from("+14155550123", "Hi, we need 40 seats next month")
    statuses = post_all(world, [text] * 50, threads=50)
    assert statuses == [200] * 50
    wait_until(lambda: world.carrier.accepted, seconds=30, what=world.left_over)
    world.settle(seconds=20)
    time.sleep(3)  # a second answer would have come by now
    (effects,) = world.query(EFFECTS)
    assert effects[:4] == (1, 1, 1, 1)
    assert len(world.carrier.calls) == 1
    assert_invariants(world)


def test_three_hundred_events_five_copies_each_act_three_hundred_times(
    world: World, report: Report
) -> None:
    world.start("web", "worker", "beat")
    first = [text_from(f"+1415556{n:04d}", f"We need {n + 5} seats") for n in range(30)]
    assert set(post_all(world, first, threads=8)) == {200}
    wait_until(
        lambda: len(world.carrier.accepted) == 30, seconds=60, what=world.left_over
    )
    reports = [report_on(c, word) for c in world.carrier.accepted for word in REPORTS]
    texts = [text_from(f"+1415557{n:04d}", f"I want {n + 5} desks") for n in range(150)]
    events = reports + texts
    assert len(events) == 300
    copies = events * 5
    random.Random(7).shuffle(copies)
    started = time.monotonic()
    statuses = post_all(world, copies, threads=8)
    posted = time.monotonic() - started
    assert set(statuses) == {200}
    settled = world.settle(seconds=120)
    wait_until(
        lambda: len(world.carrier.accepted) == 180, seconds=10, what=world.left_over
    )
    (effects,) = world.query(EFFECTS)
    assert effects == (330, 180, 180, 180, 30, 180, 180)
    assert_invariants(world)
    again = events[:]
    random.Random(8).shuffle(again)
    assert set(post_all(world, again, threads=8)) == {200}
    time.sleep(3)
    assert world.query(EFFECTS) == [effects]
    report(posts_per_s=round(len(copies) / posted), all_done_after_s=round(settled, 1))
