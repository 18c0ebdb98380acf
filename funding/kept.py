"""What the history keeps of the money, and how a former figure or answer is brought back.

The sheets' amounts, what the State's money pays in them (rule M4), the department's own means (rule M3). Each
field has the name of its box on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from cdppe.lib.money import AmountError, format_euros, read_amount
from contracts.history import Kept, Snapshot
from contracts.kept import sheet_name
from contracts.models import ActionSheet, Contract
from contracts.places import Place
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.actions.own_means import MeansChange, save_own_means
from funding.expenses import NATURE_PREFIX, NO_TERMS, REPLACES_PREFIX, StatedExpense, terms_of
from funding.grid import cell_name, read_cell_name
from funding.models import ActionFinancing, Contributor, Envelope, OwnMeans, Service, StateExpense

REPLACES_WORDS = {"": None, "non": False, "oui": True}
"""What the history says of the answer to « remplacent-ils un financement existant ? »."""


def read_amounts(contract: Contract) -> Snapshot:
    """Every amount of every sheet, by who pays, envelope and year."""
    rows = ActionFinancing.objects.filter(action_sheet__contract=contract).select_related(
        "action_sheet", "envelope"
    )
    return {
        Place("sheets", row.action_sheet_id, cell_name(_row_key(row), row.year)): Kept(
            sheet_name(row.action_sheet), _label(row), format_euros(row.amount)
        )
        for row in rows
    }


def read_expenses(contract: Contract) -> Snapshot:
    """What each envelope pays in each sheet, as the campaign names it, and whether it replaces a financing
    (M4)."""
    terms = terms_of(contract.campaign.spec)
    rows = StateExpense.objects.filter(action_sheet__contract=contract).select_related(
        "action_sheet", "envelope"
    )
    answers = {value: words for words, value in REPLACES_WORDS.items()}
    found: dict[Place, Kept] = {}
    for row in rows:
        name, label = sheet_name(row.action_sheet), row.envelope.label
        nature = terms.get(row.envelope.code, NO_TERMS).nature(row.nature)
        # A code that the campaign no longer names is shown as it is stored.
        found[Place("sheets", row.action_sheet_id, f"{NATURE_PREFIX}{row.envelope_id}")] = Kept(
            name, f"Nature de la dépense, {label}", nature.label if nature else row.nature
        )
        found[Place("sheets", row.action_sheet_id, f"{REPLACES_PREFIX}{row.envelope_id}")] = Kept(
            name, f"Remplace un financement existant, {label}", answers[row.replaces_existing]
        )
    return found


def read_own_means(contract: Contract) -> Snapshot:
    """The department's own means, by service and year."""
    return {
        Place("financing", 0, f"{row.service}-{row.year}"): Kept(
            "Moyens propres du département", str(row), format_euros(row.amount)
        )
        for row in OwnMeans.objects.filter(contract=contract)
    }


def restore_amount(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former amount of a sheet again; empty takes it away. Raises RuleViolation when it cannot be."""
    sheet = _sheet(contract, place)
    box = read_cell_name(place.field)
    if box is None:
        raise RuleViolation("Ce montant n’a plus de case : corrigez-le dans la fiche.")
    amounts = {(_row_key(row), row.year): row for row in sheet.financings.all()}
    kept = [_stated(key, year, row.amount) for (key, year), row in amounts.items() if (key, year) != box]
    if value:
        kept.append(_stated(*box, _amount(value)))
    _save(sheet, by=by, amounts=kept)


def restore_expense(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write again what was said of an envelope's money in a sheet (M4). Raises RuleViolation when it cannot
    be."""
    sheet = _sheet(contract, place)
    is_nature = place.field.startswith(NATURE_PREFIX)
    typed = place.field.removeprefix(NATURE_PREFIX if is_nature else REPLACES_PREFIX)
    envelope = contract.campaign.envelopes.filter(pk=typed).first() if typed.isdigit() else None
    if envelope is None:
        raise RuleViolation("Cette enveloppe n’est plus dans la campagne : ce choix n’est pas repris.")
    stored = StateExpense.objects.filter(action_sheet=sheet, envelope=envelope).first()
    nature = stored.nature if stored else ""
    replaces = stored.replaces_existing if stored else None
    if is_nature:
        nature = _nature_code(contract, envelope, value)
    elif value in REPLACES_WORDS:
        replaces = REPLACES_WORDS[value]
    else:
        raise RuleViolation("Cette réponse n’est ni oui ni non : répondez de nouveau dans la fiche.")
    amounts = [_stated(_row_key(row), row.year, row.amount) for row in sheet.financings.all()]
    _save(sheet, by=by, amounts=amounts, expenses=[StatedExpense(envelope.pk, nature, replaces)])


def restore_own_means(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former amount of the department's own means again. Raises RuleViolation when it cannot be."""
    service, _, year = place.field.rpartition("-")
    if service not in Service.values or not (year.isascii() and year.isdigit()):
        raise RuleViolation("Ce champ ne se reprend pas d’ici : corrigez-le dans « Financement ».")
    stored = OwnMeans.objects.filter(contract=contract, service=service, year=int(year)).first()
    change = MeansChange(
        service, int(year), stored.amount if stored else None, _amount(value) if value else None
    )
    save_own_means(contract, changes=[change], by=by)


def _save(
    sheet: ActionSheet, *, by: User, amounts: Sequence[StatedAmount], expenses: Sequence[StatedExpense] = ()
) -> None:
    save_sheet_with_financing(
        sheet.contract, sheet, fields={}, version=sheet.version, amounts=amounts, by=by, expenses=expenses
    )


def _sheet(contract: Contract, place: Place) -> ActionSheet:
    sheet = ActionSheet.objects.select_related("contract__campaign").filter(contract=contract, pk=place.item)
    found = sheet.first()
    if found is None:
        raise RuleViolation("Cette fiche a été supprimée : rien n’y est repris.")
    return found


def _amount(shown: str) -> Decimal:
    try:
        return read_amount(shown)
    except AmountError as error:
        raise RuleViolation(f"Ce montant ne se lit pas ({error}) : tapez-le de nouveau.") from error


def _nature_code(contract: Contract, envelope: Envelope, words: str) -> str:
    if not words:
        return ""
    natures = terms_of(contract.campaign.spec).get(envelope.code, NO_TERMS).natures
    code = next((each.code for each in natures if each.label == words), None)
    if code is None:
        raise RuleViolation(
            f"« {words} » n’est plus une nature de dépense de la campagne : choisissez-en une dans la fiche."
        )
    return code


def _row_key(row: ActionFinancing) -> str:
    """The key of the amount's row in the grid (`funding.grid.GridRow`)."""
    return str(row.contributor) if row.envelope_id is None else f"e{row.envelope_id}"


def _stated(key: str, year: int, amount: Decimal) -> StatedAmount:
    if key.startswith("e"):
        return StatedAmount(Contributor.STATE.value, int(key[1:]), year, amount)
    return StatedAmount(key, None, year, amount)


def _label(row: ActionFinancing) -> str:
    who = Contributor(row.contributor).label
    source = f"{who} ({row.envelope.label})" if row.envelope is not None else who
    return f"Montant {row.year}, {source}"
