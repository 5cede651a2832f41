"""Wiring of the installation; no other package imports it."""

from leadsite.celery import app as celery_app

__all__ = ["celery_app"]
