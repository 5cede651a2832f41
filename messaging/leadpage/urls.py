"""Addresses of the lead's page, below /admin/."""

from django.urls import path

from messaging.leadpage import (
    acts,
    corrections,
    details,
    entering,
    meetings,
    views,
)

LEAD = "leads/<uuid:lead>/"

urlpatterns = [
    path("leads/new/", entering.new_lead, name="lead_new"),
    path(LEAD, views.lead_page, name="lead_page"),
    path(LEAD + "update/", views.lead_update, name="lead_update"),
    path(LEAD + "ai-cost/", views.lead_cost, name="lead_cost"),
    path(LEAD + "earlier/", views.lead_earlier, name="lead_earlier"),
    path(LEAD + "details/", details.save_details, name="lead_details"),
    path(LEAD + "stage/", acts.set_stage, name="lead_stage"),
    path(LEAD + "owner/", acts.set_owner, name="lead_owner"),
    path(LEAD + "note/", acts.note, name="lead_note"),
    path(LEAD + "call/", acts.call, name="lead_call"),
    path(LEAD + "meetings/", meetings.book, name="lead_meeting"),
    path(
        LEAD + "meetings/<uuid:meeting>/<slug:how>/",
        meetings.end,
        name="lead_meeting_end",
    ),
    path(LEAD + "write/", acts.write, name="lead_write"),
    path(LEAD + "tasks/", acts.add_task, name="lead_task"),
    path(LEAD + "tasks/<uuid:task>/done/", acts.finish_task, name="lead_task_done"),
    path(LEAD + "tasks/<uuid:task>/reopen/", acts.reopen_task, name="lead_task_reopen"),
    path(LEAD + "facts/<slug:field>/", corrections.set_fact, name="lead_fact_set"),
    path(
        LEAD + "facts/<uuid:fact>/strike/",
        corrections.strike_fact,
        name="lead_fact_strike",
    ),
    path(
        LEAD + "facts/<uuid:fact>/restore/",
        corrections.restore_fact,
        name="lead_fact_restore",
    ),
    path(
        LEAD + "score/<uuid:line>/strike/",
        corrections.strike_line,
        name="lead_line_strike",
    ),
    path(
        LEAD + "score/<uuid:line>/restore/",
        corrections.restore_line,
        name="lead_line_restore",
    ),
]
