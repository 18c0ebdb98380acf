"""What the history keeps of the parts that contracts owns, and how a former text is brought back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.formats import date_format

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import SHEET_FIELDS, save_action_sheet
from contracts.actions.contracts import DETAIL_FIELDS, Representative, save_details
from contracts.history import Kept, Snapshot
from contracts.models import ActionSheet, BankAccount, Contract, ContractParty
from contracts.places import Place, field_label

RESTORED_SHEET_TEXTS = tuple(name for name in SHEET_FIELDS if name != "contract_objective")
RESTORED_DETAILS = tuple(
    field.name
    for field in Contract._meta.get_fields()
    if field.name in DETAIL_FIELDS and field.get_internal_type() == "CharField"
)


def read_sheets(contract: Contract) -> Snapshot:
    """Every text of every sheet, and the objective that it serves."""
    found: dict[Place, Kept] = {}
    sheets = ActionSheet.objects.filter(contract=contract).select_related("contract_objective__objective")
    for sheet in sheets:
        name = sheet_name(sheet)
        for field in SHEET_FIELDS:
            value = sheet.contract_objective.label if field == "contract_objective" else getattr(sheet, field)
            found[Place("sheets", sheet.pk, field)] = Kept(name, field_label(ActionSheet, field), value)
    return found


def sheet_name(sheet: ActionSheet) -> str:
    """« Fiche action n° 3 « Ouvrir un relais parental » »."""
    return f"Fiche action n° {sheet.number} « {sheet.title} »"


def read_details(contract: Contract) -> Snapshot:
    """The general information, the representatives of the parties, the account (masked)."""
    stored = Contract.objects.get(pk=contract.pk)
    found = {
        Place("details", 0, name): Kept(
            "Parties et contacts", field_label(Contract, name), shown(getattr(stored, name))
        )
        for name in DETAIL_FIELDS
    }
    for party in ContractParty.objects.filter(contract=contract).select_related("signatory"):
        for name in ("representative_name", "representative_title"):
            found[Place("details", party.pk, name)] = Kept(
                f"Partie : {party.signatory}", field_label(ContractParty, name), getattr(party, name)
            )
    account = BankAccount.objects.filter(contract=contract).first()
    if account is not None:
        # Never more than what the pages show: the number itself is encrypted.
        found[Place("details", 0, "bank_account")] = Kept(
            "Parties et contacts", "Compte bancaire", f"{account.holder}, {account.masked_iban}"
        )
    return found


def read_objectives(contract: Contract) -> Snapshot:
    """Which objectives the contract carries."""
    return {
        Place("objectives", each.pk, "label"): Kept(each.short_label, "Objectif du contrat", each.label)
        for each in contract.objectives.select_related("objective")
    }


def restore_sheet_text(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former text of a sheet again. Raises RuleViolation when it cannot be."""
    sheet = ActionSheet.objects.filter(contract=contract, pk=place.item).first()
    if sheet is None:
        raise RuleViolation("Cette fiche a été supprimée : copiez le texte dans une nouvelle fiche.")
    if place.field not in RESTORED_SHEET_TEXTS:
        raise RuleViolation("Ce champ ne se reprend pas d’ici : ouvrez la fiche et choisissez-le de nouveau.")
    if place.field == "title" and not value:
        raise RuleViolation("Une fiche garde un intitulé : ce texte vide n’est pas repris.")
    save_action_sheet(sheet, fields={place.field: value}, version=sheet.version, by=by)


def restore_detail(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former text of the general information again. Raises RuleViolation when it cannot be."""
    stored = Contract.objects.select_related("campaign", "territory__region").get(pk=contract.pk)
    fields: dict[str, Any] = {}
    named: dict[int, Representative] = {}
    if place.item:
        party = stored.parties.filter(pk=place.item).first()
        if party is None or place.field not in ("representative_name", "representative_title"):
            raise RuleViolation("Cette partie n’est plus dans le contrat.")
        texts = {"representative_name": party.representative_name} | {
            "representative_title": party.representative_title,
            place.field: value,
        }
        named[party.pk] = Representative(texts["representative_name"], texts["representative_title"])
    elif place.field in RESTORED_DETAILS:
        fields[place.field] = value
    else:
        raise RuleViolation("Ce champ ne se reprend pas d’ici : corrigez-le dans « Parties et contacts ».")
    save_details(stored, fields=fields, representatives=named, version=stored.version, by=by)


def shown(value: object) -> str:
    """A value as a person reads it; empty for what is not stated."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else ""
    if isinstance(value, dt.date):
        return date_format(value)
    return str(value)
