"""Other people's replies, and hostile ones, are trimmed without a loss."""

import sys
from pathlib import Path
from typing import Any

import pytest

from messaging.mail.trimming import trim_reply

REPLIES = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "replies"


def corpus() -> list[Path]:
    if not REPLIES.is_dir():
        pytest.skip("the corpus of replies is not beside the checkout")
    return sorted(REPLIES.iterdir())


def test_no_reply_of_the_corpus_is_trimmed_to_none() -> None:
    files = corpus()
    assert len(files) >= 90
    for file in files:
        text = file.read_text("utf-8", errors="replace")
        assert trim_reply(text).reply, file.name


# What the projects that the files come from show of them, where it is one paragraph.
SHOWN = {
    "github_email_1_4.txt": "Awesome! I haven't had another problem with it.",
    "github_email_1_7.txt": ":+1:",
    "github_email_2_1.txt": "Outlook with a reply",
    "github_email_2_2.txt": "Outlook with a reply directly above line",
    "github_email_2_3.txt": "Outlook with a reply directly above line",
    "github_email_BlackBerry.txt": "Here is another email",
    "github_email_iPhone.txt": "Here is another email",
    "github_correct_sig.txt": "this is an email with a correct -- signature.",
    "zapier_email_gmail.txt": "This is a test for inbox replying to a github message.",
    "zapier_email_headers_no_delimiter.txt": "And another reply!",
    "willdurand_email_20.txt": "On Thursday.",
    "willdurand_email_custom_quote_header.txt": "Thank you!",
    "willdurand_email_customer_quote_header_2.txt": "Thank you very much.",
    "willdurand_email_thread.txt": "This is new email reply in thread from bellow.",
    "willdurand_email_unquoted_reply.txt": "This is my reply.",
    "crisp_email_emoji.txt": "🎉",
}


@pytest.mark.parametrize("name", SHOWN)
def test_known_replies_are_shown_as_their_projects_show_them(name: str) -> None:
    corpus()
    text = (REPLIES / name).read_text("utf-8")
    assert trim_reply(text).reply == SHOWN[name]


def test_the_one_paragraph_of_many_languages_is_all_that_is_left() -> None:
    files = [
        file
        for file in corpus()
        if file.read_text("utf-8", errors="replace").startswith("Fusce bibendum")
    ]
    alone = 0
    for file in files:
        reply = trim_reply(file.read_text("utf-8", errors="replace")).reply
        alone += reply.startswith("Fusce") and reply.endswith("nec nec nibh.")
    assert len(files) >= 30
    assert alone >= len(files) - 4


# --- hostile mail -------------------------------------------------------------

HOSTILE = {
    "quotes": "> \n",
    "quotes and lines": ">a\nb\n",
    "headers": "On 1\n",
    "headers with colons": "On 1 a:\n",
    "headers that end": "On 1 wrote\n",
    "blocks": "From: a\nTo: b\n",
    "addresses": "1 2020 10:10 <a@b.c> x:\n",
    "signatures": "--\n",
    "rules": "_\n",
    "wide rules": "- " * 150 + "x\n",
    "telephones": "Sent from my iPhone\n",
    "nothing": "\0\n",
}


def calls_for(text: str) -> int:
    calls = 0

    def count(frame: Any, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        trim_reply(text)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_work_on_hostile_mail_grows_only_with_its_length(line: str) -> None:
    once = calls_for(line * (10_000 // len(line)))
    twice = calls_for(line * (20_000 // len(line)))
    assert twice <= 2.2 * once + 1000


@pytest.mark.parametrize("line", [">", "On ", "a@", "<", "-", "Am 1 schrieb ", "* "])
def test_one_endless_line_is_read(line: str) -> None:
    text = "Hello\n" + line * (100_000 // len(line))
    assert trim_reply(text, html=text).reply.startswith("Hello")
