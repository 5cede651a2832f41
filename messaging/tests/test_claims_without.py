"""*Remove* cuts the sentence that is held and leaves a whole text."""

import pytest

from messaging.agent.claims import check_claims, without
from messaging.tests.agent_situations import situation


@pytest.mark.parametrize(
    ("body", "words", "left"),
    [
        (
            "Thanks, Dana! You get 10% off. How many seats?",
            "10% off",
            "Thanks, Dana! How many seats?",
        ),
        ("You get 10% off.", "10% off", ""),
        ("Thanks. You get 10% off.", "You get 10% off.", "Thanks."),
        (
            "Hi Dana,\n\nYou get 10% off.\n\nHow many seats?",
            "10% off",
            "Hi Dana,\n\nHow many seats?",
        ),
        ("It is free. It's free! Call us.", "free", "Call us."),
        ("We ship in oak. Call 1.5 or e.g. write.", "oak", "Call 1.5 or e.g. write."),
        ("Call us.", "elsewhere", "Call us."),
        ("Call us.", "", "Call us."),
        ("“Gratis” für Sie. Bis bald!", "gratis", "Bis bald!"),
    ],
)
def test_the_sentence_with_the_words_goes(body: str, words: str, left: str) -> None:
    assert without(body, words) == left


def test_what_is_left_after_every_held_sentence_may_leave() -> None:
    at = situation("What are the desks made of?")
    body = "Thanks for asking! Our desks are bamboo. Desks start at $399."
    for one in check_claims(body, situation=at):
        if one.kind == "held":
            body = without(body, one.words)
    assert body == "Thanks for asking! Desks start at $399."
    assert all(one.kind != "held" for one in check_claims(body, situation=at))
