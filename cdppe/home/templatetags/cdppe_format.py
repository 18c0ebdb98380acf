"""Figures as the French administration writes them; « non disponible » is never shown as zero."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django import template

from cdppe.lib.french_numbers import NO_BREAK_SPACE, write_french
from cdppe.lib.money import format_amount, format_euros

register = template.Library()

NOT_AVAILABLE = "non disponible"


@register.filter
def amount(value: Decimal | int | None) -> str:
    """Euros without their unit: "1 234,56"; nothing stored reads « non disponible »."""
    return NOT_AVAILABLE if value is None else format_amount(value)


@register.filter
def euros(value: Decimal | int | None) -> str:
    """Euros with their unit: "2 914 500 €"; nothing stored reads « non disponible »."""
    return NOT_AVAILABLE if value is None else format_euros(value)


@register.filter
def figure(value: Decimal | int | None) -> str:
    """Any figure, all its decimals, no trailing zero: 1234.50 → "1 234,5"; None → « non disponible »."""
    return NOT_AVAILABLE if value is None else write_french(value)


@register.filter
def percent(fraction: Decimal | None, places: int = 1) -> str:
    """A share from 0 to 1, rounded half up: 0.1234 → "12,3 %"; None → « non disponible »."""
    if fraction is None:
        return NOT_AVAILABLE
    step = Decimal(1).scaleb(-places)
    rounded = (Decimal(fraction) * 100).quantize(step, rounding=ROUND_HALF_UP)
    return f"{write_french(rounded, places=places)}{NO_BREAK_SPACE}%"


@register.filter
def plural(count: int, endings: str = "s") -> str:
    """The ending for `count`, zero and one being singular in French: "s" or nothing, or one of "l,ux"."""
    singular, _, several = endings.rpartition(",")
    return several if count > 1 else singular
