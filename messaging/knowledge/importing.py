"""Bring questions and answers in: what somebody brought is kept as it came.

The lines are brought by a job, each in a transaction of its own, so that it can be left
and goes on where a process died. The same line again changes nothing.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import User
from django.db import transaction

from leads import clock, jobs
from leads.models import Job
from messaging.knowledge.pages import LONGEST_BODY, LONGEST_TITLE, Pair
from messaging.knowledge.publishing import (
    NotPublishable,
    confirm_phrasing,
    publish,
    save_draft,
)
from messaging.knowledge.reading import Brought, NotReadable, read_csv, text_of
from messaging.models import Article, KnowledgeImport

JOB: Final = "messaging.import_knowledge"
_STEP: Final = 50  # lines between two looks at how far it is
MADE, CHANGED, SAME, REFUSED = "made", "changed", "same", "refused"


@dataclass(frozen=True)
class Progress:
    """How far an import is; `percent` of what is to be read."""

    running: bool = False
    percent: int = 0
    failed: str = ""


@transaction.atomic
def keep_page(*, name: str, page: str, user: User) -> KnowledgeImport:
    """Keep a pasted page, to be looked at before anything is made of it."""
    return KnowledgeImport.objects.create(
        user=user,
        name=name[:200] or "Pasted page",
        content=page.replace("\x00", "\ufffd"),
        created_at=clock.now(),
    )


@transaction.atomic
def bring_pairs(
    *, row: KnowledgeImport, pairs: Iterable[Pair], language: str, publish_them: bool
) -> Job:
    """Make drafts of `pairs`, or publish them. A second call does nothing more."""
    lines = [
        asdict(Brought(place, pair.title, pair.body, language))
        for place, pair in enumerate(pairs, 1)
    ]
    return _start(row, publish_them, {"lines": lines})


@transaction.atomic
def bring_file(
    *, name: str, data: bytes, user: User, language: str, publish_them: bool
) -> KnowledgeImport:
    """Keep a CSV file and bring its lines. What no line of it can be read of says so.

    Raises NotReadable, and keeps nothing, for what is no text.
    """
    content = text_of(data)
    row = KnowledgeImport.objects.create(
        user=user, name=name[:200], content=content, created_at=clock.now()
    )
    try:
        next(read_csv(content), None)
    except NotReadable as error:
        row.outcome = [_told(Brought(1, ""), REFUSED, str(error))]
        row.save(update_fields=["outcome"])
    else:
        _start(row, publish_them, {"language": language})
    return row


def _start(row: KnowledgeImport, publish_them: bool, more: dict[str, Any]) -> Job:
    arguments = {"import": row.pk, "publish": publish_them, **more}
    return jobs.start_job(name=JOB, arguments=arguments, effect_key=_key(row))


def _key(row: KnowledgeImport) -> str:
    return f"knowledge:{row.public_id}"


def progress_of(row: KnowledgeImport) -> Progress | None:
    """How far it is; None as long as nobody said what to make of it."""
    job = Job.objects.filter(effect_key=_key(row)).first()
    if job is None:
        return Progress(percent=100) if row.outcome else None
    if job.state == Job.State.DEAD:
        return Progress(percent=job.progress, failed=job.last_error)
    return Progress(job.state != Job.State.DONE, job.progress)


def run_job(job: Job) -> None:
    """Bring the lines that were not brought yet; a second run does nothing more."""
    given = job.arguments
    row = KnowledgeImport.objects.select_related("user").get(pk=given["import"])
    lines = _lines(row, given)
    outcome = list(row.outcome)
    for line in lines[len(outcome) :]:
        outcome.append(_told(line, *_bring(line, row.user, given["publish"])))
        if len(outcome) % _STEP == 0:
            _keep(row, outcome, job, len(lines))
    _keep(row, outcome, job, len(lines))


def _lines(row: KnowledgeImport, given: dict[str, Any]) -> list[Brought]:
    if "lines" not in given:
        return list(read_csv(row.content, language=given["language"]))
    return [
        Brought(one["line"], one["title"], one["body"], one["language"])
        for one in given["lines"]
    ]


def _keep(
    row: KnowledgeImport, outcome: list[dict[str, Any]], job: Job, total: int
) -> None:
    row.outcome = outcome
    row.save(update_fields=["outcome"])
    percent = 100 * len(outcome) // max(total, 1)
    Job.objects.filter(pk=job.pk).update(progress=percent)


def _told(line: Brought, state: str, words: str) -> dict[str, Any]:
    return {"line": line.line, "title": line.title, "state": state, "words": words}


def _bring(line: Brought, user: User | None, publish_it: bool) -> tuple[str, str]:
    """What became of one line, and why it was refused."""
    if line.refused:
        return REFUSED, line.refused
    try:
        return bring_line(line=line, user=user, publish_it=publish_it), ""
    except NotPublishable as error:
        return REFUSED, str(error)


@transaction.atomic
def bring_line(*, line: Brought, user: User | None, publish_it: bool) -> str:
    """Make or change the article that answers this question in this language.

    Returns "made", "changed" or "same". Raises NotPublishable, and changes nothing,
    when it is retired or cannot be published.
    """
    known = Article.objects.select_related("published").filter(
        title__iexact=line.title, language=line.language
    )
    article = known.order_by("-retired_at", "pk").last()
    if article is None:
        article = _made(line, user)
        state = MADE
    else:
        state = _changed(article, line)
    added = [
        confirm_phrasing(article=article, text=text, user=user, origin="person")
        for text in line.phrasings
    ]
    before = article.published_id
    if publish_it:
        publish(article=article, user=user)
    news = any(added) or article.published_id != before
    return CHANGED if state == SAME and news else state


def _made(line: Brought, user: User | None) -> Article:
    article = Article(
        title=line.title,
        body=line.body,
        language=line.language,
        valid_until=line.valid_until,
        created_at=clock.now(),
    )
    save_draft(article=article)
    if user is not None:
        LogEntry.objects.log_actions(
            user.pk, [article], ADDITION, "Brought in.", single_object=True
        )
    return article


def _changed(article: Article, line: Brought) -> str:
    if article.retired_at is not None:
        raise NotPublishable("It is retired here: bring it back first.")
    day: date | None = line.valid_until
    if (article.body, article.valid_until) == (line.body, day):
        return SAME
    article.body, article.valid_until = line.body, day
    save_draft(article=article)
    return CHANGED


def fits(pair: Pair) -> str:
    """Why a pair cannot become an article, "" when it can."""
    if not pair.title or len(pair.title) > LONGEST_TITLE:
        return f"A question has 1 to {LONGEST_TITLE} letters."
    if not pair.body or len(pair.body) > LONGEST_BODY:
        return f"An answer has 1 to {LONGEST_BODY:,} letters."
    return ""
