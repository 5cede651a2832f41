"""What a mail says in its headers, its words and in what it passes on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from messaging.mail.reading import FormFile, read_fields
from messaging.tests.mail_making import NOW, PDF, PNG, multipart, raw, read


@pytest.mark.parametrize(
    ("value", "name", "address"),
    [
        ("jane@x.org", "", "jane@x.org"),
        ("Jane Doe <JANE@X.org>", "Jane Doe", "jane@x.org"),
        ('"Doe, Jane" <jane@x.org>', "Doe, Jane", "jane@x.org"),
        ("Doe, Jane <jane@x.org>", "Doe, Jane", "jane@x.org"),
        ("jane@x.org (Jane Doe)", "Jane Doe", "jane@x.org"),
        ("=?utf-8?q?J=C3=A4ne?= <jane@x.org>", "Jäne", "jane@x.org"),
        (
            "=?iso-8859-1?q?J=E4?= =?iso-8859-1?b?bmU=?= <jane@x.org>",
            "Jäne",
            "jane@x.org",
        ),
        ("=?utf-8?b?SsM=?= =?utf-8?b?pG5l?= <jane@x.org>", "Jäne", "jane@x.org"),
        ("=?utf-8?q?Jane_=3Cjane=40x=2Eorg=3E?=", "", "jane@x.org"),
        ('"=?utf-8?q?J=C3=A4ne?=" <jane@x.org>', "Jäne", "jane@x.org"),
        ('"boss@big.example" <jane@x.org>', "boss@big.example", "jane@x.org"),
        ("boss@big.example <jane@x.org>", "boss@big.example", "jane@x.org"),
        ("Team: jane@x.org, joe@x.org;", "", "jane@x.org"),
        ("undisclosed:; , jane@x.org", "", "jane@x.org"),
        ("Jane <jane@x.org>, Joe <joe@x.org>", "Jane", "jane@x.org"),
        ("Jane <<jane@x.org>>", "Jane", "jane@x.org"),
        ("Jane < jane@x.org >", "Jane", "jane@x.org"),
        ("jane@x.org.", "", "jane@x.org"),
        ("<mailto:jane@x.org>", "", "jane@x.org"),
        ("Jane \u202egnp <jane@x.org>", "Jane gnp", "jane@x.org"),
        ("Jänë <jane@x.org>", "Jänë", "jane@x.org"),
        ("jane@münchen.example", "", "jane@münchen.example"),
        ('"Jane \\"JD\\" Doe" <jane@x.org>', 'Jane "JD" Doe', "jane@x.org"),
        ("nobody", "", ""),
        ('"jane" <>', "", ""),
        ("", "", ""),
    ],
)
def test_a_sender_is_read_however_it_is_written(
    value: str, name: str, address: str, tmp_path: Path
) -> None:
    mail = read(raw(headers=f"From: {value}\nMessage-ID: <1@x>\n"), tmp_path)
    assert (mail.sender_name, mail.sender) == (name, address)


def test_without_from_the_sender_is_who_sent_it(tmp_path: Path) -> None:
    mail = read(raw(headers="Sender: a@x.org\nReturn-Path: <b@x.org>\n"), tmp_path)
    assert mail.sender == "a@x.org"
    assert read(raw(headers="Return-Path: <b@x.org>\n"), tmp_path).sender == "b@x.org"
    twice = "From: nobody\nFrom: Jane <jane@x.org>\nReply-To: Office <Desk@x.org>\n"
    mail = read(raw(headers=twice), tmp_path)
    assert (mail.sender, mail.reply_to) == ("jane@x.org", "desk@x.org")


def test_recipients_are_those_of_all_headers_in_their_order(tmp_path: Path) -> None:
    more = (
        "X-Original-To: e@x.org\nDelivered-To: D@x.org\nBcc: c@x.org\n"
        "Cc: b@x.org, A@x.org\nTo: Team: a@x.org, =?utf-8?q?B=C3=B6?= <a2@x.org>;\n"
        "To: a3@x.org\n"
    )
    mail = read(raw(more=more), tmp_path, envelope_to=["F@x.org", "<a@x.org>"])
    expected = ["a", "a2", "a3", "b", "c", "d", "e", "f"]
    assert mail.recipients == tuple(f"{name}@x.org" for name in expected)


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<1@x.org>", ("1@x.org",)),
        ("<1@x.org> <2@x.org>\n\t<3@x.org>", ("1@x.org", "2@x.org", "3@x.org")),
        ("<1@x.org><2@x.org>", ("1@x.org", "2@x.org")),
        ("<1@x.org>, <1@x.org>", ("1@x.org",)),
        ("1@x.org", ("1@x.org",)),
        ("1@x.org 2@x.org", ("1@x.org", "2@x.org")),
        ("<1@x.org", ("1@x.org",)),
        ("<very-long-\n  id@x.org>", ("very-long-id@x.org",)),
        ("Your message of Monday <1@x.org>", ("1@x.org",)),
        ("(about <1@x.org>)", ("1@x.org",)),
        ("<no-at-sign>", ("no-at-sign",)),
        ("<1@X.org>", ("1@X.org",)),
        ("<>", ()),
        ("none", ()),
        ("", ()),
    ],
)
def test_ids_are_read_however_they_are_written(
    value: str, ids: tuple[str, ...], tmp_path: Path
) -> None:
    mail = read(raw(more=f"In-Reply-To: {value}\nReferences: {value}\n"), tmp_path)
    assert mail.in_reply_to == mail.references == ids


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Wed, 4 Mar 2026 13:00:00 +0100", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        ("Wed, 4 Mar 2026 12:00:00", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        ("4 Mar 26 07:00 EST", datetime(2026, 3, 4, 12, tzinfo=UTC)),
        ("Wed, 4 Mar 2026 25:00:00 +0100", None),
        ("Wed, 4 Mar 2026 12:00:00 +9999999999", None),
        ("tomorrow", None),
        ("31 Dec 9999 23:59:59 -1400", None),
        ("", None),
    ],
)
def test_a_date_is_a_moment_or_nothing(
    value: str, moment: datetime | None, tmp_path: Path
) -> None:
    assert read(raw(more=f"Date: {value}\n"), tmp_path).sent_at == moment


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?utf-8?b?R3LD?=\n =?utf-8?b?vMOfZQ==?=", "Grüße"),
        ("=?cp850?q?Gr=81=E1e?=", "Grüße"),
        ("=?utf-8*de?q?Hallo?= Welt", "Hallo Welt"),
        ("=?no-such?q?Hallo?=", "Hallo"),
        ("=?utf-8?b?****?=!", "!"),
        ("=?utf-8?q?cut", "=?utf-8?q?cut"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("Re: caf\u00e9", "Re: café"),
    ],
)
def test_a_subject_is_read_however_it_is_encoded(
    subject: str, shown: str, tmp_path: Path
) -> None:
    headers = f"From: a@x.org\nSubject: {subject}\n"
    assert read(raw(headers=headers), tmp_path).subject == shown


def test_the_plain_words_are_taken_before_the_html(tmp_path: Path) -> None:
    parts = (
        "Content-Type: text/plain\n\nplain",
        "Content-Type: text/html\n\n<p>rich</p>",
    )
    mail = read(raw(**multipart(*parts, kind="alternative")), tmp_path)
    assert (mail.text, mail.html) == ("plain", "<p>rich</p>")


@pytest.mark.parametrize(
    "stub",
    ["", " \n", "Your e-mail client does not support HTML.", "View it in your browser"],
)
def test_html_is_read_where_the_plain_words_say_nothing(
    stub: str, tmp_path: Path
) -> None:
    long = "We would like forty seats from March, please send us an offer. " * 3
    parts = (
        f"Content-Type: text/plain\n\n{stub}",
        f"Content-Type: text/html\n\n<p>{long}</p>",
    )
    mail = read(raw(**multipart(*parts, kind="alternative")), tmp_path)
    assert mail.text == long.strip()
    assert mail.reply


def test_words_beside_each_other_are_all_read(tmp_path: Path) -> None:
    parts = (
        "Content-Type: text/plain\n\nfirst",
        "Content-Type: text/html\n\n<p>second</p>",
        "Content-Type: text/plain\n\nthird",
    )
    assert read(raw(**multipart(*parts)), tmp_path).text == "first\n\nsecond\n\nthird"


def test_a_named_text_is_a_file_unless_nothing_else_is_said(tmp_path: Path) -> None:
    named = (
        "Content-Type: text/plain; name=notes.txt\nContent-Disposition: inline\n\nnotes"
    )
    mail = read(raw(**multipart("\n\nhello", named)), tmp_path)
    assert (mail.text, mail.files[0].name) == ("hello", "notes.txt")
    assert read(raw(**multipart(named)), tmp_path).text == "notes"


def test_soft_line_ends_are_joined(tmp_path: Path) -> None:
    body = "one \ntwo\n> old \n> words\n>> deep\n end \n-- \nJane\n  indented\n"
    kind = "Content-Type: text/plain; format=flowed\n"
    text = read(raw(body, more=kind), tmp_path).text
    assert text == "one two\n> old words\n>> deep\nend \n-- \nJane\n indented"
    glued = "Content-Type: text/plain; format=flowed; delsp=yes\n"
    assert read(raw("漢 \n字\n", more=glued + "X: y\n"), tmp_path).text == "漢字"


def test_quoted_history_is_trimmed_and_the_words_stay_whole(tmp_path: Path) -> None:
    body = "Yes please.\n\nOn Mon, Mar 2, 2026 at 9:00 AM Bo <bo@y.org> wrote:\n> Shall we?\n"
    mail = read(raw(body), tmp_path)
    assert mail.reply.strip() == "Yes please."
    assert "Shall we?" in mail.text


def test_a_mail_of_history_only_is_not_trimmed_to_nothing(tmp_path: Path) -> None:
    assert read(raw("> all of it\n> is old\n"), tmp_path).reply.strip()


def test_a_machine_is_recognised(tmp_path: Path) -> None:
    mail = read(raw("I am away.", more="Auto-Submitted: auto-replied\n"), tmp_path)
    assert mail.machine is not None
    assert mail.machine.words


def test_an_encrypted_mail_says_so(tmp_path: Path) -> None:
    parts = (
        "Content-Type: application/pgp-encrypted\n\nVersion: 1",
        "Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----",
    )
    mail = read(raw(**multipart(*parts, kind="encrypted")), tmp_path)
    assert "it is encrypted: its words cannot be read" in mail.defects


BLOCK = "From: Lea Lead <Lea@lead.example>\nDate: Mon, 2 Mar 2026\nSubject: Seats\nTo: bo@y.org\n\nWe need seats."


@pytest.mark.parametrize(
    ("subject", "body", "found"),
    [
        ("Fwd: Seats", f"---------- Forwarded message ---------\n{BLOCK}", True),
        ("Seats", f"FYI\n\n---------- Forwarded message ---------\n{BLOCK}", True),
        ("Fwd: Seats", f"Begin forwarded message:\n\n{BLOCK}", True),
        ("FW: Seats", f"Please take over\n\n{BLOCK}", True),
        (
            "WG: Plätze",
            "Von: Lea <lea@lead.example>\nGesendet: Montag\nAn: b@y.org",
            True,
        ),
        (
            "Fwd: x",
            "-------- Weitergeleitete Nachricht --------\nBetreff: x\n"
            "Von: Lea <lea@lead.example>\nAn: b@y.org",
            True,
        ),
        (
            "TR: Places",
            "De : Lea <lea@lead.example>\nEnvoyé : lundi\nÀ : b@y.org",
            True,
        ),
        (
            "Fwd: x",
            "Début du message réexpédié :\n\nDe: Lea <lea@lead.example>\nObjet: x",
            True,
        ),
        (
            "x",
            "---------- Message transféré ---------\nDe : <lea@lead.example>\nDate: x",
            True,
        ),
        (
            "RV: Plazas",
            "De: Lea <lea@lead.example>\nEnviado el: lunes\nPara: b@y.org",
            True,
        ),
        (
            "Fwd: x",
            "---------- Mensaje reenviado ---------\nDe: <lea@lead.example>\nFecha: x",
            True,
        ),
        (
            "ENC: x",
            "---------- Mensagem encaminhada ----------\nDe: <lea@lead.example>\nData: x",
            True,
        ),
        ("Fwd: x", f"-----Original Message-----\n{BLOCK}", True),
        ("Re: x", f"Yes.\n\n-----Original Message-----\n{BLOCK}", False),
        ("x", f"Yes.\n\n-----Original Message-----\n{BLOCK}", False),
        ("Re: x", f"Yes.\n\n---------- Forwarded message ---------\n{BLOCK}", False),
        ("x", "> ---------- Forwarded message ---------\n> " + BLOCK, False),
        ("x", f"Hello,\n{BLOCK}", False),
        ("Fwd: x", "From: here to there\nit is far", False),
    ],
)
def test_who_first_wrote_a_mail_that_was_passed_on(
    subject: str, body: str, found: bool, tmp_path: Path
) -> None:
    headers = f"From: bo@y.org\nSubject: {subject}\n"
    more = "Content-Type: text/plain; charset=utf-8\n"
    mail = read(raw(body, headers=headers, more=more), tmp_path)
    assert mail.forwarded_from == ("lea@lead.example" if found else "")
    assert mail.sender == "bo@y.org"


def test_a_mail_attached_to_another_is_a_file_and_says_its_writer(
    tmp_path: Path,
) -> None:
    inner = "Content-Type: message/rfc822\n\nFrom: Lea@lead.example\nSubject: Seats\n\nWe need"
    mail = read(raw(**multipart("\n\nsee below", inner)), tmp_path)
    assert (mail.text, mail.forwarded_from) == ("see below", "lea@lead.example")
    (file,) = mail.files
    assert (file.name, file.content_type) == ("Seats.eml", "message/rfc822")
    assert b"We need" in Path(file.path).read_bytes()
    assert read(raw(**multipart(inner)), tmp_path).text == "We need"


def spooled(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


def test_fields_of_a_form_become_the_same_mail(tmp_path: Path) -> None:
    block = (
        "Received: by mx.sendgrid.net\nFrom: =?utf-8?q?J=C3=A4ne?= <Jane@x.org>\n"
        "To: a@y.org\nDelivered-To: b@y.org\nMessage-ID: <1@x.org>\n"
        "In-Reply-To: <0@y.org>\nReferences: <a@y.org>\n <0@y.org>\n"
        "Date: Wed, 4 Mar 2026 13:00:00 +0100\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n"
        "Content-Type: multipart/mixed; boundary=b\n"
    )
    mail = read_fields(
        {
            "headers": block,
            "from": "Jäne <Jane@x.org>",
            "to": "a@y.org",
            "subject": "Grüße",
            "text": "Yes.\r\n\r\nOn Mon, Mar 2, 2026 at 9:00 AM Bo <a@y.org> wrote:\r\n> ok?",
            "html": '<p>Yes.</p><img src="cid:logo">',
        },
        files=[
            FormFile("plan.pdf", "application/pdf", spooled(tmp_path, "1", PDF)),
            FormFile("l.png", "image/png", spooled(tmp_path, "2", PNG), "logo"),
            FormFile("x.exe", "image/png", spooled(tmp_path, "3", b"MZ\x90")),
        ],
        folder=str(tmp_path),
        received_at=NOW,
        envelope_to=["c@y.org"],
    )
    assert (mail.sender, mail.sender_name) == ("jane@x.org", "Jäne")
    assert (mail.message_id, mail.in_reply_to) == ("1@x.org", ("0@y.org",))
    assert mail.references == ("a@y.org", "0@y.org")
    assert mail.recipients == ("a@y.org", "b@y.org", "c@y.org")
    assert (mail.subject, mail.reply.strip()) == ("Grüße", "Yes.")
    assert mail.sent_at == datetime(2026, 3, 4, 12, tzinfo=UTC)
    names = [(file.name, bool(file.path), file.inline) for file in mail.files]
    assert names == [
        ("plan.pdf", True, False),
        ("l.png", True, True),
        ("x.exe", False, False),
    ]
    assert not (tmp_path / "3").exists()


def test_fields_without_a_header_block_are_a_mail_as_well(tmp_path: Path) -> None:
    fields = {
        "from": "Jane <jane@x.org>",
        "to": "a@y.org",
        "cc": "B <b@y.org>",
        "subject": "Hi\r\nBcc: all@x.org",
        "html": "<p>only rich</p>",
    }
    mail = read_fields(fields, files=[], folder=str(tmp_path), received_at=NOW)
    assert (mail.sender, mail.text) == ("jane@x.org", "only rich")
    assert mail.recipients == ("a@y.org", "b@y.org")
    assert mail.subject == "Hi Bcc: all@x.org"


def test_a_delivery_report_in_fields_is_recognised_by_its_files(tmp_path: Path) -> None:
    report = (
        b"Reporting-MTA: dns; mx.y.org\n\nFinal-Recipient: rfc822; gone@z.org\n"
        b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n"
    )
    returned = b"Message-ID: <ours@y.org>\nTo: gone@z.org\n"
    mail = read_fields(
        {
            "headers": "From: MAILER-DAEMON@y.org\nContent-Type: multipart/report;"
            " report-type=delivery-status; boundary=b\nSubject: Undelivered\n",
            "text": "It could not be delivered.",
        },
        files=[
            FormFile("", "message/delivery-status", spooled(tmp_path, "1", report)),
            FormFile("", "text/rfc822-headers", spooled(tmp_path, "2", returned)),
        ],
        folder=str(tmp_path),
        received_at=NOW,
    )
    assert mail.machine is not None and mail.machine.kind == "bounce"
    assert [(one.address, one.hard) for one in mail.machine.reports] == [
        ("gone@z.org", True)
    ]
    assert mail.files == ()
