"""The ring of adapters to outside services."""

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """App `integrations`."""

    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        """Let every process run our jobs."""
        from integrations import media, webhooks
        from leads import jobs

        jobs.register(media.JOB, media.run_job)
        jobs.register(webhooks.PURGE_JOB, webhooks.run_purge)
