"""Does SendGrid know our sender, and do receivers believe it: DKIM, SPF, DMARC."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

SETTINGS: Final = "app.sendgrid.com → Settings → Sender Authentication"
# Their DMARC policy asks receivers to refuse mail that their own servers did not send.
FREEMAIL: Final = frozenset(
    {
        "aol.com",
        "gmail.com",
        "googlemail.com",
        "gmx.de",
        "gmx.net",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "web.de",
        "yahoo.com",
    }
)
DMARC: Final = (
    "For DMARC add a TXT record _dmarc.{domain} with v=DMARC1; p=none to begin with:"
    " Gmail and Yahoo ask for one."
)

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Standing:
    """`wrong` and `fix` are empty when mail from the address can leave; `advice` is
    what would make more of it arrive.
    """

    words: str = ""
    wrong: str = ""
    fix: str = ""
    advice: str = ""


def standing_of(
    address: str, domains: Rows | None, senders: Callable[[], Rows | None]
) -> Standing:
    """How our sender address stands, by the account's authenticated domains and its
    verified senders, each None when the key may not read them.
    """
    domain = address.rpartition("@")[2].lower()
    mine = [row for row in domains or () if _covers(row, domain)]
    for row in mine:
        if row.get("valid") is True:
            words = f"{domain} is authenticated (SPF and DKIM)"
            return Standing(words, advice=DMARC.format(domain=domain))
    if mine:
        return Standing(
            wrong=f"The records that prove {domain} are not all in place.",
            fix=_records(mine[0]) or f"See {SETTINGS}: it lists what is missing.",
        )
    listed = senders()
    if domains is None and listed is None:
        advice = (
            f"The key may not read whether {domain} is authenticated: see {SETTINGS}."
        )
        return Standing("the sender was not looked up", advice=advice)
    return _single(address, domain, listed, domains)


def _single(
    address: str, domain: str, listed: Rows | None, domains: Rows | None
) -> Standing:
    same = [
        row
        for row in listed or ()
        if str(row.get("from_email", "")).lower() == address.lower()
    ]
    authenticate = (
        f"Authenticate {domain} at {SETTINGS}: only then DKIM and SPF are in its name"
        " and DMARC passes."
    )
    if domain in FREEMAIL:
        authenticate = (
            f"Use an address of a domain of your own: {domain} asks receivers to refuse"
            " mail in its name that it did not send itself (DMARC)."
        )
    if any(row.get("verified") is True for row in same):
        return Standing(f"{address} is a verified sender", advice=authenticate)
    if listed is None or domains is None:
        return Standing("the sender was only half looked up", advice=authenticate)
    waits = " It waits for the click in SendGrid's mail." if same else ""
    return Standing(
        wrong=f"SendGrid has not verified {address}: it will refuse every mail.{waits}",
        fix=authenticate,
    )


def _covers(row: dict[str, Any], domain: str) -> bool:
    known = str(row.get("domain", "")).lower()
    return bool(known) and (domain == known or domain.endswith(f".{known}"))


def _records(row: dict[str, Any]) -> str:
    missing = list(_missing(row.get("dns")))[:3]
    return f"Where its DNS is kept, add {'; '.join(missing)}." if missing else ""


def _missing(dns: Any) -> Iterator[str]:
    for record in dns.values() if isinstance(dns, dict) else ():
        if isinstance(record, dict) and record.get("valid") is False:
            kind = str(record.get("type", "cname")).upper()[:8]
            host, data = str(record.get("host", "")), str(record.get("data", ""))
            yield f"{kind} {host[:120]} → {data[:200]}"
