"""A mail comes in: placed, and taken for what it is.

A person's mail goes the way of every message (`messaging.inbound`). What a machine
wrote is kept and never answered; a delivery report is told to the message that came
back.
"""

import logging
from dataclasses import replace
from functools import partial

from leads import capture, clock
from leads.models import LeadContact
from messaging import loops, mail_files, returned
from messaging.inbound import MailSide, UnusableMessage, receive_message
from messaging.mail.facts import InboundMail, Machine, MachineKind, ReadMail
from messaging.models import Channel, Conversation, Mail, Message
from messaging.placing import (
    NobodyWrote,
    Place,
    Writer,
    find_place,
    is_theirs,
    our_address,
    writer_of,
)
from messaging.sequences.parking import park_for_lead
from messaging.snoozing import park
from messaging.text import clean
from messaging.transports import InboundMessage

log = logging.getLogger(__name__)

RETURNED = (MachineKind.BOUNCE, MachineKind.COMPLAINT)


def receive_mail(*, fact: InboundMail) -> Message | None:
    """Store a mail once, and start what follows from it.

    Returns its message; None for a delivery report, which becomes a state of the
    message that came back. Raises UnusableMessage when nobody can be answered.
    """
    fact = _by_its_envelope(fact)
    machine = fact.mail.machine
    if machine is not None and machine.kind in RETURNED:
        returned.take_reports(fact=fact)
        return None
    try:
        writer = writer_of(fact.mail)
    except NobodyWrote as error:
        raise UnusableMessage(str(error)) from None
    place = find_place(fact)
    kept = mail_files.keep_files(fact)
    side = MailSide(
        keep=partial(_keep, fact, writer, kept),
        conversation=place.conversation.pk if place.conversation else None,
        words=place.words,
        name=writer.name,
        machine=machine is not None,
        no_answer=partial(_why_no_answer, place),
    )
    return receive_message(fact=_as_message(fact, writer, place), mail=side)


def _by_its_envelope(fact: InboundMail) -> InboundMail:
    """A mail that nobody can return to was sent by a machine (RFC 3834, 3.3)."""
    known = fact.mail.machine is not None or not fact.envelope_to
    if known or fact.envelope_from:
        return fact
    machine = Machine(MachineKind.AUTO_REPLY, "its envelope names no sender")
    return replace(fact, mail=replace(fact.mail, machine=machine))


def _as_message(fact: InboundMail, writer: Writer, place: Place) -> InboundMessage:
    mail = fact.mail
    return InboundMessage(
        provider=fact.provider,
        external_id=fact.external_id,
        channel=Channel.Kind.EMAIL.value,
        from_address=writer.address,
        to_address=our_address(fact, place),
        # A mail may say all of it in its subject.
        text=mail.reply if mail.reply.strip() else mail.subject,
        subject=mail.subject,
        received_at=fact.received_at,
        simulated=fact.simulated,
    )


def _keep(
    fact: InboundMail,
    writer: Writer,
    kept: list[mail_files.KeptFile],
    message: Message,
) -> None:
    """Write the mail's own rows, and what it changes of its conversation."""
    _mail_row(fact.mail, writer, message).save(force_insert=True)
    if kept:
        mail_files.write_rows(message, kept)
    lead, point = message.conversation.lead, message.contact_point
    if lead is not None and point is not None:
        capture.add_address(
            lead=lead, contact_point=point, known_by=LeadContact.Known.PROPOSAL
        )
    _park_until_return(fact.mail, message)


def _mail_row(mail: ReadMail, writer: Writer, message: Message) -> Mail:
    machine, original = mail.machine, clean(mail.text)
    answers = mail.in_reply_to[0] if mail.in_reply_to else ""
    return Mail(
        message=message,
        header_id=clean(mail.message_id)[:300],
        in_reply_to=clean(answers)[:300],
        references=[clean(one)[:300] for one in mail.references[-20:]],
        recipients=[clean(one)[:254] for one in mail.recipients[:50]],
        sender_name=clean(writer.name or mail.sender_name)[:200],
        original=original if original != message.body else "",
        html=mail.html,  # storable as it is, and longer than a text may be
        headers=[[clean(name), clean(value)] for name, value in mail.headers],
        machine=str(machine.kind) if machine else "",
        machine_words=clean(machine.words)[:300] if machine else "",
        returns_at=machine.until if machine else None,
        defects=[clean(words) for words in mail.defects],
    )


def _park_until_return(mail: ReadMail, message: Message) -> None:
    """Who is away is not written to until the day they return; `refresh` saves it."""
    machine = mail.machine
    if machine is None or machine.until is None or machine.until <= clock.now():
        return
    park(
        conversation=message.conversation,
        until=machine.until,
        actor="lead",
        reason="They are back from being away",
    )
    park_for_lead(
        lead_id=message.conversation.lead_id,
        until=machine.until,
        words="away, by their mail",
        actor="lead",
    )


def _why_no_answer(place: Place, message: Message) -> str:
    """Why a person answers this mail, "" when the AI may."""
    conversation: Conversation = message.conversation
    point = message.contact_point
    threaded = place.conversation is not None
    if threaded and point is not None and not is_theirs(conversation, point):
        return f"Somebody else wrote in this talk: {point.value}"
    return loops.suspect(message=message, conversation=conversation)
