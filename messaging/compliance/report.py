"""The compliance report for managers: each number opens the rows it counts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count
from django.utils import timezone

from leads import clock, opt_outs
from leads import policy as policies
from leads.compliance.reads import SHARED
from leads.models import Consent, LegalWindow, OptOutList
from messaging.compliance.counting import WAYS, Counting
from messaging.models import Channel, Message

KINDS = {"sms": "texts", "email": "mail"}
OLD_DAYS = 365  # a law that was last looked at before that is looked at again
NO_OPT_OUTS = ("bounce", "list")


@dataclass(frozen=True)
class Number:
    """One number: what it counts, and the key under which its rows are handed out."""

    label: str
    value: str
    key: str = ""
    tone: str = ""
    note: str = ""


@dataclass(frozen=True)
class Part:
    """Numbers under one heading."""

    title: str
    words: str
    numbers: list[Number] = field(default_factory=list)


def parts(counting: Counting) -> list[Part]:
    """The whole report."""
    return [
        _proof(counting),
        _consents(counting),
        _opt_outs(counting),
        _held(counting),
        _standing(),
    ]


def _proof(counting: Counting) -> Part:
    sent, without = counting.sent().count(), counting.without_record().count()
    return Part(
        "Proof of consent",
        "Every message that left points at the statement of consent it went by.",
        [
            Number("Sent", f"{sent:,}", "sent"),
            Number(
                "Sent without a valid record",
                f"{without:,}",
                "without-record",
                "red" if without else "green",
                "counted message by message",
            ),
        ],
    )


def _consents(counting: Counting) -> Part:
    rows = counting.consents().order_by()
    counted = rows.values("given", "basis", "channel").annotate(n=Count("pk"))
    numbers = [
        Number(
            f"{'Given' if row['given'] else 'Withdrawn'}, {KINDS.get(row['channel'])}:"
            f" {Consent(given=row['given'], basis=row['basis']).grounds}",
            f"{row['n']:,}",
            f"consent-{'given' if row['given'] else 'withdrawn'}-{row['channel']}"
            f"-{row['basis']}",
        )
        for row in sorted(counted, key=lambda row: (not row["given"], -row["n"]))
    ]
    origins = (
        rows.values_list("origin").annotate(n=Count("pk")).order_by("-n", "origin")
    )
    numbers += [
        Number(f"From: {origin}", f"{count:,}", f"source-{origin}")
        for origin, count in origins[:8]
    ]
    words = "Statements by what they rest on, and by where they came from."
    return Part("Consent", words, numbers)


def _opt_outs(counting: Counting) -> Part:
    kinds = counting.sent().order_by().values_list("kind").annotate(n=Count("pk"))
    sent = dict(kinds)
    ways = counting.closed().order_by().values_list("channel", "way")
    counted = list(ways.annotate(n=Count("pk")))
    numbers = []
    for channel, name in KINDS.items():
        own = {way: n for of, way, n in counted if of == channel}
        asked = sum(n for way, n in own.items() if way not in NO_OPT_OUTS)
        rate = f"{1000 * asked / sent[channel]:.1f}" if sent.get(channel) else "–"
        numbers.append(
            Number(
                f"Opted out of {name}",
                f"{asked:,}",
                f"closed-{channel}",
                note=f"{rate} per 1,000 sent",
            )
        )
        numbers += [
            Number(
                f"{name.capitalize()}, by {WAYS[way]}", f"{n:,}", f"way-{channel}-{way}"
            )
            for way, n in sorted(own.items(), key=lambda one: -one[1])
        ]
    back = counting.events("lead.opted_in").count()
    numbers.append(Number("Came back (START, Undo)", f"{back:,}", "opted-in"))
    asked_help = counting.help_answers().count()
    numbers.append(Number("HELP answered", f"{asked_help:,}", "help"))
    words = "Addresses that were closed, by channel and way. Bounces are no opt-outs."
    return Part("Opt-outs", words, numbers)


def _held(counting: Counting) -> Part:
    held = counting.stopped_by_check("message.held")
    refused = counting.stopped_by_check("message.cancelled")
    numbers = [Number("Held at night", f"{held['clock']:,}", "held-clock")]
    numbers += [
        Number(f"Refused: {name}", f"{n:,}", f"refused-{name}")
        for name, n in refused.most_common()
    ]
    if not refused:
        numbers.append(Number("Refused at the gate", "0"))
    words = "What the gate held back before it left, by the check that said no."
    return Part("Held and refused", words, numbers)


def _standing() -> Part:
    policy, numbers = policies.lately(), []
    for channel, name in KINDS.items():
        numbers.append(_settled(policy, channel, name))
    windows = LegalWindow.objects.filter(active=True)
    oldest = windows.order_by("checked_on").first()
    if oldest is None:
        words = "none: the policy's own quiet hours are all there is"
        numbers.append(Number("Legal windows", "0", tone="amber", note=words))
    else:
        numbers.append(_age(oldest, windows.count()))
    words = "What holds now, whatever the period."
    return Part("The old list and the law", words, numbers)


def _settled(policy: Any, channel: str, name: str) -> Number:
    if opt_outs.is_settled(policy, channel):
        row = OptOutList.objects.filter(channel=channel).order_by("at").first()
        at = getattr(policy, f"opt_outs_{channel}_at")
        how = row.get_how_display() if row is not None else "known"
        signed = f" ({row.signed_name})" if row is not None and row.signed_name else ""
        note = f"{how}{signed}"
        label = f"Old list of {name}"
        return Number(
            label, f"{timezone.localtime(at):%d %b %Y}", "lists", "green", note
        )
    uses = Channel.objects.filter(kind=channel, simulated=False).exists()
    tone = "red" if uses else ""
    return Number(f"Old list of {name}", "locked", "lists", tone, "nothing real leaves")


def _age(oldest: LegalWindow, count: int) -> Number:
    days = (clock.now().date() - oldest.checked_on).days
    return Number(
        "Legal windows",
        f"{count:,}",
        "windows",
        "amber" if days > OLD_DAYS else "green",
        f"the oldest was checked {days} days ago: {oldest.name}",
    )


# --- the rows behind a number --------------------------------------------------------

_CONSENT = (
    *("at", "address", "channel", "given", "basis", "wording", "version"),
    *("source", "evidence", "ip", "by"),
)
_CLOSED = ("since", "address", "channel", "reason", "words", "source", "by", "lifted")
_SENT = ("sent", "message", "address", "channel", "author", "consent", "state")
_EVENT = ("at", "lead", "message", "channel", "how", "checks")


def rows_behind(counting: Counting, key: str) -> Iterator[list[Any]]:
    """The rows that a number counts, under their heading. Raises KeyError."""
    name, _, rest = key.partition("-")
    if key == "without-record":
        yield from _messages(counting.without_record())
        return
    yield from _KEYS[name](counting, rest)


def _consent_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    given, channel, basis = rest.split("-", 2)
    rows = counting.consents().filter(
        given=given == "given", channel=channel, basis=basis
    )
    yield from _statements(rows)


def _source_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield from _statements(counting.consents().filter(origin=rest))


def _statements(rows: Any) -> Iterator[list[Any]]:
    yield list(_CONSENT)
    for row in rows.order_by("occurred_at", "pk").iterator(chunk_size=2_000):
        said = [row.wording, row.wording_version, row.source, row.evidence, row.ip]
        if row.hidden:
            said = [SHARED, "", "", "", ""]
        yield [
            row.occurred_at.isoformat(), row.contact_point.value, row.channel,
            "given" if row.given else "withdrawn", row.basis, *said, row.actor,
        ]  # fmt: skip


def _closed_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    rows = counting.closed().filter(channel=rest)
    yield from _closings(rows.exclude(way__in=NO_OPT_OUTS))


def _way_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    channel, _, way = rest.partition("-")
    yield from _closings(counting.closed().filter(channel=channel, way=way))


def _closings(rows: Any) -> Iterator[list[Any]]:
    yield list(_CLOSED)
    for row in rows.order_by("since", "pk").iterator(chunk_size=2_000):
        said = [row.words, row.source]
        if row.hidden:
            said = [SHARED, ""]
        yield [
            row.since.isoformat(), row.contact_point.value, row.channel, row.reason,
            *said, row.actor, row.lifted_at and row.lifted_at.isoformat(),
        ]  # fmt: skip


def _sent_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield from _messages(counting.sent())


def _help_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield from _messages(counting.help_answers())


def _messages(rows: Any) -> Iterator[list[Any]]:
    yield list(_SENT)
    found = rows.select_related("contact_point").order_by("sent_at")
    for row in found.iterator(chunk_size=2_000):
        row_: Message = row
        yield [
            row_.sent_at and row_.sent_at.isoformat(), row_.public_id,
            row_.contact_point and row_.contact_point.value, row_.kind, row_.author,
            row_.details.get("consent"), row_.state,
        ]  # fmt: skip


def _opted_in(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield from _events(counting, "lead.opted_in", "")


def _held_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield from _events(counting, "message.held", rest)


def _refused_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield from _events(counting, "message.cancelled", rest)


def _events(counting: Counting, kind: str, check: str) -> Iterator[list[Any]]:
    yield list(_EVENT)
    rows = counting.events(kind).select_related("lead").order_by("occurred_at")
    for row in rows.iterator(chunk_size=2_000):
        names = row.payload.get("checks", [])
        if check and check not in names:
            continue
        yield [
            row.occurred_at.isoformat(), row.lead and row.lead.public_id,
            row.payload.get("message"), row.payload.get("channel"),
            row.payload.get("how"), " ".join(names),
        ]  # fmt: skip


def _list_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield ["at", "channel", "how", "signed", "file", "rows", "added", "known", "by"]
    for row in OptOutList.objects.order_by("at"):
        yield [
            row.at.isoformat(), row.channel, row.how, row.signed_name, row.file_name,
            row.rows, row.added, row.known, row.actor,
        ]  # fmt: skip


def _window_rows(counting: Counting, rest: str) -> Iterator[list[Any]]:
    yield ["region", "name", "from", "until", "source", "checked", "active"]
    for row in LegalWindow.objects.order_by("region"):
        checked: date = row.checked_on
        yield [
            row.region, row.name, row.weekday_from, row.weekday_until, row.source,
            checked.isoformat(), row.active,
        ]  # fmt: skip


_KEYS: dict[str, Callable[[Counting, str], Iterator[list[Any]]]] = {
    "consent": _consent_rows,
    "source": _source_rows,
    "closed": _closed_rows,
    "way": _way_rows,
    "sent": _sent_rows,
    "help": _help_rows,
    "opted": _opted_in,
    "held": _held_rows,
    "refused": _refused_rows,
    "lists": _list_rows,
    "windows": _window_rows,
}
