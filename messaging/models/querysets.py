"""The read side of `messaging`."""

from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import models

from leads.access import conversation_filter, team_filter

if TYPE_CHECKING:
    from messaging.models.conversation import (  # noqa: F401 (named in strings)
        Conversation,
        Message,
    )
    from messaging.models.mail import Template  # noqa: F401 (named in strings)


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
            "lead__team",
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
        """With all that a bubble shows, oldest first.

        Of a mail's long texts only whether there are any: a thread is read often.
        Of an answer's turn what its sentences rest on.
        """
        people = ("user", "approved_by", "channel", "contact_point")
        return (
            self.select_related(*people, "mail", "turn")
            .defer("mail__original", "mail__html", "mail__headers")
            .defer("turn__stages", "turn__understood")
            .annotate(
                mail_has_original=_is_set("mail__original"),
                mail_has_html=_is_set("mail__html"),
            )
            .prefetch_related("attachments")
            .order_by("occurred_at", "pk")
        )


def _is_set(field: str) -> models.Case:
    has = models.When(**{f"{field}__gt": ""}, then=models.Value(True))
    return models.Case(has, default=models.Value(False))


class TemplateQuerySet(models.QuerySet["Template"]):
    """Named sets of prepared answers."""

    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> "TemplateQuerySet":
        """Everybody's, and those of the person's teams, by the one policy."""
        return self.filter(team_filter(user, prefix="team"))

    def fitting(self, kind: str) -> "TemplateQuerySet":
        """Those in use that suit a text ("sms") or a mail ("email")."""
        return self.filter(active=True, kind__in=("", kind))

    def found(self, words: str) -> "TemplateQuerySet":
        """Those with every one of the words in name, subject or text."""
        rows = self
        for word in words.split():
            rows = rows.filter(
                models.Q(name__icontains=word)
                | models.Q(subject__icontains=word)
                | models.Q(body__icontains=word)
            )
        return rows
