"""Every address of the review queue, for owner, colleague, stranger, visitors."""

import uuid
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, reverse

from leads.models import Lead, Task
from messaging import numbers
from messaging.models import Message
from messaging.review import queue, urls
from messaging.tests.inbox_world import FRAGMENT, rep, signed_in
from messaging.tests.review_world import queue_world

pytestmark = pytest.mark.django_db

NAMES = [str(p.name) for p in urls.urlpatterns if isinstance(p, URLPattern)]
LISTS = ["review", "review_rows"]
ON_DRAFTS = ["review_approve", "review_discard", "review_restore", "review_take_back"]
ON_TASKS = ["review_done", "review_reopen"]
ACTIONS = [*ON_DRAFTS, *ON_TASKS]


@pytest.fixture
def at() -> SimpleNamespace:
    return queue_world()


def items(at: SimpleNamespace) -> list[uuid.UUID]:
    tasks = (at.sent, at.hand_off, at.stop, at.who)
    return [at.draft.public_id, *(task.public_id for task in tasks)]


def address(name: str, at: SimpleNamespace) -> str:
    key = at.hand_off.public_id if name in ON_TASKS else at.draft.public_id
    return reverse(name, args=[key])


def snapshot() -> list[object]:
    return [
        list(Message.objects.order_by("pk").values()),
        list(Task.objects.order_by("pk").values()),
    ]


def test_every_address_is_known_here() -> None:
    bulk = ["review_bulk", "review_bulk_approve"]
    assert set(NAMES) == {*LISTS, *ACTIONS, *bulk, "review_item"}


def test_owner_and_colleague_see_all_and_a_stranger_none(at: SimpleNamespace) -> None:
    for user in (at.ana, at.ben):
        assert len(queue.rows_of(user)) == numbers.to_review(user=user) == 5
    assert queue.rows_of(at.cleo) == []
    assert numbers.to_review(user=at.cleo) == 0
    for name in LISTS:
        html = signed_in(at.cleo).get(reverse(name)).content.decode()
        for word in ("Dana", "Omar", "Kim Lee", "Tom Okoye", "14155550199"):
            assert word not in html, word


def test_who_sees_everything_sees_every_kind_of_decision(at: SimpleNamespace) -> None:
    mia = rep("mia", at.other, reach="all", role="manager")
    root = User.objects.create_superuser("root")
    for user in (mia, root):
        assert {row.key for row in queue.rows_of(user)} == set(items(at))
        assert numbers.to_review(user=user) == 5


def test_a_card_is_read_by_the_team_and_by_no_stranger(at: SimpleNamespace) -> None:
    for key in items(at):
        there = reverse("review_item", args=[key])
        for user, expected in ((at.ana, 200), (at.ben, 200), (at.cleo, 404)):
            for headers in ({}, FRAGMENT):
                answer = signed_in(user).get(there, **headers)
                assert answer.status_code == expected, (key, user)


def test_what_became_of_a_decision_is_told_to_no_stranger(at: SimpleNamespace) -> None:
    Message.objects.filter(pk=at.draft.pk).update(state="cancelled", reason="secret")
    Task.objects.update(done_at=at.hand_off.created_at)
    for key in items(at):
        there = reverse("review_item", args=[key])
        assert signed_in(at.cleo).get(there, **FRAGMENT).status_code == 404


def test_one_who_sees_only_own_leads_decides_only_on_those(at: SimpleNamespace) -> None:
    olga = rep("olga", at.team, reach="own")
    assert queue.rows_of(olga) == []
    Lead.objects.filter(pk=at.lead.pk).update(owner=olga)
    assert [row.key for row in queue.rows_of(olga)] == [at.draft.public_id]
    there = address("review_done", at)
    assert signed_in(olga).post(there, **FRAGMENT).status_code == 404


def test_a_shared_phone_names_only_the_leads_one_sees(at: SimpleNamespace) -> None:
    Lead.objects.filter(pk=at.ada.pk).update(team=at.other)
    there = reverse("review_item", args=[at.who.public_id])
    theirs = signed_in(at.cleo).get(there, **FRAGMENT)
    assert theirs.status_code == 200
    buttons = theirs.content.decode().split("rv-acts")[1]
    assert "Ada Bell" in buttons
    assert "Tom Bell" not in buttons


def test_a_stranger_can_do_nothing(at: SimpleNamespace) -> None:
    client, before = signed_in(at.cleo), snapshot()
    for name in ACTIONS:
        for headers in ({}, FRAGMENT):
            answer = client.post(address(name, at), {"body": "x"}, **headers)
            assert answer.status_code == 404, name
            assert snapshot() == before, name


@pytest.mark.parametrize("name", ACTIONS)
def test_owner_and_colleague_are_let_through(name: str, at: SimpleNamespace) -> None:
    for user in (at.ana, at.ben):
        answer = signed_in(user).post(address(name, at), **FRAGMENT)
        assert answer.status_code in (200, 409)


def test_a_read_only_person_sees_and_changes_nothing(at: SimpleNamespace) -> None:
    client, before = signed_in(rep("rita", at.team, role="read-only")), snapshot()
    html = client.get(reverse("review")).content
    assert b"Dana" in html
    for word in (b"data-approve", b"data-decide", b"<textarea", b'type="checkbox"'):
        assert word not in html.split(b'id="rv"')[1].split(b"</article>")[0], word
    for name in ACTIONS:
        assert client.post(address(name, at), **FRAGMENT).status_code == 403, name
    assert snapshot() == before


def test_an_act_needs_a_post_with_the_pages_token(at: SimpleNamespace) -> None:
    client, before = Client(enforce_csrf_checks=True), snapshot()
    client.force_login(at.ana, backend="django.contrib.auth.backends.ModelBackend")
    for name in ACTIONS:
        assert client.get(address(name, at)).status_code == 405, name
        assert client.post(address(name, at), **FRAGMENT).status_code == 403, name
    bulk = reverse("review_bulk_approve")
    assert client.get(bulk).status_code == 405
    assert client.post(bulk).status_code == 403
    assert snapshot() == before


@pytest.mark.parametrize("name", [*LISTS, "review_bulk"])
def test_a_visitor_goes_to_sign_in(name: str) -> None:
    answer = Client().get(reverse(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")
    assert Client().get(reverse(name), **FRAGMENT).status_code == 401


def test_someone_who_is_no_staff_is_refused(at: SimpleNamespace) -> None:
    User.objects.filter(pk=at.ana.pk).update(is_staff=False)
    at.ana.refresh_from_db()
    assert signed_in(at.ana).get(reverse("review")).status_code == 403


def test_an_unknown_item_is_not_there(at: SimpleNamespace) -> None:
    client = signed_in(at.ana)
    nowhere = uuid.uuid4()
    assert client.get(reverse("review_item", args=[nowhere])).status_code == 404
    for name in ACTIONS:
        there = reverse(name, args=[nowhere])
        assert client.post(there, **FRAGMENT).status_code == 404, name
