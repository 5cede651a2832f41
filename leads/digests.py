"""An address that was erased is known again when it comes back, by a keyed hash.

The key is made of SECRET_KEY; what an older key made is recognised for as long as it is
among SECRET_KEY_FALLBACKS.
"""

from django.conf import settings
from django.utils.crypto import salted_hmac

from leads import consent
from leads.models import ContactPoint, Suppression, SuppressionDigest
from leads.prepared import Select

SALT = "leads.opt_outs.digest"
CAME_BACK = "an erased address came back"


def digest_of(kind: str, value: str, *, secret: str | None = None) -> str:
    """The keyed hash of an address, 64 hexadecimal characters."""
    made = salted_hmac(SALT, f"{kind}:{value}", secret=secret, algorithm="sha256")
    return made.hexdigest()


def remember_erased(point: ContactPoint) -> int:
    """Keep that the address must not be written to, without the address; how many
    channels that is. The caller erases it in the same transaction.
    """
    if point.simulated:
        return 0
    digest = digest_of(point.kind, point.value)
    standing = Suppression.objects.filter(contact_point=point, lifted_at=None)
    for row in standing:
        SuppressionDigest.objects.get_or_create(
            digest=digest,
            channel=row.channel,
            defaults={"reason": row.reason, "since": row.since},
        )
    return len(standing)


def recall(point: ContactPoint) -> None:
    """Close a new address again that was closed before it was erased.

    Asked for new addresses only, in the transaction that makes them: one look by each
    key there is.
    """
    if point.simulated:
        return
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        digest = digest_of(point.kind, point.value, secret=secret)
        for row in _kept.all(digest=digest):
            consent.suppress(
                contact_point=point,
                channel=row.channel,
                reason=row.reason,
                words="",
                actor="system",
                at=row.since,
                source=CAME_BACK,
            )
            # The suppression says it from here on, and may be lifted by its rules.
            SuppressionDigest.objects.filter(pk=row.pk).delete()


_kept: Select[SuppressionDigest] = Select(
    lambda place: SuppressionDigest.objects.filter(digest=place("digest"))
)
