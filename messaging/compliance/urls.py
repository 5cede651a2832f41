"""Addresses of the compliance report, below /admin/."""

from django.urls import path

from messaging.compliance import views

urlpatterns = [
    path("compliance/", views.compliance, name="compliance"),
    path("compliance/rows/<path:key>/", views.rows, name="compliance_rows"),
]
