"""The old opt-out list is imported, in batches; then real sending unlocks.

Cut short, it goes on from the start: what is closed already stays closed, and is
counted as the list's own. The same file again adds nothing.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from leads import clock, closing, consent, jobs, outbox
from leads.models import ContactPoint, Job, LeadContact, OptOutList, Suppression
from leads.opt_out_reading import Line, NotReadable, read_list, text_of
from leads.opt_outs import KINDS, NotPossible, settle

JOB: Final = "leads.import_opt_outs"
BATCH: Final = 1_000
MOST_BYTES: Final = 20 * 1024 * 1024
KEPT_ERRORS: Final = 5_000
WHY: Final = "the address is on the old opt-out list"
Progress = Callable[[int], object]


@dataclass
class _Count:
    rows: int = 0
    values: set[str] = field(default_factory=set)
    refused: list[list[Any]] = field(default_factory=list)


def import_opt_outs(
    *,
    channel: str,
    data: bytes,
    actor: str,
    file_name: str = "",
    public_id: uuid.UUID | None = None,
    progress: Progress = lambda percent: None,
) -> OptOutList:
    """Close every address of the list, and unlock sending on its kind of channel.

    Lines that hold no address are kept with their numbers and reasons. Of a file that
    was imported before the earlier import is returned. Raises NotPossible and
    NotReadable; a file in which no line can be read unlocks nothing.
    """
    if channel not in KINDS:
        raise NotPossible(f"{channel!r} is no kind of channel: sms or email")
    digest = hashlib.sha256(data).hexdigest()
    earlier = imported_before(channel, digest)
    if earlier is not None:
        return earlier
    public_id = public_id or uuid.uuid4()
    lines = list(read_list(text_of(data), channel))
    count = _Count()
    for start in range(0, len(lines), BATCH):
        progress(100 * start // len(lines))
        _take(lines[start : start + BATCH], channel, public_id, actor, count)
    if not count.values:
        raise NotReadable(_nothing(count, channel))
    return _finish(channel, public_id, actor, file_name, digest, count)


def imported_before(channel: str, digest: str) -> OptOutList | None:
    """The import of the same file, if there was one."""
    rows = OptOutList.objects.filter(channel=channel, file_digest=digest)
    return rows.order_by("at").first()


def _nothing(count: _Count, channel: str) -> str:
    what = "phone number" if channel == "sms" else "mail address"
    if not count.rows:
        return "The file is empty"
    number, text, why = count.refused[0]
    return f"No line holds a {what}. Line {number}: {text[:60]!r}, {why}"


def _take(
    lines: Iterable[Line],
    channel: str,
    public_id: uuid.UUID,
    actor: str,
    count: _Count,
) -> None:
    wanted: dict[str, int] = {}
    for line in lines:
        count.rows += 1
        if line.why:
            count.refused.append([line.number, line.text, line.why])
        elif line.value not in count.values:
            wanted.setdefault(line.value, line.number)
    count.values.update(wanted)
    if wanted:
        _close(wanted, channel, public_id, actor)


@transaction.atomic
def _close(
    wanted: dict[str, int], channel: str, public_id: uuid.UUID, actor: str
) -> None:
    """Close a batch of addresses, known or new, as `consent.suppress` would."""
    now = clock.now()
    kind = KINDS[channel]
    new = [
        ContactPoint(kind=kind, value=value, textable=channel == "sms", created_at=now)
        for value in wanted
    ]
    ContactPoint.objects.bulk_create(new, ignore_conflicts=True)
    points = list(
        ContactPoint.objects.select_for_update(no_key=True)
        .filter(kind=kind, simulated=False, value__in=list(wanted))
        .order_by("pk")
    )
    standing = Suppression.objects.filter(
        contact_point__in=points, channel=channel, lifted_at=None
    )
    closed = set(standing.values_list("contact_point", flat=True))
    weak = standing.filter(reason__in=consent.LIFTABLE)
    for row in weak.select_related("contact_point"):
        line = wanted[row.contact_point.value]
        consent.suppress(
            contact_point=row.contact_point,
            channel=channel,
            reason=Suppression.Reason.LIST,
            words=row.words,
            actor=actor,
            at=now,
            source=f"list {public_id}, line {line}",
        )
    fresh = [point for point in points if point.pk not in closed]
    Suppression.objects.bulk_create(
        Suppression(
            contact_point=point,
            channel=channel,
            reason=Suppression.Reason.LIST,
            source=f"list {public_id}, line {wanted[point.value]}",
            actor=actor,
            since=now,
        )
        for point in fresh
    )
    _end_what_waits(fresh, channel, actor)


def _end_what_waits(points: list[ContactPoint], channel: str, actor: str) -> None:
    """Of addresses that leads have: what is on its way there ends."""
    ours = LeadContact.objects.filter(contact_point__in=points)
    known = set(ours.values_list("contact_point", flat=True))
    for point in points:
        if point.pk in known:
            reason = Suppression.Reason.LIST
            closing.tell(closing.Closed(point, channel, reason, WHY, actor, "old list"))


@transaction.atomic
def _finish(
    channel: str,
    public_id: uuid.UUID,
    actor: str,
    file_name: str,
    digest: str,
    count: _Count,
) -> OptOutList:
    own = f"list {public_id}, line "
    added = Suppression.objects.filter(channel=channel, source__startswith=own).count()
    row = OptOutList.objects.create(
        public_id=public_id,
        channel=channel,
        how=OptOutList.How.IMPORTED,
        file_name=file_name[:200],
        file_digest=digest,
        rows=count.rows,
        added=added,
        known=count.rows - len(count.refused) - added,
        refused=count.refused[:KEPT_ERRORS],
        actor=actor,
        at=clock.now(),
    )
    settle(row)
    return row


# --- as a job ----------------------------------------------------------------------


@transaction.atomic
def start_import(*, channel: str, name: str, data: bytes, user: User) -> Job:
    """Keep a file and import it by a job. Raises NotPossible and NotReadable."""
    if channel not in KINDS:
        raise NotPossible("Say whether it is a list of numbers or of mail addresses")
    if len(data) > MOST_BYTES:
        raise NotPossible(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB")
    text_of(data)
    public_id = uuid.uuid4()
    path = default_storage.save(f"opt_outs/{public_id}.csv", ContentFile(data))
    return jobs.start_job(
        name=JOB,
        arguments={
            "list": str(public_id),
            "channel": channel,
            "file": name[:200],
            "path": path,
            "actor": f"user:{user.pk}",
        },
        effect_key=f"{JOB}:{public_id}",
    )


def run_job(job: Job) -> None:
    """Import a kept file; the file goes, what came of it is on the job."""
    given = job.arguments
    if "outcome" in given:
        return

    def progress(percent: int) -> None:
        Job.objects.filter(pk=job.pk).update(progress=percent)

    with default_storage.open(given["path"]) as file:
        data = file.read()
    try:
        row = import_opt_outs(
            channel=given["channel"],
            data=data,
            actor=given["actor"],
            file_name=given["file"],
            public_id=uuid.UUID(given["list"]),
            progress=progress,
        )
    except (NotReadable, NotPossible) as error:
        outcome = {"words": f"{error}.", "ok": False}
        _note_refused(given)
    else:
        again = str(row.public_id) != given["list"]
        outcome = {"words": words_of(row, again=again), "ok": True}
    Job.objects.filter(pk=job.pk).update(arguments={**given, "outcome": outcome})
    default_storage.delete(given["path"])


def _note_refused(given: dict[str, Any]) -> None:
    outbox.emit(
        kind="opt_outs.refused",
        actor=given["actor"],
        payload={"list": given["list"], "channel": given["channel"]},
    )


def words_of(row: OptOutList, *, again: bool = False) -> str:
    """What came of an import, in a sentence."""
    if again:
        return f"This file was imported on {row.at:%d %b %Y} already: nothing added."
    refused = len(row.refused)
    words = f"{row.added:,} added, {row.known:,} known before"
    return f"{words}, {refused:,} not read." if refused else f"{words}."


def error_lines(row: OptOutList) -> Iterator[list[Any]]:
    """The lines that were not read, as rows of a CSV file with its heading."""
    yield ["line", "text", "why"]
    yield from row.refused


__all__ = [
    "JOB",
    "error_lines",
    "import_opt_outs",
    "imported_before",
    "run_job",
    "start_import",
    "words_of",
]
