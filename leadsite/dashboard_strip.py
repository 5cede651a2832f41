"""The strip of Today: small numbers, each with its meaning and its rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Model

from leads import clock
from leads.access import Viewer
from leads.models import Lead, Meeting, Suppression, UsageRecord
from leadsite.admin_site import url_or_none
from messaging import measures, numbers
from messaging.measures import Speed
from messaging.models import Message

DAY = timedelta(days=1)
AI_SERVICES = ("ai", "openai")
NONE_YET = "not yet"


@dataclass(frozen=True)
class Number:
    """One number of the strip: its words, the rows behind it, its meaning."""

    label: str
    value: str
    meaning: str
    note: str = ""
    link: str | None = None
    quiet: bool = False


@dataclass(frozen=True)
class Period:
    """Today in the company's time zone, and the day before."""

    zone: ZoneInfo
    now: datetime
    start: datetime
    before: datetime

    @classmethod
    def today(cls) -> "Period":
        """Return the current day of the company profile's time zone."""
        zone, now = measures.company_zone(), clock.now()
        start = measures.midnight(now, zone)
        return cls(zone, now, start, measures.midnight(start - DAY / 2, zone))

    @property
    def as_of(self) -> str:
        """Such as "as of 10:43, Berlin time"."""
        place = self.zone.key.rsplit("/", 1)[-1].replace("_", " ")
        words = place if place == "UTC" else f"{place} time"
        return f"as of {self.now.astimezone(self.zone):%H:%M}, {words}"


def strip(user: Viewer, period: Period) -> list[Number]:
    """Return the small numbers of the day."""
    answers = measures.first_answers(since=period.start, until=period.now, user=user)
    return [
        new_leads(user, period),
        speed(
            "AI answers in",
            answers.ai,
            "the AI or the built-in model",
            rows_of(user, Message, first="ai"),
        ),
        speed(
            "People answer in",
            answers.person,
            "a person, an approved draft included, in the team's working hours",
            rows_of(user, Message, first="person"),
        ),
        still_waiting(user, period),
        booked(user, period),
        opted_out(user, period),
        spend(user, period),
    ]


def new_leads(user: Viewer, period: Period) -> Number:
    """Count the leads that came today, and yesterday."""
    leads = Lead.objects.visible_to(user)
    count = leads.filter(created_at__gte=period.start).count()
    before = leads.filter(
        created_at__gte=period.before, created_at__lt=period.start
    ).count()
    return Number(
        "New leads",
        str(count),
        "Leads captured since midnight, simulated and demo ones too.",
        note=f"yesterday {before}",
        link=rows_of(user, Lead, created_at__gte=period.start),
        quiet=not count,
    )


def speed(label: str, found: Speed, who: str, link: str | None) -> Number:
    """Show a median with its 90th percentile."""
    meaning = (
        f"From the first words of a lead who first wrote today to the first answer by "
        f"{who}: half were faster than the number, nine of ten faster than p90."
    )
    if found.median is None or found.p90 is None:
        return Number(label, NONE_YET, meaning, note="0 today", quiet=True)
    note = f"p90 {short_time(found.p90)} · {found.count} today"
    return Number(label, short_time(found.median), meaning, note=note, link=link)


def still_waiting(user: Viewer, period: Period) -> Number:
    """Count the conversations that wait for a person, and the oldest wait."""
    rows = numbers.waiting_for_person(user=user)
    count = rows.count()
    since = rows.order_by("waiting_since").exclude(waiting_since=None)
    first = since.values_list("waiting_since", flat=True).first()
    oldest = short_time((period.now - first).total_seconds()) if first else ""
    return Number(
        "Waiting for you",
        str(count),
        "Conversations in which a person has to do something now.",
        note=f"longest {oldest}" if oldest else "nobody waits",
        link=url_or_none("inbox"),
        quiet=not count,
    )


def booked(user: Viewer, period: Period) -> Number:
    """Count the meetings that were booked today and yesterday."""
    seen = Meeting.objects.filter(lead__in=Lead.objects.visible_to(user))
    rows = seen.exclude(state=Meeting.State.CANCELLED)
    count = rows.filter(created_at__gte=period.start).count()
    before = rows.filter(
        created_at__gte=period.before, created_at__lt=period.start
    ).count()
    return Number(
        "Booked",
        str(count),
        "Meetings booked since midnight, cancelled ones left out.",
        note=f"yesterday {before}",
        quiet=not count,
    )


def opted_out(user: Viewer, period: Period) -> Number:
    """Count the addresses that were opted out today and yesterday."""
    rows = Suppression.objects.filter(
        contact_point__lead_contacts__lead__in=Lead.objects.visible_to(user)
    ).distinct()
    count = rows.filter(since__gte=period.start).count()
    before = rows.filter(since__gte=period.before, since__lt=period.start).count()
    return Number(
        "Opted out",
        str(count),
        "Addresses that must not be written to any more since midnight.",
        note=f"yesterday {before}",
        link=rows_of(user, Suppression, since__gte=period.start),
        quiet=not count,
    )


def spend(user: Viewer, period: Period) -> Number:
    """Add up what the AI cost today, over leads that the person may see."""
    rows = UsageRecord.objects.filter(
        service__in=AI_SERVICES,
        occurred_at__gte=period.start,
        lead__in=Lead.objects.visible_to(user),
    )
    costs = list(rows.values_list("micro", flat=True))
    micro, unknown = sum(cost or 0 for cost in costs), costs.count(None)
    calls = f"{len(costs)} call{'' if len(costs) == 1 else 's'}"
    return Number(
        "AI spend",
        f"${micro / 1_000_000:.{4 if 0 < micro < 10_000 else 2}f}",
        "What the language model charged since midnight. Its caps are on the policy"
        " page. A call of which nobody said the cost counts by its estimate.",
        note=(f"{calls}, {unknown} of unknown cost" if unknown else calls)
        if costs
        else "built-in model, free",
        link=rows_of(
            user,
            UsageRecord,
            service__in=",".join(AI_SERVICES),
            occurred_at__gte=period.start,
        ),
        quiet=not costs,
    )


def short_time(seconds: float) -> str:
    """Return a duration as people say it: 4 s, 2 min, 1 h 5 min, 3 d."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        rest = whole % 3600 // 60
        return f"{whole // 3600} h {rest} min" if rest else f"{whole // 3600} h"
    return f"{whole // 86_400} d"


def rows_of(user: Viewer, model: type[Model], **filters: str | datetime) -> str | None:
    """Return the list that shows a number's rows, None where it is closed."""
    meta = model._meta
    allowed = f"{meta.app_label}.view_{meta.model_name}"
    base = url_or_none(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    if base is None or not getattr(user, "has_perm", lambda name: False)(allowed):
        return None
    query = {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in filters.items()
    }
    return f"{base}?{urlencode(query)}"
