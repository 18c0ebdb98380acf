"""The list of a contract's sheets, their order, numbers, archive; the demanded ones (A1, A2, O5)."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import (
    archive_action_sheet,
    delete_action_sheet,
    restore_action_sheet,
    state_demand,
)
from contracts.actions.sheet_order import (
    Rank,
    move_action_sheet,
    place_action_sheet,
    renumber_action_sheets,
    renumbering,
)
from contracts.demands import demands_of, find_demand
from contracts.forms.sheet_filters import DemandedSheetForm, SheetFilterForm, SheetMoveForm
from contracts.models import ActionSheet, Contract
from contracts.overview import sheet_facts, sheets_with_parts
from contracts.places import field_label
from contracts.progress import FINANCING_FIELD
from contracts.views.access import get_contract, may, refusals_shown, signed_in


@require_GET
def sheets(request: HttpRequest, reference: str) -> HttpResponse:
    """Every sheet by objective, with what rule A2 still asks of it; the archived ones apart."""
    contract = get_contract(request, reference)
    return render(request, "contracts/sheets.html", _list_context(request, contract))


def _list_context(request: HttpRequest, contract: Contract) -> dict[str, Any]:
    form = SheetFilterForm(request.GET, contract=contract)
    form.is_valid()
    found = sheets_with_parts(
        ActionSheet.objects.filter(contract=contract)
        .select_related("contract_objective__objective")
        .only(
            "number",
            "title",
            "referent",
            "has_invented_text",
            "archived_at",
            "contract_id",
            "contract_objective__own_title",
            "contract_objective__objective__number",
            "contract_objective__objective__title",
        )
    )
    # What the gestures of a filtered list come back to.
    query = f"?{request.GET.urlencode()}" if form.is_filtering else ""
    lines = [_line(contract, sheet, query) for sheet in found]
    in_plan = [line for line in lines if not line["sheet"].is_archived]
    shown = [line for line in lines if form.keeps(line["sheet"], is_complete=line["facts"].is_complete)]
    may_edit = may(request, Ability.CONTRACT_EDIT, contract)
    return {
        "contract": contract,
        "tab": "sheets",
        "filter": form,
        "groups": _by_objective([line for line in shown if not line["sheet"].is_archived]),
        "archived": [line["sheet"] for line in shown if line["sheet"].is_archived],
        "sheet_count": len(in_plan),
        "shown_count": len(shown),
        "archived_count": len(lines) - len(in_plan),
        "complete_count": sum(line["facts"].is_complete for line in in_plan),
        "open_demands": [each for each in demands_of(contract) if not each.is_answered],
        "may_edit": may_edit,
        "may_order": may_edit and not form.hides_neighbours,
        "announcement": "",
    }


def _line(contract: Contract, sheet: ActionSheet, query: str) -> dict[str, Any]:
    """One sheet of the list: {"sheet", "facts", "url", "move_url", "gaps": [{"words", "url"}]}."""
    facts = sheet_facts(sheet)
    url = reverse("funding:sheet-edit", args=[contract.reference, sheet.number])
    move_url = reverse("contracts:sheet-move", args=[contract.reference, sheet.pk])
    gaps = [
        {"words": words, "url": f"{url}#{'financing' if name == FINANCING_FIELD else f'id_{name}'}"}
        for name, words in zip(facts.missing_fields, facts.missing, strict=True)
    ]
    return {"sheet": sheet, "facts": facts, "url": url, "move_url": f"{move_url}{query}", "gaps": gaps}


def _by_objective(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """[{"objective", "lines"}] in the plan's order; each line knows whether it is the first or the last."""
    groups = []
    for objective, members in groupby(lines, key=lambda line: line["sheet"].contract_objective):
        of_objective = list(members)
        for rank, line in enumerate(of_objective):
            line["is_first"], line["is_last"] = rank == 0, rank == len(of_objective) - 1
        groups.append({"objective": objective, "lines": of_objective})
    return groups


# --- Order and numbers --------------------------------------------------------------------------


@require_POST
@refusals_shown
def sheet_move(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Rank one sheet among those of its objective: one step, or before another.

    Without script, back to the list; asked by htmx, the list itself and what a screen reader hears.
    """
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = _sheet(contract, pk)
    form = SheetMoveForm(request.POST)
    by = signed_in(request)
    try:
        if not form.is_valid():
            raise RuleViolation("Choisissez « Monter », « Descendre » ou une place dans la liste.")
        if form.cleaned_data["sens"]:
            rank = move_action_sheet(sheet, is_up=form.cleaned_data["sens"] == "haut", by=by)
        else:
            rank = place_action_sheet(sheet, before=form.before, by=by)
    except RuleViolation as refusal:
        if not _is_htmx(request):
            raise
        return _list_part(request, contract, str(refusal))
    if _is_htmx(request):
        return _list_part(request, contract, _told(rank))
    messages.success(request, _told(rank))
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(f"{reverse('contracts:sheets', args=[contract.reference])}{query}#sheet-{sheet.pk}")


def _told(rank: Rank) -> str:
    name = f"Fiche n° {rank.sheet.number}"
    place = f"{rank.place} sur {rank.count} dans son objectif"
    return f"{name} : rangée, {place}." if rank.has_moved else f"{name} : déjà à cette place, {place}."


def _list_part(request: HttpRequest, contract: Contract, announcement: str) -> HttpResponse:
    context = _list_context(request, contract) | {"announcement": announcement}
    return render(request, "contracts/sheet_list.html", context)


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheets_renumber(request: HttpRequest, reference: str) -> HttpResponse:
    """Say which numbers would change to follow the order (GET), then change them (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    if request.method == "POST":
        token = request.POST.get("token", "")
        count = renumber_action_sheets(contract, token=token, by=signed_in(request))
        told = "1 fiche a changé de numéro." if count == 1 else f"{count} fiches ont changé de numéro."
        messages.success(request, f"Les numéros suivent l’ordre des fiches : {told}")
        return redirect("contracts:sheets", contract.reference)
    context = {"contract": contract, "tab": "sheets", "renumbering": renumbering(contract)}
    return render(request, "contracts/sheets_renumber.html", context)


# --- Archive and deletion -----------------------------------------------------------------------


@require_POST
@refusals_shown
def sheet_archive(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Put one sheet aside."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = archive_action_sheet(_sheet(contract, pk), by=signed_in(request))
    messages.success(
        request,
        f"La fiche action n° {sheet.number} est archivée : ni elle ni ses montants ne comptent plus. "
        "Elle se restaure depuis le bas de cette page.",
    )
    return redirect("contracts:sheets", contract.reference)


@require_POST
@refusals_shown
def sheet_restore(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Bring one archived sheet back."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = restore_action_sheet(_sheet(contract, pk), by=signed_in(request))
    messages.success(
        request,
        f"La fiche action n° {sheet.number} est restaurée : elle et ses montants comptent de nouveau.",
    )
    return redirect(f"{reverse('contracts:sheets', args=[contract.reference])}#sheet-{sheet.pk}")


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheet_delete(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Ask for a confirmation (GET), then delete the sheet with its financing (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = get_object_or_404(
        ActionSheet.objects.select_related("contract_objective__objective"), contract=contract, number=number
    )
    if request.method == "POST":
        # Numbers change hands when somebody renumbers: only the sheet that was shown is deleted.
        if request.POST.get("sheet", str(sheet.pk)) != str(sheet.pk):
            raise RuleViolation(
                "Les fiches ont été renumérotées depuis l’affichage de cette page : rien n’a été supprimé. "
                "Revenez à la liste des fiches."
            )
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


# --- Demanded sheets ----------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheet_demand(request: HttpRequest, reference: str, code: str) -> HttpResponse:
    """A demanded sheet (O5): what the text asks, its skeleton; or which written sheet answers it (POST)."""
    editing = Ability.CONTRACT_EDIT if request.method == "POST" else None
    contract = get_contract(request, reference, editing, editable=request.method == "POST")
    demand = find_demand(contract, code)
    if demand is None:
        raise Http404
    form = DemandedSheetForm(request.POST or None, objective=demand.contract_objective)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            sheet = state_demand(form.cleaned_data["sheet"], code=code, by=signed_in(request))
            messages.success(request, f"La fiche action n° {sheet.number} répond à la fiche demandée.")
            return redirect("contracts:sheets", contract.reference)
        form.errors.setdefault("sheet", form.error_class(["Choisissez la fiche qui répond à la demande."]))
        status = 422
    context = {
        "contract": contract,
        "tab": "sheets",
        "demand": demand,
        "texts": [
            (field_label(ActionSheet, name), text) for name, text in demand.template.texts.items() if text
        ],
        "form": form,
        "may_edit": may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "contracts/sheet_demand.html", context, status=status)


def _sheet(contract: Contract, pk: int) -> ActionSheet:
    return get_object_or_404(ActionSheet.objects.select_related("contract"), contract=contract, pk=pk)
