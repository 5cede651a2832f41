"""Does SendGrid send incoming mail and its reports to us."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings

INBOUND: Final = "/hooks/sendgrid/inbound/"
EVENTS: Final = "/hooks/sendgrid/events/"
_PARSE: Final = "app.sendgrid.com → Settings → Inbound Parse"
_MAIL: Final = "app.sendgrid.com → Settings → Mail Settings → Event Webhooks"

Rows = Sequence[dict[str, Any]]
Wrong = tuple[str, str]  # what is so, and what to do


def inbound_trouble(rows: Rows) -> Wrong | None:
    """What is wrong with the way in, by the account's parse settings; None when
    nothing is, or no domain for answers is set.
    """
    domain = settings.SENDGRID_INBOUND_DOMAIN.strip().lower()
    if not domain:
        return None
    ours = f"{settings.PUBLIC_BASE_URL}{INBOUND}"
    fix = f"At {_PARSE}, let {domain} post to {ours}<SENDGRID_INBOUND_TOKEN>/."
    if not settings.PUBLIC_BASE_URL:
        words = "Mail leaves, but SendGrid does not know the way to us."
        return words, "Set PUBLIC_BASE_URL to the https address we are reached under."
    same = [row for row in rows if str(row.get("hostname", "")).lower() == domain]
    if not same:
        words = f"Answers to {domain} come in nowhere: SendGrid has no Inbound Parse for it."
        return words, f"{fix} Its MX record must be mx.sendgrid.net."
    url = str(same[0].get("url", ""))
    if not url.startswith(ours):
        shown = url.partition("?")[0][:80]
        return f"SendGrid sends what comes to {domain} to {shown}, not to us.", fix
    tokens = _listed(settings.SENDGRID_INBOUND_TOKEN)
    if tokens and url.removeprefix(ours).strip("/") not in tokens:
        words = f"SendGrid posts what comes to {domain} with a token we do not know."
        return words, fix
    return None


def events_trouble(rows: Rows) -> Wrong | None:
    """What is wrong with the reports, by the account's event webhooks; None when
    nothing is, or no key for their signatures is set.
    """
    keys = _listed(settings.SENDGRID_WEBHOOK_PUBLIC_KEY)
    ours = f"{settings.PUBLIC_BASE_URL}{EVENTS}"
    if not keys or not settings.PUBLIC_BASE_URL:
        return None
    same = [row for row in rows if str(row.get("url", "")).rstrip("/") + "/" == ours]
    fix = f"At {_MAIL}, let it post to {ours}, enabled, with signature verification."
    if not same:
        return "SendGrid does not report to us what becomes of our mail.", fix
    row = same[0]
    if row.get("enabled") is not True:
        return "SendGrid's reports to us are switched off.", fix
    key = row.get("public_key")
    if not key:
        return "SendGrid does not sign its reports, so all are refused.", fix
    if key not in keys:
        words = "SendGrid signs its reports with another key than the one set."
        return words, f"Set SENDGRID_WEBHOOK_PUBLIC_KEY to the key shown at {_MAIL}."
    return None


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
