"""AI proof: whether the AI has earned more trust, and the rows behind each number."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from leads import policy
from leads.models import Mode
from leads.web import page_context, staff_required
from messaging import confidence, outcomes, proving
from messaging.confidence import subject_words
from messaging.models import Conversation
from messaging.proving import LAST, PERIODS, USUAL, Draft

NEEDED = "messaging.change_channel"
"""Who sets what the AI may do on a channel reads whether it has earned it."""
SHOWN = 5
PAGE = 25
DECISIONS = {
    "as_written": "went out as written",
    "edited": "were edited",
    "discarded": "were discarded",
    "changed": "were edited or discarded",
}
SHADOWS = {
    "would": "auto would have sent",
    "would_not": "auto would have asked about",
}
STEPS = {"send": "sends", "draft": "drafts", "hand_off": "asks a person"}


@dataclass(frozen=True)
class Wanted:
    """What the address asks for; unknown values count as not given."""

    days: int = USUAL
    last: bool = False
    decision: str = ""
    subject: str = ""
    auto: str = ""
    band: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "Wanted":
        """Read the query string."""
        days, subject = query.get("days", ""), query.get("subject", "")
        decision, auto = query.get("decision", ""), query.get("auto", "")
        band = query.get("band", "")
        return cls(
            days=int(days) if days in map(str, PERIODS) else USUAL,
            last=query.get("last") == "1",
            decision=decision if decision in DECISIONS else "",
            subject=subject if subject in confidence.SUBJECTS else "",
            auto=auto if auto in SHADOWS else "",
            band=band if band in map(str, dict(proving.BANDS)) else "",
        )

    def fits(self, draft: Draft) -> bool:
        """Whether a draft is among those that the address asks for."""
        changed = self.decision == "changed" and draft.was_changed
        decision = changed or self.decision in ("", draft.decision)
        shadow = {None: "", True: "would", False: "would_not"}[draft.would]
        return (
            decision
            and self.subject in ("", draft.subject)
            and self.auto in ("", shadow)
            and (not self.band or self._in_band(draft))
        )

    def _in_band(self, draft: Draft) -> bool:
        if draft.value is None:
            return False
        low = int(self.band)
        return low <= round(draft.value * 100) < dict(proving.BANDS)[low]

    @property
    def title(self) -> str:
        """Such as "Drafts on price questions that were edited, 30 days"."""
        about = f" on {subject_words(self.subject)}" if self.subject else ""
        sure = f" that were {self.band} % sure and more" if self.band else ""
        auto = f" that {SHADOWS[self.auto]}" if self.auto else ""
        what = f" that {DECISIONS[self.decision]}" if self.decision else ""
        span = f"the last {LAST}" if self.last else PERIODS[self.days]
        return (
            f"Drafts{about}{sure}{auto}{' and' if auto and what else ''}{what}, {span}"
        )

    def link(self, **changes: Any) -> str:
        """The list with some of it changed."""
        asked = replace(self, **changes)
        pairs = {
            "days": str(asked.days),
            "last": "1" if asked.last else "",
            "decision": asked.decision,
            "subject": asked.subject,
            "auto": asked.auto,
            "band": asked.band,
        }
        given = {name: value for name, value in pairs.items() if value}
        return f"{reverse('proof_drafts')}?{urlencode(given)}"


View = Callable[[HttpRequest], HttpResponse]


def _page(view: View) -> Callable[[HttpRequest], HttpResponseBase]:
    """Make a page of a view that managers and admins may read."""

    @staff_required
    @require_GET
    def guarded(request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(NEEDED):
            raise PermissionDenied("This page is for those who set the AI's mode.")
        return view(request)

    return guarded


def _drafts(request: HttpRequest, wanted: Wanted) -> list[Draft]:
    """The drafts of the address's span, the newest first."""
    if wanted.last:
        return proving.drafts(user=request.user, most=LAST)
    since = proving.since_days(wanted.days)
    return proving.drafts(user=request.user, since=since)


@_page
def proof(request: HttpRequest) -> HttpResponse:
    """Show what people made of the drafts, and what came of the answers."""
    wanted = Wanted(days=Wanted.of(request.GET).days)
    found = _drafts(request, wanted)
    rules = policy.current()
    context = page_context(
        request,
        "AI proof",
        days=wanted.days,
        periods=PERIODS,
        last=last_fifty(request),
        subjects=[_subject_row(row, wanted) for row in proving.by_subject(found)],
        shadow=proving.shadow_of(found),
        links=_shadow_links(wanted),
        changed=proving.changed_by_people(found, most=SHOWN),
        bands=[_band_row(band, wanted) for band in proving.bands_of(found)],
        writers=_writers(request, wanted.days),
        outcomes=_outcome_names(),
        floor=proving.SAMPLE,
        rules=rules,
        mode=Mode(rules.mode_now).label,
    )
    return render(request, "messaging/proof/page.html", context)


def last_fifty(request: HttpRequest) -> dict[str, Any]:
    """Return what people made of the last fifty drafts in sight, with the address of
    each number's rows for those who may open them.
    """
    wanted = Wanted(last=True)
    found = _drafts(request, wanted)
    links = {name: wanted.link(decision=name) for name in confidence.DECISIONS}
    links |= {"all": wanted.link(), "would": wanted.link(auto="would")}
    return {
        "record": proving.record_of(found),
        "shadow": proving.shadow_of(found),
        "links": links if request.user.has_perm(NEEDED) else {},
    }


def _subject_row(row: proving.SubjectRow, wanted: Wanted) -> dict[str, Any]:
    names = confidence.DECISIONS
    return {
        "row": row,
        "step": STEPS[row.next_step],
        "all": wanted.link(subject=row.subject),
        "counts": [
            {
                "name": name.replace("_", " "),
                "count": getattr(row.record, name),
                "link": wanted.link(subject=row.subject, decision=name),
            }
            for name in names
        ],
    }


def _band_row(band: proving.Band, wanted: Wanted) -> dict[str, Any]:
    low = str(band.low)
    return {
        "band": band,
        "link": wanted.link(band=low),
        "as_written": wanted.link(band=low, decision="as_written"),
    }


def _shadow_links(wanted: Wanted) -> dict[str, str]:
    return {
        "would": wanted.link(auto="would"),
        "edited": wanted.link(auto="would", decision="edited"),
        "discarded": wanted.link(auto="would", decision="discarded"),
        "changed": wanted.link(auto="would", decision="changed"),
    }


def _outcome_names() -> list[dict[str, str]]:
    return [
        {"name": name, "label": label, "meaning": outcomes.MEANINGS[name]}
        for name, label in outcomes.LABELS.items()
    ]


def _writers(request: HttpRequest, days: int) -> list[dict[str, Any]]:
    rows = outcomes.by_writer(user=request.user, since=proving.since_days(days))
    return [
        {
            "row": row,
            "answered": _talks_link(row, outcomes.ANSWERED, days),
            "cells": [
                {
                    "cell": cell,
                    "label": outcomes.LABELS[cell.outcome],
                    "link": _talks_link(row, cell.outcome, days),
                }
                for cell in row.cells
            ],
        }
        for row in rows
    ]


def _talks_link(row: outcomes.WriterRow, outcome: str, days: int) -> str:
    pairs = {
        "outcome": outcome,
        "version": row.version,
        "model": row.model,
        "days": str(days),
    }
    return f"{reverse('proof_talks')}?{urlencode(pairs)}"


def _paged(request: HttpRequest, rows: list[Any]) -> Page[Any]:
    return Paginator(rows, PAGE).get_page(request.GET.get("page"))


def _beyond(request: HttpRequest, page: Page[Any]) -> dict[str, str]:
    """The addresses of the pages before and after this one, "" for none."""
    query = request.GET.copy()
    found = {"before": "", "after": ""}
    if page.has_previous():
        query["page"] = str(page.previous_page_number())
        found["before"] = f"?{query.urlencode()}"
    if page.has_next():
        query["page"] = str(page.next_page_number())
        found["after"] = f"?{query.urlencode()}"
    return found


@_page
def drafts(request: HttpRequest) -> HttpResponse:
    """Show the drafts behind a number, each with what a person changed."""
    wanted = Wanted.of(request.GET)
    page = _paged(request, [d.pk for d in _drafts(request, wanted) if wanted.fits(d)])
    context = page_context(
        request,
        wanted.title,
        page=page,
        rows=proving.with_words(list(page.object_list)),
        beyond=_beyond(request, page),
    )
    return render(request, "messaging/proof/drafts.html", context)


@_page
def talks(request: HttpRequest) -> HttpResponse:
    """Show the conversations behind an outcome."""
    asked = request.GET
    days = Wanted.of(asked).days
    outcome = asked.get("outcome", "")
    outcome = outcome if outcome in outcomes.LABELS else outcomes.ANSWERED
    writer = (asked.get("version", ""), asked.get("model", ""))
    rows = outcomes.by_writer(user=request.user, since=proving.since_days(days))
    ids = [
        talk
        for row in rows
        if (row.version, row.model) == writer
        for talk in row.talks.get(outcome, ())
    ]
    seen = Conversation.objects.visible_to(request.user).filter(pk__in=ids)
    found = seen.order_by("-last_at").values_list("pk", flat=True).distinct()
    page = _paged(request, list(found))
    shown = Conversation.objects.filter(pk__in=list(page.object_list)).with_rows()
    name = " · ".join(part for part in writer if part) or "not known"
    context = page_context(
        request,
        f"{outcomes.LABELS[outcome]}: {name}, {PERIODS[days]}",
        meaning=outcomes.MEANINGS[outcome],
        page=page,
        rows=shown.order_by("-last_at"),
        beyond=_beyond(request, page),
    )
    return render(request, "messaging/proof/talks.html", context)


__all__ = ["drafts", "last_fifty", "proof", "talks"]
