"""An address opened again by a person: only by one who sees all whose it is."""

from django.db import transaction

from leads import access, claims, opt_outs
from leads.compliance.reads import shared_unseen
from leads.models import Suppression

UNSEEN = (
    "It is also the address of a lead that you do not see: somebody who sees all of "
    "them opens it again"
)


@transaction.atomic
def lift(*, suppression: Suppression, user: access.Viewer, why: str) -> None:
    """Open an address again, as `opt_outs.lift` does. Raises NotPossible."""
    claims.lock_contact_point(suppression.contact_point_id)
    if shared_unseen([suppression.contact_point_id], user):
        raise opt_outs.NotPossible(UNSEEN)
    opt_outs.lift(suppression=suppression, actor=f"user:{user.pk}", why=why)
