"""How files are shown: which a browser may show itself, their marks and words."""

from typing import Final

# Every browser shows these by itself, and cannot be made to run anything in them.
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})

_OTHER: Final = ("draft", "File")
# By the whole type, else by what stands before the slash: the mark, and the word.
_KINDS: Final[dict[str, tuple[str, str]]] = {
    "application/pdf": ("picture_as_pdf", "PDF"),
    "application/zip": ("folder_zip", "Archive"),
    "application/gzip": ("folder_zip", "Archive"),
    "application/x-7z-compressed": ("folder_zip", "Archive"),
    "application/vnd.rar": ("folder_zip", "Archive"),
    "application/msword": ("description", "Document"),
    "application/rtf": ("description", "Document"),
    "application/vnd.oasis.opendocument.text": ("description", "Document"),
    "application/vnd.ms-excel": ("table_view", "Spreadsheet"),
    "application/vnd.oasis.opendocument.spreadsheet": ("table_view", "Spreadsheet"),
    "application/vnd.ms-powerpoint": ("slideshow", "Slides"),
    "message/rfc822": ("mail", "Mail"),
    "text/calendar": ("event", "Calendar entry"),
    "text/csv": ("table_view", "Spreadsheet"),
    "text/html": ("html", "Web page"),
    "text/vcard": ("contact_page", "Contact card"),
    "audio": ("audio_file", "Sound"),
    "font": ("draft", "Font"),
    "image": ("image", "Picture"),
    "message": ("mail", "Mail"),
    "text": ("description", "Text"),
    "video": ("movie", "Video"),
}
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OFFICE_KINDS: Final[dict[str, tuple[str, str]]] = {
    "wordprocessingml": ("description", "Document"),
    "spreadsheetml": ("table_view", "Spreadsheet"),
    "presentationml": ("slideshow", "Slides"),
}


def look_of(content_type: str) -> tuple[str, str]:
    """Return the icon and the word of a kind of file; a plain file when unknown."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind.startswith(_OFFICE):
        part = kind.removeprefix(_OFFICE).partition(".")[0]
        return _OFFICE_KINDS.get(part, _OTHER)
    found = _KINDS.get(kind) or _KINDS.get(kind.partition("/")[0])
    return found or _OTHER
