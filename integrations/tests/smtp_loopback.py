"""A real SMTP server on the loopback, with TLS and AUTH, that misbehaves when told."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django import Settings

from integrations import smtp

USER = "house@gmail.example"
PASSWORD = "abcdefghijklmnop"


class Post:
    """What the server takes, and how it behaves.

    `answers` gives another answer at a step ("MAIL", "RCPT", "DATA", "AUTH"); `at`
    does something to the connection there ("hang" or "reset"); "END" is after the
    whole mail was taken, before its answer.
    """

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.signed_in: list[str] = []
        self.encrypted: list[bool] = []
        self.answers: dict[str, str] = {}
        self.at: dict[str, str] = {}
        self.released = threading.Event()

    async def _stop(self, server: Any, step: str) -> str | None:
        import asyncio

        how = self.at.get(step)
        if how == "hang":
            while not self.released.is_set():
                await asyncio.sleep(0.02)
        if how == "reset":
            sock = server.transport.get_extra_info("socket")
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            server.transport.abort()
            await asyncio.sleep(0.01)
        return self.answers.get(step)

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = await self._stop(server, "MAIL")
        envelope.mail_from = address
        return answer or "250 2.1.0 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = await self._stop(server, "RCPT")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.raw.append(envelope.content)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        ssl_object = server.transport.get_extra_info("ssl_object")
        self.encrypted.append(ssl_object is not None)
        await self._stop(server, "END")
        return "250 2.0.0 OK 1764000000 gsmtp"

    def sign_in(
        self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        self.signed_in.append(user)
        if "AUTH" in self.answers:
            return AuthResult(
                success=False, handled=False, message=self.answers["AUTH"]
            )
        good = (user, password) == (USER, PASSWORD)
        return AuthResult(success=good, handled=False)


def make_certificate(folder: Path, *names: str) -> Path:
    """A certificate and its key for 127.0.0.1 or the names given, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.datetime.now(datetime.UTC)
    shown: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    shown = shown or [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(shown), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    kind = serialization.PrivateFormat.PKCS8
    path = folder / f"{'-'.join(names) or 'loopback'}.pem"
    secret = key.private_bytes(pem, kind, serialization.NoEncryption())
    path.write_bytes(secret + built.public_bytes(pem))
    return path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The system's trust is this certificate: checks stay on."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    smtp.tls_context.cache_clear()
    yield certificate
    smtp.tls_context.cache_clear()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class _Quiet(Controller):
    """Answers hang or break here on purpose; nobody waits for them at the end."""

    def stop(self, no_assert: bool = False) -> None:
        handler: Any = self.handler
        handler.released.set()
        super().stop(no_assert=True)


def start_server(
    post: Post, certificate: Path, *, starttls: bool = True, **more: Any
) -> Controller:
    """Serve `post` on the loopback: STARTTLS and AUTH asked for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    given: dict[str, Any] = {
        "auth_required": True,
        "auth_require_tls": True,
        "authenticator": post.sign_in,
        "ident": "loopback gsmtp",
    }
    if starttls:
        given |= {"tls_context": context, "require_starttls": True}
    else:
        # It sees no TLS that was there before its first word.
        given |= {"ssl_context": context, "auth_require_tls": False}
    server = _Quiet(post, hostname="127.0.0.1", port=free_port(), **(given | more))
    server.start()
    return server


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def gmail(
    post: Post, trusted: Path, settings: Settings
) -> Iterator[Callable[..., Controller]]:
    """Start servers that Gmail's settings name; they end with the test."""
    running: list[Controller] = []

    def start(**given: Any) -> Controller:
        server = start_server(post, given.pop("certificate", trusted), **given)
        running.append(server)
        point_at(settings, server.port)
        return server

    yield start
    for server in running:
        with suppress(OSError, TimeoutError):
            server.stop()


def point_at(settings: Settings, port: int) -> None:
    """Gmail's account, at this port of the loopback."""
    settings.GMAIL_ADDRESS = USER
    settings.GMAIL_APP_PASSWORD = "abcd efgh ijkl mnop"
    settings.GMAIL_SMTP_HOST, settings.GMAIL_SMTP_PORT = "127.0.0.1", port
    allowed = getattr(settings, "OUTBOUND_ALLOW", [])
    settings.OUTBOUND_ALLOW = [*allowed, f"127.0.0.1:{port}"]


def took(started: float) -> float:
    return time.monotonic() - started
