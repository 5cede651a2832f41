"""A mail comes in: stored, placed, taken for what it is, and answered or not."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage

from leads import clock
from leads.models import Consent, Event, LeadContact, Suppression, Task
from messaging.inbound import UnusableMessage
from messaging.mail.facts import Machine, MachineKind, MailFile, Report
from messaging.models import Attachment, Conversation, Mail, Message, Turn
from messaging.tests.mail_talk import (
    DANA,
    OURS,
    header_of,
    latest,
    machine,
    mail_in,
    mail_mode,
)
from messaging.tests.talk import FakeCarrier, later, sent, talk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]
HELLO = "Hi, what do you sell?"
SEATS = "Hi, we need about 40 seats next month. Can someone call me?"


def test_a_mail_is_answered_by_mail_in_the_same_thread() -> None:
    mail_mode("auto")
    first = mail_in(SEATS)
    assert first is not None
    later(seconds=25)
    later(seconds=60)
    assert len(sent()) == 1
    reply = latest()
    assert (reply.kind, reply.state, reply.subject) == ("email", "sent", "Re: Desks")
    own = Mail.objects.get(message=reply)
    assert own.in_reply_to == header_of(first)
    assert own.header_id and own.header_id != header_of(first)
    assert FakeCarrier.accepted[0].to_address == DANA
    carried = FakeCarrier.accepted[0].mail
    assert carried is not None
    assert (carried.message_id, carried.in_reply_to) == (
        own.header_id,
        header_of(first),
    )


def test_the_writers_name_is_the_leads_until_somebody_knows_better() -> None:
    mail_mode("off")
    mail_in(SEATS)
    lead = talk().lead
    assert lead is not None
    assert lead.name == "Dana Reyes"


def test_what_was_written_now_is_the_message_and_the_rest_is_kept() -> None:
    mail_mode("off")
    whole = "Yes please.\n\nOn Monday Ana wrote:\n> do you want a call?"
    stored = mail_in("", text=whole, reply="Yes please.")
    assert stored is not None
    assert stored.body == "Yes please."
    assert Mail.objects.get(message=stored).original == whole


def test_a_mail_of_only_a_subject_says_its_subject() -> None:
    mail_mode("off")
    stored = mail_in("", subject="Please call me about desks")
    assert stored is not None
    assert stored.body == "Please call me about desks"


def test_a_second_copy_of_a_mail_does_nothing() -> None:
    mail_mode("off")
    first = mail_in(SEATS, external_id="one")
    again = mail_in(SEATS, external_id="one")
    assert first == again
    assert Message.objects.filter(direction="inbound").count() == 1
    assert Mail.objects.count() == 1


def test_files_are_kept_in_private_storage_and_refused_ones_say_why(
    tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    spooled = tmp_path / "0"
    spooled.write_bytes(b"%PDF-1.7 plan")
    mail_mode("off")
    plan = MailFile("plan.pdf", "application/pdf", 13, path=str(spooled))
    bad = MailFile("run.exe", "", 3, refused="programs are not kept")
    stored = mail_in("See the plan", files=(plan, bad))
    assert stored is not None
    kept, refused = Attachment.objects.filter(message=stored).order_by("position")
    assert (kept.state, kept.name, kept.size) == ("stored", "plan.pdf", 13)
    with default_storage.open(kept.path, "rb") as file:
        assert file.read() == b"%PDF-1.7 plan"
    assert (refused.state, refused.reason) == ("refused", "programs are not kept")
    assert refused.path == ""


def test_a_scanner_of_the_house_can_refuse_a_file(
    tmp_path: Path, settings: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.ATTACHMENT_SCANNER = f"{__name__}.find_a_virus"
    spooled = tmp_path / "0"
    spooled.write_bytes(b"X5O!P%")
    mail_mode("off")
    file = MailFile("a.pdf", "application/pdf", 6, path=str(spooled))
    stored = mail_in("look", files=(file,))
    row = Attachment.objects.get(message=stored)
    assert (row.state, row.reason, row.path) == ("refused", "a virus: EICAR", "")


def find_a_virus(path: Path) -> str:
    return "a virus: EICAR" if path.read_bytes().startswith(b"X5O") else ""


# --- machines -----------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [MachineKind.AUTO_REPLY, MachineKind.LIST, MachineKind.RECEIPT]
)
def test_what_a_machine_wrote_is_kept_and_never_answered(kind: MachineKind) -> None:
    mail_mode("auto")
    mail_in(HELLO)
    later(seconds=25)
    stored = mail_in("I am a robot. Reply STOP to unsubscribe", machine=machine(kind))
    later(seconds=60)
    later(hours=2)
    assert len(sent()) == 1
    assert stored is not None
    assert stored.automatic
    assert not Turn.objects.filter(last_inbound=stored).exists()
    assert not Suppression.objects.exists()
    talk_now = talk()
    assert talk_now.turn == Conversation.Turn.WAITING
    assert Mail.objects.get(message=stored).machine == str(kind)


def test_a_mail_that_nobody_can_return_to_is_a_machines() -> None:
    mail_mode("auto")
    stored = mail_in("I am back soon", envelope_to=(OURS,))
    later(seconds=60)
    assert sent() == []
    assert stored is not None
    assert stored.automatic


def test_a_machines_mail_neither_outdates_a_draft_nor_marks_unread() -> None:
    mail_mode("draft")
    mail_in(HELLO)
    later(seconds=25)
    draft = latest()
    assert draft.state == "draft"
    Conversation.objects.update(unread=False)
    mail_in("I am away", machine=machine(MachineKind.AUTO_REPLY))
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert talk().unread is False


def test_who_is_away_is_parked_until_the_day_of_return() -> None:
    mail_mode("auto")
    mail_in(HELLO)
    later(seconds=25)
    back = clock.now() + timedelta(days=9)
    mail_in("Back soon", machine=machine(MachineKind.OUT_OF_OFFICE, until=back))
    parked = talk()
    assert parked.parked_until == back
    assert parked.turn == Conversation.Turn.PARKED
    assert Event.objects.filter(kind="conversation.parked").count() == 1
    mail_in("I am back early. What does it cost?")
    assert talk().parked_until is None


def bounced(message: Message, *, hard: bool = True, address: str = DANA) -> Any:
    report = Report(
        address,
        hard,
        status="5.1.1" if hard else "4.2.2",
        words="there is no such mailbox" if hard else "their mailbox is full",
        message_id=header_of(message),
    )
    found = Machine(MachineKind.BOUNCE, "a delivery report", reports=(report,))
    return mail_in("", sender="mailer-daemon@mx.example", machine=found)


def answered() -> Message:
    mail_mode("auto")
    mail_in(HELLO)
    later(seconds=25)
    later(seconds=60)
    reply = latest()
    assert reply.state == "sent"
    return reply


def test_a_hard_bounce_marks_the_message_and_suppresses_its_address() -> None:
    reply = answered()
    assert bounced(reply) is None
    reply.refresh_from_db()
    assert (reply.state, reply.reason) == ("failed", "there is no such mailbox")
    stop = Suppression.objects.get(lifted_at=None)
    assert (stop.contact_point.value, stop.channel) == (DANA, "email")
    assert stop.reason == "bounce"
    assert Message.objects.filter(direction="inbound").count() == 1
    assert Task.objects.filter(kind="failed", done_at=None).count() == 1
    # The lead never asked us to stop: a person finds another way.
    needs = talk()
    assert needs.turn == Conversation.Turn.NEEDS_YOU
    assert "no such mailbox" in needs.turn_reason


def test_a_soft_bounce_fails_the_message_and_leaves_the_address_free() -> None:
    reply = answered()
    bounced(reply, hard=False)
    reply.refresh_from_db()
    assert (reply.state, reply.reason) == ("failed", "their mailbox is full")
    assert not Suppression.objects.exists()


def test_a_report_on_a_mail_that_is_not_ours_changes_nothing() -> None:
    reply = answered()
    other = Report(DANA, True, message_id="made-up@evil.example")
    third = Report("boss@rival.example", True, message_id=header_of(reply))
    for report in (other, third):
        found = Machine(MachineKind.BOUNCE, "a report", reports=(report,))
        assert mail_in("", sender="evil@rival.example", machine=found) is None
    reply.refresh_from_db()
    assert reply.state == "sent"
    assert not Suppression.objects.exists()


def test_a_complaint_suppresses_for_that_reason() -> None:
    reply = answered()
    report = Report(DANA, True, message_id=header_of(reply), words="marked as spam")
    found = Machine(MachineKind.COMPLAINT, "a feedback report", reports=(report,))
    mail_in("", sender="fbl@isp.example", machine=found)
    assert Suppression.objects.get(lifted_at=None).reason == "complaint"


# --- opting out ----------------------------------------------------------------


def test_a_stop_by_mail_stops_mail() -> None:
    mail_mode("auto")
    mail_in(SEATS)
    mail_in("Please unsubscribe me from this, I do not want any more emails.")
    later(seconds=60)
    assert sent() == []
    stop = Suppression.objects.get(lifted_at=None)
    assert (stop.channel, stop.contact_point.value) == ("email", DANA)
    assert Consent.objects.filter(channel="email", given=False).count() == 1


# --- who wrote -----------------------------------------------------------------


def test_mail_from_our_own_mailbox_is_set_aside_as_a_loop() -> None:
    mail_mode("auto")
    with pytest.raises(UnusableMessage, match="our own mailbox"):
        mail_in("hello me", sender=OURS)
    assert not Message.objects.exists()


def test_a_form_mailer_stands_for_the_address_it_asks_to_answer() -> None:
    mail_mode("off")
    mail_in("A form", sender="no-reply@forms.example", reply_to=DANA)
    assert LeadContact.objects.get().contact_point.value == DANA


def test_what_a_colleague_passes_on_is_the_first_writers() -> None:
    User.objects.create_user("ana", email="ana@alder.example", is_staff=True)
    mail_mode("off")
    mail_in("see below", sender="ana@alder.example", forwarded_from=DANA)
    assert LeadContact.objects.get().contact_point.value == DANA


def test_a_stranger_cannot_write_as_somebody_else_by_forwarding() -> None:
    mail_mode("off")
    mail_in("see below", sender="sam@evil.example", forwarded_from=DANA)
    assert LeadContact.objects.get().contact_point.value == "sam@evil.example"


def test_somebody_else_in_a_thread_is_answered_by_a_person_only() -> None:
    reply = answered()
    stored = mail_in(
        "What did Dana tell you?",
        sender="eve@evil.example",
        in_reply_to=(header_of(reply),),
    )
    later(seconds=60)
    assert len(sent()) == 1
    assert stored is not None
    assert stored.conversation_id == reply.conversation_id
    known = LeadContact.objects.get(contact_point__value="eve@evil.example")
    assert known.known_by == LeadContact.Known.PROPOSAL
    task = Task.objects.get(kind="reply", done_at=None)
    assert "eve@evil.example" in task.reason


# --- loops ---------------------------------------------------------------------


def rounds(count: int, **of_round: Any) -> None:
    """A bot answers each of our mails at once."""
    for number in range(count):
        more = {name: value(number) for name, value in of_round.items()}
        words = more.pop("text", "Good day, we have your message and will see to it.")
        with clock.shifted(timedelta(seconds=30 * number)):
            mail_in(words, **more)
            later(seconds=25)


@pytest.mark.parametrize(
    "bot",
    [
        {},
        {"subject": lambda n: f"Ticket {n}"},
        {"sender": lambda n: f"bot{n}@machines.example"},
        {"text": lambda n: f"Your ticket number is {n * 7919}. We look into it."},
    ],
    ids=["the same mail", "another subject", "another address", "another number"],
)
def test_a_bot_without_headers_gets_three_answers_at_most(bot: Any) -> None:
    mail_mode("auto")
    rounds(8, **bot)
    assert 1 <= len(sent()) <= 3
    assert Task.objects.filter(done_at=None, reason__contains="machine").exists()


def test_a_bot_that_says_something_else_each_time_is_known_by_its_haste() -> None:
    mail_mode("auto")
    words = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel"]
    rounds(8, text=lambda n: f"Thank you, {words[n]} is what we will look at next")
    assert 1 <= len(sent()) <= 3


def test_a_person_who_writes_often_is_answered_each_time() -> None:
    mail_mode("auto")
    for number, text in enumerate([HELLO, "We are 40 people", "In two months"]):
        with clock.shifted(timedelta(minutes=10 * number)):
            mail_in(text)
            later(seconds=25)
    assert len(sent()) == 3
