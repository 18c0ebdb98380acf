"""Writes a table as CSV or XLSX so that no text of it is ever taken for a formula.

The CSV is what a French spreadsheet opens as it is: UTF-8 with its mark, semicolons, decimal commas.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

Value = str | Decimal | int | None

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# A spreadsheet that opens a CSV computes a cell that starts so.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# What a spreadsheet keeps of a number; beyond, the digits are written as a text.
EXCEL_DIGITS = 15


def plain_number(value: Decimal) -> str:
    """All the digits of `value` with a point, no exponent, no trailing zero.

    Exactly three decimals are written as four: « 1,234 » would read as one thousand two hundred thirty-four.

    >>> plain_number(Decimal("1234.5000")), plain_number(Decimal("1.234"))
    ('1234.5', '1.2340')
    """
    text = f"{value:f}"
    if "." not in text:
        return text
    text = text.rstrip("0").removesuffix(".")
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


def without_formula(text: str) -> str:
    """`text` as a CSV may hold it: an apostrophe goes before what a spreadsheet would compute."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA_STARTS) else text


def original_text(text: str) -> str:
    """What `without_formula` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS) else text


def write_csv(rows: Sequence[Sequence[Value]]) -> bytes:
    """The bytes of a CSV file: texts protected, numbers with a decimal comma, None as an empty cell."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=";")
    writer.writerows([_csv_cell(value) for value in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def write_xlsx(sheets: Sequence[tuple[str, Sequence[Sequence[Value]]]]) -> bytes:
    """The bytes of a workbook of (title, rows) sheets, whose first row is the heading."""
    book = Workbook(write_only=True)
    for title, rows in sheets:
        sheet = book.create_sheet(title[:31])
        sheet.freeze_panes = "A2"
        for number, row in enumerate(rows):
            sheet.append([_xlsx_cell(sheet, value, is_heading=not number) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _csv_cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return without_formula(value)
    return plain_number(Decimal(value)).replace(".", ",")


def _xlsx_cell(sheet: Any, value: Value, *, is_heading: bool) -> Any:
    if isinstance(value, Decimal | int) and len(Decimal(value).normalize().as_tuple().digits) > EXCEL_DIGITS:
        value = plain_number(Decimal(value))
    text = ILLEGAL_CHARACTERS_RE.sub(" ", value) if isinstance(value, str) else value
    cell = WriteOnlyCell(sheet, value=text)
    if isinstance(text, str):
        # openpyxl takes a text that starts with « = » for a formula, and « #N/A » for an error.
        cell.data_type = "s"
    if is_heading:
        cell.font = Font(bold=True)
    return cell
