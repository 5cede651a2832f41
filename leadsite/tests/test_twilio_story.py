"""A signed webhook posted to `up` is answered through Twilio's Messages endpoint."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from leadsite.tests.processes import Installation, post, wait_for
from leadsite.tests.recorder import Recorder, recording
from leadsite.tests.twilio_posts import (
    ACCOUNT,
    ENVIRONMENT,
    OURS,
    PUBLIC,
    just_taken_on,
    signed,
    text_of,
)

pytestmark = pytest.mark.contract


@pytest.fixture
def twilio() -> Iterator[Recorder]:
    upstream = os.environ.get("VENDOR_MOCK_30")
    if not upstream:
        pytest.skip("no vendor mock: VENDOR_MOCK_30 is not set")
    with recording(upstream, just_taken_on) as recorder:
        yield recorder


def test_a_signed_text_is_answered_and_its_delivery_recorded(
    twilio: Recorder, tmp_path: Path
) -> None:
    here = Installation(tmp_path, **ENVIRONMENT, TWILIO_BASE_URL=twilio.url)
    here.manage("migrate", "--verbosity", "0")
    here.settle_opt_outs()
    here.manage(
        "policy", "new_channel_mode=auto", "quiet_hours=False", "burst_sms_seconds=1"
    )
    text = text_of(
        "+14155550123", "Hi, we need about 40 seats next month, budget is 20k"
    )
    with here.up() as address:
        body, headers = signed("/hooks/twilio/sms/", text)
        forged = {**headers, "X-Twilio-Signature": "wrong"}
        assert post(address, "/hooks/twilio/sms/", body, forged)[0] == 403
        started = time.monotonic()
        assert post(address, "/hooks/twilio/sms/", body, headers)[0] == 200
        assert post(address, "/hooks/twilio/sms/", body, headers)[0] == 200
        wait_for(lambda: twilio.asked, seconds=20)
        took = time.monotonic() - started
        time.sleep(2)  # a second answer would have come by now
        (sent,) = twilio.asked
        asked = parse_qs(sent.body)
        assert sent.status == 201, "the mock found the request breaks the contract"
        assert sent.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert asked["To"] == ["+14155550123"]
        assert asked["From"] == [OURS]
        (callback,) = asked["StatusCallback"]
        shown = json.loads(here.manage("show", "+14155550123", "--json"))
        reply = shown["messages"][-1]
        assert reply["state"] == "sent"
        path = callback.removeprefix(PUBLIC)
        report = {
            "MessageSid": reply["external_id"],
            "MessageStatus": "delivered",
            "AccountSid": ACCOUNT,
            "To": "+14155550123",
            "From": OURS,
        }
        body, headers = signed(path, report)
        assert post(address, path, body, headers)[0] in (200, 204)

        def delivered() -> bool:
            again = json.loads(here.manage("show", "+14155550123", "--json"))
            return bool(again["messages"][-1]["state"] == "delivered")

        wait_for(delivered, seconds=20)
    status_now = json.loads(here.manage("status", "--json"))
    assert status_now["nothing_lost"]
    assert took < 15
