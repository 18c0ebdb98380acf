"""Importing action sheets with their money from a table: a preview first, then all of it or nothing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from cdppe.lib.tables import Table, table_from_json, table_to_json
from contracts.actions.action_sheets import SHEET_FIELDS
from contracts.actions.journal import locked_contract
from contracts.history import keeps_history
from contracts.models import ActionSheet, Contract
from contracts.places import field_label
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.models import Contributor, Envelope, OwnObjectiveEnvelope, SheetsImport
from funding.sheets_import import AmountColumn, Columns, SheetsPreview, read_sheets

DRAFT_LASTS = dt.timedelta(hours=24)
OWN = "propre"
LONGEST_TEXT = 20_000


def columns_of(contract: Contract) -> Columns:
    """What a table of sheets of `contract` may hold: its texts, objectives, envelopes and years."""
    envelopes = list(contract.campaign.envelopes.all())
    amounts = [
        AmountColumn(f"État – {envelope.label} {year}", Contributor.STATE.value, envelope.pk, year)
        for envelope in envelopes
        for year in contract.years
    ]
    for contributor, words in (
        (Contributor.DEPARTMENT, "Département"),
        (Contributor.OTHER, "Autres financeurs"),
    ):
        amounts += [AmountColumn(f"{words} {year}", contributor.value, None, year) for year in contract.years]
    texts = [name for name in SHEET_FIELDS if name != "contract_objective"]
    objectives, allowed = _objectives(contract)
    return Columns(
        texts={field_label(ActionSheet, name): name for name in texts},
        amounts=amounts,
        objectives=objectives,
        allowed=allowed,
        longest={name: _longest(name) for name in texts},
    )


def _longest(name: str) -> int:
    return getattr(ActionSheet._meta.get_field(name), "max_length", None) or LONGEST_TEXT


def _objectives(contract: Contract) -> tuple[dict[str, int], dict[int, frozenset[int]]]:
    by_objective: dict[int, set[int]] = defaultdict(set)
    for envelope_id, objective_id in Envelope.objects.filter(campaign=contract.campaign).values_list(
        "pk", "objectives"
    ):
        if objective_id is not None:
            by_objective[objective_id].add(envelope_id)
    own = frozenset(
        OwnObjectiveEnvelope.objects.filter(campaign=contract.campaign).values_list("envelope", flat=True)
    )
    numbers: dict[str, int] = {}
    allowed: dict[int, frozenset[int]] = {}
    for each in contract.objectives.select_related("objective"):
        key = str(each.objective.number) if each.objective is not None else OWN
        numbers.setdefault(key, each.pk)
        allowed[each.pk] = frozenset(by_objective[each.objective_id]) if each.objective_id else own
    return numbers, allowed


def begin_sheets_import(contract: Contract, table: Table, *, file_name: str, by: User) -> SheetsImport:
    """Keep a table for its preview, a day long; nothing of it is a sheet yet."""
    now = timezone.now()
    SheetsImport.objects.filter(expires_at__lte=now).delete()
    return SheetsImport.objects.create(
        contract=contract,
        created_by=by,
        created_at=now,
        expires_at=now + DRAFT_LASTS,
        file_name=file_name[:200],
        table=table_to_json(table),
    )


def preview_sheets_import(draft: SheetsImport) -> SheetsPreview:
    """What storing `draft` would make now: the contract may have changed since the file was sent."""
    return read_sheets(table_from_json(draft.table), columns_of(draft.contract))


@transaction.atomic
@keeps_history("sheets")
def store_sheets_import(draft: SheetsImport, *, by: User) -> int:
    """Make every sheet of `draft`, with its money: how many.

    Raises WrongState when it is stored already or the contract is no longer written, RuleViolation when it
    has a problem, or when the contract already has one of these very sheets. Nothing is made then.
    """
    contract = locked_contract(draft.contract)
    stored = SheetsImport.objects.select_for_update().get(pk=draft.pk)
    if stored.stored_at is not None:
        raise WrongState("Ces fiches sont déjà importées : retrouvez-les dans la liste.")
    preview = preview_sheets_import(stored)
    if preview.problems:
        raise RuleViolation("Le tableau a encore des cellules à corriger : rien n’a été enregistré.")
    carried = contract.objectives.in_bulk([sheet.objective_id for sheet in preview.sheets])
    for sheet in preview.sheets:
        save_sheet_with_financing(
            contract,
            None,
            fields={**sheet.texts, "contract_objective": carried[sheet.objective_id]},
            version=None,
            amounts=[
                StatedAmount(column.contributor, column.envelope_id, column.year, amount)
                for column, amount in sheet.amounts
            ],
            by=by,
        )
    stored.stored_at = timezone.now()
    stored.save(update_fields=["stored_at"])
    return len(preview.sheets)
