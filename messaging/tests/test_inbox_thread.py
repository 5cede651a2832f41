"""The thread: who speaks, what became of it, evidence, why, the draft card."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from leads import clock, consent, policy
from leads.models import Event, Stage
from leads.tests.factories import ContactPointFactory, LeadContactFactory, LeadFactory
from messaging import timeline, words
from messaging.conversations import refresh
from messaging.models import Conversation, Message, Turn
from messaging.tests.inbox_world import (
    FRAGMENT,
    draft,
    lead_with_phone,
    office,
    said,
    signed_in,
)
from messaging.views import threads
from messaging.views.reads import thread_page

pytestmark = pytest.mark.django_db


def page(world: Any, user: Any = None, name: str = "inbox_update") -> str:
    there = reverse(name, args=[world.talk.public_id])
    answer = signed_in(user or world.ana).get(there, **FRAGMENT)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"author": "lead"}, "Dana Reyes"),
        ({"author": "person"}, "Ana"),
        ({"author": "ai"}, "✦ AI"),
        ({"author": "builtin"}, "✦ Built-in"),
        ({"author": "ai", "approved": True}, "✦ AI, approved by Ana"),
        (
            {"author": "ai", "approved": True, "proposed_body": "x"},
            "✦ AI, approved by Ana, edited",
        ),
        ({"author": "system"}, "Automatic"),
    ],
)
def test_the_label_says_who_speaks(fields: dict[str, Any], label: str) -> None:
    world = office()
    if fields.pop("approved", False):
        fields["approved_by"] = world.ana
    if fields["author"] == "person":
        fields["user"] = world.ana
    assert words.label_of(said(world.talk, "x", **fields), "Dana Reyes") == label
    assert label in page(world)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": "draft"}, "draft"),
        ({"state": "queued"}, "queued"),
        ({"state": "claimed"}, "sending"),
        ({"state": "sent"}, "sent"),
        ({"state": "delivered"}, "delivered"),
        ({"state": "unknown"}, "not known yet, checking"),
        ({"state": "failed", "reason": "a landline"}, "failed: a landline"),
        (
            {"state": "failed", "reason": "a landline", "error_code": "30006"},
            "failed: a landline (30006)",
        ),
        ({"state": "cancelled", "reason": "Ana took over"}, "not sent: Ana took over"),
        ({"state": "sent", "simulated": True}, "simulated"),
        ({"state": "delivered", "simulated": True}, "simulated"),
        (
            {"state": "failed", "simulated": True, "reason": "no such number"},
            "failed: no such number",
        ),
        ({"state": "held", "reason": "sending is off"}, "held: sending is off"),
    ],
)
def test_the_delivery_words(fields: dict[str, Any], expected: str) -> None:
    world = office()
    message = said(world.talk, "x", author="ai", **fields)
    found = words.status_of(message)
    assert found is not None
    assert found.words == expected


def test_a_held_message_says_why_and_until_when_on_the_leads_clock() -> None:
    world = office()
    world.lead.time_zone = "America/Los_Angeles"
    world.lead.save()
    due = clock.now() + timedelta(hours=3)
    message = said(
        world.talk, "x", author="ai", state="held", reason="quiet hours", due_at=due
    )
    local = words.time_of(due, words.zone_of(world.lead))
    found = words.status_of(message)
    assert found is not None
    assert found.words == f"held: quiet hours, until {local}"


def test_a_simulated_message_is_nowhere_called_sent() -> None:
    world = office()
    said(world.talk, "hello", author="ai", state="sent", simulated=True)
    text = page(world)
    assert "simulated" in text
    assert ">sent<" not in text


def test_what_was_not_sent_is_shown_with_its_reason() -> None:
    world = office()
    said(world.talk, "gone", author="ai", state="cancelled", reason="Ana took over")
    assert "not sent: Ana took over" in page(world)


def test_a_note_is_marked_for_the_team_only() -> None:
    world = office()
    said(
        world.talk,
        "be kind",
        author="person",
        user=world.ben,
        direction="note",
        kind="note",
        state="written",
    )
    text = page(world)
    assert "Only your team sees this" in text
    assert "be kind" in text


def test_a_call_shows_how_it_went() -> None:
    world = office()
    said(
        world.talk,
        "",
        author="person",
        user=world.ben,
        direction="note",
        kind="call",
        state="written",
        details={"outcome": "reached", "minutes": 4},
    )
    assert "Call: reached, 4 min" in page(world)


def test_days_part_the_thread_and_events_are_told_between() -> None:
    world = office()
    said(world.talk, "old", minutes_ago=60 * 24 * 3)
    Stage.objects.get_or_create(key="qualified", defaults={"name": "Qualified"})
    Event.objects.create(
        lead=world.lead,
        kind="lead.stage_changed",
        occurred_at=clock.now(),
        actor=f"user:{world.ben.pk}",
        payload={"before": "new", "after": "qualified"},
    )
    messages, _ = thread_page(world.talk)
    items = timeline.items_of(world.talk, messages)
    kinds = ["day" if i.day else "line" if i.line else "bubble" for i in items]
    assert kinds[:2] == ["day", "bubble"]
    assert [i.day for i in items if i.day][-1] == "Today"
    assert "Stage → Qualified · Ben" in [i.line for i in items]


def test_parts_keep_every_letter_and_mark_the_quotes() -> None:
    body = "We need about 40 seats, budget is 20k."
    marks = [
        timeline.Evidence("Quantity", "40", "about 40 seats"),
        timeline.Evidence("Need", "seats", "40 seats, budget"),
        timeline.Evidence("Budget", "20k", "budget is 20k"),
        timeline.Evidence("Gone", "x", "not said"),
    ]
    parts = timeline.parts_of(body, marks)
    assert "".join(part.text for part in parts) == body
    said_by = {part.text: part.says for part in parts if part.facts}
    assert said_by["about "] == "Quantity: 40"
    assert said_by["40 seats"] == "Quantity: 40; Need: seats"
    assert said_by[" is 20k"] == "Budget: 20k"
    assert timeline.parts_of("", marks) == ()


def test_a_facts_words_are_marked_in_the_message_that_said_them() -> None:
    world = office()
    world.lead.facts.create(
        field="budget",
        value="20k",
        quote="budget is 20k",
        message=world.first.public_id,
        source="lead",
        actor="builtin",
        occurred_at=clock.now(),
    )
    assert 'data-says="Budget: 20k"' in page(world)
    assert f'data-message="m-{world.first.public_id}"' in page(
        world, name="inbox_panel"
    )


def test_earlier_messages_come_page_by_page_and_none_is_missing() -> None:
    world = office()
    for number in range(8):
        said(world.talk, f"m{number}", minutes_ago=4)
    bodies: list[str] = []
    before = ""
    while True:
        shown, before = thread_page(world.talk, before=before, limit=4)
        bodies = [m.body for m in shown] + bodies
        if not before:
            break
    assert bodies[1:] == [f"m{number}" for number in range(8)]


def test_the_thread_takes_the_same_queries_for_any_number_of_messages(
    django_assert_max_num_queries: Any,
) -> None:
    world = office()
    for number in range(30):
        said(world.talk, f"m{number}", author="ai" if number % 2 else "lead")
    page(world)
    with django_assert_max_num_queries(42):  # signing in among them
        page(world)


# --- head -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "holder", "expected"),
    [
        ("auto", None, "AI answering"),
        ("draft", None, "AI drafting"),
        ("off", None, "AI is off"),
        ("auto", "ana", "You have it"),
        ("auto", "ben", "Ben has it"),
    ],
)
def test_one_control_says_who_has_it(
    mode: str, holder: str | None, expected: str
) -> None:
    world = office()
    type(world.first.channel).objects.update(mode=mode)
    Conversation.objects.update(holder=getattr(world, holder) if holder else None)
    text = page(world)
    assert expected in text
    assert ("Hand back" in text) == (holder == "ana")
    assert ("Take over" in text) == (holder != "ana")


def test_the_leads_own_time_is_in_the_head() -> None:
    world = office()
    world.lead.time_zone = "Asia/Tokyo"
    world.lead.save()
    local = clock.now().astimezone(words.zone_of(world.lead))
    assert f"{local:%H:%M} there" in page(world)


def test_a_simulated_leads_clock_is_its_own() -> None:
    world = office()
    Conversation.objects.update(clock_shift=3600 * 5)
    world.talk.refresh_from_db()
    shown = threads.local_time(world.talk, None)
    zone = words.zone_of(world.lead)
    assert shown == f"{(clock.now() + timedelta(hours=5)).astimezone(zone):%H:%M}"


# --- draft ------------------------------------------------------------------


def test_a_draft_has_its_card_and_is_not_in_the_thread() -> None:
    world = office()
    draft(world.talk, "40 seats are fine", reason="Unsure: price")
    text = page(world)
    assert "Unsure: price" in text
    assert text.count("40 seats are fine") == 2  # as text, and in the box to edit
    assert "Approve" in text


def test_a_blocked_draft_names_the_words() -> None:
    world = office()
    found = {
        "kind": "percentage", "words": "10% off", "reason": "'10% off' is in no offer"
    }  # fmt: skip
    draft(world.talk, "Take 10% off", details={"findings": [found]})
    text = page(world)
    assert "&#x27;10% off&#x27; is in no offer" in text
    assert '<mark class="rv-bad"' in text
    assert 'name="words" value="10% off"' in text
    assert "Ask manager" in text


def test_a_draft_that_the_lead_outdated_is_grey_and_cannot_be_approved() -> None:
    world = office()
    proposal = draft(world.talk, "fine")
    said(world.talk, "wait, one more thing")
    shown = threads.draft_of(world.talk)
    assert shown is not None
    assert shown.stale == "Dana wrote again, new draft coming"
    assert "disabled" in page(world).split("data-approve", 1)[1].split(">", 1)[0]
    Message.objects.filter(pk=proposal.pk).update(
        state="cancelled", reason="Dana wrote again", details={"stale": True}
    )
    assert threads.draft_of(world.talk) is None
    Turn.objects.create(
        conversation=world.talk,
        last_inbound=world.talk.messages.filter(direction="inbound").last(),
        state="waiting",
    )
    shown = threads.draft_of(world.talk)
    assert shown is not None
    assert shown.stale == "Dana wrote again, new draft coming"
    assert "Dana wrote again" not in page(world).split('data-part="draft"')[0]


# --- composer ---------------------------------------------------------------


def way(world: Any, kind: str = "sms") -> threads.Way:
    found = threads.ways(world.talk, policy=policy.current())
    return next(one for one in found if one.kind == kind)


def test_an_opted_out_address_closes_the_box_with_time_and_words() -> None:
    world = office()
    consent.suppress(
        contact_point=world.point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )
    shown = way(world)
    assert shown.red
    assert shown.addresses == []
    assert "asked to stop: “STOP”" in shown.blocked
    assert words.time_of(clock.now())[:4] in shown.blocked
    assert way(world, "note").blocked == ""


def test_without_consent_or_a_textable_number_the_box_says_so() -> None:
    world = office()
    lead, point = lead_with_phone(world.team, name="Sam", value="+14155550133")
    point.textable = False
    point.save()
    talk = Conversation.objects.create(lead=lead)
    (text, _) = threads.ways(talk, policy=policy.current())
    assert text.blocked == "+14155550133 cannot receive texts."
    mail = ContactPointFactory(mail=True)
    LeadContactFactory(lead=lead, contact_point=mail)
    found = threads.ways(talk, policy=policy.current())
    assert [one.kind for one in found] == ["sms", "email", "note"]
    assert found[1].blocked == f"No consent on record for {mail.value}."


def test_quiet_hours_are_announced_on_the_leads_clock() -> None:
    world = office()
    policy.change(actor="system", quiet_hours=True)
    night = clock.now().replace(year=2026, month=3, day=3, hour=6, minute=14)
    with clock.at(night):
        shown = way(world)
    assert shown.hint == "It is 22:14 for Dana: goes 09:00 Tue"
    assert shown.waits
    with clock.at(night.replace(hour=20)):
        assert way(world).hint == ""
    world.lead.time_zone = "Asia/Tokyo"
    world.lead.save()
    with clock.at(night):
        world.talk.refresh_from_db()
        assert way(world).hint == ""


def test_who_has_just_written_can_be_answered_at_night_and_the_box_says_so() -> None:
    world = office()
    policy.change(actor="system", quiet_hours=True)
    night = clock.now().replace(year=2026, month=3, day=3, hour=6, minute=14)
    world.talk.last_inbound_at = night - timedelta(minutes=3)
    world.talk.save()
    with clock.at(night):
        shown = way(world)
        assert shown.hint == (
            "It is 22:14 for Dana, who wrote 3 min ago: goes now, "
            "after 22:21 goes 09:00 Tue"
        )
        assert not shown.waits
        policy.change(actor="system", night_reply_minutes=2)
        assert way(world).hint == "It is 22:14 for Dana: goes 09:00 Tue"


def test_a_persons_held_message_can_be_changed_or_cancelled() -> None:
    world = office()
    held = said(
        world.talk, "x", author="person", state="held", reason="quiet hours, 22:14"
    )
    machine = said(world.talk, "y", author="ai", automatic=True, state="held")
    text = page(world)
    change = reverse("inbox_message_time", args=[world.talk.public_id, held.public_id])
    cancel = "inbox_message_cancel"
    assert change in text
    for one in (held, machine):
        assert reverse(cancel, args=[world.talk.public_id, one.public_id]) in text
    other = reverse(
        "inbox_message_time", args=[world.talk.public_id, machine.public_id]
    )
    assert other not in text


def test_a_simulated_channel_costs_nothing() -> None:
    world = office()
    assert way(world).price == policy.current().sms_segment_micro
    type(world.first.channel).objects.update(simulated=True)
    assert way(world).price == 0


# --- several leads on one phone ---------------------------------------------


def test_a_shared_phone_asks_who_wrote_and_hides_other_teams_leads() -> None:
    world = office()
    point = ContactPointFactory(value="+14155550199")
    for team, name in ((world.team, "Ada Bell"), (world.other, "Tom Bell")):
        LeadContactFactory(lead=LeadFactory(team=team, name=name), contact_point=point)
    talk = Conversation.objects.create(contact_point=point)
    Message.objects.create(
        conversation=talk,
        direction="inbound",
        kind="sms",
        author="lead",
        state="received",
        body="me again",
        contact_point=point,
    )
    refresh(talk)
    there = reverse("inbox_thread", args=[talk.public_id])
    text = signed_in(world.ana).get(there).content.decode()
    assert "Several leads share +14155550199: who wrote?" in text
    assert "Ada Bell" in text
    assert "Tom Bell" not in text


# --- why --------------------------------------------------------------------


def test_why_shows_what_it_rests_on_and_the_seven_checks() -> None:
    world = office()
    turn = Turn.objects.create(
        conversation=world.talk,
        last_inbound=world.first,
        state="done",
        model="built-in",
        prompt_version="v3",
        sources=["company profile: hours"],
        usage={"input": 10, "output": 5, "micro": 4000},
        latency_ms=48,
        intent="interested",
    )
    names = ("opt-out", "consent", "clock", "caps", "who has it", "switch", "budget")
    checks = [{"name": n, "ok": n != "caps", "words": f"{n} words"} for n in names]
    message = said(world.talk, "x", author="ai", turn=turn, checks=checks)
    there = reverse("inbox_why", args=[world.talk.public_id, message.public_id])
    text = signed_in(world.ben).get(there, **FRAGMENT).content.decode()
    for part in ("company profile: hours", "built-in", "v3", "$0.0040", "48 ms"):
        assert part in text
    assert all(f"{name} words" in text for name in names)
    assert text.count("✓") == 6
    assert text.count("✗") == 1
