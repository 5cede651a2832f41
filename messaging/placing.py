"""Which conversation a mail belongs to, and who wrote it."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User

from leads import capture
from leads.models import ContactPoint, LeadContact
from messaging.addressing import conversation_of_address
from messaging.channels import default_channel, simulator_channel
from messaging.mail.facts import InboundMail, ReadMail
from messaging.mail.threading import thread_ids
from messaging.models import Channel, Conversation, Mail

NO_REPLY = ("noreply", "no-reply", "donotreply", "do-not-reply", "notification")


class NobodyWrote(ValueError):
    """The mail has no sender that could be answered; the words say why."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote a mail: an address in lower case and a name, "" when not given.

    `passed_on_by` is the colleague who forwarded it, "" when it came directly.
    """

    address: str
    name: str = ""
    passed_on_by: str = ""


def writer_of(mail: ReadMail) -> Writer:
    """Return who is to be answered. Raises NobodyWrote.

    A colleague who forwards stands for the first writer; a form mailer that nobody
    reads for the address it asks to reply to. Mail from our own mailbox is a loop.
    """
    sender = capture.normalise_email(mail.sender)
    if sender is not None and _is_our_mailbox(sender):
        if mail.reply_to and not _is_our_mailbox(mail.reply_to):
            return _answerable(mail.reply_to, mail.sender_name)
        raise NobodyWrote(f"it comes from our own mailbox {sender}")
    if mail.forwarded_from and sender is not None and is_colleague(sender):
        return Writer(_answerable(mail.forwarded_from, "").address, passed_on_by=sender)
    local = (sender or "").partition("@")[0]
    if mail.reply_to and (sender is None or local.startswith(NO_REPLY)):
        return _answerable(mail.reply_to, mail.sender_name)
    return _answerable(mail.sender, mail.sender_name)


def _answerable(address: str, name: str) -> Writer:
    value = capture.normalise_email(address)
    if value is None:
        raise NobodyWrote(f"the sender {address[:60]!r} is no address")
    return Writer(value, name.strip()[:200])


def _is_our_mailbox(address: str) -> bool:
    ours = {settings.SENDGRID_FROM_EMAIL.lower(), settings.GMAIL_ADDRESS.lower()}
    if address in ours:
        return True
    rows = Channel.objects.filter(kind=Channel.Kind.EMAIL, address=address)
    return rows.exists() or conversation_of_address(address) is not None


def is_colleague(address: str) -> bool:
    """Whether somebody who works here has this address."""
    rows = User.objects.filter(email__iexact=address, is_active=True)
    return rows.filter(is_staff=True).exists()


@dataclass(frozen=True, slots=True)
class Place:
    """The conversation a mail belongs to, None when it opens one; and how we know."""

    conversation: Conversation | None
    words: str


def find_place(fact: InboundMail) -> Place:
    """Find the conversation by In-Reply-To, then References, then the signed reply
    address. A subject alone never joins two mails, nor does a missing header.

    Only our own world is looked at: the simulator's mails never join a real talk.
    """
    ids = thread_ids(fact.mail)
    if ids:
        found = _by_headers(ids, simulated=fact.simulated)
        if found is not None:
            return Place(found, "by the mail it answers")
    for address in _all_recipients(fact):
        wanted = conversation_of_address(address)
        talk = _conversation(wanted, simulated=fact.simulated) if wanted else None
        if talk is not None:
            return Place(talk, "by the reply address")
    return Place(None, "")


def _by_headers(ids: list[str], *, simulated: bool) -> Conversation | None:
    rows = Mail.objects.filter(
        header_id__in=ids,
        message__simulated=simulated,
        message__conversation__lead__isnull=False,
    )
    known = {
        mail.header_id: mail.message.conversation
        for mail in rows.select_related("message__conversation")
    }
    return next((known[value] for value in ids if value in known), None)


def _conversation(public_id: UUID, *, simulated: bool) -> Conversation | None:
    rows = Conversation.objects.filter(public_id=public_id, lead__isnull=False)
    return rows.filter(lead__simulated=simulated).first()


def _all_recipients(fact: InboundMail) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*fact.mail.recipients, *fact.envelope_to)))


def our_address(fact: InboundMail, place: Place) -> str:
    """Which of our mailboxes it came to: a known one among its recipients, else the
    one the conversation last used, else the default; the first mail of all makes one
    of its address on our own domain.

    Anybody can write to any address there, so the others make none.
    """
    recipients = _all_recipients(fact)
    rows = Channel.objects.filter(kind=Channel.Kind.EMAIL, simulated=fact.simulated)
    known = set(rows.filter(address__in=recipients).values_list("address", flat=True))
    for address in recipients:
        if address in known:
            return address
    used = _used_before(place)
    if used or rows.exists():
        return used or _usual(simulated=fact.simulated)
    on_our_domain = (one for one in recipients if _may_be_a_mailbox(one))
    return next(on_our_domain, "") or _usual(simulated=fact.simulated)


def _may_be_a_mailbox(address: str) -> bool:
    domain = settings.SENDGRID_INBOUND_DOMAIN.strip().lower()
    local, _, host = address.partition("@")
    return bool(domain) and host == domain and not local.startswith("reply+")


def _used_before(place: Place) -> str:
    if place.conversation is None:
        return ""
    rows = place.conversation.messages.filter(
        kind=Channel.Kind.EMAIL, channel__isnull=False
    ).select_related("channel")
    last = rows.order_by("-occurred_at", "-pk").first()
    return last.channel.address if last is not None and last.channel else ""


def _usual(*, simulated: bool) -> str:
    kind = Channel.Kind.EMAIL.value
    found = simulator_channel(kind) if simulated else default_channel(kind)
    return found.address


def is_theirs(conversation: Conversation, point: ContactPoint) -> bool:
    """Whether the lead of the conversation is known to use this address."""
    rows = LeadContact.objects.filter(lead=conversation.lead, contact_point=point)
    return rows.exclude(known_by=LeadContact.Known.PROPOSAL).exists()
