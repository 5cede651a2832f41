"""A person corrects a lead's facts and score; the score moves at once."""

from uuid import UUID

from django.urls import reverse

from leads.models import Lead
from messaging.forms import FactForm
from messaging.leadpage.frame import lead_act
from messaging.views import correcting
from messaging.views.answers import Act, Said


@lead_act(correcting.NEEDED, form=FactForm)
def set_fact(act: Act, lead: Lead, field: str) -> Said:
    """Enter a person's own value: locked, so that no machine changes it."""
    return {"toast": correcting.set_fact(act, lead, field)}


@lead_act(correcting.NEEDED)
def strike_fact(act: Act, lead: Lead, fact: UUID) -> Said:
    """Mark a fact *Not true*, with the points that hang on it."""
    undo = reverse("lead_fact_restore", args=[lead.public_id, fact])
    return {"toast": correcting.strike_fact(act, lead, fact), "undo": undo}


@lead_act(correcting.NEEDED)
def restore_fact(act: Act, lead: Lead, fact: UUID) -> Said:
    """Undo *Not true* of a fact."""
    return {"toast": correcting.restore_fact(act, lead, fact)}


@lead_act(correcting.NEEDED)
def strike_line(act: Act, lead: Lead, line: UUID) -> Said:
    """Mark a line of the score *Not true*."""
    undo = reverse("lead_line_restore", args=[lead.public_id, line])
    return {"toast": correcting.strike_line(act, lead, line), "undo": undo}


@lead_act(correcting.NEEDED)
def restore_line(act: Act, lead: Lead, line: UUID) -> Said:
    """Undo *Not true* of a line."""
    return {"toast": correcting.restore_line(act, lead, line)}
