"""The provider's count of today beside ours, as the last gap sweep left it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from integrations.base import webhook_of
from integrations.gaps import InboundList
from integrations.models import GapSweep
from leads import clock
from messaging.measures import company_zone

# Three sweeps that did not get through are worth a word.
LATE: Final = timedelta(minutes=16)


@dataclass(frozen=True, slots=True)
class Compared:
    """What a provider lists for us today, and how it came to us. `until` is how far
    its list was seen, None before the first sweep; `failure` why the last one
    ended early.
    """

    provider: str
    label: str
    route: str
    listed: int = 0
    arrived: int = 0
    fetched: int = 0
    until: datetime | None = None
    failure: str = ""

    @property
    def is_late(self) -> bool:
        """Whether it was not compared for longer than a few sweeps take."""
        return self.until is not None and timezone.now() - self.until > LATE


def compared_today() -> list[Compared]:
    """One line for each provider with a gap sweep that is set up. Calls nobody."""
    return [
        _compared(source)
        for source in (
            cast(InboundList, import_string(path)(deadline=1.0))
            for path in settings.GAP_LISTS
        )
        if source.account
    ]


def _compared(source: InboundList) -> Compared:
    provider = source.provider
    plain = Compared(provider, webhook_of(provider).label, source.route)
    rows = GapSweep.objects.filter(provider=provider, account=source.account)
    row = rows.first()
    if row is None:
        return plain
    seen = row.swept_until if row.swept_at is not None else None
    known = replace(plain, until=seen, failure=row.failure)
    if row.day != clock.now().astimezone(company_zone()).date():
        return known
    return replace(known, listed=row.listed, arrived=row.arrived, fetched=row.fetched)
