"""/metrics: who may read it, what it tells, what it costs."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from integrations import http, http_counts
from integrations.http import HttpError
from integrations.tests.http_loopback import (
    Loopback,
    answer,
    fresh_door,  # noqa: F401 (a fixture)
    hang,
    serve,  # noqa: F401 (a fixture)
)
from leads import policy
from leads.models import Job
from leads.work import run_due
from leadsite import metrics, metrics_page
from leadsite.tests.test_health import running
from messaging.tests.talk import DANA, mode, text_in

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = {"REMOTE_ADDR": "203.0.113.9"}
Serve = Any


@pytest.fixture(autouse=True)
def _ask_anew() -> Iterator[None]:
    metrics.rows.forget()
    http_counts.reset()
    yield
    metrics.rows.forget()
    http_counts.reset()


def scraped(**more: Any) -> dict[str, float]:
    """Every sample by its name with labels."""
    metrics.rows.forget()
    answer = Client().get("/metrics", **more)
    assert answer.status_code == 200
    lines = answer.content.decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_this_machine_may_read_it() -> None:
    assert scraped()["leadsite_database_up"] == 1


@pytest.mark.parametrize(
    "more",
    [
        ELSEWHERE,
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {**ELSEWHERE, "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer "},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer wrong"},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Basic a-token-of-some-length"},
        {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer \xff"},
    ],
)
def test_strangers_find_no_such_page(settings: Settings, more: dict[str, str]) -> None:
    settings.METRICS_TOKEN = "a-token-of-some-length"
    assert Client().get("/metrics", **more).status_code == 404


def test_without_a_token_none_is_right(settings: Settings) -> None:
    settings.METRICS_TOKEN = ""
    more = {**ELSEWHERE, "HTTP_AUTHORIZATION": "Bearer "}
    assert Client().get("/metrics", **more).status_code == 404


def test_the_token_opens_it(settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-token-of-some-length"
    token = {"HTTP_AUTHORIZATION": "Bearer a-token-of-some-length"}
    assert scraped(**ELSEWHERE, **token)["leadsite_database_up"] == 1


@pytest.mark.parametrize(("staff", "status"), [(True, 200), (False, 404)])
def test_staff_may_read_it(staff: bool, status: int) -> None:
    person = User.objects.create_user("ana", is_staff=staff)
    client = Client(**ELSEWHERE)
    client.force_login(person)
    assert client.get("/metrics").status_code == status


def test_queues_are_told_by_kind_and_state() -> None:
    Job.objects.create(name="a", state=Job.State.DEAD)
    Job.objects.create(name="b", state=Job.State.DONE)
    Job.objects.create(name="c", state=Job.State.DONE)
    told = scraped()
    assert told['leadsite_queue_rows{kind="jobs",state="dead"}'] == 1
    assert told['leadsite_queue_rows{kind="jobs",state="done"}'] == 2
    assert told['leadsite_dead_letters{kind="jobs"}'] == 1
    assert told['leadsite_queue_oldest_due_seconds{kind="jobs"}'] == 0


def test_sends_and_turns_are_told() -> None:
    mode("auto")
    policy.change(actor="system", burst_sms_seconds=0)
    text_in("Hi, we need about 40 seats next month")
    run_due()
    told = scraped()
    sends = [name for name in told if name.startswith("leadsite_outgoing_messages{")]
    assert sends and all("author=" in name and "state=" in name for name in sends)
    assert any(name.startswith("leadsite_turns{outcome=") for name in told)


def test_signs_of_life_are_told() -> None:
    running("web", "worker")
    told = scraped()
    assert told['leadsite_processes{kind="worker"}'] == 1
    assert told['leadsite_processes{kind="beat"}'] == 0
    ages = [told[name] for name in told if name.startswith("leadsite_process_seen")]
    assert len(ages) == 2 and max(ages) < 20
    assert told["leadsite_sweep_age_seconds"] < 20


def test_calls_are_counted_by_how_they_ended(serve: Serve) -> None:  # noqa: F811
    ok: Loopback = serve(answer(201))
    broken: Loopback = serve(answer(500))
    silent: Loopback = serve(hang)
    http.request("POST", ok.url, service="twilio", deadline=2)
    http.request("POST", ok.url, service="twilio", deadline=2)
    http.request("POST", broken.url, service="twilio", deadline=2)
    with pytest.raises(HttpError):
        http.request("POST", silent.url, service="openai", deadline=0.3)
    running("worker", "web")  # one process with two parts is counted once
    told = scraped()
    by = labelled(told, "leadsite_service_call_seconds_count")
    assert by == {
        ("twilio", "ok"): 2,
        ("twilio", "unknown"): 1,
        ("openai", "unknown"): 1,
    }
    sums = labelled(told, "leadsite_service_call_seconds_sum")
    assert 0.2 < sums[("openai", "unknown")] < 2


def labelled(told: dict[str, float], name: str) -> dict[tuple[str, str], float]:
    """Samples of one name by service and outcome."""
    found = {}
    for sample, value in told.items():
        if sample.startswith(name + "{"):
            inner = sample[len(name) + 1 : -1]
            labels = dict(part.split("=", 1) for part in inner.split(","))
            found[(labels["service"].strip('"'), labels["outcome"].strip('"'))] = value
    return found


def test_a_call_that_the_breaker_held_back_is_no_call(serve: Serve) -> None:  # noqa: F811
    broken: Loopback = serve(answer(500))
    for _ in range(5):
        http.request("GET", broken.url, service="any", deadline=2)
    with pytest.raises(HttpError):
        http.request("GET", broken.url, service="any", deadline=2)
    outcomes = {row["outcome"]: sum(row["buckets"]) for row in http_counts.snapshot()}
    assert outcomes == {"unknown": 5, "not_called": 1}


def test_it_costs_at_most_a_dozen_statements_and_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with CaptureQueriesContext(connection) as queries:
        metrics.ask()
    assert len(queries) <= 12
    asked = []
    honest = metrics.rows._ask
    monkeypatch.setattr(metrics.rows, "_ask", lambda: asked.append(1) or honest())
    monkeypatch.setattr(metrics.rows, "_kept", 60)  # on a busy machine too
    metrics.rows.forget()
    for _ in range(5):
        assert Client().get("/metrics").status_code == 200
    assert len(asked) == 1


def test_a_database_that_hangs_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(metrics.rows, "_ask", lambda: let_go.wait(20))
    monkeypatch.setattr(metrics_page, "DEADLINE", 0.3)
    began = time.monotonic()
    told = scraped()
    assert time.monotonic() - began < 2
    assert told["leadsite_database_up"] == 0
    let_go.set()


def test_no_name_of_a_lead_is_told() -> None:
    text_in("Hi, I am Dana Reyes")
    answer = Client().get("/metrics").content.decode()
    assert DANA not in answer and "Dana" not in answer
