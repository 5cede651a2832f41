"""The export of one person beside a bare reading of the same rows.

`python -m bench.export [--messages 10000] [--files 200]`: prints JSON. A third of the
messages are mails with HTML; each has an event and every tenth a prompt. The bare
reading writes the same rows as JSON lines without a zip, a page or a file. `erase_s` is
the erasure of the same person. Targets: 10,000 messages in ≤ 60 s, and
`export_vs_bare` ≥ 0.05: at most twenty times the bare reading.
"""

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from typing import Any

import django

WORDS = "What do forty seats cost, and when could you deliver them to Porto? " * 3
REPEATS = 3


def main() -> None:
    """Set up an empty database, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=200)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadsite.settings")
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="bench-")
    os.environ["DOORBELLS"] = "false"
    os.environ["LOG_LEVEL"] = "WARNING"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from leads.seeding import ensure_ground

    ensure_ground()
    lead = person(options.messages, options.files)
    print(json.dumps(measured(lead, options.messages, options.files), indent=2))


def person(messages: int, files: int) -> Any:
    """A lead with a long talk."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage

    from leads import capture, outbox
    from messaging.conversations import conversation_of
    from messaging.models import Attachment, Mail, Message

    lead = capture.capture_lead(
        actor="bench", name="Ana Bench", phone="+14155550123", email="ana@example.net"
    ).lead
    talk = conversation_of(lead)
    points = [row.contact_point for row in lead.contacts.order_by("pk")]
    rows = Message.objects.bulk_create(
        Message(
            conversation=talk,
            direction="inbound" if n % 2 else "outbound",
            kind="sms" if n % 3 else "email",
            author="lead" if n % 2 else "ai",
            state="received" if n % 2 else "delivered",
            contact_point=points[0 if n % 3 else 1],
            body=f"{n}: {WORDS}",
        )
        for n in range(messages)
    )
    mails = [row for row in rows if row.kind == "email"]
    Mail.objects.bulk_create(
        Mail(message=row, original=row.body * 3, html=f"<p>{row.body * 3}</p>")
        for row in mails
    )
    for number in range(messages):
        outbox.emit(kind="message.sent", lead=lead, actor="ai", payload={"n": number})
    for row in mails[:files]:
        path = default_storage.save(
            f"attachments/bench/{row.public_id}", ContentFile(os.urandom(50_000))
        )
        Attachment.objects.create(
            message=row, name="plan.bin", path=path, state="stored", size=50_000
        )
    return lead


def measured(lead: Any, messages: int, files: int) -> dict[str, Any]:
    """All figures; the two readings take turns."""
    exports, bare, size = [], [], 0
    for _ in range(REPEATS):
        seconds, size = export(lead)
        exports.append(seconds)
        bare.append(bare_reading(lead))
    share = statistics.median(bare) / statistics.median(exports)
    return {
        "messages": messages,
        "files": files,
        "zip_bytes": size,
        "export_s": round(statistics.median(exports), 2),
        "bare_s": round(statistics.median(bare), 2),
        "export_vs_bare": round(share, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "erase_s": round(erase(lead), 2),
    }


def export(lead: Any) -> tuple[float, int]:
    """Seconds for the whole zip, and its bytes."""
    from typing import IO, cast

    from leads.exporting import write_zip

    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        write_zip(cast("IO[bytes]", file), lead)
        return time.perf_counter() - started, file.tell()


def bare_reading(lead: Any) -> float:
    """Seconds for the rows alone."""
    from leads.models import Event
    from messaging.models import Mail, Message

    started = time.perf_counter()
    with tempfile.TemporaryFile("w") as file:
        for rows in (
            Message.objects.filter(conversation__lead=lead),
            Mail.objects.filter(message__conversation__lead=lead),
            Event.objects.filter(lead=lead),
        ):
            for row in rows.values().iterator():
                file.write(json.dumps(row, default=str) + "\n")
    return time.perf_counter() - started


def erase(lead: Any) -> float:
    """Seconds until nothing is left."""
    from leads import erasing, jobs

    asked = erasing.request_erasure(lead=lead, user=None, reason="bench")
    started = time.perf_counter()
    jobs.run_job(job_id=asked.job_id or 0)
    seconds = time.perf_counter() - started
    asked.refresh_from_db()
    if asked.done_at is None:
        words = asked.job.last_error if asked.job else ""
        raise SystemExit(f"not erased: {asked.report} {words}")
    return seconds


if __name__ == "__main__":
    main()
