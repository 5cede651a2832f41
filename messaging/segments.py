"""How many parts a text has, and what it costs.

Source: 3GPP TS 23.038 §6.2.1 (the default alphabet and its extension table);
TS 23.040 (160/153 septets, 70/67 UCS-2 characters a part).
"""

from dataclasses import dataclass

from leads.models import Policy

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")


@dataclass(frozen=True)
class Segments:
    """The parts of a text; `characters` counts septets or UTF-16 units."""

    encoding: str  # "GSM-7" | "UCS-2"
    characters: int
    per_segment: int
    segments: int


def count_segments(text: str) -> Segments:
    """Count as carriers do; an empty text has no part."""
    if all(c in GSM_BASIC or c in GSM_EXTENDED for c in text):
        length = sum(2 if c in GSM_EXTENDED else 1 for c in text)
        single, multi, encoding = 160, 153, "GSM-7"
    else:
        length = len(text.encode("utf-16-le")) // 2
        single, multi, encoding = 70, 67, "UCS-2"
    if length <= single:
        return Segments(encoding, length, single, 1 if length else 0)
    return Segments(encoding, length, multi, -(-length // multi))


def sms_cost(text: str, *, policy: Policy) -> int:
    """Price of a text in millionths, by the policy's price of one part."""
    return count_segments(text).segments * policy.sms_segment_micro
