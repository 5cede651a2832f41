"""The ground: who leads are, where they stand, what we may do."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    """App `leads`."""

    name = "leads"
    verbose_name = "Leads"

    def ready(self) -> None:
        """Name the jobs that this app runs."""
        from leads import fading, jobs

        jobs.register(fading.JOB, fading.refresh_scores)
