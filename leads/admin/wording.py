"""A question's words in each language, one line each: "en: What budget …?"."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextareaWidget

MOST = 300


class WordingField(forms.CharField):
    """Edits {"en": "…", "es": "…"} as lines that begin with the language."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": 5})
        kwargs.setdefault(
            "help_text",
            "One line a language, such as “en: What budget do you have in mind?”. "
            "English is used for a language that is missing.",
        )
        for name in ("encoder", "decoder"):
            kwargs.pop(name, None)
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        """Show the stored words as lines, what was typed as it was."""
        if isinstance(value, dict):
            return "\n".join(f"{key}: {words}" for key, words in value.items())
        return value

    def to_python(self, value: Any) -> Any:
        """Return {"en": "…"}; ValidationError names the line that is wrong."""
        if isinstance(value, dict):
            return value
        found: dict[str, str] = {}
        for number, line in enumerate(str(value or "").splitlines(), 1):
            if not line.strip():
                continue
            language, colon, words = line.partition(":")
            language, words = language.strip().lower(), words.strip()
            if not colon or not words or not 2 <= len(language) <= 5:
                raise forms.ValidationError(
                    f"Line {number} must begin with a language, such as “en: …”."
                )
            found[language] = words[:MOST]
        if "en" not in found:
            raise forms.ValidationError("English is missing: “en: …”.")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare words, not spaces and order of lines."""
        try:
            return bool(self.to_python(data) != (initial or {}))
        except forms.ValidationError:
            return True
