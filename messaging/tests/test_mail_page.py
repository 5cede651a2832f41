"""A mail on the screen: its bubble, the whole of it, its files."""

import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from messaging import mailview, timeline
from messaging.models import Mail, Message
from messaging.tests.inbox_world import FRAGMENT, office, said, signed_in
from messaging.tests.mail_world import file_of, mail, picture_of, refused_file
from messaging.views.pictures import look_of

pytestmark = pytest.mark.django_db

QUOTED = "Yes, Tuesday suits us.\n\nOn Mon, Ana wrote:\n> Does Tuesday suit you?"


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> SimpleNamespace:
    settings.MEDIA_ROOT = str(tmp_path)
    return office()


def words_of(html: str) -> str:
    """What a reader sees: no tags, icons' names gone, white space as one."""
    html = re.sub(r'<span class="material[^>]*>[^<]*</span>', " ", html)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def thread(world: SimpleNamespace) -> str:
    there = reverse("inbox_update", args=[world.talk.public_id])
    return signed_in(world.ana).get(there, **FRAGMENT).content.decode()


def whole(world: SimpleNamespace, message: Message, query: str = "") -> str:
    there = reverse("inbox_mail", args=[world.talk.public_id, message.public_id])
    answer = signed_in(world.ana).get(there + query, **FRAGMENT)
    assert answer.status_code == 200
    return answer.content.decode()


# --- the bubble --------------------------------------------------------------


def test_a_mail_stands_in_the_talk_beside_the_texts_with_its_channel(
    world: SimpleNamespace,
) -> None:
    mail(world.talk, subject="Desks for our office", original=QUOTED)
    html = thread(world)
    bubble = html[html.index("mv-who") - 400 :]
    assert "</span>email</span>" in bubble
    shown = words_of(html)
    assert "We need about 40 seats" in shown and "text" in shown
    assert "Desks for our office" in shown
    assert "From dana@acme.example to hello@example.com" in shown
    assert "Yes, Tuesday suits us." in shown
    assert "Does Tuesday suit you?" not in shown
    assert "Show original" in shown and "Show as mail" not in shown


def test_a_text_has_nothing_of_a_mail(world: SimpleNamespace) -> None:
    html = thread(world)
    assert "data-mail" not in html and "mv-who" not in html


def test_html_can_be_shown_as_mail(world: SimpleNamespace) -> None:
    mail(world.talk, html="<p>Yes</p>")
    shown = words_of(thread(world))
    assert "Show as mail" in shown and "Show original" not in shown


def test_where_nothing_was_trimmed_the_details_are_still_one_click_away(
    world: SimpleNamespace,
) -> None:
    row = mail(world.talk, headers=[["X-Mailer", "Pigeon 2"]])
    assert "Details" in words_of(thread(world))
    shown = words_of(whole(world, row))
    assert "Yes, Tuesday suits us." in shown and "X-Mailer Pigeon 2" in shown


def test_ours_has_nothing_to_open_when_it_has_nothing_more(
    world: SimpleNamespace,
) -> None:
    mail(world.talk, "Our offer", author="person", message={"user": world.ana})
    assert "data-mail" not in thread(world)


def test_many_recipients_are_counted_and_all_are_named(world: SimpleNamespace) -> None:
    people = [f"person{n}@acme.example" for n in range(5)]
    mail(world.talk, recipients=people)
    html = thread(world)
    assert f'title="{", ".join(people)}"' in html
    assert "+2 more" in words_of(html)


def test_ours_goes_from_our_mailbox_to_the_lead(world: SimpleNamespace) -> None:
    mail(world.talk, "Here is our offer", author="person", message={"user": world.ana})
    assert "From hello@example.com to dana@acme.example" in words_of(thread(world))


@pytest.mark.parametrize(
    ("fields", "chip"),
    [
        ({"machine": "auto_reply"}, "Automatic reply"),
        ({"machine": "out_of_office"}, "Out of office"),
        (
            {
                "machine": "out_of_office",
                "returns_at": datetime(2031, 3, 3, tzinfo=UTC),
            },
            "Out of office until 3 Mar 2031",
        ),
        ({"machine": "bounce"}, "Bounced"),
        ({"machine": "complaint"}, "Reported as spam"),
        ({"machine": "list"}, "Mailing list"),
        ({"machine": "receipt"}, "Read receipt"),
        ({"machine": "of_tomorrow"}, "Written by a machine"),
    ],
)
def test_a_machine_wears_a_chip_that_says_how_we_know(
    fields: dict[str, Any], chip: str, world: SimpleNamespace
) -> None:
    row = mail(world.talk, machine_words="its headers say so", **fields)
    for html in (thread(world), whole(world, row)):
        assert f"{chip} its headers say so" in words_of(html)


def test_the_day_of_a_return_is_the_senders_day_wherever_we_are() -> None:
    assert mailview.day_words(datetime(2031, 3, 3, tzinfo=UTC)) == "3 Mar 2031"


def test_what_was_broken_is_said_quietly(world: SimpleNamespace) -> None:
    row = mail(world.talk, defects=["a part had no end", "one name was unreadable"])
    said_ = "Parts of this mail were broken: a part had no end; one name was unreadable"
    assert said_ in words_of(thread(world))
    assert said_ in words_of(whole(world, row))


@pytest.mark.parametrize(
    ("subjects", "shown"),
    [
        (["Desks", "Re: Desks", "AW: RE: Desks"], ["Desks", "", ""]),
        (["Desks", "Chairs", "Re: Desks"], ["Desks", "Chairs", "Re: Desks"]),
        (["Re[2]: Desks", "Fwd: desks "], ["Re[2]: Desks", ""]),
        (["", "Desks"], ["", "Desks"]),
        (["Regarding desks", "Desks"], ["Regarding desks", "Desks"]),
    ],
)
def test_a_subject_shows_where_it_changed(
    subjects: list[str], shown: list[str], world: SimpleNamespace
) -> None:
    rows = [
        mail(world.talk, subject=subject, minutes_ago=9 - n)
        for n, subject in enumerate(subjects)
    ]
    between = said(world.talk, "a text between", minutes_ago=8.5)
    bubbles = timeline.bubbles_of([rows[0], between, *rows[1:]], lead_name="Dana")
    assert [one.subject for one in bubbles if one.mail] == shown


def test_a_thread_reads_its_mails_with_no_query_more(world: SimpleNamespace) -> None:
    from django.db import connection

    def queries() -> tuple[int, str]:
        with CaptureQueriesContext(connection) as seen:
            thread(world)
        return len(seen), " ".join(one["sql"] for one in seen.captured_queries)

    file_of(mail(world.talk, subject="One", original=QUOTED, html="<p>x</p>"))
    thread(world)  # what a process keeps is kept now
    few, _ = queries()
    for n in range(12):
        row = mail(world.talk, subject=f"{n}", original=QUOTED, html="<p>x</p>")
        picture_of(row, "logo@x")
    many, sql = queries()
    assert many == few
    # Nor are the long texts read, which may be megabytes each.
    selected = re.findall(r'SELECT (.*?) FROM "messaging_message"', sql)
    assert selected and not any('."original",' in one for one in selected)
    assert not any('"messaging_mail"."html",' in one for one in selected)


def test_lead_page_and_review_show_the_same_bubble(world: SimpleNamespace) -> None:
    mail(world.talk, subject="Desks", original=QUOTED, machine="auto_reply")
    there = reverse("lead_page", args=[world.lead.public_id])
    html = signed_in(world.ana).get(there).content.decode()
    assert "Show original" in html and "Automatic reply" in html
    assert "leadsite/mail.css" in html and "leadsite/mail.js" in html


# --- the whole mail ----------------------------------------------------------


def test_the_original_is_one_click_away_with_what_it_quotes(
    world: SimpleNamespace,
) -> None:
    row = mail(world.talk, original=QUOTED, subject="Desks")
    html = whole(world, row)
    assert "Does Tuesday suit you?" in html
    assert "<html" not in html
    there = reverse("inbox_mail", args=[world.talk.public_id, row.public_id])
    page = signed_in(world.ana).get(there).content.decode()
    assert "<html" in page and "Does Tuesday suit you?" in page


def test_a_text_that_looks_like_html_stays_text(world: SimpleNamespace) -> None:
    row = mail(world.talk, "<script>1</script>", original="<img src=x onerror=y>")
    for html in (thread(world), whole(world, row)):
        assert "<script>1" not in html and "<img src=x" not in html
    assert "&lt;img src=x onerror=y&gt;" in whole(world, row)


def test_who_was_only_copied_is_told_by_the_headers(world: SimpleNamespace) -> None:
    row = mail(
        world.talk,
        original="x",
        sender_name="Dana R",
        recipients=["hello@example.com", "ben@acme.example"],
        headers=[["To", "hello@example.com"], ["CC", "Ben <ben@acme.example>"]],
    )
    shown = words_of(whole(world, row))
    assert "From Dana R &lt;dana@acme.example&gt;" in shown
    assert "To hello@example.com Cc Ben &lt;ben@acme.example&gt;" in shown
    assert "2 headers" in shown


def test_without_headers_all_recipients_stand_together(world: SimpleNamespace) -> None:
    row = mail(world.talk, original="x", recipients=["a@x.example", "b@x.example"])
    assert "To a@x.example, b@x.example" in words_of(whole(world, row))


def test_headers_that_are_kept_otherwise_are_no_error(world: SimpleNamespace) -> None:
    row = mail(
        world.talk, original="x", headers=["lone", ["a"], ["To", "me@x.example"]]
    )
    assert "To me@x.example" in words_of(whole(world, row))


def test_as_mail_it_is_in_a_frame_that_may_do_nothing(world: SimpleNamespace) -> None:
    row = mail(world.talk, html="<p>hello</p>", original=QUOTED)
    html = whole(world, row, "?as=html")
    (frame,) = re.findall(r"<iframe[^>]+>", html)
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert 'referrerpolicy="no-referrer"' in frame and "title=" in frame
    assert "<p>hello" not in html
    assert "<iframe" not in whole(world, row)


def test_pictures_from_elsewhere_wait_for_a_click(world: SimpleNamespace) -> None:
    row = mail(world.talk, html='<img src="https://news.example/pixel.png">')
    asked = whole(world, row, "?as=html")
    assert "Show pictures from the internet" in asked
    loaded = whole(world, row, "?as=html&remote=1")
    assert "Show pictures from the internet" not in loaded
    assert "/mail/?remote=1" in loaded
    # Not remembered.
    assert "Show pictures from the internet" in whole(world, row, "?as=html")


def test_without_such_pictures_nothing_is_asked(world: SimpleNamespace) -> None:
    row = mail(world.talk, html="<p>plain</p>")
    assert "pictures from the internet" not in whole(world, row, "?as=html")


def test_a_message_that_is_no_mail_has_no_page_of_one(world: SimpleNamespace) -> None:
    for name in ("inbox_mail", "inbox_mail_frame"):
        there = reverse(name, args=[world.talk.public_id, world.first.public_id])
        assert signed_in(world.ana).get(there).status_code == 404


# --- files -------------------------------------------------------------------


def test_a_file_has_a_mark_a_name_and_a_size(world: SimpleNamespace) -> None:
    row = mail(world.talk, original=QUOTED)
    file_of(row, "offer.pdf", b"%PDF-" + b"x" * 2_043)
    file_of(row, "seats.xlsx", content_type="application/vnd.ms-excel")
    for html in (thread(world), whole(world, row)):
        assert "picture_as_pdf" in html and "table_view" in html
        assert "offer.pdf 2.0 KB" in words_of(html)


def test_a_file_that_is_not_kept_says_why(world: SimpleNamespace) -> None:
    row = mail(world.talk, original=QUOTED)
    refused_file(row, "setup.exe", "programs are never kept")
    for html in (thread(world), whole(world, row)):
        found = words_of(html)
        assert "setup.exe 11.7 KB not kept: programs are never kept" in found


def test_a_picture_inside_a_mail_is_a_file_beside_it_not_a_wall_of_logos(
    world: SimpleNamespace,
) -> None:
    row = mail(world.talk, html='<img src="cid:logo">')
    picture_of(row, "logo")
    picture_of(row, name="desk.png")
    html = thread(world)
    assert len(re.findall(r"<img [^>]*inbox/files", html)) == 1
    assert "logo.png" in words_of(html) and "Picture: desk.png" in html


def test_a_leads_files_are_listed_with_kind_size_and_message(
    world: SimpleNamespace,
) -> None:
    row = mail(world.talk, subject="Our floor plan")
    file = file_of(row, "floor.pdf")
    picture_of(world.first, name="room.png")
    there = reverse("lead_page", args=[world.lead.public_id]) + "?tab=files"
    html = signed_in(world.ana).get(there).content.decode()
    table = html[html.index("mv-files") : html.index("</table>")]
    shown = words_of(table)
    assert "floor.pdf PDF 15 bytes" in shown
    assert "Our floor plan email received" in shown
    assert "We need about 40 seats, budget is 20k text received" in shown
    assert "room.png" in shown
    assert reverse("inbox_file", args=[file.public_id]) in table
    assert f"?at={row.public_id}" in table


def test_the_mail_of_a_message_goes_with_it(world: SimpleNamespace) -> None:
    row = mail(world.talk)
    row.conversation.last_message = None
    row.conversation.save()
    row.delete()
    assert not Mail.objects.exists()


def test_a_file_of_a_kind_that_nobody_knows_is_a_file() -> None:
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert look_of(sheet) == ("table_view", "Spreadsheet")
    assert look_of("Text/Calendar; method=REQUEST") == ("event", "Calendar entry")
    assert look_of("application/x-of-tomorrow")[1] == look_of("")[1] == "File"
