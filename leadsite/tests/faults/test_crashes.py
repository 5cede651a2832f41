"""A worker killed with -9 anywhere loses nothing and doubles nothing."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from leadsite.tests.faults.carrier import (
    Exchange,
    after,
    hang,
    report_on,
    reset,
    server_error,
    take,
    text_from,
    too_many,
)
from leadsite.tests.faults.invariants import assert_invariants
from leadsite.tests.faults.model import Model
from leadsite.tests.faults.world import Report, World, wait_until

LIMIT = 60.0  # P8


@dataclass
class Struck:
    """One kill: where, when, and whose text was being worked on."""

    point: str
    number: str
    sid: str = ""  # of the text that was being read
    at: float = 0.0
    recovered: float | None = None


@contextmanager
def locked(world: World, table: str, number: str) -> Iterator[None]:
    """Hold the lock of a row that belongs to the lead with this number."""
    lead = (
        "(SELECT lead_id FROM leads_leadcontact c JOIN leads_contactpoint p"
        " ON p.id = c.contact_point_id WHERE p.value = %s)"
    )
    where = {
        "messaging_conversation": f"lead_id = {lead}",
        "leads_lead": f"id = {lead}",
        "leads_contactpoint": "value = %s",
    }[table]
    with closing(world.postgres.connect(world.database)) as connection:
        connection.autocommit = False
        cursor = connection.cursor()
        cursor.execute(
            f"SELECT id FROM {table} WHERE {where} FOR NO KEY UPDATE", [number]
        )
        assert cursor.fetchall(), f"{number} has no {table}"
        yield
        connection.rollback()


def wait_for_a_lock(world: World) -> None:
    """Until one of our processes waits for a row that we hold."""
    wait_until(
        lambda: world.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
            " AND wait_event_type = 'Lock'",
            world.database,
        ),
        seconds=30,
        what=world.left_over,
    )


def state_of(world: World, number: str) -> str:
    rows = world.query(
        "SELECT m.state FROM messaging_message m JOIN leads_contactpoint p"
        " ON p.id = m.contact_point_id WHERE p.value = %s"
        " AND m.direction = 'outbound' ORDER BY m.id DESC LIMIT 1",
        number,
    )
    return str(rows[0][0]) if rows else ""


def wait_for_state(world: World, number: str, state: str) -> None:
    wait_until(
        lambda: state_of(world, number) == state,
        seconds=40,
        what=world.left_over,
        every=0.03,
    )


def heard(world: World, number: str) -> bool:
    return any(call.to == number for call in world.carrier.calls)


def write(world: World, struck: Struck, words: str = "We need 40 seats") -> None:
    struck.sid = f"SM{uuid.uuid4().hex}"
    assert world.post(text_from(struck.number, words, sid=struck.sid))[0] == 200


def kill(world: World, struck: Struck) -> None:
    struck.at = time.time()
    world.parts["worker"].kill()


# --- the marked points --------------------------------------------------------


def while_it_is_read(world: World, struck: Struck, model: Model) -> None:
    write(world, struck)
    wait_for_state(world, struck.number, "sent")
    with locked(world, "leads_contactpoint", struck.number):
        write(world, struck, "and 20 chairs")
        wait_for_a_lock(world)
        kill(world, struck)


def while_it_is_understood(world: World, struck: Struck, model: Model) -> None:
    write(world, struck, "hello")
    wait_for_state(world, struck.number, "sent")
    with locked(world, "leads_lead", struck.number):
        write(world, struck, "we need 40 seats, our budget is 20k")
        wait_for_a_lock(world)
        kill(world, struck)


def in_the_model_call(world: World, struck: Struck, model: Model) -> None:
    words = f"we need {struck.number[-3:]} seats by {uuid.uuid4().hex[:8]}"
    model.hold(words)
    write(world, struck, words)
    wait_until(lambda: model.heard(words), seconds=30, what=world.left_over)
    kill(world, struck)
    model.let_go()


def after_the_claim(world: World, struck: Struck, model: Model) -> None:
    world.carrier_way.hold()
    write(world, struck)
    wait_for_state(world, struck.number, "claimed")
    kill(world, struck)
    world.carrier_way.cut()
    world.carrier_way.resume()
    assert not heard(world, struck.number)


def before_the_vendor_accepted(world: World, struck: Struck, model: Model) -> None:
    SCRIPTS[struck.number] = hang(60)
    write(world, struck)
    wait_until(lambda: heard(world, struck.number), seconds=30, what=world.left_over)
    kill(world, struck)


def after_the_vendor_accepted(world: World, struck: Struck, model: Model) -> None:
    SCRIPTS[struck.number] = after(True, hang(60))
    write(world, struck)
    wait_until(
        lambda: any(c.to == struck.number for c in world.carrier.accepted),
        seconds=30,
        what=world.left_over,
    )
    kill(world, struck)


def after_the_answer(world: World, struck: Struck, model: Model) -> None:
    with ExitStack() as stack:

        def lock_and_take(exchange: Exchange) -> None:
            row = locked(world, "messaging_conversation", exchange.call.to)
            stack.enter_context(row)
            take(exchange)

        SCRIPTS[struck.number] = lock_and_take
        write(world, struck)
        wait_for_a_lock(world)
        kill(world, struck)


SCRIPTS: dict[str, Callable[[Exchange], None]] = {}
POINTS = (
    while_it_is_read,
    while_it_is_understood,
    in_the_model_call,
    after_the_claim,
    before_the_vendor_accepted,
    after_the_vendor_accepted,
    after_the_answer,
)
NOT_ACCEPTED = ("after_the_claim", "before_the_vendor_accepted")


def has_begun_again(world: World, struck: Struck) -> bool:
    """The next step was taken, or the message is being looked up."""
    if struck.point == "while_it_is_read":
        return not world.number(
            "SELECT count(*) FROM integrations_webhookdelivery"
            " WHERE external_id = %s AND state = 'working' AND attempts = 1",
            struck.sid,
        )
    if struck.point in ("while_it_is_understood", "in_the_model_call"):
        return bool(
            world.number(
                "SELECT count(*) FROM messaging_turn t JOIN messaging_message m"
                " ON m.id = t.last_inbound_id"
                " WHERE m.external_id = %s AND t.attempts > 1",
                struck.sid,
            )
        )
    return any(at > struck.at and to == struck.number for at, to in world.carrier.lists)


def watch(world: World, strikes: list[Struck], ended: threading.Event) -> None:
    """Write down when each struck row was taken up again."""
    while not ended.wait(0.25):
        for struck in strikes:
            waits = struck.at and struck.recovered is None
            if waits and has_begun_again(world, struck):
                struck.recovered = time.time() - struck.at


def script_of_points(exchange: Exchange) -> None:
    SCRIPTS.get(exchange.call.to, take)(exchange)


def test_a_worker_killed_at_any_point_is_taken_up_within_a_minute(
    world: World, openai: Model, full: bool, report: Report
) -> None:
    strikes: list[Struck] = []
    SCRIPTS.clear()
    world.carrier.script = script_of_points
    world.extra["OPENAI_API_KEY"] = "sk-loopback"
    world.extra["OPENAI_BASE_URL"] = openai.base_url
    world.start("web", "worker", "beat")
    ended = threading.Event()
    watcher = threading.Thread(target=watch, args=(world, strikes, ended))
    watcher.start()
    try:
        for number in range(5 if full else 1):
            for index, point in enumerate(POINTS):
                struck = Struck(point.__name__, f"+14155{index}8{number:04d}")
                strikes.append(struck)
                point(world, struck, openai)
                world.start("worker")
        wait_until(
            lambda: all(s.recovered is not None for s in strikes),
            seconds=LIMIT + 15,
            what=lambda: f"{strikes} {world.left_over()}",
        )
    finally:
        ended.set()
        watcher.join(10)
    slowest: dict[str, float] = {}
    for struck in strikes:
        took = round(struck.recovered or 0, 1)
        slowest[struck.point] = max(slowest.get(struck.point, 0), took)
    report(kills=len(strikes), slowest_s=slowest)
    assert max(slowest.values()) <= LIMIT
    world.settle(seconds=90)
    wait_until(
        lambda: not lost_track(world), seconds=150, what=lambda: str(lost_track(world))
    )
    # A kill also strikes what an earlier one left in flight: what the vendor never
    # had stays unknown, and nothing else does.
    heard_of = {call.to for call in world.carrier.accepted}
    for struck in strikes:
        if struck.point in NOT_ACCEPTED:
            assert state_of(world, struck.number) == "unknown", struck
        elif struck.number in heard_of:
            assert state_of(world, struck.number) in ("sent", "unknown"), struck
    assert_invariants(world)
    ask_a_person_after_15_minutes(world, len(unknown(world)))


def ask_a_person_after_15_minutes(world: World, messages: int) -> None:
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 20 * 60))
    world.extra["ALLOW_TIME_TRAVEL"] = "1"
    world.manage("sweep", "--now", later)
    assert messages == world.number(
        "SELECT count(*) FROM leads_task WHERE kind = 'sent_check' AND done_at IS NULL"
    )


# --- anywhere ------------------------------------------------------------------


def moody(chance: random.Random) -> Callable[[Exchange], None]:
    """One call in ten has a fault; half of what is accepted is reported on."""
    faults = [
        after(False, server_error()),
        after(True, server_error()),
        after(True, reset),
        after(False, reset),
        after(True, hang(12)),
        too_many("1"),
    ]

    def run(exchange: Exchange) -> None:
        time.sleep(chance.random() * 0.4)
        script = chance.choice(faults) if chance.random() < 0.1 else take
        script(exchange)

    return run


def report_some(world: World, chance: random.Random, ended: threading.Event) -> None:
    """Callbacks for every other accepted message, some of them twice."""
    done = 0
    while not ended.wait(0.1):
        for call in world.carrier.accepted[done:]:
            done += 1
            if chance.random() < 0.5:
                continue
            for status in ["delivered", "sent"][: chance.choice((1, 2))]:
                world.post(report_on(call, status))


STOPS = 10  # every tenth lead thinks better of it


def write_on(world: World, count: int, every: float, ended: threading.Event) -> None:
    for number in range(count):
        sender, words = f"+1415559{number:04d}", f"We need {number + 10} seats"
        world.post_until_taken(text_from(sender, words))
        if ended.wait(every):
            return
        if number % STOPS == 0:
            world.post_until_taken(text_from(sender, "STOP"))


def test_random_kills_lose_nothing_and_double_nothing(
    world: World, full: bool, report: Report
) -> None:
    kills, texts = (50, 600) if full else (8, 100)
    chance = random.Random(20261125)
    world.carrier.script = moody(chance)
    world.start("web", "worker", "worker-2", "beat")
    ended = threading.Event()
    threads = [
        threading.Thread(target=report_some, args=(world, chance, ended)),
        threading.Thread(target=write_on, args=(world, texts, 0.25, ended)),
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            time.sleep(2 + chance.random() * 4)
            world.replace(chance.choice(("worker", "worker-2")))
        threads[1].join(300)
        settled = world.settle(seconds=180)
        wait_until(
            lambda: not lost_track(world),
            seconds=150,
            what=lambda: str(lost_track(world)),
        )
    finally:
        ended.set()
        for thread in threads:
            thread.join(30)
    accepted = len(world.carrier.accepts())
    report(
        kills=kills,
        texts=texts,
        accepted=accepted,
        settled_s=round(settled, 1),
        unknown_ever=unknown_ever(world),
        unknown_left=len(unknown(world)),
    )
    assert_invariants(world)
    stops = world.number("SELECT count(*) FROM leads_suppression")
    assert stops == -(-texts // STOPS)
    assert texts + stops == world.number(
        "SELECT count(*) FROM messaging_message WHERE direction = 'inbound'"
    )


def unknown(world: World) -> set[str]:
    rows = world.query(
        "SELECT public_id::text FROM messaging_message WHERE state = 'unknown'"
    )
    return {public_id for (public_id,) in rows}


def unknown_ever(world: World) -> int:
    return world.number(
        "SELECT count(DISTINCT payload->>'message') FROM leads_event"
        " WHERE kind IN ('message.unknown', 'message.reconciled')"
    )


def lost_track(world: World) -> set[str]:
    """Accepted by the vendor, and still unknown here."""
    return unknown(world) & set(world.carrier.accepts())
