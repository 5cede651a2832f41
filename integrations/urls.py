"""Pages of `integrations`, below /admin/."""

from django.urls import path

from integrations import views_services

urlpatterns = [
    path("services/", views_services.services_page, name="services"),
    path("services/test/", views_services.test_services, name="services_test"),
    path("services/<slug:key>/", views_services.service_now, name="service_now"),
    path("services/<slug:key>/test/", views_services.test_service, name="service_test"),
    path("services/<slug:key>/text/", views_services.text_phone, name="service_text"),
    path(
        "services/<slug:key>/text/state/",
        views_services.text_state,
        name="service_text_state",
    ),
]
