"""The form of the run-time settings."""

from typing import TYPE_CHECKING, ClassVar

from django import forms

from leads.forms_look import LookMixin
from leads.forms_money import MicroMoneyField
from leads.models import Policy

if TYPE_CHECKING:
    Base = forms.ModelForm[Policy]
else:
    Base = forms.ModelForm  # Django's own is not generic at run time


class PolicyForm(LookMixin, Base):
    """Checks what a person typed; `leads.policy.change` saves it."""

    sections = (
        (
            "The AI",
            "The most restrictive of installation, team, channel and talk wins.",
            ("mode", "new_channel_mode", "max_segments", "sla_minutes"),
        ),
        (
            "How sure it must be",
            "An answer is as sure as the AI's plan for it, corrected by what people did "
            "with its last drafts of the same kind: sent as written, edited, discarded. "
            "The page AI proof shows where each kind stands.",
            ("sure_to_send", "sure_to_draft"),
        ),
        (
            "Waiting for the rest",
            "People write in pieces. The AI answers when the lead has been quiet "
            "for so many seconds.",
            ("burst_sms_seconds", "burst_email_seconds", "burst_simulator_seconds"),
        ),
        (
            "Sending",
            "Off stops everything, also what is on its way out.",
            ("sending", "undo_seconds"),
        ),
        (
            "Quiet hours",
            "By the recipient's own clock, in every time zone the address may lie in. "
            "What falls into them waits until they end. For texts the legal hours of "
            "the place count as well, and follow-ups by mail always keep them.",
            ("quiet_hours", "quiet_from", "quiet_until", "quiet_email"),
        ),
        (
            "Answers at night",
            "Who has just written may be answered at night, by a person or the AI. "
            "A follow-up never goes at night.",
            ("night_reply_minutes", "night_reply_sms", "night_reply_email"),
        ),
        (
            "Caps of automatic messages",
            "People's own messages are not counted. A number or mailbox has its own cap, "
            "on its page, for everybody's.",
            (
                "cap_lead_hour",
                "cap_lead_day",
                "cap_follow_day",
                "cap_conversation",
                "cap_installation_day",
            ),
        ),
        (
            "The language model",
            "Its costs are set aside before each call. At a cap the built-in model "
            "drafts and a person decides.",
            (
                "model_fallback",
                "ai_tokens_lead_day",
                "ai_micro_lead_day",
                "ai_tokens_day",
                "ai_micro_day",
            ),
        ),
        ("Texts", "What they may cost.", ("sms_segment_micro", "budget_day_micro")),
    )

    class Meta:
        model = Policy
        # Halting is an act of its own, with its own button.
        exclude = ("ai_halted_reason",)
        labels: ClassVar[dict[str, str]] = {
            "mode": "What the AI may do",
            "new_channel_mode": "On new numbers and mailboxes",
            "max_segments": "Longest automatic text, in segments",
            "sla_minutes": "First answer due within, minutes",
            "sure_to_send": "To be sent in Auto, percent",
            "sure_to_draft": "To be drafted at all, percent",
            "burst_sms_seconds": "Texts, seconds",
            "burst_email_seconds": "Email, seconds",
            "burst_simulator_seconds": "Simulator, seconds",
            "sending": "Messages may leave",
            "undo_seconds": "Undo after Send, seconds",
            "quiet_hours": "Keep quiet hours",
            "quiet_from": "From",
            "quiet_until": "Until",
            "quiet_email": "Mail keeps them too",
            "night_reply_minutes": "To those who wrote within, minutes",
            "night_reply_sms": "By text",
            "night_reply_email": "By email",
            "cap_lead_hour": "To one lead in an hour",
            "cap_lead_day": "To one lead in a day",
            "cap_follow_day": "Follow-ups to one lead in a day",
            "cap_conversation": "In a row without a person",
            "cap_installation_day": "To everybody in a day",
            "model_fallback": "When it fails, answers",
            "ai_tokens_lead_day": "Tokens for one lead in a day",
            "ai_micro_lead_day": "Money for one lead in a day, USD",
            "ai_tokens_day": "Tokens for everybody in a day",
            "ai_micro_day": "Money for everybody in a day, USD",
            "sms_segment_micro": "One text segment, USD",
            "budget_day_micro": "Automatic texts in a day, USD",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "mode": "Off: people answer. Draft: a person approves. Auto: it answers.",
            "sure_to_send": "Less sure than this, a person approves it first.",
            "sure_to_draft": "Less sure than this, a person answers: in Auto the lead "
            "reads one sentence that says so.",
            "cap_lead_hour": "",
            "quiet_hours": "Off: messages go at any hour, and the legal hours are not "
            "kept either.",
            "quiet_email": "Answers by mail then wait for the morning as well.",
            "night_reply_minutes": "0: never. At most 120.",
            "cap_follow_day": "What is over it waits for the next day. 0: none go.",
            "cap_conversation": "Then a person is asked to take over.",
            "sending": "Off is the kill switch.",
            "model_fallback": "The built-in model's words say that they are its own.",
            "budget_day_micro": "",
            "sms_segment_micro": "Where the carrier does not say the price itself.",
        }
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {
            "ai_micro_lead_day": MicroMoneyField,
            "ai_micro_day": MicroMoneyField,
            "sms_segment_micro": MicroMoneyField,
            "budget_day_micro": MicroMoneyField,
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
