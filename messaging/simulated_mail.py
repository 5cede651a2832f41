"""A simulated lead's mail: from a file as it would come, or of plain words."""

import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Final

from leads import clock
from messaging.channels import SIMULATOR_MAILBOX
from messaging.mail.facts import InboundMail, ReadMail
from messaging.mail.reading import read_mail
from messaging.mail.trimming import trim_reply
from messaging.mailroom import receive_mail
from messaging.models import Message

PROVIDER: Final = "simulator"
HOST: Final = "leads.simulator.example"


def receive_words(
    *, sender: str, to: str, subject: str, text: str, external_id: str
) -> Message | None:
    """Bring in a mail that a simulated lead writes by hand."""
    mail = ReadMail(
        message_id=f"{external_id}@{HOST}",
        sender=sender.strip().lower(),
        recipients=(to.lower() or SIMULATOR_MAILBOX,),
        subject=subject,
        text=text,
        reply=trim_reply(text).reply,
    )
    return _bring(mail, external_id=external_id, folder="")


def receive_file(*, path: Path, sender: str, external_id: str) -> Message | None:
    """Bring in a MIME file. None when it is a delivery report, which becomes a state
    of the message that came back. Raises UnreadableMail and UnusableMessage.

    With a `sender` it comes from there, whoever wrote it.
    """
    with tempfile.TemporaryDirectory(prefix="mail-") as folder:
        source = BytesIO(path.read_bytes())
        mail = read_mail(source, folder=folder, received_at=clock.now())
        if sender:
            mail = replace(mail, sender=sender.strip().lower(), reply_to="")
        return _bring(mail, external_id=external_id, folder=folder)


def _bring(mail: ReadMail, *, external_id: str, folder: str) -> Message | None:
    return receive_mail(
        fact=InboundMail(
            provider=PROVIDER,
            external_id=external_id,
            mail=mail,
            received_at=clock.now(),
            folder=folder,
            simulated=True,
        )
    )
