"""Mail out through Gmail, on a real SMTP server of the test's own."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from integrations import http_counts, http_guard, smtp
from integrations.http import breaker_state
from integrations.providers.gmail import GmailTransport
from integrations.tests.http_loopback import fresh_door, resolver
from integrations.tests.mail_cases import DANA, SALES, MailTransportCases, outgoing
from integrations.tests.smtp_loopback import (
    PASSWORD,
    USER,
    Post,
    certificate,
    gmail,
    make_certificate,
    point_at,
    post,
    start_server,
    took,
    trusted,
)
from messaging.transports import Outcome, Receipt, TransportError

__all__ = ["certificate", "fresh_door", "gmail", "post", "trusted"]  # fixtures
Start = Callable[..., Controller]


class TestGmailTransport(MailTransportCases):
    transport = GmailTransport()

    @pytest.fixture(autouse=True)
    def _server(self, gmail: Start, post: Post) -> None:
        self.post = post
        gmail()

    def accept_all(self) -> None:
        self.post.answers.clear()

    def taken(self) -> int:
        return len(self.post.raw)


def send(**fields: Any) -> Receipt:
    return GmailTransport().send(outgoing(**fields))


def refused(**fields: Any) -> TransportError:
    with pytest.raises(TransportError) as caught:
        send(**fields)
    return caught.value


# --- what arrives ------------------------------------------------------------


@pytest.mark.parametrize("starttls", [True, False])
def test_a_mail_arrives_whole_under_tls_and_signed_in(
    gmail: Start, post: Post, monkeypatch: pytest.MonkeyPatch, starttls: bool
) -> None:
    port = gmail(starttls=starttls).port
    if not starttls:
        monkeypatch.setattr(smtp, "IMPLICIT_TLS", port)
    message = outgoing(body="Hello Dana 👋\n.\n..dots\n")
    receipt = GmailTransport().send(message)
    (mail,) = post.mails
    assert post.envelopes == [(USER, [DANA])]
    assert post.signed_in == [USER]
    assert post.encrypted == [True]
    assert receipt.external_id == f"{message.public_id}@alder.example"
    assert mail["Message-ID"] == f"<{message.public_id}@alder.example>"
    assert mail["From"] == f"Ana at Alder <{USER}>"
    assert mail["To"] == DANA
    assert mail["Reply-To"] == "reply+abc@in.alder.example"
    assert mail["In-Reply-To"] == "<first@example.net>"
    assert mail["References"] == "<zero@example.net> <first@example.net>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().splitlines() == ["Hello Dana 👋", ".", "..dots"]
    assert html.get_content().strip() == "<p>Hello <b>Dana</b></p>"
    assert not mail.defects
    age = timezone.now() - parsedate_to_datetime(str(mail["Date"]))
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_a_mail_without_html_is_plain_text(gmail: Start, post: Post) -> None:
    gmail()
    send(mail={"html": ""})
    assert post.mails[0].get_content_type() == "text/plain"


def test_long_ids_links_and_foreign_letters_come_through(
    gmail: Start, post: Post
) -> None:
    gmail()
    link = f"<https://leads.example.com/u/{'t' * 300}/>"
    ids = tuple(f"{'x' * 120}{number}@example.net" for number in range(20))
    send(
        subject="Schöne Tische für Ihr Büro " * 8,
        to_address="dana@müller.example",
        mail={
            "from_name": "Zoë, Alder & Söhne",
            "references": ids,
            "headers": (("List-Unsubscribe", link), ("X-Who", "Zoë")),
        },
    )
    (mail,) = post.mails
    assert mail["List-Unsubscribe"] == link
    assert str(mail["References"]).split() == [f"<{one}>" for one in ids]
    assert mail["Subject"] == ("Schöne Tische für Ihr Büro " * 8).strip()
    assert mail["From"].addresses[0].display_name == "Zoë, Alder & Söhne"
    assert mail["X-Who"] == "Zoë"
    assert post.envelopes[0][1] == ["dana@xn--mller-kva.example"]
    raw = post.raw[0]
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) < 998
    assert not message_from_bytes(raw, policy=policy.strict).defects


def test_answers_go_to_the_mailbox_the_lead_knows(gmail: Start, post: Post) -> None:
    gmail()
    send(mail={"reply_to": ""})
    send(mail={"reply_to": ""}, from_address="log")
    assert [mail["Reply-To"] for mail in post.mails] == [SALES, None]


def test_a_mail_without_more_still_has_our_id_and_a_subject(
    gmail: Start, post: Post
) -> None:
    gmail()
    message = outgoing(subject=" ")
    GmailTransport().send(type(message)(**{**_fields(message), "mail": None}))
    assert post.mails[0]["Message-ID"] == f"<{message.public_id}@alder.example>"
    assert post.mails[0]["Subject"] == "(no subject)"


def _fields(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


# --- before the end of DATA: a definite no -----------------------------------


@pytest.mark.parametrize(
    ("step", "answer", "outcome", "code", "elsewhere"),
    [
        ("MAIL", "550 5.7.1 not you", Outcome.PERMANENT, "5.7.1", True),
        ("RCPT", "550 5.1.1 no such user", Outcome.PERMANENT, "5.1.1", False),
        ("RCPT", "553 odd", Outcome.PERMANENT, "recipient", False),
        ("RCPT", "450 4.2.1 too quickly", Outcome.LATER, "later", False),
        ("DATA", "552 5.2.3 too large", Outcome.PERMANENT, "5.2.3", False),
        ("DATA", "550 5.4.5 daily limit", Outcome.LATER, "5.4.5", True),
        ("DATA", "421 4.7.0 try again later", Outcome.LATER, "later", False),
        ("AUTH", "535 5.7.8 bad", Outcome.PERMANENT, "5.7.8", True),
        ("AUTH", "534 5.7.9 app password", Outcome.PERMANENT, "5.7.9", True),
        ("AUTH", "454 4.7.0 too many logins", Outcome.LATER, "busy", True),
    ],
)
def test_each_answer_has_its_class_and_words(
    gmail: Start,
    post: Post,
    step: str,
    answer: str,
    outcome: Outcome,
    code: str,
    elsewhere: bool,
) -> None:
    gmail()
    post.answers[step] = answer
    error = refused()
    assert (error.outcome, error.code) == (outcome, code), error.words
    assert error.elsewhere is elsewhere
    assert error.words
    assert post.raw == []
    if code == "5.4.5":
        assert error.retry_at is not None
    assert breaker_state("gmail", USER).failures == 0, "it answers"


def test_a_wrong_password_is_told_and_never_shown(
    gmail: Start, post: Post, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    gmail()
    settings.GMAIL_APP_PASSWORD = "wrong-secret-word"
    with caplog.at_level("DEBUG"):
        error = refused()
    assert (error.outcome, error.elsewhere) == (Outcome.PERMANENT, True)
    assert "app password" in error.words
    assert "wrong-secret-word" not in f"{error!r}{error.words}{caplog.text}"
    assert repr(smtp.Mailbox("s", "h", 1, "u", "secret")).count("secret") == 0


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
@pytest.mark.parametrize("how", ["hang", "reset"])
def test_what_breaks_before_the_mail_was_given_is_a_definite_no(
    gmail: Start, post: Post, step: str, how: str
) -> None:
    gmail()
    post.at[step] = how
    started = time.monotonic()
    error = refused(deadline=0.6)
    assert took(started) < 2.5
    assert (error.outcome, error.elsewhere) == (Outcome.REFUSED, True), error.words
    assert error.code in ("deadline", "reset")
    assert post.raw == []


@pytest.mark.parametrize("how", ["hang", "reset"])
def test_what_breaks_after_the_mail_was_given_is_unknown(
    gmail: Start, post: Post, how: str
) -> None:
    gmail()
    post.at["END"] = how
    error = refused(deadline=0.6)
    assert (error.outcome, error.elsewhere) == (Outcome.UNKNOWN, False), error.words
    assert len(post.raw) == 1
    assert "may have gone" in error.words


def scripted(settings: Settings, lines: list[bytes], *, drip: float = 0) -> list[bytes]:
    """A server that says these lines, one after each command, and then nothing."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def talk() -> None:
        with closing(listener):
            sock, _ = listener.accept()
        with closing(sock):
            sock.settimeout(5)
            for line in lines:
                pieces = [line[i : i + 1] for i in range(len(line))] if drip else [line]
                for piece in pieces:
                    try:
                        sock.sendall(piece)
                    except OSError:
                        return
                    time.sleep(drip)
                try:
                    heard.append(sock.recv(4096))
                except OSError:
                    return

    threading.Thread(target=talk, daemon=True).start()
    point_at(settings, listener.getsockname()[1])
    return heard


@pytest.mark.parametrize(
    ("lines", "code", "outcome"),
    [
        ([b"220 hi\r\n", b"250 plain\r\n"], "no_tls", Outcome.PERMANENT),
        ([b"554 go away\r\n"], "greeting", Outcome.PERMANENT),
        ([b"421 not now\r\n"], "busy", Outcome.LATER),
        ([b"HTTP/1.1 400 Bad Request\r\n"], "protocol", Outcome.REFUSED),
        ([b"220 hi\r\n", b"250-a\r\n250 STARTTLS\r\n", b"220 go\r\nxx"], "tls", None),
    ],
)
def test_a_server_that_is_none_gets_neither_password_nor_mail(
    settings: Settings, lines: list[bytes], code: str, outcome: Outcome | None
) -> None:
    heard = scripted(settings, lines)
    error = refused(deadline=1.0)
    assert error.code == code, error.words
    assert error.outcome is (outcome or Outcome.REFUSED)
    assert error.elsewhere
    assert PASSWORD.encode() not in b"".join(heard)
    assert b"AUTH" not in b"".join(heard)


@pytest.mark.parametrize("lines", [[], [b"220 " + b"slow" * 200 + b"\r\n"]])
def test_a_server_that_drips_or_is_mute_ends_with_the_deadline(
    settings: Settings, lines: list[bytes]
) -> None:
    scripted(settings, lines or [b""], drip=0.05)
    started = time.monotonic()
    error = refused(deadline=0.5)
    assert took(started) < 1.5
    assert (error.outcome, error.code) == (Outcome.REFUSED, "deadline")


def test_what_was_said_before_tls_counts_for_nothing(
    settings: Settings, trusted: Path
) -> None:
    """Answers pushed in plain text behind STARTTLS are thrown away (CVE-2011-0411)."""
    scripted(
        settings,
        [
            b"220 hi\r\n",
            b"250-a\r\n250 STARTTLS\r\n",
            b"220 go\r\n250-b\r\n250 AUTH PLAIN\r\n235 in\r\n",
        ],
    )
    assert refused(deadline=0.5).outcome is Outcome.REFUSED


def test_a_certificate_that_is_not_trusted_or_not_theirs_is_refused(
    gmail: Start, post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gmail(certificate=make_certificate(tmp_path))
    error = refused()
    assert (error.outcome, error.code) == (Outcome.REFUSED, "tls")
    other = make_certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    smtp.tls_context.cache_clear()
    gmail(certificate=other)
    assert refused().code == "tls"
    assert post.signed_in == []


def test_a_closed_port_and_an_unknown_name_are_definite(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        point_at(settings, closed.getsockname()[1])
    assert (refused().outcome, refused().code) == (Outcome.REFUSED, "connect")

    def nobody(*given: Any, **more: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    settings.GMAIL_SMTP_HOST, settings.GMAIL_SMTP_PORT = "smtp.gmail.com", 587
    error = refused()
    assert (error.outcome, error.code) == (Outcome.REFUSED, "dns")
    assert error.elsewhere


def test_a_name_that_leads_into_the_house_is_not_called(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_at(settings, 587)
    settings.GMAIL_SMTP_HOST = "smtp.gmail.com"
    for ip in ("127.0.0.1", "10.0.0.5", "169.254.169.254"):
        answers = {"smtp.gmail.com": [[ip]]}
        monkeypatch.setattr(socket, "getaddrinfo", resolver(answers))
        error = refused()
        assert (error.outcome, error.code) == (Outcome.PERMANENT, "guard")
    settings.GMAIL_SMTP_PORT = 6379
    assert "port 6379" in refused().words
    settings.OUTBOUND_TRUSTED = ["smtp.gmail.com:6379"]
    assert http_guard.is_allowed("smtp.gmail.com", 6379)


def test_five_outages_open_the_breaker_and_then_it_is_not_called(
    settings: Settings,
) -> None:
    http_counts.reset()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        point_at(settings, closed.getsockname()[1])
    for _ in range(5):
        assert refused().code == "connect"
    error = refused()
    assert (error.outcome, error.code) == (Outcome.LATER, "breaker_open")
    assert error.elsewhere
    assert error.retry_at is not None
    assert 8 <= (error.retry_at - timezone.now()).total_seconds() <= 11
    kinds = {row["outcome"] for row in http_counts.snapshot()}
    assert kinds == {"refused", "not_called"}


def test_a_lost_goodbye_changes_nothing(
    post: Post, trusted: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_server(post, trusted)
    point_at(settings, server.port)

    async def quit_never(*given: Any) -> str:
        import asyncio

        while not post.released.is_set():
            await asyncio.sleep(0.02)
        return "221 late"

    monkeypatch.setattr(Post, "handle_QUIT", quit_never, raising=False)
    started = time.monotonic()
    try:
        assert send(deadline=5).external_id
    finally:
        server.stop()
    assert took(started) < 4
    assert len(post.raw) == 1


def test_a_mail_over_the_servers_limit_is_not_even_begun(
    gmail: Start, post: Post
) -> None:
    gmail(data_size_limit=2_000)
    error = refused(body="word " * 1_000)
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "size")
    assert not error.elsewhere
    assert post.envelopes == []


@pytest.mark.django_db(transaction=True)
def test_it_never_calls_inside_a_transaction(gmail: Start, post: Post) -> None:
    gmail()
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database"):
        send()
    assert post.signed_in == []


def test_half_set_it_stays_off(settings: Settings) -> None:
    point_at(settings, 587)
    assert GmailTransport().is_configured()
    for name in ("GMAIL_ADDRESS", "GMAIL_APP_PASSWORD"):
        kept = getattr(settings, name)
        setattr(settings, name, "")
        assert not GmailTransport().is_configured()
        setattr(settings, name, kept)
