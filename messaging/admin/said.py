"""How often an article or an offer was said, and the answers that said it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leads import clock
from messaging.forms_knowledge import LANGUAGES
from messaging.knowledge.states import (
    row_of,
    source_of,
    times_said,
    turns_that_said,
)
from messaging.models import Article, Offer, Turn

WINDOW = timedelta(days=30)
Choices = list[tuple[str, str]]


def said_column(request: HttpRequest) -> Callable[[Article | Offer], SafeString]:
    """The column of one page: it counts once, and what this person may see."""
    counts = times_said(user=request.user, since=clock.now() - WINDOW)
    may_open = request.user.has_perm("messaging.view_turn")

    def said(row: Article | Offer) -> SafeString:
        """The number of answers and drafts that named it; opens them."""
        source = source_of(row)
        number = counts[source]
        if not number or not may_open:
            return format_html('<span class="ls-num ls-muted">{}</span>', number)
        url = f"{reverse('admin:messaging_turn_changelist')}?source={source}"
        words = '<a class="ls-link ls-num" href="{}">{}</a>'
        return format_html(words, url, number)

    said.short_description = "Used, 30 days"  # type: ignore[attr-defined]
    return said


class LanguageFilter(admin.SimpleListFilter):
    """The languages in which there is something."""

    title = "language"
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Only those that some row has."""
        codes = model_admin.model.objects.order_by("language")
        found = codes.values_list("language", flat=True).distinct()
        return [(code, LANGUAGES.get(code, code)) for code in found]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> Any:
        """Keep those of the language."""
        return queryset.filter(language=self.value()) if self.value() else queryset


class SourceFilter(admin.SimpleListFilter):
    """The answers of the last 30 days that named one article or offer."""

    title = "what it rests on"
    parameter_name = "source"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Only the one that was asked for: its number leads here."""
        source = request.GET.get(self.parameter_name, "")
        row = row_of(source)
        return [(source, str(row))] if row is not None else []

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Turn]"
    ) -> "QuerySet[Turn]":
        """Keep the answers that the number counted."""
        if not self.value():
            return queryset
        lately = queryset.filter(created_at__gte=clock.now() - WINDOW)
        return turns_that_said(str(self.value()), lately)
