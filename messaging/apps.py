"""The conversation: messages, channels, the agent."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """App `messaging`."""

    name = "messaging"
    verbose_name = "Messaging"

    def ready(self) -> None:
        """Let every process run our jobs."""
        from leads import jobs
        from messaging import demo, snoozing
        from messaging.simulator import busy_hour

        jobs.register(busy_hour.JOB, busy_hour.run_job)
        jobs.register(demo.JOB, demo.run_job)
        jobs.register(snoozing.JOB, snoozing.wake)
