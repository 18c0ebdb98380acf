"""Amounts in euros: read as people type them, checked, and shown as the French administration writes them.

Amounts are `Decimal` euros with at most two decimals, from 0 to 999 999 999 999.99 (twelve digits before
the decimal point, as the columns of the database). Nothing is rounded while reading: a third decimal is
refused, because a figure that is entered is the figure that is kept.
"""

from __future__ import annotations

import re
from decimal import Decimal

MAX_DIGITS = 14
DECIMAL_PLACES = 2
LARGEST_AMOUNT = Decimal("999999999999.99")

NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
# Spaces between thousands, as keyboards, spreadsheets and our own pages produce them.
_SPACES = re.compile(f"[ {NO_BREAK_SPACE}{NARROW_SPACE}\u2009]")
_PLAIN_NUMBER = re.compile(r"\d+(?:[.,]\d{1,2})?", re.ASCII)
_GROUPED_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?", re.ASCII)


class AmountError(ValueError):
    """What was typed is no amount; the message is a French sentence."""


def read_amount(text: str) -> Decimal:
    """The amount in euros that `text` states: "1 234,56", "1234.56", "12 €".

    Spaces (ordinary, non-breaking, narrow) may stand between thousands. Raises `AmountError` for anything
    else: letters, NaN, exponents, a sign, more than two decimals, more than twelve digits.

    >>> read_amount("1 234,56")
    Decimal('1234.56')
    """
    typed = text.strip()
    cleaned = _SPACES.sub(" ", typed.removesuffix("€")).strip()
    if cleaned.startswith(("-", "\u2212")):
        raise AmountError(
            f"« {_shortened(typed)} » est négatif : un montant ne peut pas être inférieur à zéro."
        )
    if not (_PLAIN_NUMBER.fullmatch(cleaned) or _GROUPED_NUMBER.fullmatch(cleaned)):
        raise AmountError(
            f"« {_shortened(typed)} » n’est pas un montant : écrivez un nombre en euros, "
            "avec deux décimales au plus, par exemple 1 234,56."
        )
    amount = Decimal(cleaned.replace(" ", "").replace(",", "."))
    if amount > LARGEST_AMOUNT:
        raise AmountError(
            f"« {_shortened(typed)} » est trop grand : "
            "un montant compte douze chiffres au plus avant la virgule."
        )
    return amount


def format_amount(amount: Decimal | int) -> str:
    """`amount` in euros as French text, without its unit: "1 234,56", cents only where there are some.

    >>> format_amount(Decimal("2914500")).replace(NARROW_SPACE, " ")
    '2 914 500'
    """
    value = Decimal(amount)
    text = f"{value:,.2f}" if value != value.to_integral_value() else f"{value:,.0f}"
    return text.replace(",", NARROW_SPACE).replace(".", ",")


def format_euros(amount: Decimal | int) -> str:
    """`amount` with its unit: "2 914 500 €"."""
    return f"{format_amount(amount)}{NO_BREAK_SPACE}€"


def _shortened(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
