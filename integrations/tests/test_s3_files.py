"""Files in S3: kept, read, told apart from trouble; and the card that tests it."""

import io
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from pytest_django import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations import services
from integrations.providers.aws import SERVICE, S3Files
from integrations.services import ServiceState
from messaging.tests.inbox_world import office, signed_in
from messaging.tests.mail_world import file_of, mail

SECRET = "a-secret-of-forty-characters-never-shown"
KEY = "AKIAEXAMPLEKEY000001"


class Bucket:
    """A store like S3 on loopback: path style, signed requests only.

    `fails` maps a method to the status and code that it answers with.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.kept: dict[str, tuple[bytes, str]] = {}
        self.asked: list[Request] = []
        self.fails: dict[str, tuple[int, str]] = {}
        self.lies = False
        server.expect_request(_Any()).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        signed = request.headers.get("Authorization", "")
        if f"Credential={KEY}/" not in signed or "/eu-central-1/s3/" not in signed:
            return _error(403, "InvalidAccessKeyId")
        if request.method in self.fails:
            return _error(*self.fails[request.method])
        if not request.path.startswith("/files/"):
            return _error(404, "NoSuchBucket")
        return self.do(request, request.path.removeprefix("/files/"))

    def do(self, request: Request, key: str) -> Response:
        if request.method == "PUT":
            kind = request.headers.get("Content-Type", "")
            self.kept[key] = (request.get_data(), kind)
            return Response(headers={"ETag": '"x"'})
        if request.method == "DELETE":
            self.kept.pop(key, None)
            return Response(status=204)
        if key not in self.kept:
            return _error(404, "NoSuchKey", empty=request.method == "HEAD")
        content, kind = self.kept[key]
        return Response(b"else" if self.lies else content, headers={"ETag": '"x"'})


class _Any(str):
    """A path that is equal to every path."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


def _error(status: int, code: str, *, empty: bool = False) -> Response:
    words = f"<Error><Code>{code}</Code><Message>no {SECRET}</Message></Error>"
    return Response("" if empty else words, status=status, mimetype="application/xml")


@pytest.fixture
def bucket(httpserver: HTTPServer, settings: Settings) -> Bucket:
    settings.AWS_S3_BUCKET = "files"
    settings.AWS_REGION = "eu-central-1"
    settings.AWS_ACCESS_KEY_ID = KEY
    settings.AWS_SECRET_ACCESS_KEY = SECRET
    settings.AWS_ENDPOINT_URL = httpserver.url_for("").rstrip("/")
    return Bucket(httpserver)


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        held: list[socket.socket] = []

        def take() -> None:
            try:
                while True:
                    held.append(listener.accept()[0])
            except OSError:
                return

        Thread(target=take, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


# --- the store ---------------------------------------------------------------


def test_a_file_is_kept_read_and_removed(bucket: Bucket) -> None:
    store = S3Files()
    name = store.save("attachments/ab/one.html", ContentFile(b"<b>hello</b>"))
    assert name == "attachments/ab/one.html"
    # Whatever it claims to be, the store would only hand out bytes to save.
    assert bucket.kept[name] == (b"<b>hello</b>", "application/octet-stream")
    put = next(one for one in bucket.asked if one.method == "PUT")
    assert put.headers["Content-Disposition"] == "attachment"
    assert "x-amz-acl" not in put.headers
    with store.open(name) as file:
        assert file.read() == b"<b>hello</b>"
    assert store.exists(name) and store.size(name) == 12
    store.delete(name)
    assert bucket.kept == {}
    store.delete(name)


def test_a_large_file_comes_back_whole(bucket: Bucket) -> None:
    store, content = S3Files(), bytes(range(256)) * 12_000
    name = store.save("attachments/large", io_file(content))
    with store.open(name) as file:
        assert file.read() == content


def io_file(content: bytes) -> Any:
    from django.core.files import File

    return File(io.BytesIO(content), name="large")


def test_a_second_file_of_a_name_does_not_replace_the_first(bucket: Bucket) -> None:
    store = S3Files()
    first = store.save("attachments/one", ContentFile(b"first"))
    second = store.save("attachments/one", ContentFile(b"second"))
    assert first != second and bucket.kept[first][0] == b"first"


def test_a_file_that_is_not_there_is_not_found(bucket: Bucket) -> None:
    assert not S3Files().exists("attachments/none")
    with pytest.raises(FileNotFoundError):
        S3Files().open("attachments/none")


@pytest.mark.parametrize("status", [403, 400])
def test_trouble_is_an_os_error_without_a_secret(bucket: Bucket, status: int) -> None:
    bucket.fails = dict.fromkeys(("PUT", "GET", "HEAD"), (status, "AccessDenied"))
    for act in (
        lambda: S3Files().open("attachments/one"),
        lambda: S3Files().save("attachments/one", ContentFile(b"x")),
        lambda: S3Files().size("attachments/one"),
    ):
        with pytest.raises(OSError) as told:
            act()
        assert not isinstance(told.value, FileNotFoundError)
        assert SECRET not in str(told.value)


def test_its_links_end_after_five_minutes(bucket: Bucket) -> None:
    link = S3Files().url("attachments/one")
    assert "X-Amz-Expires=300" in link and "X-Amz-Signature=" in link


@pytest.mark.django_db
def test_our_pages_hand_out_what_the_store_keeps_and_say_when_it_is_away(
    bucket: Bucket, settings: Settings
) -> None:
    name = "integrations.providers.aws.S3Files"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": name}}
    world = office()
    file = file_of(mail(world.talk))
    assert list(bucket.kept) == [file.path]
    there = reverse("inbox_file", args=[file.public_id])
    answer = signed_in(world.ben).get(there, follow=True)
    assert b"".join(answer.streaming_content) == b"%PDF-1.4 a plan"
    assert answer["Content-Disposition"].startswith("attachment")
    bucket.fails = {"HEAD": (403, "AccessDenied"), "GET": (403, "AccessDenied")}
    assert signed_in(world.ben).get(there, follow=True).status_code == 503
    bucket.fails.clear()
    bucket.kept.clear()
    assert signed_in(world.ben).get(there, follow=True).status_code == 404


# --- the card ----------------------------------------------------------------


def test_the_card_comes_by_itself() -> None:
    assert services.find_service("s3") == SERVICE


def test_a_working_store_is_written_read_and_left_empty(bucket: Bucket) -> None:
    found = services.check(SERVICE)
    assert found.state is ServiceState.OK and found.latency_ms is not None
    assert "files" in found.words
    assert [one.method for one in bucket.asked] == ["PUT", "GET", "DELETE"]
    assert all(one.path.startswith("/files/checks/") for one in bucket.asked)
    assert bucket.kept == {}


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (403, "InvalidAccessKeyId", ServiceState.REJECTED),
        (403, "SignatureDoesNotMatch", ServiceState.REJECTED),
        (403, "AccessDenied", ServiceState.REJECTED),
        (403, "OfTomorrow", ServiceState.REJECTED),
        (404, "NoSuchBucket", ServiceState.MISCONFIGURED),
        (400, "AuthorizationHeaderMalformed", ServiceState.MISCONFIGURED),
        (301, "PermanentRedirect", ServiceState.MISCONFIGURED),
        (405, "MethodNotAllowed", ServiceState.MISCONFIGURED),
        (503, "SlowDown", ServiceState.RATE_LIMITED),
        (500, "InternalError", ServiceState.UNREACHABLE),
    ],
)
def test_what_the_store_answers_is_told_with_what_mends_it(
    status: int, code: str, state: ServiceState, bucket: Bucket
) -> None:
    bucket.fails = {"PUT": (status, code)}
    found = services.check(SERVICE)
    assert found.state is state, found
    assert found.fix and SECRET not in repr(found) and KEY not in repr(found)


def test_a_key_that_may_write_and_not_read_leaves_nothing_behind(
    bucket: Bucket,
) -> None:
    bucket.fails = {"GET": (403, "AccessDenied")}
    found = services.check(SERVICE)
    assert found.state is ServiceState.REJECTED and "GetObject" in found.words
    assert bucket.kept == {}


def test_a_store_that_gives_back_something_else_is_told(bucket: Bucket) -> None:
    bucket.lies = True
    found = services.check(SERVICE)
    assert found.state is ServiceState.MISCONFIGURED
    assert "something else" in found.words


def test_a_store_that_is_away_says_nothing_of_the_keys(
    bucket: Bucket, settings: Settings
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.AWS_ENDPOINT_URL = f"http://127.0.0.1:{probe.getsockname()[1]}"
    found = services.check(SERVICE)
    assert found.state is ServiceState.UNREACHABLE
    assert "Nothing is known of the keys" in found.fix


def test_a_store_that_is_silent_is_told_within_the_deadline(
    bucket: Bucket, settings: Settings, silent: str
) -> None:
    settings.AWS_ENDPOINT_URL = silent
    found = services.check(SERVICE, deadline=2.0)
    assert found.state is ServiceState.UNREACHABLE
    assert found.latency_ms is not None and found.latency_ms < 2_500


def test_without_keys_it_says_what_is_missing(settings: Settings) -> None:
    settings.AWS_S3_BUCKET, settings.AWS_REGION = "files", "eu-central-1"
    found = services.check(SERVICE)
    assert found.state is ServiceState.MISCONFIGURED
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in found.fix


def test_keys_of_the_logs_alone_are_no_half_set_store(settings: Settings) -> None:
    settings.AWS_REGION, settings.AWS_ACCESS_KEY_ID = "eu-central-1", KEY
    settings.AWS_SECRET_ACCESS_KEY = SECRET
    assert services.check(SERVICE).state is ServiceState.OFF
