"""Demo data: an invented company with three people, sixty leads, eight stories.

All of it takes the real path at the time it tells of, on the simulator's own
channels: every row is true, and nothing can leave. The texts are data in
`data/`; which scores and answers they lead to is not written anywhere.
"""

from leads.models import Job

JOB = "messaging.build_demo"
# There is one demo in an installation's life: what was left stays away.
EFFECT_KEY = "demo"
DEMO_GROUP = "Demo"


def run_job(job: Job) -> None:
    """Build the demo; what an attempt left that died is removed first."""
    from messaging.demo import building, leaving

    if job.attempts > 1:
        leaving.leave_demo(actor="system")
    building.build_demo()


__all__ = ["DEMO_GROUP", "EFFECT_KEY", "JOB", "run_job"]
