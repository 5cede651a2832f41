"""Take secrets out of anything that is logged or shown.

`redact` knows three kinds of secret: what follows a telling name (`token=…`,
`Authorization: …`), what has the shape of a known vendor's key, and the values
the caller passes as `also` (the very secrets used in the call at hand).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

REDACTED: Final = "[redacted]"

SENSITIVE_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "www-authenticate"}
)

# A part of a name is enough: `x-api-key`, `refresh_token`, `client_secret`.
_TELLING = (
    r"api[-_]?key|access[-_]?key|secret|token|passw(?:or)?d|passphrase|pwd|credential"
    r"|signature|assertion|hapikey|private[-_]?key|session[-_]?id|jwt"
)
# Harmless words in a sentence, but secrets as a parameter of an address.
_TELLING_IN_QUERY = r"key|sig|code|auth|hmac|pass|sid_token"

_HEADER_NAME = re.compile(rf"{_TELLING}|auth", re.IGNORECASE)
_AFTER_NAME = re.compile(
    rf"""((?:{_TELLING})[\w.-]{{0,40}}["']?\s*(?:=|:|=>|%3D)\s*)"""
    r"""(?:"[^"]*"|'[^']*'|[^\s&,;"'}\])<>]+)""",
    re.IGNORECASE,
)
_IN_QUERY = re.compile(rf"([?&](?:{_TELLING_IN_QUERY})=)[^&\s\"'#]+", re.IGNORECASE)
_AUTHORIZATION = re.compile(
    r"""((?:proxy-)?authorization["']?\s*[:=]\s*["']?)[^"'\r\n,}]+""", re.IGNORECASE
)
_SCHEMES = re.compile(
    r"\b((?i:bearer|zoho-oauthtoken))\s+[^\s\"',;]{6,}"
    r"|\b((?i:basic))\s+(?=[a-z+/]*[A-Z0-9=])[A-Za-z0-9+/]{6,}={0,2}"
)
_USERINFO = re.compile(r"(\w[\w+.-]{0,20}://)[^/\s?#]+@")
_SLACK_HOOK = re.compile(
    r"(/(?:services|workflows|triggers)/)[A-Za-z0-9_]+(?:/[A-Za-z0-9_]+)+"
)
_OWN_HOOK = re.compile(r"(/(?:hooks/leads|sendgrid/inbound|u|book)/)[^/\s?#]{8,}")
_SHAPES = re.compile(
    r"\b(?:"
    r"sk-[A-Za-z0-9_-]{12,}"  # OpenAI
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=_-]{8,}"  # Stripe
    r"|SG\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # SendGrid
    r"|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}"  # Slack
    r"|pat-[a-z0-9]{2,4}-[0-9a-f-]{20,}"  # HubSpot
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS
    r"|ya29\.[A-Za-z0-9_-]{8,}|AIza[A-Za-z0-9_-]{30,}|GOCSPX-[A-Za-z0-9_-]{8,}"
    r"|1000\.[0-9a-f]{20,}\.[0-9a-f]{20,}"  # Zoho
    r"|00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{20,}"  # Salesforce session
    r"|eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)?"  # JWT
    r")"
)
# A long path segment of mixed cases and digits is a capability, not a name;
# Twilio's ids (two capitals and 32 hexadecimal digits) are names.
_SEGMENT = re.compile(
    r"(?<=/)(?![A-Z]{2}[0-9a-f]{32}(?![\w-]))"
    r"(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{22,}"
)
_KEEP_FIRST_GROUP = (
    _AUTHORIZATION,
    _USERINFO,
    _SLACK_HOOK,
    _OWN_HOOK,
    _AFTER_NAME,
    _IN_QUERY,
)


def redact(text: str, *, also: Iterable[str] = ()) -> str:
    """`text` with every secret in it replaced by `[redacted]`.

    `also` are exact values to take out as well; those under four characters are
    left alone, since they would tear ordinary words apart.
    """
    for value in sorted({v for v in also if len(v) >= 4}, key=len, reverse=True):
        text = text.replace(value, REDACTED)
    text = _SHAPES.sub(REDACTED, text)
    text = _SCHEMES.sub(lambda m: f"{m[1] or m[2]} {REDACTED}", text)
    for pattern in _KEEP_FIRST_GROUP:
        end = "@" if pattern is _USERINFO else ""
        text = pattern.sub(rf"\g<1>{REDACTED}{end}", text)
    return _SEGMENT.sub(REDACTED, text)


def is_sensitive_header(name: str) -> bool:
    """Whether the header's value is a secret, judged by its name."""
    return name.lower() in SENSITIVE_HEADERS or bool(_HEADER_NAME.search(name))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with secret values replaced and the others redacted as text."""
    return {
        name: REDACTED if is_sensitive_header(name) else redact(value)
        for name, value in headers.items()
    }


def safe_address(url: str, *, also: Iterable[str] = ()) -> str:
    """`url` for a log line: no user, password, query or fragment, redacted path."""
    return redact(re.split(r"[?#]", url, maxsplit=1)[0], also=also)
