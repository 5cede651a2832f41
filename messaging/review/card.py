"""What the open decision shows: the talk's end, the proposal, why it waits."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from django.db.models import Q

from leads.access import Viewer
from leads.models import Fact, Lead, Task
from messaging import timeline, words
from messaging.models import Conversation, Message
from messaging.review.queue import Row
from messaging.timeline import Bubble
from messaging.views.threads import ask_key, who_wrote

LAST = 3
WHYS = [("wrong_fact", "Wrong fact"), ("tone", "Tone"), ("not_needed", "Not needed")]
WAITS: dict[str, str] = {
    Task.Kind.CALL: "{name} waits for a call.",
    Task.Kind.MEETING: "{name} waits for a time to be confirmed.",
    Task.Kind.REPLY: "{name} waits for an answer from a person.",
    Task.Kind.FAILED: "{name} did not get it: find another way to reach them.",
}


@dataclass(frozen=True)
class Piece:
    """A run of the proposed words. `tone` is bad, source or plain."""

    text: str
    tone: str = "plain"
    says: str = ""
    message: str = ""


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
        context |= {
            "pieces": pieces_of(message, talk.lead if talk else None),
            "findings": findings_of(message),
            "sources": sources_of(message),
            "asked": Task.objects.open().filter(effect_key=ask_key(message)).exists(),
            "label": words.label_of(message, ""),
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


def findings_of(draft: Message) -> list[dict[str, str]]:
    """Return what the guard objected to."""
    found = draft.details.get("findings", [])
    return [one for one in found if isinstance(one, dict)]


def sources_of(draft: Message) -> list[str]:
    """Return what the answer leans on, in words: "profile: hours"."""
    turn = draft.turn
    named = turn.sources if turn is not None else []
    return [str(one).replace(".", ": ").replace("_", " ") for one in named]


def pieces_of(draft: Message, lead: Lead | None) -> list[Piece]:
    """Cut the proposal where the guard objects, and where a fact is its source."""
    body = draft.body
    spans = [
        (body.find(one["words"]), len(one["words"]), Piece("", "bad", one["reason"]))
        for one in findings_of(draft)
        if one.get("words")
    ]
    spans += [
        (body.find(fact.value), len(fact.value), _source(fact)) for fact in _facts(lead)
    ]
    placed = [(at, at + size, piece) for at, size, piece in spans if at >= 0]
    edges = sorted({0, len(body), *(edge for span in placed for edge in span[:2])})
    pieces = []
    for start, end in pairwise(edges):
        over = [piece for first, last, piece in placed if first <= start < last]
        mark = over[0] if over else Piece("")
        pieces.append(Piece(body[start:end], mark.tone, mark.says, mark.message))
    return pieces


def _facts(lead: Lead | None) -> list[Fact]:
    if lead is None:
        return []
    rows = Fact.objects.filter(lead=lead, replaced_at=None, struck_at=None)
    return [fact for fact in rows if len(fact.value) > 1]


def _source(fact: Fact) -> Piece:
    label = fact.field.replace("_", " ")
    quote = f": “{fact.quote}”" if fact.quote else ""
    where = f"m-{fact.message}" if fact.message else ""
    return Piece("", "source", f"{label}{quote}", where)


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
    findings = findings_of(draft)
    if findings:
        named = "; ".join(f"“{f.get('words')}” {f.get('reason')}" for f in findings)
        return f"{named}: only a person may promise that."
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
