"""Addresses of the privacy pages, below /admin/."""

from django.urls import path

from leads.privacy import lead, views

ONE = "privacy/requests/<uuid:request_id>/"
RULE = "privacy/retention/<slug:key>/"
LEAD = "leads/<uuid:lead_id>/privacy/"

urlpatterns = [
    path("privacy/", views.privacy, name="privacy"),
    path(ONE, views.one, name="privacy_request"),
    path(ONE + "file/", views.file, name="privacy_file"),
    path(ONE + "again/", views.again, name="privacy_again"),
    path(RULE, views.save_rule, name="privacy_rule"),
    path(RULE + "count/", views.count, name="privacy_count"),
    path(LEAD, lead.menu, name="lead_privacy"),
    path(LEAD + "export/", lead.export, name="lead_export"),
    path(LEAD + "erase/", lead.erase, name="lead_erase"),
]
