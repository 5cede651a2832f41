"""The services page: who sees it, what it says, and that a press acts once."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from integrations import services_checks, services_phone
from integrations.models import GapSweep, ServiceCheck, TrialText
from integrations.services import ServiceResult, ServiceState, catalogue
from integrations.tests.http_loopback import fresh_door, serve
from integrations.tests.twilio_loopback import Twilio, twilio
from integrations.tests.webhook_requests import ACCOUNT, TOKEN, twilio_settings
from leads.models import Team
from messaging.tests.inbox_world import rep, signed_in

__all__ = ["fresh_door", "serve", "twilio", "twilio_settings"]  # fixtures

pytestmark = pytest.mark.django_db

READS = [
    ("services", []),
    ("service_now", ["redis"]),
    ("service_text_state", ["twilio"]),
]
WRITES = [
    ("services_test", []),
    ("service_test", ["database"]),
    ("service_text", ["twilio"]),
]


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(rep("cleo", Team.default(), role="admin"))


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tests and texts that would run in threads: only that they were begun."""
    begun: list[str] = []

    def only_noted(name: str, work: object) -> None:
        begun.append(name)

    for module in (services_checks, services_phone):
        monkeypatch.setattr(module, "in_background", only_noted)
    return begun


def words(client: Client, name: str = "services", *args: str) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


def card(page: str, key: str) -> str:
    """The text of one service's card."""
    found = re.search(rf'aria-labelledby="sv-{key}">(.*?)</section>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


# --- who ---------------------------------------------------------------------


@pytest.mark.parametrize("role", ["rep", "manager", "billing", "read-only"])
def test_only_operators_see_it_or_press_anything(role: str, begun: list[str]) -> None:
    client = signed_in(rep("bo", Team.default(), role=role))
    for name, args in READS:
        assert client.get(reverse(name, args=args)).status_code == 403, name
    for name, args in WRITES:
        assert client.post(reverse(name, args=args)).status_code == 403, name
    assert begun == []
    assert not ServiceCheck.objects.exists()


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    for name, args in READS:
        assert client.get(reverse(name, args=args)).status_code == 302, name
    for name, args in WRITES:
        assert client.post(reverse(name, args=args)).status_code == 302, name


def test_reading_never_writes_and_a_get_starts_nothing(
    operator: Client, begun: list[str]
) -> None:
    for name, args in WRITES:
        assert operator.get(reverse(name, args=args)).status_code == 405, name
    words(operator)
    assert begun == [] and not ServiceCheck.objects.exists()


def test_an_unknown_service_is_not_found(operator: Client) -> None:
    assert operator.get(reverse("service_now", args=["fax"])).status_code == 404
    assert operator.post(reverse("service_test", args=["fax"])).status_code == 404


# --- what it says ------------------------------------------------------------


def test_a_new_installation_says_what_runs_instead(
    operator: Client, settings: Settings
) -> None:
    settings.REDIS_URL = ""
    page = words(operator)
    assert "log transport takes them" in card(page, "twilio")
    assert "built-in model" in card(page, "openai")
    assert "one process" in card(page, "redis")
    assert "Off" in card(page, "twilio")
    assert "Nobody has asked it yet" in card(page, "database")
    assert "Send one text" not in page


def test_a_set_service_shows_its_values_masked_and_their_source(
    operator: Client, twilio: Twilio
) -> None:
    page = words(operator)
    text = card(page, "twilio")
    assert ACCOUNT in text
    assert "••••9012" in text
    assert TOKEN not in page
    assert "not set" in text and "default" in text


def test_a_half_set_service_is_named(operator: Client, settings: Settings) -> None:
    settings.TWILIO_ACCOUNT_SID = ACCOUNT
    text = card(words(operator), "twilio")
    assert "Half set, so it stays off" in text
    assert "TWILIO_AUTH_TOKEN" in text


@pytest.mark.parametrize("state", list(ServiceState)[:5])
def test_each_state_has_its_words_fix_and_times(
    operator: Client, twilio: Twilio, state: ServiceState
) -> None:
    result = ServiceResult(state, "What is so.", "What to do about it.", 41, "Theirs.")
    services_checks.record("twilio", result)
    text = card(words(operator), "twilio")
    for part in ("What is so.", "What to do about it.", "41 ms", "Theirs."):
        assert part in text
    assert "by a real call" in text


def test_the_last_failure_stays_in_sight_when_it_works_again(
    operator: Client, twilio: Twilio
) -> None:
    services_checks.record("twilio", ServiceResult(ServiceState.REJECTED, "No key."))
    services_checks.record("twilio", ServiceResult(ServiceState.OK, "It works."))
    text = card(words(operator), "twilio")
    assert "No key." in text and "It works." in text


def test_the_page_calls_nobody(operator: Client, twilio: Twilio) -> None:
    words(operator)
    words(operator, "service_now", "twilio")
    words(operator, "service_text_state", "twilio")
    assert twilio.asked == []


def test_the_gap_sweeps_counts_are_beside_twilio(
    operator: Client, twilio: Twilio
) -> None:
    assert "not done yet" in card(words(operator), "twilio")
    now = timezone.now()
    GapSweep.objects.create(
        provider="twilio",
        account=ACCOUNT,
        begins_at=now,
        swept_until=now,
        swept_at=now,
        day=now.date(),
        listed=41,
        arrived=39,
        fetched=2,
        failure="Twilio answered 500",
    )
    text = card(words(operator), "twilio")
    assert "lists 41 , 39 came by webhook, 2 fetched" in text
    assert "did not get through: Twilio answered 500" in text


# --- what it does ------------------------------------------------------------


def test_a_press_begins_one_test_and_a_second_press_none(
    operator: Client, begun: list[str]
) -> None:
    for _ in range(2):
        answer = operator.post(reverse("service_test", args=["database"]))
        assert "Testing" in answer.content.decode()
        assert 'hx-trigger="every 1s"' in answer.content.decode()
    assert begun == ["test-database"]
    assert "Testing" in words(operator, "service_now", "database")
    services_checks.record("database", ServiceResult(ServiceState.OK, "It answers."))
    done = words(operator, "service_now", "database")
    assert "It answers." in done and "hx-trigger" not in done


def test_test_all_begins_those_that_are_set(
    operator: Client, twilio: Twilio, settings: Settings, begun: list[str]
) -> None:
    settings.REDIS_URL = ""
    page = operator.post(reverse("services_test")).content.decode()
    on = [one.key for one in catalogue() if one.is_on()]
    assert sorted(begun) == sorted(f"test-{key}" for key in on)
    assert {"database", "twilio"} <= set(on) and "redis" not in on
    assert page.count('hx-swap-oob="true"') == len(on)


def test_what_is_off_is_not_tested(operator: Client, begun: list[str]) -> None:
    operator.post(reverse("service_test", args=["twilio"]))
    assert begun == []


def text(client: Client, **fields: str) -> str:
    given = {"number": "+14155550177", "agreed": "on", "click": str(uuid.uuid4())}
    url = reverse("service_text", args=["twilio"])
    return client.post(url, {**given, **fields}).content.decode()


@pytest.mark.django_db(transaction=True)
def test_text_my_phone_acts_once_a_press_and_offers_a_new_one(
    operator: Client, twilio: Twilio, begun: list[str]
) -> None:
    click = str(uuid.uuid4())
    first, second = text(operator, click=click), text(operator, click=click)
    assert begun == ["trial-text"]
    assert TrialText.objects.count() == 1
    for page in (first, second):
        assert "sending" in page and "••••0177" in page
        assert 'hx-trigger="every 2s"' in page
        assert click not in page, "the next press is another one"


def test_a_refused_text_says_why_and_sends_nothing(
    operator: Client, twilio: Twilio, begun: list[str]
) -> None:
    assert "Tick the box" in text(operator, agreed="")
    assert "no phone number" in text(operator, number="x")
    assert "too old" in text(operator, click="not-an-id")
    assert begun == [] and not TrialText.objects.exists()


def test_another_persons_text_is_not_shown(operator: Client, twilio: Twilio) -> None:
    other = rep("dora", Team.default(), role="admin")
    TrialText.objects.create(
        click=uuid.uuid4(), user=other, service="twilio", ending="4242", state="sent"
    )
    assert "4242" not in words(operator)
    assert "4242" in words(signed_in(other))


def test_the_carriers_id_and_last_state_are_shown(
    operator: Client, twilio: Twilio
) -> None:
    text(operator)
    row = TrialText.objects.get()
    services_phone._move(row.public_id, TrialText.State.SENT, external_id="SM123")
    page = words(operator, "service_text_state", "twilio")
    assert "sent: the carrier took it" in page and "SM123" in page
    services_phone._move(row.public_id, TrialText.State.DELIVERED)
    page = words(operator, "service_text_state", "twilio")
    assert "delivered" in page and "hx-trigger" not in page
