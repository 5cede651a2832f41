"""The Celery app: doorbells in, sweep from beat."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
app = Celery("leadsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
