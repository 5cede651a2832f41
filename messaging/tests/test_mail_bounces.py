"""Delivery reports say which address failed, for good or not, and why in plain words."""

from email import message_from_bytes, message_from_string, policy
from email.message import Message
from pathlib import Path

import pytest

from messaging.mail.bounce_reasons import judge
from messaging.mail.bounces import is_report, read_reports

BOUNCES = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "bounces"

REPORT = """\
From: MAILER-DAEMON@mx.example.net
To: desk@ours.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your mail could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

{fields}

--b
Content-Type: {kind}

Message-ID: <abc.123@ours.example>
From: desk@ours.example
To: lead@example.org
Subject: Your desks

Hello
--b--
"""


def report(fields: str, kind: str = "message/rfc822") -> Message:
    return message_from_string(REPORT.format(fields=fields, kind=kind))


def failure(diagnostic: str, status: str = "5.0.0", action: str = "failed") -> str:
    return (
        f"Final-Recipient: rfc822; Lead@Example.org\nAction: {action}\n"
        f"Status: {status}\nDiagnostic-Code: smtp; {diagnostic}"
    )


def test_a_report_names_address_code_reason_and_the_mail_that_came_back() -> None:
    (said,) = read_reports(report(failure("550 5.1.1 User unknown", "5.1.1")))
    assert said.address == "lead@example.org"
    assert said.hard
    assert said.status == "5.1.1"
    assert said.words == "there is no such mailbox"
    assert said.diagnostic == "550 5.1.1 User unknown"
    assert said.message_id == "abc.123@ours.example"


def test_the_mail_is_named_when_only_its_headers_came_back() -> None:
    message = report(failure("550 no such user"), kind="text/rfc822-headers")
    assert read_reports(message)[0].message_id == "abc.123@ours.example"


def test_the_address_that_we_wrote_to_goes_before_the_one_behind_it() -> None:
    fields = "Original-Recipient: rfc822; lead@example.org\n" + failure(
        "550 no such user"
    ).replace("Lead@Example.org", "moved@elsewhere.example")
    assert read_reports(report(fields))[0].address == "lead@example.org"


def test_each_recipient_has_its_own_verdict() -> None:
    other = failure("552 5.2.2 Mailbox full", "5.2.2").replace("Lead", "Full")
    first, second = read_reports(
        report(f"{failure('550 5.1.1 User unknown', '5.1.1')}\n\n{other}")
    )
    assert (first.address, first.hard) == ("lead@example.org", True)
    assert (second.address, second.hard) == ("full@example.org", False)
    assert second.words == "their mailbox is full"


@pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
def test_what_is_late_or_has_arrived_is_no_failure(action: str) -> None:
    message = report(failure("451 4.4.1 timeout", "4.4.1", action=action))
    assert read_reports(message) == ()
    assert is_report(message)


@pytest.mark.parametrize(
    ("diagnostic", "status", "hard", "words"),
    [
        ("550 5.1.1 <a@b.c>... User Unknown", "5.1.1", True, "no such mailbox"),
        ("550 no such user here", "", True, "no such mailbox"),
        ("550 5.5.0 mailbox unavailable", "5.5.0", True, "no such mailbox"),
        ("", "5.1.1", True, "no such mailbox"),
        ("", "5.1.10", True, "no such mailbox"),
        ("550 Host unknown", "5.1.2", True, "no mail server"),
        ("525 5.7.13 Disabled recipient address", "5.7.13", True, "was closed"),
        ("552 5.2.2 mailbox is full", "5.2.2", False, "mailbox is full"),
        ("552 quota exceeded", "5.0.0", False, "mailbox is full"),
        ("", "5.2.2", False, "mailbox is full"),
        ("450 4.1.1 User unknown in local table", "4.1.1", False, "no such mailbox"),
        ("", "4.4.7", False, "could not be reached in time"),
        ("554 5.7.1 Message blocked as spam", "5.7.1", False, "as spam"),
        ("550 5.7.26 fails DMARC", "5.7.26", False, "check that the mail was ours"),
        ("550 5.7.606 Access denied", "5.7.606", False, "rules refused"),
        ("", "5.7.999", False, "rules refused"),
        ("552 5.3.4 Message too large", "5.3.4", False, "too big"),
        ("421 too many connections", "4.7.0", False, "no more mail from us"),
        ("", "5.3.0", False, "in trouble"),
        ("550 xyzzy", "5.0.0", True, "did not say why"),
        ("451 xyzzy", "", False, "for now"),
        ("", "", False, "does not say why"),
    ],
)
def test_words_and_codes_are_judged(
    diagnostic: str, status: str, hard: bool, words: str
) -> None:
    verdict = judge(diagnostic, status)
    assert verdict.hard is hard
    assert words in verdict.words


def test_the_code_in_the_words_goes_before_the_field_that_servers_fill_blindly() -> (
    None
):
    assert judge("554 4.4.7 Message expired", "5.0.0").status == "4.4.7"
    assert not judge("554 4.4.7 Message expired", "5.0.0").hard


def test_words_in_an_address_or_a_link_are_no_reason() -> None:
    said = "550 <spam.quota@full.example> 5.1.1 see https://x.example/spam-virus"
    assert judge(said, "5.1.1").words == "there is no such mailbox"


PLAIN = {
    "qmail": (
        "MAILER-DAEMON@mx.example.net",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.net.\n"
        "I'm afraid I wasn't able to deliver your message.\n\n"
        "<lead@example.org>:\n550 Sorry, no mailbox here by that name.\n\n"
        "--- Below this line is a copy of the message.\n\n"
        "Message-ID: <abc.123@ours.example>\nTo: lead@example.org\n",
    ),
    "Exim": (
        "Mailer-Daemon@mx.example.net",
        "Mail delivery failed: returning message to sender",
        "A message that you sent could not be delivered.\n\n"
        "  lead@example.org\n    host mx.example.org: 550 5.1.1 unknown alias\n\n"
        "------ This is a copy of the message ------\n\n"
        "Message-ID: <abc.123@ours.example>\n",
    ),
    "Exchange": (
        "postmaster@example.net",
        "Undeliverable: Your desks",
        "Delivery has failed to these recipients or groups:\n\nlead@example.org\n"
        "The email address wasn't found at the destination domain.\n\n"
        "Original message headers:\n\nMessage-ID: <abc.123@ours.example>\n",
    ),
    "German": (
        "mailer-daemon@example.de",
        "Unzustellbar: Ihre Tische",
        "Ihre Nachricht wurde nicht zugestellt.\n\nlead@example.org\n"
        "Benutzer unbekannt\n\nMessage-ID: <abc.123@ours.example>\n",
    ),
}


def plain(sender: str, subject: str, text: str, more: str = "") -> Message:
    return message_from_string(
        f"From: {sender}\nTo: desk@ours.example\nSubject: {subject}\n{more}\n{text}"
    )


@pytest.mark.parametrize("said", PLAIN.values(), ids=PLAIN)
def test_a_report_in_plain_words_is_read(said: tuple[str, str, str]) -> None:
    (one,) = read_reports(plain(*said))
    assert one.address == "lead@example.org"
    assert one.hard
    assert one.words == "there is no such mailbox"
    assert one.message_id == "abc.123@ours.example"


@pytest.mark.parametrize("said", PLAIN.values(), ids=PLAIN)
def test_a_person_who_passes_a_bounce_on_reports_nothing(
    said: tuple[str, str, str],
) -> None:
    passed_on = plain("Ann <ann@example.com>", f"Fwd: {said[1]}", said[2])
    assert read_reports(passed_on) == ()
    assert not is_report(passed_on)


def test_a_bounce_inside_a_persons_mail_reports_nothing() -> None:
    inner = report(failure("550 5.1.1 User unknown", "5.1.1")).as_string()
    outer = message_from_string(
        "From: Ann <ann@example.com>\nSubject: what is this?\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="o"\n\n--o\n'
        "Content-Type: text/plain\n\nSee the attached.\n--o\n"
        f"Content-Type: message/rfc822\n\n{inner}\n--o--\n"
    )
    assert read_reports(outer) == ()


def test_the_header_of_a_provider_names_who_failed() -> None:
    said = plain(
        "mailer-daemon@googlemail.com",
        "Delivery Status Notification (Failure)",
        "Delivery to the following recipient failed permanently.\n",
        more="X-Failed-Recipients: lead@example.org, other@example.org\n",
    )
    assert [one.address for one in read_reports(said)] == [
        "lead@example.org",
        "other@example.org",
    ]


def test_reports_of_many_systems_are_read() -> None:
    if not BOUNCES.is_dir():
        pytest.skip("the corpus of bounces is not beside the checkout")
    files = sorted(BOUNCES.iterdir())
    named = [
        file.name
        for file in files
        if (said := read_reports(message_from_bytes(file.read_bytes())))
        and all("@" in one.address and one.words for one in said)
    ]
    assert len(files) == 100
    # The hundredth says that mail is late, which is no failure.
    assert len(named) == 99
    for file in files:
        new = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert is_report(new), file.name


# What the project that the files come from says of them: whether to write no more.
# It calls three more soft that say "User unknown" or "Disabled recipient address"
# (lhost-sendmail-27, -35 and -51); here those are hard.
HARD = {
    "lhost-sendmail-01": True,
    "lhost-sendmail-09": False,
    "lhost-sendmail-16": False,
    "lhost-sendmail-18": False,
    "lhost-sendmail-21": False,
    "lhost-sendmail-22": True,
    "lhost-sendmail-24": True,
    "lhost-sendmail-38": False,
    "lhost-sendmail-53": False,
    "lhost-sendmail-58": False,
    "lhost-postfix-02": True,
    "lhost-postfix-04": True,
    "lhost-postfix-08": False,
    "lhost-postfix-09": False,
    "lhost-postfix-36": True,
    "lhost-postfix-40": False,
    "lhost-postfix-46": True,
    "lhost-postfix-56": False,
    "lhost-postfix-73": False,
    "lhost-postfix-79": False,
    "lhost-postfix-80": False,
}


@pytest.mark.parametrize("name", HARD)
def test_hard_and_soft_are_told_as_their_project_tells_them(name: str) -> None:
    file = BOUNCES / f"sisimai_{name}.eml"
    if not file.exists():
        pytest.skip("the corpus of bounces is not beside the checkout")
    said = read_reports(message_from_bytes(file.read_bytes()))
    assert {one.hard for one in said} == {HARD[name]}
