"""HTML of mail: harmless to show, readable as text, bounded on hostile input."""

import json
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from messaging.mail.html import SCHEMES, TAGS, has_remote, html_to_text, sanitise
from messaging.mail.markup import MAX_TAGS
from messaging.tests.mail_payloads import EVIL, PAYLOADS

STRINGS = Path(__file__).resolve().parents[3] / "shared/corpora/strings/blns.json"
PICTURES = {"picture@mail": "/mail/picture/1/"}
NAMES = (
    "align alt bgcolor border cellpadding cellspacing color colspan dir face height href"
    " lang rel rowspan size src start style target title type valign width"
)
ATTRIBUTES = set(NAMES.split())


class Dom(HTMLParser):
    """The elements that a browser would build of it, and their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.odd: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def handle_decl(self, decl: str) -> None:
        self.odd.append(decl)

    def handle_pi(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)


def assert_harmless(html: str, *, remote: bool) -> None:
    dom = Dom(html)
    assert dom.odd == []
    for tag, attributes in dom.found:
        assert tag in TAGS, tag
        assert set(attributes) <= ATTRIBUTES, attributes
        if tag == "a":
            assert attributes["target"] == "_blank"
            assert attributes["rel"] == "noopener noreferrer nofollow"
        scheme = attributes.get("href", "https:").partition(":")[0].lower()
        assert scheme in SCHEMES, attributes
        source = attributes.get("src", "")
        ours = source in ("", *PICTURES.values())
        assert (
            ours
            or source.startswith("data:image/png;")
            or (remote and source.startswith(("https://", "http://")))
        ), source
        style = attributes.get("style", "").lower()
        assert not re.search(r"url|\\|/\*|expression|@|position|-\d+px|attr", style)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_hostile_shape_is_harmless(payload: str) -> None:
    for around in ("{}", "<p>before {} after</p>", "<table><tr><td>{}</table>"):
        html = around.replace("{}", payload)
        shown = sanitise(html, pictures=PICTURES, remote=False)
        assert_harmless(shown, remote=False)
        assert sanitise(shown, pictures={}, remote=False).count("<script") == 0
        assert_harmless(sanitise(html, pictures=PICTURES, remote=True), remote=True)
        html_to_text(html)


def test_there_are_sixty_shapes_at_least() -> None:
    assert len(set(PAYLOADS)) >= 60


def test_naughty_strings_are_harmless_in_each_place() -> None:
    if not STRINGS.exists():
        pytest.skip("the shared corpora are not beside this checkout")
    for naughty in json.loads(STRINGS.read_text()):
        for around in (
            "{}",
            "<p title='{}'>x</p>",
            '<a href="{}">x</a>',
            "<{}>",
            "<!--{}",
        ):
            html = around.replace("{}", naughty)
            assert_harmless(sanitise(html, pictures={}, remote=False), remote=False)
            html_to_text(html)


def test_what_was_made_harmless_stays_as_it_is() -> None:
    for payload in PAYLOADS:
        once = sanitise(payload, pictures={}, remote=False)
        again = sanitise(once, pictures={}, remote=False)
        assert Dom(again).found == Dom(once).found
        assert len(again) == len(once)


def test_an_ordinary_mail_keeps_its_looks() -> None:
    html = (
        '<div dir="ltr"><p style="color: #123456; font-family: Arial, sans-serif">Hi'
        " <b>Jane</b> and <i>Joe</i>,</p><table bgcolor=red width=600><tr><td colspan=2>"
        '<a href="https://x.org/a?b=1&amp;c=2">look</a></td></tr></table>'
        '<a href="mailto:jo@x.org">jo</a> <a href="tel:+14155550100">call</a></div>'
    )
    shown = sanitise(html, pictures={}, remote=False)
    for kept in (
        'style="color: #123456; font-family: Arial, sans-serif"',
        "<b>Jane</b>",
        "<i>Joe</i>",
        'width="600"',
        'colspan="2"',
        'href="https://x.org/a?b=1&amp;c=2"',
        'href="mailto:jo@x.org"',
        'href="tel:+14155550100"',
        'dir="ltr"',
    ):
        assert kept in shown


def test_pictures_of_the_mail_are_shown_from_our_own_address() -> None:
    html = '<img src="cid:Logo%40x" alt=Logo><img src="cid:gone@x" alt=Gone>'
    shown = sanitise(html, pictures={"logo@x": "/f/1/"}, remote=False)
    assert Dom(shown).found == [
        ("img", {"src": "/f/1/", "alt": "Logo"}),
        ("img", {"alt": "Gone"}),
    ]
    inside = '<img src="data:image/png;base64,iVBORw0KGgo=">'
    assert sanitise(inside, pictures={}, remote=False) == inside


def test_remote_pictures_wait_until_they_are_asked_for() -> None:
    html = (
        f'<img src="{EVIL}/p.png" alt="chart" width="300"><img src="//evil.example/q">'
    )
    assert has_remote(html)
    blocked = sanitise(html, pictures={}, remote=False)
    assert Dom(blocked).found == [
        ("img", {"alt": "chart", "width": "300"}),
        ("img", {}),
    ]
    shown = sanitise(html, pictures={}, remote=True)
    assert f'src="{EVIL}/p.png"' in shown and f'src="{EVIL}/q"' in shown


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>no picture</p>",
        '<a href="https://x.org">a link loads nothing</a>',
        '<img src="cid:a@b">',
        '<img src="data:image/png;base64,iVBORw0KGgo=">',
        f"&lt;img src={EVIL}/p.png&gt;",
        f"<!-- <img src={EVIL}/p.png> -->",
    ],
)
def test_what_loads_nothing_asks_for_nothing(html: str) -> None:
    assert not has_remote(html)


def test_an_address_written_in_references_is_remote_as_well() -> None:
    assert has_remote("<img src='https&#58;&#x2f;&#x2f;evil.example/p.png'>")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/><br>three", "one\ntwo\n\nthree"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div><div>one</div></div>\n\n  <div>  two\n words </div>", "one\ntwo words"),
        ("<ul><li>one<li>two</ul>after", "- one\n- two\n\nafter"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        ("a&nbsp;b &lt;3 &amp; &#8364;", "a b <3 & €"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ('<a href="https://x.org/a">here</a>', "here <https://x.org/a>"),
        ('<a href="https://x.org/">x.org</a>', "x.org"),
        ('<a href="mailto:jo@x.org">jo@x.org</a>', "jo@x.org"),
        ('<a href="tel:+14155550100">+1 415 555 0100</a>', "+1 415 555 0100"),
        ('<a href="javascript:x()">here</a>', "here"),
        (
            "yes<blockquote>old<p>words</p></blockquote>no",
            "yes\n\n> old\n>\n> words\n\nno",
        ),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b"),
        ("<style>p{color:red}</style>x<script>y()</script>", "x"),
        ("<title>t</title><head><meta charset=x></head><body>x</body>", "x"),
        ('<div style="display:none">Preview</div>Dear Jo', "Dear Jo"),
        ('<div style="max-height:0; overflow:hidden"><p>Pre</p></div>Dear', "Dear"),
        ("<p hidden>x</p>seen", "seen"),
        ('<td style="font-size:0px"><p>seen</p></td>', "seen"),
        ("<!-- x --><!--[if mso]>y<![endif]-->seen", "seen"),
        ("so\u200bft\u00ad\u034f", "soft"),
        ('<img alt="Logo"> says', "Logo says"),
        ("a < b and c > d", "a < b and c > d"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("<style>never closed", ""),
    ],
)
def test_html_reads_as_its_reader_sees_it(html: str, text: str) -> None:
    assert html_to_text(html) == text


HOSTILE: dict[str, Callable[[], str]] = {
    "deep": lambda: "<div>" * 200_000,
    "unclosed bold": lambda: (
        "<p>"
        + "".join(f"<b a={n}>" for n in range(60_000))
        + "</p>"
        + "<p>x</p>" * 60_000
    ),
    "attributes": lambda: "<p " + " ".join(f"a{n}=''" for n in range(80_000)) + ">x",
    "open quotes": lambda: '<a b="' * 150_000,
    "open tags": lambda: "<a " * 300_000,
    "less than": lambda: "<" * 1_000_000,
    "comments": lambda: "<!--" * 250_000,
    "declarations": lambda: "<!" * 500_000,
    "scripts": lambda: "<script>" * 120_000,
    "frames": lambda: "<iframe>" * 140_000,
    "references": lambda: "&#x" * 300_000,
    "lists": lambda: "<ul><li>" * 100_000,
    "tables": lambda: "<table><tr><td>" * 60_000,
    "hidden": lambda: "<div hidden>" * 80_000,
    "quotes": lambda: "<blockquote>x" * 60_000,
    "styles": lambda: '<p style="' + "color:(" * 100_000 + '">x',
    "lines": lambda: "<pre>" + "\n" * 900_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_takes_bounded_time_and_room(name: str) -> None:
    html = HOSTILE[name]()
    started = time.process_time()
    shown = sanitise(html, pictures={}, remote=False)
    text = html_to_text(html)
    # Of the processor, not of the clock; unbounded ones take minutes.
    assert time.process_time() - started < 20
    assert len(shown) <= 6 * len(html)
    assert len(text) <= 100_000


def test_html_of_too_many_elements_keeps_its_beginning() -> None:
    html = "<p>first</p>" + "<i>x</i>" * MAX_TAGS + "<p>last</p>"
    shown = sanitise(html, pictures={}, remote=False)
    assert "first" in shown and "last" not in shown


def test_bold_words_stay_bold_where_there_are_very_many() -> None:
    html = "<p><b>x</b><font color=red>y</font></p>" * 2_000
    shown = sanitise(html, pictures={}, remote=False)
    assert '<span style="font-weight:bold">x</span>' in shown.replace(": ", ":")
    assert shown.count("<p>") == 2_000
