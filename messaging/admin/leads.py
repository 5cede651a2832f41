"""The list of leads with what the conversation adds: whose turn, how long ago."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leads.admin.lead import LeadAdmin
from leads.models import Lead
from messaging import words
from messaging.models import Conversation

admin.site.unregister(Lead)


@admin.register(Lead)
class TalkingLeadAdmin(LeadAdmin):
    """Leads, hot first: score, whose turn, owner, age of the last message."""

    list_display = ["who", "heat", "turn", "held_by", "last"]
    list_select_related = [
        "company",
        "owner",
        "stage",
        "conversation__holder",
    ]
    actions = [*LeadAdmin.actions, "enroll"]

    def has_enroll_permission(self, request: HttpRequest) -> bool:
        """Whether the person's role enrolls leads in sequences."""
        return bool(request.user.has_perm("messaging.add_enrollment"))

    @admin.action(description="Enroll in a sequence", permissions=["enroll"])
    def enroll(self, request: HttpRequest, queryset: Any) -> HttpResponse:
        """Go to the page that shows which of them can begin one, and why not."""
        from messaging.sequencepages.views_bulk import choose

        return redirect(choose(request, queryset))

    @admin.display(description="Whose turn", ordering="conversation__turn")
    def turn(self, lead: Lead) -> SafeString | str:
        """The one chip that says whose turn it is."""
        talk = talk_of(lead)
        if talk is None:
            return format_html('<span class="ls-muted">{}</span>', "not begun")
        context = {"chip": words.chip_of(talk)}
        return SafeString(render_to_string("messaging/_turn_chip.html", context))

    @admin.display(description="Last message", ordering="conversation__last_at")
    def last(self, lead: Lead) -> SafeString:
        """How long ago something was said."""
        talk = talk_of(lead)
        if talk is None or talk.last_message_id is None:
            return format_html('<span class="ls-muted">{}</span>', "–")
        return format_html(
            '<time class="ls-num" datetime="{}" title="{}">{}</time>',
            talk.last_at.isoformat(),
            words.time_of(talk.last_at),
            words.age(talk.last_at),
        )


def talk_of(lead: Lead) -> Conversation | None:
    """Return the lead's conversation, None when nobody wrote yet."""
    return getattr(lead, "conversation", None)
