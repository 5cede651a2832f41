"""Today: what needs a person, what happened, and that nothing was lost."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from leads.access import Viewer
from leads.models import Lead, Mode
from leads.policy import current as current_policy
from leadsite.admin_site import url_or_none, where_messages_go
from leadsite.dashboard_chart import chart
from leadsite.dashboard_strip import Period, rows_of, strip
from leadsite.dashboard_vendor import vendor_counts
from leadsite.setup_steps import Step, setup_steps
from messaging import measures, numbers
from messaging.models import Conversation, Message
from messaging.numbers import Part
from messaging.views import proof
from messaging.words import age

CHART_DAYS = 14
# Older messages are in `status`; counting them at every visit would be slow.
KEPT_DAYS = 90
ROWS = 5


def today(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Return Unfold's index context with the dashboard's parts.

    Everything is counted over what the person may see.
    """
    user, period = request.user, Period.today()
    where, kept_since = where_messages_go(), period.start - timedelta(days=KEPT_DAYS)
    with timezone.override(period.zone):
        days = measures.inbound_days(
            today=period.now.astimezone(period.zone).date(), days=CHART_DAYS, user=user
        )
        return {
            **context,
            "title": "Today",
            "as_of": period.as_of,
            "setup": setup(setup_steps(where=where)),
            "waiting": waiting_rows(user),
            "needs_you": numbers.needs_you(user=user),
            "strip": strip(user, period),
            "equation": numbers.received_equation(
                since=kept_since, user=user, real_only=where.live
            ),
            "kept_days": KEPT_DAYS,
            "vendor_counts": vendor_counts(user, period),
            "parts": parts(user, since=kept_since, real_only=where.live),
            "last": proof.last_fifty(request),
            "proof_link": _proof_link(user),
            "modes": modes(request),
            "halted": current_policy().ai_halted_reason,
            "hottest": hottest(user),
            "chart": chart(days),
            "days": list(reversed(days)),
            "links": links(),
        }


def setup(steps: list[Step]) -> dict[str, Any]:
    """Return the card: its steps, how many are done and which comes next."""
    todo = [step for step in steps if not step.done]
    return {
        "steps": steps,
        "done": len(steps) - len(todo),
        "next": todo[0] if todo else None,
        "todo": bool(todo),
    }


def links() -> dict[str, str | None]:
    """Return the pages that the parts lead to, None for those not there."""
    names = ("inbox", "review", "simulator", "policy")
    return {name: url_or_none(name) for name in names}


def _proof_link(user: Viewer) -> str | None:
    """Return the page that shows whether the AI has earned more trust."""
    allowed = getattr(user, "has_perm", lambda name: False)(proof.NEEDED)
    return url_or_none("proof") if allowed else None


def waiting_rows(user: Viewer) -> list[dict[str, Any]]:
    """Return the five conversations that need a person most."""
    rows = numbers.waiting_for_person(user=user)[:ROWS]
    return [
        {"talk": row, "link": thread_link(row), "waited": age(row.waiting_since)}
        for row in rows
    ]


def thread_link(row: Conversation) -> str | None:
    """Return where a conversation is read."""
    return url_or_none("inbox_thread", row.public_id)


def hottest(user: Viewer) -> list[dict[str, Any]]:
    """Return the five leads with the highest score that is not 0."""
    rows = Lead.objects.visible_to(user).filter(score__gt=0, archived_at=None)
    best = rows.select_related("company", "owner", "stage").order_by("-score", "-pk")
    return [
        {"lead": lead, "link": url_or_none("lead_page", lead.public_id)}
        for lead in best[:ROWS]
    ]


def parts(user: Viewer, *, since: datetime, real_only: bool) -> dict[str, str | None]:
    """Return where the sum and each of its parts open."""
    more: dict[str, str | datetime] = {"occurred_at__gte": since}
    if real_only:
        more["real"] = "1"
    names = ("received", *(str(part) for part in Part))
    return {name: rows_of(user, Message, part=name, **more) for name in names}


def modes(request: HttpRequest) -> list[dict[str, Any]]:
    """Return Off, Draft, Auto with the one that holds."""
    mode = current_policy().mode
    return [
        {"value": value, "label": label, "on": value == mode}
        for value, label in Mode.choices
    ]
