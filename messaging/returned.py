"""Our mails that came back, as delivery reports and complaints tell it.

A report comes as an ordinary mail that anybody can write, so it is believed only when
it names a mail of ours and the address that this mail went to.
"""

import logging

from messaging.engagement import record_address_report
from messaging.mail.facts import InboundMail, MachineKind, Report
from messaging.models import Mail, Message
from messaging.receipts import record_delivery
from messaging.transports import AddressReport, DeliveryUpdate

log = logging.getLogger(__name__)


def take_reports(*, fact: InboundMail) -> int:
    """Tell each report to the message that came back; how many were ours."""
    machine = fact.mail.machine
    if machine is None:
        return 0
    taken = 0
    for report in machine.reports:
        message = _sent_to(report)
        if message is None:
            log.warning("a delivery report names no mail of ours: not believed")
            continue
        _tell(fact, machine.kind, report, message)
        taken += 1
    return taken


def _sent_to(report: Report) -> Message | None:
    if not report.message_id:
        return None
    rows = Mail.objects.filter(
        header_id=report.message_id, message__direction=Message.Direction.OUTBOUND
    ).select_related("message__contact_point")
    found = rows.first()
    if found is None or found.message.contact_point is None:
        return None
    same = found.message.contact_point.value == report.address
    return found.message if same or not report.address else None


def _tell(
    fact: InboundMail, kind: MachineKind, report: Report, message: Message
) -> None:
    words = report.words or report.diagnostic[:200] or "it came back"
    if kind == MachineKind.BOUNCE:
        record_delivery(
            fact=DeliveryUpdate(
                provider=fact.provider,
                external_id="",
                message_public_id=message.public_id,
                state=str(Message.State.FAILED),
                occurred_at=fact.received_at,
                error_code=report.status[:40],
                words=words,
            )
        )
        if not report.hard:
            return
    point = message.contact_point
    record_address_report(
        fact=AddressReport(
            provider=fact.provider,
            external_id=fact.external_id,
            channel="email",
            address=point.value if point else report.address,
            reason="bounce" if kind == MachineKind.BOUNCE else "complaint",
            words=words,
            occurred_at=fact.received_at,
            message_public_id=message.public_id,
        )
    )
