"""Signed reply addresses and links: ours are read back, nothing else is."""

import random
import string
import uuid
from typing import Any

import pytest

from leads.tests.factories import ContactPointFactory
from messaging.addressing import (
    BadToken,
    conversation_of_address,
    is_for,
    preference_token,
    read_preference_token,
    reply_address,
)
from messaging.models import Conversation, Message

DOMAIN = "reply.acme.example"


@pytest.fixture(autouse=True)
def _domain(settings: Any) -> None:
    settings.SENDGRID_INBOUND_DOMAIN = DOMAIN
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "k" * 50, []


def test_a_reply_address_leads_back_to_its_conversation_in_any_case() -> None:
    for _ in range(200):
        talk = Conversation(public_id=uuid.uuid4())
        address = reply_address(talk)
        local, _, domain = address.partition("@")
        assert len(local) <= 64
        assert domain == DOMAIN
        assert local.startswith("reply+")
        for spelled in (address, address.upper(), f" {address.title()} "):
            assert conversation_of_address(spelled) == talk.public_id


def test_without_a_domain_there_is_no_reply_address(settings: Any) -> None:
    settings.SENDGRID_INBOUND_DOMAIN = ""
    assert reply_address(Conversation(public_id=uuid.uuid4())) == ""


def test_an_address_outlives_its_domain(settings: Any) -> None:
    talk = Conversation(public_id=uuid.uuid4())
    old = reply_address(talk)
    settings.SENDGRID_INBOUND_DOMAIN = "new.acme.example"
    assert conversation_of_address(old) == talk.public_id


def test_no_changed_letter_of_an_address_is_believed() -> None:
    address = reply_address(Conversation(public_id=uuid.uuid4()))
    letters = string.ascii_lowercase + "234567"
    start, end = address.index("+") + 1, address.index("@")
    for at in range(start, end):
        for letter in letters:
            if letter != address[at]:
                forged = address[:at] + letter + address[at + 1 :]
                assert conversation_of_address(forged) is None


def test_rubbish_is_nobodys_address() -> None:
    token = reply_address(Conversation(public_id=uuid.uuid4())).partition("@")[0]
    odd = random.Random(7)
    rubbish = ["", "@", "reply+@x", "reply@" + DOMAIN, token, f"{token}@", "\x00" * 99]
    rubbish += [f"{token}@{DOMAIN}\nBcc: x@y.example", f"a{token}@{DOMAIN}", "ß" * 400]
    rubbish += [f"{token}@a@{DOMAIN}", f"<{token}@{DOMAIN}>", token.replace("+", "-")]
    rubbish += ["".join(chr(odd.randrange(1, 0x2FF)) for _ in range(80))] * 50
    rubbish += [f"reply+{'a' * size}@{DOMAIN}" for size in range(0, 2_000, 37)]
    assert [conversation_of_address(one) for one in rubbish] == [None] * len(rubbish)


def test_old_keys_verify_while_they_are_kept(settings: Any) -> None:
    talk = Conversation(public_id=uuid.uuid4())
    point = ContactPointFactory.build(pk=5, mail=True)
    address, link = reply_address(talk), preference_token(point, "email")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 50, ["k" * 50]
    assert conversation_of_address(address) == talk.public_id
    assert is_for(read_preference_token(link), point)
    assert reply_address(talk) != address
    settings.SECRET_KEY_FALLBACKS = []
    assert conversation_of_address(address) is None
    with pytest.raises(BadToken):
        read_preference_token(link)


def test_a_preference_token_carries_ids_only_and_fits_an_address() -> None:
    point = ContactPointFactory.build(pk=12, kind="email", value="dana@reyes.example")
    message = Message(pk=345)
    token = preference_token(point, "email", message)
    read = read_preference_token(token)
    assert (read.point, read.channel, read.message) == (12, "email", 345)
    assert is_for(read, point)
    assert "dana" not in token
    assert len(f"<https://leads.example.com/u/{token}/>") < 78
    assert set(token) <= set(string.ascii_letters + string.digits + "-_")


def test_a_token_is_only_for_the_address_it_was_made_for() -> None:
    dana = ContactPointFactory.build(pk=12, kind="email", value="dana@reyes.example")
    other = ContactPointFactory.build(pk=13, kind="email", value="sam@ito.example")
    # After a restore from a backup the number may be another's.
    reused = ContactPointFactory.build(pk=12, kind="email", value="sam@ito.example")
    read = read_preference_token(preference_token(dana, "email"))
    assert is_for(read, dana)
    assert not is_for(read, other)
    assert not is_for(read, reused)


def test_no_changed_token_is_read() -> None:
    point = ContactPointFactory.build(pk=12, mail=True)
    token = preference_token(point, "email")
    for at in range(len(token)):
        letter = "A" if token[at] != "A" else "B"
        forged = token[:at] + letter + token[at + 1 :]
        with pytest.raises(BadToken):
            read_preference_token(forged)
    for rubbish in ("", ".", "a.b", "\x00", "é.é", "x" * 5_000, token[:-4], "A" * 44):
        with pytest.raises(BadToken):
            read_preference_token(rubbish)
