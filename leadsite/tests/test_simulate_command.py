"""`manage.py simulate`: the public object, files, bad lines, no carrier."""

import io
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from leads import policy
from leads.models import Lead
from messaging.models import Conversation, Message, Turn
from messaging.simulation import work_message, work_turn

pytestmark = pytest.mark.django_db
HOT = "Hi, we need about 40 seats next month, budget is 20k, can someone call me?"
DANA = "+14155550123"
STAGES = [
    "stored",
    "matched",
    "understood",
    "qualified",
    "scored",
    "answered",
    "gated",
    "sent",
]
INTENTS = {
    *("interested", "not_interested", "question", "objection", "meeting", "confirm"),
    *("deny", "thanks", "out_of_office", "wrong_person", "person_requested"),
    *("complaint", "opt_out", "opt_in", "help", "spam", "other"),
}


def simulate(*arguments):
    """The objects that the command prints, one a line."""
    out = io.StringIO()
    call_command("simulate", *arguments, "--json", stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def sms(text, sender=DANA, *more):
    return simulate("sms", "--from", sender, "--text", text, *more)[0]


@pytest.fixture
def lines(tmp_path):
    """Write lines to a file and simulate it."""

    def run(*rows, options=()):
        path = tmp_path / "lines.jsonl"
        texts = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        path.write_text("\n".join(texts) + "\n", "utf-8")
        return simulate("file", str(path), *options)

    return run


def test_the_example_of_the_contract_prints_the_whole_object():
    told = sms(HOT)
    lead = Lead.objects.get()
    assert told["lead"] == str(lead.public_id)
    assert told["message"] == str(Message.objects.get(direction="inbound").public_id)
    assert [stage["name"] for stage in told["stages"]] == STAGES
    assert all(stage["ms"] >= 0 and stage["detail"] for stage in told["stages"])
    assert told["understood"]["intent"] == "meeting"
    assert told["understood"]["opt_out"] == "no"
    assert told["understood"]["language"] == "en"
    assert told["understood"]["when"][0]["text"] == "next month"
    facts = {fact["field"]: fact for fact in told["facts"]}
    assert {"budget", "need", "timeline"} <= set(facts)
    assert all(fact["quote"] and fact["quote"] in HOT for fact in told["facts"])
    assert facts["budget"]["quote"] == "20k"
    score = told["score"]
    assert score["value"] == sum(line["points"] for line in score["lines"])
    assert score["value"] == lead.score > 0
    assert all(set(line) == {"reason", "points", "evidence"} for line in score["lines"])
    assert told["reply"]["state"] == "sent"
    assert told["reply"]["author"] == "builtin"
    assert told["reply"]["body"]
    assert [task["kind"] for task in told["tasks"]] == ["call"]


def test_a_stop_says_so_and_has_no_reply():
    told = sms("STOP")
    assert told["understood"]["opt_out"] == "stop"
    assert told["understood"]["intent"] == "opt_out"
    assert told["reply"] is None


def test_mail_takes_a_subject_and_is_answered_by_mail():
    told = simulate(
        *("email", "--from", "Dana@Example.com", "--subject", "Seats"),
        *("--text", "How much is a seat?"),
    )[0]
    reply = Message.objects.get(direction="outbound")
    assert told["reply"]["body"] == reply.body
    assert (reply.kind, reply.subject) == ("email", "Re: Seats")
    assert reply.contact_point.value == "dana@example.com"


def test_a_second_message_of_a_number_goes_on_with_the_talk():
    sms(HOT)
    told = sms("Tuesday 3pm works")
    assert Lead.objects.count() == Conversation.objects.count() == 1
    assert told["stages"][1]["detail"] == "known lead"


def test_the_main_job_works_at_any_hour():
    for hour in range(0, 24, 3):
        moment = datetime(2026, 3, 3, hour, 10, tzinfo=UTC)
        from leads import clock

        with clock.at(moment):
            told = sms("How much is it?", f"+141555501{hour:02d}")
        assert told["reply"]["state"] in ("sent", "draft"), hour


def test_with_a_business_time_the_night_is_a_night():
    night = ("--now", "2026-03-03T05:00:00-08:00")
    told = sms("We need 12 seats", DANA, *night)
    assert told["reply"]["state"] == "sent"  # who has just written is answered
    policy.change(actor="system", night_reply_minutes=0)
    told = sms("We need 14 seats", "+14155550124", *night)
    assert told["reply"]["state"] == "held"
    assert "quiet hours, 05:00 there" in told["reply"]["reason"]


def test_a_file_answers_each_line_before_the_next(lines):
    told = lines(
        {"id": "a", "channel": "sms", "from": DANA, "text": "We need 12 seats"},
        {"id": "b", "channel": "sms", "from": DANA, "text": "Our budget is 4k a month"},
        {"id": "c", "channel": "sms", "from": "+14155550124", "text": "hello"},
    )
    assert [row["id"] for row in told] == ["a", "b", "c"]
    assert told[0]["lead"] == told[1]["lead"] != told[2]["lead"]
    assert all(row["reply"] for row in told)
    assert "budget" in {fact["field"] for fact in told[1]["facts"]}
    assert all(row["understood"]["intent"] in INTENTS for row in told)


def test_in_bursts_one_sender_is_answered_once_at_the_end(lines):
    rows = [{"from": DANA, "text": text} for text in ("hi", "12 seats", "next month")]
    told = lines(*rows, {"from": "+14155550124", "text": "hello"}, options=["--burst"])
    assert [row["reply"] is None for row in told] == [True, True, False, False]
    assert Turn.objects.count() == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "no JSON"),
        ("[1]", "must be a JSON object"),
        ({"text": "no sender"}, "needs a sender"),
        ({"from": DANA, "channel": "fax", "text": "x"}, "neither sms nor email"),
        ({"from": "", "text": "x"}, "needs a sender"),
        ({"from": "not a mail", "channel": "email", "text": "x"}, "no address"),
        ({"channel": "email", "raw": "missing.eml"}, "there is no file"),
    ],
)
def test_a_bad_line_is_reported_and_the_rest_goes_on(lines, line, words):
    told = lines({"from": DANA, "text": "hi"}, line, "", {"from": DANA, "text": "yes"})
    assert told[1]["line"] == 2
    assert words in told[1]["error"]
    assert set(told[1]) == {"line", "error"}
    assert len(told) == 3
    assert told[2]["reply"] is not None or told[2]["understood"]


def test_a_mime_file_is_read_from_beside_the_lines(lines, tmp_path):
    (tmp_path / "one.eml").write_bytes(
        b"From: Dana <dana@example.com>\r\nSubject: Seats\r\n\r\nWe need 12 seats\r\n"
    )
    told = lines({"id": "m", "channel": "email", "raw": "one.eml"})
    message = Message.objects.get(direction="inbound")
    assert told[0]["id"] == "m"
    assert message.subject == "Seats"
    assert message.body.strip() == "We need 12 seats"


def test_a_mail_in_an_unknown_charset_is_still_a_message(lines, tmp_path):
    (tmp_path / "odd.eml").write_bytes(
        b"From: dana@example.com\r\nContent-Type: text/plain; charset=klingon\r\n"
        b"\r\nWe need 12 seats\r\n"
    )
    told = lines({"channel": "email", "raw": "odd.eml"})
    assert "error" not in told[0]
    assert "12 seats" in Message.objects.get(direction="inbound").body


def test_any_bytes_in_a_file_are_survived(tmp_path):
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"from": "+14155550123", "text": "caf\xff \\ud83d \\u0000"}\n')
    told = simulate("file", str(path))
    assert "error" not in told[0]
    assert "\0" not in Message.objects.get(direction="inbound").body


def test_a_missing_file_is_told_in_words():
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("simulate", "file", "nowhere.jsonl", "--json")


def test_a_sender_that_is_no_address_is_told_in_words():
    with pytest.raises(CommandError, match="is no address"):
        sms("hi", "@@@@@@@@@@@@@@@@")


def test_an_instant_that_is_none_is_told_in_words():
    with pytest.raises(CommandError, match="ISO 8601"):
        sms("hi", DANA, "--now", "yesterday")


def test_without_json_the_steps_are_told_to_a_person(capsys):
    out = io.StringIO()
    call_command("simulate", "sms", "--from", DANA, "--text", HOT, stdout=out)
    told = out.getvalue()
    assert "✓ stored" in told
    assert "reply (sent):" in told


def test_a_worker_that_was_faster_is_waited_for(monkeypatch):
    """`up` beside may have claimed the row: the command waits for its end."""
    from messaging import simulation

    naps = []
    seen = iter([True, True, False, True, False])
    rows = SimpleNamespace(exists=lambda: next(seen))
    monkeypatch.setattr(simulation.time, "sleep", naps.append)
    monkeypatch.setattr(simulation, "answer", lambda **_: None)
    monkeypatch.setattr(simulation, "deliver", lambda **_: None)
    waiting = SimpleNamespace(update=lambda **_: 1, exists=rows.exists)
    filters = SimpleNamespace(filter=lambda **_: waiting)
    monkeypatch.setattr(simulation.Turn, "objects", filters)
    monkeypatch.setattr(simulation.Message, "objects", filters)
    work_turn(SimpleNamespace(pk=1))
    work_message(1)
    assert len(naps) == 3
