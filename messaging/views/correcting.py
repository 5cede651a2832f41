"""A person corrects what is known of a lead: one rule for inbox and lead page.

Each function answers with the words of the toast: how the score moved.
"""

from uuid import UUID

from django.http import Http404, HttpRequest

from leads import qualification, scoring
from leads.models import Fact, Lead, ScoreLine
from messaging.views.answers import Act

# A fact takes its points with it, so whoever corrects one changes both.
NEEDED = ("leads.change_fact", "leads.change_scoreline")


def may_correct(request: HttpRequest) -> bool:
    """Say whether the person's role corrects facts and points."""
    return bool(request.user.has_perms(NEEDED))


def set_fact(act: Act, lead: Lead, field: str) -> str:
    """Enter a person's own value: locked, so that no machine changes it."""
    before, value = _score(lead), act.said["value"]
    qualification.set_fact(lead=lead, field=field, value=value, user=act.user)
    return f"Yours now. {moved(lead, before)}"


def strike_fact(act: Act, lead: Lead, fact: UUID) -> str:
    """Mark a fact *Not true*, with the points that hang on it."""
    before = _score(lead)
    qualification.strike_fact(fact=_fact(lead, fact), user=act.user)
    return f"Not true. {moved(lead, before)}"


def restore_fact(act: Act, lead: Lead, fact: UUID) -> str:
    """Undo *Not true* of a fact."""
    before = _score(lead)
    qualification.restore_fact(fact=_fact(lead, fact), user=act.user)
    return f"True again. {moved(lead, before)}"


def strike_line(act: Act, lead: Lead, line: UUID) -> str:
    """Mark a line of the score *Not true*."""
    before = _score(lead)
    scoring.strike_line(line=_line(lead, line), user=act.user)
    return f"Not true. {moved(lead, before)}"


def restore_line(act: Act, lead: Lead, line: UUID) -> str:
    """Undo *Not true* of a line."""
    before = _score(lead)
    scoring.restore_line(line=_line(lead, line), user=act.user)
    return f"True again. {moved(lead, before)}"


def signed(points: int) -> str:
    """Return points with their sign, a real minus."""
    return f"+{points}" if points > 0 else f"−{abs(points)}" if points < 0 else "0"


def moved(lead: Lead, before: int) -> str:
    """Return how the score moved: "Score 72 → 47 (−25)"."""
    lead.refresh_from_db(fields=["score"])
    if lead.score == before:
        return f"The score stays {before}"
    return f"Score {before} → {lead.score} ({signed(lead.score - before)})"


def _score(lead: Lead) -> int:
    """The score as the page shows it now, faded to this instant."""
    return scoring.score_view(lead).value


def _fact(lead: Lead, public_id: UUID) -> Fact:
    row = Fact.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such fact.")
    return row


def _line(lead: Lead, public_id: UUID) -> ScoreLine:
    row = ScoreLine.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such line.")
    return row
