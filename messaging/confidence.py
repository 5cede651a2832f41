"""How surely an answer may leave: the plan's own confidence, corrected by what
people did with the drafts before it.

Each subject (the lead's intent; questions about a price apart) has its own count of
drafts that a person decided on. The plan's confidence c is worth `PRIOR` such drafts,
as a Beta(PRIOR·c, PRIOR·(1 − c)) prior. After n decisions, s of which were good, the
value is the mean of the posterior, (PRIOR·c + s) / (PRIOR + n): with nothing decided
it is c, and after some fifty decisions it is what people do (the m-estimate: Cestnik
1990, "Estimating probabilities"; Gelman et al., "Bayesian Data Analysis", 2.4).

There are two values, for two questions. May it be sent: only a draft that went out as
written is good. Is it worth drafting: one that was edited is good as well. Both rise
with c and with every good decision, fall with every other, and stay within 0 and 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from leads import clock
from leads.kept import Kept
from leads.models import Policy
from messaging.models import Message

PRIOR = 10
"""How many decided drafts the plan's own confidence is worth."""
LOOKED_AT = 200
DAYS = 90
REFRESH_SECONDS = 60.0
# More than these are never read at once, however many people decide.
MOST_READ = 5_000
DECISIONS = ("as_written", "edited", "discarded")

PRICE = "question:price"
SUBJECTS: dict[str, str] = {
    PRICE: "price questions",
    "question": "questions",
    "interested": "leads who are interested",
    "not_interested": "leads who are not interested",
    "objection": "objections",
    "meeting": "wishes to meet",
    "confirm": "leads who agree",
    "deny": "leads who decline",
    "thanks": "thanks",
    "out_of_office": "absence notices",
    "wrong_person": "wrong addressees",
    "person_requested": "leads who want a person",
    "complaint": "complaints",
    "opt_out": "opt-outs",
    "opt_in": "opt-ins",
    "help": "calls for help",
    "spam": "spam",
    "other": "other messages",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """What people did with drafts of one subject."""

    as_written: int = 0
    edited: int = 0
    discarded: int = 0

    @property
    def all(self) -> int:
        """How many drafts were decided on."""
        return self.as_written + self.edited + self.discarded

    def __add__(self, other: "Decided") -> "Decided":
        return Decided(
            self.as_written + other.as_written,
            self.edited + other.edited,
            self.discarded + other.discarded,
        )


@dataclass(frozen=True, slots=True)
class Sureness:
    """How surely an answer may leave, and from what that is known.

    `value`, 0 to 1, is how likely it would go out as written, `useful` how likely it
    would go out at all, edited or not. `plan` is the confidence before any decision.
    """

    value: float
    useful: float
    plan: float
    subject: str
    as_written: int = 0
    edited: int = 0
    discarded: int = 0

    @property
    def decided(self) -> int:
        """How many drafts of this subject people decided on."""
        return self.as_written + self.edited + self.discarded

    @property
    def percent(self) -> int:
        """`value` as people read it; thresholds are held to this number."""
        return round(self.value * 100)

    @property
    def percent_useful(self) -> int:
        """`useful` as people read it."""
        return round(self.useful * 100)

    @property
    def words(self) -> str:
        """Such as "38 % for price questions (3 of 9 went out as written)"."""
        known = f"{self.as_written} of {self.decided} went out as written"
        if not self.decided:
            known = "nobody decided on one yet"
        return f"{self.percent} % for {subject_words(self.subject)} ({known})"

    @property
    def words_useless(self) -> str:
        """The same, said of drafts that people threw away."""
        known = f"{self.discarded} of {self.decided} drafts were discarded"
        if not self.decided:
            known = "nobody decided on one yet"
        return f"{self.percent_useful} % for {subject_words(self.subject)} ({known})"

    def may_send(self, rules: Policy) -> bool:
        """Whether it is sure enough to leave by itself."""
        return self.percent >= rules.sure_to_send

    def may_draft(self, rules: Policy) -> bool:
        """Whether a draft of it is worth a person's time."""
        return self.percent_useful >= rules.sure_to_draft

    def as_json(self, rules: Policy) -> dict[str, Any]:
        """As kept on the turn: the values, the counts, the words and the limits."""
        return {
            **asdict(self),
            "value": round(self.value, 4),
            "useful": round(self.useful, 4),
            "decided": self.decided,
            "words": self.words,
            "to_send": rules.sure_to_send,
            "to_draft": rules.sure_to_draft,
        }


def how_sure(
    *,
    intent: str,
    plan_confidence: float,
    passage_sure: float | None = None,
    topics: Iterable[str] = (),
    simulated: bool = False,
) -> Sureness:
    """Return how surely an answer to this intent may leave.

    `passage_sure` is how surely the passage it rests on answers the question; the
    answer is no surer than that. Decisions on simulated leads count for simulated
    leads only, those on demo leads for nobody. Asks the database once a minute.
    """
    subject = subject_of(intent, topics)
    seen = decisions()
    decided = seen.get((False, subject), Decided())
    if simulated:
        decided += seen.get((True, subject), Decided())
    return sureness_from(
        subject=subject,
        decided=decided,
        plan_confidence=plan_confidence,
        passage_sure=passage_sure,
    )


def sureness_from(
    *,
    subject: str,
    decided: Decided,
    plan_confidence: float,
    passage_sure: float | None = None,
) -> Sureness:
    """Blend the plan's confidence with what was decided. Pure."""
    weakest = plan_confidence if passage_sure is None else passage_sure
    centre = max(0.0, min(1.0, plan_confidence, weakest))
    return Sureness(
        value=posterior(centre, good=decided.as_written, of=decided.all),
        useful=posterior(
            centre, good=decided.as_written + decided.edited, of=decided.all
        ),
        plan=centre,
        subject=subject,
        **asdict(decided),
    )


def posterior(centre: float, *, good: int, of: int) -> float:
    """The mean of Beta(PRIOR·centre + good, PRIOR·(1 − centre) + of − good)."""
    return (PRIOR * centre + good) / (PRIOR + of)


def subject_of(intent: str, topics: Iterable[str] = ()) -> str:
    """Return what drafts are counted by: the intent, price questions apart."""
    return PRICE if intent == "question" and "price" in topics else intent or "other"


def subject_words(subject: str) -> str:
    """Return the subject as part of a sentence, such as "price questions"."""
    return SUBJECTS.get(subject, subject.replace("_", " "))


def _read() -> Mapping[tuple[bool, str], Decided]:
    """The newest decisions by (simulated, subject), at most `LOOKED_AT` of each."""
    since = clock.now() - timedelta(days=DAYS)
    rows = (
        Message.objects.filter(
            direction=Message.Direction.OUTBOUND,
            details__decision__in=DECISIONS,
            turn__isnull=False,
            created_at__gte=since,
        )
        .exclude(conversation__lead__demo=True)
        .order_by("-pk")
        .values_list(
            "simulated", "turn__intent", "turn__understood__topics", "details__decision"
        )
    )
    counts: dict[tuple[bool, str], dict[str, int]] = {}
    for simulated, intent, topics, decision in rows[:MOST_READ]:
        key = (simulated, subject_of(intent, topics or ()))
        count = counts.setdefault(key, dict.fromkeys(DECISIONS, 0))
        if sum(count.values()) < LOOKED_AT:
            count[decision] += 1
    return {key: Decided(**count) for key, count in counts.items()}


decisions = Kept(_read, seconds=REFRESH_SECONDS)
"""What people decided, by (simulated, subject); read at most a minute ago."""
