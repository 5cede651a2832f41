"""The second door out, for mail by SMTP only.

Held for each call, as at the first: one total deadline over look-up, connect, TLS,
AUTH and DATA; the guard on the connected address; TLS with a checked certificate
before anything is said; a breaker per service and account; no secret in words or
logs; no call inside a transaction. Until the line that ends DATA is on its way a
failure is a definite no; from then on, without an answer, it is unknown.
"""

import logging
import re
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final, NoReturn, TypeVar, cast
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.utils import timezone

from integrations import http_counts, http_guard, http_net, http_observers
from integrations.http import refuse_in_transaction
from integrations.http_breaker import breakers
from integrations.http_exchange import Heard, monotonic_deadline
from integrations.http_guard import GuardRefused, NameNotFound
from integrations.http_redact import redact
from integrations.http_types import HttpError, Outcome
from integrations.smtp_wire import Wire, dial

logger = logging.getLogger("integrations.smtp")

T = TypeVar("T")
PORTS: Final = frozenset({465, 587, 2525})
IMPLICIT_TLS: Final = 465
_GOODBYE_SECONDS: Final = 1.0
_NO_ANSWER: Final = (Outcome.REFUSED, Outcome.UNKNOWN)
# What an end says to those who watch the services, as a web service would say it.
_AS_STATUS: Final = {"ok": 200, "auth": 401}
_SAYS_NOTHING: Final = 400
_ABOUT_THE_MAIL: Final = frozenset({"recipient", "content"})


class SmtpError(HttpError):
    """A mail that was not taken, or may have been.

    `code` is one of HttpError's, or: no_tls, no_auth, size; for a no for now busy
    (to us) or later (to this mail); for a no the step it was said at: greeting, auth,
    sender, recipient, content. `reply` is the server's code, 0 without one, `said`
    its words.
    """

    def __init__(
        self, outcome: Outcome, words: str, *, code: str, reply: int = 0, said: str = ""
    ) -> None:
        super().__init__(outcome, words, None, code)
        self.reply = reply
        self.said = said


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whose mail, through which server. `service` names it to breaker and log."""

    service: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)


def carry(
    box: Mailbox, *, sender: str, recipient: str, content: bytes, deadline: float
) -> str:
    """Hand one mail (bytes with CRLF line ends) over; the server's words on taking
    it. Addresses are ASCII. Raises SmtpError, HttpError when it was not called, and
    RuntimeError inside a database transaction.
    """
    return _attempt(
        box, deadline, lambda talk: talk.hand_over(sender, recipient, content)
    )


def knock(box: Mailbox, *, deadline: float) -> str:
    """Connect and sign in, send nothing; what the server calls itself."""
    return _attempt(box, deadline, lambda talk: talk.greeting)


def _attempt(box: Mailbox, deadline: float, work: "Callable[[_Talk], T]") -> T:
    refuse_in_transaction()
    _admit(box)
    started = time.monotonic()
    talk = _Talk(box, http_net.Call(monotonic_deadline(deadline)))
    failure: SmtpError | None = None
    try:
        talk.begin()
        result = work(talk)
    except SmtpError as error:
        failure = error
    except _FAILURES as error:
        failure = talk.meaning(error)
    talk.leave()
    _tell(box, failure, time.monotonic() - started)
    if failure is not None:
        # Without what caused it: a library's exception may quote what was sent.
        raise failure from None
    return result


def _admit(box: Mailbox) -> None:
    wait = breakers.admit(box.service, box.user)
    if wait is None:
        return
    trouble = breakers.state(box.service, box.user).last_error
    http_counts.note(box.service, "not_called", 0.0)
    raise HttpError(
        Outcome.LATER,
        f"{box.service} is not answering, so it was not called"
        + (f" (last: {trouble})" if trouble else ""),
        retry_at=timezone.now() + timedelta(seconds=wait),
        code="breaker_open",
    )


def _tell(box: Mailbox, failure: SmtpError | None, seconds: float) -> None:
    """Tell the breaker, the counts, the log and whoever watches the services."""
    code = failure.code if failure else "ok"
    outcome = failure.outcome.value if failure else "ok"
    heard = Heard(_AS_STATUS.get(code, _SAYS_NOTHING), httpx2.Headers(), "")
    ended: Heard | HttpError = heard
    if failure is not None and failure.outcome in _NO_ANSWER:
        breakers.failed(box.service, box.user, failure.words)
        ended = failure
    else:
        breakers.succeeded(box.service, box.user)
    http_counts.note(box.service, outcome, seconds)
    logger.info(
        "%s SMTP %s:%d -> %s/%s in %d ms",
        box.service,
        box.host,
        box.port,
        outcome,
        code,
        round(seconds * 1000),
    )
    http_observers.tell(box.service, ended, seconds)


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """As for HTTP (the system's certificates, or SSL_CERT_FILE's), but an own one:
    the HTTP client makes its context offer HTTP.
    """
    return httpx2.create_ssl_context()


class _Session(smtplib.SMTP):
    """The library's session over our own wire, which it never dials itself."""

    def __init__(self) -> None:
        # A name of ours, since the library would look one up, without a limit.
        name = urlsplit(settings.PUBLIC_BASE_URL).hostname or "localhost"
        super().__init__(local_hostname=name)

    def over(self, wire: Wire) -> None:
        """Talk over this wire from now on, and forget what was said before."""
        self.sock = cast(ssl.SSLSocket, wire)
        self.file = None
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False


class _Talk:
    """One conversation with the server, and how far it came."""

    def __init__(self, box: Mailbox, call: http_net.Call) -> None:
        self.box = box
        self.call = call
        self.session = _Session()
        self.wire: Wire | None = None
        self.greeting = ""
        self.stage = "connect"
        self.ended = False

    def begin(self) -> None:
        """Connect, under TLS, and sign in."""
        box = self.box
        if box.port not in PORTS and not http_guard.is_allowed(box.host, box.port):
            raise GuardRefused(f"port {box.port} of {box.host} is not allowed")
        self.wire = dial(box.host, box.port, self.call)
        if box.port == IMPLICIT_TLS:
            self._secure()
        self.session.over(self.wire)
        self.stage = "greeting"
        self.greeting = self._plain(self._expect(220, *self.session.getreply()))
        self._expect(250, *self.session.ehlo())
        if box.port != IMPLICIT_TLS:
            self._start_tls()
        self._sign_in()

    def _start_tls(self) -> None:
        if not self.session.has_extn("starttls"):
            words = f"{self.box.host} offers no TLS, so nothing was said to it"
            raise SmtpError(Outcome.PERMANENT, words, code="no_tls")
        self._expect(220, *self.session.docmd("STARTTLS"))
        self._secure()
        self._expect(250, *self.session.ehlo())

    def _secure(self) -> None:
        assert self.wire is not None  # noqa: S101  # dialled before
        self.stage = "tls"
        self.wire = self.wire.secured(tls_context(), self.box.host)
        self.session.over(self.wire)
        self.stage = "greeting"

    def _sign_in(self) -> None:
        self.stage = "auth"
        try:
            self.session.login(self.box.user, self.box.password)
        except smtplib.SMTPAuthenticationError as error:
            self._refuse(error.smtp_code, cast(bytes, error.smtp_error))
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:
            words = f"{self.box.host} offers no way to sign in that we know"
            raise SmtpError(Outcome.PERMANENT, words, code="no_auth") from None

    def hand_over(self, sender: str, recipient: str, content: bytes) -> str:
        """Envelope, content, and the one line that ends it."""
        limit = self.session.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(content):
            words = (
                f"the mail has {len(content):,} bytes, {self.box.host} takes {limit}"
            )
            raise SmtpError(Outcome.PERMANENT, words, code="size")
        self.stage = "sender"
        self._expect(250, *self.session.mail(sender))
        self.stage = "recipient"
        self._expect(250, *self.session.rcpt(recipient))
        self.stage = "content"
        self._expect(354, *self.session.docmd("DATA"))
        body = re.sub(rb"(?m)^\.", b"..", content)
        self.session.send(body if body.endswith(b"\r\n") else body + b"\r\n")
        self.ended = True
        self.session.send(b".\r\n")
        return self._plain(self._expect(250, *self.session.getreply()))

    def leave(self) -> None:
        """Close, politely when there is time; the answer changes nothing."""
        self.call.deadline = min(
            self.call.deadline, time.monotonic() + _GOODBYE_SECONDS
        )
        try:
            if self.wire is not None and not self.wire.broken:
                self.session.docmd("QUIT")
        except (smtplib.SMTPException, OSError, ValueError) as error:
            logger.debug("%s: QUIT %s", self.box.service, type(error).__name__)
        finally:
            self.session.close()
            if self.wire is not None:
                self.wire.close()

    # --- what it means -------------------------------------------------------

    def _expect(self, wanted: int, code: int, words: bytes) -> bytes:
        """The words of an answer of the wanted kind (250 also means 251)."""
        if code == wanted or code // 10 == wanted // 10 == 25:
            return words
        self._refuse(code, words)

    def _refuse(self, code: int, words: bytes) -> NoReturn:
        said = self._plain(words)
        host = self.box.host
        if code // 100 == 4:
            raise SmtpError(
                Outcome.LATER,
                f"{host} takes nothing for now: {code} {said}",
                code="later" if self.stage in _ABOUT_THE_MAIL else "busy",
                reply=code,
                said=said,
            )
        if code // 100 == 5:
            raise SmtpError(
                Outcome.PERMANENT,
                f"{host} refuses: {code} {said}",
                code=self.stage,
                reply=code,
                said=said,
            )
        raise smtplib.SMTPResponseException(code, words)

    def _plain(self, words: bytes) -> str:
        text = " ".join(words.decode("ascii", "replace").split())
        return redact(text, also=[self.box.password])[:200]

    def meaning(self, failure: Exception) -> SmtpError:
        """What a failure without a clear answer means."""
        host, late = self.box.host, self.wire is not None and self.wire.timed_out
        if self.ended:
            words = f"{host} took the whole mail and did not answer; it may have gone"
            return SmtpError(
                Outcome.UNKNOWN, words, code="timeout" if late else "reset"
            )
        if isinstance(failure, GuardRefused):
            words = redact(f"not called: {failure}")
            return SmtpError(Outcome.PERMANENT, words, code="guard")
        if isinstance(failure, ValueError) and not isinstance(failure, ssl.SSLError):
            words = f"not sent: malformed ({type(failure).__name__}, {self.stage})"
            return SmtpError(Outcome.PERMANENT, words, code="request")
        code, words = self._before_the_end(failure, late=late)
        return SmtpError(Outcome.REFUSED, redact(f"{host} {words}"), code=code)

    def _before_the_end(self, failure: Exception, *, late: bool) -> tuple[str, str]:
        if isinstance(failure, NameNotFound):
            return "dns", f"could not be found: {failure}"
        if isinstance(failure, ssl.SSLError):
            return "tls", f"did not prove who it is (TLS): {failure.reason or failure}"
        if late or isinstance(failure, TimeoutError):
            when = "connect" if self.stage == "connect" else "deadline"
            return when, "did not answer in time; the mail was not given to it"
        if self.stage == "connect":
            return "connect", f"could not be reached: {failure}"
        if isinstance(failure, smtplib.SMTPResponseException):
            return "protocol", "does not answer as a mail server does"
        return "reset", "broke the connection before it had the mail"


_FAILURES: Final = (
    GuardRefused,
    NameNotFound,
    smtplib.SMTPException,
    OSError,
    ValueError,
)
