"""What machines write is recognised; what people write about machines is not."""

import subprocess
import sys
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string, policy
from pathlib import Path

import pytest

from messaging.mail.facts import Machine, MachineKind
from messaging.mail.machines import recognise

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
WEDNESDAY = datetime(2026, 2, 25, 10, 0, tzinfo=UTC)
PERSON = "ann@example.com"


def judged(
    text: str = "Thank you, we will have a look.",
    *,
    subject: str = "Re: Your desks",
    sender: str = PERSON,
    headers: str = "",
) -> Machine | None:
    message = message_from_string(
        f"From: {sender}\nTo: desk@ours.example\nSubject: {subject}\n{headers}\n{text}"
    )
    return recognise(
        message, sender=sender, subject=subject, text=text, received_at=WEDNESDAY
    )


def kind_of(machine: Machine | None) -> MachineKind | None:
    return machine.kind if machine else None


# --- headers ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("Auto-Submitted: auto-replied", MachineKind.AUTO_REPLY),
        ("Auto-Submitted: auto-generated; owner-token=x", MachineKind.AUTO_REPLY),
        ("auto-submitted: AUTO-NOTIFIED", MachineKind.AUTO_REPLY),
        ("Auto-Submitted: something-new", MachineKind.AUTO_REPLY),
        ("X-Autoreply: yes", MachineKind.AUTO_REPLY),
        ("X-Autorespond: Your mail", MachineKind.AUTO_REPLY),
        ("X-Auto-Response-Suppress: All", MachineKind.AUTO_REPLY),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", MachineKind.AUTO_REPLY),
        ("Precedence: auto_reply", MachineKind.AUTO_REPLY),
        ("Return-Path: <>", MachineKind.AUTO_REPLY),
        ("X-Mailer: vacation 1.2", MachineKind.AUTO_REPLY),
        ("Precedence: bulk", MachineKind.LIST),
        ("Precedence: List", MachineKind.LIST),
        ("Precedence: junk", MachineKind.LIST),
        ("List-Id: <news.example.com>", MachineKind.LIST),
        ("List-Unsubscribe: <https://example.com/u>", MachineKind.LIST),
        ("List-Post: <mailto:list@example.com>", MachineKind.LIST),
    ],
)
def test_a_header_names_the_kind_of_machine(header: str, kind: MachineKind) -> None:
    found = judged(headers=f"{header}\n")
    assert found
    assert found.kind is kind
    assert found.words


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: no",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "Precedence: normal",
        "Precedence: first-class",
        "Return-Path: <ann@example.com>",
        "X-Autoreply: no",
        "X-Mailer: Apple Mail (2.3445)",
    ],
)
def test_headers_of_ordinary_mail_say_nothing(header: str) -> None:
    assert judged(headers=f"{header}\n") is None


@pytest.mark.parametrize(
    "sender",
    ["noreply@example.com", "no-reply@x.com", "donotreply@x.com", "postmaster@x.com"],
)
def test_who_takes_no_answer_is_a_machine(sender: str) -> None:
    assert kind_of(judged(sender=sender)) is MachineKind.AUTO_REPLY


def test_a_mail_system_that_says_nothing_readable_is_a_bounce() -> None:
    found = judged("?", subject="?", sender="mailer-daemon@x.com")
    assert kind_of(found) is MachineKind.BOUNCE


@pytest.mark.parametrize(
    "sender", ["norah@x.com", "bouncer.jo@x.com", "nora.reply@x.com"]
)
def test_a_name_that_only_begins_so_is_a_persons(sender: str) -> None:
    assert judged(sender=sender) is None


def test_a_contact_form_speaks_for_the_person_in_its_reply_to() -> None:
    sender = "noreply@forms.example"
    assert judged(sender=sender, headers=f"Reply-To: {PERSON}\n") is None
    assert judged(sender=sender, headers="Reply-To: no-reply@forms.example\n")


# --- ours ---------------------------------------------------------------------

MARK = "X-Leadsite: 0b9e6c1e-7f0e-4c2f-9c0a-1d1f8f0e8a11\n"


def test_what_a_leadsite_sent_on_its_own_is_an_automatic_reply() -> None:
    found = judged(headers=f"{MARK}Auto-Submitted: auto-replied\n")
    assert kind_of(found) is MachineKind.AUTO_REPLY
    assert found
    assert "Leadsite" in found.words


def test_what_a_person_wrote_in_a_leadsite_is_a_persons() -> None:
    leave = "List-Unsubscribe: <https://ours.example/u/x/>\n"
    assert judged(headers=f"{MARK}{leave}") is None


# --- out of office ------------------------------------------------------------

NOTES = [
    (
        "Automatic reply: Your desks",
        "I am out of the office until Monday 2 March.",
        "2026-03-02",
    ),
    (
        "Out of Office Re: Your desks",
        "I am on vacation and back on March 9.",
        "2026-03-09",
    ),
    (
        "Abwesenheitsnotiz: Ihre Tische",
        "Ich bin im Urlaub und ab dem 12.3. wieder im Büro.",
        "2026-03-12",
    ),
    (
        "Automatische Antwort: Ihre Tische",
        "Ich bin bis zum 05.03.2026 nicht im Büro.",
        "2026-03-06",
    ),
    (
        "Réponse automatique : Vos bureaux",
        "Je suis absente, de retour le 9 mars.",
        "2026-03-09",
    ),
    ("Absence du bureau", "Je suis en congés jusqu'au 5 mars.", "2026-03-06"),
    (
        "Respuesta automática: Sus mesas",
        "Estoy de vacaciones, vuelvo el lunes.",
        "2026-03-02",
    ),
    ("Fuera de la oficina", "Estaré ausente hasta el 5 de marzo.", "2026-03-06"),
    (
        "Resposta automática: As suas mesas",
        "Estou de férias, volto no dia 9 de março.",
        "2026-03-09",
    ),
]


@pytest.mark.parametrize(("subject", "text", "day"), NOTES)
def test_a_note_without_headers_is_recognised_with_its_day(
    subject: str, text: str, day: str
) -> None:
    found = judged(text, subject=subject)
    assert found
    assert found.kind is MachineKind.OUT_OF_OFFICE
    assert found.until
    assert found.until.date().isoformat() == day


def test_headers_and_words_together_say_who_is_away() -> None:
    found = judged(
        "I am currently out of the office.", headers="Auto-Submitted: auto-replied\n"
    )
    assert found
    assert (found.kind, found.until) == (MachineKind.OUT_OF_OFFICE, None)


def test_a_note_quoted_below_an_answer_does_not_say_who_is_away() -> None:
    found = judged(
        "We have received your mail.\n\nOn 24 Feb 2026, at 9:00, Ann wrote:\n"
        "> I am out of the office until 2 March.",
        headers="Auto-Submitted: auto-replied\n",
    )
    assert found
    assert (found.kind, found.until) == (MachineKind.AUTO_REPLY, None)


@pytest.mark.parametrize(
    "text",
    [
        "This is an automated response. We have received your request.",
        "*** This message was generated automatically. ***",
        "Dies ist eine automatisch generierte E-Mail.",
        "Ceci est une réponse automatique, merci de patienter.",
        "Este es un mensaje automático. No responda a este correo.",
        "Esta é uma mensagem automática.",
    ],
)
def test_a_machine_that_says_so_in_words_is_recognised(text: str) -> None:
    assert kind_of(judged(text)) is MachineKind.AUTO_REPLY


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Your desks", "I am out of the office until Monday, call me then."),
        ("Re: Automatic reply: Your desks", "I am back! Let us talk on Friday."),
        ("Out of office desks", "We need 40 of them for our new rooms."),
        ("Vacation rental", "Do you have something for 4 people in June?"),
        ("Absence of a price list", "I could not find your prices."),
        ("Urlaub in Südtirol", "Haben Sie im Juni noch ein Zimmer frei?"),
        ("Re: Ihre Tische", "Ich bin ab Montag im Urlaub, bitte vorher anrufen."),
        ("Re: Vos bureaux", "Je suis absent lundi, plutôt mardi ?"),
        ("Vacaciones en junio", "¿Tienen una casa para 4 personas?"),
        ("Re: Sus mesas", "Estoy de vacaciones, hablamos el lunes."),
        ("Re: your mail", "I got your automatic reply, is anybody there?"),
        ("Question", "Your site says: this is an automated message. Why?"),
        ("Automatic reply is broken", "I only get your automatic reply."),
        ("Auto: insurance", "What does it cost for an old car?"),
        ("Automatic doors", "What do automatic doors cost?"),
        ("Auto insurance", "What does it cost for an old car?"),
        ("Undeliverable promises", "You said June. It is July and no desks came."),
        ("Unsubscribe", "Please unsubscribe me from the list."),
    ],
)
def test_a_person_who_mentions_machines_is_a_person(subject: str, text: str) -> None:
    assert judged(text, subject=subject) is None


def test_a_newsletter_that_a_person_passes_on_is_a_persons_mail() -> None:
    text = (
        "Do you have these as well?\n\n---------- Forwarded message ---------\n"
        "From: News <news@shop.example>\nSubject: Desks!\n\nThis is an automated "
        "message.\nTo unsubscribe click here. List-Unsubscribe: <https://x.example>"
    )
    assert judged(text, subject="Fwd: Desks!") is None


# --- other people's mail, and what must hold ----------------------------------


def test_no_reply_of_the_corpus_is_taken_for_a_machines() -> None:
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside the checkout")
    files = sorted((CORPORA / "replies").iterdir())
    taken = [
        file.name for file in files if judged(file.read_text("utf-8", errors="replace"))
    ]
    assert len(files) >= 90
    assert taken == []


def test_every_bounce_of_the_corpus_is_one() -> None:
    if not CORPORA.is_dir():
        pytest.skip("the corpora are not beside the checkout")
    for file in sorted((CORPORA / "bounces").iterdir()):
        for rules in (policy.compat32, policy.default):
            message = message_from_bytes(file.read_bytes(), policy=rules)
            found = recognise(
                message, sender="", subject="", text="", received_at=WEDNESDAY
            )
            assert kind_of(found) is MachineKind.BOUNCE, file.name


def test_the_child_that_reads_mail_needs_no_django() -> None:
    checked = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, messaging.mail.machines;"
            "print(any(name.split('.')[0] == 'django' for name in sys.modules))",
        ],
        cwd=ROOT,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert checked.stdout.strip() == "False"
