"""What the parser's child process tells of a request of Inbound Parse."""

from dataclasses import dataclass, field

from messaging.mail.facts import ReadMail


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail, what makes it unique at SendGrid, and what SendGrid knows of it.

    `envelope_from` and `envelope_to` are SMTP's own, in lower case.
    """

    mail: ReadMail
    external_id: str
    envelope_from: str = ""
    envelope_to: tuple[str, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
