"""Published passages for the tests of the agent: an invented company's, in words of
five languages.
"""

from typing import Any

from messaging.agent.model import Passage

_NEXT = iter(range(1, 10_000))


def article(title: str, text: str, **changes: Any) -> Passage:
    """An article that surely answers, in English."""
    told = {"language": "en", "sure": 0.9, "source": f"article.{next(_NEXT)}"}
    return Passage(title=title, text=text, **{**told, **changes})


def offer(name: str = "Team plan", text: str = "", **changes: Any) -> Passage:
    """An offer at 29 USD per seat and month that surely answers."""
    told: dict[str, Any] = {
        "source": f"offer.{next(_NEXT)}",
        "language": "en",
        "sure": 0.9,
        "price": 2900,
        "currency": "USD",
        "unit": "seat and month",
    }
    return Passage(title=name, text=text, **{**told, **changes})


SHIPPING = article(
    "Do you ship to Canada?",
    "Yes, we ship to all provinces of Canada. Delivery takes 7 to 10 working days."
    " Our own vans only drive in California.",
)
RETURNS = article(
    "How can I return a desk?",
    "You can return a desk within 30 days. This does not apply to desks made to"
    " measure. Write to us and we send you a label.",
)
CONTRACT = article(
    "How long does the contract run?",
    "The contract runs for 12 months. You can cancel with one month's notice.",
)
COSTS = article(
    "What does assembly cost?",
    "Assembly costs $49 per desk. We take the packaging away.",
)
DISCOUNTS = article(
    "Is there a discount for schools?",
    "Schools get a 15% discount on every desk.",
)
SHIPPING_DE = article(
    "Liefern Sie nach Österreich?",
    "Ja, wir liefern auch nach Österreich. Die Lieferung dauert 7 bis 10 Werktage.",
    language="de",
)
