"""What the history keeps of the money of the action sheets."""

from __future__ import annotations

from cdppe.lib.money import format_euros
from contracts.history import Kept, Snapshot
from contracts.kept import sheet_name
from contracts.models import Contract
from contracts.places import Place
from funding.models import ActionFinancing, Contributor


def read_amounts(contract: Contract) -> Snapshot:
    """Every amount of every sheet, by who pays, envelope and year."""
    rows = ActionFinancing.objects.filter(action_sheet__contract=contract).select_related(
        "action_sheet", "envelope"
    )
    return {
        Place(
            "sheets", row.action_sheet_id, f"amount-{row.contributor}-{row.envelope_id or 0}-{row.year}"
        ): Kept(sheet_name(row.action_sheet), _label(row), format_euros(row.amount))
        for row in rows
    }


def _label(row: ActionFinancing) -> str:
    who = Contributor(row.contributor).label
    source = f"{who} ({row.envelope.label})" if row.envelope is not None else who
    return f"Montant {row.year}, {source}"
