"""What must hold after every fault, asked of the database and of the vendor."""

import json
from collections import Counter
from collections.abc import Iterator

from leadsite.tests.faults.world import World

# A message that the vendor may have is in one of these.
MAY_HAVE_LEFT = ("sent", "delivered", "failed", "unknown")


def broken(world: World) -> list[str]:
    """Every invariant that does not hold, in words."""
    checks = (
        accepted_once,
        journal_settled,
        accepts_have_rows,
        nothing_after_a_suppression,
        counters_equal_rows,
        nothing_missing,
        nothing_gave_up,
        one_effect_each,
        sum_holds,
    )
    return [f"{check.__name__}: {words}" for check in checks for words in check(world)]


def assert_invariants(world: World) -> None:
    found = broken(world)
    assert not found, "\n".join(found[:20])


def accepted_once(world: World) -> Iterator[str]:
    for message, times in world.carrier.accepts().items():
        if times > 1:
            yield f"message {message} was accepted {times} times"


def journal_settled(world: World) -> Iterator[str]:
    """Done, scheduled, dead-lettered or set aside; nobody works for ever."""
    for table in ("integrations_webhookdelivery", "messaging_turn", "leads_job"):
        rows = world.query(
            f"SELECT id, state, lease_until FROM {table}"
            " WHERE state = 'working' AND lease_until < now() - interval '30 s'"
        )
        for row in rows:
            yield f"{table} {row} is held by nobody"
    for row in world.query(
        "SELECT id, state, due_at FROM integrations_webhookdelivery"
        " WHERE state NOT IN ('done', 'dead', 'quarantined', 'discarded', 'working')"
        " AND due_at < now() - interval '60 s'"
    ):
        yield f"journal row {row} was forgotten"
    for row in world.query(
        "SELECT id, lease_until FROM messaging_message"
        " WHERE state = 'claimed' AND lease_until < now() - interval '30 s'"
    ):
        yield f"message {row} is claimed by nobody"


def accepts_have_rows(world: World) -> Iterator[str]:
    rows = world.query(
        "SELECT public_id::text, state, external_id FROM messaging_message"
        " WHERE direction = 'outbound'"
    )
    known = {public_id: (state, sid) for public_id, state, sid in rows}
    with world.carrier.lock:
        accepted = list(world.carrier.accepted)
    for call in accepted:
        state, sid = known.get(call.message, ("", ""))
        if state not in MAY_HAVE_LEFT:
            yield f"the vendor has {call.message}, here it is {state or 'not known'}"
        elif state != "unknown" and sid != call.sid:
            yield f"the vendor has {call.message} as {call.sid}, here it is {sid!r}"
    sent = Counter(call.message for call in accepted)
    for public_id, (state, _) in known.items():
        if state in ("sent", "delivered") and not sent[public_id]:
            yield f"message {public_id} is {state}, but the vendor never had it"


def nothing_after_a_suppression(world: World) -> Iterator[str]:
    for row in world.query(
        "SELECT m.public_id::text, m.claimed_at, s.since FROM messaging_message m"
        " JOIN leads_suppression s ON s.contact_point_id = m.contact_point_id"
        " AND s.lifted_at IS NULL WHERE m.direction = 'outbound'"
        " AND m.state IN ('sent', 'delivered', 'unknown', 'claimed')"
        " AND m.author <> 'system' AND m.claimed_at > s.since"
    ):
        yield f"sent after a stop: {row}"


def counters_equal_rows(world: World) -> Iterator[str]:
    """Each cap's counter is the sum of what messages say they took of it."""
    counted: Counter[tuple[str, str]] = Counter()
    for (details,) in world.query(
        "SELECT details FROM messaging_message WHERE direction = 'outbound'"
    ):
        fields = details if isinstance(details, dict) else json.loads(details)
        for key, period, amount in fields.get("taken", []):
            counted[key, period] += amount
    rows = world.query(
        "SELECT key, period, used FROM leads_counter"
        " WHERE key LIKE 'automatic:%%' OR key = 'spend'"
    )
    used = {(key, period): amount for key, period, amount in rows}
    for key in used.keys() | counted.keys():
        if used.get(key, 0) != counted[key]:
            yield f"counter {key} says {used.get(key, 0)}, rows say {counted[key]}"


def nothing_missing(world: World) -> Iterator[str]:
    """Each text of the journal is one message, and somebody has each talk."""
    for row in world.query(
        "SELECT j.external_id, count(m.id) FROM integrations_webhookdelivery j"
        " LEFT JOIN messaging_message m ON m.provider = j.provider"
        "  AND m.external_id = j.external_id AND m.direction = 'inbound'"
        " WHERE j.route = 'twilio/sms/' AND j.state = 'done'"
        " GROUP BY 1 HAVING count(m.id) <> 1"
    ):
        yield f"a text of the journal is not one message: {row}"
    for row in world.query(
        "SELECT c.id, c.turn FROM messaging_conversation c WHERE c.turn = 'ai'"
        " AND NOT EXISTS (SELECT 1 FROM messaging_turn t WHERE t.conversation_id = c.id"
        "  AND t.state IN ('waiting', 'working'))"
        " AND NOT EXISTS (SELECT 1 FROM messaging_message m"
        "  WHERE m.conversation_id = c.id AND m.direction = 'outbound'"
        "  AND m.state IN ('queued', 'held', 'claimed', 'unknown'))"
    ):
        yield f"the AI has conversation {row}, but does nothing"
    for row in world.query(
        "SELECT t.id, c.turn FROM messaging_turn t"
        " JOIN messaging_conversation c ON c.id = t.conversation_id"
        " WHERE t.state = 'dead' AND c.turn <> 'needs_you'"
        " AND NOT EXISTS (SELECT 1 FROM messaging_turn n WHERE n.id > t.id"
        "  AND n.conversation_id = t.conversation_id)"
    ):
        yield f"a turn gave up and nobody was told: {row}"


def nothing_gave_up(world: World) -> Iterator[str]:
    """A fault around us is no reason for a dead letter."""
    for table in ("integrations_webhookdelivery", "messaging_turn", "leads_job"):
        for row in world.query(
            f"SELECT id, attempts, last_error FROM {table} WHERE state = 'dead'"
        ):
            yield f"a dead letter in {table}: {row}"


def one_effect_each(world: World) -> Iterator[str]:
    for row in world.query(
        "SELECT turn_id, count(*) FROM messaging_message WHERE turn_id IS NOT NULL"
        " AND resend_of_id IS NULL GROUP BY 1 HAVING count(*) > 1"
    ):
        yield f"a turn wrote twice: {row}"
    for row in world.query(
        "SELECT contact_point_id, count(*) FROM leads_leadcontact"
        " WHERE known_by <> 'proposal' GROUP BY 1 HAVING count(*) > 1"
    ):
        yield f"one number became several leads: {row}"


def sum_holds(world: World) -> Iterator[str]:
    status = json.loads(world.manage("status", "--json"))
    parts = ("answered", "with_a_person", "set_aside")
    if status["received"] != sum(status[part] for part in parts):
        yield f"received is not what became of it: {status}"
    if status["received"] != world.number(
        "SELECT count(*) FROM messaging_message WHERE direction = 'inbound'"
    ):
        yield f"received is not the number of messages: {status}"
