"""The doorbell of the open pages: ids only, never content.

A ring may be lost (a full queue, a worker of its own, Redis away): the pages
poll besides, so it only decides how soon a change is seen, never whether.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import transaction

from leads.models import Lead, Membership

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

    from messaging.models import Conversation

log = logging.getLogger(__name__)

EVERYTHING = "inbox.all"
SEND_SECONDS = 1.0
REST_SECONDS = 5.0
MAX_IN_FLIGHT = 500


def use_loop(loop: asyncio.AbstractEventLoop | None) -> None:
    """Name the server's event loop, through which this process publishes.

    The in-memory layer only works there: its queues wake readers of their own
    loop. The first socket names it too.
    """
    _bell.server_loop = loop


def ring(*, conversation: "Conversation", what: str) -> None:
    """Tell the open pages of those who may see `conversation` that it changed.

    Sends `{"type": "inbox.ring", "conversation": <public id>, "what": what}`
    after commit. Safe from any thread and process; never raises and never
    waits.
    """
    transaction.on_commit(
        partial(_ring_now, conversation=conversation, what=what), robust=True
    )


def _ring_now(*, conversation: "Conversation", what: str) -> None:
    try:
        groups = audience(conversation)
    except Exception:
        # The page's own poll finds the change; the caller's work is done.
        log.exception("nobody rung for a change")
        return
    message = {
        "type": "inbox.ring",
        "conversation": str(conversation.public_id),
        "what": what,
    }
    publish(groups, message)


def publish(groups: Iterable[str], message: dict[str, Any]) -> None:
    """Send `message` to `groups` from the server's loop or one of our own."""
    _bell.publish(list(groups), message)


def audience(conversation: "Conversation") -> list[str]:
    """Return the groups whose members may see `conversation`.

    Mirrors `leads.access`: everybody with reach `all`, the lead's team and
    its owner; without a lead, those of every lead that shares the address.
    """
    groups = {EVERYTHING}
    for team, owner in _teams_and_owners(conversation):
        groups.add(f"inbox.team.{team}")
        if owner:
            groups.add(user_group(owner))
    return sorted(groups)


def _teams_and_owners(conversation: "Conversation") -> list[tuple[int, int | None]]:
    if conversation.lead is not None:
        return [(conversation.lead.team_id, conversation.lead.owner_id)]
    sharing = Lead.objects.filter(
        contacts__contact_point_id=conversation.contact_point_id
    )
    return list(sharing.values_list("team_id", "owner_id"))


def user_group(pk: int) -> str:
    """Return the group of one person's sockets."""
    return f"inbox.user.{pk}"


def groups_of(user: "AbstractBaseUser") -> set[str]:
    """Return the groups that the sockets of `user` belong to now."""
    if not user.is_active or user.pk is None:
        return set()
    groups = {user_group(user.pk)}
    reaches = Membership.objects.filter(user_id=user.pk)
    for reach, team in reaches.values_list("reach", "team_id"):
        if reach == Membership.Reach.ALL:
            groups.add(EVERYTHING)
        elif reach == Membership.Reach.TEAM:
            groups.add(f"inbox.team.{team}")
    if getattr(user, "is_superuser", False):
        groups.add(EVERYTHING)
    return groups


class _Bell:
    """Publishes in the background, with a time limit and a breaker."""

    def __init__(self) -> None:
        self.server_loop: asyncio.AbstractEventLoop | None = None
        self._own_loop: asyncio.AbstractEventLoop | None = None
        self._own_pid = 0
        self._lock = threading.Lock()
        self._in_flight = 0
        self._resting_until = 0.0

    def publish(self, groups: list[str], message: dict[str, Any]) -> None:
        """Hand over to a loop; drop when none fits or too much is waiting."""
        if time.monotonic() < self._resting_until or self._in_flight >= MAX_IN_FLIGHT:
            return
        loop = self._loop()
        if loop is None:
            return
        sending = self._send(groups, message)
        try:
            future = asyncio.run_coroutine_threadsafe(sending, loop)
        except RuntimeError:
            # The loop ended between the look and the call: so does the server.
            sending.close()
            return
        with self._lock:
            self._in_flight += 1
        future.add_done_callback(self._landed)

    def _landed(self, future: Future[None]) -> None:
        with self._lock:
            self._in_flight -= 1

    def _loop(self) -> asyncio.AbstractEventLoop | None:
        if self.server_loop is not None and self.server_loop.is_running():
            return self.server_loop
        if isinstance(get_channel_layer(), InMemoryChannelLayer):
            # No socket lives in this process, and no other can be reached.
            return None
        return self._start_own_loop()

    def _start_own_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            # After a fork the thread of the parent is not here.
            if self._own_loop is None or self._own_pid != os.getpid():
                self._own_loop = asyncio.new_event_loop()
                self._own_pid = os.getpid()
                threading.Thread(
                    target=self._own_loop.run_forever, name="doorbell", daemon=True
                ).start()
            return self._own_loop

    async def _send(self, groups: list[str], message: dict[str, Any]) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        try:
            for group in groups:
                await asyncio.wait_for(layer.group_send(group, message), SEND_SECONDS)
        except Exception as error:
            # Whatever the layer's backend raises, a ring is only a hint.
            log.warning("pages not rung: %s", error or type(error).__name__)
            self._resting_until = time.monotonic() + REST_SECONDS


_bell = _Bell()
