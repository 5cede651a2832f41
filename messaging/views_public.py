"""The page behind the link in our mail: no login, no cookie, no script."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from messaging.letters import LANGUAGES, LetterWords, letter_words
from messaging.unsubscribing import (
    ONE_CLICK,
    BadToken,
    Preferences,
    preferences_of,
    set_preferences,
    unsubscribe,
)

# Link scanners, mail programs and proxies see this page; none is to keep it, tell
# others of its address, or list it.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
}
_KEY, _, _VALUE = ONE_CLICK.partition("=")


# The token is the proof: a cookie's would keep out the mail programs of RFC 8058, and
# whoever has none.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Show what the address gets; only a POST of a known body changes it."""
    try:
        if request.method == "POST":
            return _change(request, token)
        return _page(request, preferences_of(token=token))
    except BadToken:
        return _missing(request)


def _change(request: HttpRequest, token: str) -> HttpResponse:
    ip = request.META.get("REMOTE_ADDR")
    if request.POST.get(_KEY) == _VALUE:
        unsubscribe(token=token, how="one_click", ip=ip)
        return _page(request, preferences_of(token=token))
    known = preferences_of(token=token)
    try:
        set_preferences(token=token, mail=request.POST.get("mail", ""), ip=ip)
    except ValueError:
        return _page(request, known, status=400)
    response = redirect("preferences", token=token)
    response.status_code = 303
    return _guarded(response)


def _page(request: HttpRequest, known: Preferences, status: int = 200) -> HttpResponse:
    words = _words(request, known.language)
    values = {"company": known.company, "address": known.address}
    key = "on" if not known.off else "off" if known.may_return else "closed"
    context = {
        "state": key,
        "page_title": words.say("page_title", company=known.company),
        "heading": words.say("off_heading" if key == "off" else "on_heading", **values),
        "shown": words.say(f"{key}_words", **values),
        "leave": words.say("off_button"),
        "undo": words.say("undo"),
        "everything": words.say("all_button") if known.more else "",
    }
    return _answer("messaging/public/preferences.html", words, context, status)


def _missing(request: HttpRequest) -> HttpResponse:
    words = _words(request, "")
    context = {
        "page_title": words.say("missing_heading"),
        "heading": words.say("missing_heading"),
        "shown": words.say("missing_words"),
    }
    return _answer("messaging/public/page.html", words, context, 404)


def _answer(
    template: str, words: LetterWords, context: dict[str, Any], status: int
) -> HttpResponse:
    # Without the request: no session, no sign-in, no cookie.
    page = render_to_string(template, {**context, "language": words.language})
    return _guarded(HttpResponse(page, status=status))


def _guarded(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _words(request: HttpRequest, language: str) -> LetterWords:
    """The lead's language as known, else the first of the browser's that we have."""
    accepted = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    shorts = (name.partition("-")[0] for name, _ in accepted)
    known = (name for name in shorts if name in LANGUAGES)
    return letter_words(language or next(known, settings.LANGUAGE_CODE))
