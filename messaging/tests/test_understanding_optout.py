import json
from pathlib import Path

import pytest

from messaging.agent.understanding.optout import (
    OptOut,
    is_help,
    is_opt_in,
    read_opt_out,
)

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "replies"
CTIA = ("STOP", "STOPALL", "UNSUBSCRIBE", "END", "QUIT", "REVOKE", "OPTOUT", "CANCEL")
DRESSES = (
    "{}",
    "{}!!!",
    "  {} ",
    '"{}"',
    "{} please",
    "pls {}",
    "{} 🙏",
    "{}.",
    "*{}*",
)

STOPS = {
    "en": (
        "S T O P", "stpo", "sotp", "unsubcribe me", "STOP ALL", "Opt-out", "take me off",
        "pls stop txting me", "don’t text me anymore", "lose my number", "f*** off",
        "Take my number off ur list", "wrong number stop texting", "cease and desist",
        "I no longer wish to receive msgs", "How do I unsubscribe?", "reported as spam",
        "I told you to stop", "do not call or text", "Not interested. Do not text again.",
        "The dust is dreadful. STOP", "Stop, I never agreed to be on a list",
        "STOP\n\nSent from my phone",
    ),
    "es": (
        "BAJA", "no me escriban más", "No me manden mas mensajes", "dejen de llamarme",
        "borren mi número", "¿cómo me doy de baja?", "sáquenme de su lista",
        "déjenme en paz", "ya no quiero recibir publicidad",
    ),
    "fr": (
        "ARRÊT", "arret svp", "Arrêtez de m’envoyer des messages", "ne m'écrivez plus",
        "je veux me désabonner", "retirez-moi de votre liste", "supprimez mon numéro",
        "laissez-moi tranquille", "plus de sms svp",
    ),
    "de": (
        "STOPP", "Abmelden", "hört auf mir zu schreiben", "Hoert auf mir zu schreiben",
        "Bitte keine Nachrichten mehr", "Löschen Sie meine Nummer",
        "nehmt mich aus dem Verteiler", "Lassen Sie mich in Ruhe",
    ),
    "pt": (
        "SAIR", "pare", "pare de me mandar mensagem", "não me ligue mais",
        "Nao quero mais receber mensagens", "me tira da lista", "apague meu número",
        "me deixem em paz",
    ),
    "it": ("basta", "smettetela di scrivermi", "non voglio più ricevere messaggi"),
    "nl": ("afmelden", "stuur me geen berichten meer", "haal me van de lijst"),
    "zh": ("退订", "停止", "不要再发短信给我", "請不要再聯繫我", "删除我的号码"),
    "ar": ("توقف", "تَوَقَّف", "إلغاء الاشتراك", "لا ترسلوا لي رسائل", "احذف رقمي"),
}  # fmt: skip
UNSURE = (
    "stop it", "leave me", "not interested, don't bother me", "cancel everything",
    "🛑", "no more", "cancelar", "annuler", "basta ya con esto", "dtop",
)  # fmt: skip
ORDINARY = (
    "Stop by at 5?", "the bus stop is near", "can you cancel my appointment",
    "I quit my job", "Don't stop now", "quiero cancelar mi cita", "tengo que cancelar",
    "When does the offer end?", "Yes please, don't cancel", "STOPWATCH repair?",
    "Can my customers opt out of your texts?", "Don't call me now, I'm in a meeting",
    "please stop calling me Dave, my name is Bob", "I did not get your message",
    "What is your unsubscribe rate?", "no me llamo Juan", "no me ha llegado el correo",
    "annuler mon rendez-vous", "je n'ai pas reçu votre message", "à quel arrêt ?",
    "Ich möchte den Termin absagen", "kein Problem", "ich habe keine Nachricht erhalten",
    "cancelar a reunião", "não recebi sua mensagem", "mensagem para quem?",
    "取消预约", "没有收到短信", "أريد إلغاء الموعد", "", "   ", "👍", "\x00", "?!",
)  # fmt: skip
QUOTED = (
    "Sounds great!\n\nOn Tue, 4 Mar 2025, Acme <a@example.com> wrote:\n"
    "> To unsubscribe from these mails, reply STOP",
    "Passt, danke\n\nAm 4.3.2025 um 10:00 schrieb Acme:\n> Antworten Sie STOP",
    "Oui merci\n\nLe 4 mars 2025, Acme a écrit :\n> STOP pour vous désabonner",
    "See you\n-----Original Message-----\nFrom: Acme\nunsubscribe here\nstop",
    "ok\nFrom: Acme <a@example.com>\nSent: Monday\nReply STOP to stop texting",
    "Reply STOP to opt out. Msg rates may apply.",
    "To unsubscribe from these emails, click here.",
)


@pytest.mark.parametrize("word", CTIA)
@pytest.mark.parametrize("dress", DRESSES)
def test_a_command_word_alone_stops_however_it_is_written(
    word: str, dress: str
) -> None:
    for form in (word, word.lower(), word.title()):
        reading = read_opt_out(dress.format(form))
        assert reading.decision is OptOut.STOP
        assert reading.word == form


@pytest.mark.parametrize("text", [text for texts in STOPS.values() for text in texts])
def test_a_plain_wish_to_hear_no_more_stops_in_every_language(text: str) -> None:
    reading = read_opt_out(text)
    assert reading.decision is OptOut.STOP
    assert reading.word and reading.word in text


@pytest.mark.parametrize("text", UNSURE)
def test_what_may_or_may_not_be_an_opt_out_pauses(text: str) -> None:
    reading = read_opt_out(text)
    assert reading.decision is OptOut.PAUSE
    assert reading.word and reading.word in text


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_talk_is_no_opt_out(text: str) -> None:
    assert read_opt_out(text).decision is OptOut.NO
    assert read_opt_out(text).word == ""


@pytest.mark.parametrize("text", QUOTED)
def test_quoted_history_and_footers_are_not_the_leads_words(text: str) -> None:
    assert read_opt_out(text).decision is OptOut.NO


def test_an_answer_below_quoted_lines_is_read() -> None:
    text = (
        "On 4 March 2025 Acme <a@example.com> wrote:\n> Any interest?\nStop texting me"
    )
    assert read_opt_out(text).decision is OptOut.STOP
    assert read_opt_out(text).word == "Stop texting"


@pytest.mark.parametrize(
    "text", ["ST\u200bOP", "\u202estop\u202c", "ＳＴＯＰ", "arre\u0302t", "stop\x00"]
)
def test_invisible_and_decomposed_signs_do_not_hide_a_stop(text: str) -> None:
    assert read_opt_out(text).decision is OptOut.STOP


def test_a_ban_on_one_channel_only_is_left_to_a_person() -> None:
    text = "Don't text this number, it is a landline. Call my cell"
    assert read_opt_out(text).decision is OptOut.PAUSE


@pytest.mark.parametrize("text", ["START", "unstop!", "Yes", "resume please", "SÍ"])
def test_resubscribe_words_alone_opt_in(text: str) -> None:
    assert is_opt_in(text)
    assert read_opt_out(text).decision is OptOut.NO


@pytest.mark.parametrize("text", ["start when?", "yes, but what does it cost", "STOP"])
def test_resubscribe_words_in_a_sentence_do_not_opt_in(text: str) -> None:
    assert not is_opt_in(text)


def test_help_words_count_only_alone() -> None:
    assert is_help("HELP") and is_help("info") and is_help("Ayuda por favor")
    assert not is_help("can you help me with a quote for two offices?")


def _rows(name: str) -> list[dict[str, str]]:
    path = SHARED / name
    if not path.is_file():
        pytest.skip("the shared evaluation data is not beside the checkout")
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line]


def test_no_shared_opt_out_is_missed_and_no_ordinary_message_stops() -> None:
    wrong = []
    for row in _rows("optout_shared.jsonl"):
        decision = read_opt_out(row["text"]).decision
        if row["label"] == "opt_out" and decision is OptOut.NO:
            wrong.append(row["text"])
        if row["label"] == "not_opt_out" and decision is OptOut.STOP:
            wrong.append(row["text"])
    assert wrong == []


def test_ordinary_texts_of_people_hardly_ever_stop_or_pause() -> None:
    rows = _rows("nus_sms_shared.jsonl")[::6]  # bench/understand.py counts them all
    decisions = [read_opt_out(row["text"]).decision for row in rows]
    assert decisions.count(OptOut.STOP) <= 5
    assert decisions.count(OptOut.PAUSE) <= 0.003 * len(rows)
