"""The door behind a real server: bodies that are too large, copies at once."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from integrations.intake import Intake
from integrations.models import WebhookDelivery
from integrations.tests.webhook_requests import (
    SMS,
    Call,
    app,
    recorded,
    signed,
    twilio_settings,
)

__all__ = ["app", "twilio_settings"]  # fixtures

MEGABYTE = 1_048_576


@pytest.fixture
def port(app: Intake) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, daemon=True
    )
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def ask(port: int, call: Call) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("POST", call.path, call.body, call.headers)
    status = connection.getresponse().status
    connection.close()
    return status


def ask_in_chunks(port: int, path: str, megabytes: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    pieces = (b"x" * MEGABYTE for _ in range(megabytes))
    connection.request(
        "POST",
        path,
        pieces,
        encode_chunked=True,
        headers={"Transfer-Encoding": "chunked"},
    )
    return connection.getresponse().status


def test_a_sender_of_somewhat_too_much_hears_413_not_a_reset(port: int) -> None:
    assert ask(port, Call(SMS, b"x" * (3 * MEGABYTE))) == 413
    assert ask_in_chunks(port, SMS, 3) == 413
    assert ask(port, Call("/anything/", b"x" * (14 * MEGABYTE))) == 413
    assert ask_in_chunks(port, "/anything/", 14) == 413
    assert ask(port, Call("/anything/", b"x" * (11 * MEGABYTE))) == 200


def test_a_huge_body_is_refused_before_it_is_heard(port: int) -> None:
    for path in (SMS, "/anything/"):
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            head = (
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000000\r\n\r\n"
            )
            sock.sendall(head.encode())
            assert sock.recv(100).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_is_cut_off(port: int) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", port), 10) as sock:
        head = f"POST {SMS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        sock.sendall(head.encode())
        piece = b"%x\r\n%s\r\n" % (MEGABYTE, b"x" * MEGABYTE)
        try:
            while sent < 200:
                sock.sendall(piece)
                sent += 1
        except OSError:
            pass  # the server has closed
    assert sent < 60


def test_fifty_copies_over_the_wire_become_one_row(port: int) -> None:
    call = signed(SMS, recorded("sms_text"))
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: ask(port, call), range(50)))
    assert set(statuses) == {200}
    assert WebhookDelivery.objects.count() == 1


def test_two_hundred_texts_over_the_wire_are_all_kept(port: int) -> None:
    sids = [f"SM{n:032x}" for n in range(200)]
    calls = [signed(SMS, {**recorded("sms_text"), "MessageSid": sid}) for sid in sids]
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda call: ask(port, call), calls))
    assert set(statuses) == {200}
    assert set(WebhookDelivery.objects.values_list("external_id", flat=True)) == set(
        sids
    )
