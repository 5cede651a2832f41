"""Who may read a mail, what its frame may do, and how long a file's address lives."""

import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.core.files.storage import FileSystemStorage, storages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leads.tests.factories import UserFactory
from messaging.models import Attachment, Message
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in, talk_with
from messaging.tests.mail_world import DOT, file_of, mail, picture_of
from messaging.views.attachments import handed_out
from messaging.views.mail import policy
from messaging.views.signing import file_url, picture_url

pytestmark = pytest.mark.django_db
PAGES = ("inbox_mail", "inbox_mail_frame")
HTML = '<p>hello <img src="cid:logo"> <script>alert(1)</script></p>'


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> SimpleNamespace:
    settings.MEDIA_ROOT = str(tmp_path)
    found = office()
    found.mail = mail(found.talk, html=HTML, original="hello, all of it")
    found.logo = picture_of(found.mail, "logo")
    found.file = file_of(found.mail)
    return found


def page(name: str, world: SimpleNamespace, message: Message | None = None) -> str:
    wanted = message or world.mail
    return reverse(name, args=[world.talk.public_id, wanted.public_id])


def later(seconds: int) -> Any:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False)


# --- who may -----------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_owner_and_colleague_read_it_and_another_team_does_not(
    name: str, world: SimpleNamespace
) -> None:
    there = page(name, world)
    for user in (world.ana, world.ben, rep("viv", world.team, role="read-only")):
        assert signed_in(user).get(there).status_code == 200
    assert signed_in(world.cleo).get(there).status_code == 404
    mine_only = rep("mia", world.team, reach="own")
    assert signed_in(mine_only).get(there).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_signs_in_first(name: str, world: SimpleNamespace) -> None:
    there = page(name, world)
    assert Client().get(there).status_code == 302
    fragment = Client().get(there, **FRAGMENT)
    assert fragment.status_code == 401 and "HX-Redirect" in fragment
    outsider = UserFactory(username="out", is_staff=False)
    assert signed_in(outsider).get(there).status_code == 403


@pytest.mark.parametrize("name", PAGES)
def test_a_mail_of_another_talk_is_not_found_under_this_one(
    name: str, world: SimpleNamespace
) -> None:
    from leads.tests.factories import LeadFactory

    hidden = LeadFactory(team=world.other, name="Hidden")
    other = mail(talk_with(hidden), html=HTML, sender="hid@x.example")
    there = page(name, world, other)
    assert signed_in(world.ana).get(there).status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_it_is_only_read(name: str, world: SimpleNamespace) -> None:
    assert signed_in(world.ana).post(page(name, world)).status_code == 405


# --- the frame ---------------------------------------------------------------


def test_the_frame_is_a_document_without_rights(world: SimpleNamespace) -> None:
    answer = signed_in(world.ana).get(page("inbox_mail_frame", world))
    rules = answer["Content-Security-Policy"].split("; ")
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in rules
    assert "default-src 'none'" in rules and "img-src 'self' data:" in rules
    assert "style-src 'unsafe-inline'" in rules and "form-action 'none'" in rules
    assert not any("script" in rule for rule in rules)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-DNS-Prefetch-Control"] == "off"
    assert answer["Cache-Control"] == "private, no-store"
    html = answer.content.decode()
    assert "hello" in html and "<script" not in html and "alert" not in html
    assert '<base target="_blank">' in html


def test_pictures_from_elsewhere_are_allowed_only_when_asked_and_only_by_https(
    world: SimpleNamespace,
) -> None:
    assert "img-src 'self' data:;" in policy(remote=False, secure=False)
    assert "img-src 'self' data: https:;" in policy(remote=True, secure=False)
    assert "http:" not in policy(remote=True, secure=True)
    assert "upgrade-insecure-requests" in policy(remote=True, secure=True)
    assert "upgrade-insecure-requests" not in policy(remote=True, secure=False)
    client, there = signed_in(world.ana), page("inbox_mail_frame", world)
    world.mail.mail.html = '<img src="https://news.example/pixel.png">'
    world.mail.mail.save()
    assert "news.example" not in client.get(there).content.decode()
    answer = client.get(f"{there}?remote=1")
    assert 'src="https://news.example/pixel.png"' in answer.content.decode()
    assert "https:" in answer["Content-Security-Policy"]


def test_nothing_left_is_said_in_words(world: SimpleNamespace) -> None:
    world.mail.mail.html = "<script>only()</script>"
    world.mail.mail.save()
    answer = signed_in(world.ana).get(page("inbox_mail_frame", world))
    assert "Nothing of this mail can be shown" in answer.content.decode()


def test_a_mail_without_html_has_no_frame(world: SimpleNamespace) -> None:
    plain = mail(world.talk, original="only text")
    assert (
        signed_in(world.ana).get(page("inbox_mail_frame", world, plain)).status_code
        == 404
    )


# --- pictures inside a mail --------------------------------------------------


def test_a_picture_inside_the_mail_needs_no_session_and_ends_in_five_minutes(
    world: SimpleNamespace,
) -> None:
    html = signed_in(world.ana).get(page("inbox_mail_frame", world)).content.decode()
    (there,) = re.findall(r'<img src="([^"]+)"', html)
    shown = Client().get(there)
    assert b"".join(shown.streaming_content) == DOT
    assert shown["Content-Type"] == "image/png"
    assert "sandbox" in shown["Content-Security-Policy"]
    with later(299):
        assert Client().get(there).status_code == 200
    with later(301):
        assert Client().get(there).status_code == 404


def test_such_a_signature_opens_nothing_else(world: SimpleNamespace) -> None:
    good = picture_url(world.logo)
    other = picture_url(picture_of(world.mail, "two"))
    swapped = good.replace(world.logo.public_id.hex, other.split("/")[-2][:32])
    assert Client().get(swapped).status_code == 404
    assert Client().get(good[:-2] + "x/").status_code == 404
    # A file's signature, and one of what is no picture.
    signature = file_url(world.logo).partition("s=")[2]
    mixed = reverse("inbox_picture", args=[f"{world.logo.public_id.hex}:{signature}"])
    assert Client().get(mixed).status_code == 404
    assert Client().get(picture_url(world.file)).status_code == 404


def test_a_picture_is_named_whatever_way_the_mail_writes_its_id(
    world: SimpleNamespace,
) -> None:
    picture_of(world.mail, "Image001.png@01D9.ABC")
    world.mail.mail.html = '<img src="cid:image001.png%4001d9.abc">'
    world.mail.mail.save()
    html = signed_in(world.ana).get(page("inbox_mail_frame", world)).content.decode()
    assert "/inbox/pictures/" in html


# --- files -------------------------------------------------------------------


def test_a_files_address_leads_to_one_that_ends_in_five_minutes(
    world: SimpleNamespace,
) -> None:
    client = signed_in(world.ben)
    there = reverse("inbox_file", args=[world.file.public_id])
    signed = client.get(there)["Location"]
    assert signed.startswith(f"{there}?s=")
    shown = client.get(signed)
    assert b"".join(shown.streaming_content) == b"%PDF-1.4 a plan"
    assert shown["Content-Disposition"] == 'attachment; filename="plan.pdf"'
    assert shown["Content-Type"] == "application/octet-stream"
    with later(301):
        ended = signed_in(world.ben).get(signed)
        assert ended.status_code == 404
        assert signed_in(world.ben).get(there, follow=True).status_code == 200


def test_a_signed_address_still_asks_who_opens_it(world: SimpleNamespace) -> None:
    signed = file_url(world.file)
    assert Client().get(signed).status_code == 302
    assert signed_in(world.cleo).get(signed).status_code == 404
    assert signed_in(world.ana).get(signed + "x").status_code == 404
    assert signed_in(world.ana).get(signed.partition("?")[0] + "?s=").status_code == 404
    elsewhere = file_url(world.logo).partition("?")[2]
    there = reverse("inbox_file", args=[world.file.public_id])
    assert signed_in(world.ana).get(f"{there}?{elsewhere}").status_code == 404


def test_a_file_that_is_gone_is_not_found(world: SimpleNamespace) -> None:
    Attachment.objects.filter(pk=world.file.pk).update(path="attachments/gone")
    there = reverse("inbox_file", args=[world.file.public_id])
    assert signed_in(world.ana).get(there, follow=True).status_code == 404


def test_a_name_cannot_break_the_answers_headers(world: SimpleNamespace) -> None:
    file = file_of(world.mail, 'a"b;c\u202egnp.exe', b"x", "text/plain")
    there = reverse("inbox_file", args=[file.public_id])
    answer = signed_in(world.ana).get(there, follow=True)
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert "\n" not in answer["Content-Disposition"]


def test_a_large_file_is_handed_out_in_pieces_not_held_whole(
    world: SimpleNamespace,
) -> None:
    answer = handed_out(file_of(world.mail, content=b"forty" * 5_000))

    async def heard() -> list[bytes]:
        return [piece async for piece in answer]

    pieces = async_to_sync(heard)()
    assert b"".join(pieces) == b"forty" * 5_000
    assert max(map(len, pieces)) <= 4_096


class AwayStorage(FileSystemStorage):
    """A store that does not answer."""

    def _open(self, name: str, mode: str = "rb") -> Any:
        raise OSError("timed out")


def test_a_store_that_does_not_answer_is_said_in_words(
    world: SimpleNamespace, settings: Any
) -> None:
    there = file_url(world.file)
    client = signed_in(world.ana)
    name = f"{__name__}.AwayStorage"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": name}}
    assert type(storages["default"]).__name__ == "AwayStorage"
    answer = client.get(there)
    assert answer.status_code == 503 and b"Try again" in answer.content
