"""What people type on the pages of articles and offers, parsed."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from messaging.agent.understanding.money import decimals_of
from messaging.forms import OneLine, Words
from messaging.knowledge.importing import fits
from messaging.knowledge.pages import MOST_PAIRS, MOST_TEXT, Pair
from messaging.knowledge.reading import MOST_BYTES
from messaging.models import Article, Offer

LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "de": "German",
    "pt": "Portuguese",
}
DRAFTS, PUBLISH = "drafts", "publish"
_CHOICES = [
    (DRAFTS, "Keep as drafts: nothing is said yet"),
    (PUBLISH, "Publish at once"),
]


def language_choices(now: str = "") -> list[tuple[str, str]]:
    """The languages that are offered, and the one that is chosen already."""
    own = [] if not now or now in LANGUAGES else [(now, now)]
    return [*LANGUAGES.items(), *own]


def offer_languages(form: forms.BaseForm, now: str) -> None:
    """Let a model form's language be chosen by name."""
    if "language" in form.fields:
        choices = language_choices(now)
        form.fields["language"].widget = UnfoldAdminSelectWidget(choices=choices)


class MinorMoneyField(forms.DecimalField):
    """An amount of zero or more; its value is in the minor unit of `currency`."""

    currency = "USD"

    def __init__(self, **options: Any) -> None:
        # What a model's whole-number column brings along counts minor units.
        for name in ("min_value", "max_value", "max_digits", "decimal_places"):
            options.pop(name, None)
        options.setdefault("widget", UnfoldAdminTextInputWidget())
        super().__init__(min_value=0, max_digits=12, **options)

    def prepare_value(self, value: Any) -> Any:
        """Minor units as an amount: 31000 is 310.00 in USD and 31000 in JPY."""
        if not isinstance(value, int):
            return value  # what a person typed stays as it was typed
        places = decimals_of(self.currency)
        return f"{Decimal(value) / 10**places:.{places}f}"

    def clean(self, value: Any) -> int | None:
        """Whole minor units. Raises ValidationError, also for a part of a cent."""
        amount = super().clean(value)
        if amount is None:
            return None
        minor = amount * 10 ** decimals_of(self.currency)
        if minor != int(minor):
            places = decimals_of(self.currency)
            raise forms.ValidationError(
                f"{self.currency} has {places or 'no'} decimals."
            )
        return int(minor)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare amounts, not their digits."""
        try:
            return bool(self.clean(data) != initial)
        except forms.ValidationError:
            return True


class ArticleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A question and the company's answer."""

    title = OneLine(
        label="Question",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
        help_text="As a lead would ask it: “Do you have parking?”",
    )
    body = Words(
        label="Answer",
        max_length=8_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8}),
        help_text=(
            "What the company says. Replies quote it word for word, so write whole "
            "sentences that stand on their own, with every price and date that may "
            "be said."
        ),
    )

    class Meta:
        model = Article
        fields = ("title", "body", "language", "valid_until")
        help_texts = {"valid_until": "The last day on which it is said. Empty: no end."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_languages(self, self.instance.language)


class OfferForm(forms.ModelForm):  # type: ignore[type-arg]
    """Something with a price; the amount is typed as people write it."""

    price = MinorMoneyField(
        label="Price",
        required=False,
        help_text="Such as 310 or 29.90. Empty: there is no fixed price.",
    )

    may_exceed = forms.ModelMultipleChoiceField(
        queryset=Group.objects.order_by("name"),
        required=False,
        label="Who may approve more",
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text="Admins always may. Nobody ticked: only they.",
    )

    class Meta:
        model = Offer
        fields = (
            "name",
            "description",
            "price",
            "currency",
            "unit",
            "discount_limit",
            "may_exceed",
            "conditions",
            "language",
            "valid_until",
            "active",
        )
        labels = {
            "discount_limit": "Highest discount, %",
            "unit": "Price is for one",
            "active": "In use",
        }
        help_texts = {
            "discount_limit": (
                "A reply may promise up to this much. 0: it never promises one."
            ),
            "unit": "Such as “seat and month” or “hour”. Empty: for the whole.",
            "conditions": "Said with the price: “from 5 seats”, “first 3 months”.",
            "valid_until": "The last day on which it is said. Empty: no end.",
            "active": "Off: no reply names it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_languages(self, self.instance.language)
        if "price" in self.fields:
            typed = str(self.data.get("currency", "")).strip().upper()
            price = self.fields["price"]
            price.currency = typed or self.instance.currency  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        """Three letters, as ISO 4217 has them."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if len(code) != 3 or not code.isascii() or not code.isalpha():
            raise forms.ValidationError("A currency has three letters: USD, EUR.")
        return code


class TryForm(forms.Form):
    """A question that somebody tries on the articles."""

    q = forms.CharField(max_length=1_000, required=False)
    article = forms.IntegerField(required=False)


class _BringForm(forms.Form):
    language = forms.ChoiceField(choices=language_choices(), label="Language")
    then = forms.ChoiceField(
        choices=_CHOICES, initial=DRAFTS, widget=forms.RadioSelect, label="And then"
    )


class PageForm(forms.Form):
    """A page that somebody pastes."""

    name = OneLine(
        max_length=200,
        required=False,
        label="Where it is from",
        help_text="An address or a name, for you to find it again.",
    )
    page = Words(
        max_length=MOST_TEXT,
        label="The page",
        help_text="Its text or its HTML: headings, questions and answers.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A browser would cut what is too long without a word.
        self.fields["page"].widget.attrs.pop("maxlength", None)


class FileForm(_BringForm):
    """A CSV file that somebody brings."""

    field_order = ("file", "language", "then")
    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(
            attrs={"class": "kb-file", "accept": ".csv,.tsv,.txt,text/csv,text/plain"}
        ),
        help_text=(
            "Columns: question, answer and, if you like, language, valid_until "
            "(2027-03-31) and phrasings, parted by “|”. At most 5 MB."
        ),
    )

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("The file has more than 5 MB. Cut it in two.")
        return file


class PairsForm(_BringForm):
    """The pairs that were looked at, with what people changed on them."""

    chosen: list[Pair]

    def clean(self) -> dict[str, Any]:
        """Gather the ticked pairs; ValidationError names what cannot be used."""
        data = super().clean() or {}
        self.chosen = []
        for place in range(MOST_PAIRS):
            if f"take-{place}" not in self.data:
                continue
            title = " ".join(str(self.data.get(f"title-{place}", "")).split())
            body = str(self.data.get(f"body-{place}", "")).replace("\r\n", "\n")
            pair = Pair(title, body.strip())
            wrong = fits(pair)
            if wrong:
                self.add_error(None, f"Number {place + 1}: {wrong}")
            self.chosen.append(pair)
        if not self.chosen:
            self.add_error(None, "Tick at least one question.")
        return data


class UntilForm(forms.Form):
    """The day until which an article was found to hold."""

    valid_until = forms.DateField(required=False)


class TurnForm(forms.Form):
    """The answer whose question becomes a phrasing."""

    turn = forms.UUIDField()
