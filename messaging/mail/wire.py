"""Frames between a process and its parser: JSON with its length before it.

Dataclasses of plain values cross as JSON, and are built again by the types that
their fields say, so that a child can only ever hand back what its parent asked for.
"""

import json
import os
import struct
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import (
    Any,
    Final,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

T = TypeVar("T")
MAX_FRAME: Final = 32 * 1_048_576
_LENGTH: Final = struct.Struct(">I")


class BadFrame(ValueError):
    """What came over the pipe is no frame, or not what was asked for."""


def pack(value: dict[str, Any]) -> bytes:
    """One frame."""
    body = json.dumps(value, default=_plain, ensure_ascii=True).encode("ascii")
    return _LENGTH.pack(len(body)) + body


def unpack(read: Callable[[int], bytes]) -> dict[str, Any] | None:
    """The next frame; None when the other end has closed. Raises BadFrame.

    `read` returns at most so many bytes, none at the end.
    """
    head = _exactly(read, _LENGTH.size)
    if not head:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        raise BadFrame("a frame is too large")
    body = _exactly(read, length)
    if len(body) != length:
        return None
    try:
        value = json.loads(body)
    except ValueError as error:
        raise BadFrame(str(error)) from None
    if not isinstance(value, dict):
        raise BadFrame("a frame is no object")
    return value


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = read(min(size - len(data), 1_048_576))
        if not piece:
            break
        data += piece
    return bytes(data) if len(data) == size else b""


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} does not cross a pipe")


def build(shape: type[T], value: Any) -> T:
    """`value` as a `shape`. Raises BadFrame when it is none."""
    try:
        return cast(T, _build(shape, value))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BadFrame(f"no {shape.__name__}: {error}") from None


@lru_cache(maxsize=64)
def _hints(shape: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(shape)
    return {one.name: hints[one.name] for one in fields(shape)}


def _build(shape: Any, value: Any) -> Any:
    origin, inner = get_origin(shape), get_args(shape)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        return _build(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        return _tuple(inner, value)
    if origin is list:
        return [_build(inner[0], one) for one in value]
    if origin is dict:
        return {str(key): _build(inner[1], one) for key, one in value.items()}
    if is_dataclass(shape) and isinstance(shape, type):
        hints = _hints(shape)
        return shape(**{name: _build(hints[name], one) for name, one in value.items()})
    if shape is datetime:
        return datetime.fromisoformat(value)
    if isinstance(shape, type) and issubclass(shape, Enum):
        return shape(value)
    if shape is not Any and not isinstance(value, shape):
        raise TypeError(f"{type(value).__name__} instead of {shape.__name__}")
    return value


def _tuple(inner: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_build(inner[0], one) for one in value)
    return tuple(_build(shape, one) for shape, one in zip(inner, value, strict=True))
