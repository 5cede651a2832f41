"""Requests as Twilio signs them, for stories against its mock."""

import json
import uuid
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

TOKEN = "12345678901234567890123456789012"
ACCOUNT = "AC00000000000000000000000000000001"
OURS = "+15017122661"
PUBLIC = "https://crm.example.com"
ENVIRONMENT = {
    "PUBLIC_BASE_URL": PUBLIC,
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "TWILIO_PHONE_NUMBER": OURS,
}


def signed(path: str, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a genuine request."""
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + path, fields)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
    }
    return urlencode(fields).encode(), headers


def text_of(sender: str, body: str) -> dict[str, str]:
    """The fields of a text that came in."""
    return {
        "MessageSid": f"SM{uuid.uuid4().hex}",
        "AccountSid": ACCOUNT,
        "From": sender,
        "To": OURS,
        "Body": body,
        "NumMedia": "0",
    }


def just_taken_on(status: int, content: bytes) -> bytes:
    """The mock's message is an example of any state; ours has just been taken on."""
    if status != 201:
        return content
    return json.dumps({**json.loads(content), "status": "queued"}).encode()
