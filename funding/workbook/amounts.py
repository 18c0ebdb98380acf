"""The sheet « Montants »: the factor, who is held by a bound, the rounding, the checks."""

from __future__ import annotations

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from funding.workbook.cells import (
    BOLD,
    DECIMALS,
    EUROS,
    EXACT_EUROS,
    PERCENT,
    Term,
    in_sheet,
    put_formula,
    put_headings,
    put_number,
    put_terms,
    put_territory,
    put_text,
    put_title,
)
from funding.workbook.content import Content
from funding.workbook.figures import FIRST, KEYS

AMOUNTS = "Montants"
NO_BOUND = "aucune"
BOUNDS = {"floor": "plancher", "ceiling": "plafond", "": NO_BOUND}

# The terms, the factor and the checks come first.
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


def write_amounts(sheet: Worksheet, content: Content) -> None:
    """« Montants »: the keys × the common factor, held by the bounds, then rounded."""
    put_title(sheet, content.title)
    last = FIRST_AMOUNT + len(content.rows) - 1

    def column(letter: str) -> str:
        return f"${letter}${FIRST_AMOUNT}:${letter}${last}"

    e, low, top, unit = f"$B${ENVELOPE}", f"$B${FLOOR}", f"$B${APPLIED_CEILING}", f"$B${UNIT}"
    ceiling = NO_BOUND if content.ceiling is None else content.ceiling
    terms: list[Term] = [
        (ENVELOPE, "Enveloppe", content.envelope, EUROS, "À répartir entre les territoires."),
        (FLOOR, "Dotation minimale", content.floor, EUROS, "Par territoire ; 0 quand il n’y en a pas."),
        (CEILING, "Dotation maximale", ceiling, EUROS, "Par territoire ; « aucune » ou un montant."),
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
    put_terms(sheet, terms, typed={ENVELOPE, FLOOR, CEILING, UNIT})
    put_headings(
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
            ("C", f"={in_sheet(KEYS)}{key_column}{number - FIRST_AMOUNT + FIRST}", PERCENT),
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
        put_territory(sheet, number, row)
        for letter, formula, number_format in formulas:
            put_formula(sheet[f"{letter}{number}"], formula, number_format)
        sheet[f"M{number}"].font = BOLD
        put_text(sheet[f"O{number}"], BOUNDS[row.bound])
        put_number(sheet[f"P{number}"], row.amount, EUROS)
    sheet.column_dimensions["A"].width = 38
    sheet.column_dimensions["B"].width = 24
    sheet.freeze_panes = f"C{FIRST_AMOUNT}"
