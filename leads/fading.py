"""Scores fade with time: once a day the kept values follow the ledger."""

from datetime import timedelta

from leads import claims, clock, scoring
from leads.models import Job, Lead

JOB = "leads.refresh_scores"
CHUNK = 200
LEASE = timedelta(seconds=120)


def refresh_scores(job: Job) -> None:
    """Bring every fading lead's kept score up to date, in chunks.

    `Lead.score` sorts lists; the ledger itself is always exact. Safe to run
    twice: a value that has not moved is not written.
    """
    after = 0
    while True:
        fading = Lead.objects.filter(
            pk__gt=after,
            archived_at=None,
            score_lines__removed_at=None,
            score_lines__half_life_days__isnull=False,
        )
        leads = list(fading.order_by("pk").distinct()[:CHUNK])
        for lead in leads:
            scoring.update_score(
                lead=lead, cause="time passed", actor="system", at=clock.now()
            )
        if len(leads) < CHUNK or not claims.renew(job, lease=LEASE):
            return
        after = leads[-1].pk
