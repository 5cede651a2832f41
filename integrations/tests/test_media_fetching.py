"""Pictures of leads: fetched through the guarded door, kept by what they are."""

import base64
import uuid
from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from integrations import media
from integrations.http import HttpError
from integrations.tests.http_loopback import (
    Loopback,
    Script,
    answer,
    fresh_door,
    serve,
)
from integrations.tests.webhook_requests import (
    ACCOUNT,
    TOKEN,
    recorded,
    twilio_settings,
)
from leads import jobs
from leads.models import Job
from messaging.inbound import receive_message
from messaging.models import Attachment
from messaging.sniffing import EXTENSIONS, INLINE, sniff
from messaging.transports import InboundMessage, Media

__all__ = ["fresh_door", "serve", "twilio_settings"]  # fixtures

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"\0" * 200
MEDIA_PATH = recorded("mms_picture_only")["MediaUrl0"].partition(".com")[2]
KNOWN = "basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode().lower()


@pytest.fixture
def twilio(
    serve: Callable[[Script], Loopback], twilio_settings: Settings
) -> Callable[[Script], Loopback]:
    """Start Twilio's own host with a script."""

    def start(script: Script) -> Loopback:
        server = serve(script)
        twilio_settings.TWILIO_BASE_URL = server.url.rstrip("/")
        return server

    return start


def attachment_of(
    url: str = f"https://api.twilio.com{MEDIA_PATH}", kind: str = "image/jpeg"
) -> Attachment:
    from django.utils import timezone

    receive_message(
        fact=InboundMessage(
            provider="twilio",
            external_id=f"MM{uuid.uuid4().hex}",
            channel="sms",
            from_address="+14155550123",
            to_address="+15017122661",
            text="",
            received_at=timezone.now(),
            media=(Media(url=url, content_type=kind),),
        )
    )
    return Attachment.objects.latest("pk")


def fetch(attachment: Attachment) -> Attachment:
    media.fetch_attachment(attachment_id=attachment.pk)
    attachment.refresh_from_db()
    return attachment


def test_a_picture_is_stored_privately_under_a_name_of_ours(
    db: None, twilio: Callable[[Script], Loopback], settings: Settings
) -> None:
    server = twilio(answer(200, JPEG, {"Content-Type": "image/jpeg"}))
    attachment = fetch(attachment_of())
    assert attachment.state == Attachment.State.STORED
    assert (attachment.content_type, attachment.size) == ("image/jpeg", len(JPEG))
    assert attachment.name == "image-1.jpg"
    assert str(attachment.public_id) in attachment.path
    with media.open_attachment(attachment) as file:
        assert file.read() == JPEG
    assert server.requests[0].startswith(f"GET {MEDIA_PATH} ".encode())
    assert KNOWN in server.requests[0].decode().lower()
    assert default_storage.path(attachment.path).startswith(str(settings.MEDIA_ROOT))


def test_the_redirects_target_never_hears_the_token(
    db: None, twilio: Callable[[Script], Loopback], serve: Callable[[Script], Loopback]
) -> None:
    store = serve(answer(200, JPEG))
    twilio(answer(307, b"", {"Location": f"{store.url}picture"}))
    assert fetch(attachment_of()).state == Attachment.State.STORED
    assert b"authorization" not in store.requests[0].lower()


def test_a_foreign_address_never_hears_the_token(
    db: None, twilio_settings: Settings, serve: Callable[[Script], Loopback]
) -> None:
    store = serve(answer(200, JPEG))
    assert fetch(attachment_of(f"{store.url}x")).state == Attachment.State.STORED
    assert b"authorization" not in store.requests[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "ftp://example.com/x",
    ],
)
def test_an_address_inside_the_network_is_refused_with_a_reason(
    db: None, twilio_settings: Settings, url: str
) -> None:
    attachment = fetch(attachment_of(url))
    assert attachment.state == Attachment.State.REFUSED
    assert attachment.reason


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "not a kind"),
        (b"<html><script>1</script>", "image/jpeg", "not a kind"),
        (b"MZ\x90\0\x03", "image/png", "not a kind"),
        (b"PK\x03\x04" + b"\0" * 40, "application/zip", "not a kind"),
        (b"", "image/png", "empty"),
    ],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(
    db: None, twilio: Callable[[Script], Loopback], body: bytes, kind: str, reason: str
) -> None:
    twilio(answer(200, body, {"Content-Type": kind}))
    attachment = fetch(attachment_of(kind=kind))
    assert attachment.state == Attachment.State.REFUSED
    assert reason in attachment.reason
    assert attachment.path == ""
    with pytest.raises(FileNotFoundError):
        media.open_attachment(attachment)


def test_more_than_five_megabytes_are_refused(
    db: None, twilio: Callable[[Script], Loopback]
) -> None:
    twilio(answer(200, JPEG + b"\0" * 5_300_000))
    attachment = fetch(attachment_of())
    assert attachment.state == Attachment.State.REFUSED
    assert attachment.reason == "larger than 5 MB"


def test_what_twilio_no_longer_has_is_refused(
    db: None, twilio: Callable[[Script], Loopback]
) -> None:
    twilio(answer(404, b"{}"))
    assert fetch(attachment_of()).reason == "Twilio no longer has it"


def test_an_outage_is_tried_again_and_the_last_try_says_so(
    db: None, twilio: Callable[[Script], Loopback]
) -> None:
    twilio(answer(503, b""))
    attachment = attachment_of()
    with pytest.raises(HttpError):
        fetch(attachment)
    attachment.refresh_from_db()
    assert attachment.state == Attachment.State.WAITING
    job = Job.objects.get(name=media.JOB)
    Job.objects.filter(pk=job.pk).update(attempts=job.MAX_ATTEMPTS - 1)
    jobs.run_job(job_id=job.pk)
    attachment.refresh_from_db()
    assert attachment.state == Attachment.State.REFUSED
    assert "Twilio answered 503" in attachment.reason


def test_the_job_of_an_inbound_picture_fetches_it_once(
    db: None, twilio: Callable[[Script], Loopback]
) -> None:
    server = twilio(answer(200, JPEG))
    attachment = attachment_of()
    job = Job.objects.get(name=media.JOB)
    jobs.run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert fetch(attachment).state == Attachment.State.STORED
    assert len(server.requests) == 1


def test_a_carrier_without_a_fetcher_says_so(
    db: None, settings: Settings, twilio_settings: Settings
) -> None:
    settings.MEDIA_FETCHERS = []
    assert fetch(attachment_of()).reason == "nothing fetches files of twilio"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0ACON", None),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"\0\0\0\x18ftyp3gp5", "video/3gpp"),
        (b"\0\0\0\x18ftypqt  ", "video/quicktime"),
        (b"\0\0\0\x18ftypisom", "video/mp4"),
        (b"\0\0\0\x18ftypM4A ", "audio/mp4"),
        (b"#!AMR\n....", "audio/amr"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"%PDF-1.7", "application/pdf"),
        (b"BEGIN:VCARD\r\nVERSION:3.0", "text/vcard"),
        ("Grüße".encode(), "text/plain"),
        (b"a < b and b > c", "text/plain"),
        ("é".encode() * 2_048, "text/plain"),
        ("Grüße".encode("latin-1"), None),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", None),
        (b"<!doctype html>", None),
        (b"text\0with nul", None),
        (b"\x7fELF", None),
    ],
)
def test_a_file_is_what_it_begins_with(head: bytes, kind: str | None) -> None:
    assert sniff(head) == kind


@given(st.binary(max_size=300))
def test_whatever_it_begins_with_has_an_ending_or_is_not_kept(head: bytes) -> None:
    kind = sniff(head)
    assert kind is None or kind in EXTENSIONS


def test_only_plain_pictures_are_shown_inside_a_page() -> None:
    assert all(kind.startswith("image/") and "svg" not in kind for kind in INLINE)
