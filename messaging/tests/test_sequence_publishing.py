"""Versions: one draft at a time, activated whole or refused with all that is missing."""

from typing import Any

import pytest

from messaging.models.sequence import Sequence, SequenceVersion
from messaging.sequences import publishing
from messaging.sequences.publishing import NotReady
from messaging.tests.sequence_world import add_step, mail_step, sequence, somebody

pytestmark = pytest.mark.django_db


def draft(*steps: dict[str, Any], **fields: Any) -> Sequence:
    row = Sequence.objects.create(name="Warm up", **fields)
    version = publishing.draft_of(row)
    for position, step in enumerate(steps, start=1):
        add_step(version, position, **step)
    return row


def lacking(row: Sequence) -> list[str]:
    with pytest.raises(NotReady) as caught:
        publishing.activate(sequence=row, user=somebody())
    row.refresh_from_db()
    assert row.state == "draft"
    assert row.current is None
    return caught.value.words


def test_a_sequence_without_steps_is_not_ready() -> None:
    assert lacking(draft()) == ["Add a step"]


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"wordings": []}, "Step 1: add the words"),
        ({"body": " "}, "Step 1: write the words"),
        ({"writer": "ai"}, "Step 1: write the brief for the AI"),
        ({"kind": "email"}, "Step 1: the first mail needs a subject"),
        ({"branches": [{"intents": [], "to": 0}]}, "Step 1: a branch names no intent"),
        (
            {"branches": [{"intents": ["mood"], "to": 0}]},
            "Step 1: there is no intent “mood”",
        ),
        (
            {"branches": [{"intents": ["thanks"], "to": 1}]},
            "Step 1: a branch can only go to a later step, or to the end",
        ),
        (
            {"wordings": [{"body": "a", "weight": 0}]},
            "Step 1: every wording is switched off",
        ),
    ],
)
def test_what_is_missing_is_said(step: dict[str, Any], words: str) -> None:
    assert words in lacking(draft(step))


def test_an_unknown_name_in_the_words_is_said() -> None:
    words = lacking(draft({"body": "Hi {{ nickname }}"}))
    assert words[0].startswith("Step 1: There is no {{ nickname }}")


def test_all_that_is_missing_is_said_at_once() -> None:
    words = lacking(draft({"body": ""}, {"kind": "email", "body": ""}))
    assert words == [
        "Step 1: write the words",
        "Step 2: write the words",
        "Step 2: the first mail needs a subject",
    ]


def test_a_wrong_rule_is_said_too() -> None:
    words = lacking(draft({}, rule={"on": "never"}))
    assert words == ["Choose when leads are enrolled: captured or stage_changed"]


def test_versions_are_numbered_and_the_draft_copies_the_current_one() -> None:
    row = sequence({"wordings": [{"body": "a"}, {"body": "b"}]}, mail_step())
    assert row.current is not None
    assert row.current.number == 1
    copy = publishing.draft_of(row)
    assert publishing.draft_of(row) == copy
    told = [
        (step.position, step.kind, [v.body for v in step.variants.all()])
        for step in copy.steps.all()
    ]
    assert told == [(1, "sms", ["a", "b"]), (2, "email", ["Follow-up 2"])]
    second = publishing.activate(sequence=row, user=somebody())
    row.refresh_from_db()
    assert (second.number, row.current) == (2, second)
    assert SequenceVersion.objects.filter(sequence=row, number=None).count() == 0


def test_without_a_draft_there_is_nothing_to_activate() -> None:
    row = sequence({})
    with pytest.raises(NotReady, match="There is no draft to activate"):
        publishing.activate(sequence=row, user=somebody())


def test_pausing_and_resuming_say_whether_they_changed_anything() -> None:
    row = sequence({})
    assert publishing.pause(sequence=row, user=somebody())
    assert not publishing.pause(sequence=row, user=somebody())
    assert publishing.resume(sequence=row, user=somebody())
    assert not publishing.resume(sequence=row, user=somebody())
    assert publishing.archive(sequence=row, user=somebody())
    assert not publishing.archive(sequence=row, user=somebody())
    with pytest.raises(NotReady, match="archived"):
        publishing.activate(sequence=row, user=somebody())
