"""The objectives of a contract: the fundamental ones, those chosen, the territory's own (O1, O2, O4-O7)."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from contracts.actions.objectives import (
    add_objective,
    add_own_objective,
    remove_objective,
    what_depends_on,
)
from contracts.demands import Demand, demands_of
from contracts.forms import AddObjectiveForm, OwnObjectiveForm
from contracts.models import Contract
from contracts.views.access import get_contract, may, refusals_shown, signed_in


@require_GET
def objectives(request: HttpRequest, reference: str) -> HttpResponse:
    """The whole catalogue of the campaign by commitment and measure, with what the contract carries of it."""
    contract = get_contract(request, reference)
    return render(request, "contracts/objectives.html", _context(request, contract, OwnObjectiveForm()))


def _context(request: HttpRequest, contract: Contract, own_form: OwnObjectiveForm) -> dict[str, Any]:
    campaign = contract.campaign
    carried = {
        each.objective_id: each
        for each in contract.objectives.select_related("objective").annotate(
            sheet_count=Count("action_sheets", filter=Q(action_sheets__archived_at__isnull=True))
        )
        if each.objective_id is not None
    }
    own = list(
        contract.objectives.filter(objective__isnull=True)
        .annotate(sheet_count=Count("action_sheets", filter=Q(action_sheets__archived_at__isnull=True)))
        .order_by("pk")
    )
    catalogue = list(campaign.objectives.select_related("measure__commitment"))
    may_edit = may(request, Ability.CONTRACT_EDIT, contract)
    optional_count = sum(not each.is_fundamental for each in catalogue if each.pk in carried)
    return {
        "contract": contract,
        "tab": "objectives",
        "commitments": _by_commitment(catalogue, carried, demands_of(contract)),
        "fundamental_count": sum(each.is_fundamental for each in catalogue),
        "optional_count": optional_count,
        "is_full": optional_count >= campaign.optional_maximum,
        "own_objectives": own,
        "has_assumptions": any(each.is_assumption for each in catalogue),
        "own_form": own_form,
        "may_edit": may_edit,
        "may_add_own": may_edit and len(own) < campaign.own_objective_maximum,
    }


def _by_commitment(
    catalogue: list[Any], carried: dict[int, Any], demands: list[Demand]
) -> list[dict[str, Any]]:
    """[{"commitment", "measures": [{"measure", "rows": [{objective, contract_objective, demands}]}]}]."""
    of_objective: dict[int, list[Demand]] = defaultdict(list)
    for demand in demands:
        of_objective[demand.template.objective_id].append(demand)
    return [
        {
            "commitment": commitment,
            "measures": [
                {
                    "measure": measure,
                    "rows": [
                        {
                            "objective": each,
                            "contract_objective": carried.get(each.pk),
                            "demands": of_objective[each.pk],
                        }
                        for each in of_measure
                    ],
                }
                for measure, of_measure in groupby(of_commitment, key=lambda each: each.measure)
            ],
        }
        for commitment, of_commitment in groupby(catalogue, key=lambda each: each.measure.commitment)
    ]


@require_POST
@refusals_shown
def objective_add(request: HttpRequest, reference: str) -> HttpResponse:
    """Choose an optional objective."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    form = AddObjectiveForm(request.POST, contract=contract)
    if not form.is_valid():
        raise RuleViolation(" ".join(form.errors["objective"]))
    added = add_objective(contract, form.cleaned_data["objective"], by=signed_in(request))
    messages.success(request, f"{added.short_label} est dans le contrat.")
    return redirect("contracts:objectives", contract.reference)


@require_POST
@refusals_shown
def own_objective_add(request: HttpRequest, reference: str) -> HttpResponse:
    """Write the territory's own objective."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    form = OwnObjectiveForm(request.POST)
    if not form.is_valid():
        context = _context(request, contract, form)
        return render(request, "contracts/objectives.html", context, status=422)
    add_own_objective(contract, title=form.cleaned_data["title"], by=signed_in(request))
    messages.success(request, "L’objectif propre est dans le contrat.")
    return redirect("contracts:objectives", contract.reference)


@require_http_methods(["GET", "POST"])
@refusals_shown
def objective_remove(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Ask for a confirmation, or say what depends on the objective (GET); take it out (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    chosen = get_object_or_404(contract.objectives.select_related("objective", "contract"), pk=pk)
    if request.method == "POST":
        remove_objective(chosen, by=signed_in(request))
        messages.success(request, f"{chosen.short_label} n’est plus dans le contrat.")
        return redirect("contracts:objectives", contract.reference)
    context = {
        "contract": contract,
        "tab": "objectives",
        "chosen": chosen,
        "reasons": what_depends_on(chosen),
    }
    return render(request, "contracts/objective_remove.html", context)
