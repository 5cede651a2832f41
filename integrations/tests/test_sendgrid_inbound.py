"""Mail that SendGrid brings: taken apart or as its source, small or large."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.base import MEGABYTE
from integrations.sendgrid_form import BadForm, read_form
from integrations.tests.sendgrid_requests import (
    MULTIPART,
    multipart,
    parsed,
    read_now,
    sendgrid_settings,
)
from integrations.tests.webhook_requests import app, twilio_settings
from messaging.mail.facts import UnreadableMail

__all__ = ["app", "sendgrid_settings", "twilio_settings"]  # fixtures


# --- what is read ------------------------------------------------------------


def test_the_reader_needs_no_django() -> None:
    code = (
        "import sys, integrations.sendgrid_inbound;"
        "sys.exit(any(name.partition('.')[0] == 'django' for name in sys.modules))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, check=False)
    assert done.returncode == 0


def vectors(shared: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    data = json.loads((shared / "vendor" / "webhook-vectors.json").read_text())
    for vector in data["sendgrid"]["inbound_parse"]:
        if "body_base64" in vector:
            yield vector, base64.b64decode(vector["body_base64"])
        else:
            yield {**vector, "content_type": MULTIPART}, multipart(vector["fields"])


def test_every_recorded_request_becomes_its_mail(shared: Path, tmp_path: Path) -> None:
    told = {}
    for vector, body in vectors(shared):
        folder = tmp_path / vector["id"]
        folder.mkdir()
        arrived = read_now(body, folder, content_type=vector["content_type"])
        mail = arrived.mail
        told[vector["id"]] = (mail.sender, mail.subject, mail.text.strip())
        assert arrived.verdicts["spf"] == "pass"
        assert arrived.envelope_to[0] in mail.recipients
    assert told == {
        "sg-in-default": (
            "test@example.com",
            "Testing non-raw",
            "Hello Twilio SendGrid!",
        ),
        "sg-in-raw": (
            "test@example.com",
            "Inbound Parse Test Raw Data",
            "Hello Twilio SendGrid!",
        ),
        "sg-in-fields-basic": (
            "from+test@example.org",
            "Test subject",
            "Test body plain",
        ),
    }


def test_the_form_says_who_sent_it_to_whom_and_what_sendgrid_thinks(
    tmp_path: Path,
) -> None:
    arrived = read_now(multipart(parsed()), tmp_path)
    assert arrived.envelope_from == "bounce@example.net"
    assert arrived.envelope_to == ("sales@in.example.com",)
    assert arrived.verdicts == {
        "spf": "pass",
        "dkim": "{@example.net : pass}",
        "spam_score": "0.1",
        "sender_ip": "192.0.2.7",
    }
    mail = arrived.mail
    assert (mail.message_id, mail.sender) == ("1@example.net", "ana@example.net")
    assert (mail.subject, mail.text.strip()) == ("Prices", "What do 40 seats cost?")


def test_each_field_is_in_the_charset_it_declares(tmp_path: Path) -> None:
    charsets = {
        "to": "UTF-8",
        "from": "iso-8859-1",
        "subject": "cp850",
        "text": "windows-1252",
        "html": "utf-8",
    }
    fields = parsed(
        headers="Message-ID: <c@example.net>",
        charsets=json.dumps(charsets),
        subject="Como usted pidió: 50 £".encode("cp850"),
        text="L’inscription, s’il vous plaît…".encode("cp1252"),
        html="<p>日本語</p>".encode(),
        **{"from": "Opérateur <op@example.net>".encode("latin-1")},
    )
    mail = read_now(multipart(fields), tmp_path).mail
    assert mail.subject == "Como usted pidió: 50 £"
    assert mail.text.strip() == "L’inscription, s’il vous plaît…"
    assert (mail.sender_name, mail.sender) == ("Opérateur", "op@example.net")
    assert "日本語" in mail.html


@pytest.mark.parametrize(
    "charset", ["x-unknown", "hex", "punycode", "\0", "é", "rot13"]
)
def test_a_charset_that_is_none_still_leaves_a_mail(
    charset: str, tmp_path: Path
) -> None:
    fields = parsed(text=b"Gr\xfc\xdfe", charsets=json.dumps({"text": charset}))
    mail = read_now(multipart(fields), tmp_path).mail
    assert mail.text.strip() == "Grüße"
    assert any("charset that is not known" in words for words in mail.defects)


def test_a_field_that_is_not_in_its_charset_is_read_with_a_defect(
    tmp_path: Path,
) -> None:
    fields = parsed(text=b"Gr\xfc\xdfe", charsets='{"text": "utf-8"}')
    mail = read_now(multipart(fields), tmp_path).mail
    assert mail.text.startswith("Gr�")
    assert "text is not all in utf-8, as it says" in mail.defects


def test_files_of_a_mail_that_was_taken_apart_are_spooled(tmp_path: Path) -> None:
    info = {"attachment2": {"filename": "logo.png", "content-id": "logo@1"}}
    picture = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
        "awAAAABJRU5ErkJggg=="
    )
    body = multipart(
        {**parsed(html='<img src="cid:logo@1">'), "attachment-info": json.dumps(info)},
        [
            ("attachment1", "Größe.txt", "text/plain", "Größe: 40".encode()),
            ("attachment2", "logo.png", "image/png", picture),
        ],
    )
    note, logo = read_now(body, tmp_path).mail.files
    assert (note.name, note.content_type) == ("Größe.txt", "text/plain")
    assert Path(note.path).read_bytes() == "Größe: 40".encode()
    assert Path(note.path).parent == tmp_path
    assert (logo.content_id, logo.inline) == ("logo@1", True)
    assert Path(logo.path).read_bytes() == picture


def test_a_mail_cannot_add_fields_of_its_own(tmp_path: Path) -> None:
    """SendGrid's boundary never changes, so a mail can hold it."""
    forged = (
        'Hello\r\n--xYzZY\r\nContent-Disposition: form-data; name="envelope"\r\n\r\n'
        '{"to":["boss@in.example.com"],"from":"ceo@example.com"}\r\n--xYzZY\r\n'
        'Content-Disposition: form-data; name="SPF"\r\n\r\npass'
    )
    fields = {"text": forged, **{k: v for k, v in parsed().items() if k != "text"}}
    arrived = read_now(multipart(fields), tmp_path)
    assert arrived.envelope_to == ()
    assert "spf" not in arrived.verdicts
    assert "boss@in.example.com" not in arrived.mail.recipients
    assert any("envelope more than once" in words for words in arrived.mail.defects)


def test_a_form_that_breaks_off_is_a_mail_with_a_defect(tmp_path: Path) -> None:
    body = multipart({**parsed(), "last": "x" * 50})
    mail = read_now(body[:-40], tmp_path).mail
    assert mail.subject == "Prices"
    assert "the form ends before its end" in mail.defects


def test_a_field_longer_than_memory_should_hold_lies_on_disk(tmp_path: Path) -> None:
    text = b"x" * (6 * MEGABYTE)
    form = read_form(iter([multipart({"text": text})]), MULTIPART, folder=tmp_path)
    part = form.fields["text"]
    assert part.data == b"" and Path(part.path).stat().st_size == len(text)
    assert form.text("text") == text.decode()


@pytest.mark.parametrize("size", [1, 7, 64, 1_000])
def test_the_form_is_the_same_in_whatever_pieces_it_comes(
    size: int, tmp_path: Path
) -> None:
    body = multipart(parsed(), [("attachment1", "a.bin", "x/y", b"\r\n--xYzZ" * 40)])
    pieces = (body[i : i + size] for i in range(0, len(body), size))
    form = read_form(pieces, MULTIPART, folder=tmp_path)
    assert {name: form.text(name) for name in form.fields} == parsed()
    assert form.files[0].read() == b"\r\n--xYzZ" * 40


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"{}", "application/json", "is not SendGrid's form"),
        (b"a=1", "application/x-www-form-urlencoded", "is not SendGrid's form"),
        (b"x", "", "is not SendGrid's form"),
        (b"x", "multipart/form-data", "is not SendGrid's form"),
        (b"x", f"multipart/form-data; boundary={'b' * 300}", "cannot be read"),
        (b"rubbish", MULTIPART, "cannot be read"),
        (b"", MULTIPART, "has no fields"),
        (multipart({str(n): "" for n in range(501)}), MULTIPART, "more than 500 parts"),
        (multipart({"SPF": "pass"}), MULTIPART, "holds no mail"),
        (multipart({"email": ""}), MULTIPART, "it is empty"),
    ],
)
def test_what_is_no_mail_says_why(
    body: bytes, content_type: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises((UnreadableMail, BadForm), match=words):
        read_now(body, tmp_path, content_type=content_type)


def test_an_envelope_may_be_anything(tmp_path: Path) -> None:
    told: list[Any] = [1, [], "x", {"to": 1}, {"to": ["x", None, "A@B.example"]}]
    for number, envelope in enumerate([*told, {"to": "a@b.example", "from": []}]):
        folder = tmp_path / str(number)
        folder.mkdir()
        arrived = read_now(multipart(parsed(envelope=json.dumps(envelope))), folder)
        assert arrived.envelope_from == ""
        assert set(arrived.envelope_to) <= {"a@b.example"}
        assert arrived.mail.subject == "Prices"


# --- what makes it unique ----------------------------------------------------


def test_a_copy_with_another_boundary_is_the_same_mail(tmp_path: Path) -> None:
    files = [("attachment1", "a.txt", "text/plain", b"40 seats")]
    ids = set()
    for number, boundary in enumerate(("xYzZY", "another")):
        folder = tmp_path / str(number)
        folder.mkdir()
        body = multipart(parsed(), files, boundary=boundary)
        kind = f"multipart/form-data; boundary={boundary}"
        ids.add(read_now(body, folder, content_type=kind).external_id)
    assert len(ids) == 1


def test_another_recipient_or_text_or_file_is_another_mail(tmp_path: Path) -> None:
    to_other = '{"to":["other@in.example.com"],"from":"bounce@example.net"}'
    one = ("attachment1", "a.txt", "text/plain", b"40 seats")
    bodies = [
        multipart(parsed()),
        multipart(parsed(envelope=to_other)),
        multipart(parsed(text="What do 41 seats cost?")),
        multipart(parsed(), [one]),
        multipart(parsed(), [(*one[:3], b"41 seats")]),
        multipart(parsed(headers="From: Ana <ana@example.net>")),
        multipart(parsed(headers="From: Ana <ana@example.net>", subject="Other")),
    ]
    ids = set()
    for number, body in enumerate(bodies):
        folder = tmp_path / str(number)
        folder.mkdir()
        ids.add(read_now(body, folder).external_id)
    assert len(ids) == len(bodies)
    assert all(len(one) <= 200 for one in ids)
