"""The services page: is everything outside set up, and does it answer."""

import uuid
from datetime import timedelta
from typing import Any, Final, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from integrations import services_cards, services_checks, services_phone
from integrations.services import Service, catalogue, find_service
from leads.web import page_context, staff_required

# Those who may change how the installation runs; their role names no other table.
PERMISSION: Final = "leads.change_policy"
TITLE: Final = "Services"
# How long a page asks for the report on a test text.
ASKS_FOR: Final = timedelta(minutes=3)
_HERE: Final = "integrations/services"


@require_GET
@staff_required
def services_page(request: HttpRequest) -> HttpResponse:
    """All services with their last answers; calls nobody."""
    user = _operator(request)
    shown = [_part(user, card) for card in services_cards.cards()]
    context = page_context(request, TITLE, parts=shown)
    return render(request, f"{_HERE}/page.html", context)


@never_cache
@require_GET
@staff_required
def service_now(request: HttpRequest, key: str) -> HttpResponse:
    """One service's state, asked for while its test runs."""
    _operator(request)
    (card,) = services_cards.cards([_service(key)])
    return render(request, f"{_HERE}/_now.html", {"card": card})


@require_POST
@staff_required
def test_service(request: HttpRequest, key: str) -> HttpResponse:
    """Begin one test; the answer is the state "testing", which then asks again."""
    user, service = _operator(request), _service(key)
    if service.is_on():
        services_checks.start([service], user=user)
    return service_card(request, [service])


@require_POST
@staff_required
def test_services(request: HttpRequest) -> HttpResponse:
    """Begin all tests, side by side."""
    user = _operator(request)
    ready = [service for service in catalogue() if service.is_on()]
    services_checks.start(ready, user=user)
    return service_card(request, ready, oob=True)


def service_card(
    request: HttpRequest, services: list[Service], *, oob: bool = False
) -> HttpResponse:
    """The states of these services, each put in its own place."""
    context = {"cards": services_cards.cards(services), "oob": oob}
    return render(request, f"{_HERE}/_nows.html", context)


@require_POST
@staff_required
def text_phone(request: HttpRequest, key: str) -> HttpResponse:
    """Send the person one marked text; a second copy of a press does nothing."""
    user, service = _operator(request), _service(key)
    refused = ""
    try:
        services_phone.text_my_phone(
            service=service,
            user=user,
            number=request.POST.get("number", "")[:40],
            agreed=request.POST.get("agreed") == "on",
            click=uuid.UUID(request.POST.get("click", "")),
        )
    except services_phone.NotPossible as error:
        refused = str(error)
    except ValueError:
        refused = "This page is too old. Load it anew."
    context = {**_text(user, service), "refused": refused, "click": uuid.uuid4()}
    return render(request, f"{_HERE}/_text.html", context)


@never_cache
@require_GET
@staff_required
def text_state(request: HttpRequest, key: str) -> HttpResponse:
    """What became of the person's last test text."""
    user = _operator(request)
    return render(request, f"{_HERE}/_text.html", _text(user, _service(key)))


def _part(user: User, card: services_cards.Card) -> dict[str, Any]:
    service = card.service
    return {
        "card": card,
        "values": services_cards.values(service),
        "compared": services_cards.compared(service),
        "texting": bool(service.texts) and service.is_on(),
        "click": uuid.uuid4(),
        **_text(user, service),
    }


def _text(user: User, service: Service) -> dict[str, Any]:
    text = services_cards.last_text(service, user)
    recent = text is not None and timezone.now() - text.row.created_at < ASKS_FOR
    asks = text is not None and text.waits and recent
    return {"service": service, "text": text, "asks": asks}


def _service(key: str) -> Service:
    service = find_service(key)
    if service is None:
        raise Http404("no such service")
    return service


def _operator(request: HttpRequest) -> User:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied("This page is for those who set up the installation.")
    return cast(User, request.user)
