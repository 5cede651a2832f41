"""What the admins of all apps share."""

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, StackedInline, TabularInline

from leads import claims, clock
from leads.access import lead_filter
from leads.models import Work

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    _Mixin = admin.ModelAdmin[Model]
else:
    _Mixin = object


class StaffAdmin(ModelAdmin):  # type: ignore[misc]
    """An editable table in the house's look."""

    compressed_fields = True
    warn_unsaved_form = True
    list_filter_submit = False
    list_per_page = 50
    show_full_result_count = True


class ReadOnlyAdmin(StaffAdmin):
    """A table that people read; the product itself writes it."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds such rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes such rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes such rows by hand."""
        return False


class SeenMixin(_Mixin):
    """Shows only rows of leads that the person may see.

    `lead_path` leads from the row to its lead; rows without a lead are shown
    only to people who see everything.
    """

    lead_path = "lead__"

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Model]":
        """Filter by the one visibility policy."""
        seen = lead_filter(request.user, prefix=self.lead_path)
        return super().get_queryset(request).filter(seen).distinct()


class RetryMixin(_Mixin):
    """Lets dead rows be tried again; for those who may see them."""

    actions = ["try_again"]

    @admin.action(description="Try again", permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: "QuerySet[Model]") -> None:
        """Put the dead ones of the ticked rows in line; leave the others."""
        moved = sum(
            claims.move(
                row, old=row.DEAD, new=row.READY, attempts=0, due_at=clock.now()
            )
            for row in queryset
            if isinstance(row, Work)
        )
        words = f"{moved} in line again." if moved else "None of them had given up."
        self.message_user(request, words)


def tone(words: str, colour: str) -> SafeString:
    """Return words as a chip: red, amber, green, blue, violet or "" for grey."""
    extra = f" ls-chip--{colour}" if colour else ""
    return format_html('<span class="ls-chip{}">{}</span>', extra, words)


STATE_COLOURS = {
    "dead": "red",
    "failed": "red",
    "quarantined": "red",
    "unknown": "amber",
    "held": "amber",
    "draft": "amber",
    "working": "blue",
    "claimed": "blue",
    "done": "green",
    "sent": "green",
    "delivered": "green",
}


def state_chip(row: Any) -> SafeString:
    """Return the state of a piece of work, coloured by what it asks of people."""
    labels = dict(type(row).State.choices)
    words = str(labels.get(row.state, row.state))
    return tone(words, STATE_COLOURS.get(row.state, ""))


__all__ = [
    "ReadOnlyAdmin",
    "RetryMixin",
    "SeenMixin",
    "StackedInline",
    "StaffAdmin",
    "TabularInline",
    "state_chip",
    "tone",
]
