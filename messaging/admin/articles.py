"""Articles: what leads ask, what the company answers, and what becomes of it."""

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from unfold.decorators import action

from leads.admin.base import StaffAdmin, TabularInline, tone
from messaging.admin.said import LanguageFilter, said_column
from messaging.forms_knowledge import LANGUAGES, ArticleForm
from messaging.knowledge import publishing
from messaging.knowledge.asked import asked_lately
from messaging.knowledge.indexing import index_article
from messaging.knowledge.states import (
    Standing,
    standing_of,
    today,
    with_standing,
)
from messaging.models import Article, Phrasing

YEAR = timedelta(days=365)
COLOURS = {
    Standing.DRAFT: "",
    Standing.PUBLISHED: "green",
    Standing.CHANGING: "amber",
    Standing.EXPIRED: "red",
    Standing.RETIRED: "done",
}
Choices = list[tuple[str, str]]


class StandingFilter(admin.SimpleListFilter):
    """Where an article stands."""

    title = "state"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: object) -> Choices:
        """The words of the chips."""
        return [(one.name.lower(), one.value) for one in Standing]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Article]"
    ) -> "QuerySet[Article]":
        """Keep those that stand there today."""
        chosen = str(self.value() or "").upper()
        if chosen not in Standing.__members__:
            return queryset
        return with_standing(queryset, Standing[chosen], on=today())


class PhrasingInline(TabularInline):  # type: ignore[misc]
    """Other ways to ask for it."""

    model = Phrasing
    extra = 0
    hide_title = True
    fields = ["text", "came"]
    readonly_fields = ["came"]
    verbose_name = "phrasing"
    verbose_name_plural = "other phrasings"

    @admin.display(description="From")
    def came(self, phrasing: Phrasing) -> str:
        """Who said it first."""
        who = phrasing.created_by
        if phrasing.origin == "lead":
            return f"a lead, confirmed by {who}" if who else "a lead"
        return who or "–"


@admin.register(Article)
class ArticleAdmin(StaffAdmin):
    """Each question with its state, language, day and use."""

    form = ArticleForm
    list_display = ["title", "chip", "tongue", "until"]
    list_filter = [StandingFilter, LanguageFilter]
    search_fields = ["title", "body", "phrasings__text"]
    list_select_related = ["published"]
    fields = ["title", "body", ("language", "valid_until")]
    inlines = [PhrasingInline]
    actions = ["publish_ticked", "retire_ticked"]
    actions_submit_line = ["save_and_publish"]
    list_before_template = "messaging/knowledge/_list_top.html"
    change_form_outer_before_template = "messaging/knowledge/_article_top.html"
    change_form_outer_after_template = "messaging/knowledge/_article_try.html"
    empty_words = (
        "No articles yet. Write down what leads ask most often and what you answer, "
        "or paste your FAQ page: the AI answers only from what stands here."
    )

    class Media:
        css = {"all": ["leadsite/knowledge.css"]}

    # --- the list

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add how often each was used, as this person may know it."""
        return [*super().get_list_display(request), said_column(request)]

    @admin.display(description="State")
    def chip(self, article: Article) -> SafeString:
        """Where it stands, as a chip."""
        standing = standing_of(article, on=today())
        return tone(standing.value, COLOURS[standing])

    @admin.display(description="Language", ordering="language")
    def tongue(self, article: Article) -> str:
        """The language by name."""
        return LANGUAGES.get(article.language, article.language)

    @admin.display(description="Valid until", ordering="valid_until")
    def until(self, article: Article) -> str:
        """The last day on which it is said."""
        day = article.valid_until
        return f"{day:%d %b %Y}" if day else "no end"

    @admin.action(description="Publish", permissions=["change"])
    def publish_ticked(
        self, request: HttpRequest, queryset: "QuerySet[Article]"
    ) -> None:
        """Publish the ticked ones; say which could not be."""
        done = 0
        for article in queryset:
            try:
                publishing.publish(article=article, user=request.user)  # type: ignore[arg-type]
                done += 1
            except publishing.NotPublishable as error:
                messages.warning(request, f"“{article}” was not published. {error}")
        if done:
            messages.success(request, f"{done} published as they are written.")

    @admin.action(description="Retire", permissions=["change"])
    def retire_ticked(
        self, request: HttpRequest, queryset: "QuerySet[Article]"
    ) -> None:
        """Retire the ticked ones."""
        retired = [
            publishing.retire(article=article, user=request.user)  # type: ignore[arg-type]
            for article in queryset
        ]
        messages.success(request, f"{sum(retired)} retired.")

    # --- one article

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add where the article stands to what the page shows."""
        article: Article | None = kwargs.get("obj")
        if article is None:
            context["actions_submit_line"] = self.get_actions_submit_line(request, "")
        else:
            context |= self._stand_of(request, article)
        page: HttpResponse = super().render_change_form(
            request, context, *args, **kwargs
        )
        return page

    def _stand_of(self, request: HttpRequest, article: Article) -> dict[str, Any]:
        standing = standing_of(article, on=today())
        stand: dict[str, Any] = {
            "standing": standing,
            "standing_chip": tone(standing.value, COLOURS[standing]),
            "said_lately": said_column(request)(article),
            "may_change": self.has_change_permission(request, article),
            "in_a_year": today() + YEAR,
        }
        if stand["may_change"]:
            stand["asked_lately"] = asked_lately(article, user=request.user)
        if standing is Standing.RETIRED:
            # It is brought back before anything of it is published.
            stand["actions_submit_line"] = []
        return stand

    @action(  # type: ignore[untyped-decorator]
        description="Save and publish", permissions=["change"], icon="publish"
    )
    def save_and_publish(self, request: HttpRequest, obj: Article) -> None:
        """Publish what was typed: once its phrasings are stored too."""
        request.__dict__["_publishes"] = True

    def save_model(
        self, request: HttpRequest, obj: Article, form: Any, change: bool
    ) -> None:
        """Store what was written; nothing is said yet."""
        publishing.save_draft(article=obj)
        name = f"{self.opts.app_label}_{self.opts.model_name}_save_and_publish"
        if name in request.POST and self.has_change_permission(request, obj):
            self.save_and_publish(request, obj)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Keep who wrote a phrasing."""
        for row in formset.save(commit=False):
            if not row.created_by:
                row.created_by = publishing.name_of(request.user)  # type: ignore[arg-type]
            row.save()
        for row in formset.deleted_objects:
            row.delete()

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        """With the phrasings stored, let it be found by them; publish when asked."""
        super().save_related(request, form, formsets, change)
        article: Article = form.instance
        index_article(article)
        if request.__dict__.get("_publishes"):
            self._publish(request, article)

    def _publish(self, request: HttpRequest, article: Article) -> None:
        try:
            said = publishing.publish(article=article, user=request.user)  # type: ignore[arg-type]
        except publishing.NotPublishable as error:
            messages.error(request, f"Saved, but not published. {error}")
        else:
            messages.success(request, f"Published as version {said.number}.")

    def response_change(self, request: HttpRequest, obj: Article) -> HttpResponse:
        """After publishing the page stays, to try a question on it."""
        return self._stay(request, obj) or super().response_change(request, obj)

    def response_add(
        self, request: HttpRequest, obj: Article, post_url_continue: Any = None
    ) -> HttpResponse:
        """As after a change."""
        usual = super().response_add
        return self._stay(request, obj) or usual(request, obj, post_url_continue)

    def _stay(self, request: HttpRequest, obj: Article) -> HttpResponse | None:
        if not request.__dict__.get("_publishes"):
            return None
        return redirect("admin:messaging_article_change", obj.pk)

    def has_delete_permission(
        self, request: HttpRequest, obj: Article | None = None
    ) -> bool:
        """What was ever published stays, for the answers that rest on it: retire it."""
        if obj is not None and obj.revisions.exists():
            return False
        return bool(super().has_delete_permission(request, obj))
