"""What the list of leads can be filtered by; values only from visible leads."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from leads.models import Lead
from leads.models.querysets import HOT, WARM

Pairs = list[tuple[str, str]]


class OwnRelatedFilter(admin.RelatedOnlyFieldListFilter):
    """Offers what occurs among the leads that the person may see."""

    def has_output(self) -> bool:
        """One choice is a choice too: it says what there is."""
        return len(self.lookup_choices) > 0


class OwnerFilter(admin.SimpleListFilter):
    """Mine, nobody's, or a colleague's."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Pairs:
        """Return me, nobody, and the owners among the visible leads."""
        owned = model_admin.get_queryset(request).order_by().values("owner")
        people = User.objects.filter(pk__in=owned)
        named = [
            (str(person.pk), person.get_full_name() or person.username)
            for person in people
            if person.pk != request.user.pk
        ]
        return [("me", "Me"), ("none", "Nobody"), *sorted(named, key=lambda x: x[1])]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Lead]"
    ) -> "QuerySet[Lead]":
        """Keep the leads of the chosen person."""
        value = self.value()
        if value == "me":
            return queryset.filter(owner=request.user.pk)
        if value == "none":
            return queryset.filter(owner=None)
        if value and value.isascii() and value.isdigit():
            return queryset.filter(owner=int(value[:12]))
        return queryset


class TemperatureFilter(admin.SimpleListFilter):
    """Hot, warm, cool, by the kept score."""

    title = "temperature"
    parameter_name = "heat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Pairs:
        """Return the three words with their limits."""
        return [
            ("hot", f"Hot, {HOT} and more"),
            ("warm", f"Warm, {WARM} to {HOT - 1}"),
            ("cool", f"Cool, below {WARM}"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Lead]"
    ) -> "QuerySet[Lead]":
        """Keep the leads of that temperature."""
        limits = {
            "hot": {"score__gte": HOT},
            "warm": {"score__gte": WARM, "score__lt": HOT},
            "cool": {"score__lt": WARM},
        }
        return queryset.filter(**limits.get(self.value() or "", {}))


class KindFilter(admin.SimpleListFilter):
    """Real people, or what the simulator and the demo made."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Pairs:
        """Return the three kinds."""
        return [("real", "Real"), ("simulated", "Simulated"), ("demo", "Demo")]

    def queryset(
        self, request: HttpRequest, queryset: "QuerySet[Lead]"
    ) -> "QuerySet[Lead]":
        """Keep the leads of that kind."""
        if self.value() == "real":
            return queryset.filter(simulated=False, demo=False)
        if self.value() in ("simulated", "demo"):
            return queryset.filter(**{str(self.value()): True})
        return queryset
