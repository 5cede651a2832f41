"""What Twilio lists: our texts for reconciliation, theirs for the gap sweep."""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from integrations import twilio_api
from integrations.gaps import Listed, Listing, Request
from integrations.twilio_codes import meaning_of, state_of
from integrations.twilio_facts import MAX_MEDIA, PROVIDER, small_number
from messaging.models import Channel
from messaging.transports import Found, Outcome, OutgoingMessage, TransportError

FIND_PAGES: Final = 5
FIND_ROWS: Final = 100
SWEEP_PAGES: Final = 20
SWEEP_ROWS: Final = 1_000
_TRIAL: Final = "Sent from your Twilio trial account - "
# What Twilio's "smart encoding" makes of a text so that it fits GSM-7.
# Source: https://www.twilio.com/docs/messaging/features/smart-encoding
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("\u00ab\u00bb\u201c\u201d\u201e\u201f\u275d\u275e\u02ba", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bb\u02bc\u02c8\u0060", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        "\u2026": "...",
        "\u2028": " ",
        "\u2029": " ",
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad"),
    }
)


def find_outgoing(
    message: OutgoingMessage, *, since: datetime, sender: str | None
) -> Sequence[Found]:
    """Texts with this recipient, sender and body made since then, newest first.

    Raises TransportError.
    """
    api = twilio_api.client(deadline=message.deadline)
    filters = {"to": message.to_address, **({"from_": sender} if sender else {})}
    found: list[Found] = []
    # Not by DateSent: a text that still waits at Twilio has none.
    for number, rows in enumerate(_pages(api, FIND_ROWS, **filters), 1):
        ours = [_found(row) for row in rows if _is_outgoing(row)]
        recent = [row for row in ours if row.created_at >= since]
        found += [row for row in recent if same_text(row.body, message.body)]
        # The newest come first; a whole page of older ones is the end.
        if (ours and not recent) or number == FIND_PAGES:
            break
    return found


def same_text(listed: str, sent: str) -> bool:
    """Whether Twilio's body may be ours: it trims, and plainer marks may stand in
    for ours; a trial account puts a sentence in front.
    """
    return _plain(listed.removeprefix(_TRIAL)) == _plain(sent)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(_PLAIN))
    return " ".join(folded.split())


def _pages(api: Client, size: int, **filters: Any) -> Iterator[list[MessageInstance]]:
    """Each page's rows. Raises TransportError, also for a page nobody can read."""
    try:
        page = api.messages.page(page_size=size, **filters)
        while page is not None:
            yield list(page)
            page = page.next_page()
    except TransportError:
        raise
    except Exception as error:
        words = f"Twilio's list cannot be read ({type(error).__name__})"
        raise TransportError(Outcome.UNKNOWN, words) from None


def _is_outgoing(row: MessageInstance) -> bool:
    return str(row.direction).startswith("outbound")


def _found(row: MessageInstance) -> Found:
    code = str(row.error_code or "")
    meaning = meaning_of(code)
    return Found(
        external_id=str(row.sid),
        state=state_of(str(row.status)) or "sent",
        to_address=str(row.to),
        body=str(row.body or ""),
        created_at=_aware(row.date_created) or datetime.now(UTC),
        error_code=code,
        words=meaning.words,
        opted_out=meaning.opted_out,
        not_textable=meaning.not_textable,
        segments=small_number(str(row.num_segments or ""), most=100),
        price_micro=price_micro(row.price, row.price_unit),
    )


def price_micro(price: Any, unit: Any) -> int | None:
    """Twilio's price (negative, of the whole message) in millionths of USD."""
    if price is None or str(unit).upper() != "USD":
        return None
    try:
        return int(abs(Decimal(str(price))) * 1_000_000)
    except (InvalidOperation, OverflowError, ValueError):
        return None


def _aware(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


# --- what came in ------------------------------------------------------------


class TwilioInbound:
    """The texts that Twilio took in for us. One object is one sweep: all its calls
    together end within `deadline` seconds.
    """

    provider = PROVIDER
    route = "twilio/sms/"

    def __init__(self, *, deadline: float) -> None:
        self._deadline = deadline
        self._kept: Client | None = None
        self._rows: dict[str, MessageInstance] = {}

    @property
    def account(self) -> str:
        """Our account's SID, "" while Twilio is not set up."""
        sids, tokens = twilio_api.account_sids(), twilio_api.auth_tokens()
        return sids[0] if sids and tokens else ""

    @property
    def _api(self) -> Client:
        if self._kept is None:
            self._kept = twilio_api.client(deadline=self._deadline)
        return self._kept

    def listed(self, *, since: datetime, until: datetime) -> Listing:
        """Texts to numbers of ours sent in that time, oldest first."""
        ours, service = _our_numbers(), settings.TWILIO_MESSAGING_SERVICE_SID
        # Twilio cuts a moment to its second, and means from and up to.
        later = until + timedelta(seconds=1)
        filters: dict[str, Any] = {"date_sent_after": since, "date_sent_before": later}
        if len(ours) == 1 and not service:
            filters["to"] = next(iter(ours))
        complete, found = True, dict[str, Listed]()
        for number, rows in enumerate(_pages(self._api, SWEEP_ROWS, **filters), 1):
            for row in rows:
                sent_at = _aware(row.date_sent) or _aware(row.date_created)
                if sent_at is None or not since <= sent_at <= until:
                    continue
                if _is_for_us(row, ours, service):
                    self._rows[str(row.sid)] = row
                    found[str(row.sid)] = Listed(str(row.sid), sent_at)
            if number == SWEEP_PAGES:
                complete = not rows
                break
        rows_found = sorted(found.values(), key=lambda one: one.sent_at)
        return Listing(tuple(rows_found), complete=complete)

    def request_of(self, listed: Listed) -> Request:
        """The webhook that never came, as far as the list still tells it."""
        row = self._rows[listed.external_id]
        fields = {
            "MessageSid": str(row.sid),
            "SmsStatus": "received",
            "AccountSid": str(row.account_sid or self.account),
            "From": str(row.from_ or ""),
            "To": str(row.to or ""),
            "Body": str(row.body or ""),
            "NumSegments": str(row.num_segments or ""),
            "NumMedia": str(row.num_media or 0),
        }
        if row.messaging_service_sid:
            fields["MessagingServiceSid"] = str(row.messaging_service_sid)
        if small_number(str(row.num_media or ""), most=MAX_MEDIA):
            fields.update(self._pictures(row))
        return Request(
            route=self.route,
            content_type="application/x-www-form-urlencoded",
            body=urlencode(fields).encode(),
        )

    def _pictures(self, row: MessageInstance) -> dict[str, str]:
        """Where the pictures are; none when Twilio no longer has them."""
        try:
            media = self._api.messages(row.sid).media.list(limit=MAX_MEDIA)
        except TransportError as error:
            if error.outcome is Outcome.PERMANENT:
                return {}
            raise
        except Exception as error:
            words = f"Twilio's list of pictures cannot be read ({type(error).__name__})"
            raise TransportError(Outcome.UNKNOWN, words) from None
        fields: dict[str, str] = {}
        account = row.account_sid or self.account
        for number, one in enumerate(media):
            path = f"Accounts/{account}/Messages/{row.sid}/Media/{one.sid}"
            url = f"https://{twilio_api.API_HOST}/2010-04-01/{path}"
            fields[f"MediaUrl{number}"] = url
            fields[f"MediaContentType{number}"] = str(one.content_type or "")
        return fields


def _our_numbers() -> set[str]:
    """The number that is set, and every number that a text ever reached us on."""
    rows = Channel.objects.filter(kind=Channel.Kind.SMS, simulated=False)
    known = set(rows.values_list("address", flat=True))
    return {*known, settings.TWILIO_PHONE_NUMBER} - {"", "log"}


def _is_for_us(row: MessageInstance, ours: set[str], service: str) -> bool:
    """An account may serve other applications too, on other numbers."""
    if str(row.direction) != "inbound" or not row.sid:
        return False
    through = bool(service) and row.messaging_service_sid == service
    return through or str(row.to) in ours
