"""Which of our numbers and mailboxes a message belongs to."""

from django.conf import settings

from leads import policy
from leads.kept import Kept
from leads.models import Mode, Team
from messaging.models import Channel

SIMULATOR_NUMBER = "+15550100000"
SIMULATOR_MAILBOX = "hello@simulator.example"


def ensure_channel(*, kind: str, address: str, simulated: bool = False) -> Channel:
    """Return the channel at this address; the first message makes it.

    A real channel starts as the policy says (draft), the simulator's in auto.
    """
    found = find_channel(kind=kind, address=address, simulated=simulated)
    if found is not None:
        return found
    key = {"kind": kind, "address": address, "simulated": simulated}
    defaults = {
        "team": Team.default(),
        "mode": Mode.AUTO if simulated else policy.current().new_channel_mode,
        "name": "Simulator" if simulated else "",
    }
    return Channel.objects.get_or_create(**key, defaults=defaults)[0]


def find_channel(*, kind: str, address: str, simulated: bool = False) -> Channel | None:
    """Return the channel at this address; None when there is none yet."""
    return _channels().get((kind, address, simulated))


def _read_channels() -> dict[tuple[str, str, bool], Channel]:
    rows = Channel.objects.select_related("team")
    return {(c.kind, c.address, c.simulated): c for c in rows}


# For finding out whose message it is; the gate reads mode and switch anew.
_channels = Kept(_read_channels, Channel, Team)


def simulator_channel(kind: str) -> Channel:
    """The simulator's own number or mailbox."""
    address = SIMULATOR_NUMBER if kind == Channel.Kind.SMS else SIMULATOR_MAILBOX
    return ensure_channel(kind=kind, address=address, simulated=True)


def default_channel(kind: str) -> Channel:
    """The channel that a new conversation of this kind starts on."""
    found = Channel.objects.select_related("team").filter(kind=kind, simulated=False)
    first = found.filter(sending=True).order_by("pk").first()
    if first is not None:
        return first
    address = {
        Channel.Kind.SMS.value: settings.TWILIO_PHONE_NUMBER or "log",
        Channel.Kind.EMAIL.value: house_mailbox() or "log",
    }[kind]
    return ensure_channel(kind=kind, address=address)


def house_mailbox() -> str:
    """The address our mail comes from when no mailbox is chosen; "" when none is set.
    Only the domain ignores case, but nobody tells mailboxes apart by it.
    """
    return str(settings.SENDGRID_FROM_EMAIL or settings.GMAIL_ADDRESS).strip().lower()
