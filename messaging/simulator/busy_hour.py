"""Play a busy hour: twelve invented leads write within two minutes.

Each message is a job with its time, so that it outlives the request, the page
and a restart, and can be stopped as long as it has not come in.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from leads import claims, clock, jobs, policy
from leads.models import Job, Policy
from messaging.holding import name_of
from messaging.simulator.people import Person, give_back, read, reserve_person
from messaging.simulator.playing import NotPlayable, Saying, play_as

JOB = "messaging.play_message"
EVERY = timedelta(seconds=10)
LATER = timedelta(seconds=25)  # the second message of those who write twice
STOPPED = "stopped"


@dataclass(frozen=True)
class BusyHour:
    """How far a busy hour is: messages in, out of how many."""

    total: int = 0
    came: int = 0
    running: bool = False


@transaction.atomic
def start(*, user: User) -> BusyHour:
    """Put twelve leads in line; raises NotPlayable while one is running."""
    claims.lock(Policy, policy.current().pk)  # one starter at a time
    if _waiting().exists():
        raise NotPlayable("A busy hour is being played already.")
    run, now = uuid.uuid4().hex, clock.now()
    for place, lines in enumerate(read("busy_hour")):
        person, moment = reserve_person(), now + EVERY * place
        saying = {"kind": lines.get("kind", "sms"), "texts": lines["texts"]}
        saying["subject"] = lines.get("subject", "")
        _put(run, user, person, saying, moment)
        if lines.get("later"):
            again = {**saying, "texts": [lines["later"]], "subject": ""}
            _put(run, user, person, again, moment + LATER)
    return state()


def _put(
    run: str, user: User, person: Person, saying: dict[str, Any], moment: Any
) -> None:
    arguments = {"run": run, "user": user.pk, "person": asdict(person), **saying}
    job = jobs.start_job(name=JOB, arguments=arguments)
    Job.objects.filter(pk=job.pk).update(due_at=moment)


@transaction.atomic
def stop(*, user: User) -> int:
    """Take back what has not come in yet; return how many messages."""
    stopped = 0
    phones: list[str] = []
    for job in _waiting():
        words = f"{STOPPED} by {name_of(user)}"
        moved = claims.move(
            job, old=Job.State.READY, new=Job.State.DONE, last_error=words
        )
        stopped += moved
        phones += [job.arguments["person"]["phone"]] if moved else []
    give_back(phones)
    return stopped


def state() -> BusyHour:
    """Say how far the latest busy hour is."""
    latest = Job.objects.filter(name=JOB).order_by("-pk").first()
    if latest is None:
        return BusyHour()
    rows = Job.objects.filter(name=JOB, arguments__run=latest.arguments["run"])
    states = list(rows.values_list("state", "last_error"))
    came = sum(s == Job.State.DONE and not e.startswith(STOPPED) for s, e in states)
    open_ = sum(s in (Job.State.READY, Job.State.WORKING) for s, _ in states)
    return BusyHour(total=len(states), came=came, running=open_ > 0)


def _waiting() -> "QuerySet[Job]":
    return Job.objects.filter(name=JOB, state=Job.State.READY)


def run_job(job: Job) -> None:
    """Bring in one message of the busy hour; a second run does nothing more."""
    given = job.arguments
    play_as(
        Person(**given["person"]),
        saying=Saying(
            kind=given["kind"], texts=tuple(given["texts"]), subject=given["subject"]
        ),
        user=User.objects.filter(pk=given["user"], is_active=True).first(),
        external_id=f"busy-{job.public_id}",
    )
