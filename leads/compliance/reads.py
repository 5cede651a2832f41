"""What the consent pages show, read. People see the addresses of leads they may see."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value
from django.urls import reverse

from leads import access, capture, consent, opt_outs
from leads.models import Consent, ContactPoint, Lead, LeadContact, Suppression

_MESSAGE = re.compile(r"message ([0-9a-f-]{36})")
_LIST = re.compile(r"^list [0-9a-f-]{36}")
_ICONS = {"sms": "sms", "email": "mail"}
STATES = {"standing": "Closed", "lifted": "Opened again", "all": "All"}
CHANNELS = {"": "Texts and mail", "sms": "Texts", "email": "Mail"}
SHARED = "(said on a shared address)"
_MENTIONED = LeadContact.Known.PROPOSAL


def visible(user: access.Viewer) -> "QuerySet[Suppression]":
    """Suppressions of addresses whose leads the person may see.

    Addresses without a lead, or that one only mentioned, are for those who see
    everything. `hidden` says whose words are not told, see `hidden_from`.
    """
    rows = Suppression.objects.select_related("contact_point")
    return rows.filter(in_sight(user)).annotate(hidden=hidden_from(user))


def in_sight(user: access.Viewer) -> Q:
    """Rows whose address is that of a lead that the person sees; what was only
    mentioned is none of the lead's.
    """
    seen = access.lead_filter(user, prefix="lead__")
    if seen == Q():
        return seen
    ties = LeadContact.objects.filter(seen).exclude(known_by=_MENTIONED)
    return Q(contact_point__in=ties.values("contact_point"))


def hidden_from(user: access.Viewer) -> Any:
    """Whether the address of a row also belongs to a lead out of the person's sight:
    what was said from it may be that lead's words.
    """
    seen = access.lead_filter(user, prefix="lead__")
    if seen == Q():
        return Value(False, output_field=BooleanField())
    ties = LeadContact.objects.filter(contact_point=OuterRef("contact_point"))
    return Exists(ties.exclude(known_by=_MENTIONED).exclude(seen))


def filtered(
    rows: "QuerySet[Suppression]", *, channel: str, reason: str, state: str, q: str
) -> "QuerySet[Suppression]":
    """The rows that a search asks for, newest first; a number in any spelling."""
    if channel in ("sms", "email"):
        rows = rows.filter(channel=channel)
    if reason in Suppression.Reason.values:
        rows = rows.filter(reason=reason)
    if state != "all":
        rows = rows.filter(lifted_at__isnull=state != "lifted")
    if q:
        number = capture.normalise_phone(q)
        value = Q(contact_point__value__icontains=q.lower())
        if number:
            value |= Q(contact_point__value=number)
        # What is not told is not found by guessing either.
        rows = rows.filter(value | Q(words__icontains=q, hidden=False))
    return rows.order_by("-since", "-pk")


@dataclass(frozen=True, slots=True)
class Row:
    """One suppression as the list shows it."""

    of: Suppression
    leads: list[Lead]
    by: str
    evidence: str
    words: str
    source: str
    kept_by: str  # why no person lifts it

    @property
    def icon(self) -> str:
        """Text or mail."""
        return _ICONS.get(self.of.channel, "block")


def shown(rows: Iterable[Suppression], user: access.Viewer) -> list[Row]:
    """Rows with their leads (only those the person may see) and who closed them."""
    listed = list(rows)
    points = [row.contact_point_id for row in listed]
    ties = LeadContact.objects.filter(
        access.lead_filter(user, prefix="lead__"), contact_point__in=points
    ).exclude(known_by=LeadContact.Known.PROPOSAL)
    leads: dict[int, list[Lead]] = {}
    for tie in ties.select_related("lead").distinct():
        leads.setdefault(tie.contact_point_id, []).append(tie.lead)
    names = names_of(row.actor for row in listed)
    hidden = shared_unseen(points, user)
    return [
        Row(
            of=row,
            leads=leads.get(row.contact_point_id, []),
            by=names.get(row.actor, row.actor),
            evidence=""
            if row.contact_point_id in hidden
            else evidence_url(row.source, leads.get(row.contact_point_id, [])),
            words=SHARED if row.contact_point_id in hidden and row.words else row.words,
            source=""
            if row.contact_point_id in hidden or _MESSAGE.search(row.source)
            else _LIST.sub("old list", row.source),
            kept_by=opt_outs.why_not_lifted(row),
        )
        for row in listed
    ]


def shared_unseen(points: Iterable[int], user: access.Viewer) -> set[int]:
    """Those of the addresses that also belong to a lead out of the person's sight."""
    seen = access.lead_filter(user, prefix="lead__")
    if seen == Q():
        return set()
    ties = LeadContact.objects.filter(contact_point__in=list(points))
    unseen = ties.exclude(known_by=_MENTIONED).exclude(seen)
    return set(unseen.values_list("contact_point", flat=True))


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Who acted, in words."""
    wanted = set(actors)
    ids = [one[5:] for one in wanted if one.startswith("user:") and one[5:].isdigit()]
    people = {f"user:{u.pk}": u for u in User.objects.filter(pk__in=ids)}
    words = {"lead": "the lead", "system": "the system", "builtin": "the system"}
    for actor in wanted:
        user = people.get(actor)
        if user is not None:
            words[actor] = user.get_full_name() or user.get_username()
        elif actor.startswith("user:"):
            words[actor] = "somebody who is gone"
    return words


def evidence_url(words: str, leads: list[Lead]) -> str:
    """Where a message that is named as evidence stands on its lead's page."""
    found = _MESSAGE.search(words)
    if found is None or len(leads) != 1:
        return ""
    return f"{reverse('lead_page', args=[leads[0].public_id])}?at={found[1]}"


# --- one lead ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """One statement, with all its proof."""

    of: Consent
    by: str
    wording: str
    evidence: str
    link: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One address of a lead: whether it may be written to, and everything on record."""

    point: ContactPoint
    channel: str
    mentioned: bool
    standing: Suppression | None
    words: str
    statements: list[Said]
    history: list[Row]

    @property
    def icon(self) -> str:
        """Text or mail."""
        return _ICONS[self.channel]


def record_of(lead: Lead, user: access.Viewer) -> list[Kept]:
    """What is on record of every address of a lead."""
    ties = lead.contacts.select_related("contact_point").order_by("-primary", "pk")
    return [_kept(tie, lead, user) for tie in ties]


def _kept(tie: LeadContact, lead: Lead, user: access.Viewer) -> Kept:
    point = tie.contact_point
    channel = consent.channel_of(point)
    rows = list(
        Consent.objects.filter(contact_point=point).order_by("-occurred_at", "-pk")
    )
    names = names_of(row.actor for row in rows)
    shared = bool(shared_unseen([point.pk], user))
    stopped = Suppression.objects.filter(contact_point=point).order_by("-since")
    standing = consent.is_suppressed(point, channel)
    agreed = consent.has_consent(point, channel)
    mentioned = tie.known_by == LeadContact.Known.PROPOSAL
    return Kept(
        point=point,
        channel=channel,
        mentioned=mentioned,
        standing=standing,
        words=_words(mentioned, standing, agreed),
        statements=[_said(row, names, lead, shared=shared) for row in rows],
        history=shown(stopped.select_related("contact_point"), user),
    )


def _words(
    mentioned: bool, standing: Suppression | None, agreed: Consent | None
) -> str:
    if mentioned:
        return "only mentioned, never written to"
    if standing is not None:
        return f"closed: {standing.get_reason_display()}"
    if agreed is None:
        return "no consent on record"
    return f"may be written to: {agreed.get_basis_display()}"


def _said(row: Consent, names: dict[str, str], lead: Lead, *, shared: bool) -> Said:
    where = row.evidence or row.source
    told = _MESSAGE.search(where) is not None
    return Said(
        of=row,
        by=names.get(row.actor, row.actor),
        wording=SHARED if shared and row.wording else row.wording,
        evidence="" if told or shared else _named(where),
        link="" if shared else evidence_url(where, [lead]),
    )


def _named(where: str) -> str:
    """A source in words: who entered it stands beside it already."""
    return "entered by hand" if "user:" in where or "by hand" in where else where
