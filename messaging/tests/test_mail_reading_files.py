"""Files of a mail: what they are, what they are called, which are kept."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.mail import tnef
from messaging.mail.facts import MailFile
from messaging.mail.files import MAX_NAME, Keeper, safe_name
from messaging.sniffing import EXTENSIONS, RUNS, NotKept, sniff_file
from messaging.tests.mail_making import PDF, PNG, multipart, raw, read


def zipped(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return made.getvalue()


def office(folder: str, **more: bytes) -> bytes:
    return zipped(
        **{"[Content_Types]_DOT_xml": b"<Types/>", f"{folder}__a_DOT_xml": b"<a/>"}
        | more
    )


def compound(*streams: str) -> bytes:
    """A compound file's head and a directory of these streams ([MS-CFB])."""
    entries = b""
    for name in streams:
        wide = name.encode("utf-16-le")
        entries += wide.ljust(64, b"\0") + struct.pack("<H", len(wide) + 2) + b"\0" * 62
    return (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504) + entries


def keep(folder: Path, name: str, data: bytes, said: str = "x/y") -> MailFile:
    keeper = Keeper(str(folder))
    keeper.keep(name, said, data)
    (file,) = keeper.files
    assert bool(file.path) != bool(file.refused)
    if file.path:
        assert Path(file.path).read_bytes() == data
        assert Path(file.path).parent == folder
    return file


OFFICE = "application/vnd.openxmlformats-officedocument."
ODT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.docx", office("word"), f"{OFFICE}wordprocessingml.document"),
        ("a.xlsx", office("xl"), f"{OFFICE}spreadsheetml.sheet"),
        ("a.pptx", office("ppt"), f"{OFFICE}presentationml.presentation"),
        ("a.odt", zipped(mimetype=ODT.encode(), content_DOT_xml=b"<a/>"), ODT),
        ("a.zip", zipped(a_DOT_txt=b"x", b__c_DOT_pdf=PDF), "application/zip"),
        ("a.doc", compound("Root Entry", "WordDocument"), "application/msword"),
        ("a.xls", compound("Workbook"), "application/vnd.ms-excel"),
        ("a.ppt", compound("PowerPoint Document"), "application/vnd.ms-powerpoint"),
        ("a.msg", compound("__properties_version1.0"), "application/vnd.ms-outlook"),
        ("a.rtf", b"{\\rtf1 hello}", "application/rtf"),
        ("a.csv", b"name;seats\nJane;40\n", "text/csv"),
        ("a.csv", "näme,seats\n".encode("cp1252"), "text/csv"),
        ("a.txt", b"see <jane@x.org>", "text/plain"),
        ("a.txt", "Größe".encode("utf-16"), "text/plain"),
        ("a.ics", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "text/calendar"),
        ("a.vcf", b"BEGIN:VCARD\r\nEND:VCARD\r\n", "text/vcard"),
        ("a.mp3", b"ID3\x04" + b"\0" * 20, "audio/mpeg"),
        ("a.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 20, "video/mp4"),
    ],
)
def test_a_file_is_what_its_bytes_are(
    name: str, data: bytes, kind: str, tmp_path: Path
) -> None:
    file = keep(tmp_path, name, data)
    assert (file.content_type, file.name) == (kind, name)
    assert file.size == len(data)
    # What the mail calls it changes nothing.
    again = keep(tmp_path, name.rpartition(".")[0] + ".jpg", data, said="image/jpeg")
    assert again.content_type in (kind, "text/plain")
    assert again.name.rpartition(".")[2] in (EXTENSIONS[again.content_type], "jpg")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.exe", b"MZ\x90\0" + b"\0" * 60, "program"),
        ("invoice.pdf", b"MZ\x90\0" + b"\0" * 60, "program"),
        ("a", b"\x7fELF\2\1\1", "program"),
        ("a.sh", b"#!/bin/sh\nrm -rf /\n", "program"),
        ("a.lnk", b"L\0\0\0\1\x14\2\0", "program"),
        ("a.js", b"alert(1)", "ends in .js"),
        ("a.VBS", b"MsgBox 1", "ends in .vbs"),
        ("a.html", b"<html><script>alert(1)</script>", "web page"),
        ("a.txt", b"<!DOCTYPE html><p>x", "web page"),
        ("a.svg", b"<?xml version='1.0'?><svg onload='x'/>", "web page"),
        ("a.jpg", b"<svg xmlns='x'/>", "web page"),
        ("a.docm", office("word", word__vbaProject_DOT_bin=b"x"), "macros"),
        ("a.docx", office("word", word__vbaProject_DOT_bin=b"x"), "macros"),
        ("a.doc", compound("WordDocument", "_VBA_PROJECT"), "macros"),
        ("a.zip", zipped(setup_DOT_exe=b"x"), "could run"),
        ("a.jar", zipped(**{"META-INF__MANIFEST_DOT_MF": b"x"}), "could run"),
        ("a.zip", b"PK\3\4 cut off", "not of a kept kind"),
        ("a.msi", compound("Property"), "not of a kept kind"),
        ("a.bin", bytes(range(256)), "not of a kept kind (x/y)"),
        ("a.txt", b"", "empty"),
        ("a.pdf", PDF + b"\0" * 26_214_400, "larger than 25 MB"),
    ],
)
def test_what_could_run_or_is_unknown_is_refused_in_words(
    name: str, data: bytes, why: str, tmp_path: Path
) -> None:
    file = keep(tmp_path, name, data)
    assert why in file.refused
    assert list(tmp_path.iterdir()) == []


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=6))
def test_a_damaged_archive_is_kept_or_refused(place: int, noise: bytes) -> None:
    for data in (office("word"), zipped(mimetype=ODT.encode()), compound("Book")):
        at = place % len(data)
        damaged = data[:at] + noise + data[at + len(noise) :]
        for one in (damaged, data[:at]):
            try:
                assert sniff_file(io.BytesIO(one), "a.zip") in (None, *EXTENSIONS)
            except NotKept as reason:
                assert str(reason)


@pytest.mark.parametrize(
    ("name", "kind", "safe"),
    [
        ("plan.pdf", "application/pdf", "plan.pdf"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\jo\\plan.pdf", "application/pdf", "plan.pdf"),
        ("invoice.exe", "application/pdf", "invoice.pdf"),
        ("Report v1.2", "application/pdf", "Report v1.2.pdf"),
        ("photo.JPEG", "image/jpeg", "photo.JPEG"),
        ("a\u202egnp.exe", "image/png", "a_gnp.png"),
        ("a\r\nb\0c.pdf", "application/pdf", "a_b_c.pdf"),
        ('<a href="x">.pdf', "application/pdf", "a href=_x.pdf"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("...", "application/pdf", "application-3.pdf"),
        ("", "image/png", "image-3.png"),
        ("CON.txt", "text/plain", "_CON.txt"),
        ("e\u0301.txt", "text/plain", "\u00e9.txt"),
        ("data.csv", "text/plain", "data.csv"),
    ],
)
def test_a_name_is_safe_and_fits_its_type(name: str, kind: str, safe: str) -> None:
    assert safe_name(name, kind, position=3) == safe


@given(st.text(max_size=400), st.sampled_from(["", *EXTENSIONS]))
def test_any_name_becomes_a_safe_one(name: str, kind: str) -> None:
    safe = safe_name(name, kind)
    assert 0 < len(safe) <= MAX_NAME
    assert not set('/\\<>:"|?*\0\r\n\u202e') & set(safe)
    assert not safe.startswith(".")
    safe.encode()
    if kind:
        assert "." in safe and safe.rpartition(".")[2].lower() not in RUNS


def test_pictures_that_the_html_shows_are_inline(tmp_path: Path) -> None:
    picture = "Content-Type: image/png\nContent-ID: <{}>\n\n" + PNG.decode("latin-1")
    parts = (
        'Content-Type: text/html\n\n<img src="cid:Logo@x"><img src=cid:two%40x>',
        picture.replace("{}", "logo@x"),
        picture.replace("{}", "two@x"),
        picture.replace("{}", "other@x"),
    )
    data = multipart(*parts, kind="related")
    mail = read(raw(data["body"].encode("latin-1"), more=data["more"]), tmp_path)
    found = [(file.content_id, file.inline) for file in mail.files]
    assert found == [("logo@x", True), ("two@x", True), ("other@x", False)]


def test_an_invitation_is_kept_as_a_calendar(tmp_path: Path) -> None:
    event = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR"
    parts = (
        "Content-Type: text/plain\n\ncall",
        f"Content-Type: text/calendar; method=REQUEST\n\n{event}",
    )
    mail = read(raw(**multipart(*parts, kind="alternative")), tmp_path)
    (file,) = mail.files
    assert (mail.text, file.name, file.content_type) == (
        "call",
        "invite.ics",
        "text/calendar",
    )


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('Content-Disposition: attachment; filename="plan.pdf"', "plan.pdf"),
        (
            "Content-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf",
            "Größe.pdf",
        ),
        (
            "Content-Disposition: attachment; filename*0=pl; filename*1=an.pdf",
            "plan.pdf",
        ),
        ('Content-Type: x/y; name="=?utf-8?q?Gr=C3=B6=C3=9Fe=2Epdf?="', "Größe.pdf"),
        ('Content-Disposition: attachment; filename="Größe.pdf"', "Größe.pdf"),
        ("Content-Disposition: attachment; filename*=no-such''%FF.pdf", "ÿ.pdf"),
        ("Content-Disposition: attachment", "application-1.pdf"),
    ],
)
def test_a_files_name_is_read_however_it_is_encoded(
    header: str, name: str, tmp_path: Path
) -> None:
    mail = read(raw(**multipart("\n\nhi", f"{header}\n\n{PDF.decode()}")), tmp_path)
    assert [file.name for file in mail.files] == [name]


def attribute(level: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + b"\0\0"


def string(name: int, value: str) -> bytes:
    wide = value.encode("utf-16-le") + b"\0\0"
    padded = wide + b"\0" * (-len(wide) % 4)
    return struct.pack("<HHII", 0x1F, name, 1, len(wide)) + padded


def package(*files: tuple[str, bytes], text: str = "") -> bytes:
    made = (
        tnef.SIGNATURE + b"\1\0" + attribute(1, 0x00069007, struct.pack("<II", 1252, 0))
    )
    made += attribute(1, 0x0002800C, text.encode("cp1252") + b"\0")
    for name, data in files:
        made += attribute(2, 0x00069002, b"\0" * 14)
        made += attribute(2, 0x00018010, b"SHORT~1.PDF\0")
        made += attribute(2, 0x0006800F, data)
        named = struct.pack("<HH", 3, 0x8001) + b"\0" * 16 + struct.pack("<II", 0, 7)
        named += struct.pack("<I", 1)
        count = struct.pack("<I", 2)
        made += attribute(2, 0x00069005, count + named + string(0x3707, name))
    return made


def test_an_outlook_package_is_unpacked(tmp_path: Path) -> None:
    keeper = Keeper(str(tmp_path))
    data = package(("Größe.pdf", PDF), ("run.exe", b"MZ\x90"), text="schöne Grüße")
    keeper.keep("winmail.dat", "application/ms-tnef", data)
    kept, refused = keeper.files
    assert (kept.name, kept.content_type) == ("Größe.pdf", "application/pdf")
    assert Path(kept.path).read_bytes() == PDF
    assert (refused.name, refused.refused) == ("run.exe", "it is a program")
    assert keeper.text == "schöne Grüße"


def test_the_words_of_an_outlook_package_are_read_where_there_are_no_others(
    tmp_path: Path,
) -> None:
    data = package(text="schöne Grüße").decode("latin-1")
    part = f"Content-Type: application/ms-tnef; name=winmail.dat\n\n{data}"
    made = multipart("Content-Type: text/plain\n\n", part)
    mail = read(raw(made["body"].encode("latin-1"), more=made["more"]), tmp_path)
    assert mail.text == "schöne Grüße"


def test_a_broken_outlook_package_says_so(tmp_path: Path) -> None:
    file = keep(tmp_path, "winmail.dat", tnef.SIGNATURE + b"\1\0\1\2\3\4\5\6\7\xff\xff")
    assert "cannot be opened" in file.refused
    whole = package(("a.pdf", PDF), text="hi")
    for end in range(4, len(whole), 7):
        Keeper(str(tmp_path)).keep("w", "application/ms-tnef", whole[:end])


@given(st.binary(max_size=300))
def test_any_bytes_are_a_package_or_none(data: bytes) -> None:
    for one in (data, tnef.SIGNATURE + b"\1\0" + data, package() + data):
        try:
            tnef.read(one)
        except ValueError as error:
            assert str(error)
