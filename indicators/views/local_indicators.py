"""A contract's own indicators: add one to an objective, change it, remove it (rule I1)."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from contracts.models import Contract
from contracts.views.access import get_contract, refusals_shown, signed_in
from indicators.actions.local_indicators import (
    create_local_indicator,
    delete_local_indicator,
    save_local_indicator,
)
from indicators.dashboard import OBJECTIVE_KEY, build_dashboard
from indicators.forms import LocalIndicatorForm
from indicators.models import Indicator
from indicators.views.dashboard import find_section, section_address


@require_http_methods(["GET", "HEAD", "POST"])
@refusals_shown
def local_indicator_create(request: HttpRequest, reference: str, section_key: str) -> HttpResponse:
    """Add a row to one objective of the contract."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    section = find_section(build_dashboard(contract), section_key)
    if section.contract_objective_id is None:
        raise Http404
    form = LocalIndicatorForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            indicator = create_local_indicator(
                contract.objectives.get(pk=section.contract_objective_id),
                fields=form.fields_to_save,
                by=signed_in(request),
            )
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Indicateur « {indicator.label} » ajouté : saisissez ses valeurs.")
            return redirect("indicators:dashboard-edit", contract.reference, section.key)
    context = {
        "contract": contract,
        "tab": "dashboard",
        "form": form,
        "heading": section.heading,
        "indicator": None,
        "cancel_url": section_address(contract, section.key),
    }
    return render(
        request, "indicators/local_indicator_form.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@refusals_shown
def local_indicator_edit(request: HttpRequest, reference: str, indicator_id: int) -> HttpResponse:
    """Change the wording of a row of the contract's own, or whether it has targets."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    indicator = get_local_indicator(contract, indicator_id)
    # The form writes in the object that it is given: the page's own must keep the stored wording.
    form = LocalIndicatorForm(
        request.POST if request.method == "POST" else None,
        instance=get_local_indicator(contract, indicator_id),
    )
    if request.method == "POST" and form.is_valid():
        try:
            save_local_indicator(indicator, fields=form.fields_to_save, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Indicateur enregistré.")
            return redirect(section_address(contract, _section_key(indicator)))
    context = {
        "contract": contract,
        "tab": "dashboard",
        "form": form,
        "heading": str(indicator.contract_objective),
        "indicator": indicator,
        "cancel_url": section_address(contract, _section_key(indicator)),
    }
    return render(
        request, "indicators/local_indicator_form.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@refusals_shown
def local_indicator_delete(request: HttpRequest, reference: str, indicator_id: int) -> HttpResponse:
    """Remove a row of the contract's own and its values, after a page that says so."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    indicator = get_local_indicator(contract, indicator_id)
    address = section_address(contract, _section_key(indicator))
    if request.method == "POST":
        delete_local_indicator(indicator, by=signed_in(request))
        messages.success(request, f"Indicateur « {indicator.label} » retiré.")
        return redirect(address)
    context = {
        "contract": contract,
        "tab": "dashboard",
        "indicator": indicator,
        "value_count": indicator.values.count(),
        "cancel_url": address,
    }
    return render(request, "indicators/local_indicator_delete.html", context)


def get_local_indicator(contract: Contract, indicator_id: int) -> Indicator:
    """The contract's own indicator; Http404 for a harmonised one, or another contract's."""
    return get_object_or_404(
        contract.local_indicators.select_related("contract", "contract_objective__objective"), pk=indicator_id
    )


def _section_key(indicator: Indicator) -> str:
    return f"{OBJECTIVE_KEY}-{indicator.contract_objective_id}"
