"""The sheet « Modulations »: what they free, and the second sharing (docs/decisions/modulation.md)."""

from __future__ import annotations

from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from funding.workbook.amounts import AMOUNTS, APPLIED_CEILING, ENVELOPE, FIRST_AMOUNT, NO_BOUND, UNIT
from funding.workbook.cells import (
    BOLD,
    DECIMALS,
    EUROS,
    EXACT_EUROS,
    PERCENT,
    TYPED,
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
from funding.workbook.content import AMOUNT_TEXT, COEFFICIENT_TEXT, Content

MODULATIONS = "Modulations"
RESERVE_TEXT, SHARED_TEXT = "réserve", "nouveau partage"
KEPT = "inchangé"

# As in « Montants »: the terms and the checks come first.
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


def write_modulations(sheet: Worksheet, content: Content) -> None:
    """The amounts of « Montants », lowered or raised; who is held is found as there, without a circle.

    The second sharing holds each territory between its amount before and the ceiling: `kept` is who stays at
    the first, because the factor that would lift it already hands out all that is left to the others.
    """
    put_title(sheet, f"Modulations : {content.title}")
    last = FIRST_MODULATION + len(content.rows) - 1

    def column(letter: str) -> str:
        return f"${letter}${FIRST_MODULATION}:${letter}${last}"

    amounts = in_sheet(AMOUNTS)
    e, top, unit = (f"{amounts}$B${row}" for row in (ENVELOPE, APPLIED_CEILING, UNIT))
    target = f"$B${OTHERS_TOTAL}"
    terms: list[Term] = [
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
    put_terms(sheet, terms, typed={FREED_TO})
    put_headings(
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
        put_territory(sheet, number, row)
        for letter, formula, number_format in formulas:
            put_formula(sheet[f"{letter}{number}"], formula, number_format)
        sheet[f"R{number}"].font = BOLD
        kind, value, reason = row.asked or (NO_BOUND, None, "")
        put_text(sheet[f"F{number}"], kind).fill = TYPED
        if value is not None:
            put_number(sheet[f"G{number}"], value, "#,##0.######")
        sheet[f"G{number}"].fill = TYPED
        put_number(sheet[f"S{number}"], row.amount if row.final is None else row.final, EUROS)
        put_text(sheet[f"U{number}"], reason).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width = 42
    sheet.column_dimensions["B"].width = 24
    sheet.column_dimensions["U"].width = 60
    sheet.freeze_panes = f"C{FIRST_MODULATION}"
