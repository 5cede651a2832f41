"""Which conversation a mail joins: sixty mails, one world of three leads."""

from dataclasses import dataclass
from typing import Any

import pytest

from leads import capture
from leads.models import Team
from messaging.addressing import reply_address
from messaging.channels import ensure_channel
from messaging.conversations import conversation_of
from messaging.mail.threading import thread_ids
from messaging.models import Conversation, Mail, Message
from messaging.tests.mail_talk import DANA, OURS, mail_in, mail_mode, read

pytestmark = pytest.mark.django_db
DOMAIN = "in.alder.example"
SAM = "sam@ito.example"
NEW = "new@person.example"


@dataclass
class World:
    """Dana's talk holds a1 (ours) and d1 (hers), Sam's b1 (ours); Kim only texts."""

    dana: Conversation
    sam: Conversation
    kim: Conversation

    def name_of(self, conversation: Conversation) -> str:
        known = {self.dana.pk: "dana", self.sam.pk: "sam", self.kim.pk: "kim"}
        return known.get(conversation.pk, "new")

    def fill(self, text: str) -> str:
        """Put the signed addresses in the places of {dana}, {sam} and {kim}."""
        return text.format(
            dana=reply_address(self.dana),
            sam=reply_address(self.sam),
            kim=reply_address(self.kim),
        )


def talk_with(address: str, *ids: tuple[str, str], phone: str = "") -> Conversation:
    found = capture.capture_lead(
        email=address, phone=phone, team=Team.default(), source="test", actor="test"
    )
    conversation = conversation_of(found.lead)
    channel = ensure_channel(kind="email", address=OURS)
    for direction, header in ids:
        message = Message.objects.create(
            conversation=conversation,
            direction=direction,
            kind="email",
            channel=channel,
            author="ai" if direction == "outbound" else "lead",
            state="sent" if direction == "outbound" else "received",
            subject="Desks",
            body="words",
        )
        Mail.objects.create(message=message, header_id=header)
    return conversation


@pytest.fixture
def world(settings: Any) -> World:
    settings.SENDGRID_INBOUND_DOMAIN = DOMAIN
    mail_mode("off")
    return World(
        dana=talk_with(DANA, ("outbound", "a1@alder"), ("inbound", "d1@reyes")),
        sam=talk_with(SAM, ("outbound", "b1@alder")),
        kim=talk_with("", phone="+14155550177"),
    )


Case = tuple[str, dict[str, Any], str]
# What the mail has, and whose talk it joins. Dana writes unless said otherwise.
CASES: list[Case] = [
    # nothing in the headers: the sender decides
    ("a known sender", {}, "dana"),
    ("another known sender", {"sender": SAM}, "sam"),
    ("an unknown sender", {"sender": NEW}, "new"),
    ("a sender in capitals", {"sender": "DANA@Reyes.Example"}, "dana"),
    ("an unknown sender, a known subject", {"sender": NEW, "subject": "Desks"}, "new"),
    ("an unknown sender, Re: it", {"sender": NEW, "subject": "Re: Desks"}, "new"),
    ("an unknown sender, AW: it", {"sender": NEW, "subject": "AW: Desks"}, "new"),
    ("no subject", {"subject": ""}, "dana"),
    ("no subject, unknown sender", {"subject": "", "sender": NEW}, "new"),
    ("no Message-ID", {"message_id": ""}, "dana"),
    ("no Message-ID, unknown sender", {"message_id": "", "sender": NEW}, "new"),
    ("an empty In-Reply-To", {"in_reply_to": ("",), "sender": NEW}, "new"),
    ("a blank In-Reply-To", {"in_reply_to": ("  ",), "sender": NEW}, "new"),
    ("empty brackets", {"in_reply_to": ("<>",), "sender": NEW}, "new"),
    ("an empty References", {"references": ("",), "sender": NEW}, "new"),
    # In-Reply-To
    ("answers ours", {"in_reply_to": ("a1@alder",)}, "dana"),
    ("answers its own", {"in_reply_to": ("d1@reyes",)}, "dana"),
    ("in brackets", {"in_reply_to": ("<a1@alder>",)}, "dana"),
    ("with spaces", {"in_reply_to": (" a1@alder ",)}, "dana"),
    ("a stranger answers", {"in_reply_to": ("a1@alder",), "sender": NEW}, "dana"),
    ("Sam answers Dana's", {"in_reply_to": ("a1@alder",), "sender": SAM}, "dana"),
    ("answers nothing of ours", {"in_reply_to": ("x@y",), "sender": NEW}, "new"),
    ("answers nothing, is known", {"in_reply_to": ("x@y",)}, "dana"),
    ("two, the first ours", {"in_reply_to": ("b1@alder", "a1@alder")}, "sam"),
    ("two, the second ours", {"in_reply_to": ("x@y", "b1@alder")}, "sam"),
    ("an id in other case", {"in_reply_to": ("A1@ALDER",), "sender": NEW}, "new"),
    ("part of an id", {"in_reply_to": ("a1",), "sender": NEW}, "new"),
    ("a longer id", {"in_reply_to": ("xa1@alder",), "sender": NEW}, "new"),
    ("an endless id", {"in_reply_to": ("a" * 5000,), "sender": NEW}, "new"),
    ("answers itself", {"message_id": "s@s", "in_reply_to": ("s@s",)}, "dana"),
    ("a pattern", {"in_reply_to": ("%@alder",), "sender": NEW}, "new"),
    # References
    ("refers to ours", {"references": ("a1@alder",), "sender": NEW}, "dana"),
    ("refers first to others", {"references": ("x@y", "a1@alder")}, "dana"),
    ("refers last to others", {"references": ("a1@alder", "x@y")}, "dana"),
    ("the latest of two", {"references": ("a1@alder", "b1@alder")}, "sam"),
    ("the latest of three", {"references": ("b1@alder", "x@y", "a1@alder")}, "dana"),
    (
        "In-Reply-To before References",
        {"in_reply_to": ("a1@alder",), "references": ("b1@alder",)},
        "dana",
    ),
    (
        "References after an unknown In-Reply-To",
        {"in_reply_to": ("x@y",), "references": ("b1@alder",)},
        "sam",
    ),
    ("refers to nothing of ours", {"references": ("x@y", "z@y"), "sender": NEW}, "new"),
    (
        "among a hundred, at the end",
        {"references": (*(f"{n}@x" for n in range(99)), "b1@alder")},
        "sam",
    ),
    ("refers to itself", {"message_id": "s@s", "references": ("s@s",)}, "dana"),
    # the signed reply address
    ("to Dana's address", {"recipients": ("{dana}",), "sender": NEW}, "dana"),
    ("to Sam's address", {"recipients": ("{sam}",), "sender": NEW}, "sam"),
    ("to Sam's address, by Dana", {"recipients": ("{sam}",)}, "sam"),
    ("to Kim, who only texts", {"recipients": ("{kim}",), "sender": NEW}, "kim"),
    ("second of To", {"recipients": (OURS, "{dana}"), "sender": NEW}, "dana"),
    ("in the envelope", {"envelope_to": ("{dana}",), "sender": NEW}, "dana"),
    ("in capitals", {"recipients": ("{dana}",), "sender": NEW, "upper": True}, "dana"),
    ("a forged one", {"recipients": (f"reply+aaaa@{DOMAIN}",), "sender": NEW}, "new"),
    ("a cut one", {"recipients": ("{dana}",), "sender": NEW, "cut": True}, "new"),
    ("without a token", {"recipients": (f"reply@{DOMAIN}",), "sender": NEW}, "new"),
    ("only the domain", {"recipients": (f"hello@{DOMAIN}",), "sender": NEW}, "new"),
    (
        "headers before the address",
        {"in_reply_to": ("a1@alder",), "recipients": ("{sam}",)},
        "dana",
    ),
    (
        "References before the address",
        {"references": ("a1@alder",), "recipients": ("{sam}",)},
        "dana",
    ),
    (
        "the address after unknown headers",
        {"in_reply_to": ("x@y",), "recipients": ("{sam}",)},
        "sam",
    ),
    ("the address before the sender", {"recipients": ("{kim}",)}, "kim"),
    ("two addresses: the first", {"recipients": ("{sam}", "{kim}")}, "sam"),
    # worlds apart
    (
        "a simulated lead answers ours",
        {"in_reply_to": ("a1@alder",), "sim": True},
        "new",
    ),
    (
        "a simulated lead at our address",
        {"recipients": ("{dana}",), "sim": True},
        "new",
    ),
    ("a simulated known sender", {"sim": True}, "new"),
]


@pytest.mark.parametrize(
    ("has", "joins"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_mail_joins_the_conversation_it_belongs_to(
    has: dict[str, Any], joins: str, world: World
) -> None:
    fields = dict(has)
    simulated = fields.pop("sim", False)
    upper, cut = fields.pop("upper", False), fields.pop("cut", False)
    for name in ("recipients", "envelope_to"):
        if name in fields:
            filled = [world.fill(one) for one in fields[name]]
            filled = [one.upper() if upper else one for one in filled]
            fields[name] = tuple(
                one.replace("@", "x@") if cut else one for one in filled
            )
    stored = mail_in(
        "words", simulated=simulated, envelope_from="them@x.example", **fields
    )
    assert stored is not None
    assert world.name_of(stored.conversation) == joins


def test_there_are_sixty_cases() -> None:
    assert len(CASES) == 60
    assert len({name for name, _, _ in CASES}) == 60


def test_the_surest_id_comes_first_and_its_own_never() -> None:
    mail = read(
        "", message_id="me@x", in_reply_to=("<p@x>",), references=("g@x", "p@x", "me@x")
    )
    assert thread_ids(mail) == ["p@x", "g@x"]
