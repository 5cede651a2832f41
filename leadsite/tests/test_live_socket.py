"""The socket: who is let in, what is told to whom, and when it ends."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connections

from leads.models import Membership
from messaging import consumers, live
from messaging.tests.inbox_world import office, signed_in
from messaging.tests.sockets import Socket

pytestmark = pytest.mark.django_db(transaction=True)

HOST = "127.0.0.1:8000"


def socket(
    user: User | None, *, origin: str = f"http://{HOST}", path: str = "/ws/inbox/"
) -> Socket:
    from leadsite.asgi import application

    headers = [(b"host", HOST.encode()), (b"origin", origin.encode())]
    if user is not None:
        key = signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value
        cookie = f"{settings.SESSION_COOKIE_NAME}={key}"
        headers.append((b"cookie", cookie.encode()))
    if not origin:
        headers = [pair for pair in headers if pair[0] != b"origin"]
    return Socket(application, path, headers=headers)


def run(story: Callable[[], Awaitable[Any]]) -> Any:
    try:
        return asyncio.run(story())
    finally:
        live.use_loop(None)
        connections.close_all()


def connects(user: User | None, **how: str) -> bool:
    there = socket(user, **how)

    async def story() -> bool:
        connected = await there.connect()
        await there.leave()
        return connected

    return bool(run(story))


def test_staff_is_let_in() -> None:
    assert connects(office().ana)


def test_nobody_else_is_let_in() -> None:
    world = office()
    assert not connects(None)
    User.objects.filter(pk=world.ben.pk).update(is_staff=False)
    world.ben.refresh_from_db()
    assert not connects(world.ben)


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:9000",
        "https://127.0.0.1:8000.evil.example",
        "null",
        "",
        "file://",
    ],
)
def test_another_sites_page_is_refused(origin: str) -> None:
    assert not connects(office().ana, origin=origin)


def test_behind_a_proxy_the_public_address_counts_as_ours(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://crm.example.com"
    assert connects(office().ana, origin="https://crm.example.com")


def test_an_unknown_path_is_refused() -> None:
    assert not connects(office().ana, path="/ws/other/")


def test_a_ring_reaches_the_team_and_no_one_else() -> None:
    world = office()
    ben, cleo = socket(world.ben), socket(world.cleo)

    async def story() -> None:
        await ben.connect()
        await cleo.connect()
        groups = await asyncio.to_thread(live.audience, world.talk)
        ring = {"conversation": str(world.talk.public_id), "what": "received"}
        live.publish(groups, {"type": "inbox.ring", **ring})
        heard = json.loads(await ben.hear())
        assert heard == {"ring": ring["conversation"], "what": "received"}
        assert await cleo.receive_nothing(timeout=0.2)
        await ben.leave()
        await cleo.leave()

    run(story)


def test_colleagues_hear_who_is_replying_and_the_person_does_not() -> None:
    world = office()
    ana, ben, cleo = socket(world.ana), socket(world.ben), socket(world.cleo)
    talk = str(world.talk.public_id)

    async def story() -> None:
        for one in (ana, ben, cleo):
            await one.connect()
        await ana.say(json.dumps({"typing": talk}))
        heard = json.loads(await ben.hear())
        assert heard == {"typing": talk, "user": world.ana.pk, "name": "Ana"}
        assert await ana.receive_nothing(timeout=0.2)
        assert await cleo.receive_nothing(timeout=0.1)
        for one in (ana, ben, cleo):
            await one.leave()

    run(story)


def test_nobody_can_claim_to_reply_where_they_cannot_see() -> None:
    world = office()
    ben, cleo = socket(world.ben), socket(world.cleo)

    async def story() -> None:
        await ben.connect()
        await cleo.connect()
        frame = {"typing": str(world.talk.public_id), "name": "Ana", "user": 1}
        await cleo.say(json.dumps(frame))
        assert await ben.receive_nothing(timeout=0.3)
        await ben.leave()
        await cleo.leave()

    run(story)


@pytest.mark.parametrize(
    "frame",
    ["", "{", "[]", "7", '{"typing": 7}', '{"typing": "x"}', "[" * 400, "x" * 9000],
)
def test_rubbish_is_ignored_and_the_socket_stays(frame: str) -> None:
    world = office()
    ana = socket(world.ana)

    async def story() -> None:
        await ana.connect()
        await ana.say(frame)
        await ana.say(data=b"\xff\x00")
        live.publish(
            [live.user_group(world.ana.pk)],
            {"type": "inbox.ring", "conversation": "c", "what": "w"},
        )
        assert json.loads(await ana.hear()) == {"ring": "c", "what": "w"}
        await ana.leave()

    run(story)


def sent_away_after(change: Callable[[User], object]) -> int:
    """Connect, change something, and return the code the socket ends with."""
    world = office()
    ana = socket(world.ana)

    async def story() -> int:
        await ana.connect()
        await asyncio.to_thread(changed, change, world.ana)
        ended = await ana.receive_output(timeout=3)
        assert ended["type"] == "websocket.close"
        return int(ended["code"])

    return int(run(story))


def changed(change: Callable[[User], object], user: User) -> None:
    change(user)
    cache.clear()
    connections.close_all()


@pytest.mark.parametrize(
    "change",
    [
        lambda user: Session.objects.all().delete(),
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: User.objects.filter(pk=user.pk).update(is_staff=False),
        lambda user: User.objects.filter(pk=user.pk).update(password="another"),
    ],
    ids=["signed out", "deactivated", "no longer staff", "password changed"],
)
def test_who_may_no_longer_be_here_is_sent_away(
    change: Callable[[User], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.05)
    assert sent_away_after(change) == consumers.NOT_SIGNED_IN


def test_who_leaves_the_team_hears_no_more_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.05)
    world = office()
    ben = socket(world.ben)
    groups = live.audience(world.talk)

    async def story() -> None:
        await ben.connect()
        leave = Membership.objects.filter(user=world.ben).delete
        await asyncio.to_thread(changed, lambda user: leave(), world.ben)
        await asyncio.sleep(0.4)
        live.publish(groups, {"type": "inbox.ring", "conversation": "c", "what": "w"})
        assert await ben.receive_nothing(timeout=0.3)
        await ben.leave()

    run(story)
