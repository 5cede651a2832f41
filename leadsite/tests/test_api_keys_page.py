"""The page of API keys: made for oneself, shown once, revoked for good."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from leads.models import ApiKey, Event, Team
from messaging.tests.inbox_world import rep, signed_in

pytestmark = pytest.mark.django_db
LIST = "/admin/leads/apikey/"


@pytest.fixture
def ada() -> User:
    return rep("ada", Team.default(), role="admin")


def make(client: Client, **data: Any) -> Any:
    values = {"name": "Website", "expiry_date_0": "", "expiry_date_1": "", **data}
    return client.post(LIST + "add/", values)


def test_a_key_is_shown_once_and_opens_the_api(ada: User) -> None:
    client = signed_in(ada)
    answer = make(client)
    html = answer.content.decode()
    secret = re.search(r'id="key" value="([^"]+)"', html)
    assert secret, html[-2000:]
    assert "no-store" in answer.headers["Cache-Control"]
    row = ApiKey.objects.get()
    assert row.user == ada
    opened = Client().get(
        "/api/v1/leads/", headers={"Authorization": f"Api-Key {secret[1]}"}
    )
    assert opened.status_code == 200
    for path in (LIST, f"{LIST}{row.pk}/change/"):
        page = client.get(path, follow=True)
        assert page.status_code == 200
        assert secret[1] not in page.content.decode()
    assert Event.objects.get(kind="api_key.created").payload == {
        "key": row.prefix,
        "user": ada.pk,
    }


def test_only_a_superuser_makes_one_for_somebody_else(ada: User) -> None:
    other = rep("ana", Team.default())
    make(signed_in(ada), user=other.pk)
    assert ApiKey.objects.get().user == ada
    boss = User.objects.create_superuser("boss")
    make(signed_in(boss), user=other.pk, name="Theirs")
    assert ApiKey.objects.get(name="Theirs").user == other
    html = signed_in(ada).get(LIST).content.decode()
    assert "Website" in html
    assert "Theirs" not in html, "one's own only"
    theirs = ApiKey.objects.get(name="Theirs")
    answer = signed_in(ada).get(f"{LIST}{theirs.pk}/change/")
    assert answer.status_code == 302


def test_a_revoked_key_opens_nothing_and_stays_on_the_list(ada: User) -> None:
    client = signed_in(ada)
    html = make(client).content.decode()
    secret = re.search(r'id="key" value="([^"]+)"', html)
    assert secret
    row = ApiKey.objects.get()
    client.post(LIST, {"action": "revoke", "_selected_action": [row.pk]})
    answer = Client().get(
        "/api/v1/leads/", headers={"Authorization": f"Api-Key {secret[1]}"}
    )
    assert (answer.status_code, answer.json()["error"]) == (
        401,
        "This API key was revoked.",
    )
    assert "revoked" in client.get(LIST).content.decode()
    assert client.post(f"{LIST}{row.pk}/delete/").status_code == 403
    assert ApiKey.objects.filter(pk=row.pk, revoked=True).exists()


def test_reps_have_no_keys_page() -> None:
    ana = rep("ana", Team.default())
    assert signed_in(ana).get(LIST).status_code == 403
    assert make(signed_in(ana)).status_code == 403
    assert not ApiKey.objects.exists()


def test_a_key_keeps_its_person_and_can_be_renamed(ada: User) -> None:
    client = signed_in(ada)
    make(client)
    row = ApiKey.objects.get()
    other = rep("ana", Team.default())
    data = {"name": "Shop", "user": other.pk, "expiry_date_0": "", "expiry_date_1": ""}
    client.post(f"{LIST}{row.pk}/change/", data)
    row.refresh_from_db()
    assert (row.name, row.user) == ("Shop", ada)
