"""The Celery app: doorbells in, sweep from beat."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
app = Celery("leadsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

KEPT_SECONDS = 600


@task_prerun.connect
def keep_connection(task: Any = None, **kwargs: Any) -> None:
    """Let a worker's thread keep its database connection, checked before each task.

    For this thread alone: beside it in one process the web's threads come and go,
    and a connection kept in one of those is never found again. Celery itself would
    close it around every task (see CELERY_DB_REUSE_MAX).
    """
    from django.db import connection

    if getattr(task.request, "is_eager", False):
        return
    if connection.settings_dict["CONN_MAX_AGE"] != KEPT_SECONDS:
        connection.close()
        # A copy: all threads share the settings' own dict.
        connection.settings_dict = {
            **connection.settings_dict,
            "CONN_MAX_AGE": KEPT_SECONDS,
            "CONN_HEALTH_CHECKS": True,
        }
    connection.close_if_unusable_or_obsolete()


@task_prerun.connect
def name_in_logs(task: Any = None, args: Any = (), **kwargs: Any) -> None:
    """Let the task's log lines say which row they are about."""
    from leadsite.logs import belongs_to

    if getattr(task.request, "is_eager", False):
        return  # the lines belong to whoever called
    belongs_to.set(":".join(str(part) for part in (task.name, *args)))


@celeryd_init.connect
def refuse_without_broker(**kwargs: Any) -> None:
    """Refuse `celery worker` where no doorbell could ever reach it."""
    from leadsite.checks import separate_part_errors

    errors = separate_part_errors("worker")
    if errors:
        raise SystemExit("\n".join(f"{error.msg} {error.hint}" for error in errors))
