"""What the history keeps of the parts that contracts owns, and how a former text is brought back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from cdppe.accounts.models import InstitutionKind, User
from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import SHEET_FIELDS, SHEET_TEXT_FIELDS, save_action_sheet
from contracts.actions.calendar import STEP_FIELDS, save_step
from contracts.actions.contacts import CONTACT_FIELDS
from contracts.actions.contracts import DETAIL_FIELDS, DETAIL_TEXT_FIELDS, Representative, save_details
from contracts.actions.diagnosis import UNWRITTEN, save_diagnosis
from contracts.diagnosis import section_field, sections_of
from contracts.history import Kept, Snapshot
from contracts.models import (
    ActionSheet,
    BankAccount,
    Contact,
    Contract,
    ContractParty,
    ContractStep,
    Diagnosis,
    DiagnosisText,
)
from contracts.places import Place, field_label

ODPE_FIELDS = ("odpe_informed_on", "odpe_no_information_reason")
"""What is recorded of the ODPE on the way to signature: kept with the general information."""
PARTY_TEXTS = ("representative_name", "representative_title", "delegation")

RESTORED_STEP_TEXTS = ("label", "description", "theme", "responsible", "resources")


def read_sheets(contract: Contract) -> Snapshot:
    """Every text of every sheet, and the objective that it serves."""
    found: dict[Place, Kept] = {}
    sheets = ActionSheet.objects.filter(contract=contract).select_related("contract_objective__objective")
    for sheet in sheets:
        name = sheet_name(sheet)
        for field in SHEET_FIELDS:
            value = sheet.contract_objective.label if field == "contract_objective" else getattr(sheet, field)
            found[Place("sheets", sheet.pk, field)] = Kept(name, field_label(ActionSheet, field), value)
        # The rank and the number are told by the journal, one line a gesture.
        for field in ("archived_at", "answers_demand"):
            value = getattr(sheet, field)
            said = date_format(timezone.localtime(value)) if field == "archived_at" and value else value or ""
            found[Place("sheets", sheet.pk, field)] = Kept(name, field_label(ActionSheet, field), said)
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
        for name in (*DETAIL_FIELDS, *ODPE_FIELDS)
    }
    for party in ContractParty.objects.filter(contract=contract).select_related("signatory"):
        for name in PARTY_TEXTS:
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


def read_contacts(contract: Contract) -> Snapshot:
    """The contacts of each institution, those who have left too, with their dates (rule P2)."""
    found: dict[Place, Kept] = {}
    for contact in Contact.objects.filter(contract=contract).select_related("institution"):
        for field in (*CONTACT_FIELDS, "joined_on", "left_on"):
            found[Place("details", contact.pk, f"contact_{field}")] = Kept(
                f"Contact : {contact.institution}",
                field_label(Contact, field),
                shown(getattr(contact, field)),
            )
    return found


def read_objectives(contract: Contract) -> Snapshot:
    """Which objectives the contract carries."""
    return {
        Place("objectives", each.pk, "label"): Kept(each.short_label, "Objectif du contrat", each.label)
        for each in contract.objectives.select_related("objective")
    }


def read_calendar(contract: Contract) -> Snapshot:
    """Every field of every step of the retroplanning, and the national deadlines that are met."""
    found: dict[Place, Kept] = {}
    for step in ContractStep.objects.filter(contract=contract):
        for name in STEP_FIELDS:
            found[Place("calendar", step.pk, name)] = Kept(
                f"Étape « {step.label} »", field_label(ContractStep, name), _shown_of_step(step, name)
            )
    for settled in contract.settled_deadlines.select_related("deadline"):
        found[Place("calendar", 0, f"deadline-{settled.deadline_id}")] = Kept(
            "Échéances nationales", settled.deadline.label, f"tenue le {shown(settled.done_on)}"
        )
    return found


def _shown_of_step(step: ContractStep, name: str) -> str:
    if name == "parties":
        return ", ".join(str(InstitutionKind(kind).label) for kind in step.parties)
    return step.get_phase_display() if name == "phase" else shown(getattr(step, name))


def restore_step_text(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former text of a step again. Raises RuleViolation when it cannot be."""
    step = ContractStep.objects.filter(contract=contract, pk=place.item).first()
    if step is None or place.field not in RESTORED_STEP_TEXTS:
        raise RuleViolation("Ce champ ne se reprend pas d’ici : corrigez-le dans le calendrier.")
    if place.field == "label" and not value:
        raise RuleViolation("Une étape garde un nom : ce texte vide n’est pas repris.")
    save_step(step, fields={place.field: value}, version=step.version, by=by)


def read_diagnosis(contract: Contract) -> Snapshot:
    """Every section of the shared diagnosis that somebody wrote."""
    titles = {section.code: section.title for section in sections_of(contract.campaign)}
    return {
        Place("diagnosis", 0, section_field(each.code)): Kept(
            "Diagnostic partagé", titles.get(each.code, each.code), each.text
        )
        for each in DiagnosisText.objects.filter(diagnosis__contract=contract)
    }


def restore_diagnosis(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former text of a section again. Raises RuleViolation when it cannot be."""
    code = next((each.code for each in sections_of(contract.campaign) if each.field == place.field), None)
    if code is None:
        raise RuleViolation("Cette rubrique n’est plus dans le diagnostic : copiez son texte.")
    stored = Diagnosis.objects.filter(contract=contract).first()
    version = UNWRITTEN if stored is None else stored.version
    save_diagnosis(contract, texts={code: value}, version=version, by=by)


def restore_sheet_text(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former text of a sheet again. Raises RuleViolation when it cannot be."""
    sheet = ActionSheet.objects.filter(contract=contract, pk=place.item).first()
    if sheet is None:
        raise RuleViolation("Cette fiche a été supprimée : copiez le texte dans une nouvelle fiche.")
    if place.field not in SHEET_TEXT_FIELDS:
        raise RuleViolation("Ce champ ne se reprend pas d’ici : ouvrez la fiche et choisissez-le de nouveau.")
    if place.field == "title" and not value:
        raise RuleViolation("Une fiche garde un intitulé : ce texte vide n’est pas repris.")
    save_action_sheet(sheet, fields={place.field: value}, version=sheet.version, by=by)


def restore_detail(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former text of the general information again. Raises RuleViolation when it cannot be."""
    stored = Contract.objects.select_related("campaign", "territory__region").get(pk=contract.pk)
    fields: dict[str, Any] = {}
    named: dict[int, Representative] = {}
    if place.field.startswith("contact_"):
        raise RuleViolation("Un contact se corrige dans « Parties et contacts », par son institution.")
    if place.item:
        party = stored.parties.filter(pk=place.item).first()
        if party is None or place.field not in PARTY_TEXTS:
            raise RuleViolation("Cette partie n’est plus dans le contrat.")
        texts = {name: getattr(party, name) for name in PARTY_TEXTS} | {place.field: value}
        named[party.pk] = Representative(*(texts[name] for name in PARTY_TEXTS))
    elif place.field in DETAIL_TEXT_FIELDS:
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
