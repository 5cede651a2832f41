"""What the company says of itself."""

from django.db import models

from leads.kept import Kept


class Profile(models.Model):
    """The company profile: the one source of facts that may leave. One row."""

    name = models.CharField("company name", max_length=120, default="Our company")
    sells = models.TextField("what we sell", blank=True)
    website = models.URLField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    email = models.EmailField(blank=True)
    postal_address = models.CharField(max_length=300, blank=True)
    hours = models.CharField("opening hours", max_length=200, blank=True)
    tone = models.CharField(
        max_length=12,
        choices=[("friendly", "Friendly"), ("formal", "Formal"), ("brief", "Brief")],
        default="friendly",
    )
    # {"en": "I am {company}'s AI assistant.", …}; empty: the built-in words.
    disclosure = models.JSONField(default=dict, blank=True)
    assistant_name = models.CharField(max_length=40, blank=True)
    booking_url = models.URLField(blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="USD")
    demo = models.BooleanField(default=False, editable=False)
    updated_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "company profile"
        verbose_name_plural = "company profile"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Profile":
        """Return the installation's profile; make the empty one once.

        For reading: it may be some seconds old, see `leads.kept`.
        """
        return _current()

    @classmethod
    def to_edit(cls) -> "Profile":
        """Return the profile fresh, for a form that changes it."""
        return cls.objects.get(pk=cls.current().pk)


def _read_profile() -> Profile:
    profile = Profile.objects.order_by("pk").first()
    return profile or Profile.objects.get_or_create(pk=1)[0]


_current = Kept(_read_profile, Profile)
