"""The demo's follow-ups: one sequence that is under way with some quiet leads."""

from django.contrib.auth.models import User
from django.db.models import QuerySet

from leads.models import Event, Lead
from messaging.demo.cast import Cast
from messaging.models import Conversation, Enrollment, Sequence
from messaging.queueing import Refused
from messaging.sequencepages import starters
from messaging.sequencepages.drafting import create_sequence
from messaging.sequences import enrolling, publishing

STARTER = "new_lead"
MANAGER = "mia"
MOST = 4


def make_follow_ups(cast: Cast) -> int:
    """Activate a ready-made sequence and let quiet leads begin it; count them."""
    start = starters.starters()[STARTER]
    user = cast.people[MANAGER]
    sequence = create_sequence(
        name=start.name,
        team=cast.teams["Offices"],
        user=user,
        steps=start.steps,
        # By hand: who plays a lead in the simulator is not followed up for it.
        **{**start.fields, "rule": {}},
    )
    publishing.activate(sequence=sequence, user=user)
    begun = 0
    for lead in _quiet_leads(cast):
        try:
            enrolling.enroll(
                sequence=sequence,
                lead=lead,
                how=Enrollment.How.HAND,
                actor=f"user:{user.pk}",
            )
        except Refused:
            continue  # opted out, or nobody may write there: the next one
        begun += 1
        if begun == MOST:
            break
    return begun


def _quiet_leads(cast: Cast) -> "QuerySet[Lead]":
    """Leads who were answered and have said nothing since, the longest first."""
    return Lead.objects.filter(
        demo=True,
        team=cast.teams["Offices"],
        conversation__turn=Conversation.Turn.WAITING,
        conversation__holder=None,
    ).order_by("conversation__last_at", "pk")


def forget_follow_ups(people: "QuerySet[User]") -> None:
    """Remove the demo people's sequences that no lead is or was in."""
    ours = Sequence.objects.filter(created_by__in=people, enrollments=None)
    ids = list(ours.values_list("pk", flat=True))
    Event.objects.filter(
        lead=None, kind__startswith="sequence.", payload__sequence__in=ids
    ).delete()
    found = Sequence.objects.filter(pk__in=ids)
    found.update(current=None)
    found.delete()
