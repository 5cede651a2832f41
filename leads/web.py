"""What every staff page needs: the door, the fragment question, the frame."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def staff_required(view: View[P]) -> View[P]:
    """Let active staff in; send strangers to sign in; refuse everyone else.

    A fragment's request is answered 401 with `HX-Redirect`, so that the whole
    page goes to sign in instead of a login form landing inside a list. What a
    person may see there is `leads.access`'s business, not this decorator's.
    """

    @wraps(view)
    def guarded(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if not (request.user.is_active and request.user.is_staff):
            raise PermissionDenied("This page is for staff.")
        return view(request, *args, **kwargs)

    return guarded


def ask(request: HttpRequest, permission: str, words: str) -> None:
    """Let a person with the permission on; refuse everybody else in words."""
    if not request.user.has_perm(permission):
        raise PermissionDenied(words)


class Handed(FileResponse):
    """A file in pieces. Django's own answer would hold all of it in memory."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = cast(Iterator[bytes], self.streaming_content)
        read = sync_to_async(lambda: next(pieces, b""))
        while piece := await read():
            yield piece


def is_fragment(request: HttpRequest) -> bool:
    """Say whether HTMX asks for a part of a page, not for the page itself."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def page_context(request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
    """Return the frame of a staff page (menu, head, look), `title` and `extra`.

    Do not pass `object`, `opts` or `model_admin`: Unfold takes them for the
    subject of a change form and writes its own heading.
    """
    return {**admin.site.each_context(request), "title": title, **extra}


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    sign_in = resolve_url(settings.LOGIN_URL)
    if is_fragment(request):
        back = request.headers.get("HX-Current-URL", "")
        path = "/" + back.split("://", 1)[-1].partition("/")[2] if back else "/admin/"
        target = f"{sign_in}?{urlencode({'next': path})}"
        return HttpResponse(status=401, headers={"HX-Redirect": target})
    query = urlencode({"next": request.get_full_path()})
    return redirect(f"{sign_in}?{query}")
