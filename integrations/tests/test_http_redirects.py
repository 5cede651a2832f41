"""Redirects are answers; when followed, each hop is judged like the first."""

import socket
from typing import Any

import pytest

from integrations import http
from integrations.http import HttpError, Outcome
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import Loopback, answer, fetch

fresh_door, serve = loopback.fresh_door, loopback.serve
canary = loopback.canary


def test_a_redirect_is_an_answer_unless_it_was_asked_to_be_followed(
    serve: Any,
) -> None:
    goal = serve(answer(200, b"goal"))
    server = serve(answer(302, b"", {"Location": goal.url}))
    answered = http.request("GET", server.url, service="s", deadline=2)
    assert (answered.status, answered.headers["location"]) == (302, goal.url)
    assert http.classify(answered) is Outcome.PERMANENT
    assert goal.requests == []
    followed = http.request(
        "GET", server.url, service="s", deadline=2, follow_redirects=True
    )
    assert (followed.body, followed.url) == (b"goal", goal.url)


@pytest.mark.parametrize(
    "goal",
    [
        "http://127.0.0.1:{p}/",
        "http://0x7f000001:{p}/",
        "//localhost:{p}/",
        "http://[::ffff:127.0.0.1]:{p}/",
        "http://169.254.169.254/latest/meta-data/",
        "ftp://127.0.0.1:{p}/",
        "file:///etc/hostname",
    ],
)
def test_a_redirect_to_an_inner_address_is_refused(
    serve: Any, canary: Loopback, goal: str
) -> None:
    server = serve(answer(302, b"", {"Location": goal.format(p=canary.port)}))
    error = fetch(server.url, follow_redirects=True)
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "guard")
    assert canary.connections == 0


def test_a_redirect_to_another_host_carries_no_secret(serve: Any) -> None:
    goal = serve(answer(200, b"goal"))
    server = serve(answer(302, b"", {"Location": goal.url}))
    followed = http.request(
        "GET",
        server.url,
        service="s",
        deadline=2,
        follow_redirects=True,
        auth=("user", "secret-pass"),
        headers={"X-Api-Key": "secret-key", "Cookie": "sid=secret-sid", "X-Odd": "odd"},
    )
    assert followed.ok
    assert b"secret-key" in server.requests[0]
    for word in (b"secret", b"Authorization", b"X-Odd", b"dXNlcj"):
        assert word not in goal.requests[0]


def test_a_redirect_within_one_host_keeps_the_credentials(serve: Any) -> None:
    def script(sock: socket.socket, heard: bytes) -> None:
        moved = answer(302, b"", {"Location": "/two"})
        (moved if b" /one " in heard else answer(200, b"two"))(sock, heard)

    server = serve(script)
    followed = http.request(
        "GET",
        server.url + "one",
        service="s",
        deadline=2,
        follow_redirects=True,
        auth=("user", "pass"),
        headers={"X-Api-Key": "key"},
    )
    assert followed.body == b"two"
    assert b"Authorization: Basic" in server.requests[1]
    assert b"X-Api-Key: key" in server.requests[1]


def test_redirects_without_end_are_given_up(serve: Any) -> None:
    server = serve(answer(302, b"", {"Location": "/again"}))
    error = fetch(server.url, follow_redirects=True)
    assert (error.outcome, error.code) == (Outcome.PERMANENT, "redirects")
    assert len(server.requests) == 6


def test_a_write_that_was_taken_and_redirected_is_unknown_when_the_rest_fails(
    serve: Any,
) -> None:
    server = serve(answer(303, b"", {"Location": "http://10.0.0.1/result"}))
    with pytest.raises(HttpError) as caught:
        http.request("POST", server.url, service="s", deadline=2, follow_redirects=True)
    assert (caught.value.outcome, caught.value.code) == (Outcome.UNKNOWN, "guard")


def test_a_body_is_never_sent_on_to_another_host(serve: Any) -> None:
    goal = serve(answer())
    server = serve(answer(307, b"", {"Location": goal.url}))
    with pytest.raises(HttpError, match="body to another host"):
        http.request(
            "POST",
            server.url,
            service="s",
            deadline=2,
            content=b"private",
            follow_redirects=True,
        )
    assert goal.requests == []
