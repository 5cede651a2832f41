"""Snooze: out of sight until a moment, or until the lead writes."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from leads import clock, consent
from leads.models import Event, Job, Task
from leads.work import run_due
from messaging import holding, marking
from messaging.conversations import lock_conversation, refresh
from messaging.models import Conversation
from messaging.moments import BadMoment
from messaging.queueing import Refused
from messaging.snoozing import choices, park, snooze, unsnooze
from messaging.tests.inbox_world import FRAGMENT, draft, office, rep, signed_in
from messaging.tests.talk import FakeCarrier, later, text_in
from messaging.words import chip_of, time_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(carrier: type[FakeCarrier]) -> Any:
    return office()


def turn(world: Any) -> tuple[str, str]:
    world.talk.refresh_from_db()
    return world.talk.turn, world.talk.turn_reason


def put_aside(world: Any, *, hours: float = 3) -> Conversation:
    until = clock.now() + timedelta(hours=hours)
    return snooze(conversation=world.talk, user=world.ana, until=until)


def test_a_snoozed_talk_is_parked_although_nobody_has_answered(world: Any) -> None:
    assert turn(world) == ("needs_you", "Nobody has answered yet")
    put_aside(world)
    assert turn(world)[0] == "parked"
    assert not world.talk.unread
    assert world.talk.waiting_since is None
    event = Event.objects.get(kind="conversation.parked")
    assert event.actor == f"user:{world.ana.pk}"


def test_it_stays_parked_over_a_draft_and_a_hand_off(world: Any) -> None:
    put_aside(world)
    world.talk.refresh_from_db()
    draft(world.talk, "We have 40")
    holding.hand_off(conversation=world.talk, reason="Asked for a person")
    assert turn(world)[0] == "parked"


def test_when_the_time_comes_it_needs_a_person_and_says_why(world: Any) -> None:
    put_aside(world)
    later(hours=2)
    assert turn(world)[0] == "parked"
    later(hours=3, minutes=1)
    assert turn(world) == ("needs_you", "Snoozed until now")
    assert world.talk.parked_until is None
    assert Task.objects.open().get().reason == "Snoozed until now"
    later(hours=4)
    assert Task.objects.count() == 1


def test_answering_settles_it(world: Any) -> None:
    put_aside(world)
    later(hours=4)
    holding.take_over(conversation=world.talk, user=world.ana)
    assert not Task.objects.open().exists()


def test_the_leads_word_wakes_it_and_nothing_follows_at_the_old_time(
    world: Any,
) -> None:
    put_aside(world)
    text_in("are you there?")
    world.talk.refresh_from_db()
    assert world.talk.parked_until is None
    assert turn(world)[0] in ("ai", "needs_you")
    later(hours=4)
    assert not Task.objects.filter(reason="Snoozed until now").exists()


def test_an_opt_out_wins_over_it(world: Any) -> None:
    put_aside(world)
    consent.suppress(
        contact_point=world.point,
        channel="sms",
        reason="stop",
        words="STOP",
        actor="lead",
        at=clock.now(),
    )
    refresh(lock_conversation(world.talk.pk))
    assert turn(world)[0] == "opted_out"
    later(hours=4)
    assert turn(world)[0] == "opted_out"


def test_what_a_sign_of_the_lead_parked_does_not_hide_that_somebody_is_needed(
    world: Any,
) -> None:
    conversation = lock_conversation(world.talk.pk)
    until = clock.now() + timedelta(days=3)
    park(conversation=conversation, until=until, actor="lead", reason="Back today")
    refresh(conversation)
    assert turn(world)[0] == "parked"
    draft(world.talk, "We have 40")
    assert turn(world) == ("needs_you", "Unsure: price")


def test_it_can_be_ended_and_set_anew(world: Any) -> None:
    put_aside(world)
    unsnooze(conversation=world.talk, user=world.ben)
    assert turn(world) == ("needs_you", "Nobody has answered yet")
    put_aside(world, hours=10)
    later(hours=4)  # the first moment
    assert turn(world)[0] == "parked"
    later(hours=11)
    assert turn(world) == ("needs_you", "Snoozed until now")
    assert not Job.objects.exclude(state="done").exists()


def test_a_talk_that_is_done_is_opened_by_a_snooze_and_not_woken_when_done_since(
    world: Any,
) -> None:
    marking.mark_done(conversation=world.talk, user=world.ana)
    put_aside(world)
    assert turn(world)[0] == "parked"
    marking.mark_done(conversation=world.talk, user=world.ana)
    later(hours=4)
    assert turn(world)[0] == "done"
    assert not Task.objects.open().exists()


def test_an_erased_talk_is_no_trouble_for_its_alarm(world: Any) -> None:
    put_aside(world)
    Conversation.objects.update(last_message=None)
    Conversation.objects.all().delete()
    later(hours=4)
    assert Job.objects.get().state == "done"


def test_while_it_is_unclear_who_wrote_nothing_is_put_aside(world: Any) -> None:
    unclear = Conversation.objects.create(contact_point=world.point)
    with pytest.raises(Refused, match="who wrote"):
        snooze(
            conversation=unclear,
            user=world.ana,
            until=clock.now() + timedelta(hours=1),
        )


@pytest.mark.parametrize("hours", [0, -1, 24 * 400])
def test_only_a_moment_to_come_within_a_year_is_taken(world: Any, hours: int) -> None:
    with pytest.raises(BadMoment):
        put_aside(world, hours=hours)
    assert not Job.objects.exists()


def test_three_hours_tomorrow_and_next_week_are_offered() -> None:
    offered = choices()
    assert offered[0].label == "3 hours"
    assert any(one.label == "Tomorrow 8:00" for one in offered)
    assert all(one.at > clock.now() for one in offered)


# --- the page ----------------------------------------------------------------


def act(client: Client, name: str, *args: Any, **values: Any) -> HttpResponse:
    return client.post(reverse(name, args=args), values, **FRAGMENT)


def test_the_head_offers_it_and_then_to_wake(world: Any) -> None:
    ana, url = (
        signed_in(world.ana),
        reverse("inbox_update", args=[world.talk.public_id]),
    )
    assert 'data-when="snooze"' in ana.get(url, **FRAGMENT).content.decode()
    at = (clock.now() + timedelta(days=1)).isoformat()
    answer = act(ana, "inbox_snooze", world.talk.public_id, at=at)
    assert answer.json()["toast"].startswith("Snoozed until ")
    html = ana.get(url, **FRAGMENT).content.decode()
    assert "Wake" in html and "Parked until" in html
    assert ana.post(answer.json()["undo"], **FRAGMENT).status_code == 200
    assert turn(world)[0] == "needs_you"


def test_parked_says_the_time_when_it_is_near_and_the_day_when_it_is_not(
    world: Any,
) -> None:
    near = put_aside(world)
    assert chip_of(near).words == f"Parked to {time_of(near.parked_until)}"
    far = put_aside(world, hours=24 * 40)
    assert chip_of(far).words == f"Parked to {far.parked_until:%-d %b}"


@pytest.mark.parametrize(("who", "status"), [("ben", 200), ("cleo", 404), ("rea", 403)])
def test_colleagues_may_strangers_and_readers_may_not(
    world: Any, who: str, status: int
) -> None:
    world.rea = rep("rea", world.team, role="read-only")
    client = signed_in(getattr(world, who))
    at = (clock.now() + timedelta(days=1)).isoformat()
    answer = act(client, "inbox_snooze", world.talk.public_id, at=at)
    assert answer.status_code == status
    assert (turn(world)[0] == "parked") == (status == 200)
    assert act(client, "inbox_unsnooze", world.talk.public_id).status_code == status


@pytest.mark.parametrize(
    ("at", "status"), [("", 422), ("soon", 409), ("2020-01-01T08:00", 409)]
)
def test_what_is_no_time_to_come_is_refused(world: Any, at: str, status: int) -> None:
    answer = act(signed_in(world.ana), "inbox_snooze", world.talk.public_id, at=at)
    assert answer.status_code == status
    assert answer.json()["error"]
    run_due()
    assert turn(world)[0] == "needs_you"
