"""A language model that answers price questions with a discount of its own."""

from messaging.agent.costs import UNMETERED, Meter, Usage
from messaging.agent.model import Claim, Plan, Proposal, Situation
from messaging.agent.passages import price_line, words_of

CUT = "With 10% off you are in good hands."


class HedgingModel:
    """Says what the first passage says of the price, and that there is a discount."""

    name = "hedging"
    author = "ai"

    def is_configured(self) -> bool:
        """Always."""
        return True

    def write(
        self, situation: Situation, plan: Plan, meter: Meter = UNMETERED
    ) -> Proposal:
        """The price with its source, the discount without one, and a question."""
        priced = [one for one in situation.knowledge if one.price is not None]
        first = "A seat is 29 USD per month." if priced else ""
        claims = [
            Claim(first, one.source, price_line(one))
            for one in priced[:1]
            if price_line(one) in words_of(one)
        ]
        body = " ".join(
            words for words in (first, CUT, "When may we call you?") if words
        )
        return Proposal(
            body=body,
            sources=tuple(claim.source for claim in claims),
            confidence=0.9,
            usage=Usage(input=900, output=40, micro=4000),
            model="hedging-1",
            prompt_version="reply-2",
            claims=tuple(claims),
            instructions="Answer only from what is published.",
            prompt=situation.message,
            answer=body,
        )
