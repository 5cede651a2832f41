"""Tells one edition of a case from another: a result counts only for its own."""

import hashlib
import json

from messaging.models import EvaluationCase

_SIGNS = 16


def edition_of(case: EvaluationCase) -> str:
    """A short hash of all that a case's result depends on."""
    parts = [case.situation, case.expectations, case.flagged_body]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_SIGNS]
