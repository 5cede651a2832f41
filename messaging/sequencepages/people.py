"""Leads on the pages of sequences: found, suggested, and who could begin one."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from leads import capture
from leads.access import Viewer
from leads.models import Lead, LeadContact
from messaging.models import Conversation
from messaging.models.sequence import Sequence, SequenceVersion
from messaging.sequences import enrolling, planning, reach

MOST_FOUND = 8
SUGGESTED = 4
# So many names of those who meet a rule are shown, and so far they are counted.
NAMED, COUNTED = 12, 500


def suggested(sequence: Sequence, user: Viewer) -> list[Lead]:
    """A few leads to look at the plan with: those of its rule, else the newest."""
    found = planning.who_would(sequence=sequence, user=user, limit=SUGGESTED)
    if len(found) < SUGGESTED:
        others = _seen(sequence, user).exclude(pk__in=[lead.pk for lead in found])
        reached = Exists(LeadContact.objects.filter(lead=OuterRef("pk")))
        newest = others.filter(reached).order_by("-pk")
        found += list(newest[: SUGGESTED - len(found)])
    return found


def search(sequence: Sequence, user: Viewer, words: str) -> list[Lead]:
    """Leads that the person may see, by name, company or address."""
    wanted = words.replace("\0", "").strip()[:100]
    if not wanted:
        return []
    number = capture.normalise_phone(wanted)
    known = LeadContact.objects.filter(
        Q(contact_point__value__icontains=wanted) | Q(contact_point__value=number or "")
    )
    rows = _seen(sequence, user).filter(
        Q(name__icontains=wanted)
        | Q(company__name__icontains=wanted)
        | Q(pk__in=known.values("lead"))
    )
    return list(rows.order_by("-pk")[:MOST_FOUND])


def _seen(sequence: Sequence, user: Viewer) -> "QuerySet[Lead]":
    seen = Lead.objects.visible_to(user).order_by().values("pk")
    rows = Lead.objects.filter(pk__in=seen, archived_at=None)
    if sequence.team_id is not None:
        rows = rows.filter(team=sequence.team_id)
    return rows.select_related("team", "stage", "company", "owner")


@dataclass(frozen=True)
class Meeting:
    """Leads that meet the rule now: how many, and some of them."""

    leads: tuple[Lead, ...]
    count: int

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.leads)

    @property
    def count_words(self) -> str:
        """The number, "more than 500" beyond what is counted."""
        return f"more than {COUNTED}" if self.count > COUNTED else str(self.count)


def who_meets(sequence: Sequence, user: Viewer) -> Meeting:
    """The leads that meet the sequence's rule now, as far as the person sees them."""
    found = planning.who_would(sequence=sequence, user=user, limit=COUNTED + 1)
    return Meeting(tuple(found[:NAMED]), len(found))


def why_not(sequence: Sequence, lead: Lead) -> str:
    """Why a lead cannot begin the sequence now; "" when it can."""
    found = Conversation.objects.select_related("holder").filter(lead=lead).first()
    conversation = found or Conversation(lead=lead)
    refusal = enrolling.why_not(sequence, lead, conversation)
    return refusal or unreachable(sequence.current, lead)


def unreachable(version: SequenceVersion | None, lead: Lead) -> str:
    """Why no step could reach the lead; "" when one can."""
    kinds = version.steps.values_list("kind", flat=True) if version else []
    return reach.unreachable(reach.reaches_of(lead, kinds))
