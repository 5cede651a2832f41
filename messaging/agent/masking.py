"""Take out of a lead's words what no model needs to see: cards, passwords, keys."""

import re

CARD, SECRET = "[card number]", "[secret]"
_DIGITS = re.compile(r"(?<![\d+])(?:\d[ .-]?){12,18}\d(?!\d)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_SOCIAL = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_SAID = re.compile(
    r"((?<!\w)(?:passw(?:or)?[dt]|passphrase|passcode|kennwort|contrase\u00f1a|senha"
    r"|mot de passe|api[ _-]?key|secret|token|pin|cvv|cvc|security code)(?!\w)"
    r"(?:\s*(?:is|ist|es|\u00e9|est|lautet))?\s*[:=]?\s*)(?=\S*(?:\d|[!-/:-@_]\w))\S{3,}",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"\b(?:sk|pk|rk|whsec|xox[abprs]|ghp|gho|glpat|SG|pat)[-_.][A-Za-z0-9_.-]{8,}"
    r"|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\beyJ[\w-]{6,}\.[\w-]{6,}[\w.-]*"
    r"|-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)"
)


def mask(text: str) -> str:
    """`text` without card and account numbers, passwords and keys."""
    text = _KEY.sub(SECRET, text)
    text = _SAID.sub(rf"\g<1>{SECRET}", text)
    text = _SOCIAL.sub(SECRET, _IBAN.sub(_masked_iban, text))
    return _DIGITS.sub(_masked_card, text)


def _masked_card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found.group())
    return CARD if is_card_number(digits) else found.group()


def _masked_iban(found: re.Match[str]) -> str:
    """Only what is one by its own check digits (ISO 13616, modulo 97)."""
    plain = found.group().replace(" ", "")
    turned = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
    return SECRET if int(turned) % 97 == 1 else found.group()


def is_card_number(digits: str) -> bool:
    """Whether the digits pass the check that card numbers pass (Luhn, 13 to 19)."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
