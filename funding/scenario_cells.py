"""The boxes of a scenario's page: what was typed, and the number read or the reason of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from cdppe.lib.money import AmountError

LONGEST_CELL = 60


@dataclass(frozen=True)
class Cell:
    """One box: the name of its input, what was typed, the number read or the reason of a refusal."""

    name: str
    label: str
    typed: str
    number: Decimal | None = None
    error: str = ""


def read_cell(name: str, label: str, typed: str, read: Callable[[str], Decimal]) -> Cell:
    """The box with the number that `read` finds in it, or its refusal; an empty one has neither."""
    text = typed.strip()
    if not text:
        return Cell(name, label, "")
    if len(text) > LONGEST_CELL:
        return Cell(name, label, text[:LONGEST_CELL], None, "Ce texte est trop long pour un nombre.")
    try:
        return Cell(name, label, text, read(text))
    except AmountError as refusal:
        return Cell(name, label, text, None, str(refusal))
