"""The cells of the workbook: text that stays text, numbers, formulas, headings, the terms above a table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from cdppe.lib.table_export import FORMULA_STARTS
from funding.allocation import Figure
from funding.workbook.content import Row

EUROS, EXACT_EUROS, PERCENT, COUNT = '#,##0.##" €"', '#,##0.000000" €"', "0.000000%", "#,##0.####"
DECIMALS = 6
LONGEST_TEXT = 32_000

BOLD = Font(bold=True)
HEADING = PatternFill("solid", fgColor="E3E3FD")
TYPED = PatternFill("solid", fgColor="FEF7DA")

Term = tuple[int, str, str | Figure, str, str]
"""(row, name, formula or text or number, format of a number, what it means)."""


def put_title(sheet: Worksheet, text: str) -> None:
    put_text(sheet.cell(1, 1), text).font = Font(bold=True, size=14)


def put_headings(sheet: Worksheet, number: int, texts: Sequence[str]) -> None:
    for column, text in enumerate(texts, start=1):
        cell = put_text(sheet.cell(number, column), text)
        cell.font, cell.fill = BOLD, HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(column)].width = 24 if column == 2 else 18
    sheet.freeze_panes = f"C{number + 1}"


def put_territory(sheet: Worksheet, number: int, row: Row) -> None:
    put_text(sheet.cell(number, 1), row.code)
    put_text(sheet.cell(number, 2), row.name)


def put_terms(sheet: Worksheet, terms: Iterable[Term], *, typed: Collection[int]) -> None:
    """The terms above a table, one a row: name, value, sentence; the rows of `typed` are marked as such."""
    for number, name, value, number_format, sentence in terms:
        put_text(sheet.cell(number, 1), name).font = BOLD
        cell = sheet.cell(number, 2)
        if not isinstance(value, str):
            put_number(cell, value, number_format)
        elif value.startswith("="):
            put_formula(cell, value, number_format)
        else:
            put_text(cell, value)
        if number in typed:
            cell.fill = TYPED
        put_text(sheet.cell(number, 3), sentence)


def in_sheet(sheet: str) -> str:
    return f"'{sheet}'!"


def put_text(cell: Cell, text: str) -> Cell:
    """Text that stays text: no formula, no error value, no character that the format forbids."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_TEXT]
    cell.value = clean
    cell.data_type = "s"
    if clean.startswith(FORMULA_STARTS):
        cell.quotePrefix = True
    return cell


def put_number(cell: Cell, number: Figure, number_format: str) -> Cell:
    """A figure as it is; a fraction to 28 digits, which is more than a spreadsheet keeps."""
    if isinstance(number, Fraction):
        number = Decimal(number.numerator) / Decimal(number.denominator)
    cell.value = int(number) if number == int(number) else number
    cell.number_format = number_format
    return cell


def put_formula(cell: Cell, formula: str, number_format: str) -> Cell:
    cell.value = formula
    cell.number_format = number_format
    return cell
