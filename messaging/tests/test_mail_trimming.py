"""What a lead wrote now is told from quoted history and signatures, and never lost."""

import pytest

from messaging.mail.trimming import Trimmed, trim_reply

ANSWER = "Yes, forty desks by June.\nCan you bring them up to the third floor?"
HEADERS = {
    "English": "On Mon, Mar 2, 2026 at 4:37 PM Jo Berg <jo@example.com> wrote:",
    "English, wrapped": (
        "On Mon, Mar 2, 2026 at 4:37 PM The Office Furniture Company <\n"
        "a-really-long-address+1234556@furniture.example.com> wrote:"
    ),
    "English, over three lines": "On Nov 21, 2025,\nat 10:18,\nJo <jo@x.com> wrote:",
    "Apple": "On 2 Mar 2026, at 19:21, Jo Berg wrote:",
    "German, Gmail": "Am Mo., 2. März 2026 um 16:37 Uhr schrieb Jo <jo@x.de>:",
    "German, Apple": "Am 02.03.2026 um 16:37 schrieb Jo Berg <jo@example.de>:",
    "German, Thunderbird": "Jo Berg schrieb am 02.03.2026 um 16:37:",
    "French": "Le lun. 2 mars 2026 à 16:37, Jo Berg <jo@example.fr> a écrit :",
    "French, wrapped": "Le lun. 2 mars 2026 à 16:37, Jo Berg <jo@x.fr>\na écrit :",
    "Spanish, Gmail": "El lun, 2 mar 2026 a las 16:37, Jo Berg (<jo@x.es>) escribió:",
    "Spanish, Apple": "El 2 mar 2026, a las 16:37, Jo Berg <jo@x.es> escribió:",
    "Portuguese": "Em seg., 2 de mar. de 2026 às 16:37, Jo <jo@x.pt>\nescreveu:",
    "Italian": "Il giorno lun 2 mar 2026 alle ore 16:37 Jo <jo@x.it> ha scritto:",
    "Dutch": "Op ma 2 mrt 2026 om 16:37 schreef Jo Berg <jo@x.nl>:",
    "Polish": "pon., 2 mar 2026 o 16:37 Jo Berg <jo@example.pl> napisał(a):",
    "Russian": "пн, 2 мар. 2026 г. в 16:37, Jo Berg <jo@example.ru>:",
    "no language": "2026-03-02 16:37 GMT+01:00 Jo Berg <jo@example.com>:",
    "Zoho": "---- On Mon, 02 Mar 2026 16:37:50 +0100 jo@x.com wrote ----",
    "Outlook": (
        "From: Jo Berg <jo@example.com>\nSent: Monday, March 2, 2026 4:37 PM\n"
        "To: Ann <ann@example.com>\nSubject: Your desks"
    ),
    "Outlook, bold": (
        "*From:* Jo Berg <jo@example.com>\n*Sent:* Monday, March 2, 2026\n"
        "*To:* Ann <ann@example.com>\n*Subject:* Your desks"
    ),
    "Outlook, below a rule": (
        "________________________________\nFrom: Jo Berg <jo@example.com>\n"
        "Sent: Monday, March 2, 2026 4:37 PM\nTo: Ann\nSubject: Your desks"
    ),
    "Outlook, German": (
        "Von: Jo Berg <jo@example.de>\nGesendet: Montag, 2. März 2026 16:37\n"
        "An: Ann <ann@example.de>\nBetreff: Ihre Tische"
    ),
    "Outlook, French": (
        "De : Jo Berg <jo@example.fr>\nEnvoyé : lundi 2 mars 2026 16:37\n"
        "À : Ann <ann@example.fr>\nObjet : Vos bureaux"
    ),
    "Outlook, Spanish": (
        "De: Jo Berg <jo@example.es>\nEnviado el: lunes, 2 de marzo de 2026 16:37\n"
        "Para: Ann <ann@example.es>\nAsunto: Sus mesas"
    ),
    "Outlook, Portuguese": (
        "De: Jo Berg <jo@example.pt>\nEnviada: segunda-feira, 2 de março de 2026\n"
        "Para: Ann <ann@example.pt>\nAssunto: As suas mesas"
    ),
    "Outlook, Italian": (
        "Da: Jo Berg <jo@example.it>\nInviato: lunedì 2 marzo 2026 16:37\n"
        "A: Ann <ann@example.it>\nOggetto: Le scrivanie"
    ),
    "Outlook, Dutch": (
        "Van: Jo Berg <jo@example.nl>\nVerzonden: maandag 2 maart 2026 16:37\n"
        "Aan: Ann <ann@example.nl>\nOnderwerp: Uw bureaus"
    ),
    "original message": "-----Original Message-----\nFrom: Jo <jo@example.com>",
    "original message, German": "-----Ursprüngliche Nachricht-----\nVon: Jo",
    "original message, French": "-------- Message d'origine --------\nDe : Jo",
    "original message, Spanish": "-----Mensaje original-----\nDe: Jo",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("mark", ["> ", ""], ids=["marked", "unmarked"])
def test_history_below_an_answer_is_trimmed(header: str, mark: str) -> None:
    history = f"{mark}Would June suit you?\n{mark}Best, Jo"
    trimmed = trim_reply(f"{ANSWER}\n\n{header}\n\n{history}")
    assert trimmed.reply == ANSWER
    assert trimmed.quoted.startswith(header.split("\n")[0])
    assert "Would June suit you?" in trimmed.quoted


def test_windows_line_ends_are_read_like_others() -> None:
    text = f"{ANSWER}\n\n{HEADERS['English']}\n> Would June suit you?"
    assert trim_reply(text.replace("\n", "\r\n")).reply == ANSWER


def test_an_answer_below_the_quote_is_what_is_left() -> None:
    text = f"{HEADERS['German, Gmail']}\n> Passt der Juni?\n> Jo\n\nJa, gerne."
    assert trim_reply(text).reply == "Ja, gerne."


def test_answers_between_quotes_stay_with_what_they_answer() -> None:
    text = (
        f"Hi Jo,\n\n{HEADERS['English']}\n> How many?\n\nForty.\n\n"
        "> Which floor?\n\nThe third.\n\n> Best, Jo\n> Example Inc."
    )
    trimmed = trim_reply(text)
    for kept in ("Hi Jo", "> How many?", "Forty.", "> Which floor?", "The third."):
        assert kept in trimmed.reply
    assert "Example Inc." in trimmed.quoted
    assert "Example Inc." not in trimmed.reply


@pytest.mark.parametrize(
    "note",
    [
        "Please see my answers below.",
        "Meine Antworten siehe unten.",
        "Voir mes réponses en rouge.",
        "Mis respuestas en rojo.",
        "Respondo abaixo.",
    ],
)
def test_who_says_that_the_answers_are_in_the_history_keeps_it(note: str) -> None:
    text = f"{note}\n\n{HEADERS['Outlook']}\n\nHow many?\nForty."
    assert trim_reply(text) == Trimmed(text)


def test_a_quote_line_that_a_mail_program_wrapped_is_still_a_quote() -> None:
    text = (
        f"Fine.\n\n{HEADERS['English']}\n"
        "> We could deliver the desks on any day of the first week of June, or\n"
        "later\n> if that suits you better.\n"
    )
    assert trim_reply(text).reply == "Fine."


def test_a_short_answer_right_below_a_question_is_not_taken_for_a_wrapped_line() -> (
    None
):
    text = (
        f"{HEADERS['English']}\n"
        "> Would the first week of June suit you for the delivery of all of them?\n"
        "yes, the tuesday\n> And which floor is it?\n"
    )
    assert "yes, the tuesday" in trim_reply(text).reply


def test_a_greeting_right_above_a_header_is_not_part_of_it() -> None:
    header = '02.04.2026 14:20 пользователь "Jo" <\njo@example.com> написал:'
    assert trim_reply(f"Hello\n{header}\n\n> Hi\n>").reply == "Hello"


@pytest.mark.parametrize(
    "text",
    [
        HEADERS["English"] + "\n> Would June suit you?",
        HEADERS["Outlook"] + "\n\nWould June suit you?",
        "> Would June suit you?\n> Best, Jo",
        "-- \nJo Berg\nExample Inc.",
        "Sent from my iPhone",
    ],
)
def test_a_text_with_words_is_never_trimmed_to_none(text: str) -> None:
    assert trim_reply(text) == Trimmed(text)


def test_a_text_without_words_stays_empty() -> None:
    assert trim_reply(" \n\n ") == Trimmed("")


@pytest.mark.parametrize(
    "mark",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "-------- Weitergeleitete Nachricht --------",
        "---------- Message transféré ---------",
        "Début du message réexpédié :",
        "---------- Mensaje reenviado ---------",
        "---------- Mensagem encaminhada ---------",
        "---------- Messaggio inoltrato ---------",
    ],
)
def test_a_mail_that_was_passed_on_is_content(mark: str) -> None:
    text = f"Can you help them?\n\n{mark}\n{HEADERS['Outlook']}\n\nWe need desks."
    assert trim_reply(text) == Trimmed(text)


@pytest.mark.parametrize("subject", ["FW: desks", "WG: Tische", "TR: bureaux", "RV: x"])
def test_a_subject_says_that_an_unmarked_block_was_passed_on(subject: str) -> None:
    text = f"Can you help them?\n\n{HEADERS['Outlook']}\n\nWe need desks."
    assert trim_reply(text, subject=subject) == Trimmed(text)
    assert trim_reply(text, subject="Re: desks").reply == "Can you help them?"


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my Verizon Wireless BlackBerry",
        "Sent from Mail for Windows 10",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android<https://aka.ms/AAb9ysg>",
        "Envoyé de mon iPhone",
        "Envoyé à partir de Outlook pour iOS<https://aka.ms/o0ukef>",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Skickat från min iPhone",
    ],
)
def test_the_signature_of_a_telephone_is_trimmed(line: str) -> None:
    assert trim_reply(f"{ANSWER}\n\n{line}") == Trimmed(ANSWER, "", line)
    both = trim_reply(f"{ANSWER}\n\n{line}\n\n{HEADERS['English']}\n> June?")
    assert (both.reply, both.signature) == (ANSWER, line)


@pytest.mark.parametrize(
    "words",
    [
        "Sent from my desk, it is much easier than by telephone.",
        "I sent it from my phone yesterday.",
        "-- first point\n-- second point\n\nPlease check both.",
        "And here is a fix -- this is not a signature.\nBye",
        "From: Boston\nTo: Denver\nDate: 12 June\n\nTwo rooms, what does it cost?",
        "On Thursday you wrote that you deliver.\nDo you?",
        "On your remote host you can run:\n\ntelnet 127.0.0.1",
        "How many people?\n\n> 50",
        "We are in 3 places:\n- Bonn\n- Rome\n- Oslo",
        "Subject: none, I only want a price.",
        "Von: Berlin\nNach: Bonn\nWann: Juni",
        "Regards,\nJo Berg\nExample Inc.\n+49 30 1234567",
    ],
)
def test_what_only_looks_like_a_mark_is_kept(words: str) -> None:
    assert trim_reply(words) == Trimmed(words)


def test_a_signature_below_two_hyphens_is_trimmed() -> None:
    text = f"{ANSWER}\n-- \nJo Berg\nExample Inc."
    assert trim_reply(text) == Trimmed(ANSWER, "", "--\nJo Berg\nExample Inc.")


def test_two_hyphens_above_a_long_text_only_part_it() -> None:
    below = "\n".join(f"Point {number}: please check." for number in range(30))
    assert trim_reply(f"{ANSWER}\n--\n{below}").reply.endswith("please check.")


def test_the_html_shows_history_whose_words_say_nothing() -> None:
    text = "Igen, júniusban.\n\nJo Berg 2026 március 2 ezt írta nekem\n\nJúnius?"
    html = (
        "<p>Igen, júniusban.</p><div class='gmail_quote'><div>Jo Berg 2026 március 2"
        " ezt írta nekem</div><p>Június?</p></div>"
    )
    assert trim_reply(text).reply == text
    assert trim_reply(text, html=html).reply == "Igen, júniusban."
