"""*Not true* and corrections ask for the same permission wherever they are made."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from leads import qualification
from leads.models import Fact, ScoreLine
from leads.tests.saying import Read
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in

pytestmark = pytest.mark.django_db
RIGHTS = ("change_fact", "change_scoreline", "change_conversation", "change_lead")
BOTH = {"change_fact", "change_scoreline"}
PAGES = ("inbox", "lead")


@pytest.fixture
def at() -> SimpleNamespace:
    there = office()
    qualification.learn(
        lead=there.lead, readings=[Read("budget", "20000 USD", "budget is 20k")],
        message=there.first.public_id, at=there.first.occurred_at, actor="builtin",
    )  # fmt: skip
    there.fact = Fact.objects.get()
    there.line = ScoreLine.objects.create(
        lead=there.lead, key="budget", label="budget named", part="intent", points=25,
        occurred_at=there.first.occurred_at, added_at=there.first.occurred_at,
    )  # fmt: skip
    return there


def somebody_with(at: SimpleNamespace, rights: set[str]) -> Any:
    """A person of the team who reads everything, with just these rights."""
    user = rep("rita", at.team, role="read-only")
    group = Group.objects.create(name="some")
    group.permissions.set(Permission.objects.filter(codename__in=rights))
    user.groups.add(group)
    return signed_in(user)


def correct(at: SimpleNamespace, client: Any, place: str, what: str) -> int:
    of = at.talk.public_id if place == "inbox" else at.lead.public_id
    one = {"fact_set": "need", "fact_strike": at.fact.public_id}
    key = one.get(what, at.line.public_id)
    there = reverse(f"{place}_{what}", args=[of, key])
    return int(client.post(there, {"value": "40 seats"}, **FRAGMENT).status_code)


@pytest.mark.parametrize("what", ["fact_set", "fact_strike", "line_strike"])
@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize(
    "rights",
    [set(), *({one} for one in RIGHTS), BOTH, set(RIGHTS)],
    ids=lambda some: "+".join(sorted(some)) or "none",
)
def test_both_pages_ask_for_the_same_rights(
    rights: set[str], place: str, what: str, at: SimpleNamespace
) -> None:
    client = somebody_with(at, rights)
    allowed = rights >= BOTH
    assert correct(at, client, place, what) == (200 if allowed else 403)


@pytest.mark.parametrize("place", PAGES)
@pytest.mark.parametrize(("rights", "shown"), [(set(RIGHTS) - BOTH, 0), (BOTH, 1)])
def test_a_page_offers_not_true_to_those_who_may(
    rights: set[str], shown: int, place: str, at: SimpleNamespace
) -> None:
    client = somebody_with(at, rights)
    there = (
        reverse("inbox_panel", args=[at.talk.public_id])
        if place == "inbox"
        else reverse("lead_page", args=[at.lead.public_id])
    )
    html = client.get(there).content.decode()
    assert html.count('aria-label="Not true: Budget"') == shown
    assert html.count('aria-label="Correct Budget"') == shown


@pytest.mark.parametrize("place", PAGES)
def test_both_pages_say_the_same_of_the_score(place: str, at: SimpleNamespace) -> None:
    client = signed_in(at.ana)
    of = at.talk.public_id if place == "inbox" else at.lead.public_id
    there = reverse(f"{place}_line_strike", args=[of, at.line.public_id])
    answer = client.post(there, **FRAGMENT).json()
    assert answer["toast"].startswith("Not true. ")
    assert answer["undo"] == reverse(
        f"{place}_line_restore", args=[of, at.line.public_id]
    )


def test_an_amount_is_shown_with_its_thousands_apart(at: SimpleNamespace) -> None:
    client = signed_in(at.ana)
    for there in (
        reverse("inbox_panel", args=[at.talk.public_id]),
        reverse("lead_page", args=[at.lead.public_id]),
        reverse("inbox_thread", args=[at.talk.public_id]),
        reverse("lead_page", args=[at.lead.public_id]) + "?tab=history",
    ):
        html = client.get(there).content.decode()
        assert "20,000 USD" in html, there
    # The form that corrects it holds what is stored.
    assert 'value="20000 USD"' in html
    assert Fact.objects.get(pk=at.fact.pk).value == "20000 USD"
