"""Nothing lost: every message that came in is in exactly one part of the sum."""

from collections import Counter
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads import clock
from leads.models import Lead, Membership, Task, Team
from leads.tests.factories import LeadFactory, MembershipFactory, TeamFactory
from messaging import numbers
from messaging.models import Conversation, Message, Turn
from messaging.numbers import Part

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss")


def talk(**values: object) -> Conversation:
    lead = values.pop("lead", None) or LeadFactory()
    return Conversation.objects.create(lead=lead, **values)


def wrote(conversation: Conversation, **values: object) -> Message:
    return Message.objects.create(
        conversation=conversation,
        direction="inbound",
        kind="sms",
        author="lead",
        state="received",
        body="Hi",
        **values,
    )


def said(conversation: Conversation, state: str, **values: object) -> Message:
    values.setdefault("author", "builtin")
    return Message.objects.create(
        conversation=conversation,
        direction="outbound",
        kind="sms",
        state=state,
        body="Hello",
        **values,
    )


def turn(message: Message, state: str, outcome: str = "", **values: object) -> Turn:
    return Turn.objects.create(
        conversation=message.conversation,
        last_inbound=message,
        state=state,
        outcome=outcome,
        **values,
    )


def part_of(message: Message) -> str:
    return numbers.with_part(Message.objects.filter(pk=message.pk)).get().part


def test_an_empty_installation_received_nothing_and_still_adds_up(boss: User) -> None:
    equation = numbers.received_equation(since=None, user=boss)
    assert (equation.received, equation.holds) == (0, True)


def test_a_message_without_any_answer_is_with_a_person() -> None:
    assert part_of(wrote(talk())) == Part.WITH_PERSON


@pytest.mark.parametrize("state", ["sent", "delivered"])
def test_a_reply_that_left_answers_every_message_before_it(state: str) -> None:
    conversation = talk()
    first, second = wrote(conversation), wrote(conversation)
    said(conversation, state)
    third = wrote(conversation)
    assert [part_of(m) for m in (first, second, third)] == [
        Part.ANSWERED,
        Part.ANSWERED,
        Part.WITH_PERSON,
    ]


@pytest.mark.parametrize("state", ["queued", "held", "claimed", "unknown"])
def test_a_reply_that_has_not_left_yet_is_on_the_way(state: str, boss: User) -> None:
    message = wrote(talk())
    said(message.conversation, state)
    equation = numbers.received_equation(since=None, user=boss)
    assert part_of(message) == Part.ON_THE_WAY
    assert (equation.answered, equation.on_the_way) == (1, 1)


@pytest.mark.parametrize("state", ["draft", "failed", "cancelled"])
def test_a_draft_or_a_failed_reply_answers_nothing(state: str) -> None:
    message = wrote(talk())
    said(message.conversation, state)
    assert part_of(message) == Part.WITH_PERSON


def test_the_machine_s_own_words_answer_only_the_message_they_are_for() -> None:
    conversation = talk()
    asked, helped = wrote(conversation), wrote(conversation)
    said(conversation, "sent", author="system", answers=helped)
    assert part_of(asked) == Part.WITH_PERSON
    assert part_of(helped) == Part.ANSWERED


def test_a_stop_is_set_aside_even_when_a_reply_follows() -> None:
    message = wrote(talk(), details={"opt_out": "stop"})
    said(message.conversation, "sent")
    assert part_of(message) == Part.SET_ASIDE


def test_what_was_unanswered_when_the_lead_opted_out_is_set_aside() -> None:
    conversation = talk(turn="opted_out")
    question = wrote(conversation)
    wrote(conversation, details={"opt_out": "stop"})
    assert part_of(question) == Part.SET_ASIDE


def test_marking_a_talk_done_sets_its_unanswered_messages_aside() -> None:
    assert part_of(wrote(talk(turn="done"))) == Part.SET_ASIDE


def test_a_turn_in_time_is_on_the_way_and_a_late_one_is_with_a_person() -> None:
    message = wrote(talk())
    waiting = turn(message, "waiting", due_at=clock.now() + timedelta(seconds=9))
    assert part_of(message) == Part.ON_THE_WAY
    Turn.objects.filter(pk=waiting.pk).update(due_at=clock.now() - timedelta(hours=1))
    assert part_of(message) == Part.WITH_PERSON


def test_a_turn_does_not_count_while_a_person_has_the_talk(boss: User) -> None:
    message = wrote(talk(holder=boss))
    turn(message, "waiting")
    assert part_of(message) == Part.WITH_PERSON


def test_a_turn_that_gave_up_leaves_the_message_with_a_person() -> None:
    message = wrote(talk())
    turn(message, "dead")
    assert part_of(message) == Part.WITH_PERSON


def test_thanks_that_need_no_answer_are_set_aside_with_their_whole_burst() -> None:
    conversation = talk()
    first, last = wrote(conversation), wrote(conversation)
    turn(first, "superseded")
    turn(last, "done", "silent")
    later = wrote(conversation)
    assert [part_of(m) for m in (first, last, later)] == [
        Part.SET_ASIDE,
        Part.SET_ASIDE,
        Part.WITH_PERSON,
    ]


@pytest.mark.parametrize(
    ("outcome", "part"),
    [("reached", Part.ANSWERED), ("no_answer", Part.WITH_PERSON)],
)
def test_a_call_answers_when_it_reached_the_lead(outcome: str, part: Part) -> None:
    message = wrote(talk())
    Message.objects.create(
        conversation=message.conversation,
        direction="note",
        kind="call",
        author="person",
        state="written",
        details={"outcome": outcome},
    )
    assert part_of(message) == part


def test_only_messages_since_then_are_counted(boss: User) -> None:
    conversation = talk()
    wrote(conversation, occurred_at=clock.now() - timedelta(days=3))
    wrote(conversation)
    since = clock.now() - timedelta(days=1)
    assert numbers.received_equation(since=since, user=boss).received == 1


def test_each_person_counts_what_they_may_see_and_nobody_else_s() -> None:
    ours, theirs = TeamFactory(), TeamFactory()
    ana = MembershipFactory(team=ours).user
    wrote(talk(lead=LeadFactory(team=ours)))
    wrote(talk(lead=LeadFactory(team=theirs)))
    assert numbers.received_equation(since=None, user=ana).received == 1
    assert numbers.received_equation(since=None, user=AnonymousUser()).received == 0
    assert numbers.received_equation(since=None, user=None).received == 2


def test_simulated_and_demo_talks_leave_the_numbers_when_asked(boss: User) -> None:
    wrote(talk(), simulated=True)
    wrote(talk(lead=LeadFactory(demo=True)))
    wrote(talk())
    count = numbers.received_equation(since=None, user=boss, real_only=True)
    assert count.received == 1


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            [
                *("in", "stop", "sent", "queued", "failed", "draft", "unknown"),
                *("system", "call", "silent", "sent_turn", "dead", "waiting"),
                *("done", "opted_out", "needs_you", "note"),
            ]
        ),
    ),
    max_size=25,
)


def happen(conversation: Conversation, what: str) -> None:
    last = conversation.messages.filter(direction="inbound").order_by("-pk").first()
    if what in ("in", "stop"):
        wrote(conversation, details={"opt_out": "stop"} if what == "stop" else {})
    elif what in ("sent", "queued", "failed", "draft", "unknown"):
        said(conversation, what)
    elif what == "system":
        said(conversation, "sent", author="system", answers=last)
    elif what in ("call", "note"):
        Message.objects.create(
            conversation=conversation, direction="note", kind=what, author="person",
            state="written", details={"outcome": "reached"} if what == "call" else {},
        )  # fmt: skip
    elif what in ("done", "opted_out", "needs_you"):
        Conversation.objects.filter(pk=conversation.pk).update(turn=what)
    elif last is not None and not Turn.objects.filter(last_inbound=last).exists():
        state = {"dead": "dead", "waiting": "waiting"}.get(what, "done")
        turn(last, state, "silent" if what == "silent" else "")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=EVENTS)
def test_whatever_happens_received_is_the_sum_of_its_parts(
    boss: User, events: list[tuple[int, str]]
) -> None:
    with transaction.atomic():
        talks = [talk() for _ in range(3)]
        for number, what in events:
            happen(talks[number], what)
        equation = numbers.received_equation(since=None, user=boss)
        rows = list(numbers.inbound(since=None, user=boss))
        counted = Counter(row.part for row in rows)
        came_in = Message.objects.filter(direction="inbound").count()
        transaction.set_rollback(True)
    assert equation.holds
    assert equation.received == len(rows) == came_in
    assert equation.answered == counted[Part.ANSWERED] + counted[Part.ON_THE_WAY]
    assert equation.with_person == counted[Part.WITH_PERSON]
    assert equation.set_aside == counted[Part.SET_ASIDE]
    assert set(counted) <= set(Part)


def test_hot_leads_come_first_then_who_waits_longest(boss: User) -> None:
    now = clock.now()
    waits = [(10, 50), (80, 5), (90, 1), (60, 9)]
    for score, minutes in waits:
        talk(
            lead=LeadFactory(score=score),
            turn="needs_you",
            waiting_since=now - timedelta(minutes=minutes),
        )
    talk(lead=LeadFactory(score=99), turn="waiting")
    rows = numbers.waiting_for_person(user=boss)
    assert [row.lead.score for row in rows] == [80, 90, 10, 60]
    assert numbers.needs_you(user=boss) == 4


def task(team: Team, lead: Lead | None = None, **values: object) -> Task:
    return Task.objects.create(team=team, lead=lead, title="Decide", **values)


def test_open_tasks_are_seen_by_who_sees_the_lead_or_the_whole_team() -> None:
    ours, theirs = TeamFactory(), TeamFactory()
    team_person = MembershipFactory(team=ours, reach=Membership.Reach.TEAM).user
    own_person = MembershipFactory(team=ours, reach=Membership.Reach.OWN).user
    everyone = MembershipFactory(team=theirs, reach=Membership.Reach.ALL).user
    own = task(ours, LeadFactory(team=ours, owner=own_person))
    other = task(ours, LeadFactory(team=ours))
    nobodys = task(ours)
    foreign = task(theirs, LeadFactory(team=theirs))
    task(ours, LeadFactory(team=ours), done_at=clock.now())
    seen = {
        name: set(numbers.tasks_for(user=user))
        for name, user in [("team", team_person), ("own", own_person)]
    }
    assert seen == {"team": {own, other, nobodys}, "own": {own}}
    assert set(numbers.tasks_for(user=everyone)) == {own, other, nobodys, foreign}
    assert numbers.to_review(user=team_person) == 3
