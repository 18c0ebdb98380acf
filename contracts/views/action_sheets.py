"""The list of a contract's action sheets and the deletion of one (annexe 5.4; rules A1, A2)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability
from contracts.actions.action_sheets import delete_action_sheet
from contracts.models import ActionSheet
from contracts.overview import sheet_facts, sheets_with_parts
from contracts.views.access import get_contract, may, refusals_shown, signed_in


@require_GET
def sheets(request: HttpRequest, reference: str) -> HttpResponse:
    """Every sheet: its number, title, objective, and what rule A2 still asks of it."""
    contract = get_contract(request, reference)
    found = sheets_with_parts(
        ActionSheet.objects.filter(contract=contract)
        .select_related("contract_objective__objective")
        .only(
            "number",
            "title",
            "referent",
            "has_invented_text",
            "contract_id",
            "contract_objective__own_title",
            "contract_objective__objective__number",
            "contract_objective__objective__title",
        )
    )
    lines = [{"sheet": sheet, "facts": sheet_facts(sheet)} for sheet in found]
    context = {
        "contract": contract,
        "tab": "sheets",
        "lines": lines,
        "complete_count": sum(line["facts"].is_complete for line in lines),
        "may_edit": may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "contracts/sheets.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheet_delete(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Ask for a confirmation (GET), then delete the sheet with its financing (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = get_object_or_404(
        ActionSheet.objects.select_related("contract_objective__objective"), contract=contract, number=number
    )
    if request.method == "POST":
        delete_action_sheet(sheet, by=signed_in(request))
        messages.success(request, f"La fiche action n° {sheet.number} est supprimée.")
        return redirect("contracts:sheets", contract.reference)
    context = {
        "contract": contract,
        "tab": "sheets",
        "sheet": sheet,
        "financing_count": sheet.financings.count(),
    }
    return render(request, "contracts/sheet_delete.html", context)
