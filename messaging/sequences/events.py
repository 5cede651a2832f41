"""What the stream tells of follow-ups: ids and numbers, never names or words."""

from leads import outbox
from messaging.models.sequence import Enrollment, StepRun


def tell(kind: str, enrollment: Enrollment, *, actor: str, **payload: object) -> None:
    """Write an event about one lead's way through a sequence."""
    outbox.emit(
        kind=kind,
        lead=enrollment.lead,
        actor=actor,
        payload={
            "enrollment": str(enrollment.public_id),
            "sequence": enrollment.sequence_id,
            **payload,
        },
    )


def tell_run(run: StepRun, enrollment: Enrollment) -> None:
    """Write that a step was reached, and what became of it."""
    tell(
        "step.ran",
        enrollment,
        actor="system",
        step=run.step_id,
        variant=run.variant_id,
        outcome=str(run.outcome),
    )
