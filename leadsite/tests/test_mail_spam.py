"""Our mail on the wire: its headers as SMTP carries them, and what a spam filter
thinks of it (Debian's SpamAssassin).
"""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from integrations.letter import letter_of
from integrations.mime import mime_of
from leads.tests.factories import UserFactory
from messaging.drafts import approve_draft
from messaging.models import Message
from messaging.sending import as_outgoing
from messaging.tests.letterbox import BASE, INBOUND, came, company, letterbox, write

SPAMASSASSIN = shutil.which("spamassassin")
pytestmark = pytest.mark.django_db
filtered = pytest.mark.skipif(
    SPAMASSASSIN is None, reason="no SpamAssassin on this machine"
)
# Points; a filter calls five spam.
ALLOWED = 1.0
BODIES = {
    "en": "Hi Dana,\n\nI am the AI assistant of Acme Desks. Yes, we have standing desks"
    " for a team of 40. Would Tuesday at 10:00 suit you for a call?\n\nWhat size of"
    " desk do you have in mind?",
    "de": "Hallo Dana,\n\nhier schreibt der KI-Assistent von Acme Desks. Ja, wir haben"
    " höhenverstellbare Tische für ein Team von 40 Personen. Passt Ihnen Dienstag um"
    " 10:00 Uhr für ein Gespräch?\n\nWelche Größe stellen Sie sich vor?",
    "es": "Hola Dana:\n\nSoy el asistente de IA de Acme Desks. Sí, tenemos escritorios"
    " regulables para un equipo de 40 personas. ¿Le viene bien el martes a las 10:00"
    " para una llamada?\n\n¿Qué tamaño de escritorio tiene pensado?",
}
ASKED = {
    "en": ("Standing desks", "Do you have standing desks for 40 people?"),
    "de": ("Stehtische", "Haben Sie Stehtische für 40 Personen?"),
    "es": ("Escritorios", "¿Tienen escritorios para 40 personas?"),
}


@pytest.fixture(autouse=True)
def _world(settings: Any) -> None:
    settings.PUBLIC_BASE_URL, settings.SENDGRID_INBOUND_DOMAIN = BASE, INBOUND
    company()


def on_the_wire(message: Message) -> bytes:
    """The mail as the road over SMTP sends it."""
    out = as_outgoing(message)
    return mime_of(letter_of(out, sender=out.from_address))


def mails(language: str) -> dict[str, bytes]:
    """An answer of the AI, a person's, an approved draft, and one that answers none."""
    box = letterbox(language=language)
    first = write(box, BODIES[language], author="person")
    subject, body = ASKED[language]
    question = came(box, subject=subject, body=body)
    answer = write(box, BODIES[language], answers=question)
    by_hand = write(box, BODIES[language] + "\n\nAna", author="person")
    Message.objects.exclude(pk=question.pk).update(state="cancelled")
    state = Message.State.DRAFT
    draft = write(box, BODIES[language], state=state, automatic=False, answers=question)
    approved = approve_draft(draft=draft, user=UserFactory(username=f"a{language}"))
    return {
        "a first mail": on_the_wire(first),
        "the AI's answer": on_the_wire(answer),
        "a person's answer": on_the_wire(by_hand),
        "an approved draft": on_the_wire(approved),
    }


def scores(mail: list[bytes], home: Path) -> list[tuple[float, str]]:
    """The points and the rules that gave them, of each, in one run without network."""
    box = b"".join(
        b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"
        + re.sub(rb"(?m)^From ", b">From ", one.replace(b"\r\n", b"\n"))
        + b"\n"
        for one in mail
    )
    command = [str(SPAMASSASSIN), "-L", "-t", "--mbox", "--cf=use_bayes 0"]
    environment = {**os.environ, "HOME": str(home), "LC_ALL": "C"}
    ran = subprocess.run(
        command, input=box, capture_output=True, env=environment, timeout=120
    )
    shown = re.sub(r"\n\s+", " ", ran.stdout.decode("utf-8", "replace"))
    # `-t` says it once in the head and repeats it in the report at the end.
    found = re.findall(
        r"^X-Spam-Status: \w+, score=(-?[\d.]+) .*?tests=(.*?)(?: autolearn|$)",
        shown,
        re.MULTILINE,
    )
    assert len(found) == len(mail), ran.stderr.decode()[-2_000:]
    return [(float(points), rules) for points, rules in found]


@filtered
@pytest.mark.parametrize("language", BODIES)
def test_our_ordinary_mail_scores_below_one(language: str, tmp_path: Path) -> None:
    written = mails(language)
    found = scores(list(written.values()), tmp_path)
    judged = dict(zip(written, found, strict=True))
    assert {name: one for name, one in judged.items() if one[0] >= ALLOWED} == {}


@filtered
def test_the_filter_does_judge(tmp_path: Path) -> None:
    """GTUBE, which every filter calls spam, or the scores above say nothing."""
    gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
    bad = on_the_wire(write(letterbox(), gtube))
    assert scores([bad], tmp_path)[0][0] > 900


def test_no_header_that_programs_read_is_encoded_on_the_wire() -> None:
    box = letterbox()
    references = tuple(f"{n}{'x' * 80}@mail.reyes.example" for n in range(30))
    question = came(box, header_id=f"{'q' * 90}@reyes.example", references=references)
    wire = on_the_wire(write(box, answers=question))
    head = wire.partition(b"\r\n\r\n")[0]
    lines = head.replace(b"\r\n ", b" ").split(b"\r\n")
    named = dict(line.split(b": ", 1) for line in lines)
    assert re.fullmatch(rb"<https://[!-~]+/u/[\w-]{44}/>", named[b"List-Unsubscribe"])
    assert named[b"List-Unsubscribe-Post"] == b"List-Unsubscribe=One-Click"
    assert named[b"In-Reply-To"] == b"<" + b"q" * 90 + b"@reyes.example>"
    assert len(named[b"References"].split()) == 20
    assert re.fullmatch(rb"reply\+[a-z2-7]{48}@[a-z.]+", named[b"Reply-To"])
    assert b"=?" not in head
