"""What a mail has beyond its words, and prepared answers."""

from django.db import models

from leads.models import Team
from leads.prepared_rows import PreparedModel
from messaging.models.conversation import Message
from messaging.models.querysets import TemplateQuerySet


class Mail(PreparedModel):
    """The mail side of one message, in or out: ids, original, HTML, who wrote it.

    `message.body` is what its writer wrote now; `original` is all of it. Ids are
    without brackets. The Message-ID of ours is set when it is queued, so that it is
    the same on every road.
    """

    message = models.OneToOneField(
        Message, on_delete=models.CASCADE, related_name="mail"
    )
    header_id = models.CharField(
        "Message-ID", max_length=300, blank=True, db_index=True
    )
    in_reply_to = models.CharField(max_length=300, blank=True)
    references = models.JSONField(default=list, blank=True)
    # [address, …] in lower case, of To and Cc.
    recipients = models.JSONField(default=list, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    original = models.TextField(blank=True)
    # As it came: only `messaging.mail.html.sanitise` makes it fit to show.
    html = models.TextField(blank=True)
    headers = models.JSONField(default=list, blank=True)
    # A `MachineKind`, or "" when a person wrote it, and how we know.
    machine = models.CharField(max_length=20, blank=True)
    machine_words = models.CharField(max_length=300, blank=True)
    returns_at = models.DateTimeField(null=True, blank=True)
    defects = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name_plural = "mail"

    def __str__(self) -> str:
        return f"mail {self.header_id or self.pk}"


class Template(models.Model):
    """A prepared answer that a person puts into the composer, with `{{ names }}`.

    Without a team it is everybody's; without a kind it suits texts and mail.
    """

    class Kind(models.TextChoices):
        ANY = "", "Texts and mail"
        SMS = "sms", "Texts"
        EMAIL = "email", "Mail"

    name = models.CharField(max_length=80)
    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="templates",
        help_text="Nobody chosen: everybody may use it.",
    )
    kind = models.CharField(max_length=8, choices=Kind, blank=True, default="")
    language = models.CharField(max_length=8, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    body = models.TextField()
    active = models.BooleanField(default=True)
    used = models.PositiveIntegerField(default=0, editable=False)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "prepared answer"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"], name="one_template_name_in_a_team"
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(team=None),
                name="one_template_name_for_all",
            ),
        ]

    def __str__(self) -> str:
        return self.name
