"""What people type on the inbox's pages, parsed."""

from django import forms

from leads.models import Consent
from messaging.models import Channel
from messaging.writing import CALL_OUTCOMES

KINDS = [("sms", "Text"), ("email", "Email"), ("note", "Note")]
WHY = [
    ("wrong_fact", "Wrong fact"),
    ("tone", "Tone"),
    ("not_needed", "Not needed"),
]
MAX_BODY = 20_000


class Words(forms.CharField):
    """Text as written: line ends made plain, blanks at the ends kept out."""

    def __init__(self, **options: object) -> None:
        """Take the field's options; a text area unless told otherwise."""
        options.setdefault("max_length", MAX_BODY)
        options.setdefault("widget", forms.Textarea)
        super().__init__(**options)  # type: ignore[arg-type]

    def to_python(self, value: str | None) -> str:
        """Return the words with plain line ends, as carriers count them."""
        plain = super().to_python(value) or ""
        return plain.replace("\r\n", "\n").replace("\r", "\n")


class OneLine(forms.CharField):
    """A line of words: breaks become blanks, since a header holds none."""

    def to_python(self, value: str | None) -> str:
        """Return the words on one line."""
        return " ".join((super().to_python(value) or "").split())


class SendForm(forms.Form):
    """The composer: a message or a note."""

    kind = forms.ChoiceField(choices=KINDS)
    body = Words()
    subject = OneLine(max_length=500, required=False)
    address = forms.CharField(max_length=254, required=False)


class MomentForm(forms.Form):
    """A chosen time: with its own zone, or on the clock that the page names."""

    at = forms.CharField(max_length=40, label="When")


class LaterForm(SendForm, MomentForm):
    """A message that goes at a chosen time."""


class PreviewForm(forms.Form):
    """A mail that somebody wants to look at before sending it."""

    body = Words()
    subject = OneLine(max_length=500, required=False)
    address = forms.CharField(max_length=254, required=False)


class CallForm(forms.Form):
    """A call that a person logs."""

    outcome = forms.ChoiceField(
        choices=list(CALL_OUTCOMES.items()), widget=forms.RadioSelect
    )
    minutes = forms.IntegerField(min_value=0, max_value=1440, required=False)
    note = Words(required=False, max_length=4000)

    def clean_minutes(self) -> int:
        """Count an empty field as 0."""
        return self.cleaned_data["minutes"] or 0


class ApproveForm(forms.Form):
    """An approved draft; without a body it goes as written.

    `confirmed`: the person saw the held words and sends them.
    """

    body = Words(required=False)
    confirmed = forms.BooleanField(required=False)


class RemoveForm(forms.Form):
    """The held words whose sentence is taken out of a draft."""

    words = forms.CharField(max_length=MAX_BODY, strip=False)


class FlagForm(forms.Form):
    """What is wrong with an answer of the AI."""

    why = forms.CharField(max_length=300, label="What is wrong")


class AgainForm(forms.Form):
    """A wish for another draft."""

    instruction = forms.CharField(max_length=300, required=False)


class DiscardForm(forms.Form):
    """Why a draft is thrown away."""

    why = forms.ChoiceField(choices=WHY, required=False)


class FactForm(forms.Form):
    """A person's own value of a fact."""

    value = forms.CharField(max_length=500)


class LeadForm(forms.Form):
    """A new lead, with what allows us to write."""

    name = forms.CharField(max_length=200, required=False)
    phone = forms.CharField(max_length=40, required=False)
    email = forms.CharField(max_length=254, required=False)
    company = forms.CharField(max_length=200, required=False)
    consent_basis = forms.ChoiceField(
        choices=[("", "None yet: nothing will be sent"), *Consent.Basis.choices],
        required=False,
        label="What allows us to write",
    )
    consent_wording = Words(
        required=False,
        max_length=2000,
        label="Wording",
        help_text="What they agreed to, word for word, and where.",
    )

    def clean(self) -> dict[str, object]:
        """Ask for one address, and for the words behind a basis."""
        data = super().clean() or {}
        if not data.get("phone") and not data.get("email"):
            raise forms.ValidationError("A phone number or a mail address is needed.")
        if data.get("consent_basis") and not data.get("consent_wording"):
            self.add_error("consent_wording", "Say what they agreed to.")
        return data


class MessageForm(forms.Form):
    """A message to an address, known or new."""

    kind = forms.ChoiceField(choices=Channel.Kind.choices, label="Send as")
    to = forms.CharField(max_length=254, label="To", help_text="A number or a mail.")
    name = forms.CharField(max_length=200, required=False)
    subject = forms.CharField(max_length=500, required=False)
    body = Words(label="Message")
    consent_basis = forms.ChoiceField(
        choices=[("", "As on record"), *Consent.Basis.choices],
        required=False,
        label="What allows us to write",
    )
    consent_wording = Words(required=False, max_length=2000, label="Wording")

    def clean(self) -> dict[str, object]:
        """Ask for the words behind a basis."""
        data = super().clean() or {}
        if data.get("consent_basis") and not data.get("consent_wording"):
            self.add_error("consent_wording", "Say what they agreed to.")
        return data


def first_error(form: forms.Form) -> str:
    """Return the first thing wrong with a form, with the field's name."""
    for name, errors in form.errors.items():
        label = "" if name == "__all__" else f"{form.fields[name].label or name}: "
        return f"{label}{errors[0]}".capitalize() if label else str(errors[0])
    return ""
