"""What templates need to show a conversation the same way everywhere."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template

from leads import showing
from leads.models import Fact
from messaging import timeline, words
from messaging.grounds import Evidence
from messaging.models import Conversation, Message
from messaging.views.pictures import PICTURES, look_of

register = template.Library()


@register.inclusion_tag("messaging/_turn_chip.html")
def turn_chip(conversation: Conversation) -> dict[str, Any]:
    """Show whose turn it is: `{% turn_chip conversation %}`."""
    return {"chip": words.chip_of(conversation)}


@register.inclusion_tag("messaging/_message.html")
def message_bubble(
    message: Message, evidence: Mapping[UUID, list[Evidence]] | None = None
) -> dict[str, Any]:
    """Show one message: `{% message_bubble message evidence %}`.

    `evidence` is `messaging.timeline.evidence_of(lead)`, asked for once.
    """
    name = timeline.lead_name(message.conversation)
    bubble = timeline.bubble_of(message, lead_name=name, evidence=evidence)
    return {"bubble": bubble}


@register.filter
def countdown(seconds: int) -> str:
    """Return seconds as 0:14."""
    return f"{seconds // 60}:{seconds % 60:02d}"


@register.filter
def age(moment: Any) -> str:
    """Return how long ago, short: now, 2m, 3h, 5d."""
    return words.age(moment)


@register.filter
def when(moment: Any) -> str:
    """Return a time as the screens say it: 10:42, 10:42 Tue, 10:42 3 Mar."""
    return words.time_of(moment) if moment else ""


@register.filter
def micro(amount: int | None) -> str:
    """Return millionths of a dollar in words."""
    return words.money(amount)


@register.filter
def source_words(key: str) -> str:
    """Return what an answer leaned on, in words."""
    return words.source_words(key)


@register.filter
def shown(fact: Fact | None) -> str:
    """Return a fact's value as people read it: 20,000 USD."""
    return showing.shown(fact)


@register.filter
def is_picture(content_type: str) -> bool:
    """Say whether a browser may show this kind of file as a picture."""
    return content_type in PICTURES


@register.filter
def file_icon(content_type: str) -> str:
    """Return the mark of a kind of file."""
    return look_of(content_type)[0]


@register.filter
def file_kind(content_type: str) -> str:
    """Return the word of a kind of file: PDF, Picture, Calendar entry."""
    return look_of(content_type)[1]
