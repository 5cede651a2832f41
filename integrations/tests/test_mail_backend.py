"""The house's own mail takes the roads of all mail."""

from collections.abc import Callable
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from pytest_django import Settings

from integrations.tests.http_loopback import answer, fresh_door, reset, serve
from integrations.tests.sendgrid_loopback import SendGrid, sendgrid, vendor_error
from integrations.tests.smtp_loopback import Post, certificate, gmail, post, trusted
from messaging.transports import TransportError

__all__ = [
    "certificate",
    "fresh_door",
    "gmail",
    "post",
    "sendgrid",
    "serve",
    "trusted",
]  # fixtures
BACKEND = "integrations.mail_backend.HouseBackend"


def send(mail: EmailMessage, **given: Any) -> int:
    sent = get_connection(BACKEND, **given).send_messages([mail])
    return int(sent or 0)


def a_mail(**fields: Any) -> EmailMultiAlternatives:
    given = {
        "subject": "Set a new password",
        "body": "Open this link.",
        "from_email": "Alder Desks <sales@alder.example>",
        "to": ["Ana <ana@alder.example>"],
        **fields,
    }
    return EmailMultiAlternatives(**given)


def test_it_is_the_installations_backend() -> None:
    import importlib

    written = importlib.import_module("leadsite.settings")
    assert written.EMAIL_BACKEND == BACKEND


def test_with_nothing_set_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert send(a_mail()) == 1
    printed = capsys.readouterr().out
    assert "Subject: Set a new password" in printed
    assert "Open this link." in printed


def test_it_leaves_by_sendgrid_marked_as_a_machines(sendgrid: SendGrid) -> None:
    mail = a_mail(reply_to=["Ben <ben@alder.example>"], headers={"X-Kind": "reset"})
    mail.attach_alternative("<p>Open this link.</p>", "text/html")
    assert send(mail) == 1
    (taken,) = sendgrid.mails
    assert taken["from"] == {"email": "sales@alder.example", "name": "Alder Desks"}
    assert taken["personalizations"] == [{"to": [{"email": "ana@alder.example"}]}]
    assert taken["reply_to"] == {"email": "ben@alder.example"}
    assert [part["type"] for part in taken["content"]] == ["text/plain", "text/html"]
    assert taken["headers"]["Auto-Submitted"] == "auto-generated"
    assert taken["headers"]["X-Kind"] == "reset"


def test_nobody_sees_who_else_gets_it(sendgrid: SendGrid) -> None:
    people = {"to": ["a@x.example", "b@x.example"], "bcc": ["c@x.example"]}
    assert send(a_mail(**people)) == 1
    heard = [mail["personalizations"][0]["to"][0]["email"] for mail in sendgrid.mails]
    assert heard == ["a@x.example", "b@x.example", "c@x.example"]


def test_a_definite_refusal_sends_it_by_gmail(
    sendgrid: SendGrid, gmail: Callable[..., Controller], post: Post
) -> None:
    gmail()
    sendgrid.instead = vendor_error(401, "authorization required")
    assert send(a_mail()) == 1
    assert [mail["Subject"] for mail in post.mails] == ["Set a new password"]


@pytest.mark.parametrize("script", [reset, answer(500, b"")])
def test_what_may_have_left_is_not_sent_again(
    sendgrid: SendGrid, gmail: Callable[..., Controller], post: Post, script: Any
) -> None:
    gmail()
    sendgrid.instead = script
    assert send(a_mail()) == 1
    assert post.mails == []
    assert len(sendgrid.asked) == 1


def test_a_definite_no_is_raised_unless_it_is_to_be_silent(sendgrid: SendGrid) -> None:
    sendgrid.instead = vendor_error(400, "bad")
    with pytest.raises(TransportError, match="refused"):
        send(a_mail())
    assert send(a_mail(), fail_silently=True) == 0


def test_what_it_cannot_carry_is_refused_before_anything_leaves(
    sendgrid: SendGrid,
) -> None:
    mail = a_mail()
    mail.attach("a.txt", "a", "text/plain")
    with pytest.raises(TransportError, match="no files"):
        send(mail)
    with pytest.raises(TransportError, match="line break"):
        send(a_mail(subject="a\r\nBcc: x@y.example"))
    assert sendgrid.mails == []


def test_an_html_mail_and_one_to_nobody(sendgrid: SendGrid, settings: Settings) -> None:
    mail = EmailMessage("Hi", "<p>Hi</p>", "sales@alder.example", ["a@x.example"])
    mail.content_subtype = "html"
    assert send(mail) == 1
    parts = [part["value"] for part in sendgrid.mails[0]["content"]]
    assert parts == ["Hi", "<p>Hi</p>"]
    assert send(a_mail(to=[])) == 0
