"""The file: « Lisez-moi », then the sheets."""

from __future__ import annotations

import io
from collections.abc import Mapping

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from cdppe.lib.money import format_euros
from funding.allocation import Allocation
from funding.models import AllocationRun
from funding.workbook.amounts import AMOUNT_CHECK, AMOUNTS, FACTOR_CHECK, SUM_CHECK, write_amounts
from funding.workbook.cells import BOLD, in_sheet, put_text, put_title
from funding.workbook.content import Content, content_of_allocation, content_of_run
from funding.workbook.figures import FIGURES, KEYS, SHARES, write_figures, write_keys, write_shares
from funding.workbook.modulations import BOTH_CHECK, MODULATIONS, SECOND_AMOUNT_CHECK, write_modulations

README = "Lisez-moi"


def run_workbook(run: AllocationRun) -> bytes:
    """The workbook of a stored run (with its envelope, campaign and author), from what it stored alone."""
    return render(content_of_run(run))


def allocation_workbook(allocation: Allocation, *, title: str, names: Mapping[str, str]) -> bytes:
    """The workbook of a plain allocation; `names` is {territory code: name}, where names are known."""
    return render(content_of_allocation(allocation, title=title, names=names))


def render(content: Content) -> bytes:
    """The file itself (.xlsx). Text never becomes a formula, whatever it begins with."""
    book = Workbook()
    book.calculation.fullCalcOnLoad = True
    names = [README, FIGURES, SHARES, KEYS, AMOUNTS, *([MODULATIONS] if content.is_modulated else [])]
    sheets = [book.active, *(book.create_sheet() for _ in names[1:])]
    for sheet, name in zip(sheets, names, strict=True):
        sheet.title = name
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    write_figures(book[FIGURES], content)
    write_shares(book[SHARES], content)
    write_keys(book[KEYS], content)
    write_amounts(book[AMOUNTS], content)
    if content.is_modulated:
        write_modulations(book[MODULATIONS], content)
    _write_readme(book[README], content)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_readme(sheet: Worksheet, content: Content) -> None:
    modulated: list[tuple[str, str]] = [
        (
            MODULATIONS,
            "Le montant de chaque territoire modulé (coefficient ou montant, avec son motif), puis ce que "
            "cela libère : gardé en réserve, ou partagé de nouveau entre les autres, clé × facteur commun, "
            "jamais sous le montant d’avant ni au-dessus du plafond. Les montants définitifs sont ceux-là.",
        )
    ]
    checks = [
        ("Total égal à l’enveloppe", AMOUNTS, SUM_CHECK),
        ("Facteur égal à celui de l’application", AMOUNTS, FACTOR_CHECK),
        ("Montants égaux à ceux de l’application", AMOUNTS, AMOUNT_CHECK),
    ]
    if content.is_modulated:
        checks += [
            ("Distribué et réserve égaux à l’enveloppe", MODULATIONS, BOTH_CHECK),
            ("Montants modulés égaux à ceux de l’application", MODULATIONS, SECOND_AMOUNT_CHECK),
        ]
    lines: list[tuple[str, str]] = [
        *content.facts,
        ("Montant à répartir", format_euros(content.envelope)),
        ("Facteur exact", f"{content.factor} euros pour une clé entière (100 %)"),
        ("", ""),
        ("Comment lire", "Les cellules à fond jaune sont saisies ; toutes les autres suivent par formules."),
        (FIGURES, "Le chiffre de chaque territoire pour chaque critère, et le total."),
        (SHARES, "La part de chaque territoire dans le total de chaque critère."),
        (KEYS, "Chaque part multipliée par le poids du critère ; leur somme est la clé du territoire."),
        (
            AMOUNTS,
            "La clé multipliée par un facteur commun, relevée au plancher ou ramenée au plafond ; le facteur "
            "est le seul avec lequel la somme des montants est l’enveloppe. Puis l’arrondi : chaque montant "
            "est coupé à l’unité inférieure, et les unités qui restent vont une à une aux plus forts restes, "
            "à égalité au code le plus petit.",
        ),
        *(modulated if content.is_modulated else []),
        ("", ""),
    ]
    lines += [
        (f"Critère {rank}", f"{column.label}. {column.source}".strip())
        for rank, column in enumerate(content.columns, start=1)
    ]
    put_title(sheet, content.title)
    for number, (name, text) in enumerate(lines, start=3):
        put_text(sheet.cell(number, 1), name).font = BOLD
        put_text(sheet.cell(number, 2), text).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(number, 1).alignment = Alignment(vertical="top")
    for number, (name, place, row) in enumerate(checks, start=4 + len(lines)):
        put_text(sheet.cell(number, 1), name).font = BOLD
        sheet.cell(number, 2).value = f"={in_sheet(place)}$B${row}"
    sheet.column_dimensions["A"].width = 42
    sheet.column_dimensions["B"].width = 110
