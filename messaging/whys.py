"""Why a message of ours says what it says: sources, facts, checks, model, cost."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import NoReverseMatch, reverse

from leads.models import Fact
from messaging import words
from messaging.grounds import HELD, SOURCED, Claim, claims_of
from messaging.held import REMOVED, Held, held_in
from messaging.models import Article, Conversation, Message, Offer, PromptRecord

SURE = "Sure: "
READ_PROMPTS = "messaging.view_promptrecord"
KINDS = {
    "small_talk": "small talk",
    "question": "a question",
    "lead": "the lead's own words",
    "notice": "says who writes, or how to stop",
    HELD: "held: no source",
    SOURCED: "",
}


@dataclass(frozen=True)
class Ground:
    """One sentence and what it rests on. `tone` is source, plain or bad.

    `says` names the source with its version, or what kind of sentence it is; `url`
    is "" where the person may not open the source.
    """

    words: str
    says: str
    quote: str = ""
    url: str = ""
    tone: str = "plain"


@dataclass(frozen=True)
class Source:
    """A source as it was when the answer was written: its title and its page."""

    title: str
    url: str = ""


@dataclass(frozen=True)
class Why:
    """All that the drawer shows of one message of ours."""

    message: Message
    label: str
    origin: str
    grounds: tuple[Ground, ...]
    held: tuple[Held, ...]
    removed: tuple[str, ...]
    facts: tuple[Fact, ...]
    sure: str
    usage: dict[str, Any]
    status: words.Status | None
    prompt: bool

    @property
    def by_machine(self) -> bool:
        """Whether a model or our own phrases wrote it."""
        return self.message.author in (Message.Author.AI, Message.Author.BUILTIN)


def why_of(message: Message, conversation: Conversation, *, user: User) -> Why:
    """Return why a message says what it says, as far as it was written down."""
    turn = message.turn
    claims = claims_of(turn, body=message.body)
    sources = _sources_of(claims, at=message.created_at, user=user)
    return Why(
        message=message,
        label=words.label_of(message, ""),
        origin=origin_of(message),
        grounds=tuple(_ground(one, sources) for one in claims),
        held=tuple(held_in(message)) if message.state == Message.State.DRAFT else (),
        removed=tuple(
            str(row.get("words", "")) for row in message.details.get(REMOVED, ())
        ),
        facts=tuple(_facts(conversation)),
        sure=sure_words(message).removeprefix(SURE),
        usage=dict(turn.usage or {}) if turn is not None else {},
        status=words.status_of(message),
        prompt=_may_read_prompt(message, user),
    )


def origin_of(message: Message) -> str:
    """Return in one sentence where the words come from."""
    original = message.resend_of
    if original is not None:
        at = words.time_of(original.occurred_at)
        return f"The words of {at}, sent again by a person"
    if message.author == Message.Author.PERSON:
        return "A person's own words"
    if message.author == Message.Author.SYSTEM:
        return "A fixed answer of the product: no model wrote it"
    if message.turn is None:
        return "Written without a turn: nothing was kept of how"
    if message.author == Message.Author.BUILTIN:
        return "The built-in model, from its phrases and what the company says"
    return "A language model; every sentence was checked against its source"


def sure_words(message: Message) -> str:
    """Return how sure the answer was, "" where nobody reckoned."""
    sureness = message.turn.sureness if message.turn is not None else {}
    said = str(sureness.get("words") or "")
    return f"{SURE}{said}" if said else ""


def _facts(conversation: Conversation) -> list[Fact]:
    if conversation.lead is None:
        return []
    return list(conversation.lead.facts.filter(replaced_at=None, struck_at=None))


def _may_read_prompt(message: Message, user: User) -> bool:
    if message.turn is None or not user.has_perm(READ_PROMPTS):
        return False
    return PromptRecord.objects.filter(turn=message.turn).exists()


# --- sources -----------------------------------------------------------------


def _ground(claim: Claim, sources: dict[str, Source]) -> Ground:
    if claim.kind == SOURCED and claim.source:
        found = sources.get(claim.source) or Source(claim.title)
        return Ground(claim.words, found.title, claim.quote, found.url, "source")
    tone = "bad" if claim.kind == HELD else "plain"
    says = KINDS.get(claim.kind, claim.kind.replace("_", " "))
    return Ground(claim.words, says, claim.quote, tone=tone)


def _sources_of(claims: list[Claim], *, at: datetime, user: User) -> dict[str, Source]:
    """Return the articles and offers that the sentences name, by their key."""
    found: dict[str, Source] = {}
    for claim in claims:
        kind, _, key = claim.source.partition(".")
        reader = _READERS.get(kind)
        if reader is not None and claim.source not in found:
            found[claim.source] = reader(key, claim.title, at, user)
    return found


def _article(key: str, title: str, at: datetime, user: User) -> Source:
    row = Article.objects.filter(_named(key)).select_related("published").first()
    if row is None:
        return Source(f"{title} (no longer there)")
    said = row.revisions.filter(published_at__lte=at).first()
    version = f", version {said.number}" if said is not None else ""
    now = row.published
    if said is not None and now is not None and now.number != said.number:
        version += f" (now {now.number})"
    return Source(f"{title or row.title}{version}", _page(row, user))


def _offer(key: str, title: str, at: datetime, user: User) -> Source:
    row = Offer.objects.filter(_named(key)).first()
    if row is None:
        return Source(f"{title} (no longer there)")
    return Source(f"Offer: {title or row.name}", _page(row, user))


def _profile(key: str, title: str, at: datetime, user: User) -> Source:
    allowed = user.has_perm("messaging.view_profile")
    return Source(title, reverse("profile") if allowed else "")


_READERS: dict[str, Callable[[str, str, datetime, User], Source]] = {
    "article": _article,
    "offer": _offer,
    "profile": _profile,
}


def _named(key: str) -> Q:
    if key.isdigit():
        return Q(pk=int(key))
    try:
        return Q(public_id=UUID(key))
    except ValueError:
        return Q(pk__in=[])


def _page(row: Article | Offer, user: User) -> str:
    """Where a person may read the source, "" for who may not."""
    name = str(row._meta.model_name)
    if not user.has_perm(f"messaging.view_{name}"):
        return ""
    try:
        return reverse(f"admin:messaging_{name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""


__all__ = [
    "KINDS",
    "READ_PROMPTS",
    "Ground",
    "Why",
    "origin_of",
    "sure_words",
    "why_of",
]
