"""The admin's look: menu, phone bar, page head and where messages go.

Unfold calls these by dotted path (`settings.UNFOLD`), with the request.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from unfold.dataclasses import SearchResult

from leads.models import Lead, Policy
from leadsite.menu import MENU, Item
from leadsite.views_demo import may_leave
from messaging.models import Profile
from messaging.transports import configured_transports


@dataclass(frozen=True)
class WhereMessagesGo:
    """Where what we write ends up, in the words of the page head."""

    texts: str
    email: str
    live: bool = False
    stopped: bool = False
    demo: bool = False
    title: str = field(default="")

    @property
    def icon(self) -> str:
        """The mark beside the words."""
        return "block" if self.stopped else "cell_tower" if self.live else "science"


FOUND = 8
ENTRANCE = "/accounts/"
BOTTOM_BAR = ("Inbox", "Leads", "Review", "Today")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Return Unfold's menu with only the pages that exist and may be seen."""
    return [
        {
            "title": group.title,
            "separator": bool(group.title),
            "items": list(_entries(request, group.items)),
        }
        for group in MENU
    ]


def bottom_bar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the phone's bar: Inbox, Leads, Review, Today, as far as they exist."""
    entries = {entry["title"]: entry for entry in _entries(request, MENU[0].items)}
    return [entries[title] for title in BOTTOM_BAR if title in entries]


def where_messages_go() -> WhereMessagesGo:
    """Say where texts and mail end up now, from settings and the kill switch."""
    number = settings.TWILIO_PHONE_NUMBER or settings.TWILIO_MESSAGING_SERVICE_SID
    has_keys = settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN
    live = bool(number and has_keys)
    texts = f"Texts: {number} through Twilio" if live else "Texts go nowhere (log)"
    email = _where_mail_goes()
    policy = Policy.objects.order_by("pk").first()
    stopped = policy is not None and not policy.sending
    if stopped:
        texts, email = "Sending is switched off", "nothing leaves"
    return WhereMessagesGo(
        texts=texts,
        email=email,
        live=live and not stopped,
        stopped=stopped,
        demo=Profile.objects.filter(demo=True).exists(),
        title="Simulated leads never reach a carrier, whatever is set here.",
    )


_ROADS = {"sendgrid": "SendGrid", "gmail": "Gmail"}


def _where_mail_goes() -> str:
    """The roads of mail that are set up, in the order in which they are asked."""
    roads = [
        _ROADS.get(road.name, road.name)
        for road in configured_transports("email")
        if not road.simulated
    ]
    through = ", else ".join(roads)
    return f"email through {through}" if roads else "email nowhere (log)"


def find(request: HttpRequest, words: str) -> list[SearchResult]:
    """Return leads by name, company or address for the box under Ctrl+K."""
    found = (
        Lead.objects.visible_to(request.user)
        .filter(
            Q(name__icontains=words)
            | Q(company__name__icontains=words)
            | Q(contacts__contact_point__value__contains=words)
        )
        .select_related("company")
        .order_by("-score", "-pk")[:FOUND]
    )
    rows = ((lead, url_or_none("lead_page", lead.public_id)) for lead in found)
    return [
        SearchResult(
            title=lead.display_name,
            description=f"Lead · {lead.company or lead.temperature} · {lead.score}",
            link=link,
            icon="person",
        )
        for lead, link in rows
        if link
    ]


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return what every page's frame shows beside Unfold's own context."""
    if not request.user.is_authenticated:
        return {}
    return {
        "where": SimpleLazyObject(where_messages_go),
        "bottom_bar": SimpleLazyObject(lambda: bottom_bar(request)),
        "may_leave_demo": SimpleLazyObject(lambda: may_leave(request)),
    }


def entrance(request: HttpRequest) -> dict[str, Any]:
    """Give the pages in front of the door (allauth's) the admin's look."""
    if not request.path.startswith(ENTRANCE):
        return {}
    return admin.site.each_context(request)


def tokens_css(request: HttpRequest) -> str:
    """Return the address of the colours."""
    return static("leadsite/tokens.css")


def app_css(request: HttpRequest) -> str:
    """Return the address of the shell's style."""
    return static("leadsite/app.css")


def parts_css(request: HttpRequest) -> str:
    """Return the address of the style of chips, cards, buttons."""
    return static("leadsite/parts.css")


def app_js(request: HttpRequest) -> str:
    """Return the address of the shell's script."""
    return static("leadsite/app.js")


def access_js(request: HttpRequest) -> str:
    """Return the address of what Unfold's markup leaves out."""
    return static("leadsite/access.js")


def favicon(request: HttpRequest) -> str:
    """Return the address of the tab's picture."""
    return static("leadsite/icon.svg")


def url_or_none(name: str, *args: object) -> str | None:
    """Return the address of a page, None when this installation has none."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def _entries(request: HttpRequest, items: Iterable[Item]) -> Iterable[dict[str, Any]]:
    for item in items:
        if item.permission and not request.user.has_perm(item.permission):
            continue
        link = url_or_none(item.url)
        if link is None:
            continue
        yield {
            "title": item.title,
            "icon": item.icon,
            "link": link,
            "active": is_active(request.path, link, item.also),
            "badge": _badge(request, item),
            "badge_variant": "warning",
        }


def _badge(request: HttpRequest, item: Item) -> int:
    """Count once a request: the menu and the phone's bar show the same number."""
    if item.badge is None:
        return 0
    counts: dict[str, int] = request.__dict__.setdefault("_menu_counts", {})
    if item.title not in counts:
        counts[item.title] = item.badge(request)
    return counts[item.title]


def is_active(path: str, link: str, also: tuple[str, ...]) -> bool:
    """Say whether the entry at `link` is lit on the page at `path`."""
    home = reverse("admin:index")
    if link == home:
        return path == home
    beyond = path.removeprefix(home)
    return path.startswith(link) or any(re.match(more, beyond) for more in also)
