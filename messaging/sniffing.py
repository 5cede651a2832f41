"""What a file is by its content, whatever its sender calls it.

Only types that are listed here are kept; a page or a drawing that could run a
script in a browser (HTML, SVG, XML) is none of them.
"""

import re
import struct
import zipfile
import zlib
from typing import IO, Final

HEAD_BYTES: Final = 4_096

# (offset, signature, type); https://en.wikipedia.org/wiki/List_of_file_signatures
_SIGNATURES: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"#!AMR-WB\n", "audio/amr-wb"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"\0\0\1\xba", "video/mpeg"),
    (0, b"\0\0\1\xb3", "video/mpeg"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/avi"}
_BRANDS: Final = (
    (b"hei", "image/heic"),
    (b"hev", "image/heic"),
    (b"mif1", "image/heic"),
    (b"avif", "image/avif"),
    (b"M4A", "audio/mp4"),
    (b"qt", "video/quicktime"),
    (b"3g", "video/3gpp"),
    (b"", "video/mp4"),
)
_CARDS: Final = {b"BEGIN:VCARD": "text/vcard", b"BEGIN:VCALENDAR": "text/calendar"}
_MARKUP = re.compile(rb"<[!?/a-zA-Z]")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")

EXTENSIONS: Final = {
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/zip": "zip",
    "audio/amr": "amr",
    "audio/amr-wb": "awb",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "video/3gpp": "3gp",
    "video/avi": "avi",
    "video/mp4": "mp4",
    "video/mpeg": "mpg",
    "video/quicktime": "mov",
    "video/webm": "webm",
}
# What every browser shows by itself and cannot be made to run anything.
INLINE: Final = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})


def sniff(head: bytes) -> str | None:
    """The media type of a file that begins with `head`; None when it is not kept."""
    for offset, signature, kind in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return next(kind for start, kind in _BRANDS if brand.startswith(start))
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return _sniff_text(head)


def _sniff_text(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf")
    for start, kind in _CARDS.items():
        if text.lstrip()[: len(start)].upper() == start:
            return kind
    if not text or _CONTROLS.search(text) or _MARKUP.search(text):
        return None
    try:
        # A character may be cut at the end of the head.
        text[:-4].decode("utf-8") if len(head) == HEAD_BYTES else text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "text/plain"


class NotKept(ValueError):
    """A file that is never kept; the text says what it is."""


_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_ZIPPED: Final = {
    "word/": f"{_OFFICE}wordprocessingml.document",
    "xl/": f"{_OFFICE}spreadsheetml.sheet",
    "ppt/": f"{_OFFICE}presentationml.presentation",
}
_STREAMS: Final = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "Book": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
    "__properties_version1.0": "application/vnd.ms-outlook",
}
_PROGRAMS: Final = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"L\0\0\0\1\x14\2",
)
# What a computer runs when it is opened.
_RUNS_WORDS: Final = (
    "apk app bat cmd com cpl dll exe hta htm html jar js jse lnk mht mhtml msc msi pif"
    " ps1 py reg scf scr sct sh shtml svg swf url vb vbe vbs wsf xhtml xml"
)
RUNS: Final = frozenset(_RUNS_WORDS.split())
_PAGE = re.compile(
    rb"<(?:!doctype|html|head|body|script|svg|iframe|object|embed|meta|\?xml)\b", re.I
)
# What zipfile raises for archives that are cut, locked or made to harm.
_BROKEN_ZIP: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
_MOST_NAMES: Final = 5_000


def sniff_file(file: IO[bytes], name: str = "") -> str | None:
    """The media type of a whole file, office files and archives too; None when it is
    not kept. `name` only chooses between kinds of text. Raises NotKept for what
    could run.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    ending = name.rpartition(".")[2].lower()
    if head.startswith(_PROGRAMS) or (
        head.startswith(b"#!") and b"AMR" not in head[:6]
    ):
        raise NotKept("it is a program")
    if head.startswith(b"PK\3\4"):
        return _sniff_zip(file)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _sniff_ole(file)
    if head.startswith(b"{\\rtf"):
        return "application/rtf"
    kind = sniff(head)
    if kind is not None and not kind.startswith("text/"):
        return kind
    if _PAGE.search(head):
        raise NotKept("it is a web page or a drawing, which could run a script")
    if ending in RUNS:
        raise NotKept(f"a file that ends in .{ending} could run")
    return kind if kind not in (None, "text/plain") else _words(head, ending)


def _words(head: bytes, ending: str) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.replace(b"\0", b"")
    if not head.strip() or _CONTROLS.search(head):
        return None
    first = head.partition(b"\n")[0]
    if ending == "csv" and any(mark in first for mark in (b",", b";", b"\t")):
        return "text/csv"
    return "text/plain"


def _sniff_zip(file: IO[bytes]) -> str | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                said = archive.read("mimetype").decode("ascii", "replace").strip()
                return said if said in EXTENSIONS else None
    except _BROKEN_ZIP:
        return None
    if len(names) > _MOST_NAMES:
        raise NotKept("an archive of too many files")
    endings = {name.rpartition(".")[2].lower() for name in names}
    if any(name.endswith("vbaProject.bin") for name in names):
        raise NotKept("an office file with macros, which could run")
    if "[Content_Types].xml" in names:
        starts = (kind for start, kind in _ZIPPED.items() if _any_under(names, start))
        return next(starts, None)
    if endings & (RUNS - {"xml"}) or "META-INF/MANIFEST.MF" in names:
        raise NotKept("an archive with a file in it that could run")
    return "application/zip"


def _any_under(names: list[str], folder: str) -> bool:
    return any(name.startswith(folder) for name in names)


def _sniff_ole(file: IO[bytes]) -> str | None:
    """Compound files name their streams in UTF-16, in 128 bytes each ([MS-CFB] 2.6)."""
    found: set[str] = set()
    file.seek(0)
    rest = b""
    while piece := file.read(1_048_576):
        data = rest + piece
        found |= {name for name in (*_STREAMS, "_VBA_PROJECT") if _entry(name) in data}
        rest = data[-128:]
    if "_VBA_PROJECT" in found:
        raise NotKept("an office file with macros, which could run")
    return next((kind for name, kind in _STREAMS.items() if name in found), None)


def _entry(name: str) -> bytes:
    """A directory entry's name as it stands in the file: padded, then its length."""
    wide = name.encode("utf-16-le")
    return wide.ljust(64, b"\0") + struct.pack("<H", len(wide) + 2)
