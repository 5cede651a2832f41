"""The wiring: checks, health, metrics and logs of the whole installation."""

from django.apps import AppConfig


class LeadsiteConfig(AppConfig):
    """App `leadsite`."""

    name = "leadsite"
    verbose_name = "Leadsite"

    def ready(self) -> None:
        """Register the checks, and report errors where that is asked for."""
        from leadsite import checks, error_reports

        checks.__name__  # noqa: B018 (imported for its registrations)
        error_reports.start()
