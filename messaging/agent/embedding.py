"""The embedding port: texts as vectors, so that the like can be found by meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast


@dataclass(frozen=True, slots=True)
class Embedded:
    """A vector of length 1 for each text, in order; and the tokens that were used,
    None when nobody said.
    """

    vectors: tuple[tuple[float, ...], ...]
    tokens: int | None = None


class Embedder(Protocol):
    """Makes vectors of texts. `name` is the service as usage records have it."""

    name: str

    @property
    def model(self) -> str:
        """Which model makes them; "" where none does. Vectors of two models are not
        compared.
        """

    def is_configured(self) -> bool:
        """Whether it can be used now; reads settings, calls nobody."""

    def embed(self, texts: Sequence[str], *, seconds: float) -> Embedded:
        """A vector for each text, within so many seconds. Raises ModelError, and
        nothing else; may not be called inside a transaction.
        """


class NullEmbedder:
    """The offline twin: no vectors, so that words and letters alone find."""

    name = "none"
    model = ""

    def is_configured(self) -> bool:
        """Always."""
        return True

    def embed(self, texts: Sequence[str], *, seconds: float) -> Embedded:
        """Nothing."""
        return Embedded(())


@lru_cache(maxsize=8)
def _load(path: str) -> Embedder:
    module, _, name = path.rpartition(".")
    return cast(Embedder, getattr(import_module(module), name)())


def choose_embedder(candidates: Sequence[str]) -> Embedder:
    """The first configured of the dotted paths, decided anew at every call; the
    offline twin when none is.
    """
    for path in candidates:
        embedder = _load(path)
        if embedder.is_configured():
            return embedder
    return NullEmbedder()
