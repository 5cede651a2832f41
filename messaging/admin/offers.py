"""Offers: what has a price, and how far a reply may go below it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from leads.admin.base import StaffAdmin, tone
from messaging.admin.said import LanguageFilter, said_column
from messaging.agent.passages import money_in
from messaging.forms_knowledge import LANGUAGES, OfferForm
from messaging.knowledge import offers
from messaging.knowledge.states import today
from messaging.models import Offer


@admin.register(Offer)
class OfferAdmin(StaffAdmin):
    """Each offer with its price, its discount and its day."""

    form = OfferForm
    list_display = ["name", "chip", "costs", "discount", "tongue", "until"]
    list_filter = ["active", LanguageFilter]
    search_fields = ["name", "description", "conditions"]
    fields = [
        "name",
        "description",
        ("price", "currency"),
        "unit",
        "discount_limit",
        "conditions",
        "may_exceed",
        ("language", "valid_until"),
        "active",
    ]
    actions = ["switch_off"]
    list_before_template = "messaging/knowledge/_list_top.html"
    empty_words = (
        "No offers yet. Write down what has a price and how much discount a reply may "
        "promise: a price or a discount that stands in no offer is never sent."
    )

    class Media:
        css = {"all": ["leadsite/knowledge.css"]}

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """Add how often each was used, as this person may know it."""
        return [*super().get_list_display(request), said_column(request)]

    @admin.display(description="State", ordering="active")
    def chip(self, offer: Offer) -> SafeString:
        """Whether replies may name it today."""
        if not offer.active:
            return tone("switched off", "done")
        if offer.valid_until is not None and offer.valid_until < today():
            return tone("expired", "red")
        return tone("in use", "green")

    @admin.display(description="Price", ordering="price")
    def costs(self, offer: Offer) -> str:
        """The amount and what it is for."""
        if offer.price is None:
            return "no fixed price"
        price = money_in(offer.price, offer.currency, "en")
        return f"{price} per {offer.unit}" if offer.unit else price

    @admin.display(description="Discount", ordering="discount_limit")
    def discount(self, offer: Offer) -> str:
        """How much may be promised."""
        limit = offer.discount_limit
        return f"up to {limit} %" if limit else "none"

    @admin.display(description="Language", ordering="language")
    def tongue(self, offer: Offer) -> str:
        """The language by name."""
        return LANGUAGES.get(offer.language, offer.language)

    @admin.display(description="Valid until", ordering="valid_until")
    def until(self, offer: Offer) -> str:
        """The last day on which it is said."""
        return f"{offer.valid_until:%d %b %Y}" if offer.valid_until else "no end"

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: "QuerySet[Offer]") -> None:
        """Let no reply name the ticked ones any more."""
        off = [
            offers.deactivate(offer=offer, user=request.user)  # type: ignore[arg-type]
            for offer in queryset
        ]
        self.message_user(request, f"{sum(off)} switched off.")

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """A few lines are enough for a description."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "description" and field is not None:
            field.widget.attrs["rows"] = 4
        return field

    def save_model(
        self, request: HttpRequest, obj: Offer, form: Any, change: bool
    ) -> None:
        """Store it; replies use it from now on. The groups follow with the relations."""
        offers.save_offer(offer=obj, user=request.user)  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Answers that were sent rest on it; switch it off instead."""
        return False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The use case has written the line."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The use case has written the line."""
