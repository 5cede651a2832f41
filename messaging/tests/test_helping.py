"""HELP is answered in the lead's language."""

import pytest

from leads.models import Lead
from messaging.agent.phrases import LANGUAGES
from messaging.helping import help_words
from messaging.models import Profile
from messaging.segments import count_segments
from messaging.tests.talk import FakeCarrier, later, mode, sent, text_in

pytestmark = pytest.mark.django_db
SAID = {
    "en": "This is Northwind Desks. {}Reply STOP to end messages.",
    "es": "Le escribe Northwind Desks. {}Responda STOP para darse de baja.",
    "fr": "Ici Northwind Desks. {}Répondez STOP pour ne plus recevoir de messages.",
    "de": "Hier ist Northwind Desks. {}Mit STOP endet der Empfang.",
    "pt": "Aqui fala Northwind Desks. {}Responda STOP para sair.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_us_our_ways_and_stop_in_each_language(language: str) -> None:
    profile = Profile(name="Northwind Desks", phone="+14155550100", email="a@b.example")
    said = help_words(profile, language=language)
    assert said == SAID[language].format("+14155550100, a@b.example. ")
    assert count_segments(said).segments <= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_ways_help_says_no_empty_contact(language: str) -> None:
    said = help_words(Profile(name="Northwind Desks"), language=language)
    assert said == SAID[language].format("")


@pytest.mark.parametrize(
    ("word", "spoken", "expected"),
    [
        ("HELP", "", "en"),
        ("HELP", "es", "es"),
        ("info", "fr", "fr"),
        ("AYUDA", "", "es"),
        ("Hilfe", "en", "de"),
        ("ajuda", "", "pt"),
        ("HELP", "nl", "en"),  # no sentences of ours: English
    ],
)
def test_help_is_answered_in_the_leads_language(
    word: str, spoken: str, expected: str, carrier: type[FakeCarrier]
) -> None:
    mode("auto")
    profile = Profile.to_edit()
    profile.name, profile.phone, profile.email = "Northwind Desks", "", ""
    profile.website = ""
    profile.save()
    message = text_in("hello")
    later(seconds=25)
    Lead.objects.filter(pk=message.conversation.lead_id).update(language=spoken)
    before = len(sent())
    text_in(word)
    later(seconds=25)
    assert len(sent()) == before + 1
    assert sent()[-1] == SAID[expected].format("")
