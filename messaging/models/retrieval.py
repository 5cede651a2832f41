"""What retrieval knows besides the entries: the words there are, and vectors."""

from django.db import models


class KnowledgeTerm(models.Model):
    """A stem that stands in articles and offers, and in how many of them.

    Tells how rare a word is, and which word a misspelt one may stand for.
    """

    word = models.CharField(max_length=40, unique=True)
    # Whoever takes a word out counts down; rows of none stay.
    documents = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.word


class KnowledgeVector(models.Model):
    """An embedding of what is published of an article or an offer.

    `vector` is little-endian float32, of length 1; `digest` names the text it was
    made of.
    """

    article = models.ForeignKey(
        "messaging.Article", null=True, on_delete=models.CASCADE, related_name="vectors"
    )
    offer = models.ForeignKey(
        "messaging.Offer", null=True, on_delete=models.CASCADE, related_name="vectors"
    )
    model = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    vector = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["article", "model"], name="one_vector_an_article"
            ),
            models.UniqueConstraint(
                fields=["offer", "model"], name="one_vector_an_offer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.article or self.offer}"
