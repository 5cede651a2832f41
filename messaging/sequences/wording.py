"""The words of a step for one lead, the same in a preview and when they are sent."""

from dataclasses import dataclass

from messaging import templating
from messaging.models import Conversation
from messaging.models.sequence import StepVariant


@dataclass(frozen=True)
class StepWords:
    """A step's words, filled in. `missing` are marks of the body that nothing is known
    for; a subject with one is left out.
    """

    subject: str
    body: str
    missing: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why a person has to complete them, "" when they may go."""
        return f"Fill in {' and '.join(self.missing)} first" if self.missing else ""


def words_for(variant: StepVariant, conversation: Conversation) -> StepWords:
    """Fill a wording in: whoever owns the lead is who sends it."""
    if "{{" not in variant.subject + variant.body:
        return StepWords(variant.subject, variant.body)
    lead = conversation.lead
    owner = lead.owner if lead is not None else None
    values = templating.values_for(conversation=conversation, user=owner)
    subject = templating.render(variant.subject, values=values).text
    body = templating.render(variant.body, values=values).text
    if templating.marks_in(subject):
        subject = ""  # the mail gets its thread's own, or the house's
    return StepWords(subject, body, tuple(templating.marks_in(body)))
