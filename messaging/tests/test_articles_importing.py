"""CSV files of questions: good lines are kept, bad ones say why, nothing is lost."""

import csv
import io
import time
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry

from leads import jobs
from leads.models import Job
from leads.work import run_due
from messaging.knowledge import importing, publishing
from messaging.knowledge.pages import Pair
from messaging.knowledge.reading import (
    MOST_LINES,
    NotReadable,
    read_csv,
    text_of,
)
from messaging.models import Article, KnowledgeImport
from messaging.tests.knowledge_world import GARAGE, PARKING, person, said

pytestmark = pytest.mark.django_db
HEAD = "question,answer,language,valid_until,phrasings\n"
GOOD = "Is it open?,Every day.,en,,\n"


def bring(
    data: bytes | str, *, publish: bool = False, language: str = "en"
) -> KnowledgeImport:
    raw = data.encode() if isinstance(data, str) else data
    row = importing.bring_file(
        name="faq.csv",
        data=raw,
        user=person("manager"),
        language=language,
        publish_them=publish,
    )
    run_due()
    row.refresh_from_db()
    return row


def states(row: KnowledgeImport) -> list[str]:
    return [line["state"] for line in row.outcome]


def words(row: KnowledgeImport) -> str:
    return row.outcome[-1]["words"]


def everything() -> list[Any]:
    rows = [list(Article.objects.order_by("pk").values())]
    for article in Article.objects.order_by("pk"):
        rows.append(list(article.revisions.values()))
        rows.append(list(article.phrasings.values()))
    return rows


# --- reading -----------------------------------------------------------------


def test_a_file_becomes_drafts_with_all_that_it_names() -> None:
    row = bring(
        HEAD
        + f"{PARKING},{GARAGE},en,2031-03-31,Can I park?|Where do cars go?|\n"
        + 'Gibt es Parkplätze?,"Ja, im Haus.",de,31.03.2031,\n'
    )
    assert states(row) == ["made", "made"]
    english, german = Article.objects.order_by("pk")
    assert (english.title, english.body) == (PARKING, GARAGE)
    assert english.published is None
    assert f"{english.valid_until:%Y-%m-%d}" == "2031-03-31"
    asked = english.phrasings.order_by("pk").values_list("text", "origin", "created_by")
    assert list(asked) == [
        ("Can I park?", "person", "The-Manager"),
        ("Where do cars go?", "person", "The-Manager"),
    ]
    assert (german.body, german.language) == ("Ja, im Haus.", "de")
    assert german.valid_until == english.valid_until
    assert LogEntry.objects.filter(change_message="Brought in.").count() == 2


def test_published_at_once_each_gets_its_first_version() -> None:
    row = bring(HEAD + GOOD, publish=True)
    assert states(row) == ["made"]
    article = Article.objects.get()
    assert article.published is not None
    assert article.published.published_by == "The-Manager"


@pytest.mark.parametrize("publish", [False, True])
def test_the_same_file_again_changes_nothing(publish: bool) -> None:
    file = HEAD + f"{PARKING},{GARAGE},en,2031-03-31,Can I park?\n" + GOOD
    bring(file, publish=publish)
    before = everything()
    people = person("admin")
    again = importing.bring_file(
        name="faq.csv",
        data=file.encode(),
        user=people,
        language="en",
        publish_them=publish,
    )
    run_due()
    again.refresh_from_db()
    assert states(again) == ["same", "same"]
    assert everything() == before


def test_a_new_answer_changes_the_draft_and_not_what_is_said() -> None:
    article = said()
    row = bring(HEAD + "IS THERE PARKING?,Parking is free.,en,,\n")
    assert states(row) == ["changed"]
    article.refresh_from_db()
    assert (article.title, article.body) == (PARKING, "Parking is free.")
    assert article.published is not None
    assert article.published.body == GARAGE


def test_a_retired_question_is_not_brought_back_by_a_file() -> None:
    article = said()
    publishing.retire(article=article, user=None)
    row = bring(HEAD + f"{PARKING},Free.,en,,\n" + GOOD, publish=True)
    assert states(row) == ["refused", "made"]
    assert "bring it back" in row.outcome[0]["words"]
    article.refresh_from_db()
    assert article.body == GARAGE


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"]
)
def test_any_delimiter_and_charset_of_a_spreadsheet_is_read(
    delimiter: str, charset: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows(
        [
            ["Answer", "Question", "Lang"],
            ["Ja, im Hof; täglich\nab 8 Uhr", "Gibt es Parkplätze für Gäste?", "DE"],
            ["Größe M", 'Was heißt "groß"?', "de"],
        ]
    )
    row = bring(out.getvalue().encode(charset))
    assert states(row) == ["made", "made"]
    first, second = Article.objects.order_by("pk")
    assert first.title == "Gibt es Parkplätze für Gäste?"
    assert first.body == "Ja, im Hof; täglich\nab 8 Uhr"
    assert second.title == 'Was heißt "groß"?'


def test_the_line_that_excel_puts_first_is_passed_over() -> None:
    assert states(bring("sep=;\r\nquestion;answer\r\nOpen?;Daily.\r\n")) == ["made"]


def test_without_a_language_the_chosen_one_stands() -> None:
    bring("question,answer\nOuvert ?,Oui.\n", language="fr")
    assert Article.objects.get().language == "fr"


# --- hostile -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("=HYPERLINK(1),Yes.,en,,\n", "formula"),
        ("Open?,=1+1,en,,\n", "formula"),
        ("Open?,@SUM(A1),en,,\n", "formula"),
        ("Open?,+cmd|' /C calc'!A0,en,,\n", "formula"),
        ("Open?,-2+3+cmd|' /C calc'!A0,en,,\n", "formula"),
        ('Open?,"\t=1+1",en,,\n', "formula"),
        ("Open?,Yes.,en,,=A1\n", "formula"),
        ("Open?,Ye\x00s.,en,,\n", "broken letter"),
        (f"Open?,{'x' * 8_001},en,,\n", "8,000"),
        (f"Open?,{'x' * 300_000},en,,\n", "too long"),
        (f"{'x' * 201},Yes.,en,,\n", "200"),
        (",Yes.,en,,\n", "question is missing"),
        ("Open?,,en,,\n", "answer is missing"),
        ("Open?\n", "answer is missing"),
        ("Open?,Yes.,english,,\n", "language"),
        ("Open?,Yes.,en,31/12/2031,\n", "no day"),
        ("Open?,Yes.,en,2031-02-30,\n", "no day"),
        ("Open?,Yes.,en,,,more\n", "more cells"),
        (f"Open?,Yes.,en,,{'x' * 301}\n", "phrasings"),
        (f"Open?,Yes.,en,,{'|'.join(map(str, range(51)))}\n", "phrasings"),
        ('"Open?,Yes.,en,,\n', "quotation mark"),
        ('"Open?"x,Yes.,en,,\n', "quotation mark"),
    ],
)
def test_a_bad_line_says_why_and_the_good_ones_are_kept(line: str, why: str) -> None:
    second = "Is it warm?,Always.,en,,\n"
    row = bring(HEAD + GOOD + line + second, publish=True)
    assert states(row) == ["made", "refused", "made"]
    assert why in row.outcome[1]["words"]
    assert row.outcome[1]["line"] == 3
    assert Article.objects.count() == 2
    assert row.content.endswith(second)


def test_bullets_and_telephone_numbers_are_no_formulas() -> None:
    row = bring(
        HEAD
        + '"How do I call?","+1 (415) 555-0123",en,,\n'
        + '"What is included?","- a desk\n- a chair (new)",en,,\n'
    )
    assert states(row) == ["made", "made"]


def test_a_second_answer_in_one_file_is_refused_and_a_copy_changes_nothing() -> None:
    row = bring(HEAD + GOOD + GOOD + "is it open?,Never.,en,,\n")
    assert states(row) == ["made", "same", "refused"]
    assert "Line 2" in words(row)
    assert Article.objects.get().body == "Every day."


def test_an_outdated_line_is_not_published_and_leaves_no_draft() -> None:
    row = bring(HEAD + "Open?,Yes.,en,2020-01-01,\n" + GOOD, publish=True)
    assert states(row) == ["refused", "made"]
    assert "past" in row.outcome[0]["words"]
    assert Article.objects.count() == 1


@pytest.mark.parametrize(
    "data", ["", "\n\n", "a,b\n1,2\n", "question\nOpen?\n", "\x00\x00", "Open?,Yes.\n"]
)
def test_without_a_head_the_file_says_so_and_is_kept(data: str) -> None:
    row = bring(data)
    assert states(row) == ["refused"]
    assert "first line" in words(row)
    assert not Job.objects.filter(name=importing.JOB).exists()
    assert not Article.objects.exists()
    assert row.content == data.replace("\x00", "\ufffd")


def test_a_spreadsheet_is_no_csv_file() -> None:
    for data in (b"PK\x03\x04abc", b"%PDF-1.7", b"\xd0\xcf\x11\xe0\xa1"):
        with pytest.raises(NotReadable, match="Save the table as CSV"):
            text_of(data)
    assert not KnowledgeImport.objects.exists()


def test_an_odd_quotation_mark_in_plain_words_is_kept() -> None:
    (line,) = read_csv('question,answer\nIs a 5" pipe fine?,Yes.\n')
    assert (line.title, line.refused) == ('Is a 5" pipe fine?', "")


def test_lines_beyond_the_most_are_named() -> None:
    text = "question,answer\n" + "".join(f"Q{n}?,A.\n" for n in range(MOST_LINES + 3))
    lines = list(read_csv(text))
    assert len(lines) == MOST_LINES + 1
    assert "Only 5,000" in lines[-1].refused


def test_a_file_of_broken_quotation_marks_is_read_in_time() -> None:
    text = "question,answer\n" + '"a,' * 3 + '\n"b,c\n' * 300_000
    begin = time.perf_counter()
    lines = list(read_csv(text))
    assert time.perf_counter() - begin < 3
    assert len(lines) == MOST_LINES + 1


# --- the job -----------------------------------------------------------------


def test_it_goes_on_where_a_process_died(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_STEP", 2)
    real, calls = importing.bring_line, []

    def dies_at_the_fourth(**values: Any) -> str:
        calls.append(values["line"].title)
        if len(calls) == 4:
            raise RuntimeError("the process died")
        return real(**values)

    monkeypatch.setattr(importing, "bring_line", dies_at_the_fourth)
    file = HEAD + "".join(f"Question {n}?,Yes.,en,,\n" for n in range(6))
    row = importing.bring_file(
        name="a",
        data=file.encode(),
        user=person("manager"),
        language="en",
        publish_them=True,
    )
    job = Job.objects.get(name=importing.JOB)
    jobs.run_job(job_id=job.pk)
    row.refresh_from_db()
    assert states(row) == ["made", "made"]
    progress = importing.progress_of(row)
    assert progress is not None
    assert (progress.running, progress.percent) == (True, 33)
    Job.objects.filter(pk=job.pk).update(due_at="2020-01-01T00:00Z")
    run_due()
    row.refresh_from_db()
    # The third was stored just before it died, and is not stored twice.
    assert states(row) == ["made", "made", "same", "made", "made", "made"]
    assert Article.objects.count() == 6
    assert importing.progress_of(row) == importing.Progress(percent=100)


def test_pairs_are_brought_once_however_often_they_are_sent() -> None:
    row = importing.keep_page(name="", page="Q: a?\nA: b", user=person("manager"))
    assert importing.progress_of(row) is None
    for body in ("In the garage.", "Nowhere."):
        importing.bring_pairs(
            row=row, pairs=[Pair(PARKING, body)], language="en", publish_them=True
        )
        run_due()
    row.refresh_from_db()
    assert states(row) == ["made"]
    assert Article.objects.get().body == "In the garage."
