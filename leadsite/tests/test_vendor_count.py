"""Twilio's count of today beside ours, and the way to the services page."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from integrations.models import GapSweep, WebhookDelivery
from leads import clock
from leads.models import Team
from leadsite.admin_site import navigation
from leadsite.setup_steps import STEPS
from messaging.measures import company_zone
from messaging.tests.inbox_world import rep, signed_in

pytestmark = pytest.mark.django_db
ACCOUNT = "AC" + "0" * 31 + "1"


@pytest.fixture
def boss(db: None) -> User:
    return rep("cleo", Team.default(), role="admin")


@pytest.fixture
def twilio(settings: Any) -> None:
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    settings.TWILIO_AUTH_TOKEN = "a-token-that-calls-nobody"
    settings.TWILIO_PHONE_NUMBER = "+15017122661"
    settings.TWILIO_BASE_URL = "http://127.0.0.1:1"


def swept(**changed: Any) -> GapSweep:
    now = timezone.now()
    values = {
        "begins_at": now,
        "swept_until": now,
        "swept_at": now,
        "day": clock.now().astimezone(company_zone()).date(),
        "listed": 41,
        "arrived": 39,
        "fetched": 2,
    }
    return GapSweep.objects.create(
        provider="twilio", account=ACCOUNT, **{**values, **changed}
    )


def today(user: User) -> str:
    page = signed_in(user).get("/admin/").content.decode()
    start = page.index("Nothing lost</h2>")
    part = page[start : page.index("Ready for auto?")]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def test_without_twilio_there_is_no_count(boss: User) -> None:
    assert "Twilio" not in today(boss)


def test_before_the_first_sweep_it_says_so(boss: User, twilio: None) -> None:
    assert "Twilio’s own count of today’s texts: not compared yet" in today(boss)


def test_the_vendors_count_is_the_sum_of_what_came_and_what_was_fetched(
    boss: User, twilio: None
) -> None:
    row = swept()
    words = today(boss)
    assert "Twilio counts 41 texts to us today = 39 by webhook" in words
    assert "2 fetched by the gap sweep" in words
    local = timezone.localtime(row.swept_until, company_zone())
    assert f"until {local:%H:%M}" in words
    assert "did not get through" not in words


def test_each_part_opens_its_rows(boss: User, twilio: None) -> None:
    swept()
    for number, origin in enumerate(["", "", "gap sweep"]):
        WebhookDelivery.objects.create(
            provider="twilio",
            route="twilio/sms/",
            external_id=f"SM{number}",
            state="done",
            origin=origin,
        )
    for number, (route, state) in enumerate(
        [("twilio/status/1/", "done"), ("twilio/sms/", "quarantined")]
    ):
        WebhookDelivery.objects.create(
            provider="twilio", route=route, external_id=f"other{number}", state=state
        )
    client = signed_in(boss)
    page = client.get("/admin/").content.decode()
    links = re.findall(r'href="(/admin/integrations/webhookdelivery/\?[^"]+)"', page)
    counts = [
        client.get(link.replace("&amp;", "&")).context["cl"].result_count
        for link in links
        if "origin" in link
    ]
    assert counts == [2, 1]


def test_a_sweep_that_does_not_get_through_is_told(boss: User, twilio: None) -> None:
    swept(
        swept_until=timezone.now() - timedelta(hours=1),
        failed_at=timezone.now(),
        failure="Twilio answered 500",
    )
    words = today(boss)
    assert "Not compared with Twilio since" in words
    assert "did not get through: Twilio answered 500" in words


def test_the_page_waits_for_no_vendor(boss: User, twilio: None) -> None:
    swept()
    assert "Twilio counts" in today(boss), "port 1 answers nobody"


def test_the_menu_leads_operators_to_the_services(boss: User, rf: Any) -> None:
    def titles(user: User) -> set[str]:
        request = rf.get("/admin/")
        request.user = user
        groups = navigation(request)
        return {item["title"] for group in groups for item in group["items"]}

    assert "Services" in titles(boss)
    assert "Services" not in titles(rep("bo", Team.default(), role="manager"))


def test_connecting_a_phone_leads_to_the_services(boss: User, client: Client) -> None:
    step = next(step for step in STEPS if step.key == "phone")
    assert step.link == "/admin/services/"
    assert 'href="/admin/services/"' in signed_in(boss).get("/admin/").content.decode()
