"""The conversation: messages, channels, the agent."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """App `messaging`."""

    name = "messaging"
    verbose_name = "Messaging"

    def ready(self) -> None:
        """Let every process run our jobs."""
        from leads import jobs
        from messaging import demo, prompts, snoozing
        from messaging.knowledge import importing, vectors
        from messaging.simulator import busy_hour

        jobs.register(busy_hour.JOB, busy_hour.run_job)
        jobs.register(importing.JOB, importing.run_job)
        jobs.register(vectors.JOB, vectors.run_job)
        jobs.register(demo.JOB, demo.run_job)
        jobs.register(prompts.JOB, prompts.run_purge)
        jobs.register(snoozing.JOB, snoozing.wake)
