"""A journalled request of Inbound Parse becomes an InboundMail.

The body goes from the journal to a file in pieces, and is read from there in the
parser's child process; the mail's own files are left in the fact's folder.
"""

from pathlib import Path
from typing import Final

from integrations import spool
from integrations.base import Received, UnreadableDelivery
from integrations.sendgrid_arrived import Arrived
from messaging.mail.facts import InboundMail, UnreadableMail
from messaging.mail.parsing import ParseJob, parse

PROVIDER: Final = "sendgrid"
READER: Final = "integrations.sendgrid_inbound.read"
_BODY: Final = "request"


def read_delivery(received: Received) -> InboundMail:
    """The mail of a request; whoever takes it removes its folder.

    Raises UnreadableDelivery for what can never be read.
    """
    folder = spool.make_folder()
    try:
        return _read(received, Path(folder))
    except UnreadableMail as error:
        spool.remove_folder(folder)
        raise UnreadableDelivery(str(error)) from None
    except BaseException:
        spool.remove_folder(folder)
        raise


def _read(received: Received, folder: Path) -> InboundMail:
    source = folder / _BODY
    with source.open("xb") as file:
        for piece in received.pieces():
            file.write(piece)
    job = ParseJob(
        path=str(source),
        folder=str(folder),
        received_at=received.received_at,
        # The column may be too short for its boundary.
        content_type=received.headers.get("content-type", received.content_type),
        reader=READER,
    )
    arrived = parse(job, Arrived)
    source.unlink()
    return InboundMail(
        provider=PROVIDER,
        external_id=arrived.external_id,
        mail=arrived.mail,
        received_at=received.received_at,
        envelope_from=arrived.envelope_from,
        envelope_to=arrived.envelope_to,
        folder=str(folder),
        verdicts=arrived.verdicts,
    )
