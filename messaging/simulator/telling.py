"""The detail of each step, told from what the real path wrote down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from leads import scoring
from leads.models import Fact, Suppression
from leads.showing import shown
from messaging import words
from messaging.grounds import HELD, SOURCED, claims_of, source_titles
from messaging.held import held_in
from messaging.models import Conversation, Message, Turn
from messaging.simulator.stepwords import LANGUAGES, Pair
from messaging.timeline import lead_name
from messaging.whys import KINDS

BURST = 20
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """All rows that the story of one message is told from."""

    message: Message
    turn: Turn | None
    reply: Message | None
    stages: dict[str, dict[str, Any]]

    @property
    def conversation(self) -> Conversation:
        """The talk it belongs to."""
        return self.message.conversation


def _stored(told: Told, detail: str) -> tuple[str, list[Pair]]:
    message = told.message
    return "stored", [
        Pair("What", detail),
        Pair("Message", str(message.public_id)),
        Pair("Arrived", words.time_of(message.occurred_at)),
        Pair("On", f"{message.channel}: {message.channel.address}")
        if message.channel
        else Pair("On", "no channel"),
        Pair("Pictures", str(message.attachments.count())),
    ]


def _matched(told: Told, detail: str) -> tuple[str, list[Pair]]:
    lead = told.conversation.lead
    pairs = [Pair("By", str(told.message.contact_point or "no address"))]
    if lead is not None:
        pairs += [
            Pair("Lead", lead.display_name),
            Pair("Team", lead.team.name),
            Pair("Owner", words.first_name(lead.owner) if lead.owner else "nobody"),
            Pair("Stage", lead.stage.name),
        ]
    return f"matched: {detail}", pairs


def _understood(told: Told, detail: str) -> tuple[str, list[Pair]]:
    found = told.turn.understood if told.turn else {}
    opt_out = told.message.details.get("opt_out", "")
    if not found:
        title = {"stop": "understood: asks to stop", "pause": "understood: unsure"}
        pairs = [Pair("Opt-out", opt_out or "no"), Pair("Rule", _stop_rule(told))]
        return title.get(opt_out, f"understood: {detail}"), pairs
    intent = str(found["intent"]).replace("_", " ")
    language = LANGUAGES.get(found["language"], found["language"] or "unsure")
    return f"understood: {intent}, {language}", [
        Pair("Intent", f"{intent} ({round(found['confidence'] * 100)} % sure)"),
        Pair("About", ", ".join(found["topics"]).replace("_", " ") or "–"),
        Pair("Language", language),
        Pair("Opt-out", opt_out or "no"),
        *(Pair("When", _when(row), quote=row["text"]) for row in found["when"]),
    ]


def _when(row: dict[str, str]) -> str:
    start, end = (datetime.fromisoformat(row[key]) for key in ("start", "end"))
    shown = f"{start:%a} {start.day} {start:%b %Y}"
    if end - start >= timedelta(days=1):
        return f"{shown} to {end.day} {end:%b}" if end - start > DAY else shown
    return f"{shown} {start:%H:%M}"


def _stop_rule(told: Told) -> str:
    rows = Suppression.objects.filter(
        contact_point=told.message.contact_point, lifted_at=None
    )
    found = rows.first()
    return f"stopped by the words “{found.words}”" if found else "–"


def _qualified(told: Told, detail: str) -> tuple[str, list[Pair]]:
    facts = list(_facts_of(told))
    title = ", ".join(f"{f.field} “{f.quote}”".replace("_", " ") for f in facts[:3])
    more = f" +{len(facts) - 3}" if len(facts) > 3 else ""
    pairs = [
        Pair(f.field.replace("_", " ").capitalize(), shown(f), quote=f.quote)
        for f in facts
    ]
    return (f"qualified: {title}{more}" if facts else "qualified: nothing new"), pairs


def _facts_of(told: Told) -> list[Fact]:
    lead = told.conversation.lead
    if lead is None:
        return []
    return list(Fact.objects.filter(lead=lead, message__in=_burst_ids(told)))


def _burst_ids(told: Told) -> list[UUID]:
    """The messages that the turn took in: this one and those since our last."""
    rows = told.conversation.messages.exclude(direction=Message.Direction.NOTE)
    ids: list[UUID] = []
    for row in rows.filter(pk__lte=told.message.pk).order_by("-pk")[:BURST]:
        if row.direction != Message.Direction.INBOUND:
            break
        ids.append(row.public_id)
    return ids


def _scored(told: Told, detail: str) -> tuple[str, list[Pair]]:
    lead = told.conversation.lead
    if lead is None:
        return f"scored {detail}", []
    view = scoring.score_view(lead)
    pairs = [
        Pair(line.label, f"{line.points:+d}", quote=line.quote[:90])
        for line in view.lines
    ]
    return f"scored {detail}", [*pairs, Pair("Together", str(view.value))]


def reply_title(told: Told) -> str:
    """Return who answered and on how many sources."""
    reply, turn = told.reply, told.turn
    if reply is None:
        return "answered"
    author = words.label_of(reply, lead_name(told.conversation))
    sources = len(source_titles(turn))
    count = f", {sources} source{'' if sources == 1 else 's'}" if sources else ""
    return f"answered {author}{count}"


def reply_pairs(told: Told) -> list[Pair]:
    """Return the answer's words, goal, what each sentence rests on, model, cost, time."""
    reply, turn = told.reply, told.turn
    pairs = [Pair("Words", reply.body)] if reply else []
    if turn is None:
        return pairs
    used = turn.usage or {}
    return [
        *pairs,
        Pair("Goal", turn.goal.replace("_", " ") or "–"),
        *_grounds(turn, reply),
        Pair("Model", f"{turn.model or 'none'} {turn.prompt_version}".strip()),
        Pair("Cost", words.money(used.get("micro"))),
        Pair("In all", f"{turn.latency_ms} ms"),
    ]


def _grounds(turn: Turn, reply: Message | None) -> list[Pair]:
    """What every sentence rests on; of an older answer only the names."""
    claims = claims_of(turn, body=reply.body if reply else None)
    if not claims:
        named = ", ".join(source_titles(turn)) or "its own phrases"
        return [Pair("Based on", named)]
    return [
        Pair(
            one.title if one.kind == SOURCED else KINDS.get(one.kind, one.kind),
            one.words,
            quote=one.quote,
            ok=False if one.kind == HELD else None,
        )
        for one in claims
    ]


def held_pairs(reply: Message | None) -> list[Pair]:
    """The words that keep a draft back, each with why."""
    if reply is None or reply.state != Message.State.DRAFT:
        return []
    return [Pair("Held", one.says, ok=False) for one in held_in(reply)]


def _answered(told: Told, detail: str) -> tuple[str, list[Pair]]:
    if told.reply is None:
        return "answered", [Pair("What", detail), *reply_pairs(told)]
    return reply_title(told), reply_pairs(told)


def gated(told: Told, detail: str) -> tuple[str, list[Pair]]:
    """Return how many of the checks passed, and each in words."""
    reply = told.reply
    if reply is None or not reply.checks:
        held = held_pairs(reply)
        more = f", {len(held)} held" if held else ""
        return f"gated: a person decides first{more}", held
    passed = sum(1 for check in reply.checks if check["ok"])
    pairs = [Pair(c["name"], c["words"], ok=c["ok"]) for c in reply.checks]
    return f"gated {passed}/{len(reply.checks)}", pairs


def sent(told: Told, detail: str) -> tuple[str, list[Pair]]:
    """Return what became of the reply; a simulated one is never "sent"."""
    reply = told.reply
    if reply is None:
        return "sent (simulated)", []
    status = words.status_of(reply)
    said = status.words if status else str(reply.state)
    title = "sent (simulated)" if said == "simulated" else said
    pairs = [
        Pair("State", said),
        Pair("By", "the simulator's own transport; it reached nobody"),
        Pair("Parts", str(reply.segments or 1)),
    ]
    if reply.sent_at:
        pairs.append(Pair("At", words.time_of(reply.sent_at)))
    return title, pairs


TELLERS: dict[str, Callable[[Told, str], tuple[str, list[Pair]]]] = {
    "stored": _stored,
    "matched": _matched,
    "understood": _understood,
    "qualified": _qualified,
    "scored": _scored,
    "answered": _answered,
    "gated": gated,
    "sent": sent,
}
