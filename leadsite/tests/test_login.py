"""The door: who comes in, and from where demo people may."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from leadsite.accounts import DEMO_GROUP

pytestmark = pytest.mark.django_db
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
FORWARDED = {"HTTP_X_FORWARDED_FOR": "203.0.113.9"}


@pytest.fixture
def ana() -> User:
    user = User.objects.create_user(
        "ana", "ana@example.com", "demo-pass", first_name="Ana", is_staff=True
    )
    user.groups.add(Group.objects.get_or_create(name=DEMO_GROUP)[0])
    return user


@pytest.fixture
def real() -> User:
    return User.objects.create_user(
        "rita", "r@example.com", "pass-word-9", is_staff=True
    )


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_stranger_is_sent_to_sign_in_and_back(client: Client) -> None:
    answer = client.get("/admin/policy/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/login/?next=%2Fadmin%2Fpolicy%2F"


def test_the_admin_s_own_login_leads_to_the_same_door(client: Client) -> None:
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert b"Username or email" in answer.content


def test_a_fragment_of_a_stranger_sends_the_whole_page_to_sign_in(
    client: Client,
) -> None:
    answer = client.get(
        "/admin/policy/",
        headers={
            "HX-Request": "true",
            "HX-Current-URL": "http://testserver/admin/policy/?a=1",
        },
    )
    assert answer.status_code == 401
    target = answer["HX-Redirect"]
    assert target == "/accounts/login/?next=%2Fadmin%2Fpolicy%2F%3Fa%3D1"


def test_signing_in_by_username_or_mail_leads_to_today(
    client: Client, real: User
) -> None:
    for name in ("rita", "r@example.com"):
        answer = client.post(
            "/accounts/login/", {"login": name, "password": "pass-word-9"}
        )
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
        client.logout()


def test_a_wrong_password_says_so_and_keeps_the_name(
    client: Client, real: User
) -> None:
    answer = client.post("/accounts/login/", {"login": "rita", "password": "nope"})
    assert answer.status_code == 200
    assert b'role="alert"' in answer.content
    assert b'value="rita"' in answer.content
    assert not signed_in(client)


def test_somebody_who_is_no_staff_is_refused_in_words(client: Client) -> None:
    client.force_login(User.objects.create_user("guest"))
    for url in ("/admin/", "/admin/policy/"):
        answer = client.get(url, follow=True)
        assert answer.status_code == 403
        assert b"You may not do that" in answer.content


def test_a_demo_button_signs_in_on_this_machine(client: Client, ana: User) -> None:
    page = client.get("/accounts/login/")
    assert b'data-demo="ana"' in page.content
    answer = client.post(reverse("demo_login", args=["ana"]))
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("origin", [ELSEWHERE, FORWARDED])
def test_demo_people_do_not_exist_off_this_machine(
    client: Client, ana: User, origin: dict[str, str]
) -> None:
    assert b"data-demo" not in client.get("/accounts/login/", **origin).content
    answer = client.post(reverse("demo_login", args=["ana"]), **origin)
    assert answer.status_code == 404
    client.post("/accounts/login/", {"login": "ana", "password": "demo-pass"}, **origin)
    assert not signed_in(client)


def test_a_demo_button_never_signs_in_as_a_real_person(
    client: Client, ana: User, real: User
) -> None:
    assert client.post(reverse("demo_login", args=["rita"])).status_code == 404
    assert client.post(reverse("demo_login", args=["nobody"])).status_code == 404
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert client.post(reverse("demo_login", args=["ana"])).status_code == 404
    assert not signed_in(client)


def test_a_link_never_signs_a_demo_person_in(client: Client, ana: User) -> None:
    assert client.get(reverse("demo_login", args=["ana"])).status_code == 405
    assert not signed_in(client)


def test_a_demo_button_needs_the_page_s_token(ana: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post(reverse("demo_login", args=["ana"]))
    assert answer.status_code == 403
    assert b"open too long" in answer.content


def test_nobody_signs_up_by_themselves(client: Client) -> None:
    answer = client.post(
        "/accounts/signup/",
        {"email": "x@example.com", "username": "x", "password1": "long-pass-77"},
    )
    assert not User.objects.filter(username="x").exists()
    assert answer.status_code == 200


def test_signing_out_ends_the_session_and_leads_to_the_door(
    client: Client, real: User
) -> None:
    client.force_login(real)
    answer = client.post("/admin/logout/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/")
    assert not signed_in(client)
