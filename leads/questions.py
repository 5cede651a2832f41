"""What is still to be asked of a lead, in the lead's language."""

from collections.abc import Mapping
from dataclasses import dataclass

from leads.kept import Kept
from leads.models import Fact, Lead, Question, QuestionSet
from leads.scorebook import current_facts

# What may become a fact besides the fields of the question sets.
FIELDS = frozenset(
    {
        "authority",
        "budget",
        "company",
        "competitor",
        "contact_preference",
        "current_solution",
        "email",
        "location",
        "name",
        "need",
        "phone",
        "quantity",
        "role",
        "time_zone",
        "timeline",
        "urgency",
        "website",
    }
)


@dataclass(frozen=True)
class MissingQuestion:
    """One thing to ask, worded in the lead's language where we have it."""

    field: str
    label: str
    wording: str


def _read_questions() -> list[Question]:
    rows = Question.objects.filter(question_set__active=True)
    return list(rows.order_by("question_set__position", "position", "pk"))


questions = Kept(_read_questions, Question, QuestionSet)


def missing_questions(
    lead: Lead, *, language: str, facts: Mapping[str, Fact] | None = None
) -> list[MissingQuestion]:
    """Return what is still to be asked, in order, in the lead's language.

    `facts` are the current ones when the caller has read them already.
    """
    answered = (
        {fact.field: fact for fact in current_facts(lead)} if facts is None else facts
    )
    open_questions: dict[str, MissingQuestion] = {}
    for question in questions():
        if question.field not in answered:
            open_questions.setdefault(
                question.field,
                MissingQuestion(
                    field=question.field,
                    label=question.label,
                    wording=_wording(question, language),
                ),
            )
    return list(open_questions.values())


def _wording(question: Question, language: str) -> str:
    """The wording in `language`, its base language, English, or the label."""
    tags = (language.lower(), language.lower().partition("-")[0], "en")
    found = (question.wording.get(tag) for tag in tags)
    return next((str(words) for words in found if words), question.label)
