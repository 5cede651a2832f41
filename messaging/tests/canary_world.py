"""Leads with a word of their own in every field, to see where it turns up."""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Model

from leads import clock
from leads.capture import capture_lead, ensure_contact_point
from leads.models import (
    ContactPoint,
    Deal,
    Fact,
    Lead,
    LeadContact,
    LeadSource,
    Task,
)
from messaging.channels import ensure_channel
from messaging.conversations import conversation_of
from messaging.models import Attachment, Channel, Conversation, Mail, Message, Turn
from messaging.tests.talk import OURS

ROUNDS = 5
# What a lead says, round by round: every kind of turn, each with a word of its own.
SAID = (
    "Hello, we need 40 desks for {canary}",
    "Our budget is 20000 USD, says {canary}",
    "What are your opening hours? {canary}",
    "Are you a bot? {canary}",
    "Please call me tomorrow at 10 about {canary}",
)
INBOUND, OUTBOUND = Message.Direction.INBOUND, Message.Direction.OUTBOUND


@dataclass
class Marked:
    """A lead and its words: `own` may be in its own prompts, `never` in none."""

    lead: Lead
    talk: Conversation
    number: int
    point: ContactPoint
    channel: Channel
    own: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    asked: list[Message] = field(default_factory=list)
    answered: list[tuple[Message, Turn]] = field(default_factory=list)
    rows: list[Model] = field(default_factory=list)

    def save(self) -> None:
        """Write all rows, those that others hang on first."""
        for kind in (Message, Turn, Fact, Deal, Task, Attachment, Mail):
            kind.objects.bulk_create(row for row in self.rows if type(row) is kind)
        self.rows.clear()

    def word(self, where: str, *, never: bool = False) -> str:
        """A new canary, noted."""
        canary = f"CN{self.number:03d}{where}X"
        (self.never if never else self.own).append(canary)
        return canary


def marked_lead(number: int, *, email: bool = False) -> Marked:
    """A lead that has everything a lead can have, and five rounds of talk."""
    phone, mail = f"+1415{7_000_000 + number}", f"cn{number:03d}mail@reyes.example"
    lead = capture_lead(
        actor="system",
        name=f"Dana CN{number:03d}nameX",
        company=f"CN{number:03d}companyX Ltd",
        phone=phone,
        email=mail,
        consent_basis="inbound",
        source="form",
    ).lead
    point = ContactPoint.objects.get(kind="phone", value=phone, simulated=False)
    ours = ensure_channel(kind="sms", address=OURS)
    mine = Marked(lead, conversation_of(lead), number, point, ours)
    mine.own.append(f"CN{number:03d}nameX")
    mine.never += [phone, phone[2:], mail, f"CN{number:03d}companyX"]
    lead.role = mine.word("role", never=True)
    lead.first_source = LeadSource.objects.create(name=mine.word("source", never=True))
    lead.save()
    _facts(mine)
    _papers(mine)
    for place in range(ROUNDS):
        _round(mine, place, email=email and place % 2 == 1)
    _never_seen(mine)
    mine.save()
    # What our turn asked for counts when its message is seen.
    for message, turn in mine.answered:
        message.turn = turn
    Message.objects.bulk_update([m for m, _ in mine.answered], ["turn"])
    return mine


def _facts(mine: Marked) -> None:
    now = clock.now()
    rows = [
        ("need", "person", mine.word("factneed"), {}),
        ("authority", "crm", mine.word("factcrm"), {}),
        ("budget", "lead", mine.word("factold", never=True), {"replaced_at": now}),
        ("timeline", "lead", mine.word("factstruck", never=True), {"struck_at": now}),
    ]
    mine.rows += [
        Fact(
            lead=mine.lead,
            field=name,
            value=value,
            quote=mine.word(f"quote{name}", never=True),
            source=source,
            actor="system",
            occurred_at=now - timedelta(days=1),
            **more,
        )
        for name, source, value, more in rows
    ]


def _papers(mine: Marked) -> None:
    title, reason = mine.word("task", never=True), mine.word("taskreason", never=True)
    mine.rows.append(Deal(lead=mine.lead, title=mine.word("deal", never=True)))
    mine.rows.append(
        Task(lead=mine.lead, team=mine.lead.team, title=title, reason=reason)
    )
    other = ensure_contact_point(kind="email", value=f"cn{mine.number}other@x.example")
    mine.never.append(other.value)
    LeadContact.objects.create(
        lead=mine.lead,
        contact_point=other,
        known_by=LeadContact.Known.PROPOSAL,
        created_at=clock.now(),
    )


def _message(mine: Marked, body: str, minutes: float, **fields: object) -> Message:
    at = clock.now() - timedelta(minutes=minutes)
    values = {"kind": "sms", "author": "lead", "state": "received", **fields}
    row = Message(
        conversation=mine.talk,
        body=body,
        channel=mine.channel,
        contact_point=mine.point,
        occurred_at=at,
        created_at=at,
        due_at=at,
        **values,
    )
    mine.rows.append(row)
    return row


def _round(mine: Marked, place: int, *, email: bool) -> None:
    """The lead writes, is answered, and a colleague notes something for colleagues."""
    minutes = 300 - place * 50
    kind = "email" if email else "sms"
    body = SAID[place].format(canary=mine.word(f"said{place}"))
    came = {"direction": INBOUND, "kind": kind, "external_id": uuid.uuid4().hex}
    if email:
        came["subject"] = mine.word(f"subject{place}", never=True)
    asked = _message(mine, body, minutes, **came)
    mine.asked.append(asked)
    name = f"{mine.word(f'file{place}', never=True)}.pdf"
    mine.rows.append(Attachment(message=asked, position=0, name=name))
    if email:
        mine.rows.append(_mail(mine, asked, place))
    turn = Turn(
        conversation=mine.talk,
        last_inbound=asked,
        state="done",
        understood={"ask": "budget" if place == 0 else ""},
        outcome_reason=mine.word(f"outcome{place}", never=True),
    )
    mine.rows.append(turn)
    answered = {"direction": OUTBOUND, "kind": kind, "author": "builtin"}
    said = f"Thanks for {mine.word(f'ours{place}')}."
    mine.answered.append(
        (_message(mine, said, minutes - 5, state="sent", **answered), turn)
    )
    note = mine.word(f"note{place}", never=True)
    private = {"direction": "note", "kind": "note", "author": "person"}
    _message(mine, note, minutes - 8, state="written", **private)


def _mail(mine: Marked, asked: Message, place: int) -> Mail:
    return Mail(
        message=asked,
        header_id=f"{asked.public_id}@reyes.example",
        sender_name=mine.word(f"sender{place}", never=True),
        original=mine.word(f"original{place}", never=True),
        html=mine.word(f"html{place}", never=True),
        headers=[["X-Custom", mine.word(f"header{place}", never=True)]],
    )


def _never_seen(mine: Marked) -> None:
    """What was written and never reached the lead, and what a call was about."""
    for place, state in enumerate(("draft", "cancelled", "failed")):
        body = mine.word(f"unsent{place}", never=True)
        unsent = {"direction": OUTBOUND, "author": "ai", "state": state}
        proposed = mine.word(f"proposed{place}", never=True)
        _message(mine, body, 30 - place, proposed_body=proposed, **unsent)
    call = mine.word("call", never=True)
    noted = {"direction": "note", "kind": "call", "author": "person"}
    _message(mine, call, 25, state="written", **noted)
