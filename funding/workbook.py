"""An allocation as a workbook that an auditor follows cell by cell: live formulas from the figures to the
amounts.

Source: circulaire 2020/34, annexe 4-II-A, 4-III-A, 4-IV-A; rules F5, F6 and F9, docs/decisions/allocation.md.

Five sheets: « Lisez-moi » (what it is, sources, statuses), « Chiffres », « Parts », « Clés », « Montants »; a
sixth, « Modulations », for a run that has some (docs/decisions/modulation.md).
Only the figures, the weights and the terms of the envelope are typed: the rest follows by formulas, so that
another figure gives the allocation which that figure would have given. Beside them stand the factor and the
amounts that the application computed, with checks.

*Who is held by a bound* needs no circular formula. What all the territories receive never decreases with the
factor: a territory is on the floor when the factor that would bring it there (floor / key) already hands out
the envelope or more, on the ceiling when the one that would bring it there (ceiling / key) hands out the
envelope or less. The common factor is then what the others share: (envelope - floors - ceilings) / their
keys. Where everybody is held a whole interval of factors gives the same amounts: the application's is taken.

A spreadsheet computes on floating numbers, we on fractions: amounts in units are rounded to DECIMALS before
they are cut, far above the noise and far under what tells two remainders apart. Its work grows with the
square of the number of territories: instant for a hundred, minutes for tens of thousands.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from cdppe.lib.money import format_euros
from funding.allocation import Allocation, Figure
from funding.criteria import CERTAINTY
from funding.models import AllocationRun, FigureStatus
from funding.modulation import COEFFICIENT, SHARED

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

README, FIGURES, SHARES, KEYS, AMOUNTS = "Lisez-moi", "Chiffres", "Parts", "Clés", "Montants"
MODULATIONS = "Modulations"
NO_BOUND = "aucune"
BOUNDS = {"floor": "plancher", "ceiling": "plafond", "": NO_BOUND}
DECIMALS = 6
LONGEST_TEXT = 32_000

EUROS, EXACT_EUROS, PERCENT, COUNT = '#,##0.##" €"', '#,##0.000000" €"', "0.000000%", "#,##0.####"

# The first sheets: a title, a sentence, the weights, the headings, then one territory a row.
WEIGHTS, HEADINGS, FIRST = 3, 4, 5
# « Montants »: the terms, the factor and the checks come first.
(
    ENVELOPE,
    FLOOR,
    CEILING,
    UNIT,
    APPLIED_CEILING,
    FLOOR_COUNT,
    CEILING_COUNT,
    FREE_KEYS,
    FACTOR,
    OUR_FACTOR,
    UNITS_LEFT,
    TOTAL,
    SUM_CHECK,
    FACTOR_CHECK,
    AMOUNT_CHECK,
) = range(3, 18)
AMOUNT_HEADINGS = 19
FIRST_AMOUNT = 20
# « Modulations »: the same, below the totals.
(
    FREED_TO,
    FREED,
    OTHERS_TOTAL,
    KEPT_TOTAL,
    SECOND_CEILING_COUNT,
    SECOND_FREE_KEYS,
    SECOND_FACTOR,
    OUR_SECOND_FACTOR,
    SECOND_UNITS_LEFT,
    DISTRIBUTED,
    RESERVED,
    BOTH_CHECK,
    SECOND_AMOUNT_CHECK,
) = range(3, 16)
MODULATION_HEADINGS = 17
FIRST_MODULATION = 18
RESERVE_TEXT, SHARED_TEXT = "réserve", "nouveau partage"
COEFFICIENT_TEXT, AMOUNT_TEXT = "coefficient", "montant"
KEPT = "inchangé"

_BOLD = Font(bold=True)
_HEADING = PatternFill("solid", fgColor="E3E3FD")
_TYPED = PatternFill("solid", fgColor="FEF7DA")


@dataclass(frozen=True, slots=True)
class Column:
    """A criterion: `weight` in per cent, `source` what is known of its figures."""

    label: str
    weight: Figure
    source: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A territory: `figures` and `statuses` run parallel to the columns; the amounts are ours, in euros.

    `amount` is the allocation's; `final` the one after the modulations, where there are some. `asked` is the
    modulation of this territory: kind, value, reason.
    """

    code: str
    name: str
    figures: tuple[Figure, ...]
    bound: str
    amount: Decimal
    statuses: tuple[str, ...] = ()
    remarks: str = ""
    final: Decimal | None = None
    asked: tuple[str, Decimal, str] | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What the workbook holds; `facts` are the lines of « Lisez-moi », rows come sorted by code."""

    title: str
    facts: tuple[tuple[str, str], ...]
    envelope: Decimal
    floor: Decimal
    ceiling: Decimal | None
    unit: Decimal
    factor: Fraction
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_modulated: bool = False
    is_shared_again: bool = False
    second_factor: Fraction = Fraction(0)


def run_workbook(run: AllocationRun) -> bytes:
    """The workbook of a stored run (with its envelope, campaign and author), from what it stored alone."""
    return render(_content_of_run(run))


def allocation_workbook(allocation: Allocation, *, title: str, names: Mapping[str, str]) -> bytes:
    """The workbook of a plain allocation; `names` is {territory code: name}, where names are known."""
    return render(
        Content(
            title=title,
            facts=(("Origine des chiffres", "le fichier donné à la commande"),),
            envelope=allocation.envelope,
            floor=allocation.floor,
            ceiling=allocation.ceiling,
            unit=allocation.unit,
            factor=allocation.factor,
            columns=tuple(Column(each.series, each.weight) for each in allocation.criteria),
            rows=tuple(
                Row(line.code, names.get(line.code, ""), line.figures, line.bound or "", line.amount)
                for line in allocation.lines
            ),
        )
    )


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
    _write_figures(book[FIGURES], content)
    _write_shares(book[SHARES], content)
    _write_keys(book[KEYS], content)
    _write_amounts(book[AMOUNTS], content)
    if content.is_modulated:
        _write_modulations(book[MODULATIONS], content)
    _write_readme(book[README], content)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- What a run holds ---------------------------------------------------------------------------


def _content_of_run(run: AllocationRun) -> Content:
    inputs: dict[str, Any] = run.inputs
    figures: dict[str, dict[str, dict[str, Any]]] = inputs["figures"]
    series = [criterion["series"] for criterion in inputs["criteria"]]
    labels = {criterion["series"]: criterion["label"] for criterion in inputs["criteria"]}
    rows = []
    for line in run.lines.select_related("territory"):
        cells = figures[line.territory.code]
        rows.append(
            Row(
                code=line.territory.code,
                name=line.territory.name,
                figures=tuple(Decimal(cells[each]["value"]) for each in series),
                bound=line.bound,
                amount=line.before,
                final=line.amount,
                asked=_asked(line.modulation),
                statuses=tuple(_status_label(cells[each]["status"]) for each in series),
                remarks=" ".join(
                    f"{labels[each]} : {cells[each]['note']}" for each in series if cells[each]["note"]
                ),
            )
        )
    return Content(
        title=f"Répartition de l’enveloppe {run.envelope.label}, {run.year}",
        facts=_facts(run, (cell["status"] for row in figures.values() for cell in row.values())),
        envelope=Decimal(inputs["amount"]),
        floor=Decimal(inputs["floor"] or 0),
        ceiling=None if inputs["ceiling"] is None else Decimal(inputs["ceiling"]),
        unit=Decimal(inputs["unit"]),
        factor=Fraction(run.factor),
        columns=tuple(
            Column(each["label"], Decimal(each["weight"]), _source(each["edition"]))
            for each in inputs["criteria"]
        ),
        # The order of the allocator, whatever the database's collation: ties go to the lowest code.
        rows=tuple(sorted(rows, key=lambda row: row.code)),
        is_modulated=run.is_modulated,
        is_shared_again=inputs.get("freed_to") == SHARED,
        second_factor=Fraction(run.second_factor or 0),
    )


def _facts(run: AllocationRun, statuses: Iterable[str]) -> tuple[tuple[str, str], ...]:
    author = f" par {run.created_by}" if run.created_by is not None else ""
    counts = Counter(statuses)
    counted = ", ".join(
        f"{counts[status]} {_status_label(status).lower()}" for status in CERTAINTY if counts[status]
    )
    warning: tuple[tuple[str, str], ...] = ()
    if set(counts) - {FigureStatus.OFFICIAL}:
        warning = (
            (
                "Attention",
                "Ces montants ne reposent pas seulement sur des chiffres officiels : une partie des chiffres "
                "sont des estimations ou des substituts. Voir les statuts dans la feuille « Chiffres ».",
            ),
        )
    return (
        ("Campagne", str(run.envelope.campaign)),
        ("Enveloppe", f"{run.envelope.label} ({run.envelope.code})"),
        ("Année", str(run.year)),
        ("Calcul", f"n° {run.pk}, du {timezone.localtime(run.created_at):%d/%m/%Y à %H h %M}{author}"),
        ("Statut des chiffres", counted),
        *warning,
    )


def _source(edition: Mapping[str, str] | None) -> str:
    if edition is None:
        return ""
    parts = [f"{edition['producer']}, {edition['reference_date']}.", edition["source"]]
    if edition["licence"]:
        parts.append(f"Licence : {edition['licence']}.")
    parts.append(edition["note"])
    return " ".join(part for part in parts if part)


def _asked(modulation: Mapping[str, str]) -> tuple[str, Decimal, str] | None:
    """The kind, the value and the reason of a stored modulation; None for none."""
    if not modulation:
        return None
    kind = COEFFICIENT_TEXT if modulation["kind"] == COEFFICIENT else AMOUNT_TEXT
    return kind, Decimal(modulation["value"]), modulation["reason"]


def _status_label(status: str) -> str:
    return str(FigureStatus(status).label)


# --- The sheets ---------------------------------------------------------------------------------


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
    _title(sheet, content.title)
    for number, (name, text) in enumerate(lines, start=3):
        _text(sheet.cell(number, 1), name).font = _BOLD
        _text(sheet.cell(number, 2), text).alignment = Alignment(wrap_text=True, vertical="top")
        sheet.cell(number, 1).alignment = Alignment(vertical="top")
    for number, (name, place, row) in enumerate(checks, start=4 + len(lines)):
        _text(sheet.cell(number, 1), name).font = _BOLD
        sheet.cell(number, 2).value = f"={_in(place)}$B${row}"
    sheet.column_dimensions["A"].width = 42
    sheet.column_dimensions["B"].width = 110


def _write_figures(sheet: Worksheet, content: Content) -> None:
    _title(sheet, "Chiffres des critères, par territoire")
    labels = [column.label for column in content.columns]
    has_statuses = any(row.statuses for row in content.rows)
    headings = ["Code", "Territoire", *labels]
    if has_statuses:
        headings += [*(f"Statut : {label}" for label in labels), "Remarques"]
    _headings(sheet, HEADINGS, headings)
    count = len(labels)
    for number, row in enumerate(content.rows, start=FIRST):
        _territory(sheet, number, row)
        for column, figure in enumerate(row.figures, start=3):
            _number(sheet.cell(number, column), figure, COUNT).fill = _TYPED
        for column, status in enumerate(row.statuses, start=3 + count):
            _text(sheet.cell(number, column), status)
        if row.remarks:
            _text(sheet.cell(number, 3 + 2 * count), row.remarks)
    _totals(sheet, content, count, COUNT)


def _write_shares(sheet: Worksheet, content: Content) -> None:
    _title(sheet, "Part de chaque territoire dans le total de chaque critère")
    _headings(sheet, HEADINGS, ["Code", "Territoire", *(column.label for column in content.columns)])
    total = _total_row(content)
    for number, row in enumerate(content.rows, start=FIRST):
        _territory(sheet, number, row)
        for column in range(3, 3 + len(content.columns)):
            letter = get_column_letter(column)
            formula = f"={_in(FIGURES)}{letter}{number}/{_in(FIGURES)}{letter}${total}"
            _formula(sheet.cell(number, column), formula, PERCENT)
    _totals(sheet, content, len(content.columns), PERCENT)


def _write_keys(sheet: Worksheet, content: Content) -> None:
    _title(sheet, "Apport de chaque critère (part × poids) et clé de chaque territoire (somme des apports)")
    _headings(sheet, HEADINGS, ["Code", "Territoire", *(column.label for column in content.columns), "Clé"])
    _text(sheet.cell(WEIGHTS, 2), "Poids, en %").font = _BOLD
    count = len(content.columns)
    last, key = get_column_letter(2 + count), 3 + count
    for number, criterion in enumerate(content.columns, start=3):
        _number(sheet.cell(WEIGHTS, number), criterion.weight, COUNT).fill = _TYPED
    _formula(sheet.cell(WEIGHTS, key), f"=SUM(C{WEIGHTS}:{last}{WEIGHTS})", COUNT)
    for number, row in enumerate(content.rows, start=FIRST):
        _territory(sheet, number, row)
        for column in range(3, key):
            letter = get_column_letter(column)
            formula = f"={_in(SHARES)}{letter}{number}*{letter}${WEIGHTS}/100"
            _formula(sheet.cell(number, column), formula, PERCENT)
        _formula(sheet.cell(number, key), f"=SUM(C{number}:{last}{number})", PERCENT).font = _BOLD
    _totals(sheet, content, count + 1, PERCENT)


def _write_amounts(sheet: Worksheet, content: Content) -> None:
    _title(sheet, content.title)
    last = FIRST_AMOUNT + len(content.rows) - 1

    def column(letter: str) -> str:
        return f"${letter}${FIRST_AMOUNT}:${letter}${last}"

    e, low, top, unit = f"$B${ENVELOPE}", f"$B${FLOOR}", f"$B${APPLIED_CEILING}", f"$B${UNIT}"
    terms: list[tuple[int, str, Any, str, str]] = [
        (ENVELOPE, "Enveloppe", content.envelope, EUROS, "À répartir entre les territoires."),
        (FLOOR, "Dotation minimale", content.floor, EUROS, "Par territoire ; 0 quand il n’y en a pas."),
        (CEILING, "Dotation maximale", content.ceiling, EUROS, "Par territoire ; « aucune » ou un montant."),
        (UNIT, "Unité d’arrondi", content.unit, EUROS, "Les montants en sont des multiples."),
        (
            APPLIED_CEILING,
            "Plafond appliqué",
            f"=IF(ISNUMBER($B${CEILING}),$B${CEILING},{e}+{unit})",
            EUROS,
            "Sans plafond : un montant que personne ne peut atteindre.",
        ),
        (FLOOR_COUNT, "Territoires au plancher", f'=COUNTIF({column("G")},"plancher")', "0", ""),
        (CEILING_COUNT, "Territoires au plafond", f'=COUNTIF({column("G")},"plafond")', "0", ""),
        (
            FREE_KEYS,
            "Clés des autres territoires",
            f'=SUMIF({column("G")},"{NO_BOUND}",{column("C")})',
            PERCENT,
            "Ceux qu’aucune borne ne tient.",
        ),
        (
            FACTOR,
            "Facteur commun",
            f"=IF($B${FREE_KEYS}=0,$B${OUR_FACTOR},"
            f"({e}-$B${FLOOR_COUNT}*{low}-$B${CEILING_COUNT}*{top})/$B${FREE_KEYS})",
            EXACT_EUROS,
            "(Enveloppe − planchers − plafonds) ÷ clés des autres : euros pour une clé de 100 %.",
        ),
        (
            OUR_FACTOR,
            "Facteur de l’application",
            content.factor,
            EXACT_EUROS,
            "Arrondi au tableur ; exact dans la feuille « Lisez-moi ».",
        ),
        (
            UNITS_LEFT,
            "Unités à donner",
            f"=ROUND({e}/{unit}-SUM({column('J')}),0)",
            "0",
            "Ce que la coupe à l’unité inférieure laisse : une unité à chacun des plus forts restes.",
        ),
        (TOTAL, "Total des montants", f"=ROUND(SUM({column('M')}),{DECIMALS})", EUROS, ""),
        (SUM_CHECK, "Total égal à l’enveloppe", f'=IF($B${TOTAL}={e},"oui","NON")', "@", ""),
        (
            FACTOR_CHECK,
            "Facteur égal à celui de l’application",
            f'=IF(ABS($B${FACTOR}-$B${OUR_FACTOR})<=0.000000001*$B${OUR_FACTOR},"oui","NON")',
            "@",
            "À un milliardième près.",
        ),
        (
            AMOUNT_CHECK,
            "Montants égaux à ceux de l’application",
            f'=IF(SUMPRODUCT(ABS({column("Q")}))=0,"oui","NON")',
            "@",
            "Tous, sans écart.",
        ),
    ]
    for number, name, value, number_format, sentence in terms:
        _text(sheet.cell(number, 1), name).font = _BOLD
        cell = sheet.cell(number, 2)
        if isinstance(value, str):
            _formula(cell, value, number_format)
        elif value is None:
            _text(cell, NO_BOUND).fill = _TYPED
        else:
            _number(cell, value, number_format)
            cell.fill = _TYPED if number != OUR_FACTOR else PatternFill()
        _text(sheet.cell(number, 3), sentence)
    _headings(
        sheet,
        AMOUNT_HEADINGS,
        [
            "Code",
            "Territoire",
            "Clé",
            "Sans bornes (clé × enveloppe)",
            "Total distribué si le facteur l’amenait au plancher",
            "Total distribué si le facteur l’amenait au plafond",
            "Borne",
            "Clé × facteur commun",
            "Montant exact",
            "Unités entières",
            "Reste, en unités",
            "Rang du reste",
            "Montant",
            "Donné (+) ou pris (−) par l’arrondi",
            "Borne, selon l’application",
            "Montant, selon l’application",
            "Écart",
        ],
    )
    key_column = get_column_letter(3 + len(content.columns))
    k = column("C")
    for number, row in enumerate(content.rows, start=FIRST_AMOUNT):
        key = f"$C{number}"
        # A territory of a smaller key, at the factor that brings this one to a bound.
        at_floor, at_ceiling = f"{k}*{low}/{key}", f"{k}*{top}/{key}"
        formulas = [
            ("C", f"={_in(KEYS)}{key_column}{number - FIRST_AMOUNT + FIRST}", PERCENT),
            ("D", f"=C{number}*{e}", EXACT_EUROS),
            (
                "E",
                f"=IF({key}=0,{e},ROUND(SUMPRODUCT(({k}<={key})*{low}"
                f"+({k}>{key})*(({at_floor}<{top})*{at_floor}+({at_floor}>={top})*{top})),4))",
                EUROS,
            ),
            (
                "F",
                f"=IF({key}=0,{e}+{unit},ROUND(SUMPRODUCT(({k}>={key})*{top}"
                f"+({k}<{key})*(({at_ceiling}>{low})*{at_ceiling}+({at_ceiling}<={low})*{low})),4))",
                EUROS,
            ),
            ("G", f'=IF(E{number}>={e},"plancher",IF(F{number}<={e},"plafond","{NO_BOUND}"))', "@"),
            ("H", f"=C{number}*$B${FACTOR}", EXACT_EUROS),
            ("I", f'=IF(G{number}="plancher",{low},IF(G{number}="plafond",{top},H{number}))', EXACT_EUROS),
            ("J", f"=INT(ROUND(I{number}/{unit},{DECIMALS}))", "#,##0"),
            ("K", f"=ROUND(I{number}/{unit}-J{number},{DECIMALS})", "0.000000"),
            (
                "L",
                f"=RANK(K{number},{column('K')},0)+COUNTIF(K${FIRST_AMOUNT}:K{number},K{number})-1",
                "0",
            ),
            ("M", f"=ROUND((J{number}+IF(L{number}<=$B${UNITS_LEFT},1,0))*{unit},{DECIMALS})", EUROS),
            ("N", f"=M{number}-I{number}", "0.000000"),
            ("Q", f"=ROUND(M{number}-P{number},{DECIMALS})", "0.######"),
        ]
        _territory(sheet, number, row)
        for letter, formula, number_format in formulas:
            _formula(sheet[f"{letter}{number}"], formula, number_format)
        sheet[f"M{number}"].font = _BOLD
        _text(sheet[f"O{number}"], BOUNDS[row.bound])
        _number(sheet[f"P{number}"], row.amount, EUROS)
    sheet.column_dimensions["A"].width = 38
    sheet.column_dimensions["B"].width = 24
    sheet.freeze_panes = f"C{FIRST_AMOUNT}"


def _write_modulations(sheet: Worksheet, content: Content) -> None:
    """The amounts of « Montants », lowered or raised; who is held is found as there, without a circle.

    The second sharing holds each territory between its amount before and the ceiling: `kept` is who stays at
    the first, because the factor that would lift it already hands out all that is left to the others.
    """
    _title(sheet, f"Modulations : {content.title}")
    last = FIRST_MODULATION + len(content.rows) - 1

    def column(letter: str) -> str:
        return f"${letter}${FIRST_MODULATION}:${letter}${last}"

    amounts = _in(AMOUNTS)
    e, top, unit = (f"{amounts}$B${row}" for row in (ENVELOPE, APPLIED_CEILING, UNIT))
    target = f"$B${OTHERS_TOTAL}"
    terms: list[tuple[int, str, Any, str, str]] = [
        (
            FREED_TO,
            "Les crédits libérés vont à",
            SHARED_TEXT if content.is_shared_again else RESERVE_TEXT,
            "@",
            f"« {RESERVE_TEXT} » ou « {SHARED_TEXT} ».",
        ),
        (FREED, "Libéré par les modulations", f"=SUM({column('I')})", EUROS, ""),
        (
            OTHERS_TOTAL,
            "À répartir entre les autres territoires",
            f'=SUMPRODUCT({column("E")}*{column("D")})+IF($B${FREED_TO}="{SHARED_TEXT}",$B${FREED},0)',
            EUROS,
            "Leurs montants avant modulation, plus ce qui est partagé de nouveau.",
        ),
        (
            KEPT_TOTAL,
            "Montants inchangés des autres",
            f'=SUMIF({column("L")},"{KEPT}",{column("D")})',
            EUROS,
            "",
        ),
        (SECOND_CEILING_COUNT, "Territoires au plafond", f'=COUNTIF({column("L")},"plafond")', "0", ""),
        (
            SECOND_FREE_KEYS,
            "Clés des territoires qui gagnent",
            f'=SUMIF({column("L")},"{NO_BOUND}",{column("C")})',
            PERCENT,
            "Ceux qu’aucune borne ne tient.",
        ),
        (
            SECOND_FACTOR,
            "Facteur commun du nouveau partage",
            f"=IF($B${SECOND_FREE_KEYS}=0,$B${OUR_SECOND_FACTOR},"
            f"({target}-$B${KEPT_TOTAL}-$B${SECOND_CEILING_COUNT}*{top})/$B${SECOND_FREE_KEYS})",
            EXACT_EUROS,
            "(À répartir − inchangés − plafonds) ÷ clés : euros pour une clé de 100 %.",
        ),
        (
            OUR_SECOND_FACTOR,
            "Facteur de l’application",
            content.second_factor,
            EXACT_EUROS,
            "0 quand rien n’est partagé de nouveau.",
        ),
        (
            SECOND_UNITS_LEFT,
            "Unités à donner",
            f"=ROUND({target}/{unit}-SUMPRODUCT({column('E')}*{column('O')}),0)",
            "0",
            "Une unité à chacun des plus forts restes.",
        ),
        (DISTRIBUTED, "Distribué", f"=ROUND(SUM({column('R')}),{DECIMALS})", EUROS, "Après modulation."),
        (
            RESERVED,
            "En réserve",
            f'=IF($B${FREED_TO}="{SHARED_TEXT}",0,$B${FREED})',
            EUROS,
            "Donné à personne.",
        ),
        (
            BOTH_CHECK,
            "Distribué et réserve égaux à l’enveloppe",
            f'=IF(ROUND($B${DISTRIBUTED}+$B${RESERVED}-{e},{DECIMALS})=0,"oui","NON")',
            "@",
            "",
        ),
        (
            SECOND_AMOUNT_CHECK,
            "Montants égaux à ceux de l’application",
            f'=IF(SUMPRODUCT(ABS({column("T")}))=0,"oui","NON")',
            "@",
            "Tous, sans écart.",
        ),
    ]
    for number, name, value, number_format, sentence in terms:
        _text(sheet.cell(number, 1), name).font = _BOLD
        cell = sheet.cell(number, 2)
        if number == FREED_TO:
            _text(cell, value).fill = _TYPED
        elif isinstance(value, str):
            _formula(cell, value, number_format)
        else:
            _number(cell, value, number_format)
        _text(sheet.cell(number, 3), sentence)
    _headings(
        sheet,
        MODULATION_HEADINGS,
        [
            "Code",
            "Territoire",
            "Clé",
            "Montant avant modulation",
            "Prend part au nouveau partage (1 : sans modulation)",
            "Modulation par",
            "Coefficient ou montant",
            "Montant modulé",
            "Libéré",
            "Total des autres si le facteur l’élevait",
            "Total des autres si le facteur l’amenait au plafond",
            "Borne",
            "Clé × facteur commun",
            "Montant exact",
            "Unités entières",
            "Reste, en unités",
            "Rang du reste",
            "Montant",
            "Montant, selon l’application",
            "Écart",
            "Motif",
        ],
    )
    k, before, part = column("C"), column("D"), column("E")

    def handed_out(level: str) -> str:
        """What the others have together at a factor: each between its amount before and the ceiling."""
        return (
            f"{part}*(({k}*{level}<={before})*{before}+({k}*{level}>{before})"
            f"*(({k}*{level}<{top})*{k}*{level}+({k}*{level}>={top})*{top}))"
        )

    for number, row in enumerate(content.rows, start=FIRST_MODULATION):
        source = number - FIRST_MODULATION + FIRST_AMOUNT
        takes_part, key = f"$E{number}=1", f"$C{number}"
        formulas = [
            ("C", f"={amounts}C{source}", PERCENT),
            ("D", f"={amounts}M{source}", EUROS),
            ("E", f'=IF(F{number}="{NO_BOUND}",1,0)', "0"),
            (
                "H",
                f'=IF(F{number}="{COEFFICIENT_TEXT}",INT(ROUND(D{number}*G{number}/{unit}+0.5,{DECIMALS}))*{unit},'
                f'IF(F{number}="{AMOUNT_TEXT}",G{number},D{number}))',
                EUROS,
            ),
            ("I", f"=ROUND(D{number}-H{number},{DECIMALS})", EUROS),
            (
                "J",
                f"=IF({key}=0,{target},ROUND(SUMPRODUCT({handed_out(f'$D{number}/{key}')}),4))",
                EUROS,
            ),
            (
                "K",
                f"=IF({key}=0,{target}+{unit},ROUND(SUMPRODUCT({handed_out(f'{top}/{key}')}),4))",
                EUROS,
            ),
            (
                "L",
                f'=IF({takes_part},IF(J{number}>=ROUND({target},4),"{KEPT}",'
                f'IF(K{number}<=ROUND({target},4),"plafond","{NO_BOUND}")),"modulé")',
                "@",
            ),
            ("M", f"=C{number}*$B${SECOND_FACTOR}", EXACT_EUROS),
            (
                "N",
                f'=IF(L{number}="{NO_BOUND}",M{number},IF(L{number}="plafond",{top},'
                f'IF(L{number}="{KEPT}",D{number},H{number})))',
                EXACT_EUROS,
            ),
            ("O", f"=INT(ROUND(N{number}/{unit},{DECIMALS}))", "#,##0"),
            ("P", f"=IF({takes_part},ROUND(N{number}/{unit}-O{number},{DECIMALS}),-1)", "0.000000"),
            (
                "Q",
                f"=RANK(P{number},{column('P')},0)+COUNTIF(P${FIRST_MODULATION}:P{number},P{number})-1",
                "0",
            ),
            (
                "R",
                f"=ROUND((O{number}+IF({takes_part},IF(Q{number}<=$B${SECOND_UNITS_LEFT},1,0),0))*{unit},{DECIMALS})",
                EUROS,
            ),
            ("T", f"=ROUND(R{number}-S{number},{DECIMALS})", "0.######"),
        ]
        _territory(sheet, number, row)
        for letter, formula, number_format in formulas:
            _formula(sheet[f"{letter}{number}"], formula, number_format)
        sheet[f"R{number}"].font = _BOLD
        kind, value, reason = row.asked or (NO_BOUND, None, "")
        _text(sheet[f"F{number}"], kind).fill = _TYPED
        if value is not None:
            _number(sheet[f"G{number}"], value, "#,##0.######")
        sheet[f"G{number}"].fill = _TYPED
        _number(sheet[f"S{number}"], row.amount if row.final is None else row.final, EUROS)
        _text(sheet[f"U{number}"], reason).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width = 42
    sheet.column_dimensions["B"].width = 24
    sheet.column_dimensions["U"].width = 60
    sheet.freeze_panes = f"C{FIRST_MODULATION}"


# --- Cells --------------------------------------------------------------------------------------


def _title(sheet: Worksheet, text: str) -> None:
    _text(sheet.cell(1, 1), text).font = Font(bold=True, size=14)


def _headings(sheet: Worksheet, number: int, texts: Sequence[str]) -> None:
    for column, text in enumerate(texts, start=1):
        cell = _text(sheet.cell(number, column), text)
        cell.font, cell.fill = _BOLD, _HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(column)].width = 24 if column == 2 else 18
    sheet.freeze_panes = f"C{number + 1}"


def _territory(sheet: Worksheet, number: int, row: Row) -> None:
    _text(sheet.cell(number, 1), row.code)
    _text(sheet.cell(number, 2), row.name)


def _total_row(content: Content) -> int:
    return FIRST + len(content.rows)


def _totals(sheet: Worksheet, content: Content, count: int, number_format: str) -> None:
    """The row of totals under the territories, over `count` columns of figures."""
    total = _total_row(content)
    _text(sheet.cell(total, 2), "Total").font = _BOLD
    for column in range(3, 3 + count):
        letter = get_column_letter(column)
        _formula(
            sheet.cell(total, column), f"=SUM({letter}{FIRST}:{letter}{total - 1})", number_format
        ).font = _BOLD


def _in(sheet: str) -> str:
    return f"'{sheet}'!"


def _text(cell: Cell, text: str) -> Cell:
    """Text that stays text: no formula, no error value, no character that the format forbids."""
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_TEXT]
    cell.value = clean
    cell.data_type = "s"
    if clean.startswith(("=", "+", "-", "@", "\t", "\r")):
        cell.quotePrefix = True
    return cell


def _number(cell: Cell, number: Figure, number_format: str) -> Cell:
    """A figure as it is; a fraction to 28 digits, which is more than a spreadsheet keeps."""
    if isinstance(number, Fraction):
        number = Decimal(number.numerator) / Decimal(number.denominator)
    cell.value = int(number) if number == int(number) else number
    cell.number_format = number_format
    return cell


def _formula(cell: Cell, formula: str, number_format: str) -> Cell:
    cell.value = formula
    cell.number_format = number_format
    return cell
