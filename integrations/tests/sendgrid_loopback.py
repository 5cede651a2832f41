"""SendGrid on the loopback: takes mails, and tells how the account stands."""

import json
import socket
import threading
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from integrations.tests.http_loopback import Loopback, Script, answer

KEY = "SG.aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
BASE = "https://leads.example.com"
SALES = "sales@alder.example"
SCOPES = [
    "mail.send",
    "whitelabel.read",
    "sender_verification_eligible",
    "user.webhooks.parse.settings.read",
    "user.webhooks.event.settings.read",
]


class SendGrid:
    """`mails` are the bodies taken; `instead` answers in its place, `after` once a
    mail was taken; `asked` every path.
    """

    def __init__(self) -> None:
        self.mails: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.asked: list[str] = []
        self.instead: Script | None = None
        self.instead_of: dict[str, Script] = {}
        self.after: Script | None = None
        self.released = threading.Event()
        self.scopes = list(SCOPES)
        self.domains: list[dict[str, Any]] = [
            {"domain": "alder.example", "valid": True, "dns": {}}
        ]
        self.senders: list[dict[str, Any]] = []
        self.parse = [
            {
                "hostname": "in.alder.example",
                "url": f"{BASE}/hooks/sendgrid/inbound/tokentoken/",
                "send_raw": True,
                "spam_check": False,
            }
        ]
        self.events: list[dict[str, Any]] = [
            {
                "url": f"{BASE}/hooks/sendgrid/events/",
                "enabled": True,
                "public_key": "publickey",
            }
        ]

    def __call__(self, sock: socket.socket, heard: bytes) -> None:
        head, _, body = heard.decode().partition("\r\n\r\n")
        method, target, _ = head.split(" ", 2)
        path = urlsplit(target).path
        self.asked.append(path)
        self.heads.append(head)
        if self.instead is not None:
            return self.instead(sock, heard)
        for fragment, script in self.instead_of.items():
            if fragment in path:
                return script(sock, heard)
        if (method, path) == ("POST", "/v3/mail/send"):
            return self._take(sock, heard, json.loads(body))
        return say(sock, 200, self._answer(path, parse_qs(urlsplit(target).query)))

    def _take(self, sock: socket.socket, heard: bytes, mail: dict[str, Any]) -> None:
        self.mails.append(mail)
        if self.after is not None:
            return self.after(sock, heard)
        taken = {"X-Message-Id": uuid.uuid4().hex[:22]}
        return answer(202, b"", taken)(sock, heard)

    def _answer(self, path: str, query: dict[str, list[str]]) -> Any:
        return {
            "/v3/scopes": {"scopes": self.scopes},
            "/v3/whitelabel/domains": self.domains,
            "/v3/verified_senders": {"results": self.senders},
            "/v3/user/webhooks/parse/settings": {"result": self.parse},
            "/v3/user/webhooks/event/settings/all": {
                "max_allowed": 5,
                "webhooks": self.events,
            },
        }[path]


def say(sock: socket.socket, status: int, data: Any) -> None:
    kind = {"Content-Type": "application/json"}
    answer(status, json.dumps(data).encode(), kind)(sock, b"")


def vendor_error(
    status: int, message: str, headers: dict[str, str] | None = None
) -> Script:
    words = {"errors": [{"message": message, "field": None, "help": None}]}
    return answer(status, json.dumps(words).encode(), headers)


def point_at(settings: Settings, url: str) -> None:
    """SendGrid's account, at this address."""
    settings.SENDGRID_API_KEY = KEY
    settings.SENDGRID_FROM_EMAIL = SALES
    settings.SENDGRID_BASE_URL = url.rstrip("/")
    settings.SENDGRID_INBOUND_DOMAIN = "in.alder.example"
    settings.SENDGRID_INBOUND_TOKEN = "tokentoken"
    settings.SENDGRID_WEBHOOK_PUBLIC_KEY = "publickey"
    settings.PUBLIC_BASE_URL = BASE


@pytest.fixture
def sendgrid(serve: Callable[[Script], Loopback], settings: Settings) -> SendGrid:
    """A SendGrid that the installation is set up for."""
    sendgrid = SendGrid()
    point_at(settings, serve(sendgrid).url)
    return sendgrid
