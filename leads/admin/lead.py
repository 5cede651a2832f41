"""The list of leads: hot first, and only those that the person may see.

What `leads` knows of a lead; `messaging.admin` adds whose turn it is.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from leads import capture
from leads.admin.base import StaffAdmin
from leads.admin.lead_filters import (
    KindFilter,
    OwnerFilter,
    OwnRelatedFilter,
    TemperatureFilter,
)
from leads.models import Lead, LeadContact

PAGE = "lead_page"


def page_of(lead: Lead) -> str:
    """Return the address of the lead's page."""
    return reverse(PAGE, args=[lead.public_id])


class LeadChangeList(ChangeList):  # type: ignore[misc]
    """A list whose rows lead to the lead's own page."""

    def url_for_result(self, result: Lead) -> str:
        """Return the lead's page instead of a form."""
        return page_of(result)


class LeadAdmin(StaffAdmin):
    """Leads as rows. Reading and changing one happens on its page."""

    change_list_template = "leads/lead_list.html"
    list_display = ["who", "heat", "stage", "held_by"]
    list_display_links = ["who"]
    list_filter = [
        ("stage", OwnRelatedFilter),
        OwnerFilter,
        ("team", OwnRelatedFilter),
        TemperatureFilter,
        ("source", OwnRelatedFilter),
        KindFilter,
    ]
    list_select_related = ["company", "owner", "stage"]
    list_per_page = 50
    list_filter_sheet = True
    list_fullwidth = True
    search_fields = ["name", "company__name", "contacts__contact_point__value"]
    search_help_text = "Name, company, phone, mail"
    ordering = ["-score", "-created_at"]
    sortable_by = ["who", "heat"]
    actions = ["make_mine"]

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Lead]":
        """Only leads that the person may see; what was put away is left out."""
        seen = Lead.objects.visible_to(request.user).order_by().values("pk")
        rows: QuerySet[Lead] = super().get_queryset(request)
        return rows.filter(pk__in=seen, archived_at=None).prefetch_related(
            "contacts__contact_point"
        )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Let the rows lead to the leads' pages."""
        return LeadChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Lead]", search_term: str
    ) -> "tuple[QuerySet[Lead], bool]":
        """Find by words, and a phone number however it is written."""
        words = search_term.replace("\0", "")
        found: tuple[QuerySet[Lead], bool] = super().get_search_results(
            request, queryset, words
        )
        number = capture.normalise_phone(words) if words else None
        if number is None:
            return found
        known = LeadContact.objects.filter(contact_point__value=number).values("lead")
        by_words = found[0].order_by().values("pk")
        return queryset.filter(Q(pk__in=known) | Q(pk__in=by_words)), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A lead is entered on its own page, which asks for an address."""
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Go to the lead's page; a lead out of sight is not there."""
        lead = self.get_object(request, object_id)
        if lead is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing
        return redirect(page_of(lead))

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Go to the History tab of the lead's page."""
        lead = self.get_object(request, object_id)
        if lead is None:
            missing: HttpResponse = self._get_obj_does_not_exist_redirect(
                request, self.opts, object_id
            )
            return missing
        return redirect(f"{page_of(lead)}?tab=history")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; tell its template what an empty one can offer."""
        more = {
            "new_lead_url": _url("lead_new"),
            "simulator_url": _url("simulator"),
            "may_enter": request.user.has_perm("leads.add_lead"),
            "any_lead": self.get_queryset(request).exists(),
            **(extra_context or {}),
        }
        page: HttpResponse = super().changelist_view(request, more)
        return page

    @admin.action(description="Make them mine", permissions=["change"])
    def make_mine(self, request: HttpRequest, queryset: "QuerySet[Lead]") -> None:
        """Give the ticked leads to the person who ticked them."""
        from leads.editing import Meanwhile, set_owner

        done, refused = 0, ""
        mine = str(request.user.pk)
        for lead in queryset:
            try:
                seen = str(lead.owner_id or "")
                user: Any = request.user
                done += set_owner(lead=lead, owner=mine, seen=seen, user=user)
            except (Meanwhile, ValueError) as error:
                refused = f" {lead}: {error}"
        self.message_user(request, f"{done} yours now.{refused}")

    @admin.display(description="Lead", ordering="name")
    def who(self, lead: Lead) -> SafeString:
        """Name, company and what kind of lead it is."""
        context = {"lead": lead, "name": shown_name(lead)}
        return SafeString(render_to_string("leads/lead_cell.html", context))

    @admin.display(description="Score", ordering="score")
    def heat(self, lead: Lead) -> SafeString:
        """Number, bar and word."""
        context = {"score": lead.score, "word": lead.temperature}
        return SafeString(render_to_string("leadsite/score.html", context))

    @admin.display(description="Owner")
    def held_by(self, lead: Lead) -> SafeString | str:
        """Who answers for the lead."""
        if lead.owner is None:
            return format_html('<span class="ls-muted">{}</span>', "nobody")
        return lead.owner.get_short_name() or lead.owner.get_username()


def shown_name(lead: Lead) -> str:
    """Return the name, else the first address, of prefetched contacts."""
    if lead.name:
        return lead.name
    rows = sorted(lead.contacts.all(), key=lambda row: (not row.primary, row.pk))
    return rows[0].contact_point.value if rows else "New lead"


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


admin.site.register(Lead, LeadAdmin)
