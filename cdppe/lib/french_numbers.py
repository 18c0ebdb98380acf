"""Numbers as the French administration types and prints them; what a number means is its caller's business.

Pure, exact: text to `Decimal` and back, nothing rounded, nothing guessed. The page reads what is typed by the
same rules before it is sent (`static/cdppe/typed_numbers.js`); one table of cases runs in both.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"

# Between thousands, as keyboards, spreadsheets and our own pages produce them. No tab: two cells pasted
# together are two numbers.
_SPACES = re.compile(f"[ {NO_BREAK_SPACE}{NARROW_SPACE}\u2009]")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d+)?", re.ASCII)
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NEGATIVE = re.compile(rf"[-{MINUS}\u2013] ?[\d.,]", re.ASCII)


def with_plain_spaces(text: str) -> str:
    """`text` without surrounding blanks, its spaces of every width written as ordinary ones."""
    return _SPACES.sub(" ", text.strip()).strip()


def is_negative(text: str) -> bool:
    """Whether `text` starts as a number below zero does: a hyphen, a minus sign or a dash, then a digit."""
    return _NEGATIVE.match(with_plain_spaces(text)) is not None


def is_formula(text: str) -> bool:
    """Whether `text` starts as a spreadsheet's formula does: "=1+1", "@SUM(A1)"."""
    return with_plain_spaces(text).startswith(("=", "@"))


def without_invisible(text: str) -> str:
    """`text` without control characters, marks of direction and halves of characters: what a reader sees."""
    return "".join(char for char in text if unicodedata.category(char) not in _INVISIBLE)


def read_french(text: str) -> Decimal | None:
    """The number, from zero, that `text` states; None for anything else.

    One space (ordinary, non-breaking, narrow) may stand between thousands, the decimal mark is a comma or a
    point. Letters, NaN, exponents, signs, other digits than 0-9 and misplaced spaces state no number.

    >>> read_french("1 234,50")
    Decimal('1234.50')
    >>> read_french("12 34") is None
    True
    """
    plain = with_plain_spaces(text)
    if not (_PLAIN.fullmatch(plain) or _GROUPED.fullmatch(plain)):
        return None
    return Decimal(plain.replace(" ", "").replace(",", "."))


def decimal_places(number: Decimal) -> int:
    """How many digits stand behind the decimal mark of `number` as it was typed."""
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def write_french(number: Decimal | int, *, places: int | None = None) -> str:
    r"""`number` with narrow spaces between thousands and a decimal comma.

    With `places`, exactly so many decimals; without, all those it has but for useless zeros.

    >>> write_french(Decimal("1234567.50"))
    '1\u202f234\u202f567,5'
    """
    value = Decimal(number)
    text = f"{value:,f}" if places is None else f"{value:,.{places}f}"
    if places is None and "." in text:
        text = text.rstrip("0").removesuffix(".")
    return text.replace(",", NARROW_SPACE).replace(".", ",").replace("-", MINUS)
