"""Pages of `leads`, below /admin/."""

from django.urls import path

from leads import views_policy
from leads.compliance import urls as compliance
from leads.privacy import urls as privacy

urlpatterns = [
    path("policy/", views_policy.edit_policy, name="policy"),
    path("policy/resume/", views_policy.resume, name="policy_resume"),
    path("policy/mode/", views_policy.set_mode, name="policy_mode"),
    *compliance.urlpatterns,
    *privacy.urlpatterns,
]
