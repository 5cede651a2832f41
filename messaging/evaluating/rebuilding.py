"""The situation of a turn as it was when it was answered.

What the turn kept is believed (intent, topics, language); what it did not keep is read
again from the messages and facts of that time. What may have changed since is named.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from leads import clock, policy
from leads.models import Fact, Lead
from messaging.agent.model import Plan, Situation
from messaging.agent.policy import plan_turn
from messaging.agent.understanding.intents import Intent, IntentReading
from messaging.evaluating.freezing import Personal
from messaging.models import ArticleRevision, Offer, Profile, Turn
from messaging.situations import Understood, situation_of, understand

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A turn's situation, the plan that follows from it, and what is not certain."""

    situation: Situation
    plan: Plan
    gaps: tuple[str, ...]


class NotRebuilt(ValueError):
    """Nothing of the turn can be rebuilt; the words say why."""


def rebuild(turn: Turn) -> Rebuilt:
    """Return the situation that `turn` was answered in. Raises NotRebuilt."""
    conversation, last = turn.conversation, turn.last_inbound
    lead = conversation.lead
    if lead is None:
        raise NotRebuilt("The talk belongs to no lead")
    with clock.at(last.occurred_at):
        understood = _as_kept(turn, understand(conversation, last))
        if not understood.parts:
            raise NotRebuilt("The lead's words are not kept any more")
        known = facts_at(lead, last.occurred_at)
        burst = {part.message.public_id for part in understood.parts}
        situation = situation_of(
            conversation,
            understood,
            known=known,
            new_facts=tuple(f for f, fact in known.items() if fact.message in burst),
            instruction=turn.instruction,
            max_segments=policy.lately().max_segments,
        )
    gaps = tuple(_gaps(turn, situation))
    return Rebuilt(situation, plan_turn(situation), gaps)


def facts_at(lead: Lead, moment: datetime) -> dict[str, Fact]:
    """The facts that held at a moment, by field."""
    held = lead.facts.filter(
        Q(replaced_at=None) | Q(replaced_at__gt=moment),
        Q(struck_at=None) | Q(struck_at__gt=moment),
        occurred_at__lte=moment,
    )
    # The newest of a field, as two may have held in the same second.
    return {fact.field: fact for fact in held.order_by("occurred_at", "pk")}


def personal_of(lead: Lead) -> Personal:
    """What our own rows know of who the lead is."""
    points = lead.contacts.values_list("contact_point__value", flat=True)
    facts = list(lead.facts.all())
    return Personal(
        names=(lead.name, *(f.value for f in facts if f.field == "name")),
        companies=(
            *((lead.company.name,) if lead.company else ()),
            *(f.value for f in facts if f.field == "company"),
        ),
        values=tuple(points),
    )


def _as_kept(turn: Turn, read: Understood) -> Understood:
    kept = turn.understood
    if not kept.get("intent"):
        return read
    reading = IntentReading(
        Intent(kept["intent"]),
        float(kept.get("confidence", read.reading.confidence)),
        tuple(kept.get("topics", read.reading.topics)),
    )
    language = str(kept.get("language") or read.language)
    return replace(read, reading=reading, language=language)


def _gaps(turn: Turn, situation: Situation) -> Iterator[str]:
    """What may have been otherwise when the turn was answered."""
    moment = turn.last_inbound.occurred_at
    if not turn.understood.get("intent"):
        yield "What was understood then is not kept: it was read again"
    changed = Profile.current().updated_at
    if changed and changed > moment:
        yield "The company profile was changed since; this is today's"
    if turn.goal and turn.goal != str(plan_turn(situation).goal):
        yield f"It was planned as “{turn.goal}” then, which is not what follows today"
    yield from _knowledge_gaps(turn, situation, moment)


def _knowledge_gaps(
    turn: Turn, situation: Situation, moment: datetime
) -> Iterator[str]:
    found = {passage.source: passage.title for passage in situation.knowledge}
    newer = ArticleRevision.objects.filter(
        _named(found, "article", prefix="article__"), published_at__gt=moment
    )
    moved = Offer.objects.filter(_named(found, "offer"), updated_at__gt=moment)
    titles = {
        *newer.values_list("title", flat=True),
        *moved.values_list("name", flat=True),
    }
    for title in sorted(titles):
        yield f"“{title}” was published anew since; these are today's words"
    for claim in turn.claims:
        source = str(claim.get("source") or "")
        cited = source.startswith(("article.", "offer."))
        if cited and source not in found:
            yield f"“{claim.get('title') or source}”, which it cited, is not found today"


def _named(sources: Iterable[str], kind: str, *, prefix: str = "") -> Q:
    """The rows that sources such as "article.7" name, by their id or public id."""
    names = [
        name for one, _, name in (s.partition(".") for s in sources) if one == kind
    ]
    ids = [int(name) for name in names if name.isdigit()]
    public = [name for name in names if _UUID.fullmatch(name)]
    return Q(**{f"{prefix}pk__in": ids}) | Q(**{f"{prefix}public_id__in": public})
