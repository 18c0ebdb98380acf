"""Saving an action sheet together with its money (annexes 5.3 and 5.4; rules A1, A2, M1, M4, O3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import create_action_sheet, save_action_sheet
from contracts.history import keeps_history
from contracts.models import ActionSheet, Contract
from funding.expenses import StatedExpense
from funding.models import ActionFinancing, Contributor, Envelope, StateExpense


@dataclass(frozen=True)
class StatedAmount:
    """One amount of a sheet, in euros; the State pays from an envelope, the others from none."""

    contributor: str
    envelope_id: int | None
    year: int
    amount: Decimal

    @property
    def key(self) -> tuple[str, int | None, int]:
        return (self.contributor, self.envelope_id, self.year)


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
) -> ActionSheet:
    """Create (`sheet` None) or save a sheet, and make its money exactly `amounts`: all of it or nothing.

    `expenses` say what the State's money pays (rule M4); an envelope that they do not name keeps what was
    said of it, so that an objective chosen by mistake costs nothing.

    `fields` and `version` are those of `create_action_sheet` and `save_action_sheet`, whose refusals pass
    through (WrongState, StaleVersion, RuleViolation). Raises RuleViolation for an envelope that may not
    finance the sheet's objective (rule O3), a year out of the contract or an amount stated twice.

    A plan that exceeds what was notified is saved: it is the pages' duty to say so
    (docs/decisions/plan-over-notified.md).
    """
    if sheet is None:
        saved = create_action_sheet(contract, fields=fields, by=by)
    else:
        saved = save_action_sheet(sheet, fields=fields, version=version or 0, by=by)
    stored = {_key(row): row for row in saved.financings.all()}
    _check(saved, amounts, {year for _, _, year in stored})
    stated = {amount.key: amount for amount in amounts}
    ActionFinancing.objects.filter(
        pk__in=[row.pk for key, row in stored.items() if key not in stated]
    ).delete()
    for key, amount in stated.items():
        row = stored.get(key)
        if row is None:
            ActionFinancing.objects.create(
                action_sheet=saved,
                year=amount.year,
                contributor=amount.contributor,
                envelope_id=amount.envelope_id,
                amount=amount.amount,
            )
        elif row.amount != amount.amount:
            row.amount = amount.amount
            row.save(update_fields=["amount"])
    _save_expenses(saved, expenses)
    return saved


def _save_expenses(sheet: ActionSheet, expenses: Sequence[StatedExpense]) -> None:
    """Make what is said of each envelope's money in `expenses` the stored one; saying nothing removes it."""
    if not expenses:
        return
    stored = {row.envelope_id: row for row in StateExpense.objects.filter(action_sheet=sheet)}
    own = set(sheet.contract.campaign.envelopes.values_list("pk", flat=True))
    for expense in expenses:
        if expense.envelope_id not in own:
            raise RuleViolation(
                "Cette enveloppe n’est pas de la campagne du contrat : rien n’a été enregistré."
            )
        row = stored.get(expense.envelope_id)
        if not expense.nature and expense.replaces_existing is None:
            if row is not None:
                row.delete()
        elif row is None:
            StateExpense.objects.create(
                action_sheet=sheet,
                envelope_id=expense.envelope_id,
                nature=expense.nature,
                replaces_existing=expense.replaces_existing,
            )
        elif (row.nature, row.replaces_existing) != (expense.nature, expense.replaces_existing):
            row.nature, row.replaces_existing = expense.nature, expense.replaces_existing
            row.save(update_fields=["nature", "replaces_existing"])


def _key(row: ActionFinancing) -> tuple[str, int | None, int]:
    return (row.contributor, row.envelope_id, row.year)


def _check(sheet: ActionSheet, amounts: Sequence[StatedAmount], stored_years: set[int]) -> None:
    objective = sheet.contract_objective
    allowed = set(Envelope.objects.that_may_finance(objective).values_list("pk", flat=True))
    years = {*sheet.contract.years, *stored_years}
    for amount in amounts:
        if amount.year not in years:
            raise RuleViolation(
                f"{amount.year} n’est pas une année du contrat ({sheet.contract.campaign.period}) : "
                "retirez ce montant."
            )
        if amount.contributor == Contributor.STATE and amount.envelope_id not in allowed:
            raise RuleViolation(
                f"L’enveloppe choisie ne finance pas « {objective.label} » (annexe 4 de la circulaire) : "
                "retirez ce montant ou choisissez un autre objectif."
            )
    if len({amount.key for amount in amounts}) < len(amounts):
        raise RuleViolation("Un même montant est donné deux fois pour une source et une année.")
