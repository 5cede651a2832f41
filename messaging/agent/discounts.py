"""Whether a wish for a discount is within what an offer allows."""

from dataclasses import dataclass

from messaging.agent.asking import offers_in, percentages, suits
from messaging.agent.cues import asks_discount
from messaging.agent.knowledge import SURE
from messaging.agent.model import Passage, Situation

UNKNOWN = "Discount not in the company profile"


@dataclass(frozen=True, slots=True)
class Wish:
    """A wish for a discount: what may be told of it, or in `reason` why nothing may.

    `percent` is the highest that was asked for, 0 where no figure was named. Without
    an `offer` and a reason, an article answers.
    """

    offer: Passage | None = None
    percent: float = 0
    reason: str = ""


def read_wish(situation: Situation) -> Wish | None:
    """How a wish for a discount stands; None where none is wished for."""
    if not asks_discount(situation):
        return None
    if any(one.sure >= SURE and suits(one, situation) for one in situation.knowledge):
        return Wish()
    percent = max(percentages(situation.message), default=0.0)
    offers = offers_in(situation.knowledge)
    sure = [offer for offer in offers if offer.sure >= SURE]
    if not offers:
        return Wish(percent=percent, reason=UNKNOWN)
    offer = (sure or list(offers))[0]
    limit = offer.discount_limit
    if percent > limit:
        over = f"'{percent:g} %' is over the limit of {offer.title} ({limit} %)"
        return Wish(percent=percent, reason=f"{over}; a manager has to decide")
    if not sure:
        reason = "It is not clear which offer the discount is for"
    elif not limit:
        reason = f"{offer.title} allows no discount"
    elif not percent and not offer.conditions:
        reason = f"{offer.title} does not say when there is a discount"
    else:
        return Wish(offer, percent)
    return Wish(percent=percent, reason=reason)
