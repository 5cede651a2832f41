"""The old opt-out list: what is locked until it is known, the upload, the signature."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from leads import opt_out_import, opt_outs
from leads import policy as policies
from leads.compliance.files import csv_file
from leads.compliance.forms import SignForm, UploadForm
from leads.compliance.reads import names_of
from leads.models import Job, OptOutList
from leads.opt_out_reading import NotReadable
from leads.opt_outs import NotPossible
from leads.web import ask, page_context, staff_required

SEE, ACT = "leads.view_optoutlist", "leads.add_optoutlist"
NAMES = {"sms": "Texts", "email": "Mail"}
LATEST = 5


@staff_required
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Show what is locked and why, and what unlocks it."""
    ask(request, SEE, "Your role does not show the old opt-out list.")
    policy = policies.current()
    rows = list(OptOutList.objects.all())
    names = names_of(row.actor for row in rows)
    context = page_context(
        request,
        "Consent",
        tab="opt_outs",
        kinds=[
            {
                "key": key,
                "name": name,
                "since": getattr(policy, f"opt_outs_{key}_at"),
            }
            for key, name in NAMES.items()
        ],
        history=[
            {
                "row": row,
                "by": names.get(row.actor, row.actor),
                "kind": NAMES.get(row.channel, row.channel),
                "words": opt_out_import.words_of(row),
            }
            for row in rows
        ],
        may_act=request.user.has_perm(ACT),
        **_jobs(),
    )
    return render(request, "leads/compliance/opt_outs.html", context)


def _jobs() -> dict[str, Any]:
    jobs = list(Job.objects.filter(name=opt_out_import.JOB).order_by("-pk")[:LATEST])
    running = any(job.state in (Job.State.READY, Job.State.WORKING) for job in jobs)
    return {"jobs": [_shown(job) for job in jobs], "running": running}


def _shown(job: Job) -> dict[str, Any]:
    outcome = job.arguments.get("outcome", {})
    dead = job.state == Job.State.DEAD
    return {
        "file": job.arguments.get("file") or "a list",
        "kind": NAMES.get(job.arguments.get("channel", ""), ""),
        "percent": job.progress,
        "running": job.state in (Job.State.READY, Job.State.WORKING),
        "ok": outcome.get("ok", False),
        "words": f"It gave up: {job.last_error}" if dead else outcome.get("words", ""),
    }


@staff_required
@require_GET
def progress(request: HttpRequest) -> HttpResponse:
    """How far the imports are."""
    ask(request, SEE, "Your role does not show the old opt-out list.")
    return render(request, "leads/compliance/_progress.html", _jobs())


@staff_required
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take an old list in; a job imports it."""
    ask(request, ACT, "Your role does not import opt-out lists.")
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, "Choose a file, and say what it holds.")
        return redirect("opt_outs")
    file = form.cleaned_data["file"]
    user: Any = request.user
    try:
        if file.size > opt_out_import.MOST_BYTES:
            raise NotPossible("The file is larger than 20 MB")
        opt_out_import.start_import(
            channel=form.cleaned_data["channel"],
            name=file.name or "",
            data=file.read(),
            user=user,
        )
    except (NotPossible, NotReadable) as refusal:
        messages.error(request, f"{refusal}.")
    else:
        messages.success(request, "The list is being imported.")
    return redirect("opt_outs")


@staff_required
@require_POST
def sign(request: HttpRequest) -> HttpResponse:
    """Sign that there is no old list."""
    ask(request, ACT, "Your role does not sign that there is no opt-out list.")
    form = SignForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Type your name: it is what you sign with.")
        return redirect("opt_outs")
    try:
        row = opt_outs.sign_none(
            channel=form.cleaned_data["channel"],
            name=form.cleaned_data["name"],
            actor=f"user:{request.user.pk}",
        )
    except NotPossible as refusal:
        messages.error(request, f"{refusal}.")
    else:
        kind = NAMES[row.channel]
        messages.success(request, f"Signed. {kind} may leave from now on.")
    return redirect("opt_outs")


@staff_required
@require_GET
def errors(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """Hand out the lines that could not be read."""
    ask(request, SEE, "Your role does not show the old opt-out list.")
    row = OptOutList.objects.filter(public_id=list_id).first()
    if row is None:
        raise Http404("There is no such list.")
    name = f"not-read-{str(row.public_id)[:8]}.csv"
    return csv_file(opt_out_import.error_lines(row), name)
