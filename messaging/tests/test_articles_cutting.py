"""A pasted page becomes questions with their answers, whatever it is made of."""

import time

import pytest

from messaging.knowledge.pages import MOST_PAIRS, Cut, cut_page


def pairs(page: str) -> list[tuple[str, str]]:
    return [(pair.title, pair.body) for pair in cut_page(page).pairs]


PARKING = ("Is there parking?", "Yes, in the garage.")
DOGS = ("Are dogs allowed?", "In private offices.")


@pytest.mark.parametrize(
    "pasted",
    [
        pytest.param(
            "Q: Is there parking?\nA: Yes, in the garage.\n\n"
            "Q: Are dogs allowed?\nA: In private offices.",
            id="labels",
        ),
        pytest.param(
            "Question 1: Is there parking?\nAnswer 1: Yes, in the garage.\n"
            "Question 2: Are dogs allowed?\nAnswer 2: In private offices.",
            id="numbered labels",
        ),
        pytest.param(
            "# FAQ\n\n## Is there parking?\n\nYes, in the garage.\n\n"
            "## Are dogs allowed?\nIn private offices.",
            id="markdown headings",
        ),
        pytest.param(
            "**Is there parking?**\nYes, in the garage.\n"
            "**Are dogs allowed?**\nIn private offices.",
            id="markdown bold",
        ),
        pytest.param(
            "1. Is there parking?\nYes, in the garage.\n\n"
            "2. Are dogs allowed?\nIn private offices.",
            id="numbered lines",
        ),
        pytest.param(
            "Is there parking?\r\nYes, in the garage.\r\n\r\n"
            "Are dogs allowed?\r\n\r\nIn private offices.",
            id="plain lines",
        ),
        pytest.param(
            "<h1>FAQ</h1><h2>Is there parking?</h2><p>Yes, in the <b>garage</b>.</p>"
            "<h2>Are dogs allowed?</h2><div>In private offices.</div>",
            id="headings",
        ),
        pytest.param(
            "<div><p><strong>Is there parking?</strong></p><p>Yes, in the garage.</p>"
            "<p><b>Are dogs</b> <b>allowed?</b><br>In private offices.</p></div>",
            id="bold",
        ),
        pytest.param(
            "<dl><dt>Is there parking?</dt><dd>Yes, in the garage.</dd>"
            "<dt>Are dogs allowed?</dt><dd>In private offices.</dd></dl>",
            id="definition list",
        ),
        pytest.param(
            "<details><summary>Is there parking?</summary>Yes, in the garage."
            "</details><details><summary>Are dogs allowed?</summary>"
            "<p>In private offices.</p></details>",
            id="details",
        ),
        pytest.param(
            "<nav><h3>Menu</h3>Home</nav><script>if (a ? b : c) {}</script>"
            "<p>Q: Is there parking?</p><p>A: Yes, in the garage.</p>"
            "<p>Q: Are dogs allowed?</p><p>A: In private offices.</p>"
            "<footer><h3>Imprint?</h3>Us</footer>",
            id="labels in html",
        ),
    ],
)
def test_each_shape_of_a_faq_gives_its_pairs(pasted: str) -> None:
    assert pairs(pasted) == [PARKING, DOGS]


def test_answers_keep_their_paragraphs_and_lists() -> None:
    page = (
        "<h2>What is included?</h2><p>Each seat has:</p><ul><li>a desk</li>"
        "<li>a chair</li></ul><p>More on request.</p>"
    )
    ((_, body),) = pairs(page)
    assert body == "Each seat has:\n\n- a desk\n- a chair\n\nMore on request."


def test_a_question_inside_an_answer_does_not_cut_it() -> None:
    page = "## How do I visit?\nWant to come by? Write to us.\nWe are glad to."
    assert pairs(page) == [
        ("How do I visit?", "Want to come by? Write to us.\nWe are glad to.")
    ]


def test_questions_in_other_languages_are_labelled_too() -> None:
    page = "F: Gibt es Parkplätze?\nA: Ja.\nP: ¿Hay aparcamiento?\nR: Sí, en el garaje."
    assert pairs(page) == [
        ("Gibt es Parkplätze?", "Ja."),
        ("¿Hay aparcamiento?", "Sí, en el garaje."),
    ]


def test_what_answers_nothing_is_named_as_left_out() -> None:
    cut = cut_page("Welcome to us.\n\n## Questions\n\n## Is there parking?\nYes.")
    assert [pair.title for pair in cut.pairs] == ["Is there parking?"]
    assert cut.left == "Welcome to us.\nQuestions"


def test_a_page_without_questions_has_none() -> None:
    for page in ("", "   \n\n", "Just some words.", "<p></p>", "<h1></h1>", "\x00"):
        assert cut_page(page).pairs == ()


def test_a_page_of_many_questions_says_how_many_more_there_are() -> None:
    page = "\n".join(f"Q: Number {n}?\nA: {n}." for n in range(MOST_PAIRS + 7))
    cut = cut_page(page)
    assert (len(cut.pairs), cut.more) == (MOST_PAIRS, 7)


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<b", "<!--", "?\n\n", "**", "Q: ", "<dl><dt>?", "# ", "&lt;", "<br>?"],
)
def test_a_hostile_page_is_cut_in_time(piece: str) -> None:
    begin = time.perf_counter()
    assert isinstance(cut_page(piece * (200_000 // len(piece))), Cut)
    assert time.perf_counter() - begin < 5
