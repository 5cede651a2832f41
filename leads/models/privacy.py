"""What a person may ask of us, and what we may keep."""

import uuid

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from leads.models.append_only import AppendOnlyError, AppendOnlyQuerySet
from leads.models.lead import Lead
from leads.models.work import Job


class OptOutListQuerySet(AppendOnlyQuerySet["OptOutList"]):
    """Signed lists: added and read, never changed."""

    def strike(self, row: "OptOutList", *, refused: list[object]) -> None:
        """Write a list anew with fewer refused lines, all else as it was.

        Only when a person is erased: a line that could not be read may hold an address.
        """
        rows = OptOutListQuerySet(self.model, using=self.db)
        with transaction.atomic():
            rows.filter(pk=row.pk)._erase()
            row.refused = refused
            rows.bulk_create([row])


class OptOutList(models.Model):
    """The opt-outs of the system one comes from, or that there are none. Append-only.

    Until there is one for a kind of channel, nothing real is sent on it.
    `signed_name` is what the person typed; `refused` are the lines that could not be
    read, as [line number, text, why].
    """

    class How(models.TextChoices):
        IMPORTED = "imported", "the old list was imported"
        NONE = "none", "there is no old list"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(max_length=8)  # sms | email
    how = models.CharField(max_length=8, choices=How)
    signed_name = models.CharField(max_length=120, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    file_digest = models.CharField(max_length=64, blank=True)
    rows = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list, blank=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()

    objects = OptOutListQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        verbose_name = "old opt-out list"

    def __str__(self) -> str:
        return f"{self.channel}: {self.get_how_display()}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Insert; refuse to change what was once signed."""
        if self.pk is not None:
            raise AppendOnlyError("what was signed is not changed: sign again")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse: it is the proof that sending was unlocked by somebody."""
        raise AppendOnlyError("what was signed is not deleted")


class SuppressionDigest(models.Model):
    """That an address which was erased must not be written to.

    `digest` is the keyed hash of kind and address: it recognises the address when it
    comes back and tells nothing else. Hexadecimal, 64 characters.
    """

    digest = models.CharField(max_length=64)
    channel = models.CharField(max_length=8)  # sms | email
    reason = models.CharField(max_length=10)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["digest", "channel"], name="one_suppression_digest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.digest[:8]}…"


class PrivacyRequest(models.Model):
    """One person's data given out, or erased: who asked, what was done, what stays.

    After an erasure the lead is gone; `lead_public_id` and the report remain, without
    a name or an address.
    """

    class Kind(models.TextChoices):
        EXPORT = "export", "Export"
        ERASE = "erase", "Erase"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    lead = models.ForeignKey(
        Lead, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    lead_public_id = models.UUIDField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    reason = models.CharField(max_length=300, blank=True)
    job = models.ForeignKey(
        Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    done_at = models.DateTimeField(null=True, blank=True)
    # Of an export: the file, until it expires. In private storage.
    path = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # Of an erasure: {"erased": {what: count}, "kept": [{"what", "why", "until"}]}.
    report = models.JSONField(default=dict, blank=True)
    # Who else was told: [{"to", "state", "words", "at"}].
    notices = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.created_at:%Y-%m-%d}"


class RetentionRule(models.Model):
    """How many days one class of data is kept; None is for ever."""

    data_class = models.CharField(max_length=40, unique=True)
    days = models.PositiveIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_by = models.CharField(max_length=80, blank=True, editable=False)

    class Meta:
        ordering = ["data_class"]

    def __str__(self) -> str:
        return f"{self.data_class}: {self.days or 'for ever'}"
