"""The dead-letter page: everything that gave up or waits to be proven, by kind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations.models import WebhookDelivery
from leads.models import Delivery, Job
from leads.web import page_context, staff_required
from leadsite.admin_site import url_or_none
from messaging.models import EvaluationRun, Message, Turn
from messaging.words import age

LATEST = 5
PERMISSION = "integrations.view_webhookdelivery"


@dataclass(frozen=True)
class Kind:
    """One kind of work: which states count as stuck, and what helps."""

    title: str
    words: str
    model: type[Model]
    states: tuple[str, ...]
    permission: str


KINDS: tuple[Kind, ...] = (
    Kind(
        "Webhooks that could not be read",
        "Kept whole; replay them once the cause is mended.",
        WebhookDelivery,
        (WebhookDelivery.State.DEAD,),
        "integrations.view_webhookdelivery",
    ),
    Kind(
        "Webhooks in quarantine",
        "Not proven genuine. Release those that are; the reason says which.",
        WebhookDelivery,
        (WebhookDelivery.State.QUARANTINED,),
        "integrations.view_webhookdelivery",
    ),
    Kind(
        "Messages that failed",
        "The carrier said no. Send again from the conversation.",
        Message,
        (Message.State.FAILED,),
        "messaging.view_message",
    ),
    Kind(
        "Was it sent?",
        "The carrier never answered. We look it up; after 15 minutes a person decides.",
        Message,
        (Message.State.UNKNOWN,),
        "messaging.view_message",
    ),
    Kind(
        "Answers that gave up",
        "A person was asked instead; try again once the cause is mended.",
        Turn,
        (Turn.State.DEAD,),
        "messaging.view_turn",
    ),
    Kind(
        "Events not delivered",
        "A subscriber failed too often; the rest of the lead's events wait behind.",
        Delivery,
        (Delivery.State.DEAD,),
        "leads.view_delivery",
    ),
    Kind(
        "Evaluations that gave up",
        "Nobody waits for them; start the run again once the cause is mended.",
        EvaluationRun,
        (EvaluationRun.State.DEAD,),
        "messaging.view_evaluationrun",
    ),
    Kind("Jobs that gave up", "", Job, (Job.State.DEAD,), "leads.view_job"),
)


@staff_required
def dead_letters(request: HttpRequest) -> HttpResponse:
    """Show each kind's count, its latest rows and where all of them are."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied("Your role does not show the dead letters.")
    kinds = [_shown(kind) for kind in _kinds_for(request)]
    context = page_context(
        request,
        "Dead letters",
        kinds=[kind for kind in kinds if kind["count"]],
        healthy=[kind["title"] for kind in kinds if not kind["count"]],
    )
    return render(request, "leadsite/dead_letters.html", context)


def stuck(request: HttpRequest) -> int:
    """Return how many rows need somebody, for the menu."""
    return sum(_rows(kind).count() for kind in _kinds_for(request))


def _kinds_for(request: HttpRequest) -> Sequence[Kind]:
    user = request.user
    return [kind for kind in KINDS if user.has_perm(kind.permission)]


def _rows(kind: Kind) -> "QuerySet[Model]":
    return kind.model._default_manager.filter(state__in=kind.states)


def _shown(kind: Kind) -> dict[str, Any]:
    meta = kind.model._meta
    name = f"admin:{meta.app_label}_{meta.model_name}"
    rows = _rows(kind)
    base = url_or_none(f"{name}_changelist")
    query = urlencode({"state__exact": kind.states[0]})
    return {
        "title": kind.title,
        "words": kind.words,
        "count": rows.count(),
        "link": f"{base}?{query}" if base else None,
        "rows": [_row(row, name) for row in rows.order_by("-pk")[:LATEST]],
    }


def _what(row: Any) -> str:
    """What it is, and to whom it was to go, in words."""
    if isinstance(row, Message):
        point = row.contact_point
        return f"{row.get_kind_display()} to {point.value if point else 'nobody'}"
    return str(row)


def _row(row: Any, name: str) -> dict[str, Any]:
    reason = getattr(row, "reason", "") or row.last_error
    return {
        "words": (reason or str(row)).strip().splitlines()[-1][:160],
        "what": _what(row),
        "age": age(row.created_at),
        "link": url_or_none(f"{name}_change", row.pk),
    }
