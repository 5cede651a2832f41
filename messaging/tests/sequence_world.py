"""Short words for follow-ups in tests: a sequence, a lead in it, time passes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from leads import capture, clock, policy
from leads.models import BusinessCalendar, Lead
from leads.work import run_due
from messaging.channels import ensure_channel
from messaging.conversations import conversation_of
from messaging.models import Conversation, Message
from messaging.models.sequence import (
    Enrollment,
    Sequence,
    Step,
    StepRun,
    StepVariant,
)
from messaging.sequences import publishing
from messaging.sequences.enrolling import enroll
from messaging.tests.talk import DANA, OURS, mode, person

# Monday noon in New York, where Dana's number may also lie further west.
NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
MAIL = "dana@example.com"
DAY = timedelta(days=1)


def open_house(ai: str = "auto") -> None:
    """Our number and mailbox, at work on all days at all hours."""
    mode(ai)
    ensure_channel(kind="email", address="hello@alder.example").save()
    channel = ensure_channel(kind="email", address="hello@alder.example")
    channel.mode = ai
    channel.save()
    policy.change(actor="system", cap_follow_day=50, cap_lead_day=200, cap_lead_hour=50)
    always = {
        day: [["00:00", "24:00"]]
        for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    }
    BusinessCalendar.objects.update_or_create(
        team=None, defaults={"hours": always, "time_zone": "UTC"}
    )


def dana(
    *, phone: str = DANA, email: str = MAIL, name: str = "Dana Reyes", **more: Any
) -> Lead:
    """A lead who agreed to texts and mails and has not written yet."""
    return capture.capture_lead(
        actor="system",
        name=name,
        phone=phone,
        email=email,
        consent_basis="form",
        consent_wording="Yes, write to me",
        **more,
    ).lead


def sequence(*steps: dict[str, Any], name: str = "Warm up", **fields: Any) -> Sequence:
    """An active sequence of these steps; see `add_step`."""
    row = Sequence.objects.create(name=name, **fields)
    draft = publishing.draft_of(row)
    for position, step in enumerate(steps or ({},), start=1):
        add_step(draft, position, **step)
    publishing.activate(sequence=row, user=somebody())
    row.refresh_from_db()
    return row


def add_step(version: Any, position: int, **fields: Any) -> Step:
    """A text one day later, unless told; `body`, `brief`, `subject` are its words,
    `wordings` more than one of them.
    """
    words = {
        "subject": fields.pop("subject", ""),
        "body": fields.pop("body", f"Follow-up {position}"),
        "brief": fields.pop("brief", ""),
    }
    wordings = fields.pop("wordings", [words])
    step = Step.objects.create(
        version=version, position=position, **{"working_time": False, **fields}
    )
    for label, wording in zip("ABC", wordings, strict=False):
        StepVariant.objects.create(step=step, label=label, **wording)
    return step


def mail_step(**fields: Any) -> dict[str, Any]:
    """A step by mail."""
    return {"kind": "email", "subject": "Your desks", **fields}


def begin(row: Sequence, lead: Lead, **more: Any) -> Enrollment:
    """Enroll by hand, on the second."""
    more.setdefault("at", clock.now().replace(microsecond=0))
    return enroll(sequence=row, lead=lead, how="hand", actor="user:1", **more)


def somebody() -> User:
    """The person who built it."""
    found = User.objects.filter(username="builder").first()
    return found or User.objects.create_user("builder", is_staff=True)


def at(moment: datetime) -> dict[str, int]:
    """Everything due at a moment is done, some seconds later as a sweep would."""
    with clock.at(moment + timedelta(seconds=20)):
        return run_due()


def now_of(row: Enrollment) -> Enrollment:
    """The enrollment as it stands."""
    return Enrollment.objects.select_related("next_step").get(pk=row.pk)


def talk_of(lead: Lead) -> Conversation:
    """The lead's conversation."""
    return Conversation.objects.get(pk=conversation_of(lead).pk)


def runs(row: Enrollment) -> list[tuple[int, str]]:
    """The steps that were reached, and what became of each."""
    found = StepRun.objects.filter(enrollment=row).order_by("pk")
    return [(run.step.position, str(run.outcome)) for run in found]


def follow_ups(lead: Lead) -> list[Message]:
    """The messages that its sequences wrote."""
    return list(
        Message.objects.filter(conversation__lead=lead, follow_up=True).order_by("pk")
    )


__all__ = ["DANA", "MAIL", "NOON", "OURS", "mode", "person"]
