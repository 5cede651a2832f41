"""Addresses of the consent pages, below /admin/."""

from django.urls import path

from leads.compliance import lead, lists, suppressions

LEAD = "leads/<uuid:lead_id>/consent/"

urlpatterns = [
    path("suppressions/", suppressions.suppressions, name="suppressions"),
    path("suppressions/add/", suppressions.add, name="suppression_add"),
    path("suppressions/<int:pk>/lift/", suppressions.lift, name="suppression_lift"),
    path("opt-outs/", lists.page, name="opt_outs"),
    path("opt-outs/upload/", lists.upload, name="opt_outs_upload"),
    path("opt-outs/sign/", lists.sign, name="opt_outs_sign"),
    path("opt-outs/progress/", lists.progress, name="opt_outs_progress"),
    path("opt-outs/<uuid:list_id>/errors/", lists.errors, name="opt_outs_errors"),
    path(LEAD, lead.record, name="lead_consent"),
    path(LEAD + "stop/", lead.stop, name="lead_consent_stop"),
    path(LEAD + "record/", lead.add, name="lead_consent_add"),
    path(LEAD + "everything/", lead.revoke, name="lead_consent_revoke"),
]
