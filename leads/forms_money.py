"""Money in forms: people type amounts, rows hold whole millionths."""

from decimal import Decimal
from typing import Any, Final

from django import forms

MICRO: Final = 1_000_000
PLACES: Final = 6


class MicroMoneyField(forms.DecimalField):
    """An amount of zero or more; its value is whole millionths of the currency."""

    def __init__(self, **options: Any) -> None:
        # What a model's whole-number column brings along counts millionths.
        for name in ("min_value", "max_value", "max_digits", "decimal_places"):
            options.pop(name, None)
        super().__init__(min_value=0, max_digits=12, decimal_places=PLACES, **options)

    def prepare_value(self, value: Any) -> Any:
        """Millionths as an amount, with two places at least: 0.50, 0.0083."""
        if not isinstance(value, int):
            return value  # what a person typed stays as it was typed
        whole, _, part = f"{Decimal(value) / MICRO:.6f}".partition(".")
        return f"{whole}.{part.rstrip('0').ljust(2, '0')}"

    def clean(self, value: Any) -> int | None:
        """Whole millionths. Raises ValidationError."""
        amount = super().clean(value)
        return None if amount is None else int(amount * MICRO)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare amounts, not their digits."""
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True
