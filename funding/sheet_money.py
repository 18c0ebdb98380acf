"""The money of a sheet's page: what its boxes state, what is stored put back in them, its balances (M1)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cdppe.lib.money import AmountError, format_euros, read_amount
from contracts.actions.action_sheets import SHEET_FIELDS
from contracts.forms import ActionSheetForm
from contracts.forms.versions import EMPTY, Difference
from contracts.models import ActionSheet, Contract, ContractObjective
from funding.actions.financing import AmountKey, StatedAmount, expense_key
from funding.balance import DepartmentShare, stated_sum
from funding.expenses import (
    REPLACES_TYPED,
    ExpenseRow,
    StatedExpense,
    read_expenses,
    terms_of,
    typed_expenses,
)
from funding.grid import DEPARTMENT, OTHER, Grid, GridRow, read_cell_name, read_grid, typed_amounts
from funding.models import ActionFinancing, Contributor, Envelope, StateExpense
from funding.plan import EnvelopeBalance, envelope_balances, objective_money


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


# --- What is typed --------------------------------------------------------------------------------------


def sheet_grid(
    contract: Contract, sheet: ActionSheet | None, chosen: ContractObjective | None, typed: Mapping[str, str]
) -> Grid:
    """The boxes that the objective `chosen` offers, filled with `typed`: {name of the input: text}."""
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


def stored_amounts(sheet: ActionSheet) -> dict[str, str]:
    """{name of the input: text} of the money that the database holds for `sheet`."""
    amounts = {
        (f"e{envelope_id}" if envelope_id is not None else contributor, year): amount
        for contributor, envelope_id, year, amount in ActionFinancing.objects.filter(
            action_sheet=sheet
        ).values_list("contributor", "envelope_id", "year", "amount")
    }
    return typed_amounts(amounts)


def stated_amounts(grid: Grid) -> list[StatedAmount]:
    """The amounts of the boxes that hold one, as the action takes them."""
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


def sheet_expenses(contract: Contract, grid: Grid, typed: Mapping[str, str]) -> tuple[ExpenseRow, ...]:
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


def stored_expenses(sheet: ActionSheet) -> dict[str, str]:
    """{name of the box: value} of what the database holds for `sheet`."""
    rows = StateExpense.objects.filter(action_sheet=sheet)
    return typed_expenses(StatedExpense(row.envelope_id, row.nature, row.replaces_existing) for row in rows)


def changed_expenses(
    expenses: Sequence[ExpenseRow], form: ActionSheetForm, posted: Mapping[str, Any]
) -> list[StatedExpense]:
    """What the boxes state: those that the page says were changed, or all that were posted."""
    changed = form.raw_opened() if form.says_what_it_opened else posted
    return [row.stated for row in expenses if row.nature_name in changed or row.replaces_name in changed]


# --- What the page was opened with -----------------------------------------------------------------------


def opened_with(form: ActionSheetForm, expenses: Sequence[ExpenseRow]) -> dict[Hashable, list[Any]] | None:
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


def row_key(key: Hashable) -> tuple[str, int] | None:
    """(key of the grid's row, year) of a `StatedAmount.key`; None for the name of a field."""
    if not isinstance(key, tuple):
        return None
    if len(key) != 3:
        return None
    contributor, envelope_id, year = key
    if envelope_id is not None:
        return (f"e{envelope_id}", year)
    return (DEPARTMENT if contributor == Contributor.DEPARTMENT else OTHER, year)


def grid_problems(grid: Grid) -> dict[str, str]:
    """{input: sentence} of the boxes that hold no amount, and of the amounts that have no box."""
    foreign = " ".join(each.sentence for each in grid.foreign if each.is_new)
    return {cell.name: cell.error for cell in grid.errors} | ({"": foreign} if foreign else {})


# --- What two people wrote -------------------------------------------------------------------------------


def amount_differences(
    contract: Contract, typed: Mapping[str, str], stored: Mapping[str, str]
) -> list[Difference]:
    """What the two say in the same box, where they differ."""
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


def expense_differences(typed: Sequence[ExpenseRow], stored: Sequence[ExpenseRow]) -> list[Difference]:
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


# --- The balances ----------------------------------------------------------------------------------------


def sheet_balance(
    contract: Contract, sheet: ActionSheet | None, chosen: ContractObjective | None, grid: Grid
) -> SheetBalance:
    """The balances of the grid's envelopes, this sheet's stored money replaced by what the grid states."""
    amounts = grid.amounts
    here = {line.row.envelope_id: line.row.key for line in grid.lines if line.row.envelope_id is not None}
    envelopes = tuple(
        replace(
            each,
            years=tuple(
                replace(line, planned_here=amounts.get((here[each.envelope_id], line.year)))
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
