"""Separate processes on PostgreSQL and Redis, Twilio and OpenAI as the vendors'
own descriptions have them: a text comes in, the model's words go out.
"""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg2
import pytest

from leadsite.tests.processes import Installation, post, wait_for
from leadsite.tests.recorder import Recorder, recording
from leadsite.tests.twilio_posts import (
    ENVIRONMENT,
    just_taken_on,
    signed,
    text_of,
)

pytestmark = pytest.mark.contract
DANA = "+14155550123"


@pytest.fixture
def database() -> Iterator[str]:
    url = os.environ.get("TEST_DATABASE_URL", "")
    if not url or not os.environ.get("TEST_REDIS_URL"):
        pytest.skip("TEST_DATABASE_URL and TEST_REDIS_URL are not set")
    name = f"story_{secrets.token_hex(4)}"
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connection.close()


@pytest.fixture
def twilio() -> Iterator[Recorder]:
    upstream = os.environ.get("VENDOR_MOCK_30")
    if not upstream:
        pytest.skip("no vendor mock: VENDOR_MOCK_30 is not set")
    with recording(upstream, just_taken_on) as recorder:
        yield recorder


@pytest.fixture
def openai() -> Iterator[Recorder]:
    upstream = os.environ.get("VENDOR_MOCK_OPENAI")
    if not upstream:
        pytest.skip("no mock of OpenAI's words: VENDOR_MOCK_OPENAI is not set")
    with recording(upstream) as recorder:
        yield recorder


@pytest.mark.parametrize("api", ["responses", "chat"])
def test_a_text_is_answered_in_the_models_words(
    api: str, database: str, twilio: Recorder, openai: Recorder, tmp_path: Path
) -> None:
    here = Installation(
        tmp_path,
        **ENVIRONMENT,
        DATABASE_URL=database,
        REDIS_URL=os.environ["TEST_REDIS_URL"],
        TWILIO_BASE_URL=twilio.url,
        OPENAI_API_KEY="sk-invented",
        OPENAI_BASE_URL=f"{openai.url}/v1",
        OPENAI_API=api,
    )
    here.manage("migrate", "--verbosity", "0")
    here.settle_opt_outs()
    here.manage(
        "policy", "new_channel_mode=auto", "quiet_hours=False", "burst_sms_seconds=1"
    )
    text = text_of(DANA, "Hi, we need about 40 seats next month, budget is 20k")
    body, headers = signed("/hooks/twilio/sms/", text)
    parts = here.part("--only", "worker"), here.part("--only", "beat")
    with parts[0], parts[1], here.up("--only", "web") as address:
        assert post(address, "/hooks/twilio/sms/", body, headers)[0] == 200
        wait_for(lambda: twilio.asked, seconds=40)
        wait_for(lambda: replied(here)["state"] == "sent", seconds=20)
    assert twilio.broken == openai.broken == []
    (sent,) = twilio.asked
    assert "Shall we find a time" in parse_qs(sent.body)["Body"][0]
    reply = replied(here)
    assert reply["author"] == "ai"
    assert json.loads(here.manage("status", "--json"))["nothing_lost"]


def replied(here: Installation) -> dict[str, str]:
    shown = json.loads(here.manage("show", DANA, "--json"))
    last: dict[str, str] = shown["messages"][-1]
    return last
