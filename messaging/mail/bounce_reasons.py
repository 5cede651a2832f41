"""Why a mail came back: the other server's words and codes, in plain English."""

import re
from dataclasses import dataclass
from functools import cache

from messaging.mail.languages import read_data
from messaging.mail.peek import ADDRESS

_LONGEST = 2000
_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]|\w)")
_REPLY = re.compile(r"(?<![\d.\-/:#])([45])\d{2}(?![\d.:/]\d|\d)(?=[ \-#:'\"]|$)")
_LINK = re.compile(r"https?://\S{1,500}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the address will never take mail, RFC 3463's code, and why, in words.

    `known` is False where the words only say that no reason is known.
    """

    hard: bool
    status: str
    words: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class _Reason:
    name: str
    hard: bool
    weak: bool
    words: str
    codes: frozenset[str]
    pattern: re.Pattern[str]


@cache
def _reasons() -> tuple[_Reason, ...]:
    return tuple(
        _Reason(
            row["name"],
            row["hard"],
            row.get("weak", False),
            row["words"],
            frozenset(row["codes"]),
            re.compile("|".join(row["patterns"])),
        )
        for row in read_data("bounces")["reason"]
    )


def judge(diagnostic: str, status: str) -> Verdict:
    """Judge by the words, then the code, then vague words, then the code's class.

    The code in the words goes before `status`, which many servers fill in blindly. A
    code of class 4 is never hard: the address may take the next mail.
    """
    code = _code_in(diagnostic, status)
    said = ADDRESS.sub(" ", _LINK.sub(" ", diagnostic[:_LONGEST])).lower()
    kind = code[:1] or _reply_class(diagnostic)
    reason = (
        _by_words(said, weak=False)
        or _by_code(code)
        or _by_words(said, weak=True)
        or _by_prefix(code)
    )
    if reason:
        return Verdict(reason.hard and kind != "4", code, reason.words)
    classes = read_data("bounces")["classes"]
    return Verdict(kind == "5", code, classes.get(kind, classes["none"]), False)


def _code_in(diagnostic: str, status: str) -> str:
    codes = [
        ".".join(found.groups()) for found in _CODE.finditer(diagnostic[:_LONGEST])
    ]
    codes = [code for code in codes if code[0] != "2"]
    own = _CODE.search(status)
    if own and own[1] != "2":
        codes.append(".".join(own.groups()))
    telling = [code for code in codes if not code.endswith(".0.0")]
    return (telling or codes or [""])[0]


def _reply_class(diagnostic: str) -> str:
    found = _REPLY.search(diagnostic[:_LONGEST])
    return found[1] if found else ""


def _by_words(said: str, *, weak: bool) -> _Reason | None:
    fitting = (one for one in _reasons() if one.weak == weak)
    return next((one for one in fitting if one.pattern.search(said)), None)


def _by_code(code: str) -> _Reason | None:
    same = next((one for one in _reasons() if code and code in one.codes), None)
    if same or code[:1] != "4":
        return same
    return next((one for one in _reasons() if f"5{code[1:]}" in one.codes), None)


def _by_prefix(code: str) -> _Reason | None:
    prefix = "5" + code[1:].rpartition(".")[0] if code else ""
    name = read_data("bounces")["prefixes"].get(prefix, "")
    return next((one for one in _reasons() if one.name == name), None)
