"""The page of one action sheet: its texts (annexe 5.4), its money and live totals (A1, M1, M2, O3)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from cdppe.accounts.abilities import Ability
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from cdppe.lib.money import AmountError, format_euros, read_amount
from contracts.actions.action_sheets import SHEET_FIELDS, sheet_place
from contracts.actions.versions import Clashing
from contracts.autosave import autosaved, conflict, form_problems, is_autosave, refused
from contracts.autosave import saved as saved_answer
from contracts.demands import find_demand
from contracts.forms import ActionSheetForm
from contracts.forms.versions import EMPTY, Difference, differences, rebase, taken_over
from contracts.models import ActionSheet, Contract, ContractObjective
from contracts.views.access import get_contract, may, refusals_shown, signed_in
from funding.actions.financing import AmountKey, StatedAmount, expense_key, save_sheet_with_financing
from funding.actions.sheet_copies import copy_sheet
from funding.balance import DepartmentShare, EnvelopeYear, stated_sum
from funding.expenses import (
    REPLACES_TYPED,
    ExpenseRow,
    StatedExpense,
    read_expenses,
    terms_of,
    typed_expenses,
)
from funding.grid import DEPARTMENT, OTHER, Grid, GridRow, cell_name, read_cell_name, read_grid, typed_amounts
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
    grid = _grid(contract, None, chosen, {})
    return _page(request, contract, None, form, grid, _expenses(contract, grid, {}))


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
    grid = _grid(contract, sheet, sheet.contract_objective, _stored(sheet))
    expenses = _expenses(contract, grid, _stored_expenses(sheet))
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
    grid = _grid(contract, sheet, chosen, request.POST.dict())
    expenses = _expenses(contract, grid, request.POST.dict())
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
            grid = _grid(contract, copy, copy.contract_objective, _stored(copy))
            for sentence in _balance(contract, copy, copy.contract_objective, grid).exceeded:
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
    grid = _grid(contract, sheet, chosen, request.POST.dict())
    expenses = _expenses(contract, grid, request.POST.dict())
    if not (is_valid and grid.is_valid and not any(row.error for row in expenses)):
        if is_autosave(request):
            wrong = {row.nature_name: row.error for row in expenses if row.error}
            return refused(form_problems(form) | _grid_problems(grid) | wrong)
        return _page(request, contract, sheet, form, grid, expenses, status=422)
    opened = _opened(form, expenses)
    try:
        saved = save_sheet_with_financing(
            contract,
            sheet,
            fields=form.fields_to_save,
            version=form.cleaned_data["version"],
            amounts=_stated(grid),
            by=signed_in(request),
            opened=opened,
            token=form.cleaned_data["creation_token"],
            is_autosave=is_autosave(request),
            answers_demand=answers_demand,
            expenses=_typed_expenses(expenses, form, request.POST),
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
    _tell(request, saved, _balance(contract, saved, saved.contract_objective, grid))
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
    kept = _stored(stored) | _stored_expenses(stored)
    return taken_over(form, {name: getattr(stored, name) for name in SHEET_FIELDS}) | {
        name: kept.get(name, "") for name in {*sent, *kept} if sent.get(name) != kept.get(name)
    }


def _opened(form: ActionSheetForm, expenses: Sequence[ExpenseRow]) -> dict[Hashable, list[Any]] | None:
    """What the page was opened with, under the names of the action: fields, `StatedAmount.key`, expenses."""
    fields = form.opened(SHEET_FIELDS)
    if fields is None:
        return None
    amounts = {
        _amount_key(*parts): [_amount_opened(text) for text in texts]
        for name, texts in form.raw_opened().items()
        if (parts := read_cell_name(name)) is not None
    }
    return {**fields, **amounts, **_expenses_opened(form.raw_opened(), expenses)}


def _expenses_opened(
    opened: Mapping[str, Sequence[str]], expenses: Sequence[ExpenseRow]
) -> dict[Hashable, list[Any]]:
    """The pairs (nature, whether it replaces) that each changed source may have been opened with."""
    found: dict[Hashable, list[Any]] = {}
    for row in expenses:
        if row.nature_name not in opened and row.replaces_name not in opened:
            continue
        natures = opened.get(row.nature_name, [row.stated.nature])
        answers = (
            [REPLACES_TYPED.get(text) for text in opened[row.replaces_name]]
            if row.replaces_name in opened
            else [row.stated.replaces_existing]
        )
        pairs = [(nature, answer) for nature in natures for answer in answers]
        found[expense_key(row.envelope_id)] = [None if pair == ("", None) else pair for pair in pairs]
    return found


def _amount_opened(text: str) -> Decimal | str | None:
    """The amount of a box as the page was opened; a text that was no amount equals nothing that is stored."""
    try:
        return read_amount(text) if text.strip() else None
    except AmountError:
        return text


def _amount_key(row_key: str, year: int) -> AmountKey:
    if row_key.startswith("e"):
        return (Contributor.STATE.value, int(row_key[1:]), year)
    return ({DEPARTMENT: Contributor.DEPARTMENT.value, OTHER: Contributor.OTHER.value}[row_key], None, year)


def _row_key(key: Hashable) -> tuple[str, int] | None:
    """(key of the grid's row, year) of a `StatedAmount.key`; None for the name of a field."""
    if not isinstance(key, tuple):
        return None
    if len(key) != 3:
        return None
    contributor, envelope_id, year = key
    if envelope_id is not None:
        return (f"e{envelope_id}", year)
    return (DEPARTMENT if contributor == Contributor.DEPARTMENT else OTHER, year)


def _grid_problems(grid: Grid) -> dict[str, str]:
    """{input: sentence} of the boxes that hold no amount, and of the amounts that have no box."""
    foreign = " ".join(each.sentence for each in grid.foreign if each.is_new)
    return {cell.name: cell.error for cell in grid.errors} | ({"": foreign} if foreign else {})


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
    boxes = {cell_name(*row) for key in clashes if (row := _row_key(key)) is not None}
    sent, kept = typed_amounts(grid.amounts), _stored(stored)
    found = [
        *differences(form, stored, [name for name in SHEET_FIELDS if name in clashes]),
        *_money_differences(
            contract,
            {name: text for name, text in sent.items() if name in boxes},
            {name: text for name, text in kept.items() if name in boxes},
        ),
        *_expense_differences(
            [row for row in expenses if expense_key(row.envelope_id) in clashes],
            _expenses(contract, grid, _stored_expenses(stored)),
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


def _money_differences(
    contract: Contract, typed: Mapping[str, str], stored: Mapping[str, str]
) -> list[Difference]:
    labels = {row.key: row.label for row in _all_rows(contract)}
    found = []
    for name in sorted({*typed, *stored}):
        if typed.get(name) != stored.get(name):
            _, key, year = name.split("-")
            found.append(
                Difference(
                    f"{labels.get(key, 'Enveloppe')}, {year}",
                    stored.get(name, EMPTY),
                    typed.get(name, EMPTY),
                    name=name,
                    theirs=stored.get(name, ""),
                )
            )
    return found


def _expense_differences(typed: Sequence[ExpenseRow], stored: Sequence[ExpenseRow]) -> list[Difference]:
    """What the two say of the same source, where they differ."""
    of_source = {row.envelope_id: row for row in stored}
    found = []
    for mine in typed:
        theirs = of_source[mine.envelope_id]
        kept = typed_expenses([theirs.stated])
        for name, what, said, stands in (
            (mine.nature_name, "nature de la dépense", mine.nature_label, theirs.nature_label),
            (
                mine.replaces_name,
                "remplace un financement existant",
                mine.answer_label,
                theirs.answer_label,
            ),
        ):
            if said != stands:
                found.append(
                    Difference(
                        f"{mine.label}, {what}",
                        stands or EMPTY,
                        said or EMPTY,
                        name=name,
                        theirs=kept.get(name, ""),
                    )
                )
    return found


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
                    is_doubtful=line.is_doubtful,
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


def _typed_expenses(
    expenses: Sequence[ExpenseRow], form: ActionSheetForm, posted: Mapping[str, Any]
) -> list[StatedExpense]:
    """What the boxes state: those that the page says were changed, or all that were posted."""
    changed = form.raw_opened() if form.says_what_it_opened else posted
    return [row.stated for row in expenses if row.nature_name in changed or row.replaces_name in changed]


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
