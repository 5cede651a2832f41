"""Drafts for the tests of the guard, read from fixtures/guard_corpus.toml."""

import tomllib
from pathlib import Path

_FILE = Path(__file__).with_name("fixtures") / "guard_corpus.toml"
_DATA = tomllib.loads(_FILE.read_text("utf-8"))

HONEST: list[str] = _DATA["honest"]
DENIALS: list[str] = _DATA["denials"]
AI_QUESTIONS: list[str] = _DATA["ai_questions"]
MIXED: list[str] = _DATA["mixed"]
INVENTED: list[tuple[str, str]] = [
    (kind, draft) for kind, drafts in _DATA["invented"].items() for draft in drafts
]
