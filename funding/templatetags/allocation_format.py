"""Exact fractions as people read them: rounded half up when they are shown, never before."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from django import template

from cdppe.lib.french_numbers import NO_BREAK_SPACE, write_french

register = template.Library()


@register.filter
def share(fraction: Fraction, places: int = 4) -> str:
    """A share from 0 to 1: 1/8 → "12,5000 %"."""
    return f"{write_french(_rounded(fraction * 100, places), places=places)}{NO_BREAK_SPACE}%"


@register.filter
def cents(amount: Fraction | Decimal) -> str:
    """Euros to the cent, also when there are none: "411 465,00 €"."""
    return f"{write_french(_rounded(Fraction(amount), 2), places=2)}{NO_BREAK_SPACE}€"


@register.filter
def plain(number: Fraction | Decimal) -> str:
    """A figure without trailing zeros, four decimals at most: 1234.50 → "1 234,5"."""
    return write_french(_rounded(Fraction(number), 4))


def _rounded(number: Fraction, places: int) -> Decimal:
    """The decimal nearest to `number`, halves away from zero; zero has no sign."""
    scaled = abs(number) * 10**places
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(-whole if number < 0 else whole).scaleb(-places)
