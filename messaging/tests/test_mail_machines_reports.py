"""Receipts, complaints, bounces and answers to invitations are told apart."""

from datetime import UTC, datetime
from email import message_from_string
from email.message import Message

import pytest

from messaging.mail.facts import Machine, MachineKind
from messaging.mail.machines import recognise

WEDNESDAY = datetime(2026, 2, 25, 10, 0, tzinfo=UTC)
PERSON = "ann@example.com"


def kind_of(machine: Machine | None) -> MachineKind | None:
    return machine.kind if machine else None


def parts(kind: str, *inside: str, headers: str = "") -> Message:
    body = "".join(f"--b\n{part}\n" for part in inside)
    return message_from_string(
        f"From: {PERSON}\nSubject: Your desks\n{headers}MIME-Version: 1.0\n"
        f'Content-Type: {kind}; boundary="b"\n\n{body}--b--\n'
    )


def judged_message(message: Message) -> Machine | None:
    return recognise(
        message,
        sender=PERSON,
        subject="Your desks",
        text="See the report.",
        received_at=WEDNESDAY,
    )


WORDS = "Content-Type: text/plain\n\nSee the report.\n"
RETURNED = (
    "Content-Type: message/rfc822\n\nMessage-ID: <abc.123@ours.example>\n"
    "From: desk@ours.example\nTo: Lead <Lead@example.org>\nSubject: Desks\n\nHello\n"
)


def test_a_read_receipt_is_recognised() -> None:
    receipt = parts(
        "multipart/report; report-type=disposition-notification",
        WORDS,
        "Content-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; lead@example.org\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n",
    )
    assert kind_of(judged_message(receipt)) is MachineKind.RECEIPT


@pytest.mark.parametrize(
    "fields",
    [
        "Feedback-Type: abuse\nOriginal-Rcpt-To: <lead@example.org>\n",
        "Feedback-Type: abuse\nUser-Agent: x\n",
    ],
)
def test_a_complaint_names_who_complained_of_which_mail(fields: str) -> None:
    complaint = parts(
        "multipart/report; report-type=feedback-report",
        WORDS,
        f"Content-Type: message/feedback-report\n\n{fields}",
        RETURNED,
    )
    found = judged_message(complaint)
    assert found
    assert found.kind is MachineKind.COMPLAINT
    (said,) = found.reports
    assert said.address == "lead@example.org"
    assert said.message_id == "abc.123@ours.example"
    assert said.words == "they marked our mail as spam"


def test_a_bounce_goes_before_the_headers_of_an_automatic_reply() -> None:
    bounce = parts(
        "multipart/report; report-type=delivery-status",
        WORDS,
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        "Final-Recipient: rfc822; lead@example.org\nAction: failed\nStatus: 5.1.1\n",
        RETURNED,
        headers="Auto-Submitted: auto-replied\nReturn-Path: <>\n",
    )
    found = judged_message(bounce)
    assert found
    assert found.kind is MachineKind.BOUNCE
    assert found.reports[0].address == "lead@example.org"


def test_a_report_that_mail_is_late_is_a_machines_but_fails_nobody() -> None:
    late = parts(
        "multipart/report; report-type=delivery-status",
        WORDS,
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        "Final-Recipient: rfc822; lead@example.org\nAction: delayed\nStatus: 4.4.1\n",
    )
    found = judged_message(late)
    assert found
    assert (found.kind, found.reports) == (MachineKind.BOUNCE, ())


@pytest.mark.parametrize(
    "part",
    [
        "Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n",
        "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\n",
    ],
)
def test_who_accepts_an_invitation_is_a_person(part: str) -> None:
    answer = parts(
        "multipart/alternative", WORDS, part, headers="Auto-Submitted: auto-generated\n"
    )
    assert judged_message(answer) is None
