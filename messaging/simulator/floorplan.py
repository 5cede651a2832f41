"""A picture that is made here: the floor plan of an invented office.

Drawn pixel by pixel and written as a PNG with nothing but the standard
library, so that a picture can be shown without any request to the outside.
"""

import struct
import zlib

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from messaging.models import Attachment, Message

WIDTH, HEIGHT = 320, 220
PAPER, WALL, DESK, GLASS = 0, 1, 2, 3
COLOURS = bytes([250, 250, 247, 55, 65, 81, 196, 165, 116, 147, 197, 253])
Box = tuple[int, int, int, int, int]  # left, top, width, height, colour
ROOM: tuple[Box, ...] = (
    (10, 10, 300, 4, WALL),
    (10, 206, 300, 4, WALL),
    (10, 10, 4, 200, WALL),
    (306, 10, 4, 200, WALL),
    (210, 10, 4, 90, WALL),
    (210, 96, 60, 4, WALL),
    (40, 10, 60, 4, GLASS),
    (120, 10, 60, 4, GLASS),
    (306, 40, 4, 40, GLASS),
    (130, 206, 40, 4, PAPER),
)


def draw() -> bytes:
    """Return the picture as PNG bytes, always the same."""
    rows = [bytearray(WIDTH) for _ in range(HEIGHT)]
    desks = [(30 + 60 * x, 40 + 56 * y, 40, 18, DESK) for x in range(3) for y in (0, 1)]
    tables = [(232, 34, 56, 34, DESK), (232, 130, 40, 18, DESK)]
    for left, top, width, height, colour in (*ROOM, *desks, *tables):
        for row in rows[top : top + height]:
            row[left : left + width] = bytes([colour]) * width
    pixels = b"".join(b"\0" + bytes(row) for row in rows)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", COLOURS),
        (b"IDAT", zlib.compress(pixels, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def attach_picture(message: Message) -> Attachment:
    """Give a message the picture, already stored: nothing fetches it."""
    picture = draw()
    attachment = Attachment(
        message=message,
        position=message.attachments.count(),
        content_type="image/png",
        name="floor-plan.png",
        size=len(picture),
        state=Attachment.State.STORED,
    )
    folder = attachment.public_id.hex[:2]
    attachment.path = default_storage.save(
        f"attachments/{folder}/{attachment.public_id}.png", ContentFile(picture)
    )
    attachment.save()
    return attachment
