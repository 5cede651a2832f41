"""Log lines: structured, of one request, and without a secret in any of them."""

import io
import json
import logging
import logging.config
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sentry_sdk
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from integrations.tests.http_loopback import Loopback, answer, serve  # noqa: F401
from leadsite import error_reports, log_shipping, logs

SECRET = "correct-horse-battery-staple-7"
PHONE = "+14155550123"
MAIL = "dana.reyes@example.com"


@pytest.fixture(params=["line", "json"])
def logged(
    request: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """Log through the real configuration; gives what stands in the log."""
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    monkeypatch.setenv("OTHER_URL", f"redis://:{SECRET}-b@127.0.0.1:6379/0")
    logs.secret_values.cache_clear()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    before = logging.root.handlers[:], logging.root.level
    formatter = (
        logs.json_formatter()
        if request.param == "json"
        else logs.LineFormatter("%(levelname)s %(name)s %(message)s")
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.root.handlers, logging.root.level = [handler], logging.DEBUG
    yield stream.getvalue
    logging.root.handlers, logging.root.level = before
    logs.secret_values.cache_clear()


# Sixty ways in which a secret gets near a log line.
def _ways() -> list[Callable[[logging.Logger, str], None]]:
    shapes = [
        "{0}",
        "token={0}",
        "Authorization: Bearer {0}",
        "https://a.example/x?key={0}&b=1",
        "https://user:{0}@a.example/x",
        '{{"api_key": "{0}"}}',
        "('password', '{0}')",
        "X-Api-Key: {0}",
        "the value {0} was refused",
        "[redacted] and {0}",
        "client_secret={0}; x",
        "{0}{0}",
    ]
    ways: list[Callable[[logging.Logger, str], None]] = []
    for shape in shapes:
        ways += [
            lambda log, value, shape=shape: log.info(shape.format(value)),
            lambda log, value, shape=shape: log.error("%s", shape.format(value)),
            lambda log, value, shape=shape: log.warning(
                "x", extra={"said": shape.format(value)}
            ),
            lambda log, value, shape=shape: log.warning(
                "x %s", {"deep": [shape.format(value), {"a": shape.format(value)}]}
            ),
            lambda log, value, shape=shape: _fail(log, shape.format(value)),
        ]
    return ways


def _fail(log: logging.Logger, words: str) -> None:
    try:
        try:
            raise KeyError(words)
        except KeyError as cause:
            raise ValueError(words) from cause
    except ValueError:
        log.exception("it failed")


@pytest.mark.parametrize("end", ["", "-b"])
def test_sixty_ways_to_log_a_secret_show_none(
    logged: Callable[[], str], end: str
) -> None:
    log = logging.getLogger("leads.canary")
    ways = _ways()
    assert len(ways) == 60
    for way in ways:
        way(log, SECRET + end)
    text = logged()
    assert len(text.splitlines()) >= 60
    assert SECRET not in text
    assert "[redacted]" in text
    assert "=[redacted]]" not in text, "the mark is torn apart"


def test_a_field_with_a_telling_name_is_a_secret(logged: Callable[[], str]) -> None:
    other = secrets.token_hex(8)
    extra = {"refresh_token": other, "seats": "40"}
    logging.getLogger("leads").warning("x", extra=extra)
    assert other not in logged()


def test_numbers_and_addresses_of_leads_are_masked(logged: Callable[[], str]) -> None:
    log = logging.getLogger("leads")
    forms = [PHONE, "+1 (415) 555-0123", "%2B14155550123", "+1-415-555-0123", MAIL]
    for form in forms:
        log.warning("from %s at 2026-11-25 17:01:56", form)
    text = logged()
    assert "4155550123" not in text and "555-0123" not in text
    assert "dana.reyes" not in text
    assert text.count("2026-11-25 17:01:56") == len(forms)


def test_json_is_one_object_a_line_with_its_request() -> None:
    handler = logging.StreamHandler(stream := io.StringIO())
    handler.setFormatter(logs.json_formatter())
    log = logging.getLogger("leads.one")
    log.propagate = False
    log.addHandler(handler)
    token = logs.belongs_to.set("abc12345")
    try:
        log.warning("two\nlines", extra={"rows": 3, "at": object()})
        _fail(log, "over")
    finally:
        logs.belongs_to.reset(token)
        log.removeHandler(handler)
        log.propagate = True
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["event"] == "two\nlines"
    assert (first["level"], first["logger"], first["rows"]) == (
        "warning",
        "leads.one",
        3,
    )
    assert first["request"] == second["request"] == "abc12345"
    assert first["timestamp"].endswith("Z")
    assert "ValueError: over" in second["exception"]


def test_another_handlers_formatting_leaves_nothing_on_the_record() -> None:
    record = logging.makeLogRecord({"name": "a", "msg": "x", "levelname": "INFO"})
    before = set(vars(record))
    logs.LineFormatter("%(asctime)s %(message)s").format(record)
    assert set(vars(record)) == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a1b2c3d4-proxy", True),
        ("", False),
        ("short", False),
        ("x" * 65, False),
        ("with space in", False),
        ("new\nline-in-it", False),
        ("ümlaut-abcdef", False),
    ],
)
def test_each_request_has_a_name(given: str, kept: bool) -> None:
    seen = []

    def view(request: Any) -> HttpResponse:
        seen.append(logs.belongs_to.get())
        return HttpResponse("")

    request = RequestFactory().get("/", headers={logs.HEADER: given} if given else {})
    response = logs.RequestIdMiddleware(view)(request)
    assert response[logs.HEADER] == seen[0]
    assert (seen[0] == given) is kept
    assert logs.belongs_to.get() == ""


def test_pages_answer_with_their_request_id(db: None) -> None:
    assert len(Client().get("/health/live/")[logs.HEADER]) == 16


def test_what_escapes_a_thread_passes_the_redaction(
    logged: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    logs.log_thread_deaths()

    def die() -> None:
        raise ValueError(f"bad key {SECRET}")

    thread = threading.Thread(target=die, name="a-thread")
    thread.start()
    thread.join()
    assert "a-thread died" in logged() and "bad key [redacted]" in logged()
    assert SECRET not in logged()


def test_the_configuration_takes_two_forms_and_refuses_a_third() -> None:
    for form in ("line", "json"):
        shown = logs.configuration(form=form, level="INFO", ship=False)
        assert shown["root"]["handlers"] == ["console"]
        assert shown["handlers"]["console"]["formatter"] == form
    assert (
        "cloudwatch"
        in logs.configuration(form="line", level="INFO", ship=True)["root"]["handlers"]
    )
    with pytest.raises(ValueError, match="line or json"):
        logs.configuration(form="xml", level="INFO", ship=False)


def test_djangos_own_handlers_print_nothing_beside_ours() -> None:
    configured = logs.configuration(form="line", level="INFO", ship=False)
    assert configured["loggers"]["django"] == {"handlers": [], "propagate": True}
    assert logging.getLogger("django").handlers == []


# --- CloudWatch ------------------------------------------------------------------


class Amazon(BaseHTTPRequestHandler):
    """CloudWatch Logs, as far as watchtower talks to it."""

    lines: list[str] = []
    groups: list[str] = []
    streams: list[str] = []
    broken = False
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
        action = self.headers["X-Amz-Target"].partition(".")[2]
        if self.broken:
            return self._answer(500, {"__type": "InternalFailure"})
        if action == "DescribeLogGroups":
            shown = [{"logGroupName": name} for name in self.groups]
            return self._answer(200, {"logGroups": shown})
        if action == "CreateLogGroup":
            self.groups.append(body["logGroupName"])
        elif action == "CreateLogStream":
            self.streams.append(body["logStreamName"])
        elif action == "PutLogEvents":
            if body["logStreamName"] not in self.streams:
                return self._answer(400, {"__type": "ResourceNotFoundException"})
            self.lines.extend(event["message"] for event in body["logEvents"])
        self._answer(200, {})

    def _answer(self, status: int, shown: dict[str, Any]) -> None:
        content = json.dumps(shown).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def amazon(settings: Settings) -> Iterator[type[Amazon]]:
    Amazon.lines, Amazon.groups, Amazon.streams = [], [], []
    Amazon.broken = False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Amazon)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    use_amazon(settings, server.server_port)
    yield Amazon
    server.shutdown()


def use_amazon(settings: Settings, port: int) -> None:
    settings.AWS_LOG_GROUP, settings.AWS_REGION = "leadsite", "eu-central-1"
    settings.AWS_ACCESS_KEY_ID = "AKIAXXXXXXXXXXXXXXXX"
    settings.AWS_SECRET_ACCESS_KEY = "not-a-real-secret"
    settings.AWS_ENDPOINT_URL = f"http://127.0.0.1:{port}"


@pytest.fixture
def shipping() -> Iterator[tuple[logging.Logger, log_shipping.CloudWatch]]:
    handler = log_shipping.CloudWatch()
    handler.setFormatter(logs.json_formatter())
    log = logging.getLogger("leads.shipped")
    log.addHandler(handler)
    yield log, handler
    log.removeHandler(handler)
    handler.close()


Shipping = tuple[logging.Logger, log_shipping.CloudWatch]


def wait(condition: Callable[[], object], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_lines_arrive_redacted_as_json(
    amazon: type[Amazon], shipping: Shipping
) -> None:
    log, _ = shipping
    token = logs.belongs_to.set("req-12345678")
    log.warning("from %s token=%s", PHONE, "s3cr3t-of-lead")
    logs.belongs_to.reset(token)
    wait(lambda: amazon.lines)
    (line,) = [json.loads(line) for line in amazon.lines]
    assert line["event"] == "from +…3 token=[redacted]"
    assert line["request"] == "req-12345678"
    assert amazon.groups == ["leadsite"]
    assert str(os.getpid()) in amazon.streams[0]


def test_a_line_about_shipping_is_not_shipped(
    amazon: type[Amazon], shipping: Shipping
) -> None:
    log, handler = shipping
    for name in ("botocore.endpoint", "urllib3.connectionpool", "watchtower"):
        handler.emit(logging.makeLogRecord({"name": name, "msg": "shipping"}))
    log.warning("a real one")
    wait(lambda: amazon.lines)
    assert len(amazon.lines) == 1


def test_a_black_hole_holds_nobody_up_and_what_overflows_is_counted(
    settings: Settings, shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, handler = shipping
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        use_amazon(settings, listener.getsockname()[1])
        began = time.monotonic()
        for number in range(log_shipping.WAITING + 200):
            log.warning("line %d", number)
        took = time.monotonic() - began
    assert took / (log_shipping.WAITING + 200) < 0.002
    assert handler.dropped >= 199
    assert handler._queue.qsize() <= log_shipping.WAITING
    began = time.monotonic()
    handler.flush()
    assert time.monotonic() - began < 1, "the end of the process does not wait either"


def test_lines_wait_for_an_amazon_that_comes_back(
    amazon: type[Amazon], shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_shipping, "PAUSE", 0.1)
    log, handler = shipping
    amazon.broken = True
    log.warning("while it is broken")
    time.sleep(0.5)
    assert amazon.lines == []
    amazon.broken = False
    handler.drop(3)
    log.warning("after")
    expected = {"while it is broken", "3 lines were dropped", "after"}
    wait(lambda: expected <= {json.loads(line)["event"] for line in amazon.lines})


# --- Sentry ----------------------------------------------------------------------


def test_an_error_is_reported_redacted_through_our_door(
    settings: Settings,
    serve: Callable[..., Loopback],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_API_KEY", SECRET)
    logs.secret_values.cache_clear()
    server = serve(answer(200, b'{"id": "1"}'))
    settings.SENTRY_DSN = f"http://public@{server.target}/1"
    error_reports.start()
    try:
        hidden_in_a_local = SECRET  # noqa: F841 (what a report must not show)
        logging.getLogger("leads").info("breadcrumb token=%s", "abcdefgh1")
        _fail(logging.getLogger("leads"), f"{SECRET} for {MAIL}")
        sentry_sdk.flush(5)
    finally:
        sentry_sdk.get_client().close(timeout=1)
        sentry_sdk.get_global_scope().set_client(None)
        logs.secret_values.cache_clear()
    reports = [unpacked(request) for request in server.requests]
    whole = "".join(reports)
    assert "ValueError" in whole and "[redacted] for" in whole
    for hidden in (SECRET, MAIL, "abcdefgh1", "hidden_in_a_local"):
        assert hidden not in whole


def unpacked(request: bytes) -> str:
    import gzip

    head, _, body = request.partition(b"\r\n\r\n")
    if b"content-encoding: gzip" in head.lower():
        body = gzip.decompress(body)
    return body.decode("utf-8", "replace")


def test_without_a_dsn_nothing_is_reported(settings: Settings) -> None:
    settings.SENTRY_DSN = ""
    error_reports.start()
    assert not sentry_sdk.get_client().is_active()
