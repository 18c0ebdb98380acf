"""What funding brings to the contract's document: the amounts of article 2, the accountants of article 4, and
the annexes of the money, plan d'action (annexe 5.3) and fiches action (annexe 5.4).

The blanks of an envelope are named after its code: `amount_<code>`, `<code>_accountant`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cdppe.lib.money import format_amount
from contracts.document import TocEntry
from contracts.models import ActionSheet, Contract
from contracts.registry import Annex
from funding.balance import stated_sum
from funding.models import ActionFinancing, NotifiedAmount, Payer
from funding.plan import SourceAmounts, build_plan, sources_of


def envelope_blanks(contract: Contract) -> dict[str, str | None]:
    """The amounts notified for the campaign's year by envelope, their total, and who pays them out.

    The total is known only once every envelope of the campaign is: a part would read as the whole.
    """
    envelopes = list(contract.campaign.envelopes.all())
    notified = dict(
        NotifiedAmount.objects.filter(
            territory=contract.territory_id, envelope__in=envelopes, year=contract.campaign.year
        ).values_list("envelope_id", "amount")
    )
    accountants = {
        Payer.PREFECTURE.value: contract.state_accountant,
        Payer.ARS.value: contract.agency_accountant,
    }
    values: dict[str, str | None] = {}
    for envelope in envelopes:
        code = envelope.code.lower()
        amount = notified.get(envelope.pk)
        values[f"amount_{code}"] = None if amount is None else format_amount(amount)
        values[f"{code}_accountant"] = accountants[envelope.payer] or None
    is_complete = bool(envelopes) and len(notified) == len(envelopes)
    values["state_total"] = format_amount(sum(notified.values(), Decimal(0))) if is_complete else None
    return values


def build_plan_annex(contract: Contract) -> dict[str, Any]:
    """The data of the action plan's annex: the plan, with what the template needs to draw its rows."""
    plan = build_plan(contract)
    return {
        "plan": plan,
        "contents": [
            TocEntry(f"plan-{number}", commitment.title)
            for number, commitment in enumerate(plan.commitments, start=1)
        ],
        "expected_pages": 3 + plan.action_count // 5,
    }


@dataclass(frozen=True)
class PrintedSheet:
    """A sheet of annexe 5.4 as it is printed: its fields in order, and its money by source and year."""

    anchor: str
    number: int
    title: str
    objective: str
    fields_before: tuple[tuple[str, str], ...]
    fields_after: tuple[tuple[str, str], ...]
    years: tuple[int, ...]
    sources: tuple[SourceAmounts, ...]
    totals: tuple[Decimal | None, ...]
    total: Decimal | None
    has_invented_text: bool


def build_sheets_annex(contract: Contract) -> dict[str, Any]:
    """The data of the sheets' annex, in the order of the plan; as many queries at any size."""
    sources = sources_of(contract.campaign.envelopes.all())
    rows = ActionFinancing.objects.in_plan().filter(action_sheet__contract=contract).order_by()
    amounts: dict[int, dict[tuple[int, int | str], Decimal]] = {}
    for sheet_id, year, contributor, envelope_id, amount in rows.values_list(
        "action_sheet_id", "year", "contributor", "envelope_id", "amount"
    ):
        amounts.setdefault(sheet_id, {})[year, envelope_id or contributor] = amount
    sheets = [
        _printed(sheet, amounts.get(sheet.pk, {}), tuple(contract.years), sources)
        for sheet in contract.action_sheets.in_plan()
        .in_order()
        .select_related("contract_objective__objective")
    ]
    return {
        "sheets": sheets,
        "contents": [TocEntry(sheet.anchor, f"{sheet.number}. {sheet.title}") for sheet in sheets],
        "expected_pages": len(sheets) + 1,
    }


def _printed(
    sheet: ActionSheet,
    amounts: Mapping[tuple[int, int | str], Decimal],
    contract_years: tuple[int, ...],
    sources: tuple[Any, ...],
) -> PrintedSheet:
    # A year outside the contract for which an amount is stated is shown all the same: nothing is hidden.
    years = tuple(sorted({*contract_years, *(year for year, _ in amounts)}))
    lines = []
    for source in sources:
        cells = tuple(amounts.get((year, source.key)) for year in years)
        if source.is_state and all(cell is None for cell in cells):
            continue
        lines.append(SourceAmounts(source, cells, stated_sum(cells)))
    return PrintedSheet(
        anchor=f"fiche-{sheet.number}",
        number=sheet.number,
        title=sheet.title,
        objective=sheet.contract_objective.label,
        fields_before=(
            ("Référent (personne ou institution)", sheet.referent),
            ("Constat du diagnostic", sheet.diagnosis),
            ("Objectif opérationnel", sheet.operational_objective),
            ("Description de l’action", sheet.description),
            ("Public", sheet.public),
            ("Identification des acteurs à mobiliser", sheet.actors),
        ),
        fields_after=(
            ("Calendrier prévisionnel", sheet.calendar),
            ("Indicateurs de mise en œuvre de l’action", sheet.implementation_indicators),
            ("Points de vigilance", sheet.vigilance_points),
        ),
        years=years,
        sources=tuple(lines),
        totals=tuple(stated_sum(line.amounts[index] for line in lines) for index in range(len(years))),
        total=stated_sum(line.total for line in lines),
        has_invented_text=sheet.has_invented_text,
    )


PLAN_ANNEX = Annex("plan", "Plan d’action", 2, "documents/annex_plan.html", build_plan_annex)
SHEETS_ANNEX = Annex("sheets", "Fiches action", 3, "documents/annex_sheets.html", build_sheets_annex)
