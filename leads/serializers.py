"""Leads and closed addresses as the API shows them."""

from typing import Any

from rest_framework import serializers

from leads.compliance.reads import SHARED
from leads.models import Lead, LeadContact, Suppression


class AddressSerializer(serializers.ModelSerializer[LeadContact]):
    """One address of a lead."""

    kind = serializers.CharField(source="contact_point.kind")
    value = serializers.CharField(source="contact_point.value")

    class Meta:
        model = LeadContact
        fields = ["kind", "value", "primary"]


class LeadSerializer(serializers.ModelSerializer[Lead]):
    """A lead, as much as is needed to know who it is. An address that was only
    mentioned is not the lead's.
    """

    id = serializers.UUIDField(source="public_id")
    company = serializers.CharField(source="company.name", default=None)
    team = serializers.CharField(source="team.name")
    stage = serializers.CharField(source="stage.key")
    source = serializers.CharField(  # type: ignore[assignment]
        source="source.name", default=None
    )
    owner = serializers.CharField(source="owner.username", default=None)
    addresses = serializers.SerializerMethodField()

    class Meta:
        model = Lead
        fields = [
            "id",
            "name",
            "company",
            "team",
            "stage",
            "source",
            "owner",
            "score",
            "language",
            "time_zone",
            "addresses",
            "created_at",
        ]
        read_only_fields = fields

    def get_addresses(self, lead: Lead) -> Any:
        """The lead's own addresses, the main one first."""
        rows = [
            row
            for row in lead.contacts.all()
            if row.known_by != LeadContact.Known.PROPOSAL
        ]
        rows.sort(key=lambda row: (not row.primary, row.pk))
        return AddressSerializer(rows, many=True).data


class SuppressionSerializer(serializers.ModelSerializer[Suppression]):
    """An address that must not be written to on a channel."""

    address = serializers.CharField(source="contact_point.value")
    kind = serializers.CharField(source="contact_point.kind")

    class Meta:
        model = Suppression
        fields = [
            "id",
            "address",
            "kind",
            "channel",
            "reason",
            "words",
            "source",
            "since",
            "lifted_at",
        ]
        read_only_fields = fields

    def to_representation(self, instance: Suppression) -> dict[str, Any]:
        """What may be the words of a lead out of sight is left out."""
        shown = super().to_representation(instance)
        if getattr(instance, "hidden", True):
            shown.update(words=SHARED if instance.words else "", source="")
        return shown


class OptOutSerializer(serializers.Serializer[Any]):
    """An opt-out that another system heard of."""

    address = serializers.CharField(max_length=254)
    channel = serializers.ChoiceField(choices=["sms", "email"], required=False)
    words = serializers.CharField(max_length=500, required=False, default="")
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=150, required=False, default=""
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """An address with an @ is a mail address, unless the channel says otherwise."""
        mail = "@" in data["address"]
        data.setdefault("channel", "email" if mail else "sms")
        return data


class WhySerializer(serializers.Serializer[Any]):
    """Why something is done, in words."""

    why = serializers.CharField(max_length=300)


__all__ = [
    "LeadSerializer",
    "OptOutSerializer",
    "SuppressionSerializer",
    "WhySerializer",
]
