"""Who may be written to, when and why: the only place that knows the rules."""

from datetime import datetime
from typing import Any, TypedDict

from django.db import transaction

from leads import claims, clock, closing, outbox
from leads.models import Consent, ContactPoint, Lead, LeadContact, Suppression
from leads.prepared import Select

# When one may write is part of the rules; `leads.quiet` works it out.
from leads.quiet import quiet_until as quiet_until
from leads.quiet import zones_of as zones_of


@transaction.atomic(savepoint=False)
def record_consent(
    *,
    contact_point: ContactPoint,
    channel: str,
    given: bool,
    basis: str,
    actor: str,
    at: datetime,
    wording: str = "",
    wording_version: str = "",
    source: str = "",
    evidence: str = "",
    ip: str | None = None,
) -> Consent:
    """Write one statement of consent, or of its withdrawal, with its proof.

    `wording` is what was said or agreed to, `wording_version` which edition of our own
    words that was; `source` is how it came, `evidence` where it can be looked up.
    """
    return Consent.objects.create(
        contact_point=contact_point,
        channel=channel,
        given=given,
        basis=basis,
        wording=wording,
        wording_version=wording_version[:40],
        source=source[:200],
        evidence=evidence[:300],
        ip=ip,
        actor=actor,
        occurred_at=at,
    )


class Agreed(TypedDict, total=False):
    """What a lead agreed to where it came in, with its proof; see `record_consent`."""

    consent_basis: str
    consent_wording: str
    consent_version: str
    consent_evidence: str
    consent_ip: str | None


def note_agreed(
    contact_point: ContactPoint, agreed: Agreed, *, source: str, actor: str
) -> Consent | None:
    """Write down what a lead agreed to where it came in; None when nothing is said."""
    if not agreed.get("consent_basis"):
        return None
    return record_consent(
        contact_point=contact_point,
        channel=channel_of(contact_point),
        given=True,
        basis=agreed["consent_basis"],
        wording=agreed.get("consent_wording", ""),
        wording_version=agreed.get("consent_version", ""),
        source=source,
        evidence=agreed.get("consent_evidence") or f"entered by {actor}",
        ip=agreed.get("consent_ip"),
        actor=actor,
        at=clock.now(),
    )


def has_consent(contact_point: ContactPoint, channel: str) -> Consent | None:
    """Return the statement that allows writing now, None when there is none."""
    latest = _latest.first(contact_point=contact_point.pk, channel=channel)
    return latest if latest is not None and latest.given else None


def last_statement(contact_point: ContactPoint, channel: str) -> Consent | None:
    """Return what was last said about consent for this channel."""
    return _latest.first(contact_point=contact_point.pk, channel=channel)


_latest: Select[Consent] = Select(
    lambda place: Consent.objects.filter(
        contact_point=place("contact_point"), channel=place("channel")
    ).order_by("-occurred_at", "-pk")[:1]
)


def has_statement(contact_point: ContactPoint, channel: str) -> bool:
    """Say whether anything was ever said about consent for this channel."""
    return bool(_statements.rows(contact_point=contact_point.pk, channel=channel))


_statements: Select[Consent] = Select(
    lambda place: Consent.objects.filter(
        contact_point=place("contact_point"), channel=place("channel")
    ).values_list("pk")[:1]
)


def is_suppressed(contact_point: ContactPoint, channel: str) -> Suppression | None:
    """Return what forbids writing to the address on this channel, if anything."""
    return _standing.first(contact_point=contact_point.pk, channel=channel)


_standing: Select[Suppression] = Select(
    lambda place: Suppression.objects.filter(
        contact_point=place("contact_point"),
        channel=place("channel"),
        lifted_at=None,
    ).order_by("pk")[:1]
)


# What a person may take back; see `leads.opt_outs.lift`.
LIFTABLE = (Suppression.Reason.MANUAL, Suppression.Reason.BOUNCE)


def can_be_raised(row: Suppression, reason: str) -> bool:
    """Whether a reason must take the place of what stands: else the lead's own no
    would be lost behind a bounce, and lifted with it.
    """
    return row.reason in LIFTABLE and reason not in LIFTABLE


@transaction.atomic(savepoint=False)
def suppress(
    *,
    contact_point: ContactPoint,
    channel: str,
    reason: str,
    words: str,
    actor: str,
    at: datetime,
    source: str = "",
) -> Suppression:
    """Forbid the address on this channel; the first reason stands, unless it was one
    that people may lift and this is none: then this one takes its place.

    The caller holds the address's lock, or nothing is being sent to it.
    """
    row, made = Suppression.objects.get_or_create(
        contact_point=contact_point,
        channel=channel,
        lifted_at=None,
        defaults={
            "reason": reason,
            "words": words,
            "source": source[:200],
            "actor": actor,
            "since": at,
        },
    )
    raised = not made and can_be_raised(row, reason)
    if raised:
        row.reason, row.words, row.actor = reason, words, actor
        row.source = source[:200]
        row.save(update_fields=["reason", "words", "actor", "source"])
    if made or raised:
        outbox.emit(
            kind="contact.suppressed",
            actor=actor,
            payload={"suppression": row.pk, "channel": channel, "reason": reason},
            occurred_at=at,
        )
    return row


@transaction.atomic(savepoint=False)
def lift_suppression(
    *, suppression: Suppression, actor: str, at: datetime, why: str = ""
) -> bool:
    """Allow the address again; False when it already was."""
    rows = Suppression.objects.filter(pk=suppression.pk, lifted_at=None)
    if not rows.update(lifted_at=at, lifted_by=actor, lifted_why=why[:300]):
        return False
    outbox.emit(
        kind="contact.unsuppressed",
        actor=actor,
        payload={"suppression": suppression.pk, "channel": suppression.channel},
        occurred_at=at,
    )
    return True


def channel_of(contact_point: ContactPoint) -> str:
    """The channel on which an address is written to."""
    return "sms" if contact_point.kind == ContactPoint.Kind.PHONE else "email"


def addresses_of(lead: Lead) -> list[ContactPoint]:
    """The lead's own addresses in the order in which they are locked.

    One that was only mentioned may be somebody else's and is never written to.
    """
    known = LeadContact.objects.filter(lead=lead).exclude(
        known_by=LeadContact.Known.PROPOSAL
    )
    rows = ContactPoint.objects.filter(pk__in=known.values("contact_point"))
    return list(rows.order_by("pk"))


@transaction.atomic
def revoke_all(
    *,
    lead: Lead,
    words: str,
    actor: str,
    at: datetime,
    source: str = "",
    evidence: str = "",
    reason: str = Suppression.Reason.STOP,
    basis: str = Consent.Basis.INBOUND,
    wording_version: str = "",
    ip: str | None = None,
) -> int:
    """The lead wants nothing more on any channel; how many addresses that closed.

    Every address is suppressed, what was agreed to is withdrawn, and what is on its
    way there ends. A second time closes nothing and says nothing.
    """
    points = [claims.lock_contact_point(point.pk) for point in addresses_of(lead)]
    # What was claimed before the locks were had went by the consent there was.
    at = max(at, clock.now())
    proof: dict[str, Any] = {
        "basis": basis,
        "wording": words[:500],
        "wording_version": wording_version,
        "source": source,
        "evidence": evidence,
        "ip": ip,
        "actor": actor,
        "at": at,
    }
    return sum(_revoke(point, reason, proof) for point in points)


def _revoke(point: ContactPoint, reason: str, proof: dict[str, Any]) -> bool:
    """Close one address; False when it was closed already."""
    channel, actor = channel_of(point), proof["actor"]
    stood = is_suppressed(point, channel) is not None
    if stood and has_consent(point, channel) is None:
        return False
    row = suppress(
        contact_point=point,
        channel=channel,
        reason=reason,
        words=proof["wording"],
        actor=actor,
        at=proof["at"],
        source=proof["source"],
    )
    record_consent(contact_point=point, channel=channel, given=False, **proof)
    why = "the lead asked to stop everything"
    closing.tell(closing.Closed(point, channel, row.reason, why, actor, "all"))
    return not stood
