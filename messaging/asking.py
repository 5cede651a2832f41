"""What a turn leaves to a person becomes a task with the lead's words."""

from leads import pipeline
from leads.models import Task
from leads.prepared import Update
from messaging.agent.model import Plan
from messaging.models import Conversation, Turn

ASKED = {
    Task.Kind.CALL.value: "Asked for a call",
    Task.Kind.MEETING.value: "Wants to meet",
    Task.Kind.REPLY.value: "Needs an answer",
    Task.Kind.OTHER.value: "Needs a look",
}
APPOINTMENTS = (Task.Kind.CALL, Task.Kind.MEETING)


def ask_person(
    turn: Turn, conversation: Conversation, plan: Plan, *, outcome: str, reason: str
) -> None:
    """Open a task for what the plan leaves to a person.

    The conversation is locked. One open request for a call or a meeting is
    enough: a second one only brings the newest words.
    """
    lead = conversation.lead
    kind = plan.task_kind
    if outcome == Turn.Outcome.HANDED_OFF and not kind:
        kind = Task.Kind.REPLY
    if outcome == Turn.Outcome.DRAFTED and kind == Task.Kind.REPLY:
        return  # the draft itself asks for a person
    if not kind or lead is None:
        return
    said = turn.last_inbound.body.strip()[:120]
    why = plan.hand_off or reason or ASKED.get(kind, ASKED[Task.Kind.OTHER])
    words = f"{why}: “{said}”" if said else why
    if kind in APPOINTMENTS and _still_open(conversation, words):
        return
    pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=kind,
        title=dict(Task.Kind.choices)[kind],
        reason=words,
        subject=conversation.public_id,
        effect_key=f"turn:{turn.public_id}:{kind}",
    )


def _still_open(conversation: Conversation, words: str) -> bool:
    """Whether a call or meeting is asked for already; it gets the newest words."""
    return bool(_asked({"subject": conversation.public_id}, reason=words))


_asked = Update(
    lambda place: Task.objects.open().filter(
        subject=place("subject"), kind__in=APPOINTMENTS
    )
)
