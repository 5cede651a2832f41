import pytest

from leads.seeding import ensure_ground
from messaging.tests.talk import person

pytestmark = pytest.mark.browser


def test_the_dashboard_opens(site, sign_in):
    ensure_ground()
    page = sign_in(person())
    page.goto("/admin/")
    assert page.locator("h1").first.is_visible()
