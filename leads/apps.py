"""The ground: who leads are, where they stand, what we may do."""

from django.apps import AppConfig


class LeadsConfig(AppConfig):
    """App `leads`."""

    name = "leads"
    verbose_name = "Leads"

    def ready(self) -> None:
        """Name the jobs that this app runs."""
        from leads import (
            erasing,
            exporting,
            fading,
            jobs,
            opt_out_import,
            retention,
        )

        jobs.register(fading.JOB, fading.refresh_scores)
        jobs.register(erasing.JOB, erasing.run_job)
        jobs.register(exporting.JOB, exporting.run_job)
        jobs.register(retention.JOB, retention.run_job)
        jobs.register(opt_out_import.JOB, opt_out_import.run_job)
