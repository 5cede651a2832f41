"""A person is erased: asked for once, done in steps, never called done before it is.

In this order: everything under way is stopped, then each app removes what it holds,
from the top of the house down, the lead's own row last. It may be cut short at any
point: the next round does what is left. What cannot be done now (a message in the
carrier's hands, a store that is away) is said on the request and tried again.
"""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from leads import access, clock, jobs, outbox
from leads.lifecycle import Lifecycle, NotYet, lifecycles
from leads.models import Job, Lead, PrivacyRequest
from leads.traces import Traces, traces_of

log = logging.getLogger(__name__)

JOB = "leads.erase"
SOON = timedelta(seconds=5)
LONGEST = timedelta(minutes=10)
NO_CRM = "No CRM is connected: nothing to tell."
Kind = PrivacyRequest.Kind


class NotPossible(ValueError):
    """What was asked for cannot be done; the words say why."""


class StepFailed(Exception):
    """A step broke off. Says where and how, never with whose data."""


def request_erasure(
    *, lead: Lead, user: User | None, reason: str = ""
) -> PrivacyRequest:
    """Ask for a lead's erasure; return the request, the standing one if there is any.

    The lead is archived at once. Without a `user` the retention rule asks. Raises
    NotPossible when the person may not see the lead.
    """
    if user is not None and not access.may_see(user, lead):
        raise NotPossible("This lead is not yours to see")
    with transaction.atomic():
        lead = Lead.objects.select_for_update().get(pk=lead.pk)
        standing = erasure_of(lead)
        if standing is not None:
            return standing
        request = PrivacyRequest.objects.create(
            kind=Kind.ERASE,
            lead=lead,
            lead_public_id=lead.public_id,
            asked_by=user,
            reason=reason.strip()[:300],
            created_at=clock.now(),
        )
        if lead.archived_at is None:
            lead.archived_at = clock.now()
            lead.save(update_fields=["archived_at"])
        _start_round(request, 1)
    return request


def erasure_of(lead: Lead) -> PrivacyRequest | None:
    """The request by which this lead is being erased, if it is."""
    asked = PrivacyRequest.objects.filter(
        kind=Kind.ERASE, lead_public_id=lead.public_id, done_at=None
    )
    return asked.first()


def is_confirmed(lead: Lead, typed: str) -> bool:
    """Whether somebody typed the lead's name, or one of its addresses."""
    said = " ".join(typed.split()).casefold()
    contacts = lead.contacts.values_list("contact_point__value", flat=True)
    plain = {" ".join(one.split()).casefold() for one in (lead.display_name, *contacts)}
    digits = "".join(one for one in said if one.isdigit())
    numbers = {value.lstrip("+") for value in plain if value.startswith("+")}
    return bool(said) and (said in plain or digits in numbers)


def try_again(*, request: PrivacyRequest) -> bool:
    """Take up an erasure whose job gave up; False when it is done or under way."""
    job = request.job
    if request.done_at is not None or request.kind != Kind.ERASE:
        return False
    if job is not None and job.state != Job.State.DEAD:
        return False
    with transaction.atomic():
        _start_round(request, round_of(job) + 1)
    return True


# --- the worker --------------------------------------------------------------------


def run_job(job: Job) -> None:
    """One round of an erasure."""
    request = PrivacyRequest.objects.filter(pk=job.arguments["request"]).first()
    # Only the newest job of a request works on it.
    if request is None or request.done_at is not None or request.job_id != job.pk:
        return
    erase(request=request, job=job)


def erase(*, request: PrivacyRequest, job: Job) -> None:
    """Do what can be done now; finish, or start another round for what is left."""
    lead = request.lead
    if lead is None:
        return  # its row went with the last step, and the request was done with it
    traces = traces_of(lead)
    still_open: list[dict[str, str]] = []
    apps = lifecycles()
    _note_kept(request, lead, apps)
    for number, app in enumerate([*apps, *apps[:-1]]):
        closing = number < len(apps)
        _progress(job, number, 2 * len(apps))
        try:
            counts = _step(app, lead, closing=closing)
        except NotYet as error:
            still_open.append({"where": app.words, "words": str(error)})
            if not app.apart:
                break
        else:
            _count(request, counts)
    if not still_open:
        still_open = _last_step(request, lead, apps[-1], traces)
    if still_open:
        _come_again(request, job, still_open)


def _step(app: Lifecycle, lead: Lead, *, closing: bool) -> Mapping[str, int]:
    try:
        if closing:
            app.close(lead)
            return {}
        return app.erase(lead)
    except NotYet:
        raise
    except Exception as error:
        # Its words may hold what is to be erased.
        raise StepFailed(f"{app.words}: {type(error).__name__}") from None


def _last_step(
    request: PrivacyRequest, lead: Lead, app: Lifecycle, traces: Traces
) -> list[dict[str, str]]:
    """The lead's own rows go and the request is done, in one transaction."""
    try:
        with transaction.atomic():
            _count(request, _step(app, lead, closing=False))
            _finish(request, traces)
    except NotYet as error:
        request.refresh_from_db()
        return [{"where": app.words, "words": str(error)}]
    return []


def _finish(request: PrivacyRequest, traces: Traces) -> None:
    now = clock.now()
    report = {k: v for k, v in request.report.items() if k != "open"}
    request.lead = None
    request.report, request.done_at = report, now
    if traces.in_text(request.reason):
        request.reason = ""
    request.notices = [
        {"to": "CRM", "state": "none", "words": NO_CRM, "at": now.isoformat()}
    ]
    request.save()
    # What went wrong on the way may have been told with the person's own words.
    Job.objects.filter(name=JOB, arguments__request=request.pk).update(last_error="")
    outbox.emit(
        kind="lead.erased",
        actor=f"user:{request.asked_by_id}" if request.asked_by_id else "system",
        payload={"lead": str(request.lead_public_id), "request": request.pk},
    )
    log.info("privacy request %s is done", request.public_id)


def _note_kept(request: PrivacyRequest, lead: Lead, apps: list[Lifecycle]) -> None:
    """Written down before anything goes: afterwards nobody could tell."""
    if "kept" in request.report:
        return
    kept = [one.row() for app in reversed(apps) for one in app.kept(lead)]
    request.report = {**request.report, "kept": kept}
    request.save(update_fields=["report"])


def _count(request: PrivacyRequest, counts: Mapping[str, int]) -> None:
    erased = dict(request.report.get("erased", {}))
    for what, number in counts.items():
        if number:
            erased[what] = erased.get(what, 0) + number
    request.report = {**request.report, "erased": erased}
    request.save(update_fields=["report"])


def _progress(job: Job, number: int, of: int) -> None:
    Job.objects.filter(pk=job.pk).update(progress=100 * number // of)


# --- rounds ------------------------------------------------------------------------


def _come_again(
    request: PrivacyRequest, job: Job, still_open: list[dict[str, str]]
) -> None:
    number = round_of(job)
    with transaction.atomic():
        request.report = {**request.report, "open": still_open}
        request.save(update_fields=["report"])
        _start_round(request, number + 1, due_at=clock.now() + wait_after(number))


def _start_round(request: PrivacyRequest, number: int, **more: Any) -> None:
    """Each round is a job of its own, so that a store may be away for days."""
    request.job = jobs.start_job(
        name=JOB,
        arguments={"request": request.pk, "round": number},
        effect_key=f"{JOB}:{request.public_id}:{number}",
        **more,
    )
    request.save(update_fields=["job"])


def wait_after(number: int) -> timedelta:
    """How long to wait after so many rounds."""
    wait: timedelta = SOON * 2 ** min(number - 1, 10)
    return min(wait, LONGEST)


def round_of(job: Job | None) -> int:
    """Which round a job is."""
    return int(job.arguments.get("round", 1)) if job is not None else 0


__all__ = [
    "JOB",
    "NotPossible",
    "erase",
    "erasure_of",
    "is_confirmed",
    "request_erasure",
    "round_of",
    "run_job",
    "try_again",
    "wait_after",
]
