"""Reads the stream of events."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """App `analytics`."""

    name = "analytics"
    verbose_name = "Analytics"
