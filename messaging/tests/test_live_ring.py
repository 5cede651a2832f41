"""The doorbell: whom it reaches, and that it never troubles its caller."""

import asyncio
import time

import pytest
from channels.layers import get_channel_layer
from django.db import transaction

from leads.tests.factories import (
    ContactPointFactory,
    LeadContactFactory,
    LeadFactory,
    MembershipFactory,
    TeamFactory,
    UserFactory,
)
from messaging import live
from messaging.models import Conversation
from messaging.tests.inbox_world import office


@pytest.fixture(autouse=True)
def _no_server() -> None:
    live.use_loop(None)


@pytest.mark.django_db
def test_the_audience_are_everybodys_group_the_team_and_the_owner() -> None:
    world = office()
    assert live.audience(world.talk) == sorted(
        ["inbox.all", f"inbox.team.{world.team.pk}", f"inbox.user.{world.ana.pk}"]
    )


@pytest.mark.django_db
def test_a_talk_without_a_lead_rings_the_teams_that_share_the_address() -> None:
    point = ContactPointFactory()
    leads = [LeadFactory(), LeadFactory()]
    for lead in leads:
        LeadContactFactory(lead=lead, contact_point=point)
    talk = Conversation.objects.create(contact_point=point)
    teams = {f"inbox.team.{lead.team_id}" for lead in leads}
    assert set(live.audience(talk)) == {"inbox.all", *teams}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reach", "groups"),
    [
        ("own", {"inbox.user.{user}"}),
        ("team", {"inbox.user.{user}", "inbox.team.{team}"}),
        ("all", {"inbox.user.{user}", "inbox.all"}),
    ],
)
def test_a_person_joins_what_their_reach_shows(reach: str, groups: set[str]) -> None:
    row = MembershipFactory(reach=reach)
    names = {g.format(user=row.user_id, team=row.team_id) for g in groups}
    assert live.groups_of(row.user) == names


@pytest.mark.django_db
def test_the_policy_and_the_groups_agree_on_who_sees_a_talk() -> None:
    world = office()
    boss = UserFactory(is_superuser=True)
    own = MembershipFactory(team=world.team, reach="own").user
    stranger = MembershipFactory(team=TeamFactory(), reach="team").user
    for user in (world.ana, world.ben, world.cleo, boss, own, stranger):
        sees = Conversation.objects.visible_to(user).filter(pk=world.talk.pk).exists()
        rung = bool(live.groups_of(user) & set(live.audience(world.talk)))
        assert rung == sees, user.username


@pytest.mark.django_db
def test_someone_who_left_belongs_to_no_group() -> None:
    assert live.groups_of(UserFactory(is_active=False)) == set()


@pytest.mark.django_db(transaction=True)
def test_it_rings_after_commit_with_ids_only() -> None:
    world = office()

    async def heard() -> dict[str, str]:
        layer = get_channel_layer()
        live.use_loop(asyncio.get_running_loop())
        name = await layer.new_channel()
        await layer.group_add(f"inbox.team.{world.team.pk}", name)
        await asyncio.to_thread(change_and_ring, world.talk)
        async with asyncio.timeout(5):
            # The office's own making may still be ringing.
            while (rung := await layer.receive(name))["what"] != "received":
                pass
        return rung

    assert asyncio.run(heard()) == {
        "type": "inbox.ring",
        "conversation": str(world.talk.public_id),
        "what": "received",
    }


def change_and_ring(talk: Conversation) -> None:
    from django.db import connection

    with transaction.atomic():
        live.ring(conversation=talk, what="received")
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_nothing_rings_when_the_change_is_rolled_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = office()
    rung: list[object] = []
    monkeypatch.setattr(live, "publish", lambda *args: rung.append(args))
    with pytest.raises(RuntimeError), transaction.atomic():
        live.ring(conversation=world.talk, what="received")
        raise RuntimeError
    assert rung == []


@pytest.mark.django_db(transaction=True)
def test_a_process_without_a_server_rings_nobody_and_goes_on() -> None:
    world = office()
    started = time.monotonic()
    live.ring(conversation=world.talk, what="received")
    assert time.monotonic() - started < live.SEND_SECONDS


@pytest.mark.django_db(transaction=True)
def test_a_server_that_has_ended_does_not_trouble_the_caller() -> None:
    world = office()
    loop = asyncio.new_event_loop()
    live.use_loop(loop)
    loop.close()
    started = time.monotonic()
    live.ring(conversation=world.talk, what="received")
    assert time.monotonic() - started < live.SEND_SECONDS


class BlackHole:
    """A layer whose backend accepts and never answers."""

    async def group_send(self, group: str, message: object) -> None:
        await asyncio.sleep(60)


def test_a_black_hole_costs_the_caller_nothing_and_is_then_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "get_channel_layer", BlackHole)
    monkeypatch.setattr(live, "SEND_SECONDS", 0.05)
    bell = live._Bell()
    started = time.monotonic()
    bell.publish(["inbox.all"], {"type": "inbox.ring"})
    assert time.monotonic() - started < 0.5
    deadline = time.monotonic() + 2
    while not bell._resting_until and time.monotonic() < deadline:
        time.sleep(0.01)
    assert bell._resting_until > time.monotonic()
    assert bell._in_flight == 0
