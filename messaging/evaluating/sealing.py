"""A published prompt file never changes: its hash is kept beside it.

`published.json` names the sealed files. A file that is not in it may be tried; it
may not speak.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from messaging.agent import prompting


def _seals() -> Path:
    return prompting.PROMPTS / "published.json"


def versions() -> tuple[str, ...]:
    """The prompt files that there are, by name."""
    return tuple(sorted(path.stem for path in prompting.PROMPTS.glob("*.toml")))


def seals() -> Mapping[str, str]:
    """The sealed versions with the SHA-256 of their files."""
    found: dict[str, str] = json.loads(_seals().read_text("utf-8"))
    return found


def hash_of(version: str) -> str:
    """The SHA-256 of a prompt file, as hex. Raises FileNotFoundError."""
    return hashlib.sha256(
        (prompting.PROMPTS / f"{version}.toml").read_bytes()
    ).hexdigest()


def why_unsealed(version: str) -> str:
    """Why a prompt file may not speak, "" when it may."""
    known = seals().get(version)
    if known is None:
        return (
            f"{version} is not sealed yet, so it could still change; `manage.py"
            f" evaluate --seal {version}` seals it"
        )
    if version not in versions():
        return f"There is no prompt file {version}"
    return "" if known == hash_of(version) else _changed(version)


def broken() -> list[str]:
    """Sealed files that changed or are gone, in words, one each."""
    there = versions()
    return [
        _changed(version) if version in there else f"{version}.toml is gone"
        for version, known in seals().items()
        if version not in there or hash_of(version) != known
    ]


def seal(version: str) -> None:
    """Write a file's hash down. Raises ValueError for one that is sealed and changed,
    and for one that is not there.
    """
    if version not in versions():
        raise ValueError(f"There is no prompt file {version}")
    known = dict(seals())
    if known.get(version, hash_of(version)) != hash_of(version):
        raise ValueError(_changed(version))
    known[version] = hash_of(version)
    _seals().write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")


def _changed(version: str) -> str:
    return f"{version}.toml was changed after it was published: write a new version"
