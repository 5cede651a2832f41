"""Files of a mail: judged by their content, named safely, spooled to a folder."""

import os
import re
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from messaging.mail import tnef
from messaging.mail.facts import MailFile
from messaging.mail.texts import clean, one_line
from messaging.sniffing import EXTENSIONS, RUNS, NotKept, sniff_file

MAX_FILES: Final = 20
MAX_LISTED: Final = 40
MAX_BYTES: Final = 25 * 1_048_576
MAX_NAME: Final = 120
# Other endings that fit a type, beside the one in EXTENSIONS.
_ENDINGS: Final = {
    "application/vnd.ms-excel": ("xlt",),
    "application/msword": ("dot",),
    "audio/mpeg": ("mpga",),
    "image/heic": ("heif",),
    "image/jpeg": ("jpeg", "jpe", "jfif"),
    "image/tiff": ("tiff",),
    "text/calendar": ("ical", "ifb"),
    "text/plain": ("text", "log", "md", "csv", "tsv", "asc", "diff", "patch"),
    "video/mp4": ("m4v",),
    "video/mpeg": ("mpeg",),
}
_ENDS: Final = frozenset(EXTENSIONS.values()) | RUNS | {"jpeg", "tiff", "mpeg", "dat"}
_NOT_IN_NAMES: Final = re.compile(
    '[<>:"|?*\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+'
)
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.I)
_TNEF: Final = ("application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(slots=True)
class Keeper:
    """Takes a mail's files one by one: `files` are what it tells of them.

    `text` and `html` are words that it found inside an Outlook package.
    """

    folder: str
    files: list[MailFile] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    text: str = ""
    html: str = ""
    left: int = 0

    def keep(
        self, name: str, said: str, data: bytes, *, content_id: str = "", deep: int = 0
    ) -> None:
        """Judge bytes and spool them. `said` is the type that the mail gives them.

        Raises OSError when they cannot be written.
        """
        if said in _TNEF or data[:4] == tnef.SIGNATURE:
            return self._unpack(name, data, deep)
        refused = self._refusal(len(data))
        if refused:
            return self._add(name, said, len(data), content_id, refused=refused)
        path = Path(self.folder) / uuid.uuid4().hex
        path.write_bytes(data)
        self._judge(name, said, path, len(data), content_id)

    def keep_spooled(
        self, name: str, said: str, path: str, *, content_id: str = ""
    ) -> None:
        """Judge a file that is in a folder already; a refused one is removed."""
        file = Path(path)
        size = file.stat().st_size
        with file.open("rb") as opened:
            is_tnef = said in _TNEF or opened.read(4) == tnef.SIGNATURE
        if is_tnef and size <= MAX_BYTES:
            data = file.read_bytes()
            file.unlink()
            return self._unpack(name, data, 0)
        refused = self._refusal(size)
        if refused:
            file.unlink()
            return self._add(name, said, size, content_id, refused=refused)
        self._judge(name, said, file, size, content_id)

    def refuse(self, name: str, said: str, size: int, reason: str) -> None:
        """Tell of a file that is not kept, and why."""
        self._add(name, said, size, "", refused=reason)

    def mark_inline(self, html: str) -> None:
        """Mark the pictures that `html` shows."""
        shown = {_id(said) for said in re.findall(r"cid:([^\s\"'<>)]{1,300})", html)}
        self.files = [
            replace(
                file, inline=bool(file.content_id) and _id(file.content_id) in shown
            )
            for file in self.files
        ]

    def _refusal(self, size: int) -> str:
        if not size:
            return "it is empty"
        if size > MAX_BYTES:
            return "larger than 25 MB"
        if sum(1 for file in self.files if file.path) >= MAX_FILES:
            return f"more than {MAX_FILES} files"
        return ""

    def _judge(
        self, name: str, said: str, path: Path, size: int, content_id: str
    ) -> None:
        try:
            with path.open("rb") as file:
                kind = sniff_file(file, name)
            if said == "message/rfc822" and kind in (None, "text/plain"):
                kind = said
            refused = (
                "" if kind else f"its content is not of a kept kind ({_said(said)})"
            )
        except NotKept as reason:
            kind, refused = None, str(reason)
        if kind is None:
            path.unlink()
            return self._add(name, said, size, content_id, refused=refused)
        self._add(name, kind, size, content_id, path=os.fspath(path))

    def _add(
        self,
        name: str,
        kind: str,
        size: int,
        content_id: str,
        *,
        path: str = "",
        refused: str = "",
    ) -> None:
        if len(self.files) >= MAX_LISTED:
            self.left += 1
            return
        shown = safe_name(name, kind if path else "", position=len(self.files) + 1)
        content_id = one_line(content_id, 200).strip("<> ")
        self.files.append(
            MailFile(shown, _said(kind), size, path, content_id, False, refused)
        )

    def _unpack(self, name: str, data: bytes, deep: int) -> None:
        """Outlook's own package: the files and words in it, instead of it."""
        try:
            package = tnef.read(data)
        except ValueError as error:
            words = f"an Outlook package (winmail.dat) that cannot be opened: {error}"
            return self.refuse(name or "winmail.dat", _TNEF[0], len(data), words)
        self.text = self.text or package.text
        self.html = self.html or package.html
        for file in package.files:
            if deep < 2:
                self.keep(
                    file.name,
                    file.content_type,
                    file.data,
                    content_id=file.content_id,
                    deep=deep + 1,
                )


def safe_name(name: str, kind: str, *, position: int = 1) -> str:
    """A name to show and to save under: no path, no control or turning character, an
    ending that fits the type `kind` ("" leaves it as it is), MAX_NAME at most.
    """
    last = re.split(r"[/\\]", clean(name[:2_000].replace("\0", "_")))[-1]
    last = re.sub(r"\s+", " ", _NOT_IN_NAMES.sub("_", last)).strip(" ._")
    stem, _, ending = last.rpartition(".")
    if not stem or not re.fullmatch(r"[A-Za-z0-9]{1,8}", ending):
        stem, ending = last, ""
    fits = (EXTENSIONS[kind], *_ENDINGS.get(kind, ())) if kind in EXTENSIONS else ()
    if fits and ending.lower() not in fits:
        if ending and ending.lower() not in _ENDS:
            stem = last
        ending = fits[0]
    stem = stem.strip(" ._") or f"{(kind or 'file').partition('/')[0]}-{position}"
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    tail = f".{ending}" if ending else ""
    return clean(stem[: MAX_NAME - len(tail)].rstrip(" .") + tail)[:MAX_NAME]


def _said(kind: str) -> str:
    said = re.sub(r"[^\w/+.-]", "", kind.lower(), flags=re.ASCII)[:100]
    return said if "/" in said else "application/octet-stream"


def _id(said: str) -> str:
    return re.sub(r"%([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), said).lower()
