"""The builder: what is typed is kept in the draft, refused means unchanged."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from leads import clock
from messaging.models.sequence import Enrollment, Sequence, SequenceVersion
from messaging.sequencepages.content import content_of
from messaging.sequencepages.starters import starters
from messaging.sequences import publishing
from messaging.tests.inbox_world import FRAGMENT, office, rep, signed_in
from messaging.tests.sequence_world import (
    NOON,
    add_step,
    begin,
    dana,
    mail_step,
    open_house,
    sequence,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("carrier")]


@pytest.fixture
def at() -> SimpleNamespace:
    """Mia manages the team of Ana and Ben, Max the other one."""
    there = office()
    there.mia = rep("mia", there.team, role="manager")
    there.max = rep("max", there.other, role="manager")
    there.client = signed_in(there.mia)
    return there


def draft(*steps: dict[str, Any], **fields: Any) -> Sequence:
    row = Sequence.objects.create(name="Warm up", **fields)
    version = publishing.draft_of(row)
    for position, step in enumerate(steps, start=1):
        add_step(version, position, **step)
    return row


def url(name: str, row: Sequence, *more: Any) -> str:
    return reverse(name, args=[row.public_id, *more])


def steps(row: Sequence) -> list[Any]:
    version = SequenceVersion.objects.filter(sequence=row, number=None).first()
    rows = (version or row.current).steps.order_by("position")  # type: ignore[union-attr]
    return [content_of(step) for step in rows]


def words(row: Sequence) -> list[str]:
    return [step.wordings[0].body for step in steps(row)]


def form(row: Sequence, position: int = 1, **changed: Any) -> dict[str, Any]:
    """What the browser sends for a step as it stands."""
    step = steps(row)[position - 1]
    data: dict[str, Any] = {
        "seen": step.mark,
        "delay": step.delay,
        "unit": step.unit,
        "kind": step.kind,
        "writer": step.writer,
        "label": [one.label for one in step.wordings],
    }
    if step.working_time:
        data["working_time"] = "on"
    for one in step.wordings:
        for name in ("subject", "body", "brief", "weight"):
            data[f"{one.label}-{name}"] = getattr(one, name)
    data["branch"] = [str(n) for n, _ in enumerate(step.branches)]
    for number, branch in enumerate(step.branches):
        data[f"branch{number}-intents"] = branch["intents"]
        data[f"branch{number}-to"] = branch["to"]
    return data | changed


def save(client: Client, row: Sequence, position: int = 1, **changed: Any) -> Any:
    data = form(row, position, **changed)
    return client.post(url("sequence_step", row, position), data, **FRAGMENT)


def act(client: Client, row: Sequence, position: int, do: str, query: str = "") -> Any:
    where = url("sequence_step_act", row, position, do) + query
    return client.post(where, form(row, position), **FRAGMENT)


# --- the list and a new one ------------------------------------------------------------


def test_an_empty_list_says_what_to_do_and_offers_beginnings(
    at: SimpleNamespace,
) -> None:
    html = at.client.get(reverse("sequences")).content.decode()
    assert "No sequence yet. A sequence writes when nobody else does" in html
    assert "Make the first" in html
    for starter in starters().values():
        assert f"?start={starter.key}" in html


@pytest.mark.parametrize("key", list(starters()))
def test_a_ready_made_beginning_becomes_a_draft_that_could_run(
    at: SimpleNamespace, key: str
) -> None:
    data = {"name": "Mine", "team": at.team.pk, "start": key}
    answer = at.client.post(reverse("sequence_new"), data)
    row = Sequence.objects.get()
    assert answer.url == url("sequence", row)
    assert (row.state, row.team, row.created_by) == ("draft", at.team, at.mia)
    assert row.rule == starters()[key].rule
    assert publishing.problems(publishing.draft_of(row)) == []
    assert len(steps(row)) == len(starters()[key].steps)


def test_a_sequence_needs_a_name_and_a_team_of_ones_own(at: SimpleNamespace) -> None:
    for data in ({"name": " "}, {"name": "Mine", "team": at.other.pk}):
        answer = at.client.post(reverse("sequence_new"), data)
        assert answer.status_code == 422
    assert "there is no such team." in answer.content.decode()
    assert 'value="Mine"' in answer.content.decode()
    assert not Sequence.objects.exists()


def test_the_list_counts_leads_that_the_person_may_see(at: SimpleNamespace) -> None:
    open_house()
    row = sequence({})
    with clock.at(NOON):
        begin(row, at.lead)
        begin(row, dana(phone="+14155550199", email="", name="Eve", team=at.other))
    for client, count in ((at.client, 1), (signed_in(at.max), 1)):
        html = client.get(reverse("sequences")).content.decode()
        assert f'?show=live">{count}</a>' in html
    assert "Nobody was written to yet" in html


def test_search_and_state_narrow_the_list(at: SimpleNamespace) -> None:
    draft(goal="A decision")
    other = Sequence.objects.create(name="Cold ones", state="archived")

    def names(**asked: str) -> list[str]:
        html = at.client.get(reverse("sequences"), asked).content.decode()
        return re.findall(r'class="sq-item__name"[^>]*>([^<]+)<', html)

    assert names() == ["Warm up"]
    assert names(state="archived") == [other.name]
    assert names(q="decision") == ["Warm up"]
    assert names(q="nothing") == []


# --- who may ---------------------------------------------------------------------------


def test_another_team_finds_no_such_sequence(at: SimpleNamespace) -> None:
    row = draft({}, team=at.team)
    client = signed_in(at.max)
    assert client.get(url("sequence", row)).status_code == 404
    assert save(client, row, **{"A-body": "Mine now"}).status_code == 404
    assert act(client, row, 1, "remove").status_code == 404
    answer = client.post(url("sequence_state", row, "archive"))
    assert answer.status_code == 404
    assert words(row) == ["Follow-up 1"]
    row.refresh_from_db()
    assert row.state == "draft"


def test_reps_read_and_change_nothing(at: SimpleNamespace) -> None:
    row = draft({}, {}, team=at.team)
    for user in (at.ana, at.ben):
        client = signed_in(user)
        html = client.get(url("sequence", row)).content.decode()
        assert "Follow-up 1" in html
        assert "<textarea" not in html
        assert "Look through and activate" not in html
        for answer in (
            save(client, row, **{"A-body": "Mine now"}),
            act(client, row, 1, "down"),
            client.post(url("sequence_step_add", row), {"kind": "sms"}, **FRAGMENT),
            client.post(url("sequence_settings", row), {"name": "Mine"}, **FRAGMENT),
            client.get(url("sequence_activate", row)),
            client.post(url("sequence_state", row, "archive")),
            client.get(reverse("sequence_new")),
        ):
            assert answer.status_code == 403
    assert words(row) == ["Follow-up 1", "Follow-up 2"]


# --- steps -----------------------------------------------------------------------------


def test_what_is_typed_is_kept_and_what_is_missing_is_said(
    at: SimpleNamespace,
) -> None:
    row = draft({})
    changed = {"A-body": "Hi {{ nickname }}\r\nthere", "delay": "3", "unit": "hours"}
    said = save(at.client, row, **changed).json()
    assert said["mark"] == steps(row)[0].mark
    assert said["version"] == "never activated yet"
    assert said["problems"][0].startswith("Step 1: There is no {{ nickname }}")
    (step,) = steps(row)
    assert (step.delay, step.unit) == (3, "hours")
    assert step.wordings[0].body == "Hi {{ nickname }}\nthere"


def test_a_wrong_field_is_named_and_nothing_of_the_step_is_kept(
    at: SimpleNamespace,
) -> None:
    row = draft({})
    answer = save(at.client, row, delay="soon", **{"A-body": "New words"})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"delay": "Enter a whole number."}
    assert words(row) == ["Follow-up 1"]


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(
    at: SimpleNamespace,
) -> None:
    row = draft({})
    mine = form(row, **{"A-body": "Mine"})
    save(at.client, row, **{"A-body": "Theirs"})
    answer = at.client.post(url("sequence_step", row, 1), mine, **FRAGMENT)
    assert answer.status_code == 409
    assert "Somebody changed this step meanwhile" in answer.json()["error"]
    assert words(row) == ["Theirs"]


def test_a_change_makes_a_draft_and_those_under_way_keep_their_version(
    at: SimpleNamespace,
) -> None:
    row = sequence({}, mail_step())
    assert row.current is not None
    html = at.client.get(url("sequence", row)).content.decode()
    assert "version 1" in html
    assert not row.versions.filter(number=None).exists(), "reading makes none"
    said = save(at.client, row, **{"A-body": "Changed"}).json()
    assert said["version"] == "draft changes over version 1"
    kept = [content_of(one).wordings[0].body for one in row.current.steps.all()]
    assert kept == ["Follow-up 1", "Follow-up 2"]
    assert words(row) == ["Changed", "Follow-up 2"]
    at.client.post(url("sequence_discard", row))
    assert words(row) == ["Follow-up 1", "Follow-up 2"]


def test_steps_are_added_moved_and_removed_and_the_focus_follows(
    at: SimpleNamespace,
) -> None:
    row = draft({"body": "a"}, {"body": "b"}, {"body": "c"})
    html = act(at.client, row, 3, "up").content.decode()
    assert words(row) == ["a", "c", "b"]
    assert 'data-sq-focus="sq-2-up"' in html
    act(at.client, row, 1, "down")
    assert words(row) == ["c", "a", "b"]
    act(at.client, row, 1, "up")
    assert words(row) == ["c", "a", "b"]
    gone = form(row, 2)
    act(at.client, row, 2, "remove")
    assert words(row) == ["c", "b"]
    added = at.client.post(
        url("sequence_step_add", row), {"kind": "email"}, **FRAGMENT
    ).content.decode()
    assert 'data-sq-focus="sq-3-delay"' in added
    assert [step.kind for step in steps(row)] == ["sms", "sms", "email"]
    at.client.post(url("sequence_step_add", row) + "?at=2", gone, **FRAGMENT)
    assert words(row) == ["c", "a", "b", ""], "Undo puts it back where it was"
    far = url("sequence_step_add", row) + f"?at={'9' * 5_000}"
    assert at.client.post(far, {"kind": "sms"}, **FRAGMENT).status_code == 200
    assert words(row) == ["c", "a", "b", "", ""]


def test_branches_follow_the_step_they_lead_to(at: SimpleNamespace) -> None:
    row = draft({}, {}, {}, {})
    act(at.client, row, 1, "add-branch")
    branch = {"branch": ["0"], "branch0-intents": ["objection"], "branch0-to": "3"}
    assert save(at.client, row, **branch).status_code == 200
    act(at.client, row, 3, "down")
    assert steps(row)[0].branches == ({"intents": ["objection"], "to": 4},)
    act(at.client, row, 2, "remove")
    assert steps(row)[0].branches == ({"intents": ["objection"], "to": 3},)
    act(at.client, row, 3, "remove")
    assert steps(row)[0].branches == ({"intents": ["objection"], "to": 0},)
    act(at.client, row, 1, "remove-branch", f"?which={'9' * 5_000}")
    assert len(steps(row)[0].branches) == 1
    act(at.client, row, 1, "remove-branch", "?which=0")
    assert steps(row)[0].branches == ()


def test_wordings_are_added_weighed_and_removed(at: SimpleNamespace) -> None:
    row = draft({})
    act(at.client, row, 1, "add-wording")
    save(at.client, row, **{"B-body": "Other words", "B-weight": "3"})
    (step,) = steps(row)
    assert [(one.label, one.body, one.weight) for one in step.wordings] == [
        ("A", "Follow-up 1", 1),
        ("B", "Other words", 3),
    ]
    act(at.client, row, 1, "remove-wording", "?which=A")
    assert words(row) == ["Other words"]
    answer = act(at.client, row, 1, "remove-wording", "?which=B")
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        "A step needs a wording",
    )


def test_a_wording_says_how_it_stands_and_when_that_is_too_few(
    at: SimpleNamespace,
) -> None:
    wordings = [{"body": "a"}, {"body": "b"}]
    row = sequence({"wordings": wordings}, sample_floor=50)
    html = at.client.get(url("sequence", row)).content.decode()
    assert html.count("too few to tell: 0 of 50 sent") == 2
    save(at.client, row, **{"A-body": "other words"})
    html = at.client.get(url("sequence", row)).content.decode()
    assert html.count("too few to tell") == 1, "new words begin anew"


def test_an_archived_sequence_is_not_changed(at: SimpleNamespace) -> None:
    row = draft({}, state="archived")
    assert "<textarea" not in at.client.get(url("sequence", row)).content.decode()
    answer = save(at.client, row, **{"A-body": "Mine"})
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        "“Warm up” is archived",
    )
    assert words(row) == ["Follow-up 1"]


# --- settings --------------------------------------------------------------------------


def settings(row: Sequence, **changed: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "measure": row.measure,
        "sample_floor": row.sample_floor,
        **changed,
    }


def test_the_rule_is_kept_whole_or_not_at_all(at: SimpleNamespace) -> None:
    row = draft({})
    where = url("sequence_settings", row)
    rule = {"on": "captured", "languages": ["en"], "score_from": "40"}
    said = at.client.post(where, settings(row, **rule), **FRAGMENT).json()
    row.refresh_from_db()
    assert row.rule == {"on": "captured", "languages": ["en"], "score_from": 40}
    assert said["rule"] == (
        "Each new lead writing English with a score of 40 or more is enrolled by "
        "itself, imports left out."
    )
    wrong = settings(row, on="stage_changed")
    answer = at.client.post(where, wrong, **FRAGMENT)
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"stages": "Choose the stages that enroll a lead"}
    wrong = settings(row, on="captured", score_from="60", score_below="40")
    answer = at.client.post(where, wrong, **FRAGMENT)
    assert answer.json()["errors"] == {"score_below": "No score lies between these."}
    row.refresh_from_db()
    assert row.rule["score_from"] == 40


def test_settings_are_on_record(at: SimpleNamespace) -> None:
    from leads.models import Event

    row = draft({})
    data = settings(row, goal="Names must not be told", sample_floor="20")
    at.client.post(url("sequence_settings", row), data, **FRAGMENT)
    event = Event.objects.get(kind="sequence.changed")
    assert event.payload == {
        "sequence": row.pk,
        "fields": ["goal", "sample_floor"],
    }


# --- preview and activation ------------------------------------------------------------


def test_the_preview_shows_day_channel_and_words_for_the_chosen_lead(
    at: SimpleNamespace,
) -> None:
    open_house()
    row = draft({"body": "Hi {{ first_name }} of {{ company }}"}, mail_step())
    with clock.at(NOON):
        html = at.client.get(
            url("sequence_preview", row), {"lead": at.lead.public_id}, **FRAGMENT
        ).content.decode()
    assert "Hi Dana of <mark>[company?]</mark>" in html
    assert "Text to +14155550123" in html
    assert "Becomes a draft: fill in [company?] first" in html
    assert "There is no mail address" in html
    assert "Tue 3 Mar 18:00" in html
    assert not Enrollment.objects.exists()


def test_the_preview_says_that_it_waits_for_quiet_hours(at: SimpleNamespace) -> None:
    from leads import policy

    open_house()
    policy.change(actor="system", quiet_hours=True)
    row = draft({"delay": 10, "unit": "hours"})
    with clock.at(NOON):
        html = at.client.get(
            url("sequence_preview", row), {"lead": at.lead.public_id}, **FRAGMENT
        ).content.decode()
    assert re.search(r"Waits: quiet hours there until \d\d:\d\d", html)


def test_a_lead_of_another_team_is_neither_found_nor_previewed(
    at: SimpleNamespace,
) -> None:
    row = draft({})
    eve = dana(phone="+14155550199", email="", name="Eve Stone", team=at.other)
    found = at.client.get(url("sequence_leads", row), {"q": "eve"}, **FRAGMENT)
    assert "Eve Stone" not in found.content.decode()
    found = at.client.get(url("sequence_leads", row), {"q": "415 555 0123"}, **FRAGMENT)
    assert "Dana Reyes" in found.content.decode()
    html = at.client.get(
        url("sequence_preview", row), {"lead": eve.public_id}, **FRAGMENT
    ).content.decode()
    assert "Choose a lead" in html


def test_who_would_be_enrolled_is_counted_and_named(at: SimpleNamespace) -> None:
    row = draft({}, rule={"on": "captured"})
    html = at.client.get(url("sequence_who", row), **FRAGMENT).content.decode()
    assert '<b class="ls-num">1</b> lead meets it now' in html
    assert "Dana Reyes" in html


def test_activation_shows_what_is_missing_and_refuses(at: SimpleNamespace) -> None:
    row = draft({"body": " "}, {"kind": "email"})
    html = at.client.get(url("sequence_activate", row)).content.decode()
    assert "Step 1: write the words" in html
    assert "Step 2: the first mail needs a subject" in html
    assert "Activate version" not in html
    mark = "".join(step.mark for step in steps(row))
    answer = at.client.post(url("sequence_activate", row), {"mark": mark}, **FRAGMENT)
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        "Step 1: write the words; Step 2: the first mail needs a subject",
    )
    row.refresh_from_db()
    assert row.state == "draft"


def test_what_is_activated_is_what_was_looked_at(at: SimpleNamespace) -> None:
    open_house()
    row = draft({"body": "Hi {{ first_name }}"})
    page = at.client.get(url("sequence_activate", row))
    assert "Hi Dana" in page.content.decode()
    mark = page.context["mark"]
    save(at.client, row, **{"A-body": "Other words"})
    answer = at.client.post(url("sequence_activate", row), {"mark": mark}, **FRAGMENT)
    assert answer.status_code == 409
    assert "It was changed since you looked" in answer.json()["error"]
    mark = at.client.get(url("sequence_activate", row)).context["mark"]
    answer = at.client.post(url("sequence_activate", row), {"mark": mark})
    assert answer.url == url("sequence", row)
    row.refresh_from_db()
    assert (row.state, row.current.number) == ("active", 1)  # type: ignore[union-attr]
    assert row.current.activated_by == at.mia  # type: ignore[union-attr]


def test_it_is_paused_resumed_and_archived(at: SimpleNamespace) -> None:
    row = sequence({})
    for do, state in (
        ("pause", "paused"),
        ("resume", "active"),
        ("archive", "archived"),
    ):
        at.client.post(url("sequence_state", row, do))
        row.refresh_from_db()
        assert row.state == state
    answer = at.client.post(url("sequence_state", row, "pause"), **FRAGMENT)
    assert (answer.status_code, answer.json()["error"]) == (409, "It is not active")
