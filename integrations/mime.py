"""A letter as the bytes that SMTP carries."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from django.utils import timezone

from integrations.letter import Letter

_LINE: Final = 76


class _Folded(EmailPolicy):
    """Folds ASCII headers at blanks only. The library breaks a longer word, such as
    an unsubscribe link or a Message-ID, by encoding it, and few read that back.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The whole header with its line ends."""
        text = str(value)
        if not text.isascii() or "=?" in text:
            return super().fold_binary(name, value)
        lines = [f"{name}:"]
        for word in text.split():
            fits = len(lines[-1]) + 1 + len(word) <= _LINE
            if fits or lines[-1] == f"{name}:":
                lines[-1] += f" {word}"
            else:
                lines.append(f" {word}")
        return ("\r\n".join(lines) + "\r\n").encode("ascii")


_POLICY: Final = _Folded(linesep="\r\n", cte_type="7bit", max_line_length=78)


def mime_of(letter: Letter) -> bytes:
    """The mail with CRLF line ends, seven bits wide: text, and HTML beside it when
    there is some.
    """
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"] = Address(letter.sender_name, addr_spec=letter.sender)
    mail["To"] = Address(addr_spec=letter.recipient)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(timezone.now())
    mail["Message-ID"] = letter.message_id
    if letter.reply_to:
        mail["Reply-To"] = Address(addr_spec=letter.reply_to)
    for name, value in letter.headers:
        mail[name] = value
    mail.set_content(letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    return mail.as_bytes(policy=_POLICY)
