"""The form of the company profile."""

from typing import TYPE_CHECKING, ClassVar
from zoneinfo import available_timezones

from django import forms

from leads.forms_look import LookMixin
from messaging.models import Profile

if TYPE_CHECKING:
    Base = forms.ModelForm[Profile]
else:
    Base = forms.ModelForm  # Django's own is not generic at run time


class ProfileForm(LookMixin, Base):
    """What the company says of itself."""

    disclosure_en = forms.CharField(
        label="How it says that it is an AI",
        required=False,
        max_length=160,
        widget=forms.TextInput(attrs={"data-wide": ""}),
        help_text="English; {company} is your name. Empty: the built-in words. "
        "It always says so in the first automatic message.",
    )

    # A link is taken as typed or, without a scheme, as the safe one.
    website = forms.URLField(required=False, max_length=200, assume_scheme="https")
    booking_url = forms.URLField(
        label="Booking link", required=False, max_length=200, assume_scheme="https"
    )

    sections = (
        (
            "Who we are",
            "Only what stands here may leave in an automatic answer as a fact.",
            ("name", "sells", "hours", "website", "phone", "email", "postal_address"),
        ),
        (
            "How we speak",
            "",
            ("tone", "assistant_name", "disclosure_en", "booking_url"),
        ),
        ("Time and money", "", ("time_zone", "currency")),
    )

    class Meta:
        model = Profile
        fields = (
            *("name", "sells", "hours", "website", "phone", "email"),
            *("postal_address", "tone", "assistant_name", "booking_url"),
            *("time_zone", "currency"),
        )
        labels: ClassVar[dict[str, str]] = {
            "postal_address": "Postal address",
            "assistant_name": "The assistant's name",
            "time_zone": "Time zone",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "sells": "One offer a line, with prices that may be told.",
            "hours": "For example: Mon-Fri 9:00-17:00",
            "postal_address": "The law wants it in every sales mail.",
            "time_zone": "For example Europe/Berlin",
            "currency": "Three letters, for example USD",
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "sells": forms.Textarea(attrs={"rows": 5}),
            "postal_address": forms.TextInput(attrs={"data-wide": ""}),
            "time_zone": forms.TextInput(attrs={"list": "time-zones"}),
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.initial["disclosure_en"] = self.instance.disclosure.get("en", "")

    def clean_time_zone(self) -> str:
        """Accept a name of the time zone database only."""
        name = str(self.cleaned_data["time_zone"]).strip()
        if name not in available_timezones():
            raise forms.ValidationError(
                f"{name} is no time zone. Choose one such as Europe/Berlin."
            )
        return name

    def clean_currency(self) -> str:
        """Accept three letters, in capitals."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise forms.ValidationError("A currency has three letters, such as EUR.")
        return code

    def clean(self) -> dict[str, object]:
        """Put the disclosure's words back among the other languages'."""
        cleaned = super().clean() or self.cleaned_data
        others = {k: v for k, v in self.instance.disclosure.items() if k != "en"}
        words = str(cleaned.get("disclosure_en") or "").strip()
        self.instance.disclosure = {**others, "en": words} if words else others
        return cleaned
