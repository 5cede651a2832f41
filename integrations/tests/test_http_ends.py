"""What each end of an outgoing call is told as, on a real loopback server."""

import gzip
import io
import socket
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pytest_django import Settings

from integrations import http, http_guard, http_net
from integrations.http import HttpError, Outcome
from integrations.tests import http_loopback as loopback
from integrations.tests.http_loopback import Loopback, Script, answer

fresh_door, serve = loopback.fresh_door, loopback.serve


def call(server: Loopback, method: str = "POST", **given: Any) -> http.Response:
    given = {"service": "vendor", "deadline": 5.0, **given}
    return http.request(method, server.url + "path?q=1", **given)


def failure(server: Loopback, **given: Any) -> HttpError:
    with pytest.raises(HttpError) as caught:
        call(server, **given)
    return caught.value


def test_an_answer_carries_status_headers_body_address_and_time(serve: Any) -> None:
    server = serve(answer(201, b'{"id": "a\xc3\xa9"}', {"X-Id": "7"}))
    response = call(server, json={"to": "you"}, headers={"X-Mine": "yes"})
    assert (response.status, response.ok) == (201, True)
    assert response.headers["x-id"] == response.headers["X-ID"] == "7"
    assert response.json() == {"id": "aé"}
    assert response.url == server.url + "path?q=1"
    assert 0 < response.elapsed < 5
    assert b'{"to":"you"}' in server.requests[0]
    assert b"X-Mine: yes" in server.requests[0]


def test_form_params_and_basic_auth_reach_the_server(serve: Any) -> None:
    server = serve(answer())
    http.request(
        "post",
        server.url,
        service="vendor",
        data={"To": "+14155550123", "MediaUrl": ["a", "b"]},
        params={"page": 2},
        auth=("user", "pass word"),
        deadline=5,
    )
    assert server.requests[0].startswith(b"POST /?page=2 HTTP/1.1")
    assert b"Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in server.requests[0]
    assert server.requests[0].endswith(b"To=%2B14155550123&MediaUrl=a&MediaUrl=b")


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (loopback.hang, "timeout"),
        (loopback.hang_in_body, "timeout"),
        (loopback.drip, "timeout"),
        (loopback.drip_headers, "timeout"),
        (loopback.reset, "reset"),
        (loopback.reset_in_body, "reset"),
        (lambda sock, heard: sock.close(), "protocol"),
        (lambda sock, heard: sock.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"), "protocol"),
        (answer(200, b"junk", {"Content-Encoding": "gzip"}), "unreadable"),
    ],
    ids=[
        "hang",
        "hang in body",
        "drip body",
        "drip headers",
        "reset",
        "reset in body",
        "close",
        "no http",
        "broken gzip",
    ],
)
def test_after_the_request_was_written_the_truth_is_unknown(
    serve: Any, script: Script, code: str
) -> None:
    server = serve(script)
    began = time.monotonic()
    error = failure(server, deadline=0.6)
    assert (error.outcome, error.code) == (Outcome.UNKNOWN, code)
    assert "127.0.0.1" in error.words
    assert time.monotonic() - began < 3
    assert len(server.requests) == 1


def test_a_refused_connection_is_a_definite_no(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{port}"]
    with pytest.raises(HttpError) as caught:
        http.request("POST", f"http://127.0.0.1:{port}/", service="v", deadline=2)
    assert (caught.value.outcome, caught.value.code) == (Outcome.REFUSED, "connect")


def test_a_connect_that_hangs_is_a_definite_no(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dial(address: http_guard.Address, seconds: float) -> socket.socket:
        time.sleep(seconds)
        raise TimeoutError

    settings.OUTBOUND_ALLOW = ["127.0.0.1:9"]
    monkeypatch.setattr(http_net, "dial", dial)
    began = time.monotonic()
    with pytest.raises(HttpError) as caught:
        http.request("POST", "http://127.0.0.1:9/", service="v", deadline=0.3)
    assert (caught.value.outcome, caught.value.code) == (Outcome.REFUSED, "connect")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("hangs", [False, True])
def test_a_name_that_is_not_found_in_time_is_a_definite_no(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    def look_up(*args: Any, **kwargs: Any) -> list[Any]:
        time.sleep(3 if hangs else 0)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    began = time.monotonic()
    with pytest.raises(HttpError) as caught:
        http.request("POST", "https://nowhere.example/", service="v", deadline=0.3)
    assert (caught.value.outcome, caught.value.code) == (Outcome.REFUSED, "dns")
    assert time.monotonic() - began < 2


def test_a_body_over_the_limit_stops_the_call(serve: Any) -> None:
    declared = failure(serve(answer(200, b"x" * 5000)), max_bytes=4999)
    assert (declared.outcome, declared.code) == (Outcome.UNKNOWN, "too_large")
    assert call(serve(answer(200, b"x" * 5000)), max_bytes=5000).ok

    def chunked(sock: socket.socket, heard: bytes) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100_000):
            sock.sendall(b"3e8\r\n" + b"y" * 1000 + b"\r\n")

    endless = failure(serve(chunked), max_bytes=100_000)
    assert endless.code == "too_large"


def test_a_small_body_that_unpacks_to_a_huge_one_is_stopped(serve: Any) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    server = serve(answer(200, bomb, {"Content-Encoding": "gzip"}))
    assert failure(server, max_bytes=1_000_000).code == "too_large"
    deflated = answer(200, zlib.compress(b"hello"), {"Content-Encoding": "deflate"})
    assert call(serve(deflated)).body == b"hello"


def test_html_in_place_of_json_says_so_in_clear_words(serve: Any) -> None:
    page = b"<html>Bad gateway token=abcdef</html>"
    html = {"Content-Type": "text/html; charset=utf-8"}
    for status, outcome in ((200, Outcome.UNKNOWN), (404, Outcome.PERMANENT)):
        response = call(serve(answer(status, page, html)))
        with pytest.raises(HttpError) as caught:
            response.json()
        assert caught.value.outcome is outcome
        assert caught.value.code == "unreadable"
        assert f"answered {status} with 37 bytes of text/html" in caught.value.words
        assert "abcdef" not in caught.value.words


def test_json_too_deep_to_read_is_unreadable_not_a_crash(serve: Any) -> None:
    response = call(serve(answer(200, b"[" * 100_000)))
    with pytest.raises(HttpError, match="not JSON"):
        response.json()


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("text/plain; charset=iso-8859-1", b"caf\xe9", "café"),
        ("text/plain; charset=no-such", b"caf\xc3\xa9", "café"),
        ("text/plain", b"caf\xe9", "caf�"),
    ],
)
def test_text_never_raises(serve: Any, header: str, body: bytes, text: str) -> None:
    response = call(serve(answer(200, body, {"Content-Type": header})))
    assert response.text == text


def test_a_call_that_may_be_repeated_uses_a_kept_connection(serve: Any) -> None:
    server = serve(answer())
    for _ in range(3):
        assert call(server, "GET").ok
        assert call(server, "PUT", retry=http.RetryPolicy()).ok
    assert (server.connections, len(server.requests)) == (1, 6)


def test_a_call_that_must_not_be_repeated_gets_its_own_connection(serve: Any) -> None:
    server = serve(answer())
    for _ in range(3):
        assert call(server, "POST").ok
    assert (server.connections, len(server.requests)) == (3, 3)


def test_connections_closed_without_a_word_give_no_false_unknown(serve: Any) -> None:
    server = serve(loopback.answer_and_close)
    for _ in range(50):
        assert call(server, "GET").ok
    heard = len(server.requests)
    for _ in range(50):
        assert call(server, "POST").ok
    assert len(server.requests) == heard + 50


def test_a_reset_on_a_new_connection_is_unknown_even_for_a_get(serve: Any) -> None:
    server = serve(loopback.reset)
    assert failure(server, method="GET").outcome is Outcome.UNKNOWN
    assert len(server.requests) == 1


def test_many_kept_connections_that_died_are_all_passed_over(serve: Any) -> None:
    server = serve(answer())
    with ThreadPoolExecutor(8) as pool:
        assert all(r.ok for r in pool.map(lambda _: call(server, "GET"), range(64)))
    transport = http_net.transport_for("vendor")
    for connection in transport._pool.connections:
        stream = connection._connection._network_stream  # type: ignore[attr-defined]
        stream._sock.shutdown(socket.SHUT_WR)  # a write fails, a look does not
    heard = len(server.requests)
    policy = http.RetryPolicy(attempts=1)
    assert call(server, "POST", retry=policy).ok
    assert len(server.requests) == heard + 1


def test_cookies_of_one_call_never_reach_another(serve: Any) -> None:
    server = serve(answer(200, b"ok", {"Set-Cookie": "sid=1; Path=/"}))
    call(server)
    call(server)
    assert b"cookie" not in server.requests[1].lower()


def test_a_malformed_request_is_permanent_and_quotes_nothing(serve: Any) -> None:
    server = serve(answer())
    secret = "sosecretvalue"
    errors = [
        failure(server, headers={"X-Api-Key": f"{secret}\r\nX: y"}),
        failure(server, headers={"X-Api-Key": f"{secret}\u2603"}),
    ]
    for url in (f"http://h:{secret}/", "http://[::1/", "", "nonsense"):
        with pytest.raises(HttpError) as caught:
            http.request("GET", url, service="v", deadline=1)
        errors.append(caught.value)
    for error in errors:
        assert error.outcome is Outcome.PERMANENT
        assert secret not in repr(error)
        assert error.__context__ is None
        assert error.__cause__ is None
    assert server.requests == []


def test_a_deadline_must_be_given_within_reason(serve: Any) -> None:
    for seconds in (0.0, -1.0, 601.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="deadline"):
            call(serve(answer()), deadline=seconds)


def test_a_download_goes_to_the_file_and_stops_over_the_limit(serve: Any) -> None:
    given: dict[str, Any] = {"service": "media", "deadline": 5}
    picture = serve(answer(200, b"p" * 9000, {"Content-Type": "image/PNG; q=1"}))
    file = io.BytesIO()
    done = http.download(picture.url, file=file, max_bytes=9000, **given)
    assert (done.status, done.size, done.content_type) == (200, 9000, "image/png")
    assert file.getvalue() == b"p" * 9000

    with pytest.raises(HttpError) as caught:
        http.download(picture.url, file=io.BytesIO(), max_bytes=8999, **given)
    assert (caught.value.outcome, caught.value.code) == ("permanent", "too_large")

    missing = serve(answer(404, b"<html>not here</html>"))
    file = io.BytesIO()
    gone = http.download(missing.url, file=file, max_bytes=9000, **given)
    assert (gone.status, gone.size, gone.ok, file.getvalue()) == (404, 0, False, b"")

    with pytest.raises(HttpError) as caught:
        http.download(
            serve(loopback.drip).url,
            file=io.BytesIO(),
            service="media",
            deadline=0.4,
            max_bytes=9000,
        )
    assert caught.value.code == "timeout"
