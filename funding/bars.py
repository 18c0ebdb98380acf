"""How long the bar of an amount is, beside the largest of its page."""

from __future__ import annotations

from decimal import Decimal

BAR_LENGTH = 1000
"""The longest bar, in the units of its drawing."""


def bar_length(amount: Decimal | None, largest: Decimal) -> int:
    """The length for `amount`, from 0 to BAR_LENGTH; nothing and zero have no bar.

    >>> bar_length(Decimal(25), Decimal(100)), bar_length(None, Decimal(100))
    (250, 0)
    """
    return int(amount * BAR_LENGTH / largest) if amount and largest else 0
