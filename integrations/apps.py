"""The ring of adapters to outside services."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """App `integrations`."""

    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        """Let every process run our jobs and hear how calls end."""
        from integrations import (
            gap_sweep,
            http_observers,
            media,
            services_checks,
            webhooks,
        )
        from leads import jobs

        jobs.register(media.JOB, media.run_job)
        jobs.register(webhooks.PURGE_JOB, webhooks.run_purge)
        jobs.register(gap_sweep.JOB, gap_sweep.run_job)
        http_observers.observers.append(services_checks.notes)
