"""The page of one action sheet: its texts (annexe 5.4), its money and live totals (A1, M1, M2, O3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.actions.action_sheets import SHEET_FIELDS, sheet_place
from contracts.actions.versions import Clashing
from contracts.autosave import autosaved, conflict, form_problems, is_autosave, refused
from contracts.autosave import saved as saved_answer
from contracts.demands import find_demand
from contracts.forms import ActionSheetForm
from contracts.forms.versions import Difference, differences, rebase, taken_over
from contracts.models import ActionSheet, Contract, ContractObjective
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from funding.actions.financing import expense_key, save_sheet_with_financing
from funding.actions.sheet_copies import copy_sheet
from funding.balance import stated_sum
from funding.expenses import ExpenseRow, typed_expenses
from funding.grid import Grid, cell_name, typed_amounts
from funding.sheet_money import (
    SheetBalance,
    amount_differences,
    changed_expenses,
    expense_differences,
    grid_problems,
    opened_with,
    row_key,
    sheet_balance,
    sheet_expenses,
    sheet_grid,
    stated_amounts,
    stored_amounts,
    stored_expenses,
)

FINANCING_ID = "financing"
"""The element of the page that a new choice of objective replaces whole."""

# In the order of annexe 5.4, the money comes after the actors.
FIELDS_BEFORE_MONEY = SHEET_FIELDS[: SHEET_FIELDS.index("calendar")]
FIELDS_AFTER_MONEY = SHEET_FIELDS[SHEET_FIELDS.index("calendar") :]


@require_http_methods(["GET", "POST"])
@refusals_shown
@autosaved
def sheet_create(request: HttpRequest, reference: str) -> HttpResponse:
    """A new sheet; `?objectif=` (a contract objective's id) chooses its objective beforehand.

    `?demande=` (a demanded sheet's code, O5) fills it with the skeleton, and the saved sheet answers it.
    """
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    code = request.GET.get("demande", "")
    demand = find_demand(contract, code) if code else None
    if request.method == "POST":
        return _save(request, contract, None, answers_demand=demand.template.code if demand else "")
    initial: dict[str, Any] = {}
    if demand is not None:
        chosen: ContractObjective | None = demand.contract_objective
        initial = {"title": demand.template.title, **demand.template.texts}
    else:
        chosen = _chosen(contract, request.GET.get("objectif", ""))
    form = ActionSheetForm(contract=contract, initial=initial | {"contract_objective": chosen})
    grid = sheet_grid(contract, None, chosen, {})
    return _page(request, contract, None, form, grid, sheet_expenses(contract, grid, {}))


@require_http_methods(["GET", "POST"])
@refusals_shown
@autosaved
def sheet_edit(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Read one sheet; write it when the role and the contract's state allow it."""
    if request.method == "POST":
        contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
        return _save(request, contract, _written_sheet(request, contract, number))
    contract = get_contract(request, reference)
    sheet = _sheet(contract, number)
    grid = sheet_grid(contract, sheet, sheet.contract_objective, stored_amounts(sheet))
    expenses = sheet_expenses(contract, grid, stored_expenses(sheet))
    form = ActionSheetForm(instance=sheet, contract=contract)
    if may(request, Ability.CONTRACT_EDIT, contract) and not sheet.is_archived:
        return _page(request, contract, sheet, form, grid, expenses)
    context = _context(contract, sheet, sheet.contract_objective, grid, expenses) | {
        "place": sheet_place(sheet),
        "texts": [
            (form.fields[name].label, getattr(sheet, name), name)
            for name in SHEET_FIELDS
            if name not in ("contract_objective", "title")
        ],
        "may_restore": sheet.is_archived and may(request, Ability.CONTRACT_EDIT, contract),
    }
    return render(request, "funding/action_sheet_read.html", context)


@require_POST
@refusals_shown
def sheet_totals(request: HttpRequest, reference: str, number: int | None = None) -> HttpResponse:
    """The totals and balances of the grid as it is being typed; writes nothing.

    The whole financing part when the objective was changed, since its rows change; else the figures alone.
    """
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = None if number is None else _written_sheet(request, contract, number)
    chosen = _chosen(contract, request.POST.get("contract_objective", ""))
    grid = sheet_grid(contract, sheet, chosen, request.POST.dict())
    expenses = sheet_expenses(contract, grid, request.POST.dict())
    context = _context(contract, sheet, chosen, grid, expenses)
    is_whole = request.headers.get("HX-Target") == FINANCING_ID
    return render(request, "funding/financing.html" if is_whole else "funding/financing_totals.html", context)


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheet_copy(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Ask whether the amounts are copied too, none by default (GET), then copy the sheet (POST)."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = get_object_or_404(
        ActionSheet.objects.in_plan().select_related("contract", "contract_objective__objective"),
        contract=contract,
        pk=pk,
    )
    if request.method == "POST":
        with_amounts = request.POST.get("with_amounts") == "on"
        copy = copy_sheet(sheet, with_amounts=with_amounts, by=signed_in(request))
        messages.success(
            request,
            f"La fiche action n° {copy.number} est une copie de la fiche n° {sheet.number}, "
            + ("avec ses montants." if with_amounts else "sans ses montants."),
        )
        if with_amounts:
            grid = sheet_grid(contract, copy, copy.contract_objective, stored_amounts(copy))
            for sentence in sheet_balance(contract, copy, copy.contract_objective, grid).exceeded:
                messages.warning(request, sentence)
        return redirect("funding:sheet-edit", contract.reference, copy.number)
    context = {
        "contract": contract,
        "tab": "sheets",
        "sheet": sheet,
        "planned": stated_sum(sheet.financings.values_list("amount", flat=True)),
    }
    return render(request, "funding/sheet_copy.html", context)


def _save(
    request: HttpRequest, contract: Contract, sheet: ActionSheet | None, *, answers_demand: str = ""
) -> HttpResponse:
    form = ActionSheetForm(request.POST, instance=sheet, contract=contract)
    is_valid = form.is_valid()
    chosen = form.cleaned_data.get("contract_objective")
    grid = sheet_grid(contract, sheet, chosen, request.POST.dict())
    expenses = sheet_expenses(contract, grid, request.POST.dict())
    if not (is_valid and grid.is_valid and not any(row.error for row in expenses)):
        if is_autosave(request):
            wrong = {row.nature_name: row.error for row in expenses if row.error}
            return refused(form_problems(form) | grid_problems(grid) | wrong)
        return _page(request, contract, sheet, form, grid, expenses, status=422)
    opened = opened_with(form, expenses)
    try:
        saved = save_sheet_with_financing(
            contract,
            sheet,
            fields=form.fields_to_save,
            version=form.cleaned_data["version"],
            amounts=stated_amounts(grid),
            by=signed_in(request),
            opened=opened,
            token=form.cleaned_data["creation_token"],
            is_autosave=is_autosave(request),
            answers_demand=answers_demand,
            expenses=changed_expenses(expenses, form, request.POST),
        )
    except StaleVersion as refusal:
        rebase(form, refusal.stored.version)
        return _stale(request, contract, refusal, form, grid, expenses)
    except RuleViolation as refusal:
        if is_autosave(request):
            return refused({"": str(refusal)})
        # Sent twice, or a contract that was finalised in the meantime: what was typed stays on the page.
        return _page(request, contract, sheet, form, grid, expenses, status=409, sentence=str(refusal))
    if is_autosave(request):
        return _autosaved(contract, sheet, saved, form, grid, expenses)
    _tell(request, saved, sheet_balance(contract, saved, saved.contract_objective, grid))
    return redirect("funding:sheet-edit", contract.reference, saved.number)


def _autosaved(
    contract: Contract,
    sheet: ActionSheet | None,
    saved: ActionSheet,
    form: ActionSheetForm,
    grid: Grid,
    expenses: Sequence[ExpenseRow],
) -> HttpResponse:
    """What the page that saves by itself learns; a sheet that it created is its own from now on."""
    url = "" if sheet is not None else reverse("funding:sheet-edit", args=[contract.reference, saved.number])
    return saved_answer(
        version=saved.version,
        url=url,
        heading=f"Fiche action n° {saved.number}" if url else "",
        fields=_taken_over(saved, form, grid, expenses),
        hidden={"place": sheet_place(saved)},
    )


def _taken_over(
    stored: ActionSheet, form: ActionSheetForm, grid: Grid, expenses: Sequence[ExpenseRow]
) -> dict[str, str]:
    """{input: what is stored} where the sheet as it is now stored differs from what the page sent."""
    sent = typed_amounts(grid.amounts) | typed_expenses(row.stated for row in expenses)
    kept = stored_amounts(stored) | stored_expenses(stored)
    return taken_over(form, {name: getattr(stored, name) for name in SHEET_FIELDS}) | {
        name: kept.get(name, "") for name in {*sent, *kept} if sent.get(name) != kept.get(name)
    }


def _tell(request: HttpRequest, sheet: ActionSheet, balance: SheetBalance) -> None:
    messages.success(request, f"La fiche action n° {sheet.number} est enregistrée.")
    for sentence in balance.exceeded:
        messages.warning(request, sentence)


def _stale(
    request: HttpRequest,
    contract: Contract,
    refusal: StaleVersion,
    form: ActionSheetForm,
    grid: Grid,
    expenses: Sequence[ExpenseRow],
) -> HttpResponse:
    """What was typed, and what somebody else saved in the meantime beside it, on the fields to choose."""
    stored: ActionSheet = refusal.stored
    clashes = refusal.clashes if isinstance(refusal, Clashing) else SHEET_FIELDS
    boxes = {cell_name(*row) for key in clashes if (row := row_key(key)) is not None}
    sent, kept = typed_amounts(grid.amounts), stored_amounts(stored)
    found = [
        *differences(form, stored, [name for name in SHEET_FIELDS if name in clashes]),
        *amount_differences(
            contract,
            {name: text for name, text in sent.items() if name in boxes},
            {name: text for name, text in kept.items() if name in boxes},
        ),
        *expense_differences(
            [row for row in expenses if expense_key(row.envelope_id) in clashes],
            sheet_expenses(contract, grid, stored_expenses(stored)),
        ),
    ]
    if is_autosave(request):
        clashing = {each.name for each in found}
        others = {
            name: text
            for name, text in _taken_over(stored, form, grid, expenses).items()
            if name not in clashing and name not in form.raw_opened()
        }
        return conflict(request, str(refusal), found, version=stored.version, fields=others)
    return _page(
        request, contract, stored, form, grid, expenses, status=409, sentence=str(refusal), differences=found
    )


# --- What the page shows ------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    contract: Contract,
    sheet: ActionSheet | None,
    form: ActionSheetForm,
    grid: Grid,
    expenses: Sequence[ExpenseRow],
    *,
    status: int = 200,
    sentence: str = "",
    differences: Sequence[Difference] = (),
) -> HttpResponse:
    chosen = _chosen(contract, str(form["contract_objective"].value() or ""))
    context = _context(contract, sheet, chosen, grid, expenses)
    form.fields["contract_objective"].widget.attrs.update(
        {
            "hx-post": context["totals_url"],
            "hx-trigger": "change",
            "hx-target": f"#{FINANCING_ID}",
            "hx-swap": "outerHTML",
        }
    )
    context |= {
        "form": form,
        "fields_before": [form[name] for name in FIELDS_BEFORE_MONEY],
        "fields_after": [form[name] for name in FIELDS_AFTER_MONEY],
        "error_fields": [field for field in form if field.errors],
        "is_refused": status == 422,
        "sentence": sentence,
        "differences": differences,
    }
    return render(request, "funding/action_sheet.html", context, status=status)


def _context(
    contract: Contract,
    sheet: ActionSheet | None,
    chosen: ContractObjective | None,
    grid: Grid,
    expenses: Sequence[ExpenseRow],
) -> dict[str, Any]:
    if sheet is None:
        totals_url = reverse("funding:sheet-create-totals", args=[contract.reference])
    else:
        totals_url = reverse("funding:sheet-totals", args=[contract.reference, sheet.number])
    return {
        "contract": contract,
        "tab": "sheets",
        "sheet": sheet,
        "objective": chosen,
        "grid": grid,
        "expenses": expenses,
        "balance": sheet_balance(contract, sheet, chosen, grid),
        "totals_url": totals_url,
    }


def _sheet(contract: Contract, number: int) -> ActionSheet:
    sheet = (
        ActionSheet.objects.filter(contract=contract, number=number)
        .select_related("contract_objective__objective", "updated_by")
        .first()
    )
    if sheet is None:
        raise Http404
    return sheet


def _written_sheet(request: HttpRequest, contract: Contract, number: int) -> ActionSheet:
    """The sheet that a form was opened for, by the primary key that it carries (`sheet`).

    Its number may have gone to another sheet in the meantime (`renumber_action_sheets`): nobody's text may be
    written there. A form without the key names its sheet by the number.
    """
    typed = request.POST.get("sheet", "") or request.POST.get("place", "").removeprefix("sheets/")
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 18):
        return _sheet(contract, number)
    found = (
        ActionSheet.objects.filter(contract=contract, pk=typed)
        .select_related("contract_objective__objective", "updated_by")
        .first()
    )
    if found is None:
        raise WrongState(
            f"La fiche action n° {number} a été supprimée entre-temps : rien n’a été enregistré."
        )
    return found


def _chosen(contract: Contract, typed: str) -> ContractObjective | None:
    """The objective that a choice field names, None when it names none of this contract's."""
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 18):
        return None
    return contract.objectives.select_related("objective").filter(pk=typed).first()
