"""Who may call the API, how often, how much at once, and how a refusal reads.

A refusal is `{"error": words}`; what is wrong with a body names its fields as well:
`{"error": words, "fields": {name: [words]}}`. The settings name what is here, so it
imports none of the framework's views.
"""

from collections.abc import Mapping
from typing import Any

from django.http import Http404
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from leads.models import ApiKey


class Rights(BasePermission):
    """Staff whose role allows the act; `view.rights` names the permission of each."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Say whether the caller may."""
        user: Any = request.user
        if not user.is_authenticated:
            return False
        if not (user.is_active and user.is_staff):
            self.message = "The API is for staff."
            return False
        rights: Mapping[str, str] = getattr(view, "rights", {})
        action = getattr(view, "action", None)
        needed = rights.get(action or "", rights.get("list", ""))
        if not needed or user.has_perm(needed):
            return True
        self.message = f"Your role does not allow this: it lacks {needed}."
        return False


class KeyThrottle(SimpleRateThrottle):
    """So many calls a minute: of a key, else of a person."""

    scope = "calls"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Whose calls are counted together."""
        key = request.auth
        who = f"key:{key.prefix}" if isinstance(key, ApiKey) else request.user.pk
        ident = who or self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


class Pages(PageNumberPagination):
    """Fifty a page, `page_size` up to two hundred."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a refusal with plain words; None lets Django handle what is no refusal."""
    from rest_framework.views import exception_handler

    if isinstance(error, Http404):
        view = context.get("view")
        error = NotFound(getattr(view, "missing", "There is no such thing."))
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        response.data = _wrong(error.detail)
    elif isinstance(error, APIException):
        response.data = {"error": str(error.detail)}
    return response


def _wrong(detail: Any) -> dict[str, Any]:
    if not isinstance(detail, dict):
        return {"error": " ".join(str(one) for one in detail)}
    name, words = next(iter(detail.items()))
    first = words[0] if isinstance(words, list) and words else words
    label = "" if name == "non_field_errors" else f"{name}: "
    return {"error": f"{label}{first}", "fields": detail}
