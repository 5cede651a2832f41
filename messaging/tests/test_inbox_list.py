"""The list: tabs with counts, order, search, filters, pages, rows' words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from leads import clock, kept, policy
from leads.models import BusinessCalendar
from leads.tests.factories import MONDAY, TeamFactory
from messaging.models import Conversation, Profile, Turn
from messaging.tests.inbox_world import (
    FRAGMENT,
    lead_with_phone,
    office,
    rep,
    said,
    signed_in,
    talk_with,
)
from messaging.views import reads, rows

pytestmark = pytest.mark.django_db


def search(text: str = "") -> reads.Search:
    return reads.Search.of(QueryDict(text))


def names(user: Any, text: str = "", **how: Any) -> list[str]:
    page = reads.page_of(user, search(text), **how)
    shown = rows.rows_of(page.rows, user=user, policy=policy.current())
    return [row.name for row in shown]


def talks(team: Any, **turns: dict[str, Any]) -> None:
    """One talk a name, with fields of the conversation and the lead's score."""
    for number, (name, fields) in enumerate(turns.items()):
        score = fields.pop("score", 0)
        owner = fields.pop("owner", None)
        lead, _ = lead_with_phone(
            team, name=name, value=f"+141555502{number:02d}", score=score, owner=owner
        )
        Conversation.objects.create(lead=lead, **fields)


@pytest.fixture
def ana() -> Any:
    return rep("ana", TeamFactory())


def team_of(user: Any) -> Any:
    return user.memberships.get().team


def ago(**span: float) -> Any:
    return clock.now() - timedelta(**span)


def test_needs_you_shows_hot_first_then_who_waits_longest(ana: Any) -> None:
    needs = {"turn": "needs_you"}
    talks(
        team_of(ana),
        cold_old={**needs, "waiting_since": ago(hours=9), "score": 10},
        hot_new={**needs, "waiting_since": ago(minutes=1), "score": 71},
        hot_old={**needs, "waiting_since": ago(minutes=9), "score": 70},
        cold_new={**needs, "waiting_since": ago(hours=1), "score": 69},
    )
    assert names(ana) == ["hot_old", "hot_new", "cold_old", "cold_new"]


def test_other_tabs_show_the_newest_first(ana: Any) -> None:
    talks(
        team_of(ana),
        old={"turn": "waiting", "last_at": ago(days=2), "score": 90},
        new={"turn": "waiting", "last_at": ago(minutes=1)},
    )
    assert names(ana, "tab=waiting") == ["new", "old"]


def test_each_tab_holds_and_counts_its_own(ana: Any) -> None:
    talks(
        team_of(ana),
        needs={"turn": "needs_you"},
        held={"turn": "person", "holder": ana},
        owned={"turn": "waiting", "owner": ana},
        owned_done={"turn": "done", "owner": ana},
        machine={"turn": "ai"},
        parked={"turn": "parked"},
        stopped={"turn": "opted_out"},
    )
    assert reads.tab_counts(ana) == {
        "needs": 1,
        "mine": 2,
        "ai": 1,
        "waiting": 2,
        "all": 7,
    }
    assert set(names(ana, "tab=mine")) == {"held", "owned"}
    assert set(names(ana, "tab=waiting")) == {"owned", "parked"}


def test_all_pages_together_hold_every_row_once_in_order(ana: Any) -> None:
    moment = ago(hours=1)
    talks(
        team_of(ana),
        **{
            f"n{i}": {
                "turn": "needs_you",
                "waiting_since": moment - timedelta(minutes=i // 2),
                "score": 80 if i % 3 == 0 else 5,
            }
            for i in range(11)
        },
    )
    for tab in ("needs", "all"):
        whole = reads.page_of(ana, search(f"tab={tab}"), limit=50)
        seen: list[int] = []
        after = ""
        while True:
            page = reads.page_of(ana, search(f"tab={tab}"), after=after, limit=3)
            seen += [row.pk for row in page.rows]
            after = page.after
            if not after:
                break
        assert seen == [row.pk for row in whole.rows]
        assert len(seen) == len(set(seen)) == 11


@pytest.mark.parametrize(
    "key", ["x", "1.2", "a.b.c", "1.9e99.x", "0." + "9" * 40 + ".x"]
)
def test_a_broken_page_key_begins_at_the_start(ana: Any, key: str) -> None:
    talks(team_of(ana), one={"turn": "needs_you"})
    assert names(ana, after=key) == ["one"]


def test_search_finds_names_numbers_companies_and_words_said() -> None:
    world = office()
    for words in ("dana", "REYES", "0123", "40 seats", "budget dana", "SEATS"):
        found = names(world.ana, f"tab=all&q={words}")
        assert found == (["Dana Reyes"] if words != "budget dana" else []), words
    assert names(world.ana, "tab=all&q=nothing") == []
    assert names(world.ana, "tab=all&q=%25") == []


def test_filters_narrow_the_tab() -> None:
    world = office()
    assert names(world.ana, "tab=all&owner=me&hot=1&unread=1&channel=sms") == [
        "Dana Reyes"
    ]
    for none in ("owner=none", "channel=email"):
        assert names(world.ana, f"tab=all&{none}") == []
    assert names(world.ben, "tab=all&owner=me") == []
    Conversation.objects.update(unread=False)
    assert names(world.ana, "tab=all&unread=1") == []


def test_unknown_values_in_the_address_count_as_not_given() -> None:
    asked = search("tab=x&channel=fax&owner=7&unread=yes&q=a%00b")
    assert asked == reads.Search(words="ab")
    assert search("tab=ai&q=x&hot=1").pairs() == {"tab": "ai", "q": "x", "hot": "1"}


def shown(world: Any, user: Any = None) -> rows.Row:
    page = reads.page_of(user or world.ana, search("tab=all"))
    return rows.rows_of(page.rows, user=world.ana, policy=policy.current())[0]


def test_a_row_tells_who_spoke_and_the_words() -> None:
    world = office()
    assert shown(world).said == "“We need about 40 seats, budget is 20k”"
    said(world.talk, "Tuesday?", author="person", user=world.ana)
    assert shown(world).said == "Ana: “Tuesday?”"
    said(world.talk, "Great!", author="ai")
    assert shown(world).said == "✦ AI: “Great!”"
    said(world.talk, "Great!", author="builtin")
    assert shown(world).said == "✦ Built-in: “Great!”"
    said(world.talk, "")
    assert (shown(world).said, shown(world).icon) == ("picture", "image")


def test_a_lead_without_a_name_is_shown_by_its_number() -> None:
    world = office()
    lead, _ = lead_with_phone(world.team, name="", value="+14155550155")
    said(talk_with(lead), "hello")
    assert "+14155550155" in names(world.ana, "tab=all")


def test_the_time_to_answer_counts_only_while_a_person_is_needed() -> None:
    world = office()
    policy.change(actor="system", sla_minutes=15)
    with clock.at(MONDAY):
        Conversation.objects.update(turn="needs_you", waiting_since=ago(minutes=5))
        assert shown(world).sla == rows.Sla("9m left", False)
        Conversation.objects.update(waiting_since=ago(minutes=40))
        assert shown(world).sla == rows.Sla("25m late", True)
        Conversation.objects.update(turn="waiting")
        assert shown(world).sla is None


@pytest.mark.parametrize(
    ("waits_since", "now", "words", "late"),
    [
        # Friday evening: the clock stands still until Monday.
        ("2026-03-06T18:00", "2026-03-06T18:01", "due Mon 09:15", False),
        ("2026-03-06T18:00", "2026-03-08T12:00", "due Mon 09:15", False),
        ("2026-03-06T18:00", "2026-03-09T08:00", "due 09:15", False),
        ("2026-03-06T18:00", "2026-03-09T09:05", "9m left", False),
        ("2026-03-06T18:00", "2026-03-09T09:20", "5m late", True),
        # Five minutes before the office closes.
        ("2026-03-03T16:55", "2026-03-03T16:56", "due Wed 09:10", False),
        # Late since the afternoon: the night counts for nothing.
        ("2026-03-03T16:30", "2026-03-04T09:00", "15m late", True),
        ("2026-03-02T10:00", "2026-03-05T11:00", "3d late", True),
    ],
)
def test_the_time_to_answer_runs_in_the_teams_working_hours(
    waits_since: str, now: str, words: str, late: bool
) -> None:
    world = office()
    policy.change(actor="system", sla_minutes=15)
    since = datetime.fromisoformat(waits_since).replace(tzinfo=UTC)
    Conversation.objects.update(turn="needs_you", waiting_since=since)
    with clock.at(datetime.fromisoformat(now).replace(tzinfo=UTC)):
        assert shown(world).sla == rows.Sla(words, late)


def test_each_team_has_its_own_hours_and_holidays() -> None:
    world = office()
    policy.change(actor="system", sla_minutes=30)
    BusinessCalendar.objects.create(
        team=world.team,
        time_zone="America/New_York",
        hours={"tue": [["09:00", "12:00"], ["13:00", "15:00"]]},
        closed_on=["2026-03-03"],
    )
    since = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)  # a closed Tuesday there
    Conversation.objects.update(turn="needs_you", waiting_since=since)
    with clock.at(since):
        # The clocks there change in between: 09:30 is 13:30 UTC a week later.
        assert shown(world).sla == rows.Sla("due Tue 13:30", False)


def test_fifty_rows_read_the_calendars_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    world = office()
    Conversation.objects.update(turn="needs_you", waiting_since=ago(minutes=5))
    found = list(Conversation.objects.with_rows()) * 50
    Profile.current()
    kept.forget_all()
    rules = policy.current()
    with django_assert_num_queries(2):  # the calendars, and the company's zone
        shown_all = [rows.sla_of(one, policy=rules) for one in found]
    assert len(shown_all) >= 50 and world


def test_whose_turn_is_one_chip() -> None:
    world = office()
    expected = {
        "needs_you": "Needs you",
        "ai": "AI",
        "waiting": "Waiting on lead",
        "opted_out": "Opted out",
        "done": "Done",
    }
    for turn, words in expected.items():
        Conversation.objects.update(turn=turn)
        assert shown(world).chip.words == words
    Conversation.objects.update(turn="person", holder=world.ben)
    assert shown(world).chip.words == "Ben has it"
    day = clock.now().replace(month=3, day=3, hour=12)
    Conversation.objects.update(turn="parked", parked_until=day)
    assert shown(world).chip.words == "Parked to 3 Mar"


def test_the_countdown_ends_when_the_burst_ends() -> None:
    world = office()
    due = clock.now() + timedelta(seconds=14)
    Turn.objects.create(
        conversation=world.talk, last_inbound=world.first, state="waiting", due_at=due
    )
    Conversation.objects.update(turn="ai")
    assert shown(world).chip.seconds in (13, 14)
    page = signed_in(world.ana).get(reverse("inbox_rows") + "?tab=ai", **FRAGMENT)
    assert b'data-countdown="1' in page.content


def test_the_list_takes_the_same_few_queries_for_any_number_of_rows(
    django_assert_max_num_queries: Any, ana: Any
) -> None:
    talks(team_of(ana), **{f"n{i}": {"turn": "needs_you"} for i in range(25)})
    client = signed_in(ana)
    client.get(reverse("inbox_rows"), **FRAGMENT)
    with django_assert_max_num_queries(18):
        page = client.get(reverse("inbox_rows"), **FRAGMENT)
    assert page.content.count(b"ib-row__link") == 25


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("needs", "Nothing needs you. 1 talk is with the AI."),
        ("waiting", "No lead owes you an answer."),
        ("mine", "You have no talks."),
    ],
)
def test_an_empty_tab_says_what_is_so(ana: Any, tab: str, words: str) -> None:
    talks(team_of(ana), machine={"turn": "ai"})
    page = signed_in(ana).get(reverse("inbox_rows") + f"?tab={tab}", **FRAGMENT)
    assert words in page.content.decode()


def test_an_empty_inbox_says_how_to_begin(ana: Any) -> None:
    page = signed_in(ana).get(reverse("inbox")).content.decode()
    assert "No one has written yet." in page
    assert "Connect a phone number" in page


def test_words_of_a_lead_are_never_taken_for_markup() -> None:
    world = office()
    evil = "<img src=x onerror=alert(1)> & <b>"
    world.lead.name = evil
    world.lead.save()
    said(world.talk, evil)
    client: Client = signed_in(world.ana)
    for there in (
        reverse("inbox") + "?tab=all",
        reverse("inbox_thread", args=[world.talk.public_id]),
        reverse("inbox_panel", args=[world.talk.public_id]),
    ):
        page = client.get(there).content.decode()
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page or "panel" in there
