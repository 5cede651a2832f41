"""The day on which somebody who is away returns is read, or nothing is guessed."""

from datetime import UTC, datetime

import pytest

from messaging.mail.returning import read_return

WEDNESDAY = datetime(2026, 2, 25, 10, 0, tzinfo=UTC)

SAID = [
    # English
    ("I am out until Monday 2 March. For urgent things call Bob on Friday.", "03-02"),
    ("I'm away from February 27 to March 6 and back on Monday, March 9.", "03-09"),
    ("I am out from 02/23/2026 and will not return until 03/02/2026.", "03-02"),
    ("I will return to the office on Thursday, 12 March 2026 at 9 AM.", "03-12"),
    ("I am out of the office through Friday.", "03-02"),
    ("I'm away through March 6.", "03-09"),
    ("I am out of the office from 20 February to 5 March inclusive.", "03-06"),
    ("Between 24 and 27 February I am away.", "03-02"),
    ("I am on maternity leave until September 2026.", "09-01"),
    ("I'll be back next week.", "03-02"),
    ("I will be back tomorrow.", "02-26"),
    ("I return in two weeks.", "03-11"),
    ("Out until March 12. Ann is back on the phones at 9:00.", "03-12"),
    # German
    ("Ich bin bis einschließlich 6. März nicht im Büro.", "03-09"),
    ("Ich bin ab dem 12.5. wieder erreichbar.", "05-12"),
    ("Ab dem 12.5. bin ich wieder für Sie da.", "05-12"),
    ("Ab Montag, den 9. März 2026, bin ich wieder erreichbar.", "03-09"),
    ("Ich bin vom 23.02. bis 06.03.2026 im Urlaub.", "03-09"),
    ("Ich bin bis zum 05.03. im Urlaub und lese keine E-Mails.", "03-06"),
    ("Vielen Dank. Ich bin am 02.03.2026 wieder im Büro.", "03-02"),
    # French
    ("Je serai de retour le 4 août.", "08-04"),
    ("Je suis absent du 23 février au 6 mars inclus.", "03-09"),
    ("Je suis en congés jusqu'au lundi 2 mars.", "03-03"),
    ("Absente jusqu’au 05/03/2026, je réponds à mon retour.", "03-06"),
    ("Je reviendrai au bureau à partir du 9 mars.", "03-09"),
    # Spanish
    ("Estoy de vacaciones, vuelvo el lunes.", "03-02"),
    ("Estaré fuera de la oficina hasta el 6 de marzo inclusive.", "03-09"),
    ("Estaré de regreso el 12/03/2026.", "03-12"),
    ("Estaré ausente del 23 de febrero al 5 de marzo.", "03-06"),
    ("Me reincorporo el 16 de marzo.", "03-16"),
    # Portuguese
    ("Estarei de volta na segunda-feira, dia 2 de março.", "03-02"),
    ("Estou de férias até 06/03.", "03-09"),
    ("Regresso ao escritório no dia 9 de março.", "03-09"),
]


@pytest.mark.parametrize(("note", "day"), SAID)
def test_the_day_of_return_is_read(note: str, day: str) -> None:
    until = read_return(note, received_at=WEDNESDAY)
    assert until == datetime.fromisoformat(f"2026-{day}T00:00:00+00:00")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "Thank you for your mail.",
        "I have limited access to mail and will reply when I return.",
        "I will be out of the office until further notice.",
        "I will be back at 3pm.",
        "Out of office. Call 02/03/04 or 030 1234.",
        "I am away. We were founded on 4 August.",
        "Danke, ich melde mich.",
    ],
)
def test_without_a_day_nothing_is_guessed(note: str) -> None:
    assert read_return(note, received_at=WEDNESDAY) is None


@pytest.mark.parametrize(
    "note",
    [
        "I was away until 20 February.",
        "I am away until 02/20/2026.",
        "Ich bin bis 24.02.2026 im Urlaub.",
        "I will be back on 25 February 2026.",
        "I will be back on 3 March 2028.",
    ],
)
def test_a_day_that_has_begun_or_is_far_away_is_none(note: str) -> None:
    assert read_return(note, received_at=WEDNESDAY) is None


@pytest.mark.parametrize(
    ("note", "language", "day"),
    [
        ("I am back on 03/10.", "en", "2026-03-10"),  # 3 October is too far
        ("I am back on 03/04.", "en", "2026-04-03"),  # the later of two that are near
        ("I am back on 12/05.", "en", None),  # neither is near
        ("I am back on 13/03.", "en", "2026-03-13"),  # only one is a day
        ("I am back on 03/04/2026.", "en-GB", "2026-04-03"),
        ("I am back on 03/04/2026.", "en-US", "2026-03-04"),
        ("Ich bin am 03.04. wieder da.", "de", "2026-04-03"),
    ],
)
def test_figures_with_two_readings_count_only_near(
    note: str, language: str, day: str | None
) -> None:
    until = read_return(note, received_at=WEDNESDAY, language=language)
    assert (until and until.date().isoformat()) == day


def test_a_note_in_another_language_than_was_told_is_read() -> None:
    until = read_return(
        "Je serai de retour le 4 août.", received_at=WEDNESDAY, language="de-AT"
    )
    assert until == datetime(2026, 8, 4, tzinfo=UTC)
