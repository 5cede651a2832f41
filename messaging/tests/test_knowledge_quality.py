"""Questions nobody on this project wrote; skipped where the data is not at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from messaging.agent.knowledge import SURE, Asking, Candidate, Vocabulary, rank
from messaging.knowledge.vocabulary import known
from messaging.models import KnowledgeEntry
from messaging.tests.knowledge_found import found, publish_all

pytestmark = pytest.mark.django_db

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
THREADS = SHARED / "kb" / "stackfaq_threads_0_59.json"
SHOP = SHARED / "kb" / "ecommerce_faq_79.json"
SCOPE = SHARED / "replies" / "clinc150_train_val.json"


def content(path: Path) -> Any:
    if not path.exists():
        pytest.skip(f"the evaluation data {path.name} is not beside the checkout")
    return json.loads(path.read_text("utf-8"))


def both_bases() -> list[tuple[str, str]]:
    """Index both, questions and answers only; return (rephrased question, source)."""
    shop = content(SHOP)["questions"]
    publish_all((row["question"], row["answer"]) for row in shop)
    threads = content(THREADS)["root"]["qapair"]
    answers = [row["answer"] for row in threads]
    sources = publish_all(
        (row["question"], a if isinstance(a, str) else " ".join(a))
        for row, a in zip(threads, answers, strict=True)
    )
    return [
        (text, source)
        for row, source in zip(threads, sources, strict=True)
        for text in row["rephr"]
        if text != "*"
    ]


def answered(text: str) -> bool:
    return any(passage.sure >= SURE for passage in found(text))


def best_of_all(text: str, everything: list[Candidate], words: Vocabulary) -> str:
    """The first when every article is weighed, not only those that are looked up."""
    return rank(Asking(text, "en"), everything, words)[0].source


def everything() -> list[Candidate]:
    rows: dict[int, dict[str, KnowledgeEntry]] = {}
    for entry in KnowledgeEntry.objects.order_by("pk"):
        rows.setdefault(entry.article_id, {})[entry.part] = entry
    return [
        Candidate(
            source=f"article.{pk}",
            language="en",
            questions=(tuple(parts["title"].words.split()),),
            folded=(parts["title"].text,),
            body=tuple(parts["body"].words.split()),
        )
        for pk, parts in rows.items()
    ]


def test_rephrased_questions_are_answered_and_those_out_of_scope_are_not() -> None:
    rephrased = both_bases()[::4]
    three = sure = 0
    for text, source in rephrased:
        passages = found(text)
        three += source in [passage.source for passage in passages]
        sure += any(passage.sure >= SURE for passage in passages)
    assert three >= 0.85 * len(rephrased), f"{three} of {len(rephrased)}"
    assert sure >= 0.60 * len(rephrased), f"{sure} of {len(rephrased)}"
    data = content(SCOPE)
    outside = [text for text, _ in data["oos_val"] + data["oos_train"]]
    wrong = [text for text in outside if answered(text)]
    assert len(wrong) <= 0.02 * len(outside), wrong


def test_what_a_database_looks_up_holds_what_weighing_everything_would_find() -> None:
    """On every database, so that all of them give the same first article."""
    rephrased = both_bases()[::10]
    candidates = everything()
    words = known().vocabulary
    same = 0
    for text, _ in rephrased:
        same += found(text)[0].source == best_of_all(text, candidates, words)
    assert same >= 0.95 * len(rephrased), f"{same} of {len(rephrased)}"
