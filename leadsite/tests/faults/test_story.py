"""Separate processes on real servers: a signed text comes in, a reply goes out."""

import time

from leadsite.tests.faults.carrier import report_on, text_from
from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.model import Model
from leadsite.tests.faults.world import Report, World, wait_until

DANA = "+14155550123"


def test_a_signed_text_is_answered_by_three_processes(
    world: World, openai: Model, report: Report
) -> None:
    world.extra["OPENAI_API_KEY"] = "sk-loopback"
    world.extra["OPENAI_BASE_URL"] = openai.base_url
    world.start("web", "worker", "beat")
    text = text_from(DANA, "Hi, we need about 40 seats next month, budget is 20k")
    posted = time.time()
    assert world.post(text)[0] == 200
    wait_until(lambda: world.carrier.accepted, seconds=30, what=world.left_over)
    (call,) = world.carrier.accepted
    assert call.to == DANA
    assert openai.reply in call.body
    report(answered_after_s=round(call.heard_at - posted, 2))
    assert world.post(report_on(call, "delivered"))[0] == 200
    wait_until(
        lambda: world.number(
            "SELECT count(*) FROM messaging_message WHERE state = 'delivered'"
        ),
        seconds=20,
        what=world.left_over,
    )
    world.settle(seconds=10)
    assert_invariants(world)
