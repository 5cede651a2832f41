"""HELP is answered with who we are and how to stop, in the lead's language."""

from messaging.agent.phrases import phrases
from messaging.agent.understanding.optout import help_language
from messaging.models import Conversation, Message, Profile
from messaging.queueing import queue_message


def answer_help(*, conversation: Conversation, message: Message) -> Message:
    """Queue the answer to HELP, once per message."""
    return queue_message(
        conversation=conversation,
        kind=message.kind,
        body=help_words(Profile.current(), language=_language(conversation, message)),
        author=Message.Author.SYSTEM,
        channel=message.channel,
        contact_point=message.contact_point,
        automatic=True,
        answers=message,
        effect_key=f"help:{message.public_id}",
    )


def help_words(profile: Profile, *, language: str) -> str:
    """Return the answer's words; English for a language without sentences."""
    ways = ", ".join(w for w in (profile.phone, profile.email, profile.website) if w)
    sentence = phrases(language).variants("help", profile.tone)[0]
    said = sentence.format(company=profile.name, contact=f"{ways}." if ways else "")
    return " ".join(said.split())


def _language(conversation: Conversation, message: Message) -> str:
    """The language of the word they wrote, else the one the lead has spoken.

    HELP itself says nothing: carriers name that word to people everywhere.
    """
    lead = conversation.lead
    return help_language(message.body) or (lead.language if lead else "") or "en"
