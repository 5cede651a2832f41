"""One turn as the rules of the policy see it: a situation, read once."""

from dataclasses import dataclass
from functools import cached_property

from messaging.agent.asking import Known, read_known, states_price
from messaging.agent.cues import (
    Answers,
    asks_discount,
    asks_price,
    call_times,
    ever_said,
    gives_orders,
    is_bare,
    times_asked,
    we_said,
)
from messaging.agent.disclosure import asks_if_ai
from messaging.agent.discounts import Wish, read_wish
from messaging.agent.model import CALL_TIME, Situation

COURTESY = ("thanks", "confirm")
_MOST_ASKED = 2
_FEW_WORDS = 4
_CLOCKS = ("minute", "hour", "part_of_day")
_PARTED = ("close", "apologise", "no_rush")


@dataclass(frozen=True)
class Turn:
    """A situation with what the rules need to know of it, read once."""

    at: Situation

    @cached_property
    def known(self) -> Known:
        """What of it the company's published words answer."""
        return read_known(self.at)

    @property
    def answers(self) -> Answers:
        """What is asked of the profile, and whether it is there."""
        return self.known.profile

    @cached_property
    def wish(self) -> Wish | None:
        """The discount it wishes for, None for none."""
        return read_wish(self.at)

    @cached_property
    def priced(self) -> bool:
        """Whether the price it asks for is stated somewhere."""
        stated = any(states_price(one) for one in self.known.passages)
        return not asks_price(self.at) or stated or "price" in self.answers.given

    @cached_property
    def orders(self) -> bool:
        """Whether it tries to give the assistant orders."""
        return gives_orders(self.at.message)

    @cached_property
    def asks_ai(self) -> bool:
        """Whether it asks if a machine writes."""
        return "are_you_ai" in self.at.topics or asks_if_ai(self.at.message)

    @cached_property
    def asks(self) -> bool:
        """Whether it is a question and not the answer to ours."""
        return self.at.intent == "question" and not self.told

    @cached_property
    def told(self) -> bool:
        """Whether it answers our last question, and does no more than that."""
        return self.at.asked in self.at.new_facts and "?" not in self.at.message

    @cached_property
    def tells(self) -> bool:
        """Whether "my boss decides" or "no budget yet" informs rather than objects."""
        new = {"authority", "budget"} & set(self.at.new_facts)
        return bool(new) and not self.has("price")

    @cached_property
    def proposes(self) -> bool:
        """Whether a text is hardly more than a time: "Tuesday morning?"."""
        short = len(self.at.message.split()) <= _FEW_WORDS
        exact = any(when.grain in _CLOCKS for when in self.at.when)
        return exact and short

    @cached_property
    def parted(self) -> bool:
        """Whether we have said goodbye and nothing new came up since."""
        fresh = self.at.new_facts or self.at.intent in ("interested", "meeting")
        said = we_said(self.at, *_PARTED) or ever_said(self.at, "apologise")
        return said and not fresh and not self.has("call_me", "demo", "price")

    @cached_property
    def discount(self) -> bool:
        """Whether it wants a discount."""
        return asks_discount(self.at)

    @cached_property
    def bare(self) -> bool:
        """Whether it is a few words that tell nothing."""
        fresh = self.at.new_facts or self.at.when
        return not fresh and is_bare(self.at.message)

    @cached_property
    def times(self) -> bool:
        """Whether the lead named a time that a call could have."""
        return bool(call_times(self.at))

    @cached_property
    def unanswered(self) -> str:
        """The field of our last question while it is open and was asked only once."""
        open_now = (one for one in self.at.missing if one.field == self.at.asked)
        return next(
            (
                one.field
                for one in open_now
                if times_asked(self.at, one.field, one.wording) < _MOST_ASKED
            ),
            "",
        )

    @cached_property
    def next_field(self) -> str:
        """The open question to ask: one not asked yet first, none more than twice."""
        if self.parted:
            return ""
        counted = [
            (times_asked(self.at, one.field, one.wording), one.field)
            for one in self.at.missing
        ]
        if self.bare and self.at.intent in COURTESY and self.at.asked != CALL_TIME:
            # "ok" answers no open question: the same one again, in other words.
            same = [f for count, f in counted if f == self.at.asked and count == 1]
            if same:
                return same[0]
        fresh = [field for count, field in counted if count == 0]
        again = [field for count, field in counted if 0 < count < _MOST_ASKED]
        return next(iter(fresh + again), "")

    def has(self, *topics: str) -> bool:
        """Whether any of the topics is touched."""
        return not set(topics).isdisjoint(self.at.topics)
