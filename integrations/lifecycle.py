"""What `integrations` holds of a person: requests from outside that speak of them.

A body is emptied whole, also when it tells of several people: what was made of it is
kept in rows of its own. The row stays, since a copy of the request must still be known.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from integrations import journal
from integrations.models import DeliveryChunk, ProcessedFact, WebhookDelivery
from leads import claims, clock
from leads.lifecycle import Kept, Lifecycle, NotYet
from leads.models import Lead
from leads.traces import Traces, traces_of
from messaging.models import Message

State = WebhookDelivery.State
# Ids of vendors: long, and in one piece.
_ID = re.compile(rb"[A-Za-z0-9_.:-]{16,200}")
_OVERLAP = 1_024
_ROWS = 100
_IDS = 5_000
_UNDER_WAY = (State.RECEIVED, State.WORKING)
_WORDS = ("last_error", "reason", "url", "verifying_url", "external_id")


class IntegrationsLifecycle(Lifecycle):
    """The journal of webhooks, the quarantine too."""

    key = "integrations"
    words = "Journal of webhooks"

    def export(self, lead: Lead) -> dict[str, Any]:
        """Which requests speak of the lead; what they said stands in the messages."""
        return {"requests": _told(lead)}

    def erase(self, lead: Lead) -> dict[str, int]:
        """Empty every request that speaks of the lead.

        Raises NotYet while one of them is still to be read: what it says comes first.
        """
        found = _Found(lead)
        emptied, waiting = 0, 0
        for row in found.rows():
            if row.state in _UNDER_WAY:
                waiting += 1
            else:
                _empty(row, found.traces)
                emptied += 1
        if emptied:
            journal.quarantine_has_room()
        if waiting:
            raise NotYet("A request that speaks of the person is still to be read")
        return {"requests emptied": emptied, "facts of vendors": _forget_facts(found)}

    def kept(self, lead: Lead) -> list[Kept]:
        """The rows' own ids."""
        return [_ROW] if WebhookDelivery.objects.exists() else []


_ROW = Kept(
    "That requests came in, and the vendor's id of each",
    "So that a copy does not act again. Bodies, headers and addresses are emptied.",
    "45 days after they were done",
)


class _Found:
    """The journal's rows that speak of a lead: its own addresses in any form, or the
    vendor's id of one of its messages. An address that others share says nothing.
    """

    def __init__(self, lead: Lead) -> None:
        self.traces: Traces = traces_of(lead)
        rows = Message.objects.filter(conversation__lead=lead).exclude(external_id="")
        ids = rows.values_list("external_id", flat=True).iterator(chunk_size=_IDS)
        self._ids = {one.encode() for one in ids}

    def rows(self) -> Iterator[WebhookDelivery]:
        """Each as it is read, so that a row may be changed at once."""
        everything = WebhookDelivery.objects.order_by("pk")
        last = 0
        while batch := list(everything.filter(pk__gt=last)[:_ROWS]):
            last = batch[-1].pk
            yield from (row for row in batch if self._speaks(row))

    def _speaks(self, row: WebhookDelivery) -> bool:
        if any(self.traces.in_bytes(getattr(row, w).encode()) for w in _WORDS):
            return True
        if row.purged_at is not None:
            return False
        headers = repr(row.headers).encode("utf-8", "replace")
        return self._is_in(headers) or any(map(self._is_in, _pieces(row)))

    def _is_in(self, data: bytes) -> bool:
        if self.traces.in_bytes(data):
            return True
        return any(found in self._ids for found in _ID.findall(data))


def _pieces(row: WebhookDelivery) -> Iterator[bytes]:
    """The body a megabyte at a time, each with the end of the one before."""
    before = b""
    if row.body:
        chunks: Iterator[bytes] = iter([bytes(row.body)])
    else:
        chunks = (bytes(one.data) for one in row.chunks.iterator(chunk_size=1))
    for data in chunks:
        yield before + data
        before = data[-_OVERLAP:]


def _empty(row: WebhookDelivery, traces: Traces) -> None:
    DeliveryChunk.objects.filter(delivery=row).delete()
    fields: dict[str, Any] = {"body": b"", "headers": {}, "purged_at": clock.now()}
    fields["url"] = _bare(row.url)
    fields["verifying_url"] = _bare(row.verifying_url)
    for name in ("last_error", "reason"):
        if traces.in_text(getattr(row, name)):
            fields[name] = ""
    WebhookDelivery.objects.filter(pk=row.pk).update(**fields)
    # Nobody can read it again or let it in any more.
    old = [State.DEAD, State.QUARANTINED]
    claims.move(row, old=old, new=State.DISCARDED, done_at=clock.now())


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="", fragment=""))


def _forget_facts(found: _Found) -> int:
    """Ids of vendors that hold an address; the others tell of nobody."""
    gone = 0
    for value in found.traces.own:
        rows = ProcessedFact.objects.filter(external_id__icontains=value)
        gone += rows.delete()[0]
    return gone


def _told(lead: Lead) -> Iterator[dict[str, Any]]:
    for row in _Found(lead).rows():
        yield {
            "provider": row.provider,
            "received_at": row.received_at,
            "state": str(State(row.state).label),
            "size": row.size,
        }


LIFECYCLE = IntegrationsLifecycle()
