"""Writing, saving, copying, archiving and deleting action sheets (annexe 5.4; rules A1, A2).

Every gesture locks the contract's row first: its state cannot change while a sheet is written, and two new
sheets cannot take the same number. Their order and their numbers: `contracts.actions.sheet_order`.
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
from contracts.actions.sheet_ranks import rank_after
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

COPY_SUFFIX = " (copie)"


@transaction.atomic
@keeps_history("sheets")
def create_action_sheet(
    contract: Contract, *, fields: Mapping[str, Any], by: User, answers_demand: str = ""
) -> ActionSheet:
    """A new sheet with the next free number of `contract`, the last of its objective, and its event.

    `fields` maps names of `SHEET_FIELDS` to values; any other name is a programming error. `answers_demand`
    is the code of a template of the sheet's objective (O5), forgotten for any other. Raises WrongState
    when the contract is no longer written, RuleViolation for an objective that it does not carry, or when
    the contract already has a sheet with these very texts: a form that was sent twice makes one sheet.
    """
    locked = locked_contract(contract)
    _check(fields, locked)
    unwritten = dict.fromkeys(SHEET_FIELDS, "")
    same = locked.action_sheets.in_plan().filter(**(unwritten | dict(fields))).first()
    if same is not None:
        raise RuleViolation(
            f"La fiche action n° {same.number} dit déjà exactement cela : une seconde n’a pas été créée. "
            "Ouvrez-la depuis la liste des fiches ; pour une autre action, changez l’intitulé."
        )
    last = locked.action_sheets.aggregate(number=Max("number"), position=Max("position"))
    sheet = ActionSheet(
        contract=locked,
        number=(last["number"] or 0) + 1,
        position=(last["position"] or 0) + 1,
        updated_by=by,
        answers_demand=answers_demand,
        **fields,
    )
    _forget_foreign_demand(sheet)
    sheet.save()
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
    stored = locked_sheet(sheet, locked)
    _check(fields, locked)
    if stored.is_archived:
        raise WrongState(
            f"La fiche action n° {stored.number} a été archivée : rien n’y est modifié. "
            "Restaurez-la depuis la liste des fiches, puis enregistrez de nouveau."
        )
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
    _forget_foreign_demand(stored)
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
    stored = locked_sheet(sheet, locked)
    record(locked, "action_sheet.deleted", f"{_name(stored)} supprimée.", by=by)
    stored.delete()


@transaction.atomic
@keeps_history("sheets")
def copy_action_sheet(sheet: ActionSheet, *, by: User) -> ActionSheet:
    """A new sheet with the texts of `sheet`, its title followed by « (copie) », ranked just after it.

    Its money is not copied here (`funding.actions.sheet_copies`), nor what it answers: a copy is another
    action. Raises WrongState when the contract is no longer written, the sheet was deleted or is archived,
    RuleViolation when a copy that nobody changed is there already.
    """
    locked = locked_contract(sheet.contract)
    original = locked_sheet(sheet, locked)
    if original.is_archived:
        raise WrongState(
            f"La fiche action n° {original.number} est archivée : restaurez-la avant de la copier."
        )
    fields = {name: getattr(original, name) for name in SHEET_FIELDS}
    longest = ActionSheet._meta.get_field("title").max_length or 0
    fields["title"] = f"{original.title[: longest - len(COPY_SUFFIX)]}{COPY_SUFFIX}"
    copy = create_action_sheet(locked, fields=fields, by=by)
    rank_after(copy, original)
    return copy


@transaction.atomic
@keeps_history("sheets")
def archive_action_sheet(sheet: ActionSheet, *, by: User) -> ActionSheet:
    """Put `sheet` aside: it counts nowhere any more, keeps its number, texts and money, and can come back.

    Raises WrongState when the contract is no longer written, or the sheet was deleted or archived already.
    """
    locked = locked_contract(sheet.contract)
    stored = locked_sheet(sheet, locked)
    if stored.is_archived:
        raise WrongState(f"La fiche action n° {stored.number} est déjà archivée.")
    stored.archived_at, stored.archived_by = timezone.now(), by
    stored.save(update_fields=["archived_at", "archived_by"])
    record(locked, "action_sheet.archived", f"{_name(stored)} archivée.", by=by)
    return stored


@transaction.atomic
@keeps_history("sheets")
def restore_action_sheet(sheet: ActionSheet, *, by: User) -> ActionSheet:
    """Bring an archived `sheet` back where it stood, with its number and its money.

    Raises WrongState when the contract is no longer written, or the sheet was deleted or is not archived.
    """
    locked = locked_contract(sheet.contract)
    stored = locked_sheet(sheet, locked)
    if not stored.is_archived:
        raise WrongState(f"La fiche action n° {stored.number} n’est pas archivée : elle compte déjà.")
    stored.archived_at = stored.archived_by = None
    stored.save(update_fields=["archived_at", "archived_by"])
    record(locked, "action_sheet.restored", f"{_name(stored)} restaurée.", by=by)
    return stored


@transaction.atomic
@keeps_history("sheets")
def state_demand(sheet: ActionSheet, *, code: str, by: User) -> ActionSheet:
    """Say that `sheet` answers the demand `code` of its objective (rule O5); empty: that it answers none.

    Raises RuleViolation for a demand that is not of the sheet's objective, WrongState when the contract is no
    longer written, or the sheet was deleted or is archived.
    """
    locked = locked_contract(sheet.contract)
    stored = locked_sheet(sheet, locked)
    if stored.is_archived:
        raise WrongState(f"La fiche action n° {stored.number} est archivée : restaurez-la d’abord.")
    stored.answers_demand = code
    _forget_foreign_demand(stored)
    if stored.answers_demand != code:
        raise RuleViolation(
            f"La fiche action n° {stored.number} sert un autre objectif que la fiche demandée : "
            "choisissez une fiche de cet objectif."
        )
    stored.save(update_fields=["answers_demand"])
    sentence = "répond à une fiche demandée" if code else "ne répond plus à une fiche demandée"
    record(locked, "action_sheet.demand-stated", f"{_name(stored)} {sentence}.", by=by)
    return stored


def _forget_foreign_demand(sheet: ActionSheet) -> None:
    """A sheet answers a demand of the objective that it serves, or none."""
    if not sheet.answers_demand:
        return
    objective = sheet.contract_objective.objective
    if objective is None or not objective.sheet_templates.filter(code=sheet.answers_demand).exists():
        sheet.answers_demand = ""


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


def locked_sheet(sheet: ActionSheet, contract: Contract) -> ActionSheet:
    """The stored `sheet` of the locked `contract`; WrongState when somebody deleted it in the meantime."""
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
