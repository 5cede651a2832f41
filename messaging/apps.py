"""The conversation: messages, channels, the agent."""

from django.apps import AppConfig


def _company_zone() -> str:
    """The profile's zone; while nobody has set one, nothing."""
    from messaging.models import Profile

    zone = Profile.current().time_zone
    return "" if zone == "UTC" else zone


class MessagingConfig(AppConfig):
    """App `messaging`."""

    name = "messaging"
    verbose_name = "Messaging"

    def ready(self) -> None:
        """Let every process run our jobs."""
        from leads import closing, jobs, places
        from messaging import demo, opting_out, prompts, snoozing
        from messaging.knowledge import importing, vectors
        from messaging.sequences import publishing, variants
        from messaging.simulator import busy_hour

        closing.register(opting_out.follow)
        places.tell_company_zone(_company_zone)
        jobs.register(busy_hour.JOB, busy_hour.run_job)
        jobs.register(importing.JOB, importing.run_job)
        jobs.register(vectors.JOB, vectors.run_job)
        jobs.register(demo.JOB, demo.run_job)
        jobs.register(prompts.JOB, prompts.run_purge)
        jobs.register(snoozing.JOB, snoozing.wake)
        jobs.register(publishing.RESUME_JOB, publishing.run_resuming)
        jobs.register(publishing.ARCHIVE_JOB, publishing.run_archiving)
        jobs.register(variants.JOB, variants.run_judging)
