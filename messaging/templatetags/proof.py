"""What the pages of proof and the draft's card say of a draft."""

from typing import Any

from django import template

from messaging import shadow

register = template.Library()


@register.filter
def auto_words(details: dict[str, Any]) -> str:
    """Return whether auto would have sent a draft, "" where nobody knows."""
    return shadow.auto_words(details)


@register.filter
def plain(key: str) -> str:
    """Return a key as words: wrong_fact is "wrong fact"."""
    return key.replace("_", " ")
