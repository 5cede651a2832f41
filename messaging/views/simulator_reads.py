"""What the simulator's page shows."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from leads import policy as policies
from leads.models import Mode
from messaging.agent.model import ModelError, choose_model
from messaging.channels import simulator_channel
from messaging.conversations import effective_mode
from messaging.models import Conversation, Message
from messaging.models.querysets import ConversationQuerySet
from messaging.simulator import busy_hour, steps
from messaging.simulator.people import next_person, read
from messaging.simulator.playing import CLOCKS, NOW, time_there, zone_there
from messaging.timeline import Bubble, bubble_of, lead_name
from messaging.views.reads import Viewer, visible

EARLIER = 30
BUBBLES = 60
HIDDEN = (Message.State.CANCELLED,)


def played(user: Viewer) -> ConversationQuerySet:
    """Return the simulated talks that `user` may see, demo ones left out."""
    return visible(user).filter(lead__simulated=True, lead__demo=False)


def page_parts(user: Viewer, talk: Conversation | None) -> dict[str, Any]:
    """Return everything that the page and its parts show."""
    person = next_person()
    return {
        "talk": talk,
        "person": talk.lead if talk else person,
        "new_person": person,
        "earlier": list(played(user).with_rows().order_by("-last_at")[:EARLIER]),
        "bubbles": bubbles_of(talk) if talk else [],
        "story": steps.happened(talk) if talk else None,
        "tries": steps.tries(played(user)),
        "chips": read("chips"),
        "clocks": CLOCKS.items(),
        "clock": _clock_of(talk),
        "their_time": time_there(talk) if talk else "",
        "answering": answering(),
        "busy": busy_hour.state(),
        "ai_off": _ai_is_off(talk),
        "off_here": talk is not None and talk.mode == Mode.OFF,
        "kind": _kind_of(talk),
    }


def bubbles_of(talk: Conversation) -> list[tuple[Bubble, str]]:
    """Return what is on the lead's phone, and what is still to come there.

    Each with its time by the lead's own clock, as their phone would show it.
    """
    rows = (
        talk.messages.for_thread()
        .exclude(direction=Message.Direction.NOTE)
        .exclude(state__in=HIDDEN)
    )
    latest = list(rows.order_by("-occurred_at", "-pk")[:BUBBLES])
    name, ahead = lead_name(talk), timedelta(seconds=talk.clock_shift)
    zone = zone_there(talk)
    return [
        (
            bubble_of(message, lead_name=name),
            f"{(message.occurred_at + ahead).astimezone(zone):%H:%M}",
        )
        for message in reversed(latest)
    ]


def answering() -> dict[str, str]:
    """Say which model writes the answers, as every talk has it: name and why."""
    try:
        model = choose_model(settings.LANGUAGE_MODELS)
    except ModelError as error:
        return {"name": "no model", "words": f"{error.words} A person answers."}
    if model.author == "builtin":
        return {
            "name": "✦ Built-in",
            "words": "Works without a key. A language model answers once one is set up.",
        }
    return {
        "name": f"✦ {model.name}",
        "words": "The first model that is set up answers, here as with real leads.",
    }


def _clock_of(talk: Conversation | None) -> str:
    """The choice that the talk's clock stands for; a moved one has none."""
    if talk is None:
        return "10:42"
    return NOW if talk.clock_shift == 0 else ""


def _kind_of(talk: Conversation | None) -> str:
    if talk is None:
        return "sms"
    rows = talk.messages.filter(direction=Message.Direction.INBOUND)
    last = rows.order_by("-pk").values_list("kind", flat=True).first()
    return last or "sms"


def _ai_is_off(talk: Conversation | None) -> bool:
    if talk is None:
        return policies.current().mode == Mode.OFF
    channel = simulator_channel(_kind_of(talk))
    mode = effective_mode(talk, channel=channel, policy=policies.current())
    return mode == Mode.OFF
