"""The read side of `messaging`."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models

from leads.access import conversation_filter

if TYPE_CHECKING:
    from messaging.models.conversation import (  # noqa: F401 (named in strings)
        Conversation,
        Message,
    )


class ConversationQuerySet(models.QuerySet["Conversation"]):
    """Named sets of conversations."""

    def visible_to(
        self, user: AbstractBaseUser | AnonymousUser
    ) -> "ConversationQuerySet":
        """Conversations of leads that `user` may see, by the one policy."""
        return self.filter(conversation_filter(user)).distinct()

    def with_rows(self) -> "ConversationQuerySet":
        """With all that a row of the inbox shows, in one query."""
        return self.select_related(
            "lead__company",
            "lead__owner",
            "lead__stage",
            "contact_point",
            "holder",
            "last_message__user",
        )


class MessageQuerySet(models.QuerySet["Message"]):
    """Named sets of messages."""

    def drafts(self) -> "MessageQuerySet":
        """Proposals that wait for a person."""
        return self.filter(state="draft")

    def pending(self) -> "MessageQuerySet":
        """Outbound messages that have not reached the vendor."""
        return self.filter(direction="outbound", state__in=("queued", "held"))

    def for_thread(self) -> "MessageQuerySet":
        """With all that a bubble shows, oldest first."""
        return (
            self.select_related("user", "approved_by", "channel", "contact_point")
            .prefetch_related("attachments")
            .order_by("occurred_at", "pk")
        )
