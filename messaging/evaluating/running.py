"""Runs: all cases replayed with one prompt and one model, a result at a time.

A run is Work: it outlives its process. Each result is stored before the next case is
asked, so a run that is taken up again asks, and pays, only for what is not there.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from leads import claims, clock, jobs, policy
from leads.work import Worker, retry_delay
from messaging.agent import builtin
from messaging.agent.model import LanguageModel, ModelError, Speaking
from messaging.claiming import LEASE
from messaging.evaluating import cases as cases_of
from messaging.evaluating import releases, sealing
from messaging.evaluating.replay import Result, Stopped, not_asked, replay
from messaging.metering import RunLost, meter_of_case
from messaging.models import EvaluationCase, EvaluationRun

log = logging.getLogger(__name__)

State = EvaluationRun.State
SLICE = 20.0  # seconds that one claim works, so that a worker's thread comes free
PATIENCE = timedelta(minutes=5)  # that a model may ask us to wait
TASK = "messaging.run_evaluation"


class NotStarted(ValueError):
    """The run cannot be made; the words say why."""


@transaction.atomic
def start(
    *,
    prompt_version: str,
    model: str,
    user: User | None = None,
    cases: Sequence[EvaluationCase] | None = None,
) -> EvaluationRun:
    """Queue a run over `cases`, all active ones unless named, beside what speaks now.

    Where that has no result for one of them, its own run is queued first: without it
    nothing could be compared. Raises NotStarted.
    """
    chosen = list(cases_of.active() if cases is None else cases)
    if not chosen:
        raise NotStarted("There is no case to replay")
    speaking = _named(prompt_version, model)
    try:
        now = releases.speaking_now()
    except ModelError as error:
        raise NotStarted(error.words) from None
    run = _queue(speaking, chosen, user)
    baseline = releases.baseline_of(run, chosen)
    if baseline is None and speaking != now:
        baseline = _waiting_for(now, chosen) or _queue(now, chosen, user)
    run.baseline = baseline
    run.save(update_fields=["baseline"])
    return run


def _named(prompt_version: str, model: str) -> Speaking:
    model = model.strip()
    if model == releases.OFFLINE:
        return Speaking(builtin.PROMPT_VERSION, model)
    if prompt_version not in sealing.versions():
        raise NotStarted(f"There is no prompt file {prompt_version}")
    if not model or len(model) > 80 or not model.isprintable():
        raise NotStarted("That is no name of a model")
    return Speaking(prompt_version, model)


def _queue(
    speaking: Speaking, cases: Sequence[EvaluationCase], user: User | None
) -> EvaluationRun:
    run = EvaluationRun.objects.create(
        state=State.WAITING,
        prompt_version=speaking.prompt_version,
        model=speaking.model,
        cases=len(cases),
        results=[{"case": str(case.public_id)} for case in cases],
        started_by=user.get_username()[:80] if user else "",
        due_at=clock.now(),
        created_at=clock.now(),
    )
    jobs.enqueue(TASK, run.pk)
    return run


def _waiting_for(
    speaking: Speaking, cases: Sequence[EvaluationCase]
) -> EvaluationRun | None:
    """A run of `speaking` that is under way over these cases."""
    runs = EvaluationRun.objects.filter(
        state__in=[State.WAITING, State.WORKING],
        prompt_version=speaking.prompt_version,
        model=speaking.model,
    )
    wanted = {str(case.public_id) for case in cases}
    return next(
        (run for run in runs if wanted <= {row["case"] for row in run.results}), None
    )


# --- working a run off ------------------------------------------------------------


def work(*, run_id: int) -> None:
    """Ask the open cases of a run for a while, then give it back or end it."""
    run = claims.claim(EvaluationRun, run_id, lease=LEASE)
    if run is None:
        return
    try:
        _work(run)
    except RunLost:
        log.warning("evaluation %s was lost to another worker", run.public_id)
    except Exception as error:
        log.exception("evaluation %s failed", run.public_id)
        words = f"{type(error).__name__}: {error}"
        claims.retry_or_bury(run, error=words, delay=retry_delay(1))


def _work(run: EvaluationRun) -> None:
    until = time.monotonic() + SLICE
    speaking = Speaking(run.prompt_version, run.model)
    try:
        model = releases.writer_of(speaking)
    except ModelError as error:
        _store_all(run, error.words)
        return
    while (place := _open_place(run)) is not None:
        if time.monotonic() > until:
            if claims.finish(run, state=State.WAITING, due_at=clock.now()):
                jobs.ring(TASK, run.pk)
            return
        if not claims.renew(run, lease=LEASE):
            raise RunLost
        if not _ask(run, place, model):
            return
    claims.finish(run, state=State.DONE, finished_at=clock.now())


def _open_place(run: EvaluationRun) -> int | None:
    rows = enumerate(run.results)
    return next((place for place, row in rows if "passed" not in row), None)


def _ask(run: EvaluationRun, place: int, model: LanguageModel) -> bool:
    """Ask one case and store its result; False when the run waits or has ended."""
    case = _case_at(run, place)
    if case is None:
        _drop(run, place)
        return True
    key = str(case.public_id)
    meter = meter_of_case(run=run, case=key, service=model.name, rules=policy.lately())
    try:
        result = replay(case, model=model, meter=meter)
    except Stopped as stop:
        if _waits(run, stop.error):
            return False
        if stop.error.retry_at is None:
            _store_all(run, stop.error.words)
            return False
        result = not_asked(case, stop.error.words)
    spent = meter.spent if meter.calls else result.usage
    _store(run, {place: replace(result, usage=spent)})
    return True


def _waits(run: EvaluationRun, error: ModelError) -> bool:
    """Put the run back until the model may be asked again, if that is soon."""
    soon = error.retry_at and error.retry_at - timezone.now() <= PATIENCE
    if not soon or run.attempts >= run.MAX_ATTEMPTS or error.retry_at is None:
        return False
    wait = max(error.retry_at - timezone.now(), timedelta())
    due = clock.now() + wait
    return claims.finish(
        run, state=State.WAITING, due_at=due, last_error=error.words[:2000]
    )


def _case_at(run: EvaluationRun, place: int) -> EvaluationCase | None:
    key = run.results[place]["case"]
    return EvaluationCase.objects.filter(public_id=key).first()


def _drop(run: EvaluationRun, place: int) -> None:
    """Leave out a case that was deleted meanwhile."""
    del run.results[place]
    _write(run, cases=len(run.results))


def _store(run: EvaluationRun, results: dict[int, Result]) -> None:
    for place, result in results.items():
        run.results[place] = result.as_row()
    # What is stored is progress: only attempts in a row without any count.
    run.attempts = 0
    _write(run, passed=sum(bool(row.get("passed")) for row in run.results), attempts=0)


def _store_all(run: EvaluationRun, words: str) -> None:
    """End the run: every open case has the same trouble."""
    found: dict[int, Result] = {}
    for place, row in enumerate(run.results):
        case = _case_at(run, place) if "passed" not in row else None
        if case is not None:
            found[place] = not_asked(case, words)
    _store(run, found)
    claims.finish(
        run, state=State.DONE, finished_at=clock.now(), last_error=words[:2000]
    )


def _write(run: EvaluationRun, **fields: Any) -> None:
    mine = EvaluationRun.objects.filter(
        pk=run.pk, state=State.WORKING, claim_token=run.claim_token
    )
    if not mine.update(results=run.results, **fields):
        raise RunLost


def work_off(run: EvaluationRun, *, told: Callable[[EvaluationRun], object]) -> None:
    """Work a run to its end in this process, beside others that may have it.

    `told` is called now and then. The run's rows are fresh afterwards.
    """
    while True:
        work(run_id=run.pk)
        run.refresh_from_db()
        told(run)
        if run.state in (State.DONE, State.DEAD):
            return
        lease = run.lease_until
        if run.state == State.WORKING and lease and lease < timezone.now():
            claims.requeue_orphan(run)
        elif run.state == State.WORKING or run.due_at > clock.now():
            time.sleep(0.5)


WORKER = Worker(
    kind="evaluations",
    model=EvaluationRun,
    task=TASK,
    run=lambda pk: work(run_id=pk),
)
