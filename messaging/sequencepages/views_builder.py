"""The builder: everything a person changes is kept at once, in the draft."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from leads import clock
from leads.web import ask, is_fragment, page_context, staff_required
from messaging import templating
from messaging.models.sequence import Sequence, Step
from messaging.sequencepages import drafting, people, reads
from messaging.sequencepages.cards import (
    cards_of,
    rule_words,
    script_data,
    settings_of,
)
from messaging.sequencepages.content import StepContent
from messaging.sequencepages.forms import (
    SettingsForm,
    StepPost,
    first_of,
    teams_for,
)
from messaging.sequences import publishing
from messaging.views.answers import Act, Declined, Said, done, perform


def page_of(sequence: Sequence) -> str:
    """The address of the builder."""
    return reverse("sequence", args=[sequence.public_id])


@staff_required
@require_GET
def sequence(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Show a sequence: its steps to change, and what a lead would get."""
    row = reads.sequence_or_404(request, sequence)
    context = page_context(request, row.name, **builder_context(request, row))
    return render(request, "messaging/sequences/builder.html", context)


def builder_context(request: HttpRequest, row: Sequence) -> dict[str, Any]:
    """All that the builder shows."""
    may = reads.may(request)
    if row.state == Sequence.State.ARCHIVED:
        may["may_change"] = False
    return {
        **may,
        **work_context(row),
        "tone": reads.TONES[row.state],
        "numbers": reads.numbers_of([row], request.user)[row.pk],
        "settings": settings_of(row),
        "teams": teams_for(request.user),
        "suggested": people.suggested(row, request.user),
        "script_data": script_data(),
    }


def work_context(row: Sequence) -> dict[str, Any]:
    """The steps, and what keeps them from running."""
    version = reads.draft_or_current(row)
    return {
        "sequence": row,
        "version": version,
        "is_draft": version is None or version.number is None,
        "version_words": reads.version_words(row, version),
        "cards": cards_of(row, version),
        "problems": problems_of(row),
        "rule_words": rule_words(row),
        "units": Step.Unit.choices,
        "names": templating.NAMES,
    }


def problems_of(row: Sequence) -> list[str]:
    """What keeps the draft from being activated; nothing for what runs."""
    version = reads.draft_or_current(row)
    if version is None:
        return ["Add a step"]
    return publishing.problems(version) if version.number is None else []


# --- keeping what is typed ------------------------------------------------------------


def _answer(
    request: HttpRequest,
    sequence: UUID,
    call: Callable[[Act, Sequence], Mapping[str, Any] | None],
    answer: Callable[..., HttpResponse] | None = None,
) -> HttpResponse:
    row = reads.sequence_or_404(request, sequence)
    return perform(
        request,
        lambda act: call(act, row),
        back=page_of(row),
        needed=reads.CHANGE,
        answer=answer,
    )


def _wrong(request: HttpRequest, row: Sequence, errors: dict[str, str]) -> HttpResponse:
    """Nothing was kept: what is wrong, field by field."""
    if is_fragment(request):
        return JsonResponse({"error": first_of(errors), "errors": errors}, status=422)
    messages.error(request, f"Not saved. {first_of(errors)}")
    return redirect(page_of(row))


def saved(row: Sequence, **more: Any) -> dict[str, Any]:
    """What the script shows after something was kept."""
    row.refresh_from_db()
    version = reads.draft_or_current(row)
    return {
        "saved": f"{timezone.localtime(clock.now()):%H:%M}",
        "version": reads.version_words(row, version),
        "draft": version is None or version.number is None,
        "problems": problems_of(row) or "",
        "rule": rule_words(row),
        **more,
    }


@staff_required
@require_POST
def save_settings(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Keep name, goal, team, judging and rule."""
    row = reads.sequence_or_404(request, sequence)
    ask(request, reads.CHANGE, "Your role may read here, not write.")
    form = SettingsForm(request.POST, user=request.user)
    if not form.is_valid():
        errors = {name: str(words[0]) for name, words in form.errors.items()}
        return _wrong(request, row, errors)

    def keep(act: Act, row: Sequence) -> Mapping[str, Any]:
        drafting.change_sequence(sequence=row, user=act.user, values=form.values)
        return saved(row, name=row.name)

    return _answer(request, sequence, keep)


@staff_required
@require_POST
def save_step(request: HttpRequest, sequence: UUID, position: int) -> HttpResponse:
    """Keep one step as it is typed."""
    row = reads.sequence_or_404(request, sequence)
    ask(request, reads.CHANGE, "Your role may read here, not write.")
    posted = StepPost(request.POST)
    if posted.content is None:
        return _wrong(request, row, posted.errors)
    content = posted.content

    def keep(act: Act, row: Sequence) -> Mapping[str, Any]:
        drafting.save_step(
            sequence=row, position=position, seen=act.asked("seen"), content=content
        )
        return saved(row, mark=content.mark)

    return _answer(request, sequence, keep)


# --- steps come, go and change places -------------------------------------------------


def _work(
    request: HttpRequest, *, sequence: Sequence, back: str, focus: str = "", **more: Any
) -> HttpResponse:
    """The steps anew, and what the keyboard is at then."""
    if not is_fragment(request):
        return done(request, back=back)
    sequence.refresh_from_db()
    context = {**work_context(sequence), **reads.may(request), "focus": focus}
    return render(request, "messaging/sequences/_work.html", context)


@staff_required
@require_POST
def add_step(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Add a step of a kind; or put one back that was removed, as it was."""
    row = reads.sequence_or_404(request, sequence)

    def add(act: Act, row: Sequence) -> Said:
        place = act.asked("at")
        step = drafting.add_step(
            sequence=row,
            position=int(place) if place.isdecimal() and len(place) < 6 else 0,
            content=_to_add(act),
        )
        return {"focus": f"sq-{step.position}-delay"}

    return _answer(request, sequence, add, partial(_work, sequence=row))


def _to_add(act: Act) -> StepContent:
    if "delay" not in act.request.POST:
        kind = act.asked("kind")
        known = kind in Step.Kind.values
        return replace(StepContent(), kind=kind) if known else StepContent()
    posted = StepPost(act.request.POST)
    if posted.content is None:
        raise Declined(first_of(posted.errors), status=422)
    return posted.content


@staff_required
@require_POST
def act_on_step(
    request: HttpRequest, sequence: UUID, position: int, do: str
) -> HttpResponse:
    """Remove or move a step, or add to it and take from it."""
    if do not in _ACTS:
        raise Http404("There is no such act.")
    row = reads.sequence_or_404(request, sequence)

    def act_on(act: Act, row: Sequence) -> Said:
        return {"focus": _ACTS[do](act, row, position)}

    return _answer(request, sequence, act_on, partial(_work, sequence=row))


def _remove(act: Act, row: Sequence, position: int) -> str:
    seen = act.asked("seen")
    drafting.remove_step(sequence=row, position=position, seen=seen)
    left = len(reads.steps_of(reads.draft_or_current(row)))
    return f"sq-{min(position, left)}-title" if left else "sq-add-sms"


def _move(act: Act, row: Sequence, position: int, *, by: int) -> str:
    seen = act.asked("seen")
    place = drafting.move_step(sequence=row, position=position, seen=seen, by=by)
    return f"sq-{place}-{'up' if by < 0 else 'down'}"


def _add_wording(act: Act, row: Sequence, position: int) -> str:
    seen = act.asked("seen")
    label = drafting.add_wording(sequence=row, position=position, seen=seen)
    return f"sq-{position}-{label}-words"


def _remove_wording(act: Act, row: Sequence, position: int) -> str:
    drafting.remove_wording(
        sequence=row,
        position=position,
        seen=act.asked("seen"),
        label=act.asked("which"),
    )
    return f"sq-{position}-title"


def _add_branch(act: Act, row: Sequence, position: int) -> str:
    seen = act.asked("seen")
    number = drafting.add_branch(sequence=row, position=position, seen=seen)
    return f"sq-{position}-branch-{number}"


def _remove_branch(act: Act, row: Sequence, position: int) -> str:
    which = act.asked("which")
    drafting.remove_branch(
        sequence=row,
        position=position,
        seen=act.asked("seen"),
        number=int(which) if which.isdecimal() and len(which) < 6 else -1,
    )
    return f"sq-{position}-title"


_ACTS: dict[str, Callable[[Act, Sequence, int], str]] = {
    "remove": _remove,
    "up": partial(_move, by=-1),
    "down": partial(_move, by=1),
    "add-wording": _add_wording,
    "remove-wording": _remove_wording,
    "add-branch": _add_branch,
    "remove-branch": _remove_branch,
}


@staff_required
@require_POST
def discard(request: HttpRequest, sequence: UUID) -> HttpResponse:
    """Throw the draft's changes away."""

    def drop(act: Act, row: Sequence) -> Said:
        if not drafting.discard_draft(sequence=row):
            raise Declined("There is nothing to throw away")
        return {"toast": "The changes are gone", "open": page_of(row)}

    return _answer(request, sequence, drop)
