"""What a typed number is, for the server and for the page: one table of cases, one way to ask the server.

The table (`typed_numbers.json`) says what is typed, and the number read ("1234.5", null for a blank) or words
of the sentence that refuses it. It is run on the Python rules by `tests/test_typed_numbers.py`, and on those
of the page by `tests/browser/test_typed_numbers_in_the_page.py`, which also compares them on random texts.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdppe.lib.money import AmountError, read_amount
from indicators.figures import FigureError, is_unavailable, read_number

TABLE = Path(__file__).with_suffix(".json")


def cases() -> list[dict[str, Any]]:
    """Every case; `sign` is that of the row's unit."""
    found: list[dict[str, Any]] = json.loads(TABLE.read_text())
    return found


def read_by_the_server(kind: str, typed: str, sign: str = "") -> dict[str, Any]:
    """`{"value", "problem"}` of a figure or an amount, `{"unavailable"}` of a text that says « nd »."""
    if kind == "unavailable":
        return {"unavailable": is_unavailable(typed)}
    try:
        if kind == "figure":
            number = read_number(typed, sign)
        else:
            number = read_amount(typed) if typed.strip() else None
    except (FigureError, AmountError) as refusal:
        return {"value": None, "problem": str(refusal)}
    return {"value": None if number is None else _written(number), "problem": ""}


def _written(number: Decimal) -> str:
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
