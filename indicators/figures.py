"""A figure of the tableau de bord: known, not available with its reason, or not stated yet.

The three are kept apart everywhere a figure is typed, shown or divided; none of the last two is zero
(rules I2, I3). Pure: neither Django nor a model is read here.

What we chose where the circular is silent: a figure has at most twelve digits before the decimal comma and
two after it; "nd" or "non disponible", typed in a box, says that the figure is not available.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from cdppe.lib.french_numbers import (
    NO_BREAK_SPACE,
    is_formula,
    is_negative,
    read_french,
    with_plain_spaces,
    without_invisible,
    write_french,
)

LARGEST_FIGURE = Decimal("999999999999.99")
_SMALLEST = Decimal("0.01")
LONGEST_TEXT = 40
LONGEST_REASON = 300

_ENCODED = re.compile(r"=\d{1,14}(?:\.\d{1,6})?", re.ASCII)
_SIGNS = {"%": "%", "€": "€", "euro": "€", "euros": "€"}
_UNAVAILABLE = frozenset({"nd", "n.d.", "n.d", "n/d", "non disponible"})


@dataclass(frozen=True)
class Known:
    """A figure that was given; zero is one."""

    value: Decimal


@dataclass(frozen=True)
class Unavailable:
    """A figure that nobody can give, and why."""

    reason: str


@dataclass(frozen=True)
class NotStated:
    """Nobody has filled the box yet."""


Figure = Known | Unavailable | NotStated
NOT_STATED = NotStated()


def encode(figure: Figure) -> str:
    """`figure` as one line of text, for a hidden field: what a box held when its page was opened.

    >>> encode(Known(Decimal("12.50")))
    '=12.50'
    """
    if isinstance(figure, Known):
        return f"={figure.value}"
    if isinstance(figure, Unavailable):
        return f"nd:{figure.reason}"
    return ""


def decode(text: str) -> Figure:
    """The figure that `encode` wrote; anything else reads as not stated, never as a figure."""
    if text.startswith("nd:"):
        return Unavailable(text.removeprefix("nd:"))
    if text.startswith("=") and _ENCODED.fullmatch(text):
        return Known(Decimal(text.removeprefix("=")))
    return NOT_STATED


class FigureError(ValueError):
    """What was typed is no figure; the message is the end of a French sentence that names the box."""


def is_unavailable(text: str) -> bool:
    """Whether what was typed says that the figure is not available: "nd", "non disponible"."""
    return with_plain_spaces(text).casefold() in _UNAVAILABLE


def unit_sign(unit: str) -> str:
    """The sign that may follow a figure of `unit`, "%" or "€"; empty for another unit."""
    return _SIGNS.get(unit.strip().casefold(), "")


def read_number(text: str, unit: str = "") -> Decimal | None:
    """The number that `text` states, None when it is blank: "1 234,5", "0", "12.25".

    Spaces (ordinary, non-breaking, narrow) may stand between thousands, the decimal mark is a comma or a
    point; the sign of the row's `unit` may follow. Raises `FigureError` for anything else: letters, NaN, an
    exponent, a sign, a formula, too many digits.

    >>> read_number("1 234,50")
    Decimal('1234.50')
    >>> read_number("12,5 %", "%")
    Decimal('12.5')
    """
    typed = with_plain_spaces(text)
    if not typed:
        return None
    visible = without_invisible(typed)
    if len(visible) > LONGEST_TEXT:
        raise FigureError(
            f"« {visible[:LONGEST_TEXT]}… » est trop long : un nombre compte douze chiffres au plus."
        )
    if visible != typed:
        raise FigureError(
            f"« {visible} » n’est pas un nombre : un caractère invisible s’y trouve, tapez-le de nouveau."
        )
    if is_formula(typed):
        raise FigureError(f"« {typed} » est une formule : écrivez le nombre qu’elle donne.")
    if is_negative(typed):
        raise FigureError(f"« {typed} » est négatif : écrivez un nombre à partir de zéro.")
    number = read_french(typed.removesuffix(unit_sign(unit)))
    if number is None:
        raise FigureError(
            f"« {typed} » n’est pas un nombre : écrivez par exemple 1 234 ou 12,5, ou « nd » si la valeur "
            "n’est pas disponible."
        )
    if number > LARGEST_FIGURE:
        raise FigureError(
            f"« {typed} » est trop grand : un nombre compte douze chiffres au plus avant la virgule."
        )
    if number != number.quantize(_SMALLEST):
        raise FigureError(f"« {typed} » est trop précis : deux décimales au plus.")
    return number


def format_number(value: Decimal) -> str:
    """`value` as French text with no useless zero: "1 234", "12,5".

    >>> format_number(Decimal("12.50"))
    '12,5'
    """
    return write_french(value)


def format_signed(value: Decimal) -> str:
    """`value` with its sign, for a difference: "+12", "−3,5", "0"."""
    return f"+{format_number(value)}" if value > 0 else format_number(value)


def format_percent(fraction: Decimal, *, signed: bool = False) -> str:
    """`fraction` of 1 as a percentage with one decimal at most, halves away from zero: "12,3 %".

    >>> format_percent(Decimal("0.2")).replace(NO_BREAK_SPACE, " ")
    '20 %'
    """
    percent = (fraction * 100).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    if not percent:
        percent = Decimal(0)
    number = format_signed(percent) if signed else format_number(percent)
    return f"{number}{NO_BREAK_SPACE}%"
