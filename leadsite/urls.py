"""All URLs of the installation."""

from allauth.account.decorators import secure_admin_login
from allauth.account.views import LogoutView
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from leadsite import health, metrics_page, views, views_demo, views_owner
from leadsite.dead_letters import dead_letters

admin.site.site_title = admin.site.site_header = "Leadsite"
admin.site.index_title = "Today"
# Rate limits and, later, the second factor live in allauth's sign-in.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


urlpatterns = [
    path("health/live/", health.live, name="health_live"),
    path("health/ready/", health.ready, name="health_ready"),
    path("metrics", metrics_page.metrics, name="metrics"),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path(
        "accounts/demo/<str:username>/",
        views.DemoLoginView.as_view(),
        name="demo_login",
    ),
    path("accounts/login/", views.SignInView.as_view(), name="account_login"),
    path("accounts/owner/", views_owner.OwnerView.as_view(), name="owner"),
    path("accounts/", include("allauth.urls")),
    path("admin/demo/", views_demo.leave, name="leave_demo"),
    path("admin/logout/", LogoutView.as_view()),
    path("admin/dead-letters/", dead_letters, name="dead_letters"),
    path("u/", include("messaging.urls_public")),
    path("api/v1/", include("leadsite.api")),
    path("admin/", include("messaging.urls")),
    path("admin/", include("leads.urls")),
    path("admin/", include("integrations.urls")),
    # Django's lists of an app's tables say nothing; Today is the way in.
    re_path(
        r"^admin/(?:auth|leads|messaging|integrations|account|django_celery_beat)/$",
        RedirectView.as_view(pattern_name="admin:index"),
    ),
    path("admin/", admin.site.urls),
]
