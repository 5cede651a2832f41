"""Contract cases of the mail roads, on top of every transport's."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from integrations.tests.cases import TransportCases
from messaging.transports import (
    Outcome,
    OutgoingMail,
    OutgoingMessage,
    TransportError,
)

SALES = "sales@alder.example"
DANA = "dana@example.net"


def outgoing(**fields: Any) -> OutgoingMessage:
    """A mail; `mail` may hold some of OutgoingMail's fields."""
    public_id = fields.pop("public_id", uuid.uuid4())
    mail = {
        "message_id": f"{public_id}@alder.example",
        "from_name": "Ana at Alder",
        "reply_to": "reply+abc@in.alder.example",
        "in_reply_to": "first@example.net",
        "references": ("zero@example.net", "first@example.net"),
        "html": "<p>Hello <b>Dana</b></p>",
        "headers": (
            ("List-Unsubscribe", "<https://leads.example.com/u/token/>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
        **fields.pop("mail", {}),
    }
    given = {
        "public_id": public_id,
        "channel": "email",
        "from_address": SALES,
        "to_address": DANA,
        "body": "Hello Dana 👋",
        "subject": "Your desks",
        "mail": OutgoingMail(**mail),
        **fields,
    }
    return OutgoingMessage(**given)


class MailTransportCases(TransportCases):
    """For a road that keeps no list: it must say so, not answer "nothing there"."""

    def message(self, **fields: Any) -> OutgoingMessage:
        return outgoing(**fields)

    def test_what_was_sent_is_found_again(self) -> None:
        self.accept_all()
        message = self.message()
        self.transport.send(message)
        self.assert_no_list(message)

    def test_another_message_is_not_found(self) -> None:
        self.accept_all()
        self.assert_no_list(self.message(to_address="other@example.net"))

    def assert_no_list(self, message: OutgoingMessage) -> None:
        with pytest.raises(TransportError) as caught:
            self.transport.find(message, since=timezone.now())
        assert caught.value.code == "no_list"
        assert "no list" in caught.value.words

    @pytest.mark.parametrize(
        "changed",
        [
            {"subject": "Hi\r\nBcc: all@example.net"},
            {"to_address": "dana@example.net\r\nRCPT TO:<x@example.net>"},
            {"to_address": "Dana <dana@example.net>"},
            {"to_address": "dana"},
            {"to_address": "dänä@example.net"},
            {"body": "half a \ud83d"},
            {"mail": {"from_name": "Ana\nX: 1"}},
            {"mail": {"reply_to": "a@example.net\r\nX: 1"}},
            {"mail": {"message_id": "a b@example.net"}},
            {"mail": {"message_id": ""}},
            {"mail": {"in_reply_to": "a>\r\nX: 1"}},
            {"mail": {"references": ("a@x", "b\n@x")}},
            {"mail": {"headers": (("X-Own", "a\r\nBcc: x@example.net"),)}},
            {"mail": {"headers": (("X-Own: 1\r\nBcc", "x@example.net"),)}},
            {"mail": {"headers": (("Bcc", "x@example.net"),)}},
            {"mail": {"headers": (("Content-Type", "text/plain"),)}},
        ],
    )
    def test_no_header_is_smuggled_in_and_nothing_is_called(
        self, changed: dict[str, Any]
    ) -> None:
        self.accept_all()
        before = self.taken()
        with pytest.raises(TransportError) as caught:
            self.transport.send(self.message(**changed))
        assert caught.value.outcome is Outcome.PERMANENT
        assert not caught.value.elsewhere
        assert self.taken() == before

    def taken(self) -> int:
        """How many mails the other side has."""
        raise NotImplementedError
