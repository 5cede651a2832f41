"""Folders for what is too large for memory while it is read."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "leadsite-mail-"
_OLD_SECONDS: Final = 86_400.0


def make_folder() -> str:
    """A new folder, readable by nobody else; who makes it removes it."""
    return tempfile.mkdtemp(prefix=_PREFIX)


def remove_folder(folder: str) -> None:
    """Remove it with all that is in it; what is gone already is no error."""
    shutil.rmtree(folder, ignore_errors=True)


def remove_old_folders() -> int:
    """Remove what processes that were killed left behind a day ago; how many."""
    removed = 0
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            old = time.time() - path.stat().st_mtime > _OLD_SECONDS
        except FileNotFoundError:
            continue
        if old:
            remove_folder(str(path))
            removed += 1
    return removed
