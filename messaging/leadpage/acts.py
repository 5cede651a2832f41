"""What a person does on a lead's page: parse, one call, answer."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from leads import editing, pipeline
from leads.models import Lead, Stage, Task
from messaging import writing
from messaging.conversations import conversation_of, refresh
from messaging.forms import CallForm, first_error
from messaging.leadpage.forms import TaskForm
from messaging.leadpage.frame import (
    NEEDED,
    changed,
    lead_act,
    page_url,
    talk_of,
)
from messaging.leadpage.side import DECISIONS
from messaging.views.answers import done, refused, thread_url


def _user(request: HttpRequest) -> Any:
    return request.user


def _said(request: HttpRequest, name: str) -> str:
    """A value of the form, or of an Undo's address."""
    return request.POST.get(name, request.GET.get(name, "")).replace("\0", "")


@lead_act()
def set_stage(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Move the lead along the pipeline, unless somebody just did."""
    stage = Stage.objects.filter(key=_said(request, "stage")).first()
    if stage is None:
        return refused(request, "There is no such stage", back=page_url(lead))
    seen = _said(request, "seen")
    try:
        moved = editing.set_stage(
            lead=lead, stage=stage, seen=seen, user=_user(request)
        )
    except editing.Meanwhile as error:
        stands = Stage.objects.get(key=error.theirs["stage"])
        return refused(
            request, f"Somebody moved it to {stands} meanwhile", back=page_url(lead)
        )
    undo = reverse("lead_stage", args=[lead.public_id])
    undo += f"?stage={seen}&seen={stage.key}"
    return changed(request, lead, toast=f"Stage → {stage}", undo=undo if moved else "")


@lead_act()
def set_owner(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Give the lead to somebody, unless somebody just did."""
    owner, seen = _said(request, "owner"), _said(request, "seen")
    if owner and not (owner.isascii() and owner.isdigit() and len(owner) < 13):
        return refused(request, "There is no such person", back=page_url(lead))
    try:
        moved = editing.set_owner(
            lead=lead, owner=owner, seen=seen, user=_user(request)
        )
    except editing.Meanwhile as error:
        words = f"{_owner_name(error.theirs['owner'])} has it meanwhile"
        return refused(request, words, back=page_url(lead))
    undo = reverse("lead_owner", args=[lead.public_id])
    undo += f"?owner={seen}&seen={owner}"
    words = f"Owner → {_owner_name(owner)}"
    return changed(request, lead, toast=words, undo=undo if moved else "")


def _owner_name(pk: str) -> str:
    person = User.objects.filter(pk=pk).first() if pk else None
    return editing.name_of(person) if person else "Nobody"


@lead_act(NEEDED)
def note(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Write a note that only the team sees."""
    talk = conversation_of(lead)
    body = _said(request, "body")[:20_000]
    writing.add_note(conversation=talk, user=_user(request), body=body)
    return changed(request, lead, toast="Noted for your team")


@lead_act(NEEDED)
def call(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Write down a call; it counts as a person's answer."""
    form = CallForm(request.POST)
    if not form.is_valid():
        back = page_url(lead)
        return refused(request, first_error(form), back=back, status=422)
    talk = conversation_of(lead)
    writing.log_call(conversation=talk, user=_user(request), **form.cleaned_data)
    return changed(request, lead, toast="Call logged")


@lead_act(NEEDED)
def write(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Open the composer; the conversation begins when nobody wrote yet."""
    there = thread_url(conversation_of(lead))
    return done(request, back=there, open=there)


# --- tasks -------------------------------------------------------------------


@lead_act("leads.add_task")
def add_task(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Note something to do; the owner gets it."""
    form = TaskForm(request.POST)
    if not form.is_valid():
        back = page_url(lead)
        return refused(request, first_error(form), back=back, status=422)
    said = form.cleaned_data
    task = pipeline.open_task(
        team=lead.team,
        lead=lead,
        kind=said["kind"],
        title=said["title"],
        due_at=said["due_at"],
        subject=lead.public_id,
    )
    if lead.owner_id is None:
        Task.objects.filter(pk=task.pk).update(assignee=_user(request))
    return changed(request, lead, toast="Task noted")


@lead_act("leads.change_task")
def finish_task(request: HttpRequest, lead: Lead, task: UUID) -> HttpResponse:
    """Mark a task done."""
    row = _task(lead, task)
    if row.kind == Task.Kind.DRAFT or row.kind in DECISIONS:
        words = "Decide on it in the review queue"
        return refused(request, words, back=page_url(lead))
    if not pipeline.close_task(task=row, actor=f"user:{_user(request).pk}"):
        return refused(request, "It is done already", back=page_url(lead))
    _look_again(lead)
    undo = reverse("lead_task_reopen", args=[lead.public_id, task])
    return changed(request, lead, toast=f"Done: {row.title}", undo=undo)


@lead_act("leads.change_task")
def reopen_task(request: HttpRequest, lead: Lead, task: UUID) -> HttpResponse:
    """Undo *Done*."""
    row = _task(lead, task)
    editing.reopen_task(task=row, actor=f"user:{_user(request).pk}")
    _look_again(lead)
    return changed(request, lead, toast="Open again")


def _task(lead: Lead, public_id: UUID) -> Task:
    row = Task.objects.filter(lead=lead, public_id=public_id).first()
    if row is None:
        raise Http404("There is no such task.")
    return row


def _look_again(lead: Lead) -> None:
    """A task may be what made the conversation wait for a person."""
    talk = talk_of(lead)
    if talk is not None:
        refresh(talk)
