"""Every address of the inbox, for owner, colleague, stranger and visitors."""

import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse

from leads.models import Fact, ScoreLine
from messaging import urls
from messaging.models import Attachment, Template, Turn
from messaging.tests.inbox_world import (
    FRAGMENT,
    draft,
    office,
    rep,
    said,
    signed_in,
)

pytestmark = pytest.mark.django_db

READS = {
    "inbox_thread",
    "inbox_update",
    "inbox_earlier",
    "inbox_panel",
    "inbox_why",
    "inbox_answers",
}
NOT_OF_A_TALK = {
    "profile",
    "inbox",
    "inbox_rows",
    "inbox_new_lead",
    "inbox_new_message",
    "inbox_file",
    "inbox_picture",
}
# Of messages that are mails: test_mail_page.py
OF_A_MAIL = {"inbox_mail", "inbox_mail_frame"}


def _names() -> list[str]:
    patterns = [p for p in urls.urlpatterns if isinstance(p, URLPattern)]
    return [str(p.name) for p in patterns if str(p.name).startswith("inbox")]


ACTIONS = sorted(set(_names()) - READS - NOT_OF_A_TALK - OF_A_MAIL)


def address(name: str, world: SimpleNamespace) -> str:
    """The address of a page about the world's talk."""
    talk = world.talk
    if name in ("inbox_why",) or "message" in name or "draft" in name:
        return reverse(name, args=[talk.public_id, world.answer.public_id])
    if name == "inbox_answer_use":
        return reverse(name, args=[talk.public_id, world.template.pk])
    if name == "inbox_fact_set":
        return reverse(name, args=[talk.public_id, "budget"])
    if "fact" in name:
        return reverse(name, args=[talk.public_id, world.fact.public_id])
    if "line" in name:
        return reverse(name, args=[talk.public_id, world.line.public_id])
    return reverse(name, args=[talk.public_id])


@pytest.fixture
def world() -> SimpleNamespace:
    there = office()
    there.answer = draft(there.talk, "40 seats are 8 000 a year")
    Turn.objects.create(conversation=there.talk, last_inbound=there.first, state="done")
    there.fact = Fact.objects.create(
        lead=there.lead,
        field="budget",
        value="20k",
        quote="budget is 20k",
        message=there.first.public_id,
        source="lead",
        actor="builtin",
        occurred_at=there.first.occurred_at,
    )
    there.template = Template.objects.create(name="Hello", body="Hi {{ name }}")
    there.line = ScoreLine.objects.create(
        lead=there.lead,
        key="budget",
        label="budget named",
        part="intent",
        points=25,
        occurred_at=there.first.occurred_at,
        added_at=there.first.occurred_at,
    )
    return there


@pytest.mark.parametrize("name", sorted(READS))
def test_owner_and_colleague_read_and_a_stranger_finds_nothing(
    name: str, world: SimpleNamespace
) -> None:
    there = address(name, world)
    for user, expected in ((world.ana, 200), (world.ben, 200), (world.cleo, 404)):
        assert signed_in(user).get(there, **FRAGMENT).status_code == expected, user


def test_a_stranger_can_do_nothing_to_a_talk(world: SimpleNamespace) -> None:
    client, before = signed_in(world.cleo), snapshot(world)
    for name in ACTIONS:
        response = client.post(address(name, world), **FRAGMENT)
        assert response.status_code == 404, name
        assert snapshot(world) == before, name


@pytest.mark.parametrize("name", ACTIONS)
def test_owner_and_colleague_are_let_through(name: str, world: SimpleNamespace) -> None:
    for user in (world.ana, world.ben):
        response = signed_in(user).post(address(name, world), **FRAGMENT)
        assert response.status_code not in (403, 404) or name == "inbox_choose_lead"


def test_a_read_only_person_sees_and_changes_nothing(world: SimpleNamespace) -> None:
    client = signed_in(rep("rita", world.team, role="read-only"))
    page = client.get(address("inbox_thread", world))
    assert page.status_code == 200
    assert b"data-post" not in page.content
    assert b"ib-composer" not in page.content
    before = snapshot(world)
    for name in [*ACTIONS, "inbox_new_lead", "inbox_new_message"]:
        there = address(name, world) if name in ACTIONS else reverse(name)
        assert client.post(there, **FRAGMENT).status_code == 403, name
        assert snapshot(world) == before, name


def test_an_action_needs_a_post_with_the_pages_token(world: SimpleNamespace) -> None:
    backend = "django.contrib.auth.backends.ModelBackend"
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.ana, backend=backend)
    before = snapshot(world)
    for name in ACTIONS:
        there = address(name, world)
        assert client.get(there).status_code == 405, name
        assert client.post(there, **FRAGMENT).status_code == 403, name
    assert snapshot(world) == before


@pytest.mark.parametrize("name", sorted(READS | {"inbox", "inbox_rows"}))
def test_a_visitor_goes_to_sign_in_and_a_fragment_says_so(
    name: str, world: SimpleNamespace
) -> None:
    plain = name in NOT_OF_A_TALK
    there = reverse(name) if plain else address(name, world)
    page = Client().get(there)
    assert page.status_code == 302
    assert page["Location"].startswith("/accounts/login/")
    part = Client().get(there, **FRAGMENT)
    assert part.status_code == 401
    assert "HX-Redirect" in part.headers


def test_someone_who_is_no_staff_is_refused(world: SimpleNamespace) -> None:
    User.objects.filter(pk=world.ana.pk).update(is_staff=False)
    world.ana.refresh_from_db()
    assert signed_in(world.ana).get(address("inbox_thread", world)).status_code == 403


def test_ids_of_another_talk_do_not_work_through_ones_own(
    world: SimpleNamespace,
) -> None:
    from messaging.tests.inbox_world import lead_with_phone, talk_with

    lead, _ = lead_with_phone(world.other, name="Sam", value="+14155550177")
    hidden = said(talk_with(lead), "a secret")
    fact = Fact.objects.create(
        lead=lead,
        field="need",
        value="x",
        source="lead",
        actor="builtin",
        occurred_at=hidden.occurred_at,
    )
    client = signed_in(world.ana)
    own = world.talk.public_id
    for name, wanted in (
        ("inbox_why", hidden.public_id),
        ("inbox_fact_strike", fact.public_id),
        ("inbox_line_strike", uuid.uuid4()),
    ):
        there = reverse(name, args=[own, wanted])
        answer = (client.get if name == "inbox_why" else client.post)(there, **FRAGMENT)
        assert answer.status_code == 404, name
    fact.refresh_from_db()
    assert fact.struck_at is None


def test_the_list_counts_and_finds_only_what_one_may_see(
    world: SimpleNamespace,
) -> None:
    for query in ("?tab=all", "?tab=all&q=seats", "?tab=needs"):
        there = reverse("inbox_rows") + query
        assert b"Dana Reyes" in signed_in(world.ben).get(there, **FRAGMENT).content
        hidden = signed_in(world.cleo).get(there, **FRAGMENT).content
        assert b"Dana" not in hidden
        assert b'ls-tab__n">1<' not in hidden


def test_a_picture_is_handed_out_only_to_those_who_see_the_talk(
    world: SimpleNamespace, settings: object, tmp_path: object
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)  # type: ignore[attr-defined]
    kept(world, "image/png", b"\x89PNG picture")
    there = reverse("inbox_file", args=[Attachment.objects.get().public_id])
    shown = signed_in(world.ben).get(there, follow=True)
    assert b"".join(shown.streaming_content) == b"\x89PNG picture"
    assert shown["Content-Type"] == "image/png"
    assert shown["X-Content-Type-Options"] == "nosniff"
    assert signed_in(world.cleo).get(there).status_code == 404
    assert Client().get(there).status_code == 302


@pytest.mark.parametrize("kind", ["image/svg+xml", "text/html", "application/pdf", ""])
def test_what_a_browser_could_run_is_only_saved(
    kind: str, world: SimpleNamespace, settings: object, tmp_path: object
) -> None:
    settings.MEDIA_ROOT = str(tmp_path)  # type: ignore[attr-defined]
    kept(world, kind, b"<svg onload=alert(1)>")
    there = reverse("inbox_file", args=[Attachment.objects.get().public_id])
    shown = signed_in(world.ana).get(there, follow=True)
    assert shown["Content-Type"] == "application/octet-stream"
    assert shown["Content-Disposition"].startswith("attachment")
    assert "sandbox" in shown["Content-Security-Policy"]


def kept(world: SimpleNamespace, kind: str, content: bytes) -> None:
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    path = default_storage.save("media/one", ContentFile(content))
    Attachment.objects.create(
        message=world.first, content_type=kind, path=path, state="stored", name="one"
    )


def snapshot(world: SimpleNamespace) -> list[object]:
    """Everything that an action could change."""
    talk = type(world.talk).objects.filter(pk=world.talk.pk).values()
    messages = world.talk.messages.order_by("pk").values()
    facts = world.lead.facts.order_by("pk").values()
    lines = world.lead.score_lines.order_by("pk").values()
    lead = type(world.lead).objects.filter(pk=world.lead.pk).values()
    return [list(rows) for rows in (talk, messages, facts, lines, lead)]
