"""Addresses of the pages of sequences, below /admin/."""

from django.urls import path

from messaging.sequencepages import (
    views_builder,
    views_bulk,
    views_calendar,
    views_enrollments,
    views_lead,
    views_list,
    views_preview,
)

ONE = "sequences/<uuid:sequence>/"
STEP = ONE + "steps/<int:position>/"
LEAD = "leads/<uuid:lead>/follow-ups/"

urlpatterns = [
    path("sequences/", views_list.sequences, name="sequences"),
    path("sequences/new/", views_list.new, name="sequence_new"),
    path("sequences/enroll/", views_bulk.enroll_many, name="enroll_many"),
    path(ONE, views_builder.sequence, name="sequence"),
    path(ONE + "settings/", views_builder.save_settings, name="sequence_settings"),
    path(ONE + "discard/", views_builder.discard, name="sequence_discard"),
    path(ONE + "steps/add/", views_builder.add_step, name="sequence_step_add"),
    path(STEP, views_builder.save_step, name="sequence_step"),
    path(STEP + "<slug:do>/", views_builder.act_on_step, name="sequence_step_act"),
    path(ONE + "preview/", views_preview.preview, name="sequence_preview"),
    path(ONE + "leads/", views_preview.find_leads, name="sequence_leads"),
    path(ONE + "who/", views_preview.who, name="sequence_who"),
    path(ONE + "activate/", views_preview.activate, name="sequence_activate"),
    path(ONE + "state/<slug:do>/", views_preview.set_state, name="sequence_state"),
    path(
        ONE + "enrollments/",
        views_enrollments.enrollments,
        name="sequence_enrollments",
    ),
    path(
        ONE + "enrollments/stop/",
        views_enrollments.stop_many,
        name="sequence_stop_many",
    ),
    path(
        "enrollments/<uuid:enrollment>/<slug:do>/",
        views_enrollments.act,
        name="enrollment_act",
    ),
    path(LEAD, views_lead.follow_ups, name="lead_follow_ups"),
    path(LEAD + "enroll/", views_lead.enroll_lead, name="lead_enroll"),
    path("going-out/", views_calendar.going_out, name="going_out"),
]
