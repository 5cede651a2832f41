"""A signed webhook posted to `up` is answered through Twilio's Messages endpoint."""

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import httpx2
import pytest
from twilio.request_validator import RequestValidator

from leadsite.tests.processes import Installation, post, wait_for

pytestmark = pytest.mark.contract
TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC00000000000000000000000000000001"
OURS = "+15017122661"
PUBLIC = "https://crm.example.com"


class Recorder(BaseHTTPRequestHandler):
    """Stands before the mock: keeps what was asked and what it answered."""

    upstream = ""
    seen: list[tuple[str, dict[str, list[str]], int]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {
            "Content-Type": self.headers["Content-Type"],
            "Authorization": self.headers["Authorization"],
        }
        answer = httpx2.post(self.upstream + self.path, content=body, headers=headers)
        Recorder.seen.append((self.path, parse_qs(body.decode()), answer.status_code))
        # The mock's message is an example; ours has just been taken on.
        content = answer.content
        if answer.status_code == 201:
            content = json.dumps({**answer.json(), "status": "queued"}).encode()
        self.send_response(answer.status_code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def twilio() -> Iterator[str]:
    upstream = os.environ.get("VENDOR_MOCK_30")
    if not upstream:
        pytest.skip("no vendor mock: VENDOR_MOCK_30 is not set")
    Recorder.upstream, Recorder.seen = upstream, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def signed(path: str, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, fields)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
    }
    return urlencode(fields).encode(), headers


def test_a_signed_text_is_answered_and_its_delivery_recorded(
    twilio: str, tmp_path: Path
) -> None:
    here = Installation(
        tmp_path,
        PUBLIC_BASE_URL=PUBLIC,
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_PHONE_NUMBER=OURS,
        TWILIO_BASE_URL=twilio,
    )
    here.manage("migrate", "--verbosity", "0")
    here.manage(
        "policy", "new_channel_mode=auto", "quiet_hours=False", "burst_sms_seconds=1"
    )
    text = {
        "MessageSid": f"SM{uuid.uuid4().hex}",
        "AccountSid": ACCOUNT,
        "From": "+14155550123",
        "To": OURS,
        "Body": "Hi, we need about 40 seats next month, budget is 20k",
        "NumMedia": "0",
    }
    with here.up() as address:
        body, headers = signed("/hooks/twilio/sms/", text)
        forged = {**headers, "X-Twilio-Signature": "wrong"}
        assert post(address, "/hooks/twilio/sms/", body, forged)[0] == 403
        started = time.monotonic()
        assert post(address, "/hooks/twilio/sms/", body, headers)[0] == 200
        assert post(address, "/hooks/twilio/sms/", body, headers)[0] == 200
        wait_for(lambda: Recorder.seen, seconds=20)
        took = time.monotonic() - started
        time.sleep(2)  # a second answer would have come by now
        ((path, asked, status),) = Recorder.seen
        assert status == 201, "the mock found the request breaks Twilio's contract"
        assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
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
