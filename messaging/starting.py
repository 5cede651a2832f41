"""A person begins: a new lead by hand, a first message to an address."""

from django.contrib.auth.models import User
from django.db import transaction

from leads import access, capture
from leads.capture import CaptureError
from leads.models import Consent, ContactPoint, Lead, Membership, Team
from messaging.conversations import conversation_of
from messaging.models import Conversation, Message
from messaging.queueing import Refused
from messaging.writing import send_as_person

SOURCE = "Entered by hand"


@transaction.atomic
def start_lead(
    *,
    user: User,
    name: str = "",
    phone: str = "",
    email: str = "",
    company: str = "",
    consent_basis: str = "",
    consent_wording: str = "",
) -> Conversation:
    """Enter a lead, or find it by its address; return its conversation.

    A new lead belongs to the person and to the person's first team. Raises
    CaptureError for unusable addresses, Refused when the address belongs to a
    lead that the person may not see; nothing is changed then.
    """
    if phone and capture.normalise_phone(phone) is None:
        # A name may send texts to us; nobody can write to one.
        raise CaptureError(f"{phone!r} is not a phone number")
    _refuse_hidden(user, phone=phone, email=email)
    captured = capture.capture_lead(
        actor=f"user:{user.pk}",
        name=name,
        phone=phone,
        email=email,
        company=company,
        team=team_of(user),
        owner=user,
        source=SOURCE,
        consent_basis=consent_basis,
        consent_wording=consent_wording,
    )
    return conversation_of(captured.lead)


@transaction.atomic
def start_conversation(
    *,
    user: User,
    kind: str,
    to: str,
    body: str,
    name: str = "",
    subject: str = "",
    consent_basis: str = "",
    consent_wording: str = "",
) -> Message:
    """Write to an address, known or new. Without any consent it is refused.

    Raises CaptureError and Refused; nothing is changed then.
    """
    phone, email = (to, "") if kind == Message.Kind.SMS else ("", to)
    conversation = start_lead(
        user=user,
        name=name,
        phone=phone,
        email=email,
        consent_basis=consent_basis,
        consent_wording=consent_wording,
    )
    point = _point(phone=phone, email=email)
    if point is None:
        raise CaptureError(f"{to!r} is no address")
    if not Consent.objects.filter(contact_point=point, channel=kind).exists():
        raise Refused("Say what allows us to write to this address.")
    return send_as_person(
        conversation=conversation,
        user=user,
        kind=kind,
        body=body,
        subject=subject,
        contact_point=point,
    )


def team_of(user: User) -> Team:
    """Return the team that a person's new leads belong to."""
    first = Membership.objects.filter(user=user).select_related("team").order_by("pk")
    membership = first.first()
    return membership.team if membership else Team.default()


def _point(*, phone: str = "", email: str = "") -> ContactPoint | None:
    value = capture.normalise_phone(phone) if phone else capture.normalise_email(email)
    kind = ContactPoint.Kind.PHONE if phone else ContactPoint.Kind.EMAIL
    if value is None:
        return None
    rows = ContactPoint.objects.filter(kind=kind, value=value, simulated=False)
    return rows.first()


def _refuse_hidden(user: User, *, phone: str, email: str) -> None:
    """Of another team's lead a person only learns that it is not theirs."""
    points = [_point(phone=phone) if phone else None]
    points.append(_point(email=email) if email else None)
    for point in points:
        leads: list[Lead] = capture.leads_of(point) if point is not None else []
        if any(not access.may_see(user, lead) for lead in leads):
            raise Refused("This address belongs to a lead of another team.")
        if len(leads) > 1:
            names = " and ".join(lead.display_name for lead in leads)
            raise Refused(f"{names} share this address: open one of them.")
