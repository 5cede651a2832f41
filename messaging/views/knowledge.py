"""Pages of what the company says: try a question, versions, bring a page or a file."""

import uuid
from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from leads.web import ask, page_context, staff_required
from messaging.agent.understanding.language import detect_language
from messaging.differing import word_diff
from messaging.forms_knowledge import (
    PUBLISH,
    FileForm,
    PageForm,
    PairsForm,
    TryForm,
    TurnForm,
    UntilForm,
)
from messaging.knowledge import importing, publishing
from messaging.knowledge.asked import confirm_question
from messaging.knowledge.pages import Cut, cut_page
from messaging.knowledge.reading import NotReadable
from messaging.knowledge.searching import find
from messaging.knowledge.states import row_of, today
from messaging.models import Article, ArticleRevision, KnowledgeImport, Turn

SEE, ADD, CHANGE = (f"messaging.{act}_article" for act in ("view", "add", "change"))
LINES_A_PAGE = 100
OUTCOMES = {
    importing.MADE: ("new", "green"),
    importing.CHANGED: ("changed", "blue"),
    importing.SAME: ("as before", ""),
    importing.REFUSED: ("not taken", "red"),
}


@staff_required
def try_question(request: HttpRequest) -> HttpResponse:
    """Answer a tried question with what would be found, as a fragment."""
    ask(request, SEE, "Your role does not show articles.")
    form = TryForm(request.GET)
    form.is_valid()
    words = form.cleaned_data.get("q", "").strip()
    language = detect_language(words) if words else ""
    passages = find(text=words, language=language, on=today()) if words else ()
    found = [
        {
            "passage": one,
            "sure": round(100 * one.sure),
            "url": _page_of(one.source),
        }
        for one in passages
    ]
    mine = f"article.{form.cleaned_data.get('article')}"
    context = {"asked": words, "found": found, "mine": mine, "language": language}
    return render(request, "messaging/knowledge/_found.html", context)


def _page_of(source: str) -> str:
    row = row_of(source)
    if row is None:
        return ""
    return reverse(f"admin:messaging_{row._meta.model_name}_change", args=[row.pk])


# --- versions ----------------------------------------------------------------


@staff_required
def versions(request: HttpRequest, article: uuid.UUID) -> HttpResponse:
    """List an article's versions, and what differs between any two."""
    ask(request, SEE, "Your role does not show articles.")
    row = get_object_or_404(Article, public_id=article)
    said: list[ArticleRevision] = list(row.revisions.order_by("-number"))
    texts = {str(one.number): one for one in said}
    if row.is_changing or row.published is None:
        texts = {"draft": row, **texts}  # type: ignore[dict-item]
    keys = list(texts)
    newer = _chosen(request, "to", keys, 0)
    older = _chosen(request, "from", keys, 1)
    context = page_context(
        request,
        f"Versions of “{row.title}”",
        article=row,
        said=said,
        keys=keys,
        newer=newer,
        older=older,
        parts=_parts(texts.get(older), texts.get(newer)) if len(keys) > 1 else [],
    )
    return render(request, "messaging/knowledge/versions.html", context)


def _chosen(request: HttpRequest, name: str, keys: list[str], place: int) -> str:
    wanted = request.GET.get(name, "")
    usual = keys[min(place, len(keys) - 1)] if keys else ""
    return wanted if wanted in keys else usual


def _parts(older: Any, newer: Any) -> list[tuple[str, Any]]:
    pairs = (
        ("Question", older.title, newer.title),
        ("Answer", older.body, newer.body),
        ("Language", older.language, newer.language),
        ("Valid until", _day(older.valid_until), _day(newer.valid_until)),
    )
    return [(name, word_diff(old, new)) for name, old, new in pairs]


def _day(day: Any) -> str:
    return f"{day:%Y-%m-%d}" if day else "no end"


# --- what a person does to one -----------------------------------------------


@require_POST
@staff_required
def act(request: HttpRequest, article: uuid.UUID, do: str) -> HttpResponse:
    """Retire, bring back, undo or confirm one article; go back to its page."""
    ask(request, CHANGE, "Your role does not change articles.")
    row = get_object_or_404(Article, public_id=article)
    acts = {
        "retire": _retire,
        "bring-back": _bring_back,
        "undo": _undo,
        "checked": _checked,
        "phrase": _phrase,
    }
    if do not in acts:
        raise Http404("There is no such act.")
    try:
        messages.success(request, acts[do](request, row))
    except publishing.NotPublishable as error:
        messages.error(request, str(error))
    return redirect("admin:messaging_article_change", row.pk)


def _retire(request: HttpRequest, row: Article) -> str:
    publishing.retire(article=row, user=request.user)  # type: ignore[arg-type]
    return "Retired. No answer rests on it any more."


def _bring_back(request: HttpRequest, row: Article) -> str:
    publishing.bring_back(article=row, user=request.user)  # type: ignore[arg-type]
    return "Brought back. It is said again."


def _undo(request: HttpRequest, row: Article) -> str:
    publishing.undo_changes(article=row, user=request.user)  # type: ignore[arg-type]
    return "The changes are gone: it reads as it is published."


def _checked(request: HttpRequest, row: Article) -> str:
    form = UntilForm(request.POST)
    if not form.is_valid():
        raise publishing.NotPublishable("That is no day.")
    day = form.cleaned_data["valid_until"]
    publishing.mark_checked(article=row, user=request.user, valid_until=day)  # type: ignore[arg-type]
    return f"Checked. It is said until {day:%d %B %Y}." if day else "It has no end now."


def _phrase(request: HttpRequest, row: Article) -> str:
    form = TurnForm(request.POST)
    if not form.is_valid():
        raise Http404("There is no such answer.")
    turn = form.cleaned_data["turn"]
    try:
        made = confirm_question(article=row, turn=turn, user=request.user)  # type: ignore[arg-type]
    except Turn.DoesNotExist as error:
        raise Http404("There is no such answer.") from error
    return f"Found by “{made}” too, from now on." if made else "It is one already."


# --- bringing ----------------------------------------------------------------


@staff_required
def bring(request: HttpRequest) -> HttpResponse:
    """Take a pasted page or a CSV file; show what was brought lately."""
    ask(request, ADD, "Your role does not add articles.")
    page = PageForm(request.POST if "paste" in request.POST else None)
    file_posted = request.method == "POST" and "paste" not in request.POST
    file = FileForm(*((request.POST, request.FILES) if file_posted else ()))
    if page.is_bound and page.is_valid():
        row = importing.keep_page(
            name=page.cleaned_data["name"],
            page=page.cleaned_data["page"],
            user=request.user,  # type: ignore[arg-type]
        )
        return redirect("knowledge_brought", row.public_id)
    if file.is_bound and file.is_valid():
        kept = _keep_file(request, file)
        if kept is not None:
            return redirect("knowledge_brought", kept.public_id)
    lately = KnowledgeImport.objects.select_related("user").defer("content")[:10]
    context = page_context(
        request,
        "Bring in questions and answers",
        page=page,
        file=file,
        lately=[(row, importing.progress_of(row)) for row in lately],
        may_publish=request.user.has_perm(CHANGE),
    )
    return render(request, "messaging/knowledge/bring.html", context)


def _keep_file(request: HttpRequest, form: FileForm) -> KnowledgeImport | None:
    file, given = form.cleaned_data["file"], form.cleaned_data
    try:
        return importing.bring_file(
            name=str(file.name),
            data=file.read(),
            user=request.user,  # type: ignore[arg-type]
            language=given["language"],
            publish_them=_publishes(request, given["then"]),
        )
    except NotReadable as error:
        form.add_error("file", str(error))
        return None


def _publishes(request: HttpRequest, then: str) -> bool:
    if then != PUBLISH:
        return False
    ask(request, CHANGE, "Your role does not publish articles.")
    return True


@staff_required
def brought(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Show what a page was cut into, and once that is settled what became of it."""
    ask(request, ADD, "Your role does not add articles.")
    row = get_object_or_404(KnowledgeImport, public_id=public_id)
    progress = importing.progress_of(row)
    if progress is not None:
        return _outcome(request, row, progress)
    cut = cut_page(row.content)
    language = detect_language(" ".join(pair.title for pair in cut.pairs)[:2_000])
    form = PairsForm(request.POST or None, initial={"language": language})
    if request.method == "POST" and form.is_valid():
        importing.bring_pairs(
            row=row,
            pairs=form.chosen,
            language=form.cleaned_data["language"],
            publish_them=_publishes(request, form.cleaned_data["then"]),
        )
        return redirect("knowledge_brought", row.public_id)
    context = page_context(
        request,
        "Look at the questions",
        row=row,
        cut=cut,
        form=form,
        pairs=_shown(request, cut),
        may_publish=request.user.has_perm(CHANGE),
    )
    return render(request, "messaging/knowledge/pairs.html", context)


def _shown(request: HttpRequest, cut: Cut) -> list[dict[str, Any]]:
    """The pairs with what a person typed on a form that was refused."""
    typed = request.POST if request.method == "POST" else None
    known = {
        title.casefold()
        for title in Article.objects.filter(retired_at=None).values_list(
            "title", flat=True
        )
    }
    return [
        {
            "take": typed is None or f"take-{place}" in typed,
            "title": pair.title if typed is None else typed.get(f"title-{place}", ""),
            "body": pair.body if typed is None else typed.get(f"body-{place}", ""),
            "known": pair.title.casefold() in known,
        }
        for place, pair in enumerate(cut.pairs)
    ]


def _outcome(
    request: HttpRequest, row: KnowledgeImport, progress: importing.Progress
) -> HttpResponse:
    counts = Counter(line["state"] for line in row.outcome)
    wanted = request.GET.get("state", "")
    lines = [
        {**line, "chip": OUTCOMES[line["state"]]}
        for line in row.outcome
        if wanted not in OUTCOMES or line["state"] == wanted
    ]
    context = page_context(
        request,
        f"What became of “{row.name}”",
        row=row,
        progress=progress,
        counts=[
            (state, words, counts[state])
            for state, (words, _) in OUTCOMES.items()
            if counts[state]
        ],
        wanted=wanted if wanted in OUTCOMES else "",
        lines=Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page")),
        total=len(row.outcome),
    )
    return render(request, "messaging/knowledge/outcome.html", context)
