"""The doctor: what is wrong, the fix, and an exit code."""

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from leads.models import Job, ProcessBeat
from leadsite import checks, doctor, doctor_settings, doctor_work, heartbeat, probes
from leadsite.health import Finding, State
from leadsite.probes import RedisFacts
from leadsite.tests.test_health import running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _ask_anew(settings: Settings) -> None:
    settings.REDIS_URL = ""
    probes.forget_all()


def told(*words: str) -> tuple[int, str]:
    """Exit code and what it printed."""
    out = StringIO()
    probes.forget_all()
    try:
        call_command("doctor", *words, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def found(findings: list[Finding], name: str) -> Finding:
    (one,) = [finding for finding in findings if finding.name == name]
    return one


def test_a_running_installation_is_well() -> None:
    running("web", "worker", "beat")
    code, said = told()
    assert code == 0, said
    assert "fail" not in said
    assert max(len(line) for line in said.splitlines()) <= 88


def test_a_failure_ends_with_one_and_says_the_fix() -> None:
    code, said = told()
    assert code == 1
    assert "→ Start one: `manage.py up --only worker`" in said
    assert "to mend" in said.splitlines()[-1]


def test_json_carries_every_finding_with_its_fix() -> None:
    code, said = told("--json")
    shown = json.loads(said)
    assert code == 1 and shown["ok"] is False
    names = {row["name"] for row in shown["findings"]}
    assert {
        "database",
        "migrations",
        "worker",
        "beat",
        "sweep",
        "redis",
        "data folder",
        "clock",
        "database kind",
        "due work",
        "dead letters",
        "unknown sends",
        "nothing lost",
        "SECRET_KEY",
        "DEBUG",
        "ALLOWED_HOSTS",
        "PUBLIC_BASE_URL",
        "TRUSTED_PROXIES",
        "versions",
    } <= names
    for row in shown["findings"]:
        assert row["state"] == "ok" or row["fix"], row


def test_a_database_that_is_away_is_a_finding_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> Any:
        raise ConnectionError("postgresql://ana:very-hidden@db.example/leads is away")

    monkeypatch.setattr(probes.database, "_ask", away)
    code, said = told()
    assert code == 1
    assert "does not answer (ConnectionError)" in said
    assert "very-hidden" not in said


def test_dead_letters_and_late_work_are_named() -> None:
    now = timezone.now()
    late = now - timedelta(minutes=20)
    Job.objects.create(name="a", state=Job.State.DEAD)
    Job.objects.create(name="b", state=Job.State.READY, due_at=late)
    code, said = told("--json")
    findings = {row["name"]: row for row in json.loads(said)["findings"]}
    assert findings["dead letters"]["state"] == "warn"
    assert "1 jobs" in findings["dead letters"]["words"]
    assert findings["due work"]["state"] == "fail"
    assert "20 min" in findings["due work"]["words"]
    assert code == 1


def test_a_part_of_another_version_is_named() -> None:
    running("worker")
    ProcessBeat.objects.update(version="0.0.9")
    probes.forget_all()
    assert "0.0.9" in found(doctor.examine(), "versions").words


@pytest.mark.parametrize(("behind", "state"), [(0.4, "ok"), (-5, "warn"), (90, "fail")])
def test_clocks_that_differ_are_named(behind: float, state: str) -> None:
    assert doctor_work.clocks(behind).state == state


def test_sqlite_in_several_processes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    running("web")
    running("worker")
    parts = heartbeat.seen()
    monkeypatch.setattr(doctor_work.connection, "vendor", "sqlite", raising=False)
    assert doctor_work.database_kind(parts).state is State.WARN
    elsewhere = [replace(part, name=f"{n}:1") for n, part in enumerate(parts)]
    assert doctor_work.database_kind(elsewhere).state is State.FAIL


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (RedisFacts(1, "7.0.15", "noeviction", 0), "ok"),
        (RedisFacts(1, "7.0.15", "allkeys-lru", 0), "ok"),
        (RedisFacts(1, "7.0.15", "allkeys-lru", 1_000_000), "warn"),
        (RedisFacts(1, "5.0.3", "noeviction", 0), "warn"),
        (RedisFacts(1, None, None, None), "ok"),
    ],
)
def test_a_redis_that_forgets_is_named(facts: RedisFacts, state: str) -> None:
    (finding,) = doctor_work.redis(facts)
    assert finding.state == state


# --- settings ------------------------------------------------------------------


def test_a_key_that_others_may_read_is_a_failure(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY", raising=False)
    settings.DATA_DIR = tmp_path
    key = tmp_path / "secret_key"
    key.write_text("x" * 60)
    key.chmod(0o644)
    assert doctor_settings.secret_key().state is State.FAIL
    assert "chmod 600" in doctor_settings.secret_key().fix
    key.chmod(0o600)
    assert doctor_settings.secret_key().state is State.OK


def test_an_env_file_that_others_may_read_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    settings.BASE_DIR = tmp_path
    assert list(doctor_settings.env_file()) == []
    (tmp_path / ".env").write_text("TWILIO_AUTH_TOKEN=x")
    (tmp_path / ".env").chmod(0o640)
    (finding,) = doctor_settings.env_file()
    assert finding.state is State.WARN


@pytest.mark.parametrize(
    ("hosts", "public", "state"),
    [
        (["localhost"], "", "ok"),
        (["*"], "", "warn"),
        (["localhost"], "https://crm.example.com", "fail"),
        (["crm.example.com"], "https://crm.example.com", "ok"),
        ([".example.com"], "https://crm.example.com", "ok"),
        ([".example.com"], "https://badexample.com", "fail"),
    ],
)
def test_allowed_hosts_are_judged(
    settings: Settings, hosts: list[str], public: str, state: str
) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_BASE_URL = hosts, public
    assert doctor_settings.allowed_hosts().state == state


@pytest.mark.parametrize(
    ("account", "public", "state"),
    [
        ("", "", "ok"),
        ("AC1", "", "fail"),
        ("AC1", "http://crm.example.com", "warn"),
        ("AC1", "https://crm.example.com", "ok"),
    ],
)
def test_the_public_address_is_judged(
    settings: Settings, account: str, public: str, state: str
) -> None:
    settings.TWILIO_ACCOUNT_SID, settings.PUBLIC_BASE_URL = account, public
    assert doctor_settings.public_address().state == state


@pytest.mark.parametrize(("public", "state"), [("", "warn"), ("https://a.b", "fail")])
def test_debug_is_named(settings: Settings, public: str, state: str) -> None:
    settings.DEBUG, settings.PUBLIC_BASE_URL = True, public
    assert doctor_settings.debug().state == state


def test_proxies_are_judged(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL, settings.TRUSTED_PROXIES = "https://a.b", []
    assert doctor_settings.proxies().state is State.WARN
    settings.TRUSTED_PROXIES = ["10.0.0.5"]
    assert doctor_settings.proxies().state is State.OK
    settings.TRUSTED_PROXIES = ["*"]
    assert doctor_settings.proxies().state is State.WARN


def test_half_set_log_shipping_names_what_is_missing(settings: Settings) -> None:
    assert list(doctor_settings.log_shipping()) == []
    settings.AWS_LOG_GROUP, settings.AWS_REGION = "leadsite", "eu-central-1"
    (finding,) = doctor_settings.log_shipping()
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in finding.words


def test_a_short_token_is_named_and_never_shown(settings: Settings) -> None:
    settings.METRICS_TOKEN = "short-one"
    (finding,) = doctor_settings.metrics_token()
    assert finding.state is State.WARN
    assert "short-one" not in finding.words + finding.fix


def test_a_half_set_service_is_named_with_what_is_missing(settings: Settings) -> None:
    settings.TWILIO_ACCOUNT_SID = "AC1"
    (finding,) = [one for one in doctor_settings.services() if "Twilio" in one.name]
    assert finding.state is State.WARN
    assert "TWILIO_AUTH_TOKEN" in finding.words and "TWILIO_AUTH_TOKEN" in finding.fix
    (warning,) = checks.half_set_services()
    assert warning.id == "leadsite.W003" and "TWILIO_AUTH_TOKEN" in warning.hint
    settings.TWILIO_ACCOUNT_SID = ""
    assert checks.half_set_services() == []
    (finding,) = [one for one in doctor_settings.services() if "Twilio" in one.name]
    assert finding.state is State.OK and finding.words.startswith("Not set.")


# --- system checks ---------------------------------------------------------------


def test_a_redis_client_of_version_eight_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert checks.client_versions() == []
    monkeypatch.setattr(checks.metadata, "version", lambda name: "8.1.0")
    (warning,) = checks.client_versions()
    assert warning.id == "leadsite.W001" and warning.hint


def test_psycopg_beside_psycopg2_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.util, "find_spec", lambda name: object())
    (warning,) = checks.client_versions()
    assert warning.id == "leadsite.W002" and warning.hint


def test_a_broker_without_a_layer_between_processes_is_refused(
    settings: Settings,
) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/0"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": checks.IN_MEMORY_LAYER}}
    (error,) = checks.broker_and_layer_agree()
    assert error.id == "leadsite.E003" and error.hint


def test_a_separate_worker_needs_broker_and_layer(settings: Settings) -> None:
    settings.CELERY_BROKER_URL = "memory://"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": checks.IN_MEMORY_LAYER}}
    found = checks.separate_part_errors("worker")
    assert [error.id for error in found] == ["leadsite.E001", "leadsite.E002"]
    assert [e.id for e in checks.separate_part_errors("beat")] == ["leadsite.E001"]
    assert checks.separate_part_errors("") == []
    assert checks.separate_part_errors("web") == []


def test_a_failing_system_check_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks.metadata, "version", lambda name: "8.1.0")
    finding = found(doctor.django_checks(), "check leadsite.W001")
    assert finding.state is State.WARN and finding.fix
