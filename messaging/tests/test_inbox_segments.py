"""The counter beside the box says what `messaging.segments` says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from leads.tests.factories import UserFactory
from messaging.segments import GSM_BASIC, GSM_EXTENDED, count_segments
from messaging.views.inbox import script_data

SCRIPT = Path(__file__).resolve().parents[2] / "static" / "leadsite" / "counting.js"
TEXTS = [
    "",
    "hello",
    "a" * 160,
    "a" * 161,
    "a" * 306,
    "a" * 307,
    "€" * 80,
    "€" * 81,
    "[]{}^~|\\",
    "line\nline\r",
    "ž",
    "ж" * 70,
    "ж" * 71,
    "ж" * 134,
    "ж" * 135,
    "😀" * 35,
    "😀" * 36,
    "“quoted”",
    "ñ" * 160,
    "àèìòù ÄÖÑÜ§ ΔΦΓΛ",
    "tab\there",
]


@pytest.mark.django_db
def test_the_page_is_given_the_alphabet_that_the_server_counts_by() -> None:
    request = RequestFactory().get("/")
    request.user = UserFactory()
    data = script_data(request)
    assert set(data["basic"]) == GSM_BASIC
    assert set(data["extended"]) == GSM_EXTENDED


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page with the counter's script and nothing else."""
    data = {
        "person": 1,
        "basic": "".join(GSM_BASIC),
        "extended": "".join(GSM_EXTENDED),
    }
    there = browser.new_page()
    holder = '<script type="application/json" id="ib-data"></script>'
    there.set_content(holder)
    there.evaluate(
        "text => { document.getElementById('ib-data').textContent = text;"
        " window.leadsite = {}; }",
        json.dumps(data),
    )
    there.add_script_tag(path=str(SCRIPT))
    yield there
    there.close()


@pytest.mark.browser
def test_the_script_counts_every_text_as_the_server_does(page: Any) -> None:
    for text in TEXTS:
        expected = count_segments(text)
        found = page.evaluate("text => window.leadsite.counting.segments(text)", text)
        assert found == {
            "encoding": expected.encoding,
            "characters": expected.characters,
            "perSegment": expected.per_segment,
            "segments": expected.segments,
        }, text[:20]


@pytest.mark.browser
def test_the_script_knows_every_letter_of_the_alphabet(page: Any) -> None:
    letters = [chr(code) for code in range(1, 0x2200) if not 0xD800 <= code < 0xE000]
    found = page.evaluate(
        "letters => letters.map(one => window.leadsite.counting.segments(one).encoding)",
        letters,
    )
    expected = [count_segments(letter).encoding for letter in letters]
    assert found == expected


@pytest.mark.browser
def test_the_words_name_room_parts_and_price(page: Any) -> None:
    says = "([text, price]) => window.leadsite.counting.words(text, price)"
    assert page.evaluate(says, ["a" * 132, 8300]) == "132/160 · 1 text · $0.0083"
    assert page.evaluate(says, ["a" * 170, 8300]) == "170/306 · 2 texts · $0.0166"
    assert page.evaluate(says, ["é€ж", 0]) == "3/70 · 1 text · UCS-2"
    assert page.evaluate(says, ["", 8300]) == "0/160"
