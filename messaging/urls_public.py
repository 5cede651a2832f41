"""Pages of `messaging` for leads, below /u/."""

from django.urls import path

from messaging.views_public import preferences

urlpatterns = [path("<str:token>/", preferences, name="preferences")]
