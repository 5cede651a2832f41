"""Real opt-outs and look-alikes, by text and by mail, with the AI off.

By mail each stands above a quoted newsletter of ours that is full of the words.
"""

import json
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from leads import clock, consent
from leads.models import ContactPoint, Suppression
from messaging.agent.understanding.optout import read_opt_out
from messaging.mail.facts import ReadMail
from messaging.mail.reading import read_mail
from messaging.models import Message
from messaging.tests.mail_talk import OURS, mail_in, mail_mode
from messaging.tests.talk import FakeCarrier, later, mode, text_in

pytestmark = pytest.mark.django_db
NEWSLETTER = (
    "\n\nOn Tue, 4 Mar 2025 at 10:00, Alder Desks <hello@alder.example> wrote:\n"
    "> Spring sale: 20 % off standing desks.\n"
    "> Reply STOP to stop, or unsubscribe here: https://alder.example/unsubscribe\n"
    "> You get this mail because you opted in. To opt out, click unsubscribe.\n"
)


def rows_of(shared: Path, name: str) -> list[dict[str, str]]:
    path = shared / "data" / "replies" / name
    if not path.is_file():
        pytest.skip(f"no {name} beside the checkout")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


def told(message: Message | None) -> str:
    assert message is not None
    message.refresh_from_db()
    return str(message.details.get("opt_out", "no"))


def counts(found: dict[str, Counter[str]], road: str) -> None:
    for label, counted in sorted(found.items()):
        print(f"{road} {label}: " + ", ".join(f"{k} {v}" for k, v in counted.items()))  # noqa: T201


def judge(found: list[tuple[dict[str, str], str]], road: str) -> None:
    counted: dict[str, Counter[str]] = {}
    for row, outcome in found:
        counted.setdefault(row["label"], Counter())[outcome] += 1
    counts(counted, road)
    missed = [r["text"] for r, o in found if r["label"] == "opt_out" and o == "no"]
    wrong = [r["text"] for r, o in found if r["label"] == "not_opt_out" and o == "stop"]
    assert missed == [], "opt-outs that neither stop nor pause"
    assert wrong == [], "ordinary messages recorded as a stop"
    assert sum(counted["opt_out"].values()) >= 80


def test_every_shared_opt_out_stops_or_pauses_by_text(
    shared: Path, carrier: type[FakeCarrier]
) -> None:
    mode("off")
    found = []
    for number, row in enumerate(rows_of(shared, "optout_shared.jsonl")):
        sender = f"+1415555{number + 1000:04d}"
        outcome = told(text_in(row["text"], sender=sender))
        point = ContactPoint.objects.get(value=sender)
        assert (consent.is_suppressed(point, "sms") is not None) == (outcome == "stop")
        found.append((row, outcome))
    judge(found, "sms")
    only_help_is_answered()


def only_help_is_answered() -> None:
    """With the AI off nothing else leaves by itself."""
    later(minutes=60)
    out = Message.objects.filter(direction="outbound")
    keys = out.values_list("effect_key", flat=True)
    assert all((key or "").startswith("help:") for key in keys)
    assert len(FakeCarrier.accepted) == len(keys) < 5


def read(text: str, sender: str, number: int, folder: Path) -> ReadMail:
    """As the intake reads it: the lead's words, and the quotes below them."""
    source = BytesIO(mime(text, sender, number))
    return read_mail(source, folder=str(folder), received_at=clock.now())


def mime(text: str, sender: str, number: int) -> bytes:
    body = f"{text}{NEWSLETTER}"
    head = (
        f"From: Dana <{sender}>\r\nTo: {OURS}\r\nSubject: Re: Spring sale\r\n"
        f"Message-ID: <m{number}@reyes.example>\r\nIn-Reply-To: <n1@alder.example>\r\n"
        "Date: Tue, 4 Mar 2025 11:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return head.encode() + body.replace("\n", "\r\n").encode()


def test_every_shared_opt_out_stops_or_pauses_by_mail_above_a_newsletter(
    shared: Path, carrier: type[FakeCarrier], tmp_path: Path
) -> None:
    mail_mode("off")
    found = []
    for number, row in enumerate(rows_of(shared, "optout_shared.jsonl")):
        sender = f"lead{number}@reyes.example"
        mail = read(row["text"], sender, number, tmp_path)
        message = mail_in(
            mail.text, reply=mail.reply, sender=sender, subject=mail.subject,
            message_id=mail.message_id,
        )  # fmt: skip
        found.append((row, told(message)))
    judge(found, "email")
    stopped = sum(outcome == "stop" for _, outcome in found)
    assert Suppression.objects.filter(channel="email").count() == stopped
    only_help_is_answered()


def test_a_newsletter_quoted_below_ordinary_words_stops_nobody(
    carrier: type[FakeCarrier], tmp_path: Path
) -> None:
    mail_mode("off")
    words = ("Yes please!", "What does the oak one cost?", "Thanks, see you Tuesday")
    for number, text in enumerate(words):
        mail = read(text, f"l{number}@reyes.example", number, tmp_path)
        message = mail_in(
            mail.text, reply=mail.reply, sender=f"l{number}@reyes.example"
        )
        assert told(message) == "no"
    assert not Suppression.objects.exists()


# Of 27,918 texts between friends, many in the dialect of Singapore: 0.05 and 0.11 %.
MOST_STOPS, MOST_PAUSES = 14, 31


def test_texts_between_friends_hardly_ever_stop_or_pause(shared: Path) -> None:
    rows = rows_of(shared, "nus_sms_shared.jsonl")
    found = Counter(read_opt_out(row["text"]).decision.value for row in rows)
    print(f"nus_sms_shared: {len(rows)} texts, {dict(found)}")  # noqa: T201
    assert len(rows) > 27_000
    assert found["stop"] <= MOST_STOPS
    assert found["pause"] <= MOST_PAUSES
