"""What the open decision shows: the talk's end, the proposal, why it waits."""

from typing import Any

from django.db.models import Q

from leads.access import Viewer
from leads.models import Task
from messaging import timeline, words
from messaging.grounds import source_titles
from messaging.held import BINDING, ask_key, held_in
from messaging.models import Conversation, Message
from messaging.pieces import findings_of, pieces_of
from messaging.review.decisions import digest
from messaging.review.queue import Row
from messaging.shadow import auto_words
from messaging.timeline import Bubble
from messaging.views.threads import who_wrote
from messaging.whys import sure_words

LAST = 3
WHYS = [("wrong_fact", "Wrong fact"), ("tone", "Tone"), ("not_needed", "Not needed")]
WAITS: dict[str, str] = {
    Task.Kind.CALL: "{name} waits for a call.",
    Task.Kind.MEETING: "{name} waits for a time to be confirmed.",
    Task.Kind.REPLY: "{name} waits for an answer from a person.",
    Task.Kind.FAILED: "{name} did not get it: find another way to reach them.",
}


def card_context(row: Row, *, user: Viewer) -> dict[str, Any]:
    """Return what the card's template shows of a decision."""
    talk, message = row.conversation, row.message
    context: dict[str, Any] = {
        "row": row,
        "bubbles": last_bubbles(talk, but=message) if talk else [],
        "why": why_it_waits(row),
        "whys": WHYS,
    }
    if row.group == "drafts" and message is not None:
        asked = Task.objects.open().filter(effect_key=ask_key(message)).exists()
        context |= {
            "pieces": pieces_of(message, talk.lead if talk else None),
            "findings": findings_of(message),
            "sources": source_titles(message.turn),
            "asked": asked,
            # The page shows the card anew when one of these moved.
            "mark": f"{digest(message)}-{len(findings_of(message))}-{asked:d}",
            "label": words.label_of(message, ""),
            "sure": sure_words(message),
            "auto": auto_words(message.details),
        }
    if row.group == "sent" and message is not None:
        context["sent"] = sent_facts(message)
    if row.group == "who" and talk is not None:
        context["candidates"] = who_wrote(talk, user=user)
    return context


def last_bubbles(talk: Conversation, *, but: Message | None) -> list[Bubble]:
    """Return the last three messages, oldest first, the asked-about one apart."""
    hidden = Q(state=Message.State.DRAFT)
    hidden |= Q(state=Message.State.CANCELLED, details__stale=True)
    rows = talk.messages.exclude(hidden).for_thread()
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    newest = list(rows.order_by("-occurred_at", "-pk")[:LAST])[::-1]
    evidence = timeline.evidence_of(talk.lead)
    name = timeline.lead_name(talk)
    return timeline.bubbles_of(newest, lead_name=name, evidence=evidence)


def why_it_waits(row: Row) -> str:
    """Return in one sentence why a person has to decide."""
    if row.group == "drafts" and row.message is not None:
        return _why_draft(row.message, row.name)
    if row.task is None:
        return "A person has to decide."
    said = row.task.reason.rstrip(".") or row.task.title
    if row.group == "hand_offs" and said in (row.title, row.title.rstrip(".")):
        # The title says the reason: say here what is to be done about it.
        words = WAITS.get(row.task.kind, "{name} waits for a person.")
        return words.format(name=row.name)
    endings = {
        "sent": "Sending it again could say it twice, so a person decides.",
        "opt_out": "The AI rests until you decide.",
        "who": "Until you choose, nothing is answered.",
    }
    return f"{said}. {endings.get(row.group, '')}".strip()


def _why_draft(draft: Message, name: str) -> str:
    held = held_in(draft)
    if any(one.kind in BINDING for one in held):
        return "Take it out, or let somebody send it who may exceed the offer."
    if held:
        return f"Take it out, or stand by it yourself before {name} reads it."
    reason = draft.reason.rstrip(".") or "The AI drafts here; you send"
    return f"{reason}. A person decides before {name} reads it."


def sent_facts(message: Message) -> dict[str, str]:
    """Return what we asked the carrier, when, and what it says."""
    asked = message.claimed_at or message.created_at
    point = message.contact_point
    through = message.channel
    return {
        "what": f"a {message.get_kind_display()} to {point.value if point else '–'}",
        "through": str(through) if through else "–",
        "when": words.time_of(asked),
        "carrier": message.reason or "It never answered.",
    }
