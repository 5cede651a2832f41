"""The words of what is published, kept in memory between two changes."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Count, Max

from leads.kept import Kept
from messaging.agent.knowledge import Vocabulary
from messaging.agent.retrieval.words import base_language
from messaging.models import KnowledgeEntry, KnowledgeTerm

MOST_REMEMBERED = 20_000
Spellings = Mapping[str, float]


@dataclass
class Known:
    """The vocabulary at one state of the index, and what misspelt words stand for."""

    stamp: int
    vocabulary: Vocabulary
    languages: tuple[str, ...]
    _spellings: dict[str, Spellings] = field(default_factory=dict)

    def rescued(
        self,
        words: Iterable[str],
        look: Callable[[list[str]], Mapping[str, Spellings]],
    ) -> dict[str, Spellings]:
        """For each word that stands nowhere, the words it may stand for; `look` is
        asked for those that were not looked up before.
        """
        unknown = sorted({w for w in words if w not in self.vocabulary.counts})
        if fresh := [word for word in unknown if word not in self._spellings]:
            if len(self._spellings) > MOST_REMEMBERED:
                self._spellings.clear()
            self._spellings |= {word: {} for word in fresh} | dict(look(fresh))
        return {w: found for w in unknown if (found := self._spellings.get(w))}


def _newest() -> int:
    return KnowledgeEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0


# 0 while nothing is published. Every writing of the index makes newer entries.
_stamp = Kept(_newest)
_last: list[Known] = []


def known() -> Known | None:
    """The vocabulary; None when nothing is published. Asks the database only when
    the index was changed, and every five seconds whether it was.
    """
    stamp = _stamp()
    if not stamp:
        return None
    if _last and _last[0].stamp == stamp:
        return _last[0]
    fresh = _read(stamp)
    _last[:] = [fresh]
    return fresh


def _read(stamp: int) -> Known:
    terms = KnowledgeTerm.objects.filter(documents__gt=0)
    rows = KnowledgeEntry.objects.order_by().values_list("language", "part")
    entries = list(rows.annotate(entries=Count("pk")))
    title = KnowledgeEntry.Part.TITLE
    return Known(
        stamp=stamp,
        vocabulary=Vocabulary(
            documents=sum(count for _, part, count in entries if part == title),
            counts=dict(terms.values_list("word", "documents")),
        ),
        languages=tuple(sorted({base_language(tag) for tag, _, _ in entries})),
    )


def forget() -> None:
    """Read it anew: now, and once what was written is there for everybody."""
    _drop()
    transaction.on_commit(_drop)


def _drop() -> None:
    _last.clear()
    _stamp.forget()
