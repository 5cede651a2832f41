"""How sure the AI must be: two numbers on the policy page."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from leads import policy
from leads.forms_policy import PolicyForm
from leads.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    boss = User.objects.create_superuser("boss", first_name="Bo")
    client = Client()
    client.force_login(boss)
    return client


def filled(**changed: object) -> dict[str, object]:
    values = {**policy.current().values(), **changed}
    kept = {name: value for name, value in values.items() if value not in (None, False)}
    form = PolicyForm(instance=policy.current())
    shown = {name: form[name].value() for name in form.fields if name in kept}
    return {**kept, **shown, **changed}


def test_a_fresh_installation_sends_from_45_and_drafts_from_15_percent() -> None:
    rules = policy.current()
    assert (rules.sure_to_send, rules.sure_to_draft) == (45, 15)


def test_the_page_has_a_part_for_it_with_words_that_explain(client: Client) -> None:
    page = client.get("/admin/policy/").content.decode()
    assert page.count("How sure it must be") >= 1
    assert "sent as written, edited, discarded" in page
    assert "Less sure than this, a person approves it first." in page


def test_it_is_changed_with_a_trace(client: Client) -> None:
    client.post("/admin/policy/", filled(sure_to_send=70, sure_to_draft=30))
    rules = policy.current()
    assert (rules.sure_to_send, rules.sure_to_draft) == (70, 30)
    event = Event.objects.get(kind="policy.changed")
    assert event.payload["sure_to_send"] == [45, 70]


@pytest.mark.parametrize(
    ("send", "draft", "field"),
    [(101, 15, "sure_to_send"), (-1, 0, "sure_to_send"), (40, 41, "sure_to_draft")],
)
def test_what_makes_no_sense_is_refused_with_words(
    client: Client, send: int, draft: int, field: str
) -> None:
    answer = client.post(
        "/admin/policy/", filled(sure_to_send=send, sure_to_draft=draft)
    )
    assert list(answer.context["form"].errors) == [field]
    with pytest.raises(ValidationError):
        policy.change(actor="system", sure_to_send=send, sure_to_draft=draft)
    rules = policy.current()
    assert (rules.sure_to_send, rules.sure_to_draft) == (45, 15)


def test_the_ends_of_the_scale_are_allowed() -> None:
    policy.change(actor="system", sure_to_send=0, sure_to_draft=0)
    rules = policy.change(actor="system", sure_to_send=100, sure_to_draft=100)
    assert (rules.sure_to_send, rules.sure_to_draft) == (100, 100)
