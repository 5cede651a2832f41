"""Mail read from its bytes: whatever is wrong with it, it is still mail."""

import base64
import io
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.mail.facts import ReadMail, UnreadableMail
from messaging.mail.reading import read_mail
from messaging.tests.mail_making import NOW, PDF, multipart, raw, read

CORPORA = Path(__file__).resolve().parents[3] / "shared/corpora"
OWN = Path(sysconfig.get_path("stdlib")) / "test/test_email/data"


def files() -> list[Path]:
    folders = [CORPORA / name for name in ("mail", "replies", "bounces")] + [OWN]
    return [file for one in folders if one.is_dir() for file in sorted(one.iterdir())]


def storable(mail: ReadMail) -> bool:
    said = "".join((mail.text, mail.reply, mail.html, mail.subject, mail.sender_name))
    said += "".join(name + value for name, value in mail.headers)
    said += "".join(file.name + file.content_type for file in mail.files)
    said.encode()  # no lone surrogate
    return "\0" not in said and "\r" not in mail.text


def test_every_mail_of_the_corpora_is_read_or_says_why_not(tmp_path: Path) -> None:
    found = files()
    if not found:
        pytest.skip("neither the shared corpora nor Python's own mails are here")
    for file in found:
        started = time.process_time()
        try:
            with file.open("rb") as source:
                mail = read_mail(source, folder=str(tmp_path), received_at=NOW)
        except UnreadableMail as error:
            assert str(error), file.name
            continue
        assert time.process_time() - started <= 2, file.name
        assert storable(mail), file.name
        assert mail.sender or mail.text or mail.html or mail.files or mail.message_id
        assert bool(mail.reply.strip()) == bool(mail.text.strip()), file.name
        assert mail.machine is None or mail.machine.words, file.name


def test_a_mail_of_the_corpora_cut_anywhere_is_still_read(tmp_path: Path) -> None:
    found = [file for file in files() if file.stat().st_size < 5_000][::7]
    if not found:
        pytest.skip("neither the shared corpora nor Python's own mails are here")
    for file in found:
        data = file.read_bytes()
        for end in range(1, len(data), max(1, len(data) // 12)):
            try:
                assert storable(read(data[:end], tmp_path))
            except UnreadableMail as error:
                assert str(error)


@settings(max_examples=150, deadline=None)
@given(
    head=st.text(max_size=80),
    body=st.binary(max_size=200),
    kind=st.sampled_from(
        ["text/plain", "text/html", "multipart/mixed", "message/rfc822", "x", ""]
    ),
    how=st.sampled_from(["base64", "quoted-printable", "x-uuencode", "8bit", "\xff"]),
    charset=st.sampled_from(["utf-8", "utf-7", "idna", "base64", "cp850", "\x00", "x"]),
)
def test_any_bytes_are_a_mail_or_say_why_not(
    tmp_path_factory: pytest.TempPathFactory,
    head: str,
    body: bytes,
    kind: str,
    how: str,
    charset: str,
) -> None:
    folder = tmp_path_factory.getbasetemp()
    headers = (
        f"From: {head}\nTo: {head}\nSubject: {head}\nDate: {head}\nMessage-ID: {head}\n"
        f"Content-Type: {kind}; charset={charset}; name={head}\n"
        f"Content-Transfer-Encoding: {how}\nContent-Disposition: {head}\n"
    )
    data = headers.encode("utf-8", "surrogatepass") + b"\n" + body
    for one in (data, head.encode("utf-8", "surrogatepass") + body):
        try:
            assert storable(read(one, folder))
        except UnreadableMail as error:
            assert str(error)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\r\n \t\0\n", "empty"),
        (b"Received: from x\nX-Other: y\n\n", "no sender"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "other file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "other file"),
    ],
)
def test_what_nothing_could_be_kept_of_says_why(
    data: bytes, why: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableMail, match=why):
        read(data, tmp_path)


def test_five_hundred_parts_inside_each_other_are_read(tmp_path: Path) -> None:
    opened = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n'
        for n in range(500)
    )
    mail = read(b"From: a@x.org\n" + opened.encode() + b"\nin the middle\n", tmp_path)
    assert mail.text.strip() == "in the middle"


@pytest.mark.parametrize(
    "header",
    [
        "Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n",
        "Content-Type: message/rfc822\n\n",
    ],
)
def test_what_is_nested_too_deep_keeps_its_sender_and_beginning(
    header: str, tmp_path: Path
) -> None:
    body = "".join(header.replace("{n}", str(n)) for n in range(5_000))
    mail = read(b"From: a@x.org\nSubject: deep\n" + body.encode() + b"\nhi", tmp_path)
    assert (mail.sender, mail.subject) == ("a@x.org", "deep")
    assert any("only its beginning" in words for words in mail.defects)


def test_two_million_lines_keep_their_beginning(tmp_path: Path) -> None:
    mail = read(raw(b"first line\n" + b"\n" * 2_000_000), tmp_path)
    assert mail.text == "first line"
    assert any("too many lines" in words for words in mail.defects)


def test_a_text_without_end_is_kept_to_its_limit_and_says_so(tmp_path: Path) -> None:
    mail = read(raw(b"word " * 100_000), tmp_path)
    assert len(mail.text) == 100_000
    assert any("100,000 characters" in words for words in mail.defects)


def test_nul_and_lone_surrogates_and_line_ends_are_made_storable(
    tmp_path: Path,
) -> None:
    body = b"a\0b\r\nc\rd \xed\xa0\x80 " + "größer ".encode() + b"e\xcc\x81"
    mail = read(raw(body, more="Content-Type: text/plain; charset=utf-8\n"), tmp_path)
    assert mail.text.startswith("a\ufffdb\nc\nd ")
    assert mail.text.endswith(" \u00e9")
    assert storable(mail)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (base64.b64encode(b"hello, world")[:-1], "hello, wor"),
        (base64.b64encode(b"hello, world!")[:-3], "hello, world"),
        (b"aGVs\n  bG8s!!*IHdv\x00cmxk", "hello, world"),
        (b"aGVsbG8=\n-- \nlist footer", "hello"),
    ],
)
def test_broken_base64_is_read_as_far_as_it_goes(
    data: bytes, text: str, tmp_path: Path
) -> None:
    mail = read(raw(data, more="Content-Transfer-Encoding: base64\n"), tmp_path)
    assert mail.text.startswith(text[:8] if b"-- " not in data else text)


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("cp850", "Größe für Zoë".encode("cp850"), "Größe für Zoë"),
        ("IBM850", "Größe".encode("cp850"), "Größe"),
        ("iso-8859-1", "€5 – ok".encode("cp1252"), "€5 – ok"),
        ("us-ascii", "Größe".encode(), "Größe"),
        ("us-ascii", "Größe".encode("cp1252"), "Größe"),
        ("utf-8", "Größe".encode("cp1252"), "Größe"),
        ("utf-8", "Größe 漢".encode() + b"\xff", "Größe 漢\ufffd"),
        ("gb2312", "镕基".encode("gb18030"), "镕基"),
        ("ks_c_5601-1987", "안녕".encode("cp949"), "안녕"),
        ("x-sjis", "表示".encode("cp932"), "表示"),
        ("koi8-r", "привет".encode("koi8-r"), "привет"),
        ("no-such-charset", "Größe".encode(), "Größe"),
        ("base64", "Größe".encode(), "Größe"),
        ("idna", b"xn--a", "xn--a"),
        ("", "Größe".encode("cp1252"), "Größe"),
        ("", "Größe".encode("utf-16"), "Größe"),
    ],
)
def test_text_is_read_in_its_charset_or_in_the_likely_one(
    charset: str, data: bytes, text: str, tmp_path: Path
) -> None:
    said = f"; charset={charset}" if charset else ""
    assert (
        read(raw(data, more=f"Content-Type: text/plain{said}\n"), tmp_path).text == text
    )


def test_a_mail_without_headers_is_words_without_a_sender(tmp_path: Path) -> None:
    mail = read(b"just words\nand more\n", tmp_path)
    assert (mail.sender, mail.text) == ("", "just words\nand more")
    assert "it does not say who sent it" in mail.defects


def test_a_mailboxs_own_line_is_no_header(tmp_path: Path) -> None:
    data = b"From jane@x.org Thu Mar  4 12:00:00 2026\n" + raw(b"hello")
    mail = read(data, tmp_path)
    assert (mail.sender, mail.subject, mail.text) == ("jane@x.org", "Hi", "hello")


def test_blank_lines_and_a_mark_before_the_headers_are_passed_over(
    tmp_path: Path,
) -> None:
    assert read(b"\xef\xbb\xbf\r\n\r\n" + raw(), tmp_path).sender == "jane@x.org"


def test_parts_without_a_boundary_are_found_by_their_lines(tmp_path: Path) -> None:
    data = multipart(
        "Content-Type: text/plain\n\nhello", "Content-Type: text/html\n\n<b>"
    )
    data["more"] = "Content-Type: multipart/alternative\n"
    assert read(raw(**data), tmp_path).text == "hello"


def test_huge_headers_are_read_to_their_limit(tmp_path: Path) -> None:
    many = "".join(f"X-{n}: y\n" for n in range(5_000))
    people = ", ".join(f"p{n}@x.org" for n in range(5_000))
    ids = " ".join(f"<{n}@x.org>" for n in range(5_000))
    more = f"{many}To: {people}\nReferences: {ids}\nX-Long: {'z' * 2_000_000}\n"
    mail = read(raw(more=more), tmp_path)
    assert len(mail.headers) == 100
    assert all(len(value) <= 500 for _, value in mail.headers)
    assert len(mail.recipients) == 200
    assert len(mail.references) == 100
    assert mail.references[0] == "0@x.org"


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?q?Hi=0D=0ABcc=3A_all=40x.org?=",
        "=?utf-8?b?SGkNCkJjYzogYWxsQHgub3Jn?=",
        "Hi\r\n Bcc: all@x.org",
        "Hi\x0b\x85\u2028Bcc: all@x.org",
    ],
)
def test_a_header_cannot_bring_another_one(subject: str, tmp_path: Path) -> None:
    headers = f"From: {subject} <jane@x.org>\nSubject: {subject}\n"
    mail = read(raw(headers=headers), tmp_path)
    assert mail.subject == "Hi Bcc: all@x.org"
    assert "\n" not in mail.sender_name
    assert mail.recipients == ()


def test_twenty_files_are_kept_and_the_rest_is_named(tmp_path: Path) -> None:
    parts = [
        f"Content-Type: application/pdf; name=f{n}.pdf\n\n{PDF.decode()}"
        for n in range(25)
    ]
    mail = read(raw(**multipart("\n\nhello", *parts)), tmp_path)
    assert mail.text == "hello"
    assert len(mail.files) == 25
    assert [bool(file.path) for file in mail.files] == [True] * 20 + [False] * 5
    assert mail.files[20].refused == "more than 20 files"


def test_thousands_of_parts_are_bounded(tmp_path: Path) -> None:
    parts = ["Content-Type: application/pdf\n\n%PDF-"] * 3_000
    mail = read(raw(**multipart("\n\nhello", *parts)), tmp_path)
    assert len(mail.files) == 40
    assert any("more files are not listed" in words for words in mail.defects)


def test_our_own_rules_that_fail_cost_no_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("messaging.mail.reading.trim_reply", fail)
    monkeypatch.setattr("messaging.mail.reading.recognise", fail)
    mail = read(raw(b"hello\n> old"), tmp_path)
    assert mail.reply == mail.text == "hello\n> old"
    assert len(mail.defects) == 2


def test_a_full_disk_is_no_fault_of_the_mail(tmp_path: Path) -> None:
    data = raw(**multipart(f"Content-Type: application/pdf\n\n{PDF.decode()}"))
    with pytest.raises(OSError):
        read_mail(io.BytesIO(data), folder=str(tmp_path / "missing"), received_at=NOW)
