"""Saving an action sheet together with its money (annexes 5.3 and 5.4; rules A1, A2, M1, M4, O3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import (
    SHEET_FIELDS,
    SheetShelf,
    create_action_sheet,
    created_with,
    put_sheet,
)
from contracts.actions.journal import locked_contract
from contracts.history import keeps_history
from contracts.merging import Opened, Stored, Values
from contracts.models import ActionSheet, Contract, ContractObjective
from funding.expenses import StatedExpense
from funding.models import ActionFinancing, Contributor, Envelope, StateExpense

AmountKey = tuple[str, int | None, int]
"""One amount of a sheet: (Contributor, envelope or None, year)."""

EXPENSE = "expense"
Said = tuple[str, bool | None]
"""What is said of an envelope's money: its nature, and whether it replaces an existing financing."""


@dataclass(frozen=True)
class StatedAmount:
    """One amount of a sheet, in euros; the State pays from an envelope, the others from none."""

    contributor: str
    envelope_id: int | None
    year: int
    amount: Decimal

    @property
    def key(self) -> AmountKey:
        return (self.contributor, self.envelope_id, self.year)


class FinancedSheetShelf(SheetShelf):
    """A sheet with its money: the names are those of its fields, `StatedAmount.key` for each amount, and
    `expense_key` for what each envelope pays (rule M4), a pair (nature, whether it replaces)."""

    def read(self) -> Stored:
        """The stored sheet with its amounts in euros."""
        stored = super().read()
        self.rows = {_key(row): row for row in self.row.financings.all()}
        self.expenses = {row.envelope_id: row for row in StateExpense.objects.filter(action_sheet=self.row)}
        amounts = {key: row.amount for key, row in self.rows.items()}
        said = {
            expense_key(envelope_id): (row.nature, row.replaces_existing)
            for envelope_id, row in self.expenses.items()
        }
        return Stored(stored.version, {**stored.values, **amounts, **said})

    def complete(self, mine: Values, stored: Values) -> Values:
        """The amounts are exactly those that the person states: one that they do not state is removed.

        What an envelope pays stays as it was said when the person does not name it.
        """
        kept = {name: value for name, value in stored.items() if name in SHEET_FIELDS or _is_expense(name)}
        return {**kept, **mine}

    def compare_and_set(self, version: int, values: Values) -> bool:
        """Write the fields and the amounts of `values` if the sheet is still at `version`."""
        amounts = {
            name: value
            for name, value in values.items()
            if isinstance(name, tuple) and not _is_expense(name) and value is not None
        }
        said = {name[1]: value for name, value in values.items() if _is_expense(name)}
        _check(values["contract_objective"], self.contract, amounts, {year for _, _, year in self.rows})
        if not super().compare_and_set(version, values):
            return False
        write_amounts(self.row, self.rows, amounts)
        _write_expenses(self.row, self.expenses, said)
        return True


@transaction.atomic
@keeps_history("sheets")
def save_sheet_with_financing(
    contract: Contract,
    sheet: ActionSheet | None,
    *,
    fields: Mapping[str, Any],
    version: int | None,
    amounts: Sequence[StatedAmount],
    by: User,
    expenses: Sequence[StatedExpense] = (),
    opened: Opened | None = None,
    answers_demand: str = "",
    token: UUID | None = None,
    is_autosave: bool = False,
) -> ActionSheet:
    """Create (`sheet` None) or save a sheet, and make its money exactly `amounts`: all of it or nothing.

    `fields`, `answers_demand` and `token` (of a new sheet), `version` and `opened` (of a stored one, whose
    names are fields and `StatedAmount.key`) are those of `create_action_sheet` and `save_action_sheet`, whose
    refusals pass through (WrongState, StaleVersion, RuleViolation). A creation whose `token` already made a
    sheet saves that one. Raises RuleViolation for an envelope that may not finance the sheet's objective
    (rule O3), a year out of the contract or an amount stated twice.

    `expenses` say what the State's money pays (rule M4); an envelope that they do not name keeps what was
    said of it, so that an objective chosen by mistake costs nothing.

    A plan that exceeds what was notified is saved: it is the pages' duty to say so
    (docs/decisions/plan-over-notified.md).
    """
    if len({amount.key for amount in amounts}) < len(amounts):
        raise RuleViolation("Un même montant est donné deux fois pour une source et une année.")
    stated = {amount.key: amount.amount for amount in amounts}
    said = {expense_key(each.envelope_id): _said(each) for each in expenses}
    with transaction.atomic():
        locked = locked_contract(contract)
        existing = sheet if sheet is not None else created_with(locked, token)
        if existing is None:
            created = create_action_sheet(
                locked, fields=fields, by=by, answers_demand=answers_demand, token=token
            )
            _check(created.contract_objective, locked, stated, set())
            write_amounts(created, {}, stated)
            _write_expenses(created, {}, {key[1]: value for key, value in said.items()})
            return created
        return put_sheet(
            FinancedSheetShelf(existing, by=by),
            mine={**fields, **stated, **said},
            version=version or 0,
            opened=opened,
            is_autosave=is_autosave,
        )


def write_amounts(
    sheet: ActionSheet, rows: Mapping[AmountKey, ActionFinancing], stated: Mapping[AmountKey, Decimal]
) -> None:
    """Make the money of `sheet`, stored as `rows`, exactly `stated`."""
    ActionFinancing.objects.filter(pk__in=[row.pk for key, row in rows.items() if key not in stated]).delete()
    for key, amount in stated.items():
        row = rows.get(key)
        contributor, envelope_id, year = key
        if row is None:
            ActionFinancing.objects.create(
                action_sheet=sheet, year=year, contributor=contributor, envelope_id=envelope_id, amount=amount
            )
        elif row.amount != amount:
            row.amount = amount
            row.save(update_fields=["amount"])


def expense_key(envelope_id: int) -> tuple[str, int]:
    """The name under which a sheet says what the money of an envelope pays."""
    return (EXPENSE, envelope_id)


def _is_expense(name: object) -> bool:
    return isinstance(name, tuple) and name[0] == EXPENSE


def _said(expense: StatedExpense) -> Said | None:
    """(nature, whether it replaces something); None when nothing is said."""
    said = (expense.nature, expense.replaces_existing)
    return None if said == ("", None) else said


def _write_expenses(
    sheet: ActionSheet, rows: Mapping[int, StateExpense], said: Mapping[int, Said | None]
) -> None:
    """Make what `said` says of each envelope the stored one, those stored being `rows`; None removes it."""
    own = set(sheet.contract.campaign.envelopes.values_list("pk", flat=True)) if said else set()
    for envelope_id, value in said.items():
        row = rows.get(envelope_id)
        if value is None:
            if row is not None:
                row.delete()
            continue
        if envelope_id not in own:
            raise RuleViolation(
                "Cette enveloppe n’est pas de la campagne du contrat : rien n’a été enregistré."
            )
        row = row or StateExpense(action_sheet=sheet, envelope_id=envelope_id)
        if row.pk is None or (row.nature, row.replaces_existing) != value:
            row.nature, row.replaces_existing = value
            row.save()


def _key(row: ActionFinancing) -> AmountKey:
    return (row.contributor, row.envelope_id, row.year)


def _check(
    objective: ContractObjective,
    contract: Contract,
    amounts: Mapping[AmountKey, Decimal],
    stored_years: set[int],
) -> None:
    allowed = set(Envelope.objects.that_may_finance(objective).values_list("pk", flat=True))
    years = {*contract.years, *stored_years}
    for contributor, envelope_id, year in amounts:
        if year not in years:
            raise RuleViolation(
                f"{year} n’est pas une année du contrat ({contract.campaign.period}) : retirez ce montant."
            )
        if contributor == Contributor.STATE and envelope_id not in allowed:
            raise RuleViolation(
                f"L’enveloppe choisie ne finance pas « {objective.label} » (annexe 4 de la circulaire) : "
                "retirez ce montant ou choisissez un autre objectif."
            )
