"""Leads to look up, and addresses that must not be written to."""

from typing import Any, ClassVar

from django.db.models import Model, Q, QuerySet
from django.http import Http404
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from leads import capture, clock, opt_outs
from leads.access import lead_filter
from leads.api_base import Conflict, OnceMixin
from leads.compliance import lifting
from leads.compliance.reads import visible
from leads.models import Lead, LeadContact, Suppression
from leads.serializers import (
    LeadSerializer,
    OptOutSerializer,
    SuppressionSerializer,
    WhySerializer,
)


def _clean(value: str) -> str:
    """What a caller asks for; "", which nothing is called, for what no database takes."""
    return "" if "\0" in value else value.strip()[:300]


def leads_with(value: str) -> "QuerySet[LeadContact]":
    """Whose address it is, however a phone number is written."""
    plain = _clean(value)
    known = {plain.lower(), capture.normalise_phone(plain) or plain}
    rows = LeadContact.objects.filter(contact_point__value__in=known)
    return rows.exclude(known_by=LeadContact.Known.PROPOSAL)


class LeadViewSet(ListModelMixin, RetrieveModelMixin, GenericViewSet[Lead]):
    """Leads that the caller may see; `?phone=`, `?email=` or `?q=` finds one."""

    serializer_class = LeadSerializer
    lookup_field = "public_id"
    lookup_value_regex = "[0-9a-f-]{36}"
    missing = "There is no such lead."
    rights: ClassVar[dict[str, str]] = {
        "list": "leads.view_lead",
        "retrieve": "leads.view_lead",
    }

    def get_queryset(self) -> "QuerySet[Lead]":
        """By the one visibility policy, the newest first."""
        user: Any = self.request.user
        rows = Lead.objects.filter(lead_filter(user), archived_at=None)
        asked = self.request.query_params
        for name in ("phone", "email"):
            if asked.get(name):
                rows = rows.filter(pk__in=leads_with(asked[name]).values("lead"))
        words = asked.get("q", "").replace("\0", "").strip()[:100]
        if words:
            rows = rows.filter(Q(name__icontains=words))
        rows = rows.select_related("company", "team", "stage", "source", "owner")
        return rows.prefetch_related("contacts__contact_point").order_by("-pk")


class SuppressionViewSet(
    OnceMixin, ListModelMixin, RetrieveModelMixin, GenericViewSet[Suppression]
):
    """Closed addresses of leads that the caller may see; POST closes one.

    Whoever may close addresses closes any: that needs no sight of its lead.
    """

    lookup_value_regex = "[0-9]{1,18}"
    id_field = "pk"
    missing = "There is no such closed address."
    rights: ClassVar[dict[str, str]] = {
        "list": "leads.view_suppression",
        "retrieve": "leads.view_suppression",
        "create": "leads.add_suppression",
        "lift": "leads.change_suppression",
    }

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """What comes in differs from what is shown."""
        return SuppressionSerializer if self.action != "create" else OptOutSerializer

    def get_queryset(self) -> "QuerySet[Suppression]":
        """Those that stand; `?lifted=1` those that were lifted."""
        user: Any = self.request.user
        rows = visible(user)
        asked = self.request.query_params
        if self.action == "list":
            rows = rows.filter(lifted_at__isnull=asked.get("lifted") != "1")
        if asked.get("channel"):
            rows = rows.filter(channel=_clean(asked["channel"]))
        if asked.get("address"):
            plain = _clean(asked["address"])
            known = {plain.lower(), capture.normalise_phone(plain) or plain}
            rows = rows.filter(contact_point__value__in=known)
        return rows.order_by("-pk")

    def make(self, data: dict[str, Any]) -> tuple[Model, bool]:
        """Close the address; the first reason stands."""
        began = clock.now()
        source = "api" + (f": {data['source']}" if data["source"] else "")
        try:
            row = opt_outs.opt_out_address(
                value=data["address"],
                channel=data["channel"],
                words=data["words"],
                source=source,
                actor=f"user:{self.request.user.pk}",
            )
        except opt_outs.NotPossible as refusal:
            raise Conflict(str(refusal)) from refusal
        return row, row.since >= began

    def find(self, made: str) -> Model:
        """What an earlier call closed."""
        row = Suppression.objects.select_related("contact_point").filter(pk=made)
        found = row.first()
        if found is None:
            raise Http404
        return found

    def represent(self, row: Model) -> Any:
        """All of it where the caller sees the lead; else that it is closed, since when
        and by whom is not theirs to know.
        """
        user: Any = self.request.user
        seen = visible(user).filter(pk=row.pk).first()
        shown = dict(SuppressionSerializer(seen or row).data)  # type: ignore[arg-type]
        if seen is not None:
            return shown
        return {name: shown[name] for name in ("id", "address", "kind", "channel")}

    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:
        """Open an address again that a person closed, or that bounced."""
        row = self.get_object()
        user: Any = request.user
        given = WhySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            lifting.lift(suppression=row, user=user, why=given.validated_data["why"])
        except opt_outs.NotPossible as refusal:
            raise Conflict(str(refusal)) from refusal
        row.refresh_from_db()
        return Response(SuppressionSerializer(row).data)
