"""What the inbox reads: tabs with counts, filters, search, pages by key."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import QueryDict

from leads.models import LeadContact
from leads.models.querysets import HOT
from messaging.models import Conversation, Message, Turn
from messaging.models.querysets import ConversationQuerySet

PAGE = 30
THREAD_PAGE = 60
MOST = 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Viewer = AbstractBaseUser | AnonymousUser
TABS = {
    "needs": "Needs you",
    "mine": "Mine",
    "ai": "AI",
    "waiting": "Waiting",
    "all": "All",
}


@dataclass(frozen=True)
class Search:
    """What a person asks of the list, as the address bar says it."""

    tab: str = "needs"
    words: str = ""
    channel: str = ""
    owner: str = ""
    unread: bool = False
    hot: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> "Search":
        """Read the query string; unknown values count as not given."""
        tab, channel, owner = (query.get(k, "") for k in ("tab", "channel", "owner"))
        return cls(
            tab=tab if tab in TABS else "needs",
            words=query.get("q", "").replace("\0", "").strip()[:100],
            channel=channel if channel in ("sms", "email") else "",
            owner=owner if owner in ("me", "none") else "",
            unread=query.get("unread") == "1",
            hot=query.get("hot") == "1",
        )

    @property
    def filters(self) -> int:
        """How many filters are set, the words and the tab apart."""
        return sum(map(bool, (self.channel, self.owner, self.unread, self.hot)))

    def pairs(self) -> dict[str, str]:
        """The query string's pairs, without what is not set."""
        pairs = {
            "tab": self.tab,
            "q": self.words,
            "channel": self.channel,
            "owner": self.owner,
            "unread": "1" if self.unread else "",
            "hot": "1" if self.hot else "",
        }
        return {name: value for name, value in pairs.items() if value}


@dataclass(frozen=True)
class Page:
    """Rows of the list and the key of the next page, "" when this is the last."""

    rows: list[Conversation]
    after: str


def visible(user: Viewer) -> ConversationQuerySet:
    """Conversations that `user` may see, each once, without wide comparisons."""
    seen = Conversation.objects.visible_to(user).order_by().values("pk")
    return Conversation.objects.filter(pk__in=seen)


def tab_filter(tab: str, user: Viewer) -> Q:
    """Return the filter of one tab."""
    turns = Conversation.Turn
    filters = {
        "needs": Q(turn=turns.NEEDS_YOU),
        "mine": (Q(holder=user.pk) | Q(lead__owner=user.pk)) & ~Q(turn=turns.DONE),
        "ai": Q(turn=turns.AI),
        "waiting": Q(turn__in=(turns.WAITING, turns.PARKED)),
    }
    return filters.get(tab, Q())


def tab_counts(user: Viewer) -> dict[str, int]:
    """Return how many conversations each tab holds, in one query."""
    counts = {
        tab: Count("pk", filter=tab_filter(tab, user), distinct=True) for tab in TABS
    }
    return {**visible(user).aggregate(**counts)}


def found(user: Viewer, search: Search) -> ConversationQuerySet:
    """Return the conversations that a search finds, not ordered yet."""
    rows = visible(user).filter(tab_filter(search.tab, user))
    if search.channel:
        rows = rows.filter(last_message__kind=search.channel)
    if search.owner:
        rows = rows.filter(lead__owner=user.pk if search.owner == "me" else None)
    if search.unread:
        rows = rows.filter(unread=True)
    if search.hot:
        rows = rows.filter(lead__score__gte=HOT)
    return rows.filter(_words(search.words)) if search.words else rows


def _words(words: str) -> Q:
    """Every word in the name, company, address or in one message of the talk."""
    spoken = Message.objects.filter(conversation=OuterRef("pk"))
    known = LeadContact.objects.filter(lead=OuterRef("lead"))
    wanted = Q()
    for word in words.split():
        spoken = spoken.filter(Q(body__icontains=word) | Q(subject__icontains=word))
        wanted &= (
            Q(lead__name__icontains=word)
            | Q(lead__company__name__icontains=word)
            | Q(contact_point__value__icontains=word)
            | Q(Exists(known.filter(contact_point__value__icontains=word)))
        )
    return wanted | Q(Exists(spoken))


def page_of(
    user: Viewer, search: Search, *, after: str = "", limit: int = PAGE
) -> Page:
    """Return one page: in *Needs you* hot first, then who waits longest.

    Other tabs show the newest first. `after` is the key a page ended with.
    """
    order, beyond = _by_need if search.tab == "needs" else _by_age
    rows = order(found(user, search))
    if (key := _parse_key(after)) is not None:
        rows = rows.filter(beyond(key))
    limit = max(1, min(limit, MOST))
    shown = list(_complete(rows)[: limit + 1])
    more = len(shown) > limit
    shown = shown[:limit]
    return Page(rows=shown, after=_key_of(shown[-1], search) if more else "")


def _complete(rows: ConversationQuerySet) -> ConversationQuerySet:
    """With all that a row shows, the end of its burst and its first address."""
    bursts = Turn.objects.filter(conversation=OuterRef("pk"), state=Turn.State.WAITING)
    contacts = LeadContact.objects.filter(lead=OuterRef("lead"))
    return rows.with_rows().annotate(
        burst_due_at=Subquery(bursts.order_by("-due_at").values("due_at")[:1]),
        address=Subquery(
            contacts.order_by("-primary", "pk").values("contact_point__value")[:1]
        ),
    )


Key = tuple[int, datetime, UUID]


def _order_by_need(rows: ConversationQuerySet) -> ConversationQuerySet:
    hot = Case(
        When(lead__score__gte=HOT, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    keyed = rows.annotate(heat=hot, since=Coalesce("waiting_since", "last_at"))
    return keyed.order_by("-heat", "since", "public_id")


def _beyond_by_need(key: Key) -> Q:
    heat, since, public_id = key
    later = Q(since__gt=since) | Q(since=since, public_id__gt=public_id)
    return Q(heat__lt=heat) | (Q(heat=heat) & later)


def _order_by_age(rows: ConversationQuerySet) -> ConversationQuerySet:
    keyed = rows.annotate(heat=Value(0, IntegerField()), since=F("last_at"))
    return keyed.order_by("-since", "public_id")


def _beyond_by_age(key: Key) -> Q:
    _, since, public_id = key
    return Q(since__lt=since) | Q(since=since, public_id__gt=public_id)


_by_need = (_order_by_need, _beyond_by_need)
_by_age = (_order_by_age, _beyond_by_age)


def _key_of(row: Any, search: Search) -> str:
    micros = (row.since - EPOCH) // MICROSECOND
    return f"{row.heat}.{micros}.{row.public_id}"


def _parse_key(text: str) -> Key | None:
    try:
        heat, micros, public_id = text.split(".")
        since = EPOCH + int(micros) * MICROSECOND
        return int(heat), since, UUID(public_id)
    except (ValueError, OverflowError):
        return None


def thread_page(
    conversation: Conversation, *, before: str = "", limit: int = THREAD_PAGE
) -> tuple[list[Message], str]:
    """Return messages, oldest first, and the id to ask earlier ones by, or "".

    Drafts are not part of the thread: they have their own card, and what a
    newer message of the lead outdated was never said.
    """
    # A subquery, since the missing key of most rows would exclude them too.
    outdated = conversation.messages.filter(
        state=Message.State.CANCELLED, details__stale=True
    )
    said = conversation.messages.exclude(state=Message.State.DRAFT)
    rows = said.exclude(pk__in=outdated.values("pk")).for_thread()
    mark = message_named(conversation, before)
    if mark is not None:
        at = mark.occurred_at
        rows = rows.filter(Q(occurred_at__lt=at) | Q(occurred_at=at, pk__lt=mark.pk))
    newest = list(rows.order_by("-occurred_at", "-pk")[: limit + 1])
    shown = newest[:limit][::-1]
    return shown, str(shown[0].public_id) if len(newest) > limit else ""


def message_named(conversation: Conversation, public_id: str) -> Message | None:
    """Return the conversation's message of that id, None when there is none."""
    try:
        wanted = UUID(public_id)
    except ValueError:
        return None
    return conversation.messages.filter(public_id=wanted).first()
