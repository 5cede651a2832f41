"""`manage.py prepare`: what `make run` does between migrate and up."""

import logging
from typing import Any

import environ
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand

from leads import jobs
from leads.models import Job, Lead
from leads.seeding import ensure_ground
from leadsite.firstrun import ready_doorbells
from messaging import demo


class Command(BaseCommand):
    """Lay the ground; fill an empty database with the demo. Safe to repeat."""

    help = "Lay the ground, and the demo into an empty database (not with DEMO=0)."

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_ground()
        if wants_demo() and is_empty():
            self._build()

    def _build(self) -> None:
        """As a job with one key: two that start together build it once."""
        self.stdout.write("Inventing a company, three people and sixty leads …")
        self.stdout.flush()
        ready_doorbells()
        # A line for each simulated text would hide the address that follows.
        logging.getLogger("messaging.transports").setLevel(logging.WARNING)
        job = jobs.start_job(name=demo.JOB, arguments={}, effect_key=demo.EFFECT_KEY)
        jobs.run_job(job_id=job.pk)
        job.refresh_from_db()
        if job.state == Job.State.DONE:
            leads = Lead.objects.filter(demo=True).count()
            self.stdout.write(f"{leads} demo leads. `manage.py demo --leave` removes.")
        elif job.last_error:
            self.stderr.write(f"The demo is not complete yet: {job.last_error}")
        else:
            self.stdout.write("Another process is building the demo.")


def wants_demo() -> bool:
    """Whether the environment lets an empty installation show the demo."""
    return bool(environ.Env().bool("DEMO", default=True))


def is_empty() -> bool:
    """Whether nobody and nothing is here, and there never was a demo.

    A demo whose building was interrupted counts as not begun.
    """
    began = Job.objects.filter(effect_key=demo.EFFECT_KEY).first()
    if began is not None:
        return began.state == Job.State.READY
    return not (User.objects.exists() or Lead.objects.exists())
