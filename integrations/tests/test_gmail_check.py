"""The Gmail test connects and signs in, and tells apart what is wrong."""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from pytest_django import Settings

from integrations import services
from integrations.providers.gmail import SERVICE
from integrations.services import ServiceResult, ServiceState
from integrations.tests.http_loopback import fresh_door
from integrations.tests.smtp_loopback import (
    PASSWORD,
    USER,
    Post,
    certificate,
    gmail,
    make_certificate,
    point_at,
    post,
    trusted,
)

__all__ = ["certificate", "fresh_door", "gmail", "post", "trusted"]  # fixtures
Start = Callable[..., Controller]
State = ServiceState


def ask(**given: Any) -> ServiceResult:
    return services.check(SERVICE, **given)


def test_it_signs_in_and_sends_nothing(gmail: Start, post: Post) -> None:
    gmail()
    found = ask()
    assert (found.state, found.fix) == (State.OK, "")
    assert USER in found.words
    assert "gsmtp" in found.detail
    assert post.signed_in == [USER]
    assert post.envelopes == []


def test_a_wrong_password_is_rejected_with_the_way_to_a_right_one(
    gmail: Start, settings: Settings
) -> None:
    gmail()
    settings.GMAIL_APP_PASSWORD = "the accounts own"
    found = ask()
    assert found.state is State.REJECTED
    assert "myaccount.google.com/apppasswords" in found.fix
    assert "theaccountsown" not in repr(found).replace(" ", "")


def test_an_own_password_where_an_app_password_is_wanted(
    gmail: Start, post: Post
) -> None:
    gmail()
    post.answers["AUTH"] = "534 5.7.9 Application-specific password required"
    found = ask()
    assert found.state is State.REJECTED
    assert "app password" in found.words


def test_too_many_sign_ins_leave_the_password_undoubted(
    gmail: Start, post: Post
) -> None:
    gmail()
    post.answers["AUTH"] = "454 4.7.0 Too many login attempts, please try again later"
    found = ask()
    assert found.state is State.RATE_LIMITED
    assert "not in doubt" in found.words


def test_a_mute_server_is_unreachable_and_never_reads_bad_password(
    settings: Settings,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        point_at(settings, mute.getsockname()[1])
        started = time.monotonic()
        found = ask(deadline=0.6)
    assert time.monotonic() - started < 2.5
    assert found.state is State.UNREACHABLE
    words = f"{found.words} {found.fix}".lower()
    assert not {"password", "key", "rejected"} & set(words.replace(".", "").split())


def test_a_closed_port_says_what_was_tried(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    point_at(settings, port)
    for _ in range(5):
        found = ask()
        assert found.state is State.UNREACHABLE
        assert f"Tried: 127.0.0.1:{port}" in found.words
    assert "was not called" in ask().words
    assert ask().state is State.UNREACHABLE


def test_a_certificate_of_somebody_else_is_set_up_wrongly(
    gmail: Start, tmp_path: Path
) -> None:
    gmail(certificate=make_certificate(tmp_path))
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert "Nothing was said to it" in found.words


def test_an_address_that_is_none_is_not_called(
    settings: Settings, gmail: Start, post: Post
) -> None:
    gmail()
    settings.GMAIL_ADDRESS = "house"
    found = ask()
    assert found.state is State.MISCONFIGURED
    assert post.signed_in == []


def test_no_secret_is_in_what_it_says(gmail: Start, post: Post) -> None:
    gmail()
    post.answers["AUTH"] = f"535 5.7.8 no to {PASSWORD}"
    assert PASSWORD not in repr(ask())
