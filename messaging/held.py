"""Words of a draft that nothing we know supports, and who may let them leave.

The guard and the claims check name them in `Message.details["findings"]`. A price, a
discount or a guarantee binds the company: only people whom the offer names may send
one that it does not hold. Other held words may leave by anybody who may answer, once
they said that they saw them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from leads import access, pipeline
from leads.models import Task
from messaging.conversations import lock_conversation
from messaging.models import Message, Offer
from messaging.queueing import Refused
from messaging.words import first_name

ADMINS, MANAGERS = "admin", "manager"
# [{"words", "body", "findings", "reason"}] in a draft's details: how it was before each
# cut that a person made.
REMOVED = "removed"
# Kinds of findings that only people may approve who may exceed the offer's limit.
BINDING = frozenset({"percentage", "amount", "discount", "guarantee", "free"})
CLAIM = "claim"
SHOWN = 3


class NotAllowed(Refused):
    """The draft holds words that this person may not send; the words say which."""


class Unconfirmed(Refused):
    """The person may send the held words, after saying once that they saw them."""


@dataclass(frozen=True)
class Held:
    """Words that are held, and why. `says` is the whole of it in words."""

    kind: str
    words: str
    reason: str

    @property
    def says(self) -> str:
        """“10% off” is in no offer."""
        if not self.words or self.reason.startswith(("'", "“", "‘")):
            return self.reason
        return f"“{self.words}” {self.reason}"

    @property
    def short(self) -> str:
        """The words as a question can name them: at most 60 characters."""
        words = self.words or self.reason
        return words if len(words) <= 60 else words[:57] + "..."


def held_in(draft: Message, *, body: str | None = None) -> list[Held]:
    """Return what is held in a draft, or in the words that a person made of it."""
    text = draft.body if body is None else body
    return [
        one
        for one in held_of(draft.details.get("findings", []))
        if body is None or (one.words and one.words in text)
    ]


def held_of(findings: Iterable[Any]) -> list[Held]:
    """Return findings as they are kept, each once, in their order.

    Of a sentence without a source only what in it is held for a reason of its own.
    """
    rows = [one for one in findings if isinstance(one, dict)]
    made = [
        Held(*(str(row.get(name, "")) for name in ("kind", "words", "reason")))
        for row in rows
    ]
    exact = [one.words for one in made if one.kind != CLAIM and one.words]
    return [
        one
        for one in dict.fromkeys(made)
        if one.kind != CLAIM or not any(words in one.words for words in exact)
    ]


def in_words(held: Iterable[Held]) -> str:
    """Return why the draft waits, each reason once, with semicolons between them."""
    return "; ".join(one.says for one in held)


# --- who may -----------------------------------------------------------------


def who_may(draft: Message) -> "QuerySet[User]":
    """Return the people who may let this draft's prices and promises leave.

    Members of the groups that every offer it rests on names; where it rests on none,
    those that any active offer names, else the managers. Admins always may.
    """
    people = User.objects.filter(is_active=True, is_staff=True)
    always = Q(is_superuser=True) | Q(groups__name=ADMINS)
    cited = offers_cited(draft)
    for offer in cited:
        groups = [group.pk for group in offer.may_exceed.all()]
        people = people.filter(pk__in=_among(always | Q(groups__in=groups)))
    if cited:
        return people.distinct()
    active = Offer.may_exceed.through.objects.filter(offer__active=True)
    named = list(active.values_list("group_id", flat=True))
    some = Q(groups__in=named) if named else Q(groups__name=MANAGERS)
    return people.filter(pk__in=_among(always | some)).distinct()


def _among(wanted: Q) -> "QuerySet[User, int]":
    return User.objects.filter(wanted).values_list("pk", flat=True)


def offers_cited(draft: Message) -> list[Offer]:
    """Return the offers that the answer names as its sources."""
    turn = draft.turn
    if turn is None:
        return []
    named = {str(claim.get("source", "")) for claim in turn.claims}
    keys = {
        name.removeprefix("offer.")
        for name in (*named, *map(str, turn.sources))
        if name.startswith("offer.")
    }
    wanted = Q(pk__in=[key for key in keys if key.isdigit()])
    wanted |= Q(public_id__in=[key for key in keys if len(key) == 36])
    return list(Offer.objects.filter(wanted).prefetch_related("may_exceed"))


def refuse_held(
    draft: Message, *, user: User, body: str | None = None, confirmed: bool = False
) -> None:
    """Raise NotAllowed where the person may not send what is held, and Unconfirmed
    until they said that they saw it. Words that are no longer in `body` are free.
    """
    held = held_in(draft, body=body)
    if not held:
        return
    binding = [one for one in held if one.kind in BINDING]
    if binding and not who_may(draft).filter(pk=user.pk).exists():
        words = in_words(binding[:SHOWN])
        raise NotAllowed(f"{words}: only people who may exceed the offer can send that")
    if not confirmed:
        named = ", ".join(f"“{one.short}”" for one in held[:SHOWN])
        more = len(held) - SHOWN
        raise Unconfirmed(f"Held: {named}{f' and {more} more' if more > 0 else ''}")


# --- asking ------------------------------------------------------------------


def ask_key(draft: Message) -> str:
    """Return the key under which a manager is asked about a draft once."""
    return f"ask-manager:{draft.public_id}"


@transaction.atomic
def ask_manager(*, draft: Message, user: User) -> Task:
    """Ask somebody who may, once a draft. Whoever sees the lead and sits in its team
    comes first; nobody in particular where none of those who may sees it.

    Raises Refused where the draft waits no more or belongs to no lead yet.
    """
    conversation = lock_conversation(draft.conversation_id)
    lead = conversation.lead
    if lead is None:
        raise Refused("Choose the lead first")
    draft = Message.objects.select_related("turn").get(pk=draft.pk)
    if draft.state != Message.State.DRAFT:
        raise Refused("This draft is already decided")
    known = Task.objects.filter(effect_key=ask_key(draft)).first()
    if known is not None:
        return known
    why = in_words(held_in(draft)) or draft.reason
    task = pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=Task.Kind.DRAFT,
        title="May this leave?",
        reason=f"{first_name(user)} asks: {why}",
        subject=draft.public_id,
        effect_key=ask_key(draft),
        actor=f"user:{user.pk}",
    )
    people = who_may(draft).filter(access.people_who_see(lead)).exclude(pk=user.pk)
    task.assignee = _nearest(list(people.order_by("pk")), lead.team_id)
    task.save(update_fields=["assignee"])
    return task


def _nearest(people: list[User], team: int) -> User | None:
    """Who sits in the team before others, and a manager before the owner."""
    ranked = sorted(
        people,
        key=lambda one: (
            not one.memberships.filter(team=team).exists(),
            one.is_superuser,
            one.pk,
        ),
    )
    return ranked[0] if ranked else None


__all__ = [
    "BINDING",
    "REMOVED",
    "Held",
    "NotAllowed",
    "Unconfirmed",
    "ask_key",
    "ask_manager",
    "held_in",
    "held_of",
    "in_words",
    "offers_cited",
    "refuse_held",
    "who_may",
]
