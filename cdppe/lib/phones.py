"""French telephone numbers, of the metropolis and overseas, as people write them.

Source: the French numbering plan (Arcep): ten digits in the metropolis and the overseas departments, with the
country code of the latter; six or eight digits after their own country code in the Pacific and in
Saint-Pierre-et-Miquelon. What we chose: an extension (« poste 3412 ») is kept; a short number (3939) is not a
person's.
"""

from __future__ import annotations

import re

EXPECTED = (
    "Écrivez un numéro français, par exemple 04 76 00 00 00, 0262 00 00 00 ou +687 00 00 00 ; "
    "un poste s’ajoute à la fin : 04 76 00 00 00 poste 1234."
)

_SEPARATORS = re.compile(r"[\s.\-/–‑·]+")
_EXTENSION = re.compile(r"[\s,;]*\bposte\s*(\d{1,6})\s*\Z", flags=re.IGNORECASE)

# National prefixes of the overseas departments, and the country code under which they are dialled.
_OVERSEAS = {
    "262": "262",
    "263": "262",
    "269": "262",
    "639": "262",
    "692": "262",
    "693": "262",
    "590": "590",
    "690": "590",
    "691": "590",
    "594": "594",
    "694": "594",
    "596": "596",
    "696": "596",
    "697": "596",
}
# Country codes without a national prefix: digits that follow.
_OTHER_CODES = {"508": 6, "681": 6, "687": 6, "689": 8}


class PhoneError(ValueError):
    """The text is not a French telephone number; the message is a French sentence."""


def read_phone(text: str) -> str:
    """The number as it is written in France, in pairs of digits; raises `PhoneError` for anything else.

    >>> read_phone("+33 (0)4.76.00.00.00")
    '04 76 00 00 00'
    >>> read_phone("0476000000 poste 12")
    '04 76 00 00 00 poste 12'
    >>> read_phone("00262262407777")
    '0262 40 77 77'
    >>> read_phone("+687 25.78.14")
    '+687 25 78 14'
    """
    extension = _EXTENSION.search(text)
    bare = text[: extension.start()] if extension else text
    digits = _SEPARATORS.sub("", bare.replace("(0)", ""))
    if not re.fullmatch(r"\+?[0-9]{8,15}", digits, flags=re.ASCII):
        raise PhoneError(f"Ce numéro de téléphone n’est pas complet. {EXPECTED}")
    written = _written(re.sub(r"\A00", "+", digits))
    return f"{written} poste {extension[1]}" if extension else written


def dialled(number: str) -> str:
    """What a telephone dials for a number of `read_phone`, with its country code, without the extension.

    >>> dialled("04 76 00 00 00 poste 12")
    '+33476000000'
    >>> dialled("0262 40 77 77")
    '+262262407777'
    >>> dialled("+687 25 78 14")
    '+687257814'
    """
    digits = _EXTENSION.sub("", number).replace(" ", "")
    if digits.startswith("+"):
        return digits
    code = _overseas(digits[1:])
    return f"+{code}{digits[1:]}" if code else f"+33{digits[1:]}"


def _overseas(digits: str) -> str:
    """The country code of an overseas department that nine national digits begin with, else nothing."""
    # 06 39 98 is the metropolis': the numbers that Arcep keeps for fiction.
    return "" if digits.startswith("63998") else _OVERSEAS.get(digits[:3], "")


def _written(digits: str) -> str:
    if not digits.startswith("+"):
        return _national(digits)
    code = digits[1:4]
    if digits.startswith("+33"):
        return _national(f"0{digits[3:]}")
    if code in _OTHER_CODES and len(digits) == 4 + _OTHER_CODES[code]:
        return f"+{code} {_pairs(digits[4:])}"
    if _overseas(digits[4:]) == code:
        return _national(f"0{digits[4:]}")
    raise PhoneError(f"Ce numéro n’est pas un numéro français. {EXPECTED}")


def _national(digits: str) -> str:
    if not re.fullmatch(r"0[1-9][0-9]{8}", digits, flags=re.ASCII):
        raise PhoneError(f"Un numéro français a dix chiffres et commence par 0. {EXPECTED}")
    if _overseas(digits[1:]):
        return f"{digits[:4]} {_pairs(digits[4:])}"
    return _pairs(digits)


def _pairs(digits: str) -> str:
    return " ".join(digits[start : start + 2] for start in range(0, len(digits), 2))
