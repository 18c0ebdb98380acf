"""The sheets « Chiffres », « Parts » and « Clés »: from the figures of the criteria to the keys."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from funding.workbook.cells import (
    BOLD,
    COUNT,
    PERCENT,
    TYPED,
    in_sheet,
    put_formula,
    put_headings,
    put_number,
    put_territory,
    put_text,
    put_title,
)
from funding.workbook.content import Content

FIGURES, SHARES, KEYS = "Chiffres", "Parts", "Clés"

# A title, a sentence, the weights, the headings, then one territory a row.
WEIGHTS, HEADINGS, FIRST = 3, 4, 5


def write_figures(sheet: Worksheet, content: Content) -> None:
    """« Chiffres »: each territory's figure for each criterion, its status, and the totals."""
    put_title(sheet, "Chiffres des critères, par territoire")
    labels = [column.label for column in content.columns]
    has_statuses = any(row.statuses for row in content.rows)
    headings = ["Code", "Territoire", *labels]
    if has_statuses:
        headings += [*(f"Statut : {label}" for label in labels), "Remarques"]
    put_headings(sheet, HEADINGS, headings)
    count = len(labels)
    for number, row in enumerate(content.rows, start=FIRST):
        put_territory(sheet, number, row)
        for column, figure in enumerate(row.figures, start=3):
            put_number(sheet.cell(number, column), figure, COUNT).fill = TYPED
        for column, status in enumerate(row.statuses, start=3 + count):
            put_text(sheet.cell(number, column), status)
        if row.remarks:
            put_text(sheet.cell(number, 3 + 2 * count), row.remarks)
    _totals(sheet, content, count, COUNT)


def write_shares(sheet: Worksheet, content: Content) -> None:
    """« Parts »: each figure over its total."""
    put_title(sheet, "Part de chaque territoire dans le total de chaque critère")
    put_headings(sheet, HEADINGS, ["Code", "Territoire", *(column.label for column in content.columns)])
    total = _total_row(content)
    for number, row in enumerate(content.rows, start=FIRST):
        put_territory(sheet, number, row)
        for column in range(3, 3 + len(content.columns)):
            letter = get_column_letter(column)
            formula = f"={in_sheet(FIGURES)}{letter}{number}/{in_sheet(FIGURES)}{letter}${total}"
            put_formula(sheet.cell(number, column), formula, PERCENT)
    _totals(sheet, content, len(content.columns), PERCENT)


def write_keys(sheet: Worksheet, content: Content) -> None:
    """« Clés »: each share × the weight of its criterion, and their sum."""
    put_title(
        sheet, "Apport de chaque critère (part × poids) et clé de chaque territoire (somme des apports)"
    )
    put_headings(
        sheet, HEADINGS, ["Code", "Territoire", *(column.label for column in content.columns), "Clé"]
    )
    put_text(sheet.cell(WEIGHTS, 2), "Poids, en %").font = BOLD
    count = len(content.columns)
    last, key = get_column_letter(2 + count), 3 + count
    for number, criterion in enumerate(content.columns, start=3):
        put_number(sheet.cell(WEIGHTS, number), criterion.weight, COUNT).fill = TYPED
    put_formula(sheet.cell(WEIGHTS, key), f"=SUM(C{WEIGHTS}:{last}{WEIGHTS})", COUNT)
    for number, row in enumerate(content.rows, start=FIRST):
        put_territory(sheet, number, row)
        for column in range(3, key):
            letter = get_column_letter(column)
            formula = f"={in_sheet(SHARES)}{letter}{number}*{letter}${WEIGHTS}/100"
            put_formula(sheet.cell(number, column), formula, PERCENT)
        put_formula(sheet.cell(number, key), f"=SUM(C{number}:{last}{number})", PERCENT).font = BOLD
    _totals(sheet, content, count + 1, PERCENT)


def _total_row(content: Content) -> int:
    return FIRST + len(content.rows)


def _totals(sheet: Worksheet, content: Content, count: int, number_format: str) -> None:
    """The row of totals under the territories, over `count` columns of figures."""
    total = _total_row(content)
    put_text(sheet.cell(total, 2), "Total").font = BOLD
    for column in range(3, 3 + count):
        letter = get_column_letter(column)
        put_formula(
            sheet.cell(total, column), f"=SUM({letter}{FIRST}:{letter}{total - 1})", number_format
        ).font = BOLD
