"""The page of one action sheet: its texts (annexe 5.4), its money and live totals (A1, M1, M2, O3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation, StaleVersion
from cdppe.lib.money import format_euros
from contracts.actions.action_sheets import SHEET_FIELDS
from contracts.forms import ActionSheetForm
from contracts.forms.versions import EMPTY, Difference, differences, rebase
from contracts.models import ActionSheet, Contract, ContractObjective
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.balance import DepartmentShare, EnvelopeYear, stated_sum
from funding.expenses import ExpenseRow, StatedExpense, read_expenses, terms_of, typed_expenses
from funding.grid import DEPARTMENT, OTHER, Grid, GridRow, read_grid, typed_amounts
from funding.models import ActionFinancing, Contributor, Envelope, StateExpense
from funding.plan import EnvelopeBalance, envelope_balances, objective_money

FINANCING_ID = "financing"
"""The element of the page that a new choice of objective replaces whole."""

# In the order of annexe 5.4, the money comes after the actors.
FIELDS_BEFORE_MONEY = SHEET_FIELDS[: SHEET_FIELDS.index("calendar")]
FIELDS_AFTER_MONEY = SHEET_FIELDS[SHEET_FIELDS.index("calendar") :]


@dataclass(frozen=True)
class SheetBalance:
    """What the grid, as it is typed, does to the balances of its envelopes and of its objective."""

    envelopes: tuple[EnvelopeBalance, ...]
    share: DepartmentShare
    objective_label: str
    total: Decimal | None

    @property
    def summary(self) -> str:
        """What a screen reader hears when the totals change: the sheet's total, then what is exceeded."""
        if self.total is None:
            return "Aucun montant n’est indiqué."
        return " ".join([f"Total de la fiche : {format_euros(self.total)}.", *self.exceeded])

    @property
    def exceeded(self) -> tuple[str, ...]:
        """A sentence for each envelope and year in which the plan exceeds what was notified (rule M1)."""
        return tuple(
            f"{envelope.label}, {line.year} : "
            f"le plan dépasse de {format_euros(line.excess)} le montant notifié."
            for envelope in self.envelopes
            for line in envelope.years
            if line.is_exceeded
        )


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheet_create(request: HttpRequest, reference: str) -> HttpResponse:
    """A new sheet, empty; `?objectif=` (a contract objective's id) chooses its objective beforehand."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    if request.method == "POST":
        return _save(request, contract, None)
    chosen = _chosen(contract, request.GET.get("objectif", ""))
    form = ActionSheetForm(contract=contract, initial={"contract_objective": chosen})
    grid = _grid(contract, None, chosen, {})
    return _page(request, contract, None, form, grid, _expenses(contract, grid, {}))


@require_http_methods(["GET", "POST"])
@refusals_shown
def sheet_edit(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Read one sheet; write it when the role and the contract's state allow it."""
    if request.method == "POST":
        contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
        return _save(request, contract, _sheet(contract, number))
    contract = get_contract(request, reference)
    sheet = _sheet(contract, number)
    grid = _grid(contract, sheet, sheet.contract_objective, _stored(sheet))
    expenses = _expenses(contract, grid, _stored_expenses(sheet))
    form = ActionSheetForm(instance=sheet, contract=contract)
    if may(request, Ability.CONTRACT_EDIT, contract):
        return _page(request, contract, sheet, form, grid, expenses)
    context = _context(contract, sheet, sheet.contract_objective, grid, expenses) | {
        "texts": [
            (form.fields[name].label, getattr(sheet, name))
            for name in SHEET_FIELDS
            if name not in ("contract_objective", "title")
        ],
    }
    return render(request, "funding/action_sheet_read.html", context)


@require_POST
@refusals_shown
def sheet_totals(request: HttpRequest, reference: str, number: int | None = None) -> HttpResponse:
    """The totals and balances of the grid as it is being typed; writes nothing.

    The whole financing part when the objective was changed, since its rows change; else the figures alone.
    """
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT, editable=True)
    sheet = None if number is None else _sheet(contract, number)
    chosen = _chosen(contract, request.POST.get("contract_objective", ""))
    grid = _grid(contract, sheet, chosen, request.POST.dict())
    expenses = _expenses(contract, grid, request.POST.dict())
    context = _context(contract, sheet, chosen, grid, expenses)
    is_whole = request.headers.get("HX-Target") == FINANCING_ID
    return render(request, "funding/financing.html" if is_whole else "funding/financing_totals.html", context)


def _save(request: HttpRequest, contract: Contract, sheet: ActionSheet | None) -> HttpResponse:
    form = ActionSheetForm(request.POST, instance=sheet, contract=contract)
    is_valid = form.is_valid()
    chosen = form.cleaned_data.get("contract_objective")
    grid = _grid(contract, sheet, chosen, request.POST.dict())
    expenses = _expenses(contract, grid, request.POST.dict())
    if not (is_valid and grid.is_valid and not any(row.error for row in expenses)):
        return _page(request, contract, sheet, form, grid, expenses, status=422)
    try:
        saved = save_sheet_with_financing(
            contract,
            sheet,
            fields=form.fields_to_save,
            version=form.cleaned_data["version"],
            amounts=_stated(grid),
            by=signed_in(request),
            expenses=_typed_expenses(expenses, request.POST),
        )
    except StaleVersion as refusal:
        rebase(form, refusal.stored.version)
        return _stale(request, contract, refusal, form, grid, expenses)
    except RuleViolation as refusal:
        # Sent twice, or a contract that was finalised in the meantime: what was typed stays on the page.
        return _page(request, contract, sheet, form, grid, expenses, status=409, sentence=str(refusal))
    _tell(request, saved, _balance(contract, saved, saved.contract_objective, grid))
    return redirect("funding:sheet-edit", contract.reference, saved.number)


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
    """The page with what was typed, and what somebody else saved in the meantime beside it."""
    stored: ActionSheet = refusal.stored
    found = [
        *differences(form, stored, SHEET_FIELDS),
        *_money_differences(contract, typed_amounts(grid.amounts), _stored(stored)),
        *_expense_differences(expenses, _expenses(contract, grid, _stored_expenses(stored))),
    ]
    return _page(
        request, contract, stored, form, grid, expenses, status=409, sentence=str(refusal), differences=found
    )


def _money_differences(
    contract: Contract, typed: Mapping[str, str], stored: Mapping[str, str]
) -> list[Difference]:
    labels = {row.key: row.label for row in _all_rows(contract)}
    found = []
    for name in sorted({*typed, *stored}):
        if typed.get(name) != stored.get(name):
            _, key, year = name.split("-")
            found.append(
                Difference(f"{labels[key]}, {year}", stored.get(name, EMPTY), typed.get(name, EMPTY))
            )
    return found


def _expense_differences(typed: Sequence[ExpenseRow], stored: Sequence[ExpenseRow]) -> list[Difference]:
    """What the two say of the same source, where they differ."""
    return [
        Difference(f"{mine.label}, {what}", getattr(theirs, name) or EMPTY, getattr(mine, name) or EMPTY)
        for mine, theirs in zip(typed, stored, strict=True)
        for what, name in (
            ("nature de la dépense", "nature_label"),
            ("remplace un financement existant", "answer_label"),
        )
        if getattr(mine, name) != getattr(theirs, name)
    ]


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
        "balance": _balance(contract, sheet, chosen, grid),
        "totals_url": totals_url,
    }


def _balance(
    contract: Contract, sheet: ActionSheet | None, chosen: ContractObjective | None, grid: Grid
) -> SheetBalance:
    """The balances of the grid's envelopes, this sheet's stored money replaced by what the grid states."""
    amounts = grid.amounts
    here = {line.row.envelope_id: line.row.key for line in grid.lines if line.row.envelope_id is not None}
    envelopes = tuple(
        EnvelopeBalance(
            envelope_id=each.envelope_id,
            code=each.code,
            label=each.label,
            plan_label=each.plan_label,
            years=tuple(
                EnvelopeYear(
                    year=line.year,
                    notified=line.notified,
                    planned_elsewhere=line.planned_elsewhere,
                    planned_here=amounts.get((here[each.envelope_id], line.year)),
                )
                for line in each.years
            ),
        )
        for each in envelope_balances(contract, leaving_out=sheet)
        if each.envelope_id in here
    )
    state_here = stated_sum(line.total for line in grid.lines if line.row.envelope_id is not None)
    department_here = stated_sum(line.total for line in grid.lines if line.row.key == DEPARTMENT)
    others = objective_money(chosen, leaving_out=sheet) if chosen is not None else None
    share = DepartmentShare(
        department=stated_sum((department_here, others.department if others else None)),
        state=stated_sum((state_here, others.state if others else None)),
    )
    return SheetBalance(envelopes, share, chosen.label if chosen is not None else "", grid.total)


# --- The grid -----------------------------------------------------------------------------------


def _grid(
    contract: Contract, sheet: ActionSheet | None, chosen: ContractObjective | None, typed: Mapping[str, str]
) -> Grid:
    years = set(contract.years)
    if sheet is not None:
        years.update(ActionFinancing.objects.filter(action_sheet=sheet).values_list("year", flat=True))
    envelopes = Envelope.objects.that_may_finance(chosen) if chosen is not None else Envelope.objects.none()
    return read_grid(
        [*_envelope_rows(envelopes), *_other_rows()],
        sorted(years),
        typed,
        known_rows=_all_rows(contract),
        objective=chosen.label if chosen is not None else "",
    )


def _all_rows(contract: Contract) -> list[GridRow]:
    return [*_envelope_rows(contract.campaign.envelopes.all()), *_other_rows()]


def _envelope_rows(envelopes: Any) -> list[GridRow]:
    return [GridRow(f"e{envelope.pk}", f"État – {envelope.label}", envelope.pk) for envelope in envelopes]


def _other_rows() -> list[GridRow]:
    return [GridRow(DEPARTMENT, "Département"), GridRow(OTHER, "Autres financeurs")]


def _stored(sheet: ActionSheet) -> dict[str, str]:
    """{name of the input: text} of the money that the database holds for `sheet`."""
    amounts = {
        (f"e{envelope_id}" if envelope_id is not None else contributor, year): amount
        for contributor, envelope_id, year, amount in ActionFinancing.objects.filter(
            action_sheet=sheet
        ).values_list("contributor", "envelope_id", "year", "amount")
    }
    return typed_amounts(amounts)


def _stated(grid: Grid) -> list[StatedAmount]:
    contributors = {DEPARTMENT: Contributor.DEPARTMENT.value, OTHER: Contributor.OTHER.value}
    return [
        StatedAmount(
            contributor=contributors.get(line.row.key, Contributor.STATE.value),
            envelope_id=line.row.envelope_id,
            year=cell.year,
            amount=cell.amount,
        )
        for line in grid.lines
        for cell in line.cells
        if cell.amount is not None
    ]


# --- What the State's money pays ----------------------------------------------------------------


def _expenses(contract: Contract, grid: Grid, typed: Mapping[str, str]) -> tuple[ExpenseRow, ...]:
    """The boxes of rule M4, one row for each State source that the grid offers."""
    terms = terms_of(contract.campaign.spec)
    codes = dict(contract.campaign.envelopes.values_list("pk", "code"))
    return read_expenses(
        [
            (line.row.envelope_id, line.row.label, terms[code])
            for line in grid.lines
            if line.row.envelope_id is not None and (code := codes[line.row.envelope_id]) in terms
        ],
        typed,
    )


def _stored_expenses(sheet: ActionSheet) -> dict[str, str]:
    """{name of the box: value} of what the database holds for `sheet`."""
    rows = StateExpense.objects.filter(action_sheet=sheet)
    return typed_expenses(StatedExpense(row.envelope_id, row.nature, row.replaces_existing) for row in rows)


def _typed_expenses(expenses: Sequence[ExpenseRow], posted: Mapping[str, Any]) -> list[StatedExpense]:
    """What the person stated; a source whose boxes were not on the page keeps what was said of it."""
    return [row.stated for row in expenses if row.nature_name in posted or row.replaces_name in posted]


def _sheet(contract: Contract, number: int) -> ActionSheet:
    sheet = (
        ActionSheet.objects.filter(contract=contract, number=number)
        .select_related("contract_objective__objective", "updated_by")
        .first()
    )
    if sheet is None:
        raise Http404
    return sheet


def _chosen(contract: Contract, typed: str) -> ContractObjective | None:
    """The objective that a choice field names, None when it names none of this contract's."""
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 18):
        return None
    return contract.objectives.select_related("objective").filter(pk=typed).first()
