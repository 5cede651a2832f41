"""Opt-outs and ordinary texts that were written before the patterns met them.

Promised: a stop or a pause for >= 98 % of the opt-outs of each language, a stop for
<= 1 % and a pause for <= 3 % of its ordinary texts (`fixtures/optout_blind.toml`).
"""

import tomllib
from functools import lru_cache
from pathlib import Path

import pytest

from messaging.agent.understanding.optout import OptOut, read_opt_out

BATCHES = Path(__file__).with_name("fixtures") / "optout_blind.toml"
LANGUAGES = ("en", "es", "fr", "pt", "zh", "ar", "de", "it", "nl")
COMMANDS = {
    "en": ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "TD"),
    "es": ("BAJA", "ALTO", "PARAR", "DETENER", "SALIR", "DESUSCRIBIR", "NO MAS SMS"),
    "fr": ("ARRET", "ARRÊT", "ARRÊTER", "DÉSABONNER", "DÉSINSCRIRE", "STOP SMS"),
    "pt": ("SAIR", "PARE", "PARAR", "REMOVER", "DESCADASTRAR", "CANCELAR INSCRIÇÃO"),
    "zh": ("退订", "退訂", "TD", "停止", "拒收", "取消订阅", "勿扰"),
    "ar": ("توقف", "إيقاف", "الغاء الاشتراك", "إلغاء الاشتراك", "قف", "كفى"),
    "de": ("STOPP", "ABMELDEN", "ABBESTELLEN", "AUSTRAGEN"),
    "it": ("BASTA", "CANCELLAMI", "DISISCRIVIMI", "RIMUOVI"),
    "nl": ("AFMELDEN", "UITSCHRIJVEN", "STOPPEN"),
}
MIXED = (
    "STOP por favor",
    "STOP 谢谢",
    "请stop",
    "STOP لو سمحت",
    "stop, basta",
    "stop svp",
)


@lru_cache(maxsize=1)
def _texts() -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    with BATCHES.open("rb") as file:
        batches = tomllib.load(file)["batch"]
    for batch in batches:
        for kind in ("opt_outs", "ordinary"):
            found.setdefault((batch["language"], kind), []).extend(batch[kind])
    return found


def _read_as(texts: list[str], decision: OptOut) -> list[str]:
    return [text for text in texts if read_opt_out(text).decision is decision]


@pytest.mark.parametrize("language", LANGUAGES)
def test_hardly_an_opt_out_in_free_text_is_missed(language: str) -> None:
    texts = _texts()[language, "opt_outs"]
    missed = _read_as(texts, OptOut.NO)
    assert len(texts) >= 200
    assert len(missed) <= 0.01 * len(texts), missed


@pytest.mark.parametrize("language", LANGUAGES)
def test_hardly_an_ordinary_text_is_taken_for_an_opt_out(language: str) -> None:
    texts = _texts()[language, "ordinary"]
    stopped, paused = (_read_as(texts, name) for name in (OptOut.STOP, OptOut.PAUSE))
    assert len(stopped) <= 0.005 * len(texts), stopped
    assert len(paused) <= 0.03 * len(texts), paused


@pytest.mark.parametrize(
    "word", [word for words in COMMANDS.values() for word in words]
)
def test_a_carriers_keyword_of_any_language_stops(word: str) -> None:
    for form in (word, word.lower(), f" {word}. ", f"{word}!!"):
        assert read_opt_out(form).decision is OptOut.STOP


@pytest.mark.parametrize("text", MIXED)
def test_a_keyword_with_polite_words_of_another_language_stops(text: str) -> None:
    assert read_opt_out(text).decision is OptOut.STOP


@pytest.mark.parametrize(
    "text", ["T", "R", "取消", "我要取消", "不要", "deseo cancelar", "ابي الغي"]
)
def test_a_word_with_another_everyday_meaning_pauses(text: str) -> None:
    assert read_opt_out(text).decision is OptOut.PAUSE


@pytest.mark.parametrize(
    "text",
    [
        "quiero cancelar", "por fin", "结束了", "好的,周二见。回复TD退订", "不要紧",
        "nimm mich auf die Liste", "Abmelden des Autos, machen Sie das auch?",
        "我要退款", "滚筒洗衣机多少钱", "Stop there, I'll take it",
    ],
)  # fmt: skip
def test_a_look_alike_is_no_opt_out(text: str) -> None:
    assert read_opt_out(text).decision is OptOut.NO


def test_a_ban_with_another_channel_named_is_left_to_a_person() -> None:
    for text in ("não me ligue, mande mensagem", "别打电话,微信联系"):
        assert read_opt_out(text).decision is OptOut.PAUSE
