"""Evaluations: cases, runs beside what speaks, releases and one click back."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from leads.web import is_fragment, page_context, staff_required
from messaging.evaluating import cases, releases, running
from messaging.forms_evaluation import ExpectationsForm, RunForm
from messaging.models import EvaluationCase, EvaluationRun
from messaging.views import evaluation_reads as reads
from messaging.views.answers import Act, Said, perform

SEE = "messaging.view_evaluationcase"
CHANGE = "messaging.change_evaluationcase"
RUN = "messaging.add_evaluationrun"
PUBLISH = "messaging.add_release"
TABS = {"cases": "Cases", "runs": "Runs", "releases": "Releases"}
TITLE = "Evaluations"
View = Callable[..., HttpResponseBase]


def _page(view: Callable[..., HttpResponse]) -> View:
    """A page that managers and admins may read."""

    @staff_required
    @require_GET
    @wraps(view)
    def guarded(request: HttpRequest, /, **named: Any) -> HttpResponse:
        if not request.user.has_perm(SEE):
            raise PermissionDenied("Your role does not show evaluations.")
        return view(request, **named)

    return guarded


def _may(request: HttpRequest) -> dict[str, bool]:
    user = request.user
    return {
        "may_change": user.has_perm(CHANGE),
        "may_run": user.has_perm(RUN),
        "may_publish": user.has_perm(PUBLISH),
    }


@_page
def evaluations(request: HttpRequest) -> HttpResponse:
    """Show what speaks, and the cases, runs or releases."""
    cases.ensure_product_cases()
    asked = request.GET
    tab = asked.get("tab", "cases")
    tab = tab if tab in TABS else "cases"
    words = asked.get("q", "").replace("\0", "").strip()[:100]
    parts = {
        "cases": lambda: reads.cases_context(
            asked.get("kind", ""), asked.get("off") == "1", words
        ),
        "runs": reads.runs_context,
        "releases": reads.releases_context,
    }
    context = {
        "tab": tab,
        "tabs": TABS.items(),
        "now": reads.now_speaking(),
        "prompts": reads.prompts(),
        "kinds_to_run": RunForm.base_fields["kind"].choices,  # type: ignore[attr-defined]
        "previous": releases.previous(),
        **_may(request),
        **parts[tab](),
    }
    if is_fragment(request) and tab == "runs":
        return render(request, "messaging/evaluations/_runs.html", context)
    page = page_context(request, TITLE, **context)
    return render(request, "messaging/evaluations/page.html", page)


@_page
def case(request: HttpRequest, case: UUID) -> HttpResponse:
    """Show one case: what the AI knew, what is expected, what came of it."""
    row = get_object_or_404(EvaluationCase, public_id=case)
    context = {
        **reads.case_context(row),
        **_may(request),
        "form": ExpectationsForm.of(row),
        "now": reads.now_speaking(),
    }
    page = page_context(request, row.title, **context)
    return render(request, "messaging/evaluations/case.html", page)


@_page
def run(request: HttpRequest, run: UUID) -> HttpResponse:
    """Show one run beside what it is held against; as a fragment its moving part."""
    row = get_object_or_404(
        EvaluationRun.objects.select_related("baseline"), public_id=run
    )
    context = {**reads.run_context(row, request.GET.get("show", "")), **_may(request)}
    if row.state == EvaluationRun.State.DONE and not context["beside_under_way"]:
        context["refusal"] = reads.gate_words(row)
    if is_fragment(request):
        return render(request, "messaging/evaluations/_run.html", context)
    page = page_context(request, f"{row.prompt_version} · {row.model}", **context)
    return render(request, "messaging/evaluations/run.html", page)


# --- acts ------------------------------------------------------------------------


def _case_url(row: EvaluationCase) -> str:
    return reverse("evaluation_case", args=[row.public_id])


def _run_url(row: EvaluationRun) -> str:
    return reverse("evaluation_run", args=[row.public_id])


@staff_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Queue a run and open it."""

    def call(act: Act) -> Said:
        said = act.said
        named = reads.wanted(said["prompt"], said["model"].strip())
        chosen = cases.active([said["kind"]] if said["kind"] else ())
        row = running.start(
            prompt_version=named.prompt_version,
            model=named.model,
            user=act.user,
            cases=chosen,
        )
        return {"open": _run_url(row)}

    back = reverse("evaluations")
    return perform(request, call, back=back, needed=RUN, form=RunForm)


@staff_required
@require_POST
def replay(request: HttpRequest, case: UUID) -> HttpResponse:
    """Replay one case with what speaks now and open the run."""
    row = get_object_or_404(EvaluationCase, public_id=case)

    def call(act: Act) -> Said:
        now = reads.now_speaking()
        started = running.start(
            prompt_version=now.prompt, model=now.model, user=act.user, cases=[row]
        )
        return {"open": _run_url(started)}

    return perform(request, call, back=_case_url(row), needed=RUN)


@staff_required
@require_POST
def expect(request: HttpRequest, case: UUID) -> HttpResponse:
    """Change what a good answer to a case must and must not do."""
    row = get_object_or_404(EvaluationCase, public_id=case)

    def call(act: Act) -> Said:
        wanted = ExpectationsForm.expectations(act.said)
        cases.change_expectations(case=row, expectations=wanted)
        return {"toast": "Saved. It counts from the next run on."}

    back = _case_url(row)
    return perform(request, call, back=back, needed=CHANGE, form=ExpectationsForm)


@staff_required
@require_POST
def switch(request: HttpRequest, case: UUID) -> HttpResponse:
    """Leave a case out of the next runs, or take it in again."""
    row = get_object_or_404(EvaluationCase, public_id=case)

    def call(act: Act) -> Said:
        cases.switch(case=row, active=not row.active)
        words = "is replayed again" if row.active else "is left out from now on"
        return {"toast": f"The case {words}."}

    return perform(request, call, back=_case_url(row), needed=CHANGE)


@staff_required
@require_POST
def publish(request: HttpRequest, run: UUID) -> HttpResponse:
    """Let the run's prompt and model speak."""
    row = get_object_or_404(EvaluationRun, public_id=run)

    def call(act: Act) -> Said:
        releases.publish(
            prompt_version=row.prompt_version, model=row.model, run=row, user=act.user
        )
        words = f"{row.prompt_version} with {row.model} speaks from the next message on"
        return {"toast": words}

    return perform(request, call, back=_run_url(row), needed=PUBLISH)


@staff_required
@require_POST
def roll_back(request: HttpRequest) -> HttpResponse:
    """Bring back what spoke before."""

    def call(act: Act) -> Said:
        back = releases.roll_back(user=act.user)
        return {"toast": f"{back} speaks again, from the next message on"}

    back = f"{reverse('evaluations')}?tab=releases"
    return perform(request, call, back=back, needed=PUBLISH)
