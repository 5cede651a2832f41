"""What people type on the consent pages."""

from django import forms

from leads.models import Consent

CHANNELS = [("sms", "Texts"), ("email", "Mail")]
# What a person can vouch for; the rest is written by what happens.
BASES = [
    (Consent.Basis.VERBAL.value, "Said so to a person"),
    (Consent.Basis.WRITTEN.value, "Agreed in writing"),
    (Consent.Basis.FORM.value, "Ticked a form"),
    (Consent.Basis.CUSTOMER.value, "Existing customer"),
]


class CloseForm(forms.Form):
    """An address that is not to be written to, and why."""

    address = forms.CharField(max_length=254)
    words = forms.CharField(max_length=300)


class ReasonForm(forms.Form):
    """Why."""

    words = forms.CharField(max_length=300)


class AddressForm(ReasonForm):
    """One address of the lead, and why."""

    point = forms.IntegerField(min_value=1)


class ConsentForm(AddressForm):
    """What the lead agreed to; `words` are the proof."""

    basis = forms.ChoiceField(choices=BASES)
    evidence = forms.CharField(max_length=300, required=False)


class UploadForm(forms.Form):
    """An old list."""

    channel = forms.ChoiceField(choices=CHANNELS)
    file = forms.FileField(allow_empty_file=True)


class SignForm(forms.Form):
    """That there is no old list, signed by name."""

    channel = forms.ChoiceField(choices=CHANNELS)
    name = forms.CharField(max_length=120)
