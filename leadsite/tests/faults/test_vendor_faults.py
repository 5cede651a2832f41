"""What a call's end means, fault by fault, and that trouble stays small."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pytest_django import Settings

from integrations import http
from leads import clock
from leads.models import ContactPoint, Suppression
from leadsite.tests.faults import carrier as vendor
from leadsite.tests.faults.carrier import Carrier, Exchange, Script, take, text_from
from leadsite.tests.faults.inprocess import lead_who_wrote, on_threads, queued
from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.world import Report, World, wait_until
from leadsite.tests.processes import free_port
from messaging.models import Message
from messaging.sending import deliver, reconcile

DEADLINE = 14.0  # the call's own 10 s, and what goes around twelve at once
after = vendor.after


@dataclass(frozen=True)
class Fault:
    """A script, the state it ends in, and whether the vendor had the message."""

    script: Script
    state: str
    had: bool = False


def both(name: str, script: Script) -> dict[str, Fault]:
    """The fault in place of the answer: before and after accepting."""
    return {
        f"{name}, before accepting": Fault(after(False, script), "unknown"),
        f"{name}, after accepting": Fault(after(True, script), "unknown", had=True),
    }


SLOW = {**both("hang", vendor.hang(15)), **both("drip", vendor.drip)}
FAULTS: dict[str, Fault] = {
    **both("500", vendor.server_error(500)),
    **both("502", vendor.server_error(502)),
    **both("503 without a word", vendor.server_error(503)),
    **both("504", vendor.server_error(504)),
    **both("reset", vendor.reset),
    **both("HTML, 200", vendor.html(200)),
    **both("HTML, 201", vendor.html(201)),
    **both("HTML, 502", vendor.html(502)),
    "401": Fault(vendor.refused(401, 20003), "failed"),
    "403": Fault(vendor.refused(403, 20003), "failed"),
    "404": Fault(vendor.refused(404, 20404), "failed"),
    "HTML, 404": Fault(vendor.html(404), "failed"),
    "invalid number 21211": Fault(vendor.refused(400, 21211), "failed"),
    "landline 21614": Fault(vendor.refused(400, 21614), "failed"),
    "opted out 21610": Fault(vendor.refused(400, 21610), "failed"),
    "429, Retry-After 1": Fault(vendor.too_many("1"), "queued"),
    "429, Retry-After 3600": Fault(vendor.too_many("3600"), "queued"),
    "429, Retry-After rubbish": Fault(vendor.too_many("soon, maybe"), "queued"),
    "503, Retry-After 30": Fault(vendor.too_many("30", 503), "queued"),
}


def send_into(
    adapter: Carrier, faults: dict[str, Fault], runs: int
) -> dict[str, list[int]]:
    """Let `runs` messages of each fault meet it, all at once; their ids by fault."""
    by_number: dict[str, Fault] = {}
    ids: dict[str, list[int]] = {}
    for name, fault in faults.items():
        for _ in range(runs):
            row = queued(lead_who_wrote(len(by_number) + len(adapter.calls)))
            by_number[row.contact_point.value] = fault
            ids.setdefault(name, []).append(row.pk)
    adapter.script = lambda e: by_number[e.call.to].script(e)
    everything = [pk for pks in ids.values() for pk in pks]
    on_threads(
        len(everything), [lambda pk=pk: deliver(message_id=pk) for pk in everything]
    )
    http.reset_breakers()
    return ids


def check_class(adapter: Carrier, name: str, fault: Fault, ids: list[int]) -> None:
    rows = list(Message.objects.filter(pk__in=ids))
    assert {row.state for row in rows} == {fault.state}, name
    for row in rows:
        deliver(message_id=row.pk)  # another doorbell must not send it again
    calls = Counter(call.message for call in adapter.calls)
    accepts = adapter.accepts()
    for row in rows:
        assert calls[str(row.public_id)] == 1, name
        assert accepts[str(row.public_id)] == fault.had, name
    if fault.state != "unknown":
        assert all(row.details["taken"] == [] for row in rows), name
        return
    for row in rows:
        reconcile(message_id=row.pk)
    found = {row.state for row in Message.objects.filter(pk__in=ids)}
    assert found == ({"sent"} if fault.had else {"unknown"}), name
    again = Counter(call.message for call in adapter.calls)
    assert again == calls, f"{name}: sent again"


@pytest.mark.parametrize("state", ["unknown", "failed", "queued"])
def test_each_fault_ends_in_its_class_and_is_never_sent_twice(
    adapter: Carrier, full: bool, state: str
) -> None:
    runs = 4  # fewer in a row than open the breaker, which would say "later" for us
    for name, fault in FAULTS.items():
        if fault.state != state:
            continue
        for _ in range(5 if full else 1):
            ids = send_into(adapter, {name: fault}, runs)
            check_class(adapter, name, fault, ids[name])
            http.reset_breakers()


def test_a_slow_vendor_is_left_within_the_deadline_and_never_called_twice(
    adapter: Carrier, full: bool
) -> None:
    for _ in range(7 if full else 1):
        started = time.monotonic()
        ids = send_into(adapter, SLOW, 3)
        assert time.monotonic() - started < DEADLINE
        for name, fault in SLOW.items():
            check_class(adapter, name, fault, ids[name])
            http.reset_breakers()


def test_a_refused_connection_is_a_definite_no_and_tried_again(
    adapter: Carrier, settings: Settings
) -> None:
    alive, port = settings.TWILIO_BASE_URL, free_port()
    settings.TWILIO_BASE_URL = f"http://127.0.0.1:{port}"
    settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, f"127.0.0.1:{port}"]
    row = queued(lead_who_wrote(1))
    deliver(message_id=row.pk)
    row.refresh_from_db()
    assert row.state == "queued"
    assert row.due_at > clock.now()
    settings.TWILIO_BASE_URL = alive
    with clock.shifted(timedelta(minutes=1)):
        deliver(message_id=row.pk)
    row.refresh_from_db()
    assert (row.state, len(adapter.accepted)) == ("sent", 1)


def test_an_opt_out_at_the_carrier_suppresses_and_a_landline_is_remembered(
    adapter: Carrier,
) -> None:
    adapter.script = vendor.refused(400, 21610)
    stopped = queued(lead_who_wrote(1))
    deliver(message_id=stopped.pk)
    adapter.script = vendor.refused(400, 21614)
    landline = queued(lead_who_wrote(2))
    deliver(message_id=landline.pk)
    found = Suppression.objects.get(lifted_at=None)
    assert found.contact_point_id == stopped.contact_point_id
    assert not ContactPoint.objects.get(pk=landline.contact_point_id).textable


def in_a_minute() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(lambda: "10", 10), (lambda: "3600", 3600), (in_a_minute, 60)],
    ids=["10", "3600", "a date"],
)
def test_retry_after_is_obeyed_within_a_tenth(
    adapter: Carrier, written: Callable[[], str], seconds: int
) -> None:
    adapter.script = lambda exchange: vendor.too_many(written())(exchange)
    row = queued(lead_who_wrote(1))
    heard = clock.now()
    deliver(message_id=row.pk)
    row.refresh_from_db()
    waits = (row.due_at - heard).total_seconds()
    assert 0.9 * seconds <= waits <= 1.1 * seconds
    with clock.shifted(timedelta(seconds=0.9 * seconds)):
        deliver(message_id=row.pk)
    assert len(adapter.calls) == 1
    adapter.script = take
    with clock.shifted(timedelta(seconds=1.1 * seconds)):
        deliver(message_id=row.pk)
    assert (len(adapter.calls), len(adapter.accepted)) == (2, 1)


# --- the breaker, between processes ---------------------------------------------


def test_an_outage_is_met_with_one_call_in_ten_seconds_and_no_message_is_lost(
    world: World, full: bool, report: Report
) -> None:
    outage = 300.0 if full else 25.0
    world.carrier.script = world.carrier.listing = vendor.server_error(500)
    world.start("web", "worker", "worker-2", "beat")
    for number in range(30):
        words = f"We need {number + 5} seats"
        assert world.post(text_from(f"+1415562{number:04d}", words))[0] == 200
    wait_until(lambda: len(world.carrier.calls) >= 5, seconds=40, what=world.left_over)
    time.sleep(5)  # calls that had begun when it opened
    opened = time.time()
    time.sleep(outage)
    ended = time.time()
    during = calls_between(world, opened, ended)
    world.carrier.script, world.carrier.listing = take, None
    healed = time.time()
    wait_until(lambda: world.carrier.accepted, seconds=60, what=world.left_over)
    recovered = (world.carrier.accepted[0].accepted_at or 0) - healed
    world.settle(seconds=120)
    failed = world.number("SELECT count(*) FROM messaging_message WHERE state='failed'")
    report(
        outage_s=outage,
        calls_while_open=during,
        recovered_after_s=round(recovered, 1),
        accepted=len(world.carrier.accepted),
        failed=failed,
    )
    assert during <= outage / 10 + 1
    assert recovered <= 60
    assert failed == 0, "an outage of the vendor's is no reason to give up"
    assert_invariants(world)


def calls_between(world: World, since: float, until: float) -> int:
    """Sends and look-ups: a breaker is the vendor's, not the endpoint's."""
    sends = [call.heard_at for call in world.carrier.calls]
    looks = [at for at, _ in world.carrier.lists]
    return sum(since <= at <= until for at in sends + looks)


def test_a_busy_carrier_is_asked_again_when_it_said(
    world: World, report: Report
) -> None:
    asked: dict[str, int] = {}

    def busy_once(exchange: Exchange) -> None:
        message = exchange.call.message
        asked[message] = asked.get(message, 0) + 1
        (vendor.too_many("10") if asked[message] == 1 else take)(exchange)

    world.carrier.script = busy_once
    world.extra["SWEEP_SECONDS"] = "0.25"
    world.start("web", "worker", "beat")
    for number in range(5):
        text = text_from(f"+1415563{number:04d}", "We need 40 seats")
        assert world.post(text)[0] == 200
    wait_until(
        lambda: len(world.carrier.accepted) == 5, seconds=60, what=world.left_over
    )
    waits = []
    for taken in world.carrier.accepted:
        first = next(c for c in world.carrier.calls if c.message == taken.message)
        waits.append(taken.heard_at - first.heard_at)
    report(asked_for_s=10, waited_s=[round(wait, 2) for wait in waits])
    assert all(9 <= wait <= 11 for wait in waits)
    world.settle(seconds=60)  # the last answer is heard before its row is written
    assert_invariants(world)
