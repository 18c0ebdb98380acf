"""Writing, saving and deleting action sheets (annexe 5.4; rules A1, A2).

Every gesture locks the contract's row first: its state cannot change while a sheet is written, and two new
sheets cannot take the same number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import ActionSheet, Contract

SHEET_FIELDS = (
    "contract_objective",
    "title",
    "referent",
    "diagnosis",
    "operational_objective",
    "description",
    "public",
    "actors",
    "calendar",
    "implementation_indicators",
    "vigilance_points",
)
"""What a person writes on a sheet, in the order of annexe 5.4 (its number is given, its money in funding)."""


@transaction.atomic
@keeps_history("sheets")
def create_action_sheet(contract: Contract, *, fields: Mapping[str, Any], by: User) -> ActionSheet:
    """A new sheet with the next free number of `contract`, and the event that says so.

    `fields` maps names of `SHEET_FIELDS` to values; any other name is a programming error. Raises WrongState
    when the contract is no longer written, RuleViolation for an objective that it does not carry, or when
    the contract already has a sheet with these very texts: a form that was sent twice makes one sheet.
    """
    locked = locked_contract(contract)
    _check(fields, locked)
    unwritten = dict.fromkeys(SHEET_FIELDS, "")
    same = locked.action_sheets.filter(**(unwritten | dict(fields))).first()
    if same is not None:
        raise RuleViolation(
            f"La fiche action n° {same.number} dit déjà exactement cela : une seconde n’a pas été créée. "
            "Ouvrez-la depuis la liste des fiches ; pour une autre action, changez l’intitulé."
        )
    last = locked.action_sheets.aggregate(last=Max("number"))["last"] or 0
    sheet = ActionSheet.objects.create(contract=locked, number=last + 1, updated_by=by, **fields)
    record(locked, "action_sheet.created", f"{_name(sheet)} créée.", by=by)
    return sheet


@transaction.atomic
@keeps_history("sheets")
def save_action_sheet(
    sheet: ActionSheet, *, fields: Mapping[str, Any], version: int, by: User
) -> ActionSheet:
    """Write `fields` on the stored `sheet`, which must still be at `version`; the sheet as it is now stored.

    Raises StaleVersion, whose `stored` is the sheet as somebody else saved it since, WrongState when the
    contract is no longer written or the sheet was deleted, RuleViolation for a foreign objective. Nothing is
    written then.
    """
    locked = locked_contract(sheet.contract)
    stored = _locked_sheet(sheet, locked)
    _check(fields, locked)
    if stored.version != version:
        author = f" par {stored.updated_by}" if stored.updated_by else ""
        raise StaleVersion(
            f"La fiche action n° {stored.number} a été enregistrée{author} pendant que vous l’écriviez. "
            "Rien n’a été perdu : comparez les deux textes ci-dessous, complétez le vôtre si besoin, "
            "puis enregistrez de nouveau.",
            stored=stored,
        )
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.version += 1
    stored.updated_by = by
    stored.updated_at = timezone.now()
    stored.save()
    record(locked, "action_sheet.saved", f"{_name(stored)} modifiée.", by=by)
    return stored


@transaction.atomic
@keeps_history("sheets")
def delete_action_sheet(sheet: ActionSheet, *, by: User) -> None:
    """Delete `sheet` with its financing; its number is not given again while a later sheet exists.

    Raises WrongState when the contract is no longer written or the sheet is already deleted.
    """
    locked = locked_contract(sheet.contract)
    stored = _locked_sheet(sheet, locked)
    record(locked, "action_sheet.deleted", f"{_name(stored)} supprimée.", by=by)
    stored.delete()


def _check(fields: Mapping[str, Any], contract: Contract) -> None:
    unknown = set(fields) - set(SHEET_FIELDS)
    if unknown:
        raise TypeError(f"not fields of an action sheet: {', '.join(sorted(unknown))}")
    chosen = fields.get("contract_objective")
    if chosen is not None and chosen.contract_id != contract.pk:
        raise RuleViolation(
            "Cet objectif n’est pas dans le contrat : choisissez un objectif de la liste, "
            "ou ajoutez-le d’abord au contrat."
        )


def _locked_sheet(sheet: ActionSheet, contract: Contract) -> ActionSheet:
    # The lock is for the sheet's row alone: PostgreSQL locks no row of an outer join.
    found = (
        ActionSheet.objects.select_for_update(of=("self",))
        .select_related("updated_by")
        .filter(pk=sheet.pk, contract=contract)
        .first()
    )
    if found is None:
        raise WrongState(
            f"La fiche action n° {sheet.number} a été supprimée entre-temps : rien n’a été enregistré."
        )
    return found


def _name(sheet: ActionSheet) -> str:
    title = sheet.title if len(sheet.title) <= 120 else f"{sheet.title[:120]}…"
    return f"Fiche action n° {sheet.number} « {title} »"
