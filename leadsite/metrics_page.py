"""`/metrics`: to this machine, to staff, or for the token; else there is no page."""

import logging
import secrets
import time
from typing import Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leadsite import metrics as told
from leadsite.accounts import from_loopback

log = logging.getLogger(__name__)
DEADLINE: Final = 5.0
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The exposition, in at most five seconds, whatever the database does."""
    if not may_read(request):
        raise Http404("no such page")
    told.rows.start()
    try:
        found = told.rows.result(until=time.monotonic() + DEADLINE)
    except Exception as error:  # a scraper is told that the database is away
        log.warning("metrics without the database: %s", type(error).__name__)
        found = None
    return HttpResponse(told.text(found), content_type=CONTENT_TYPE)


def may_read(request: HttpRequest) -> bool:
    """Whether the request comes from here, with the token, or from staff."""
    if from_loopback(request):
        return True
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and settings.METRICS_TOKEN:
        expected = settings.METRICS_TOKEN.encode()
        return secrets.compare_digest(token.strip().encode(), expected)
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False  # nobody is asked for who brings nothing
    user = request.user
    return bool(user.is_active and user.is_staff)
