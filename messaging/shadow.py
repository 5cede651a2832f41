"""What auto would have done with a draft, written down while a person decides."""

from dataclasses import replace
from typing import Any

from leads.models import Policy
from messaging.confidence import Sureness
from messaging.vetting import DRAFTS_HERE, Vetted

AUTO = "auto"
"""The key in a draft's details: {"would": bool, "why": words, "" when it would}."""


def judged(vetted: Vetted, *, sure: Sureness | None, rules: Policy) -> Vetted:
    """Hold a reply to how sure it must be. What becomes a draft says whether auto
    would have sent it as it stands: when nothing but the mode keeps it back.

    `sure` is None for words that may leave however unsure.
    """
    why = "" if vetted.reason == DRAFTS_HERE else vetted.reason
    if not why and sure is not None and not sure.may_send(rules):
        why = f"Unsure: {sure.words}"
    reason = why or vetted.reason
    if not reason:
        return vetted
    auto = {"would": not why, "why": why[:300]}
    return replace(vetted, reason=reason, details={**vetted.details, AUTO: auto})


def auto_words(details: dict[str, Any]) -> str:
    """Return what the draft's card says of it, "" where nothing was written down."""
    auto = details.get(AUTO)
    if not isinstance(auto, dict):
        return ""
    return (
        "Auto would have sent this"
        if auto.get("would")
        else "Auto would have asked you as well"
    )
