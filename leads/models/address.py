"""Addresses of people, and what we may do with them."""

from collections.abc import Iterable

from django.db import models
from django.utils import timezone

from leads.models.append_only import AppendOnlyError, AppendOnlyQuerySet
from leads.models.lead import Lead
from leads.prepared_rows import PreparedModel


class ContactPoint(PreparedModel):
    """One phone number (E.164) or mail address (lower case), once.

    Consent and suppression hang on it, so that they outlive leads, imports
    and merges. Its row is the lock for everything said to or by the address.
    """

    class Kind(models.TextChoices):
        PHONE = "phone", "Phone"
        EMAIL = "email", "Email"

    kind = models.CharField(max_length=8, choices=Kind)
    value = models.CharField(max_length=254)
    region = models.CharField(max_length=2, blank=True)
    textable = models.BooleanField(default=True)
    # The simulator's people live apart: their STOP must not stop a real number.
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value", "simulated"], name="one_contact_point"
            )
        ]

    def __str__(self) -> str:
        return self.value


class LeadContact(PreparedModel):
    """That an address belongs to a lead, and how we know."""

    class Known(models.TextChoices):
        WROTE = "wrote", "wrote from it"
        PERSON = "person", "entered by a person"
        IMPORT = "import", "imported"
        FORM = "form", "left in a form"
        PROPOSAL = "proposal", "only mentioned"

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="contacts")
    contact_point = models.ForeignKey(
        ContactPoint, on_delete=models.CASCADE, related_name="lead_contacts"
    )
    known_by = models.CharField(max_length=10, choices=Known, default=Known.WROTE)
    primary = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "contact_point"], name="one_lead_contact"
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact_point} of {self.lead_id}"


class ConsentQuerySet(AppendOnlyQuerySet["Consent"]):
    """Statements of consent: added and read, never changed."""

    def erase(self, points: Iterable[ContactPoint]) -> int:
        """Delete all statements of these addresses; count them.

        Only when a person is erased, or one that was invented is removed: proof is not
        kept against those whose words it holds.
        """
        rows = ConsentQuerySet(self.model, using=self.db)
        return rows.filter(contact_point__in=points)._erase()


class Consent(PreparedModel):
    """One statement of consent or of its withdrawal. Append-only."""

    class Basis(models.TextChoices):
        INBOUND = "inbound", "wrote to us first"
        FORM = "form", "ticked a form"
        VERBAL = "verbal", "said so to a person"
        WRITTEN = "written", "agreed in writing"
        CUSTOMER = "customer", "existing customer"
        IMPORTED = "imported", "imported with proof"

    contact_point = models.ForeignKey(
        ContactPoint, on_delete=models.PROTECT, related_name="consents"
    )
    channel = models.CharField(max_length=8)  # sms | email
    given = models.BooleanField()
    basis = models.CharField(max_length=10, choices=Basis)
    wording = models.TextField(blank=True)
    # Which edition of our own words was agreed to, "" for the lead's own.
    wording_version = models.CharField(
        max_length=40, blank=True, default="", db_default=""
    )
    source = models.CharField(max_length=200, blank=True)
    # Where it can be looked up: "message <public id>", a file and its line, a form.
    evidence = models.CharField(max_length=300, blank=True, default="", db_default="")
    ip = models.GenericIPAddressField(null=True, blank=True)
    actor = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()

    objects = ConsentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["contact_point", "channel", "-occurred_at"])]

    @property
    def grounds(self) -> str:
        """What it rests on, in words; of a withdrawal, how it was said."""
        if not self.given and self.basis == self.Basis.INBOUND:
            return "in their own words"
        return str(self.get_basis_display())

    def __str__(self) -> str:
        word = "given" if self.given else "withdrawn"
        return f"{self.channel} {word}: {self.get_basis_display()}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Insert; refuse to change what was once said."""
        if self.pk is not None:
            raise AppendOnlyError("consent is append-only: record a new statement")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse: proof of consent is never deleted by hand."""
        raise AppendOnlyError("consent is append-only")


class Suppression(models.Model):
    """An address that must not be written to on a channel, until lifted."""

    class Reason(models.TextChoices):
        STOP = "stop", "asked to stop"
        CARRIER = "carrier", "the carrier reports an opt-out"
        BOUNCE = "bounce", "mail bounced"
        COMPLAINT = "complaint", "complained"
        MANUAL = "manual", "set by a person"
        LIST = "list", "on the old opt-out list"

    contact_point = models.ForeignKey(
        ContactPoint, on_delete=models.PROTECT, related_name="suppressions"
    )
    channel = models.CharField(max_length=8)  # sms | email
    reason = models.CharField(max_length=10, choices=Reason)
    words = models.TextField(blank=True)
    # Where it came from: "message <public id>", "list <public id>, line 7", "api".
    source = models.CharField(max_length=200, blank=True, default="", db_default="")
    actor = models.CharField(max_length=80)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_why = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contact_point", "channel"],
                condition=models.Q(lifted_at=None),
                name="one_active_suppression",
            )
        ]

    def __str__(self) -> str:
        return f"{self.contact_point} {self.channel}: {self.get_reason_display()}"

    @property
    def verb(self) -> str:
        """What the address did, for a sentence: "opted out", unless mail told it."""
        told = {self.Reason.BOUNCE: "bounced", self.Reason.COMPLAINT: "complained"}
        return told.get(self.Reason(self.reason), "opted out")
