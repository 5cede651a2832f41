"""Take out of a lead's words what no model needs to see: cards, passwords, keys."""

import re

CARD, SECRET = "[card number]", "[secret]"
_BETWEEN = r"[ \t\u00a0\u202f./_\u2010-\u2015-]"
_DIGITS = re.compile(rf"(?<![\d+])(?:\d{_BETWEEN}?){{12,18}}\d(?!\d)")
# As they are printed, in groups, whatever stands between: " - ", a line's end.
_GROUPS = re.compile(
    r"(?<![\d+])[2-6]\d{3}(?:[\W_]{1,3}\d{4,6}){1,3}(?:[\W_]{1,3}\d{1,5})?(?!\d)"
)
_IBAN = re.compile(
    r"(?<![^\W_])[a-z]{2}\d{2}(?:[ \u00a0.-]?[a-z0-9]){11,30}", re.IGNORECASE
)
# Characters of an account number by its country (the IBAN registry of ISO 13616).
_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "NL"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "LT", "LU", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "DE", "GB", "IE", "ME", "RS", "GE", "BH"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "TL", "IQ"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN"), 24),
    **dict.fromkeys(("PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "SM", "MR"), 27),
    **dict.fromkeys(("AL", "AZ", "CY", "DO", "GT", "HU", "LB", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU"), 30),
    **dict.fromkeys(("MT", "SC"), 31),
}
_SOCIAL = re.compile(r"(?<![\d-])\d{3}-\d{2}-\d{4}(?![\d-])")
_NAMES = (
    r"passw(?:or)?[dt]|passphrase|passcode|pwd?|kennwort|contrase\u00f1a|senha"
    r"|mot de passe|palavra[- ]passe|passwort"
)
_IS = r"(?:(?<!\w)(?:is|was|ist|lautet|war|es|\u00e9|est|era)(?!\w)|[:=])"
_OF = r"(?:\s+(?:for|to|of|on|at|f\u00fcr|zum|zur|del?|da|do|du|pour|para)\s+[^\n.:=]{1,40}?(?=[\s:=]))?"
# With a figure or a sign in it, it is one however it is said.
_SAID = re.compile(
    rf"((?<!\w)(?:{_NAMES}|api[ _-]?key|secret|token|pin|cvv|cvc|security code)"
    rf"(?!\w){_OF}\s*{_IS}?\s*[:=]?\s*)(?=\S*(?:\d|[!-/:-@_]\w))\S{{3,}}",
    re.IGNORECASE,
)
# A plain word is one where it is plainly said: "my password is opensesame".
_PLAINLY = re.compile(
    rf"((?<!\w)(?:{_NAMES}){_OF}\s*{_IS}\s*)"
    r"(?!(?:not|no|wrong|expired|too|still|again|on|in|the|a|an|my|your|nicht|falsch"
    r"|abgelaufen|incorrect[ao]?|pas|fausse?|mal|errada|expirou|lost|gone|needed"
    r"|required|protected|safe|secure|weak|strong|reset|forgotten)(?!\w))[^\s.,;!?]{4,}",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"\b(?:sk|pk|rk|whsec|xox[abprs]|ghp|gho|ghs|glpat|SG|pat)[-_.][A-Za-z0-9_.-]{8,}"
    r"|\bgithub_pat_\w{10,}|\bA(?:KIA|SIA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}"
    r"|\b(?:AC|SK)[0-9a-f]{32}\b|\beyJ[\w-]{6,}\.[\w-]{6,}[\w.-]*"
    r"|(?<=[Bb]earer )[\w.~+/=-]{16,}|(?<!\w)[0-9a-fA-F]{32,}(?!\w)"
    r"|-----BEGIN [A-Z ]+-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)"
)


def mask(text: str) -> str:
    """`text` without card and account numbers, passwords and keys."""
    text = _KEY.sub(SECRET, text)
    text = _PLAINLY.sub(rf"\g<1>{SECRET}", _SAID.sub(rf"\g<1>{SECRET}", text))
    text = _SOCIAL.sub(SECRET, _IBAN.sub(_masked_iban, text))
    return _GROUPS.sub(_masked_card, _DIGITS.sub(_masked_card, text))


def _masked_card(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found.group())
    return CARD if is_card_number(digits) else found.group()


def _masked_iban(found: re.Match[str]) -> str:
    """Only what is one by its own check digits (ISO 13616, modulo 97); the words
    that follow it stay.
    """
    words = found.group()
    places = [at for at, sign in enumerate(words) if sign.isalnum()]
    length = _IBAN_LENGTHS.get(words[:2].upper(), 0)
    if not length or len(places) < length:
        return words
    plain = "".join(words[at] for at in places[:length])
    turned = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
    if int(turned) % 97 != 1:
        return words
    return SECRET + words[places[length - 1] + 1 :]


def is_card_number(digits: str) -> bool:
    """Whether the digits pass the check that card numbers pass (Luhn, 13 to 19)."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
