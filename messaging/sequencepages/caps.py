"""The day caps that what goes out is held against."""

from dataclasses import dataclass

from django.db.models import Q

from messaging.models import Channel


@dataclass
class Cap:
    """How much of a cap a day takes."""

    name: str
    planned: int
    limit: int

    @property
    def over(self) -> bool:
        """Whether some will have to wait."""
        return self.planned > self.limit

    @property
    def percent(self) -> int:
        """Its share, at most 100."""
        return min(100, round(100 * self.planned / self.limit)) if self.limit else 100


def channel_caps() -> list[tuple[str, str, int]]:
    """What all numbers, and all mailboxes, may send in a day; only where each is capped."""
    found = []
    for kind, name in ((Channel.Kind.SMS, "texts"), (Channel.Kind.EMAIL, "mails")):
        caps = Channel.objects.filter(
            Q(kind=kind), sending=True, simulated=False
        ).values_list("cap_day", flat=True)
        known = [cap for cap in caps if cap is not None]
        if known and len(known) == len(caps):
            found.append((kind.value, name, sum(known)))
    return found
