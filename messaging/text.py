"""The text edge: what comes in is made storable before it becomes a fact."""

import unicodedata

MAX_TEXT = 100_000


def clean(text: str) -> str:
    """Return NFC text without NUL and lone surrogates (both → U+FFFD)."""
    text = text[:MAX_TEXT].replace("\x00", "\ufffd")
    if any("\ud800" <= c <= "\udfff" for c in text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", text)
