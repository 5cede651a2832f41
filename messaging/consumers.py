"""The socket of the staff pages: rings and who is replying, never content."""

import asyncio
import json
import logging
import time
from importlib import import_module
from typing import Any
from uuid import UUID

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from messaging import live
from messaging.models import Conversation

log = logging.getLogger(__name__)

RECHECK_SECONDS = 30.0
TYPING_SECONDS = 1.0
MAX_FRAME = 512
NOT_SIGNED_IN = 4401


class InboxConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One open page of one member of staff.

    Sends `{"ring": <conversation>, "what": …}` and `{"typing":
    <conversation>, "user": <id>, "name": …}`; takes `{"typing":
    <conversation>}`. Session, account and reach are checked again every
    `RECHECK_SECONDS`; who may no longer be here is sent away with code 4401.
    """

    async def connect(self) -> None:
        """Let staff in; join the groups of what they may see."""
        self.joined: set[str] = set()
        self.audiences: dict[UUID, list[str]] = {}
        self.last_typing = -TYPING_SECONDS
        self.checking: asyncio.Task[None] | None = None
        self.person = await self._person_now()
        if self.person is None:
            await self.close(NOT_SIGNED_IN)
            return
        live.use_loop(asyncio.get_running_loop())
        await self._join(self.person)
        await self.accept()
        self.checking = asyncio.create_task(self._keep_checking())

    async def disconnect(self, code: int) -> None:
        """Leave every group and stop checking."""
        if self.checking is not None:
            self.checking.cancel()
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None
    ) -> None:
        """Pass on that this person is replying; anything else is ignored."""
        conversation = typing_in(text_data)
        now = time.monotonic()
        too_soon = now - self.last_typing < TYPING_SECONDS
        if conversation is None or self.person is None or too_soon:
            return
        self.last_typing = now
        message = {
            "type": "inbox.typing",
            "conversation": str(conversation),
            "user": self.person.pk,
            "name": display_name(self.person),
        }
        for group in await self._audience(conversation):
            await self.channel_layer.group_send(group, message)

    async def inbox_ring(self, event: dict[str, Any]) -> None:
        """Tell the page that a conversation changed."""
        await self._tell({"ring": event["conversation"], "what": event["what"]})

    async def inbox_typing(self, event: dict[str, Any]) -> None:
        """Tell the page that a colleague is replying."""
        if self.person is not None and event["user"] != self.person.pk:
            fields = {name: event[name] for name in ("user", "name")}
            await self._tell({"typing": event["conversation"], **fields})

    async def _tell(self, content: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(content))

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            try:
                person = await self._person_now()
                if person is None:
                    await self.close(NOT_SIGNED_IN)
                    return
                self.person = person
                self.audiences.clear()
                await self._join(person)
            except Exception:
                # The database or the layer is away: look again next time.
                log.exception("could not check a socket again")

    async def _person_now(self) -> AbstractBaseUser | None:
        """The signed-in member of staff, by the session as stored now."""
        key = getattr(self.scope.get("session"), "session_key", None)
        if key is None:
            return None
        engine = import_module(settings.SESSION_ENGINE)
        user = await get_user({"session": engine.SessionStore(key)})
        return user if user.is_active and user.is_staff else None

    async def _join(self, person: AbstractBaseUser) -> None:
        wanted = await database_sync_to_async(live.groups_of)(person)
        for group in self.joined - wanted:
            await self.channel_layer.group_discard(group, self.channel_name)
        for group in wanted:
            await self.channel_layer.group_add(group, self.channel_name)
        self.joined = wanted

    async def _audience(self, conversation: UUID) -> list[str]:
        """Who may be told; empty for a conversation this person cannot see."""
        if conversation not in self.audiences:
            find = database_sync_to_async(visible_audience)
            self.audiences[conversation] = await find(self.person, conversation)
        return self.audiences[conversation]


def visible_audience(person: AbstractBaseUser, public_id: UUID) -> list[str]:
    """Return the audience of a conversation that `person` may see, or none."""
    visible = Conversation.objects.visible_to(person).select_related("lead")
    conversation = visible.filter(public_id=public_id).first()
    return live.audience(conversation) if conversation else []


def typing_in(frame: str | None) -> UUID | None:
    """Return the conversation that a frame says its sender types in."""
    if frame is None or len(frame) > MAX_FRAME:
        return None
    try:
        content = json.loads(frame)
        return UUID(content["typing"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def display_name(person: AbstractBaseUser) -> str:
    """Return the name colleagues know a person by."""
    first_name = str(getattr(person, "first_name", ""))
    return first_name or person.get_username()
