"""What our mail looks like to those who get it: names, thread, signature, way out."""

import re
from typing import Any

import pytest

from messaging.composing import compose, preview, write_out
from messaging.letters import LANGUAGES, letter_words
from messaging.models import Mail, Message, Profile
from messaging.sending import as_outgoing, deliver
from messaging.tests.letterbox import (
    BASE,
    DANA,
    INBOUND,
    came,
    company,
    letterbox,
    read,
    write,
)
from messaging.tests.talk import FakeCarrier
from messaging.transports import Outcome, TransportError

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(settings: Any) -> None:
    settings.PUBLIC_BASE_URL, settings.SENDGRID_INBOUND_DOMAIN = BASE, INBOUND
    company()


def test_an_answer_of_the_ai_reads_back_as_one_of_the_company() -> None:
    box = letterbox()
    question = came(box)
    answer = write(box, answers=question)
    mail = read(answer)
    assert mail["From"].addresses[0].display_name == "Acme Desks"
    assert mail["From"].addresses[0].addr_spec == "sales@acme.example"
    assert mail["To"] == DANA
    assert mail["Subject"] == "Re: Standing desks"
    assert mail["Reply-To"].addresses[0].domain == INBOUND
    assert mail["Message-ID"] == f"<{answer.public_id}@acme.example>"
    assert mail["In-Reply-To"] == mail["References"] == "<q1@reyes.example>"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "DR, RN, NRN, AutoReply"
    assert mail["X-Leadsite"] == str(answer.public_id)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.fullmatch(rf"<({BASE}/u/[\w-]+/)>", mail["List-Unsubscribe"])
    assert link
    text = mail.get_body(("plain",)).get_content()
    assert text.startswith(
        "Hello Dana,\n\nyes, we have.\n\n-- \nAcme Desks\n1 Main Street"
    )
    assert text.endswith(f"No more mail from Acme Desks? {link[1]}\n")
    html = mail.get_body(("html",)).get_content()
    assert "<p" in html
    assert link[1] in html
    assert "<style" not in html
    assert "style=" in html


def test_nothing_in_our_html_is_fetched_or_runs() -> None:
    box = letterbox(signature="Ana\n<img src=x onerror=alert(1)>")
    hostile = (
        "<script>alert(1)</script> see https://acme.example/?a=1&b=2\n\njavascript:x"
    )
    html = compose(write(box, hostile)).html
    assert not re.search(r"<(?:script|img|link|iframe|object|svg)\b", html)
    assert "src=" not in re.sub(r"&lt;.*?&gt;", "", html)
    assert "url(" not in html
    assert 'href="https://acme.example/?a=1&amp;b=2"' in html
    assert re.findall(r'href="(\w+):', html) == ["https", "https"]
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("author", "sender_name", "expected"),
    [
        ("ai", "", "Acme Desks"),
        ("builtin", "", "Acme Desks"),
        ("system", "", "Acme Desks"),
        ("person", "", "Ana at Acme Desks"),
        ("ai", "Acme Sales", "Acme Sales"),
        ("person", "Acme Sales", "Acme Sales"),
    ],
)
def test_only_a_persons_mail_bears_a_persons_name(
    author: str, sender_name: str, expected: str
) -> None:
    box = letterbox(sender_name=sender_name)
    assert compose(write(box, author=author)).from_name == expected


def test_only_what_no_person_wrote_or_approved_is_marked_as_automatic() -> None:
    box = letterbox()
    question = came(box)
    names = {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Leadsite"}
    for author in ("ai", "builtin", "system"):
        headers = dict(compose(write(box, author=author, answers=question)).headers)
        assert names <= headers.keys()
    approved = write(box, automatic=False, answers=question)
    assert not names & dict(compose(approved).headers).keys()
    by_hand = dict(compose(write(box, author="person", subject="Hi")).headers)
    assert not names & by_hand.keys()


def test_a_mail_that_answers_nothing_says_auto_generated() -> None:
    first = write(letterbox(), "We have news.")
    assert dict(compose(first).headers)["Auto-Submitted"] == "auto-generated"


def test_the_same_message_gives_the_same_mail_every_time() -> None:
    box = letterbox()
    came(box)
    answer = write(box)
    once, again = write_out(answer), write_out(Message.objects.get(pk=answer.pk))
    assert once == again
    assert Mail.objects.get(message=answer).header_id == once.mail.message_id


def test_a_message_from_before_mail_had_rows_still_leaves() -> None:
    answer = write(letterbox())
    Mail.objects.filter(message=answer).delete()
    fresh = Message.objects.get(pk=answer.pk)
    assert compose(fresh).message_id == f"{answer.public_id}@acme.example"


def test_references_grow_along_the_thread() -> None:
    box = letterbox()
    came(box, header_id="q1@reyes.example", minutes_ago=9)
    ours = write(box, author="person")
    Message.objects.filter(pk=ours.pk).update(state="sent")
    ours_id = ours.mail.header_id
    came(
        box,
        header_id="q2@reyes.example",
        in_reply_to=ours_id,
        references=("q1@reyes.example", ours_id),
        subject="AW: Standing desks",
        minutes_ago=-1,
    )
    mail = read(write(box))
    assert mail["In-Reply-To"] == "<q2@reyes.example>"
    chain = ["q1@reyes.example", ours_id, "q2@reyes.example"]
    assert mail["References"].split() == [f"<{one}>" for one in chain]
    assert mail["Subject"] == "AW: Standing desks"


def test_a_long_thread_keeps_its_beginning_and_its_end() -> None:
    box = letterbox()
    before = tuple(f"m{n}@reyes.example" for n in range(60))
    came(box, header_id="last@reyes.example", references=before)
    references = compose(write(box)).references
    assert len(references) == 20
    assert references[0] == "m0@reyes.example"
    assert references[-1] == "last@reyes.example"


def test_a_parent_without_references_gives_its_own_parent() -> None:
    box = letterbox()
    came(box, header_id="b@reyes.example", in_reply_to="a@reyes.example")
    assert compose(write(box)).references == ("a@reyes.example", "b@reyes.example")


@pytest.mark.parametrize("state", ["draft", "held", "cancelled", "failed"])
def test_what_never_left_is_nobodys_parent(state: str) -> None:
    box = letterbox()
    came(box)
    gone = write(box, "An earlier try")
    Message.objects.filter(pk=gone.pk).update(state=state)
    assert compose(write(box, "The next")).in_reply_to == "q1@reyes.example"


def test_no_mail_of_ours_answers_a_machine() -> None:
    box = letterbox()
    came(box, minutes_ago=9)
    away = came(box, header_id="away@reyes.example", subject="Automatic reply")
    Mail.objects.filter(message=away).update(machine="out_of_office")
    mail = write_out(write(box))
    assert mail.mail.in_reply_to == "q1@reyes.example"
    assert mail.subject == "Re: Standing desks"


def test_an_answer_hangs_on_the_mail_it_answers() -> None:
    box = letterbox()
    question = came(box, minutes_ago=9)
    came(box, header_id="later@reyes.example", minutes_ago=2)
    assert compose(write(box, answers=question)).in_reply_to == "q1@reyes.example"
    assert compose(write(box)).in_reply_to != "q1@reyes.example"


def test_another_leads_thread_is_never_joined() -> None:
    box = letterbox()
    came(box)
    Message.objects.update(contact_point=None)
    assert compose(write(box)).in_reply_to == ""


def test_a_text_message_has_no_mail_row(django_assert_num_queries: Any) -> None:
    from messaging.tests.talk import mode, text_in

    mode("auto")
    text_in("hello")
    assert not Mail.objects.exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_around_a_mail_are_in_the_leads_language(language: str) -> None:
    box = letterbox(language=language)
    mail = write_out(write(box, "..."))
    words = letter_words(language)
    assert mail.subject == words.say("subject", company="Acme Desks")
    assert words.say("unsubscribe", company="Acme Desks") in mail.text
    assert f'lang="{language}"' in mail.mail.html
    assert words.say("unsubscribe_link") in mail.mail.html


def test_every_language_has_every_word_of_its_own() -> None:
    english = letter_words("en").data
    for language in LANGUAGES[1:]:
        words = letter_words(language).data
        assert words.keys() == english.keys()
        assert [key for key in words if words[key] == english[key]] == []
    assert letter_words("pt-BR").language == "pt"
    assert letter_words("de_AT").language == "de"
    assert letter_words("nl").language == letter_words("").language == "en"


def test_the_mailboxs_own_signature_stands_with_the_postal_address() -> None:
    box = letterbox(signature="Acme Desks\nCall us: +1 415 555 0100")
    text = write_out(write(box)).text
    ours = "-- \nAcme Desks\nCall us: +1 415 555 0100\n1 Main Street, Springfield, IL 62701"
    assert f"{ours}\n\n" in text
    box.channel.signature = "Acme Desks\n1 Main Street\nSpringfield, IL 62701"
    box.channel.save()
    assert write_out(write(box)).text.count("Springfield") == 1


def test_without_a_public_address_the_way_out_is_an_answer(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = ""
    out = write_out(write(letterbox()))
    assert "To get no more mail from Acme Desks, answer STOP." in out.text
    assert not [name for name, _ in out.mail.headers if name.startswith("List-")]


def test_one_click_is_only_offered_over_https(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    headers = dict(compose(write(letterbox())).headers)
    assert headers["List-Unsubscribe"].startswith("<http://127.0.0.1:8000/u/")
    assert "List-Unsubscribe-Post" not in headers


def test_without_an_inbound_domain_answers_go_to_the_mailbox(settings: Any) -> None:
    settings.SENDGRID_INBOUND_DOMAIN = ""
    assert compose(write(letterbox())).reply_to == "sales@acme.example"


def test_the_message_id_names_a_host_that_is_ours(settings: Any) -> None:
    box = letterbox()
    box.channel.address = "log"
    box.channel.save()
    first = write(box)
    assert compose(first).message_id == f"{first.public_id}@leads.acme.example"
    assert compose(first).reply_to.endswith(INBOUND)
    settings.PUBLIC_BASE_URL = settings.SENDGRID_INBOUND_DOMAIN = ""
    second = write(box)
    assert compose(second).message_id == f"{second.public_id}@leadsite.invalid"
    assert compose(second).reply_to == ""


HOSTILE = [
    "Acme\r\nBcc: victim@example.com",
    "Acme\n\n<html>",
    'Acme" <evil@example.com>, "x',
    "Acme\x01\x0b\x85\u2028\u202eevil",
    "=?utf-8?q?Acme=0D=0ABcc=3A_x=40y=2Eexample?=",
    "Ácme 桌子 🪑 " + "x" * 90,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_or_subject_can_add_a_header(name: str) -> None:
    company(name=name[:120], postal_address=name)
    box = letterbox(sender_name=name[:80])
    box.user.first_name = name
    came(box, subject=name, header_id="a@b>\r\nBcc: x@y.example")
    for message in (
        write(box, subject=name),
        write(box),
        write(box, author="person", body=f"\r\n{name}\r.\r\n"),
    ):
        mail = read(message)
        assert mail["Bcc"] is None
        assert mail["Cc"] is None
        assert len(mail["From"].addresses) == 1
        assert mail["From"].addresses[0].addr_spec == "sales@acme.example"
        assert [a.addr_spec for a in mail["To"].addresses] == [DANA]
        assert len(mail["Subject"].splitlines()) == 1
        assert mail.get_content_type() == "multipart/alternative"
        assert not mail.defects
        out = as_outgoing(message)
        assert out.mail is not None
        lines = [out.subject, out.mail.from_name, out.mail.reply_to]
        lines += [value for _, value in out.mail.headers] + [*out.mail.references]
        assert not [line for line in lines if not line.isprintable()]


def test_what_leaves_through_the_gate_is_the_composed_mail(
    carrier: type[FakeCarrier],
) -> None:
    box = letterbox()
    came(box)
    answer = write(box, author="person")
    deliver(message_id=answer.pk)
    (gone,) = carrier.accepted
    assert gone.mail == compose(answer)
    assert gone.body == write_out(answer).text
    answer.refresh_from_db()
    assert answer.body == "Hello Dana,\n\nyes, we have."
    assert answer.state == "sent"


def test_a_mail_that_cannot_be_put_together_has_not_left(
    carrier: type[FakeCarrier], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> str:
        raise RuntimeError("no template")

    answer = write(letterbox(), author="person")
    monkeypatch.setattr("messaging.composing.render_to_string", broken)
    with pytest.raises(TransportError) as raised:
        compose(answer)
    assert raised.value.outcome == Outcome.REFUSED
    deliver(message_id=answer.pk)
    answer.refresh_from_db()
    assert answer.state == "queued"
    assert "put together" in answer.reason
    assert carrier.accepted == []


def test_a_preview_shows_the_mail_and_writes_nothing() -> None:
    box = letterbox()
    came(box)
    before = Message.objects.count(), Mail.objects.count()
    seen = preview(conversation=box.talk, body="Hi <b>Dana</b>", user=box.user)
    assert (Message.objects.count(), Mail.objects.count()) == before
    assert seen.subject == "Re: Standing desks"
    assert seen.mail.from_name == "Ana at Acme Desks"
    assert "Hi &lt;b&gt;Dana&lt;/b&gt;" in seen.mail.html
    assert f"{BASE}/u/preview/" in seen.text
    own = preview(conversation=box.talk, body="Hi", subject="My own", user=box.user)
    assert own.subject == "My own"


def test_the_profile_is_not_made_to_say_more_than_it_does() -> None:
    company(postal_address="")
    assert Profile.current().postal_address == ""
    assert "-- \nAcme Desks\n\n" in write_out(write(letterbox())).text


def test_words_in_any_script_survive_the_way() -> None:
    box = letterbox()
    body = "שלום, مرحبا, 你好, 👩‍👩‍👧\n\n" + "long " * 400
    mail = read(write(box, body))
    first, last = body.split("\n\n")
    text = mail.get_body(("plain",)).get_content()
    assert text.startswith(f"{first}\n\n{last.rstrip()}\n\n-- \n")
    assert first in mail.get_body(("html",)).get_content()
