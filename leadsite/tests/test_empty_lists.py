"""Lists without rows say why, and what helps."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from leads.seeding import ensure_ground

pytestmark = pytest.mark.django_db
JOURNAL = "/admin/integrations/webhookdelivery/"
RULES = "/admin/leads/scorerule/"


@pytest.fixture
def root() -> Client:
    ensure_ground()
    client = Client()
    client.force_login(
        User.objects.create_superuser("root"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    return client


def test_an_empty_journal_asks_nobody_to_create_rows(root: Client) -> None:
    html = root.get(JOURNAL).content.decode()
    assert "No webhook deliveries yet. They appear here by themselves." in html
    assert "0 results" not in html
    assert "Add webhook" not in html


def test_a_search_without_hits_leads_back_to_all(root: Client) -> None:
    html = root.get(RULES, {"q": "zzzz"}).content.decode()
    assert "Nothing matches “zzzz”." in html
    assert '<a class="ls-btn" href="?">Show all</a>' in html
    assert "0 results" in html


def test_a_filter_without_hits_leads_back_to_all(root: Client) -> None:
    html = root.get(JOURNAL, {"state__exact": "dead"}).content.decode()
    assert "Nothing fits these filters." in html
