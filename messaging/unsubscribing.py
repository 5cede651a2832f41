"""What a lead does with the link in our mail: leaves, and comes back.

The link is the proof: no login, no cookie. What it may change is the address it was
made for, on the channel it was made for, and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

from django.db import transaction

from leads import capture, claims, clock, consent, outbox
from leads.models import ContactPoint, Lead, Suppression
from messaging.addressing import (
    BadToken,
    PreferenceToken,
    is_for,
    read_preference_token,
)
from messaging.conversations import refresh
from messaging.letters import letter_words
from messaging.models import Message, Profile
from messaging.opting_out import LEADS_OWN, close_address, talks_with

BY_LINK = "by the link"
ONE_CLICK = "List-Unsubscribe=One-Click"
ONE_CLICK_EDITION = "RFC 8058"
OFF, ON, EVERYTHING = "off", "on", "everything"


@dataclass(frozen=True)
class Preferences:
    """What an address gets, as its owner may see it.

    `address` is masked: the link may have been passed on. `may_return` says that the
    lead's own word closed it, which the lead may take back. With `more` there are other
    addresses of the same person, which "stop everything" closes too.
    """

    company: str
    address: str
    language: str
    off: bool
    may_return: bool
    more: bool = False


def preferences_of(*, token: str) -> Preferences:
    """Read what the link's address gets; changes nothing. Raises BadToken."""
    read, point = _opened(token)
    found = consent.is_suppressed(point, read.channel)
    leads = capture.leads_of(point)
    return Preferences(
        company=Profile.current().name,
        address=masked(point.value),
        language=_language(leads),
        off=found is not None,
        may_return=found is not None and found.reason in LEADS_OWN,
        more=_has_more(leads, point),
    )


def set_preferences(*, token: str, mail: str, ip: str | None = None) -> bool:
    """Do what the page's button says, "off", "on" or "everything"; False when it
    already was so.

    Raises BadToken, and ValueError for another word.
    """
    doing: dict[str, Callable[..., bool]] = {
        OFF: unsubscribe,
        ON: resubscribe,
        EVERYTHING: stop_everything,
    }
    if mail not in doing:
        raise ValueError(f"{mail!r} is no preference")
    return doing[mail](token=token, how="page", ip=ip)


@transaction.atomic
def unsubscribe(*, token: str, how: str, ip: str | None = None) -> bool:
    """Nothing more goes to the link's address; what was on its way stops.

    `how` is "one_click" (a mail program's button, RFC 8058) or "page". The second
    time changes nothing and is False. Raises BadToken.
    """
    read, point = _opened(token, lock=True)
    if _has_left(point, read.channel):
        return False
    _state(read, point, capture.leads_of(point), given=False, how=how, ip=ip)
    close_address(
        point=point,
        channel=read.channel,
        reason=Suppression.Reason.STOP,
        words=BY_LINK,
        actor="lead",
        source=_source(read, point, how),
        payload={"how": how},
    )
    return True


@transaction.atomic
def stop_everything(*, token: str, how: str, ip: str | None = None) -> bool:
    """Close every address of the link's owner, texts and mail; False when all is.

    Where several people share the address only that one is closed: whose other
    addresses are meant is not known. Raises BadToken.
    """
    read, point = _opened(token)
    leads = capture.leads_of(point)
    if len(leads) != 1:
        return unsubscribe(token=token, how=how, ip=ip)
    words = letter_words(_language(leads))
    said = words.say("all_words", company=Profile.current().name)
    carried = _carried(read, point)
    closed = consent.revoke_all(
        lead=leads[0],
        words=f"{words.say('all_button')}: {said}",
        wording_version=words.edition,
        actor="lead",
        at=clock.now(),
        source=f"everything: {_source(read, point, how)}",
        evidence=f"message {carried}" if carried else "",
        basis="form",
        ip=_plain_ip(ip),
    )
    return closed > 0


def _has_more(leads: list[Lead], point: ContactPoint) -> bool:
    """Whether its owner, if there is one, has another address that is open."""
    if len(leads) != 1:
        return False
    others = (one for one in consent.addresses_of(leads[0]) if one.pk != point.pk)
    return any(
        consent.is_suppressed(one, consent.channel_of(one)) is None for one in others
    )


@transaction.atomic
def resubscribe(*, token: str, how: str, ip: str | None = None) -> bool:
    """Take the lead's own word back; what was stopped stays stopped.

    False when nothing stood against the address, or something that is not the
    lead's to lift: a bounce, a complaint, a person's word. Raises BadToken.
    """
    read, point = _opened(token, lock=True)
    standing = consent.is_suppressed(point, read.channel)
    if standing is None or standing.reason not in LEADS_OWN:
        return False
    leads = capture.leads_of(point)
    talks = talks_with(point)
    consent.lift_suppression(
        suppression=standing, actor="lead", at=clock.now(), why=BY_LINK
    )
    _state(read, point, leads, given=True, how=how, ip=ip)
    _tell("lead.opted_in", read, leads, how)
    for talk in talks:
        refresh(talk)
    return True


def masked(address: str) -> str:
    """An address its owner recognises and nobody else learns: d•••@example.com."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}•••@{host}" if at else f"•••{address[-3:]}"


def _language(leads: list[Lead]) -> str:
    return next((lead.language for lead in leads if lead.language), "")


def _opened(token: str, *, lock: bool = False) -> tuple[PreferenceToken, ContactPoint]:
    """The token and its address, locked before its conversations and their rows."""
    read = read_preference_token(token)
    rows = ContactPoint.objects.filter(pk=read.point)
    if lock and rows.exists():
        claims.lock_contact_point(read.point)
    point = rows.first()
    if point is None or not is_for(read, point):
        raise BadToken("this link is for no address we know")
    return read, point


def _has_left(point: ContactPoint, channel: str) -> bool:
    """Whether the lead's own no is on record, and nobody else may lift it."""
    standing = consent.is_suppressed(point, channel)
    agreed = consent.has_consent(point, channel) is not None
    said_no = consent.has_statement(point, channel) and not agreed
    if standing is None or not said_no:
        return False
    return not consent.can_be_raised(standing, Suppression.Reason.STOP)


def _state(
    read: PreferenceToken,
    point: ContactPoint,
    leads: list[Lead],
    *,
    given: bool,
    how: str,
    ip: str | None,
) -> None:
    """Keep the words that the lead agreed to, and where they stood."""
    words = letter_words(_language(leads))
    shown = words.say(
        "on_words" if given else "off_words",
        company=Profile.current().name,
        address=masked(point.value),
    )
    button = words.say("undo" if given else "off_button")
    carried = _carried(read, point)
    consent.record_consent(
        contact_point=point,
        channel=read.channel,
        given=given,
        basis="form",
        wording=ONE_CLICK if how == "one_click" else f"{button}: {shown}",
        wording_version=ONE_CLICK_EDITION if how == "one_click" else words.edition,
        source=_source(read, point, how),
        evidence=f"message {carried}" if carried else "",
        ip=_plain_ip(ip),
        actor="lead",
        at=clock.now(),
    )


def _source(read: PreferenceToken, point: ContactPoint, how: str) -> str:
    carried = _carried(read, point)
    return f"link of message {carried}, {how}" if carried else f"a link, {how}"


def _plain_ip(ip: str | None) -> str | None:
    try:
        return str(ip_address(ip)) if ip else None
    except ValueError:
        return None


def _carried(read: PreferenceToken, point: ContactPoint) -> str:
    """The public id of the mail that carried the link, "" when it is not known."""
    if read.message is None:
        return ""
    mails = Message.objects.filter(pk=read.message, contact_point=point)
    found = mails.values_list("public_id", flat=True).first()
    return str(found) if found else ""


def _tell(kind: str, read: PreferenceToken, leads: list[Lead], how: str) -> None:
    payload = {"channel": read.channel, "how": how}
    told: list[Lead | None] = [*leads] or [None]
    for lead in told:
        outbox.emit(kind=kind, lead=lead, actor="lead", payload=payload)


__all__ = [
    "BadToken",
    "Preferences",
    "preferences_of",
    "resubscribe",
    "set_preferences",
    "stop_everything",
    "unsubscribe",
]
