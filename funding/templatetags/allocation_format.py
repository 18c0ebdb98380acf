"""Exact fractions as people read them: rounded half up when they are shown, never before."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from django import template

from cdppe.lib.money import NARROW_SPACE, NO_BREAK_SPACE

register = template.Library()


@register.filter
def share(fraction: Fraction, places: int = 4) -> str:
    """A share from 0 to 1: 1/8 → "12,5000 %"."""
    return f"{_rounded(fraction * 100, places)}{NO_BREAK_SPACE}%"


@register.filter
def cents(amount: Fraction | Decimal) -> str:
    """Euros to the cent, also when there are none: "411 465,00 €"."""
    return f"{_rounded(Fraction(amount), 2)}{NO_BREAK_SPACE}€"


@register.filter
def plain(number: Fraction | Decimal) -> str:
    """A figure without trailing zeros, four decimals at most: 1234.50 → "1 234,5"."""
    text = _rounded(Fraction(number), 4)
    return text.rstrip("0").removesuffix(",")


def _rounded(number: Fraction, places: int) -> str:
    """French text of a number, rounded half away from zero."""
    scaled = abs(number) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    text = f"{Decimal(whole).scaleb(-places):,.{places}f}".replace(",", NARROW_SPACE).replace(".", ",")
    return f"\u2212{text}" if number < 0 and whole else text
