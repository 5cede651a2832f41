"""Own servers for all fault tests; a fresh installation for each."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from leadsite.tests.faults.carrier import (
    ACCOUNT,
    OURS,
    PUBLIC,
    TOKEN,
    Carrier,
    carrying,
)
from leadsite.tests.faults.model import Model, thinking
from leadsite.tests.faults.proxy import proxying
from leadsite.tests.faults.servers import (
    TEMPLATE,
    Postgres,
    Redis,
    postgres_tools,
    running_postgres,
    running_redis,
)
from leadsite.tests.faults.world import World
from leadsite.tests.processes import Installation

FULL = os.environ.get("FAULTS") == "full"
POLICY = (
    "new_channel_mode=auto",
    "quiet_hours=False",
    "burst_sms_seconds=0",
    "cap_lead_hour=1000",
    "cap_lead_day=1000",
    "cap_installation_day=1000000",
    "budget_day_micro=100000000000",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    words = "it measures times and needs the machine: -m faults with WORKERS=0"
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.faults)
            if "PYTEST_XDIST_WORKER" in os.environ:
                item.add_marker(pytest.mark.skip(reason=words))


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether FAULTS=full asked for the long forms."""
    return FULL


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    tools = postgres_tools()
    if tools is None:
        pytest.skip("PostgreSQL's initdb and pg_ctl are not on this machine")
    with running_postgres(tools) as server:
        server.create(TEMPLATE)
        folder = tmp_path_factory.mktemp("ready")
        ready = Installation(folder, DATABASE_URL=server.url(TEMPLATE))
        ready.manage("migrate", "--verbosity", "0")
        ready.settle_opt_outs()
        ready.manage("policy", *POLICY)
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not on this machine")
    with running_redis() as server:
        yield server


@pytest.fixture(scope="session")
def twilio() -> Iterator[Carrier]:
    with carrying() as carrier:
        yield carrier


@pytest.fixture
def openai() -> Iterator[Model]:
    with thinking() as model:
        yield model


@pytest.fixture
def world(
    postgres: Postgres, redis_server: Redis, twilio: Carrier, tmp_path: Path
) -> Iterator[World]:
    """A fresh installation; its processes are started by the test."""
    name = f"faults_{uuid.uuid4().hex[:10]}"
    postgres.create(name, template=TEMPLATE)
    redis_server.flush()
    twilio.forget()
    with proxying(redis_server.port) as redis_way, proxying(twilio.port) as way:
        made = World(postgres, name, redis_server, redis_way, twilio, way, tmp_path)
        try:
            yield made
        finally:
            twilio.released.set()
            redis_way.resume()
            way.resume()
            made.stop_all()
            postgres.drop(name)


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Say a measured figure: on the terminal (-s) and in the report file."""

    def say(**figures: object) -> None:
        for name, value in figures.items():
            record_property(name, value)
        words = ", ".join(f"{n} {v}" for n, v in figures.items())
        with open(os.environ.get("FAULTS_REPORT", os.devnull), "a") as file:
            file.write(f"{os.environ.get('PYTEST_CURRENT_TEST', '')}: {words}\n")

    return say


@pytest.fixture
def adapter(transactional_db: None, settings: Settings) -> Iterator[Carrier]:
    """A carrier on loopback that this process reaches by the real adapter."""
    from django.db import connection

    from integrations import http
    from leads import policy
    from messaging.tests.talk import mode

    if connection.vendor != "postgresql":
        pytest.skip("races need PostgreSQL: set TEST_DATABASE_URL")
    with carrying() as carrier:
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_PHONE_NUMBER = OURS
        settings.TWILIO_BASE_URL, settings.PUBLIC_BASE_URL = carrier.url, PUBLIC
        settings.OUTBOUND_ALLOW = [f"127.0.0.1:{carrier.port}"]
        # A cache that is shared keeps breakers from one test to the next.
        backend = "django.core.cache.backends.locmem.LocMemCache"
        settings.CACHES = {"default": {"BACKEND": backend}}
        http.reset_breakers()
        mode("auto", ours=OURS)
        policy.change(
            actor="system",
            burst_sms_seconds=0,
            cap_lead_hour=1000,
            cap_lead_day=1000,
            cap_conversation=30_000,
        )
        yield carrier
    http.reset_breakers()
