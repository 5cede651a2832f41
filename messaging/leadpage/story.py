"""A lead's timeline: the inbox's bubbles, with the changes between them folded."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from leads.models import Lead
from messaging import timeline, words
from messaging.leadpage.changes import Change, changes_of
from messaging.models import Conversation, Message
from messaging.timeline import Bubble

PAGE = 60
MOST = 500
SHOWS = {
    "all": "All",
    "messages": "Messages",
    "calls": "Calls",
    "changes": "Changes",
    "score": "Score",
}
KINDS = {"changes": "change", "score": "score"}


@dataclass(frozen=True)
class Entry:
    """One line of the story: a day, a bubble, a change or folded changes."""

    key: str
    day: str = ""
    bubble: Bubble | None = None
    change: Change | None = None
    folded: tuple[Change, ...] = ()
    words: str = ""


@dataclass(frozen=True)
class Story:
    """Entries, oldest first, and the message before which there are earlier ones."""

    entries: list[Entry]
    earlier: str = ""


def story_of(
    lead: Lead,
    conversation: Conversation | None,
    *,
    show: str = "all",
    before: str = "",
    at: str = "",
) -> Story:
    """Return one page of a lead's story; `at` names a message it must hold."""
    show = show if show in SHOWS else "all"
    if show in KINDS:
        wanted = [one for one in changes_of(lead) if one.kind == KINDS[show]]
        return Story(_entries([], wanted, fold=False))
    messages, earlier, until = _messages(conversation, show, before, at)
    bubbles = _bubbles(lead, messages)
    if show != "all":
        return Story(_entries(bubbles, [], fold=False), earlier)
    since = messages[0].occurred_at if messages and earlier else None
    changes = changes_of(lead, since=since, until=until)
    return Story(_entries(bubbles, changes, fold=True), earlier)


def _messages(
    conversation: Conversation | None, show: str, before: str, at: str
) -> tuple[list[Message], str, datetime | None]:
    if conversation is None:
        return [], "", None
    outdated = Q(state=Message.State.CANCELLED, details__stale=True)
    call = Q(kind=Message.Kind.CALL)
    rows = conversation.messages.exclude(outdated).for_thread()
    if show != "all":
        rows = rows.filter(call if show == "calls" else ~call)
    mark = _named(conversation, before)
    if mark is not None:
        moment = mark.occurred_at
        rows = rows.filter(
            Q(occurred_at__lt=moment) | Q(occurred_at=moment, pk__lt=mark.pk)
        )
    limit = _limit(rows, _named(conversation, at))
    newest = list(rows.order_by("-occurred_at", "-pk")[: limit + 1])
    shown = newest[:limit][::-1]
    earlier = str(shown[0].public_id) if len(newest) > limit else ""
    return shown, earlier, mark.occurred_at if mark else None


def _limit(rows: "QuerySet[Message]", wanted: Message | None) -> int:
    if wanted is None:
        return PAGE
    newer = rows.filter(occurred_at__gte=wanted.occurred_at).count()
    return min(MOST, max(PAGE, newer + 5))


def _named(conversation: Conversation, public_id: str) -> Message | None:
    try:
        wanted = UUID(public_id)
    except ValueError:
        return None
    return conversation.messages.filter(public_id=wanted).first()


def _bubbles(lead: Lead, messages: list[Message]) -> list[Bubble]:
    evidence = timeline.evidence_of(lead)
    name = lead.display_name
    return timeline.bubbles_of(messages, lead_name=name, evidence=evidence)


def _entries(
    bubbles: list[Bubble], changes: Iterable[Change], *, fold: bool
) -> list[Entry]:
    rows: list[tuple[datetime, Bubble | Change]] = [
        (bubble.message.occurred_at, bubble) for bubble in bubbles
    ]
    rows += [(change.at, change) for change in changes]
    rows.sort(key=lambda row: row[0])
    entries: list[Entry] = []
    for day, of_day in groupby(rows, key=lambda row: _day(row[0])):
        told = list(of_day)
        entries.append(Entry(f"day-{day}", day=words.day_of(told[0][0])))
        entries += _of_day([item for _, item in told], fold=fold)
    return entries


def _of_day(items: list[Bubble | Change], *, fold: bool) -> list[Entry]:
    entries: list[Entry] = []
    for is_bubble, run in groupby(items, key=lambda one: isinstance(one, Bubble)):
        if is_bubble:
            entries += [Entry(b.key, bubble=b) for b in run if isinstance(b, Bubble)]
            continue
        changes = tuple(one for one in run if isinstance(one, Change))
        if fold and len(changes) > 1:
            entries.append(_folded(changes))
        else:
            entries += [Entry(one.key, change=one) for one in changes]
    return entries


def _folded(changes: tuple[Change, ...]) -> Entry:
    day = words.day_of(changes[0].at).lower()
    when = f" {day}" if day in ("today", "yesterday") else ""
    said = f"{len(changes)} changes{when}"
    return Entry(f"fold-{changes[0].key}", folded=changes, words=said)


def _day(moment: datetime) -> date:
    return timezone.localtime(moment).date()
