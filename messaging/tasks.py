"""Doorbells of `messaging`: fetch the row by id and call the use case."""

from celery import shared_task

from messaging.evaluating import running
from messaging.replies import answer
from messaging.sending import deliver, reconcile
from messaging.sequences.running import run_batch


@shared_task(name="messaging.answer_turn")
def answer_turn(turn_id: int) -> None:
    """Work one turn."""
    answer(turn_id=turn_id)


@shared_task(name="messaging.deliver_message")
def deliver_message(message_id: int) -> None:
    """Take one message past the gate."""
    deliver(message_id=message_id)


@shared_task(name="messaging.reconcile_message")
def reconcile_message(message_id: int) -> None:
    """Find out what became of one message."""
    reconcile(message_id=message_id)


@shared_task(name="messaging.run_enrollment")
def run_enrollment(enrollment_id: int) -> None:
    """Run the step of one follow-up, and others that are due."""
    run_batch(enrollment_id)


@shared_task(name="messaging.run_evaluation")
def run_evaluation(run_id: int) -> None:
    """Replay some of a run's cases."""
    running.work(run_id=run_id)
