"""The lead's page, and the fragment that brings it up to date."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from leads import clock, editing
from leads import policy as policies
from leads.forms_lead import LeadDetailsForm
from leads.models import ContactPoint, Lead, Mode, Task
from leads.web import is_fragment, page_context, staff_required
from messaging.leadpage.changes import history_of
from messaging.leadpage.frame import (
    lead_or_404,
    may_change,
    page_url,
    talk_of,
)
from messaging.leadpage.meetings import meetings_context
from messaging.leadpage.side import side_context
from messaging.leadpage.story import SHOWS, story_of
from messaging.models import Attachment, Conversation
from messaging.spending import spending_of
from messaging.views.panel import may
from messaging.views.threads import head_context
from messaging.writing import CALL_OUTCOMES

TABS = {"timeline": "Timeline", "details": "Details", "files": "Files"}
DAY = timedelta(days=1)
PANES = {"score": "Score", "facts": "Facts", "more": "More"}


@staff_required
@require_GET
def lead_page(request: HttpRequest, lead: UUID) -> HttpResponse:
    """Show one lead; `tab` picks what the left side shows."""
    row = lead_or_404(request, lead)
    return render_lead(request, row)


def render_lead(
    request: HttpRequest,
    lead: Lead,
    *,
    tab: str = "",
    form: LeadDetailsForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render the whole page; `form` is a details form that was not saved."""
    context = {**lead_context(request, lead, tab=tab), **more}
    if context["tab"] == "details":
        context["form"] = form or details_form(request, lead)
        context["time_zones"] = editing.time_zones()
        context["seen"] = seen_by(context["form"], lead)
    page = page_context(request, "Lead", **context)
    return render(request, "messaging/lead/page.html", page, status=status)


@staff_required
@require_GET
def lead_update(request: HttpRequest, lead: UUID) -> HttpResponse:
    """Return the parts of the page that may have changed."""
    row = lead_or_404(request, lead)
    context = lead_context(request, row)
    return render(request, "messaging/lead/_update.html", context)


@staff_required
@require_GET
def lead_cost(request: HttpRequest, lead: UUID) -> HttpResponse:
    """Return the calls behind what the AI cost for a lead."""
    row = lead_or_404(request, lead)
    context = {
        "name": row.display_name,
        "lead_url": page_url(row),
        "spending": spending_of(row),
    }
    return render(request, "messaging/lead/_cost.html", context)


@staff_required
@require_GET
def lead_earlier(request: HttpRequest, lead: UUID) -> HttpResponse:
    """Return the page of the story before the message that `before` names."""
    row = lead_or_404(request, lead)
    show, before = _asked(request, "show"), _asked(request, "before")
    story = story_of(row, talk_of(row), show=show, before=before)
    context = {"story": story, "lead": row, "show": show}
    if not is_fragment(request):
        context = page_context(request, "Lead", **lead_context(request, row))
        context["story"] = story
        return render(request, "messaging/lead/page.html", context)
    return render(request, "messaging/lead/_earlier.html", context)


def lead_context(request: HttpRequest, lead: Lead, *, tab: str = "") -> dict[str, Any]:
    """Return what the page and its fragments show."""
    talk = talk_of(lead)
    tabs = tabs_of(lead)
    asked = tab or _asked(request, "tab")
    tab = asked if asked in tabs else "timeline"
    return {
        "lead": lead,
        "name": lead.display_name,
        "lead_url": page_url(lead),
        "conversation": talk,
        "tab": tab,
        "tabs": tabs,
        "panes": PANES,
        "pane": asked if asked in PANES else "",
        "may_change": may_change(request),
        **may(request),
        **head_of(request, lead, talk),
        **side_context(lead),
        **meetings_context(lead, request.user),
        **_tab_context(request, lead, talk, tab),
    }


def tabs_of(lead: Lead) -> dict[str, str]:
    """Return the tabs; Files only where there are some."""
    tabs = {**TABS, "history": "History"}
    if not Attachment.objects.filter(message__conversation__lead=lead).exists():
        del tabs["files"]
    return tabs


def head_of(
    request: HttpRequest, lead: Lead, talk: Conversation | None
) -> dict[str, Any]:
    """Return the head: choices, holder, and the ways to write."""
    kinds = set(
        lead.contacts.exclude(known_by="proposal").values_list(
            "contact_point__kind", flat=True
        )
    )
    ways = []
    if ContactPoint.Kind.PHONE in kinds:
        ways.append({"kind": "sms", "label": "Text", "icon": "sms"})
    if ContactPoint.Kind.EMAIL in kinds:
        ways.append({"kind": "email", "label": "Email", "icon": "mail"})
    head: dict[str, Any] = {
        "choices": editing.choices_for(lead, request.user),
        "owner_now": str(lead.owner_id or ""),
        "ways": ways,
        "outcomes": CALL_OUTCOMES,
        "task_kinds": TASK_KINDS,
        "modes": Mode.choices,
        "task_due": f"{timezone.localtime(clock.now() + DAY):%Y-%m-%dT%H:00}",
    }
    if talk is not None:
        policy = policies.current()
        head |= head_context(talk, user=request.user, policy=policy)
    return head


TASK_KINDS = [
    (Task.Kind.CALL, "Call"),
    (Task.Kind.MEETING, "Meeting"),
    (Task.Kind.OTHER, "Something else"),
]


def _tab_context(
    request: HttpRequest, lead: Lead, talk: Conversation | None, tab: str
) -> dict[str, Any]:
    if tab == "history":
        return {"history": history_of(lead)}
    if tab == "files":
        return {"files": files_of(lead)}
    if tab == "details":
        return {}
    show = _asked(request, "show")
    show = show if show in SHOWS else "all"
    at = _asked(request, "at")
    story = story_of(lead, talk, show=show, at=at)
    return {"story": story, "show": show, "shows": SHOWS, "at": at}


def files_of(lead: Lead) -> list[Attachment]:
    """Return the lead's pictures and files, newest first."""
    rows = Attachment.objects.filter(message__conversation__lead=lead)
    return list(rows.select_related("message").order_by("-message__occurred_at", "pk"))


def details_form(request: HttpRequest, lead: Lead) -> LeadDetailsForm:
    """Return the Details form with what is stored."""
    values = editing.details_of(lead)
    form = LeadDetailsForm(
        initial={**values, "version": lead.version},
        choices=editing.choices_for(lead, request.user),
    )
    if not may_change(request):
        form.freeze()
    return form


def seen_by(form: LeadDetailsForm, lead: Lead) -> dict[str, str]:
    """Return what the person saw when they began: it goes back with the form."""
    return form.seen() if form.is_bound else editing.details_of(lead)


def _asked(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "").replace("\0", "")[:60]
