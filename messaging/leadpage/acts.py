"""What a person does on a lead's page: one call each, and what it answers."""

from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404
from django.urls import reverse

from leads import editing, pipeline
from leads.models import Lead, Stage, Task
from messaging import writing
from messaging.conversations import conversation_of
from messaging.forms import CallForm
from messaging.leadpage.forms import TaskForm
from messaging.leadpage.frame import NEEDED, lead_act, look_again
from messaging.leadpage.side import DECISIONS
from messaging.views.answers import Act, Declined, Said, thread_url


@lead_act()
def set_stage(act: Act, lead: Lead) -> Said:
    """Move the lead along the pipeline, unless somebody just did."""
    stage = Stage.objects.filter(key=act.asked("stage")).first()
    if stage is None:
        raise Declined("There is no such stage")
    seen = act.asked("seen")
    try:
        moved = editing.set_stage(lead=lead, stage=stage, seen=seen, user=act.user)
    except editing.Meanwhile as error:
        stands = Stage.objects.get(key=error.theirs["stage"])
        raise Declined(f"Somebody moved it to {stands} meanwhile") from error
    undo = reverse("lead_stage", args=[lead.public_id])
    undo += f"?stage={seen}&seen={stage.key}"
    return {"toast": f"Stage → {stage}", "undo": undo if moved else ""}


@lead_act()
def set_owner(act: Act, lead: Lead) -> Said:
    """Give the lead to somebody, unless somebody just did."""
    owner, seen = act.asked("owner"), act.asked("seen")
    if owner and not (owner.isascii() and owner.isdigit() and len(owner) < 13):
        raise Declined("There is no such person")
    try:
        moved = editing.set_owner(lead=lead, owner=owner, seen=seen, user=act.user)
    except editing.Meanwhile as error:
        name = _owner_name(error.theirs["owner"])
        raise Declined(f"{name} has it meanwhile") from error
    undo = reverse("lead_owner", args=[lead.public_id])
    undo += f"?owner={seen}&seen={owner}"
    return {"toast": f"Owner → {_owner_name(owner)}", "undo": undo if moved else ""}


def _owner_name(pk: str) -> str:
    person = User.objects.filter(pk=pk).first() if pk else None
    return editing.name_of(person) if person else "Nobody"


@lead_act(NEEDED)
def note(act: Act, lead: Lead) -> Said:
    """Write a note that only the team sees."""
    talk = conversation_of(lead)
    body = act.asked("body")[:20_000]
    writing.add_note(conversation=talk, user=act.user, body=body)
    return {"toast": "Noted for your team"}


@lead_act(NEEDED, form=CallForm)
def call(act: Act, lead: Lead) -> Said:
    """Write down a call; it counts as a person's answer."""
    writing.log_call(conversation=conversation_of(lead), user=act.user, **act.said)
    return {"toast": "Call logged"}


@lead_act(NEEDED)
def write(act: Act, lead: Lead) -> Said:
    """Open the composer; the conversation begins when nobody wrote yet."""
    return {"open": thread_url(conversation_of(lead))}


# --- tasks -------------------------------------------------------------------


@lead_act("leads.add_task", form=TaskForm)
def add_task(act: Act, lead: Lead) -> Said:
    """Note something to do; the owner gets it."""
    task = pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=act.said["kind"],
        title=act.said["title"],
        due_at=act.said["due_at"],
        subject=lead.public_id,
    )
    if lead.owner_id is None:
        Task.objects.filter(pk=task.pk).update(assignee=act.user)
    return {"toast": "Task noted"}


@lead_act("leads.change_task")
def finish_task(act: Act, lead: Lead, task: UUID) -> Said:
    """Mark a task done."""
    row = _task(lead, task)
    if row.kind == Task.Kind.DRAFT or row.kind in DECISIONS:
        raise Declined("Decide on it in the review queue")
    if not pipeline.close_task(task=row, actor=f"user:{act.user.pk}"):
        raise Declined("It is done already")
    look_again(lead)
    undo = reverse("lead_task_reopen", args=[lead.public_id, task])
    return {"toast": f"Done: {row.title}", "undo": undo}


@lead_act("leads.change_task")
def reopen_task(act: Act, lead: Lead, task: UUID) -> Said:
    """Undo *Done*."""
    editing.reopen_task(task=_task(lead, task), actor=f"user:{act.user.pk}")
    look_again(lead)
    return {"toast": "Open again"}


def _task(lead: Lead, public_id: UUID) -> Task:
    row = Task.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such task.")
    return row
