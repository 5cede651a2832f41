"""What the guard reads in a text: figures, times, days and links, however written."""

import pytest

from messaging.agent.guarding.numbers import read_digits, read_words
from messaging.agent.guarding.values import agrees, known_keys, read_items


@pytest.mark.parametrize(
    ("stated", "repeated"),
    [
        ("budget is 20k", "20,000"),
        ("20k", "20.000 €"),
        ("20.000 €", "€20,000"),
        ("20.000 €", "20k"),
        ("3pm", "15:00"),
        ("at 15:00", "3 pm"),
        ("15 Uhr", "3pm"),
        ("Tuesday 3pm", "Dienstag um 15 Uhr"),
        ("half past nine", "9:30"),
        ("halb drei Uhr", "14:30"),
        ("10%", "ten percent"),
        ("zehn Prozent", "10 %"),
        ("quatre-vingt-dix pour cent", "90%"),
        ("treinta y cinco mil euros", "35.000 €"),
        ("zweihundertfünfzig Euro", "250 €"),
        ("2 weeks", "two weeks"),
        ("next month", "nächsten Monat"),
        ("tomorrow", "mañana"),
        ("March 3rd", "3. März"),
        ("3 de marzo", "3 mars"),
        ("2026-03-03", "March 3"),
        ("Mon-Fri 9-17", "Monday to Friday"),
        ("9am-5pm", "9 to 5"),
        ("+1 415 555 0100", "(415) 555-0100"),
        ("https://www.northwind.example/", "northwind.example"),
        ("Dana@Acme.example", "dana@acme.example"),
        ("10-15k", "10,000 to 15,000"),
    ],
)
def test_two_ways_to_write_the_same_agree(stated: str, repeated: str) -> None:
    items = read_items(repeated)
    assert items
    known = known_keys([stated])
    assert all(agrees(item, known) for item in items), items


@pytest.mark.parametrize(
    ("stated", "repeated"),
    [
        ("40 seats", "40%"),
        ("40 seats", "$40"),
        ("20k", "20m"),
        ("20.000 €", "$20,000"),
        ("3pm", "4pm"),
        ("Tuesday", "Wednesday"),
        ("10%", "100%"),
        ("2 weeks", "2 days"),
        ("March 3rd", "March 4th"),
        ("next month", "next week"),
        ("https://northwind.example/book", "northwind.example/pay"),
        ("https://northwind.example", "northwind.example.evil.test"),
        ("+1 415 555 0100", "+1 415 555 0101"),
        ("half past nine", "9 am"),
    ],
)
def test_something_else_does_not_agree(stated: str, repeated: str) -> None:
    known = known_keys([stated])
    assert not all(agrees(item, known) for item in read_items(repeated))


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, that helps a lot.",
        "May I ask who decides?",
        "How can I help you today?",
        "Guten Morgen, wie geht es?",
        "Quedamos por la mañana, si le va bien.",
        "Très bien, merci mille fois.",
        "Thanks a million!",
        "One of my colleagues writes to you once it is clear.",
        "Thanks.In that case e.g. this, i.e. that.",
        "Our B2B team does that.",
        "1. Size\n2. Colour",
        "Note: it is up to you.",
    ],
)
def test_ordinary_words_are_no_figures(text: str) -> None:
    assert read_items(text) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("20k", 20_000),
        ("1.234,56", 1234.56),
        ("20 000", 20_000),
        ("1'500", 1500),
        ("2.5", 2.5),
        ("20 mil", 20_000),
        ("2 hundred", 200),
        ("1.5 million", 1_500_000),
    ],
)
def test_digits_are_read_in_every_notation(text: str, value: float) -> None:
    assert [number.values for number in read_digits(text)] == [{value}]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("twenty thousand", 20_000),
        ("two hundred and fifty", 250),
        ("zweiundzwanzig", 22),
        ("zwanzigtausend", 20_000),
        ("soixante-dix", 70),
        ("quatre-vingts", 80),
        ("treinta y cinco", 35),
        ("dois mil e quinhentos", 2500),
    ],
)
def test_number_words_are_read(text: str, value: float) -> None:
    assert [number.values for number in read_words(text)] == [{value}]
