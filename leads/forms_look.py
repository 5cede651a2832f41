"""How plain forms look and are grouped on our own pages."""

from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField


class LookMixin(forms.BaseForm):
    """Gives fields the look of the shell and groups them in `sections`.

    `sections` is ((heading, words, (field, ...)), ...) and names every field.
    """

    sections: ClassVar[tuple[tuple[str, str, tuple[str, ...]], ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            checkbox = isinstance(field.widget, forms.CheckboxInput)
            if not checkbox:
                field.widget.attrs["class"] = "ls-input"
            if field.help_text:
                field.widget.attrs["aria-describedby"] = f"help_{name}"

    def freeze(self) -> None:
        """Show the values only: the reader may not change them."""
        for field in self.fields.values():
            field.disabled = True

    def parts(self) -> list[tuple[str, str, list[BoundField]]]:
        """Return the sections with their bound fields, for the template."""
        return [
            (title, words, [self[name] for name in names])
            for title, words, names in self.sections
        ]
