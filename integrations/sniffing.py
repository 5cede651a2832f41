"""What a file is by its content, whatever its sender calls it.

Only types that are listed here are kept; a page or a drawing that could run a
script in a browser (HTML, SVG, XML) is none of them.
"""

import re
from typing import Final

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
    "application/pdf": "pdf",
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
    "text/calendar": "ics",
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
