"""The Financement part of a contract: balances, charts, the department's own means (rules M1, M2, M3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.autosave import autosaved, conflict, form_problems, is_autosave, refused, saved
from contracts.forms.versions import EMPTY, Difference
from contracts.models import Contract
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from funding.actions.own_means import save_own_means
from funding.forms import MeansPageForm
from funding.letters import letters_of_contract
from funding.overview import (
    MeansBox,
    MeansGrid,
    charts_of,
    is_same_amount,
    means_years,
    own_means_of,
)
from funding.plan import build_plan

ANY_VERSION = 1
"""Each amount is compared with the one that its own box was opened with: the whole has no version."""
CONTESTED = (
    "Quelqu’un d’autre a écrit entre-temps des montants que vous changiez. Rien n’a été perdu : les deux "
    "montants sont ci-dessous."
)


@require_http_methods(["GET", "POST"])
@refusals_shown
@autosaved
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
    if is_autosave(request):
        return _autosave(request, contract)
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


def _autosave(request: HttpRequest, contract: Contract) -> HttpResponse:
    """Write the boxes that the person changed, while they go on typing; those of others are shown."""
    form = MeansPageForm(request.POST, contract=contract)
    if not form.is_valid():
        return refused(form_problems(form))
    opened = {name: texts for name, texts in form.raw_opened().items() if name.startswith("m-")}
    typed = {name: request.POST.get(name, "") for name in opened}
    typed |= {f"o-{name.removeprefix('m-')}": texts[0] for name, texts in opened.items()}
    grid = MeansGrid(own_means_of(contract), typed, opened)
    if not grid.is_valid:
        return refused({f"m-{box.name}": box.error for box in grid.problems})
    try:
        save_own_means(contract, changes=grid.changes, by=signed_in(request), is_autosave=True)
    except StaleVersion as refusal:
        return _conflict(request, contract, refusal, typed=typed)
    boxes = MeansGrid(own_means_of(contract)).boxes
    return saved(
        version=ANY_VERSION,
        fields={name: text for name, text in _shown(request, boxes).items() if name not in opened},
        hidden={f"o-{box.name}": box.typed for box in boxes},
    )


def _conflict(
    request: HttpRequest, contract: Contract, refusal: StaleVersion, *, typed: Mapping[str, str]
) -> HttpResponse:
    """The amounts that two people changed, both shown."""
    boxes = MeansGrid(own_means_of(contract)).boxes
    contested = {f"{service}-{year}" for service, year in refusal.stored}
    found = [
        Difference(
            box.label,
            box.typed or EMPTY,
            typed.get(f"m-{box.name}", "") or EMPTY,
            name=f"m-{box.name}",
            theirs=box.typed,
        )
        for box in boxes
        if box.name in contested
    ]
    others = {name: text for name, text in _shown(request, boxes).items() if name not in typed}
    return conflict(request, CONTESTED, found, version=ANY_VERSION, fields=others)


def _shown(request: HttpRequest, boxes: Iterable[MeansBox]) -> dict[str, str]:
    """{box: the stored amount} where the page shows another one."""
    return {
        f"m-{box.name}": box.typed
        for box in boxes
        if not is_same_amount(request.POST.get(f"m-{box.name}", ""), box.typed)
    }


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
        "means_form": MeansPageForm(contract=contract),
        "means_years": means_years(contract),
        "reference_year": contract.campaign.reference_year,
        "lowered": [(service, means) for service in grid.means for means in service.lowered],
        "keeps_means": any(means.is_kept for service in grid.means for means in service.years),
        "sentence": sentence,
        "may_edit": may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "funding/contract_financing.html", context, status=status)
