"""Amounts in euros: read as people type them, checked, and shown as the French administration writes them.

Amounts are `Decimal` euros with at most two decimals, from 0 to 999 999 999 999.99 (twelve digits before
the decimal point, as the columns of the database). Nothing is rounded while reading: a third decimal is
refused, because a figure that is entered is the figure that is kept.
"""

from __future__ import annotations

from decimal import Decimal

from cdppe.lib.french_numbers import (
    NO_BREAK_SPACE,
    decimal_places,
    is_formula,
    is_negative,
    read_french,
    without_invisible,
    write_french,
)

MAX_DIGITS = 14
DECIMAL_PLACES = 2
LARGEST_AMOUNT = Decimal("999999999999.99")


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
    stated = typed.removesuffix("€")
    visible = without_invisible(typed)
    if visible != typed:
        raise AmountError(
            f"« {_shortened(visible)} » n’est pas un montant : un caractère invisible s’y trouve, "
            "tapez-le de nouveau."
        )
    if is_formula(typed):
        raise AmountError(f"« {_shortened(typed)} » est une formule : écrivez le montant qu’elle donne.")
    if is_negative(stated):
        raise AmountError(
            f"« {_shortened(typed)} » est négatif : un montant ne peut pas être inférieur à zéro."
        )
    amount = read_french(stated)
    if amount is None or decimal_places(amount) > DECIMAL_PLACES:
        raise AmountError(
            f"« {_shortened(typed)} » n’est pas un montant : écrivez un nombre en euros, "
            "avec deux décimales au plus, par exemple 1 234,56."
        )
    if amount > LARGEST_AMOUNT:
        raise AmountError(
            f"« {_shortened(typed)} » est trop grand : "
            "un montant compte douze chiffres au plus avant la virgule."
        )
    return amount


def format_amount(amount: Decimal | int) -> str:
    r"""`amount` in euros as French text, without its unit: "1 234,56", cents only where there are some.

    >>> format_amount(Decimal("2914500"))
    '2\u202f914\u202f500'
    """
    value = Decimal(amount)
    return write_french(value, places=0 if value == value.to_integral_value() else DECIMAL_PLACES)


def format_euros(amount: Decimal | int) -> str:
    """`amount` with its unit: "2 914 500 €"."""
    return f"{format_amount(amount)}{NO_BREAK_SPACE}€"


def _shortened(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
