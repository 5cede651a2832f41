"""People who must not be written to, told by whoever knows: a person, another system,
the old list.

Until the opt-outs of the system that the leads come from are known for a kind of
channel, nothing real is sent on it: `is_settled`.
"""

from django.db import transaction

from leads import capture, claims, clock, closing, consent, outbox
from leads import policy as policies
from leads.digests import digest_of, remember_erased
from leads.models import (
    Consent,
    ContactPoint,
    OptOutList,
    Policy,
    Suppression,
)

KINDS = {"sms": ContactPoint.Kind.PHONE, "email": ContactPoint.Kind.EMAIL}
LOCKED_WORDS = (
    "waits until the old opt-out list is imported, or somebody signs that there is none"
)
# What no person takes back: the lead's own no is the lead's to take back.
_NOT_LIFTABLE = {
    Suppression.Reason.STOP: "The lead asked to stop: only the lead takes that back,"
    " by START or by the link in a mail",
    Suppression.Reason.CARRIER: "The carrier reports that the lead opted out: only the"
    " lead takes that back, by START",
    Suppression.Reason.COMPLAINT: "The lead complained: that is not taken back here",
    Suppression.Reason.LIST: "It is on the old opt-out list: only the lead takes that"
    " back, by START",
}


class NotPossible(ValueError):
    """What was asked for is not done; the words say why."""


def is_settled(policy: Policy, kind: str) -> bool:
    """Whether real sending on a kind of channel is unlocked."""
    return kind not in KINDS or _settled_at(policy, kind) is not None


def _settled_at(policy: Policy, kind: str) -> object:
    return getattr(policy, f"opt_outs_{kind}_at")


def opt_out_address(
    *,
    value: str,
    actor: str,
    words: str,
    source: str,
    kind: str = "",
    channel: str = "",
    reason: str = Suppression.Reason.MANUAL,
    evidence: str = "",
    ip: str | None = None,
) -> Suppression:
    """Close an address, known or new; return what stands against it, the first if it
    was closed before.

    `kind` is phone or email, `channel` sms or email; one of them says the other.
    Raises NotPossible for what is no address.
    """
    kind, channel = _matched(kind, channel)
    plain = _plain(kind, value)
    with transaction.atomic():
        point = capture.ensure_contact_point(kind=kind, value=plain)
        return opt_out_point(
            point=point,
            channel=channel,
            actor=actor,
            words=words,
            source=source,
            reason=reason,
            evidence=evidence,
            ip=ip,
        )


@transaction.atomic
def opt_out_point(
    *,
    point: ContactPoint,
    actor: str,
    words: str,
    source: str,
    channel: str = "",
    reason: str = Suppression.Reason.MANUAL,
    evidence: str = "",
    ip: str | None = None,
) -> Suppression:
    """Close an address: suppressed, consent withdrawn, what is on its way ended."""
    point = claims.lock_contact_point(point.pk)
    channel = channel or consent.channel_of(point)
    at = clock.now()
    stood = consent.is_suppressed(point, channel) is not None
    row = consent.suppress(
        contact_point=point,
        channel=channel,
        reason=reason,
        words=words[:500],
        actor=actor,
        at=at,
        source=source,
    )
    if not stood or consent.has_consent(point, channel) is not None:
        consent.record_consent(
            contact_point=point,
            channel=channel,
            given=False,
            basis=_BASES.get(str(reason), Consent.Basis.VERBAL),
            wording=words[:500],
            source=source,
            evidence=evidence,
            ip=ip,
            actor=actor,
            at=at,
        )
    why = "the address was opted out"
    closing.tell(closing.Closed(point, channel, reason, why, actor, source))
    return row


_BASES = {"stop": Consent.Basis.INBOUND, "list": Consent.Basis.IMPORTED}


def why_not_lifted(suppression: Suppression) -> str:
    """Why no person may open the address again, "" when one may."""
    if suppression.lifted_at is not None:
        return "It is lifted already"
    return _NOT_LIFTABLE.get(Suppression.Reason(suppression.reason), "")


@transaction.atomic
def lift(*, suppression: Suppression, actor: str, why: str) -> None:
    """A person takes back what a person set, or a bounce that is mended.

    What was agreed to before stays withdrawn where it was: writing needs a consent on
    record. Raises NotPossible.
    """
    claims.lock_contact_point(suppression.contact_point_id)
    row = Suppression.objects.get(pk=suppression.pk)
    refusal = why_not_lifted(row) or _said_no(row)
    if refusal:
        raise NotPossible(refusal)
    if not why.strip():
        raise NotPossible("Say why it may be written to again")
    consent.lift_suppression(
        suppression=row, actor=actor, at=clock.now(), why=why.strip()
    )


def _said_no(row: Suppression) -> str:
    """The lead's own no is the lead's to take back, whatever stands in its place."""
    last = consent.last_statement(row.contact_point, row.channel)
    if last is None or last.given or last.actor != "lead":
        return ""
    return _NOT_LIFTABLE[Suppression.Reason.STOP]


@transaction.atomic
def sign_none(*, channel: str, name: str, actor: str) -> OptOutList:
    """Somebody signs that there is no old list for a kind of channel: it unlocks.

    Raises NotPossible without a name.
    """
    if channel not in KINDS:
        raise NotPossible(f"{channel!r} is no kind of channel: sms or email")
    signed = " ".join(name.split())[:120]
    if len(signed) < 2:
        raise NotPossible("Type your name: it is what you sign with")
    row = OptOutList.objects.create(
        channel=channel,
        how=OptOutList.How.NONE,
        signed_name=signed,
        actor=actor,
        at=clock.now(),
    )
    settle(row)
    return row


def settle(row: OptOutList) -> None:
    """Unlock real sending on the list's kind of channel, in the list's transaction."""
    policies.current()
    policy = Policy.objects.select_for_update().get(pk=policies.ONE)
    if not is_settled(policy, row.channel):
        field = f"opt_outs_{row.channel}_at"
        setattr(policy, field, row.at)
        policy.save(update_fields=[field])
    outbox.emit(
        kind=f"opt_outs.{row.how}",
        actor=row.actor,
        payload={
            "list": str(row.public_id),
            "channel": row.channel,
            "rows": row.rows,
            "added": row.added,
            "known": row.known,
            "refused": len(row.refused),
        },
    )


def _matched(kind: str, channel: str) -> tuple[str, str]:
    kinds = {str(of): name for name, of in KINDS.items()}
    channel = channel or kinds.get(kind, "")
    if channel not in KINDS:
        raise NotPossible("Say which it is: a phone number or a mail address")
    if kind and kind != KINDS[channel]:
        raise NotPossible(f"A {kind} address has no {channel}")
    return str(KINDS[channel]), channel


def _plain(kind: str, value: str) -> str:
    if kind == ContactPoint.Kind.PHONE:
        plain = capture.normalise_phone(value)
        what = "phone number"
    else:
        plain, what = capture.normalise_email(value), "mail address"
    if plain is None:
        raise NotPossible(f"{value.strip()[:60]!r} is not a {what}")
    return plain


__all__ = [
    "LOCKED_WORDS",
    "NotPossible",
    "digest_of",
    "is_settled",
    "lift",
    "opt_out_address",
    "opt_out_point",
    "remember_erased",
    "settle",
    "sign_none",
    "why_not_lifted",
]
