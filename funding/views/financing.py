"""The Financement part of a contract: balances, charts, the department's own means (rules M1, M2, M3)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.models import Contract
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from funding.actions.own_means import save_own_means
from funding.letters import letters_of_contract
from funding.overview import MeansGrid, charts_of, means_years, own_means_of
from funding.plan import build_plan


@require_http_methods(["GET", "POST"])
@refusals_shown
def financing(request: HttpRequest, reference: str) -> HttpResponse:
    """Everything that concerns the money of the contract; a POST writes the department's own means.

    A GET with what is being typed in their boxes (`m-ase-…`) says what it does to rule M3; it writes nothing.
    """
    if request.method == "GET":
        contract = get_contract(request, reference)
        services = own_means_of(contract)
        is_typed = any(name.startswith("m-") for name in request.GET)
        return _page(request, contract, MeansGrid(services, request.GET.dict() if is_typed else None))
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    grid = MeansGrid(own_means_of(contract), request.POST.dict())
    if not grid.is_valid:
        return _page(request, contract, grid, status=422)
    try:
        written = save_own_means(contract, changes=grid.changes, by=signed_in(request))
    except StaleVersion as refusal:
        grid.stand_on(refusal.stored)
        return _page(request, contract, grid, sentence=str(refusal), status=409)
    except RuleViolation as refusal:
        return _page(request, contract, grid, sentence=str(refusal), status=409)
    if written:
        messages.success(request, "Les moyens propres du département sont enregistrés.")
    else:
        messages.info(request, "Rien n’a changé : aucun montant n’était différent.")
    return redirect("funding:financing", contract.reference)


def _page(
    request: HttpRequest, contract: Contract, grid: MeansGrid, *, sentence: str = "", status: int = 200
) -> HttpResponse:
    plan = build_plan(contract)
    services = own_means_of(contract)
    context = {
        "contract": contract,
        "tab": "financing",
        "plan": plan,
        "charts": charts_of(plan),
        "letters": letters_of_contract(contract),
        "grid": grid,
        "services": services,
        "means_years": means_years(contract),
        "reference_year": contract.campaign.reference_year,
        "lowered": [(service, means) for service in grid.means for means in service.lowered],
        "keeps_means": any(means.is_kept for service in grid.means for means in service.years),
        "sentence": sentence,
        "may_edit": may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "funding/contract_financing.html", context, status=status)
