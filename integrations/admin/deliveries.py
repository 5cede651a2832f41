"""The journal in the admin: what came in, what was refused, what gave up."""

from collections.abc import Callable, Iterable
from textwrap import shorten
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from integrations import webhooks
from integrations.models import WebhookDelivery
from integrations.preview import preview_of

State = WebhookDelivery.State
Decision = Callable[..., None]
Lookups = list[tuple[str, str]]

DECISIONS: Final[dict[str, tuple[Decision, str]]] = {
    "replay": (webhooks.replay, "will be read again"),
    "release": (webhooks.release, "came in after all"),
    "discard": (webhooks.discard, "set aside"),
}
OFFERED: Final[dict[str, tuple[str, ...]]] = {
    State.DEAD: ("replay", "discard"),
    State.DONE: ("replay",),
    State.QUARANTINED: ("release", "discard"),
}
LABELS: Final = {
    "replay": ("Replay", "replay"),
    "release": ("Release", "lock_open"),
    "discard": ("Discard", "delete"),
}
TONES: Final[dict[str, str]] = {
    State.RECEIVED: "blue",
    State.WORKING: "blue",
    State.DONE: "green",
    State.DEAD: "red",
    State.QUARANTINED: "amber",
    State.DISCARDED: "done",
}


class StateFilter(admin.SimpleListFilter):
    """By state."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """All states in words."""
        return [(value, str(label).capitalize()) for value, label in State.choices]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        """Rows in the chosen state."""
        value = self.value()
        return queryset.filter(state=value) if value else queryset


class ProviderFilter(admin.SimpleListFilter):
    """By provider."""

    title = "provider"
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """The providers that ever wrote."""
        names = WebhookDelivery.objects.order_by("provider").values_list(
            "provider", flat=True
        )
        return [(name, name.capitalize()) for name in names.distinct()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> QuerySet[WebhookDelivery]:
        """Rows of the chosen provider."""
        value = self.value()
        return queryset.filter(provider=value) if value else queryset


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ModelAdmin):  # type: ignore[misc]  # Unfold has no types
    """Rows are read and decided here, never edited."""

    list_display = ("received", "request_shown", "state_shown", "why", "tries")
    list_display_links = ("received", "request_shown")
    list_filter = (StateFilter, ProviderFilter)
    list_filter_submit = False
    search_fields = ("external_id", "route", "reason", "last_error", "public_id")
    search_help_text = "Message id, address, reason"
    actions = ("replay_rows", "release_rows", "discard_rows")
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        """Without the bodies, which a list never shows."""
        rows: QuerySet[WebhookDelivery] = super().get_queryset(request)
        return rows.defer("body", "headers")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only requests make rows."""
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: WebhookDelivery | None = None
    ) -> bool:
        """Rows leave by their age; Discard sets them aside."""
        return False

    # --- the list ------------------------------------------------------------

    @admin.display(description="Received", ordering="received_at")
    def received(self, row: WebhookDelivery) -> str:
        """When, to the second."""
        return f"{row.received_at:%d %b %H:%M:%S}"

    @admin.display(description="Request", ordering="provider")
    def request_shown(self, row: WebhookDelivery) -> str:
        """Where it came to, without ids."""
        parts = [part for part in row.route.split("/") if part][:2]
        if row.origin:
            parts.append(row.origin)
        return " · ".join(parts) or row.provider

    @admin.display(description="State", ordering="state")
    def state_shown(self, row: WebhookDelivery) -> str:
        """The state in words."""
        chip = '<span class="ls-chip ls-chip--{}">{}</span>'
        return format_html(chip, TONES[row.state], State(row.state).label)

    @admin.display(description="Why")
    def why(self, row: WebhookDelivery) -> str:
        """The reason or the last failure."""
        words = row.reason or row.last_error
        return format_html(
            '<span title="{}">{}</span>',
            words,
            shorten(words, 90, placeholder="…") or "–",
        )

    @admin.display(description="Tries", ordering="attempts")
    def tries(self, row: WebhookDelivery) -> int:
        """How often it was read."""
        return row.attempts

    @admin.action(description="Replay the chosen", permissions=["change"])
    def replay_rows(self, request: HttpRequest, rows: Any) -> None:
        """Read them again."""
        self._decide(request, rows, "replay")

    @admin.action(description="Release the chosen", permissions=["change"])
    def release_rows(self, request: HttpRequest, rows: Any) -> None:
        """Let those in that can be proven genuine."""
        self._decide(request, rows, "release")

    @admin.action(description="Discard the chosen", permissions=["change"])
    def discard_rows(self, request: HttpRequest, rows: Any) -> None:
        """Set them aside."""
        self._decide(request, rows, "discard")

    def _decide(
        self, request: HttpRequest, rows: Iterable[WebhookDelivery], what: str
    ) -> None:
        decision, words = DECISIONS[what]
        done, refused = 0, dict[str, int]()
        for row in rows:
            try:
                decision(delivery=row, user=request.user)
                done += 1
            except webhooks.NotPossible as error:
                refused[str(error)] = refused.get(str(error), 0) + 1
        if done:
            messages.success(request, f"{done} {words}.")
        for reason, count in refused.items():
            messages.warning(request, f"{count} left as they were: {reason}.")

    # --- one row -------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The row's page; a POST decides about it."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        key = unquote(object_id)
        rows = WebhookDelivery.objects.filter(pk=key if key.isdigit() else 0)
        row = get_object_or_404(rows)
        may_decide = self.has_change_permission(request, row)
        if request.method == "POST":
            return self._decide_one(request, row, may_decide)
        offered = OFFERED.get(row.state, ()) if may_decide else ()
        context = {
            **self.admin_site.each_context(request),
            "title": f"{row.provider.capitalize()} · {row.received_at:%d %b %H:%M:%S}",
            "row": row,
            "state": State(row.state),
            "tone": TONES[row.state],
            "preview": preview_of(row),
            "buttons": [(name, *LABELS[name]) for name in offered],
        }
        return render(request, "integrations/delivery.html", context)

    def _decide_one(
        self, request: HttpRequest, row: WebhookDelivery, may_decide: bool
    ) -> HttpResponse:
        what = request.POST.get("do", "")
        if not may_decide or what not in DECISIONS:
            raise PermissionDenied
        self._decide(request, [row], what)
        return redirect(request.path)
