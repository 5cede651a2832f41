"""What the company says: articles and offers, and the words they are found by."""

import uuid

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone

from leads.models import AppendOnlyError


class Article(models.Model):
    """A question that leads ask, and the company's answer to it.

    `title` and `body` are what people write on; only `published` is ever said. While
    they differ the article is being changed, and answers that rest on it are drafts.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    title = models.CharField("question", max_length=200)
    body = models.TextField("answer", max_length=8_000)
    language = models.CharField(max_length=8, default="en")
    valid_until = models.DateField(null=True, blank=True)
    published = models.OneToOneField(
        "messaging.ArticleRevision",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    demo = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("title",)

    def __str__(self) -> str:
        return self.title

    @property
    def is_changing(self) -> bool:
        """Whether somebody has written on it since it was published."""
        said = self.published
        if said is None or self.retired_at is not None:
            return False
        mine = (self.title, self.body, self.language, self.valid_until)
        return mine != (said.title, said.body, said.language, said.valid_until)


class ArticleRevision(models.Model):
    """An article as it was published. Never changes."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="revisions"
    )
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    body = models.TextField()
    language = models.CharField(max_length=8)
    valid_until = models.DateField(null=True, blank=True)
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.CharField(max_length=80)

    class Meta:
        ordering = ("-number",)
        constraints = [
            models.UniqueConstraint(fields=["article", "number"], name="one_revision")
        ]

    def __str__(self) -> str:
        return f"{self.title} (version {self.number})"

    def save(self, *args: object, **kwargs: object) -> None:
        """Insert; refuse to change what was once said in the company's name."""
        if self.pk is not None:
            raise AppendOnlyError("a version never changes: publish another one")
        super().save(*args, **kwargs)

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        """Refuse: answers that were sent rest on it."""
        raise AppendOnlyError("a version goes only with its article")


class Phrasing(models.Model):
    """Another way to ask for an article, in a lead's or a person's words."""

    article = models.ForeignKey(
        Article, on_delete=models.CASCADE, related_name="phrasings"
    )
    text = models.CharField(max_length=300)
    # "person" wrote it; "lead" asked it, and a person confirmed the answer.
    origin = models.CharField(max_length=8, default="person", editable=False)
    created_by = models.CharField(max_length=80, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["article", "text"], name="one_phrasing")
        ]

    def __str__(self) -> str:
        return self.text


class Offer(models.Model):
    """Something with a price, and how far a reply may go below it.

    `price` is in the minor unit of `currency`, None where there is no fixed one.
    `discount_limit` is the highest percentage that may be promised without asking;
    only members of `may_exceed` may approve more.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2_000, blank=True)
    price = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    # What the price is for: "seat and month", "day"; empty for the whole.
    unit = models.CharField(max_length=60, blank=True)
    discount_limit = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(100)]
    )
    conditions = models.CharField(max_length=300, blank=True)
    may_exceed = models.ManyToManyField(Group, blank=True, related_name="+")
    language = models.CharField(max_length=8, default="en")
    valid_until = models.DateField(null=True, blank=True)
    active = models.BooleanField(default=True)
    demo = models.BooleanField(default=False, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class KnowledgeEntry(models.Model):
    """One piece of published words as retrieval reads it; made anew at publishing.

    `words` are the stems of `text`, parted by blanks, so that every database finds
    the same; `text` is folded, for what is misspelt.
    """

    class Part(models.TextChoices):
        TITLE = "title", "the question"
        PHRASING = "phrasing", "another phrasing"
        BODY = "body", "the answer"

    article = models.ForeignKey(
        Article, null=True, on_delete=models.CASCADE, related_name="entries"
    )
    offer = models.ForeignKey(
        Offer, null=True, on_delete=models.CASCADE, related_name="entries"
    )
    part = models.CharField(max_length=8, choices=Part)
    language = models.CharField(max_length=8)
    text = models.TextField()
    words = models.TextField()
    # The last day of what it is part of, so that a search need not look further.
    valid_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "knowledge entries"

    def __str__(self) -> str:
        return f"{self.part}: {self.text[:60]}"


class KnowledgeImport(models.Model):
    """A page or a CSV file that somebody brought, as it came, and what became of it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL
    )
    name = models.CharField(max_length=200)
    content = models.TextField()
    # [{"line", "title", "state": made|changed|same|refused, "words"}]
    outcome = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name
