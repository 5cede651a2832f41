"""Everything we hold of one person, in a zip: for programs, for people, and the files.

It is written to a file as it is read, so that a long talk needs no memory, and kept in
private storage until it expires.
"""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import IO, Any, cast

from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from leads import access, clock, jobs, readable, retention
from leads.erasing import NotPossible, erasure_of, round_of, wait_after
from leads.leaving import export_path
from leads.lifecycle import Lifecycle, NotYet, lifecycles
from leads.models import Job, Lead, PrivacyRequest

JOB = "leads.export"
NOT_KEPT = "this file is no longer kept"
_IN_MEMORY = 1_048_576
_PIECE = 65_536
_encoder = DjangoJSONEncoder(ensure_ascii=False)


def request_export(*, lead: Lead, user: User) -> PrivacyRequest:
    """Ask for a lead's export; return the request, the one under way if there is any.

    Raises NotPossible when the person may not see the lead, or it is being erased.
    """
    if not access.may_see(user, lead):
        raise NotPossible("This lead is not yours to see")
    with transaction.atomic():
        lead = Lead.objects.select_for_update().get(pk=lead.pk)
        if erasure_of(lead) is not None:
            raise NotPossible("This lead is being erased")
        standing = PrivacyRequest.objects.filter(
            lead=lead, kind=PrivacyRequest.Kind.EXPORT, done_at=None
        ).exclude(job__state=Job.State.DEAD)
        known = standing.first()
        if known is not None:
            return known
        request = PrivacyRequest.objects.create(
            kind=PrivacyRequest.Kind.EXPORT,
            lead=lead,
            lead_public_id=lead.public_id,
            asked_by=user,
            created_at=clock.now(),
        )
        request.job = jobs.start_job(name=JOB, arguments={"request": request.pk})
        request.save(update_fields=["job"])
    return request


def run_job(job: Job) -> None:
    """Make the file of one request; start another round while a store is away."""
    rows = PrivacyRequest.objects.select_related("lead")
    request = rows.filter(pk=job.arguments["request"], done_at=None).first()
    # Only the newest job of a request works on it.
    if request is None or request.lead is None or request.job_id != job.pk:
        return
    try:
        export(request=request, lead=request.lead, job=job)
    except NotYet as error:
        _come_again(request, job, str(error))


def _come_again(request: PrivacyRequest, job: Job, words: str) -> None:
    number = round_of(job)
    with transaction.atomic():
        request.report = {"open": [{"where": "Export", "words": words}]}
        request.job = jobs.start_job(
            name=JOB,
            arguments={"request": request.pk, "round": number + 1},
            effect_key=f"{JOB}:{request.public_id}:{number + 1}",
            due_at=clock.now() + wait_after(number),
        )
        request.save(update_fields=["job", "report"])


def export(*, request: PrivacyRequest, lead: Lead, job: Job) -> None:
    """Write the zip and keep it; a second try writes to the same place."""
    path = export_path(request)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spooled:
        file = cast("IO[bytes]", spooled)
        write_zip(file, lead, job)
        file.seek(0)
        if default_storage.exists(path):
            default_storage.delete(path)
        saved = default_storage.save(path, File(file))
    if not _settle(request, saved):
        default_storage.delete(saved)


def _settle(request: PrivacyRequest, path: str) -> bool:
    """Note the file; False when the lead's erasure was asked for meanwhile."""
    now = clock.now()
    days = retention.days_of("exports")
    with transaction.atomic():
        lead = (
            Lead.objects.select_for_update()
            .filter(public_id=request.lead_public_id)
            .first()
        )
        gone = lead is None or erasure_of(lead) is not None
        PrivacyRequest.objects.filter(pk=request.pk).update(
            path="" if gone else path,
            report={},
            done_at=now,
            expires_at=None if gone or days is None else now + timedelta(days=days),
        )
    return not gone


def is_there(request: PrivacyRequest) -> bool:
    """Whether the file of an export may still be fetched."""
    over = request.expires_at is not None and request.expires_at <= clock.now()
    return bool(request.path) and request.lead_id is not None and not over


# --- the zip -----------------------------------------------------------------------


def write_zip(file: IO[bytes], lead: Lead, job: Job | None = None) -> None:
    """Write data.json, readable.html and files/ of a lead into `file`."""
    apps = list(reversed(lifecycles()))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("data.json", "w") as data:
            for piece in _json(lead, apps):
                data.write(piece.encode())
        _progress(job, 40)
        with archive.open("readable.html", "w") as page:
            for piece in readable.page_of(lead, apps):
                page.write(piece.encode())
        _progress(job, 70)
        for app in apps:
            for one in app.files(lead):
                _add_file(archive, one.path, f"files/{one.name}")


def _add_file(archive: zipfile.ZipFile, path: str, name: str) -> None:
    try:
        source = default_storage.open(path)
    except FileNotFoundError:
        archive.writestr(f"{name}.txt", f"{NOT_KEPT}\n")
        return
    with source, archive.open(name, "w") as target:
        while piece := source.read(_PIECE):
            target.write(piece)


def _json(lead: Lead, apps: list[Lifecycle]) -> Iterator[str]:
    """One object of apps, each of kinds, in pieces."""
    made = json.dumps(clock.now().isoformat())
    yield f'{{"made_at": {made}'
    for app in apps:
        yield f",\n{json.dumps(app.key)}: {{"
        for number, (name, value) in enumerate(app.export(lead).items()):
            yield f"{',' if number else ''}\n {json.dumps(name)}: "
            yield from _value(value)
        yield "}"
    yield "}\n"


def _value(value: Any) -> Iterator[str]:
    if not isinstance(value, Iterator):
        yield _encoder.encode(value)
        return
    yield "["
    for number, row in enumerate(value):
        yield f"{',' if number else ''}\n  {_encoder.encode(row)}"
    yield "]"


def _progress(job: Job | None, percent: int) -> None:
    if job is not None:
        Job.objects.filter(pk=job.pk).update(progress=percent)
