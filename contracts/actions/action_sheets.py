"""Writing, saving, copying, archiving and deleting action sheets (annexe 5.4; rules A1, A2).

Every gesture locks the contract's row first: its state cannot change while a sheet is written, and two new
sheets cannot take the same number. Their order and their numbers: `contracts.actions.sheet_order`. A saved
text is guarded by the sheet's version: `contracts.merging`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, ProtectedError
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record, record_once
from contracts.actions.sheet_ranks import rank_after
from contracts.actions.versions import Clashing, author_words, claim_version
from contracts.history import keeps_history
from contracts.merging import Opened, OpenedBefore, Stored, Values, put
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

SHEET_TEXT_FIELDS = tuple(name for name in SHEET_FIELDS if name != "contract_objective")
"""Those that are searched, and that the history brings back."""

FORMATTED_FIELDS = tuple(
    name for name in SHEET_FIELDS if name not in ("contract_objective", "title", "referent")
)
"""The long texts, with light marks (cdppe.lib.rich_text)."""

COPY_SUFFIX = " (copie)"


@transaction.atomic
@keeps_history("sheets")
def create_action_sheet(
    contract: Contract,
    *,
    fields: Mapping[str, Any],
    by: User,
    answers_demand: str = "",
    token: UUID | None = None,
) -> ActionSheet:
    """A new sheet with the next free number of `contract`, the last of its objective, and its event.

    `fields` maps names of `SHEET_FIELDS` to values; any other name is a programming error. `answers_demand`
    is the code of a template of the sheet's objective (O5), forgotten for any other. `token` is the page's
    own: it makes one sheet, however often it is sent (see `created_with`). Raises WrongState when the
    contract is no longer written, RuleViolation for an objective that it does not carry, or when the
    contract already has a sheet with these very texts: a form that was sent twice makes one sheet.
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
        creation_token=token,
        **fields,
    )
    _forget_foreign_demand(sheet)
    sheet.save()
    record(locked, "action_sheet.created", f"{_name(sheet)} créée.", by=by, place=sheet_place(sheet))
    return sheet


def created_with(contract: Contract, token: UUID | None) -> ActionSheet | None:
    """The sheet of `contract` that the page with this `token` has already created, if it has."""
    if token is None:
        return None
    return ActionSheet.objects.filter(contract=contract, creation_token=token).first()


class SheetShelf:
    """One sheet as `merging.put` reads and writes it; `row` is the sheet as it was last read."""

    def __init__(self, sheet: ActionSheet, *, by: User) -> None:
        self.sheet, self.row, self.by = sheet, sheet, by

    def read(self) -> Stored:
        """The stored sheet; raises WrongState when the contract is no longer written or the sheet is gone."""
        self.contract = locked_contract(self.sheet.contract)
        self.row = locked_sheet(self.sheet, self.contract)
        if self.row.is_archived:
            raise WrongState(
                f"La fiche action n° {self.row.number} a été archivée : rien n’y est modifié. "
                "Restaurez-la depuis la liste des fiches, puis enregistrez de nouveau."
            )
        return Stored(self.row.version, {name: getattr(self.row, name) for name in SHEET_FIELDS})

    def complete(self, mine: Values, stored: Values) -> Values:
        """The stored fields, with those that the person gave."""
        return {**stored, **mine}

    def compare_and_set(self, version: int, values: Values) -> bool:
        """Write the fields of `values` if the sheet is still at `version`."""
        fields = {name: values[name] for name in SHEET_FIELDS}
        _check(fields, self.contract)
        if not claim_version(self.row, version):
            return False
        for name, value in fields.items():
            setattr(self.row, name, value)
        _forget_foreign_demand(self.row)
        self.row.version = version + 1
        self.row.updated_by = self.by
        self.row.updated_at = timezone.now()
        self.row.save()
        return True


@transaction.atomic
@keeps_history("sheets")
def save_action_sheet(
    sheet: ActionSheet,
    *,
    fields: Mapping[str, Any],
    version: int,
    by: User,
    opened: Opened | None = None,
    is_autosave: bool = False,
) -> ActionSheet:
    """Write `fields` on the stored `sheet`; the sheet as it is now stored. Nothing to change writes nothing.

    Without `opened` the sheet must still be at `version`; with it ({field that the person changed: the values
    that it may have been opened with}) only those fields are written, beside what others wrote elsewhere.
    Raises Clashing (a StaleVersion), whose `stored` is the sheet as somebody else saved it since, WrongState
    when the contract is no longer written or the sheet was deleted, RuleViolation for a foreign objective.
    """
    _refuse_unknown(fields)
    return put_sheet(
        SheetShelf(sheet, by=by), mine=fields, version=version, opened=opened, is_autosave=is_autosave
    )


@transaction.atomic
def put_sheet(
    shelf: SheetShelf, *, mine: Values, version: int, opened: Opened | None, is_autosave: bool
) -> ActionSheet:
    """`merging.put` on the shelf of a sheet, its refusal in words, its line in the journal."""
    try:
        written = put(shelf, mine=mine, version=version, opened=opened)
    except OpenedBefore as refusal:
        stored = shelf.row
        words = author_words(stored.updated_by, stored.updated_at, reader=shelf.by)
        raise Clashing(
            f"La fiche action n° {stored.number} a été enregistrée {words}, pendant que vous l’écriviez. "
            "Rien n’a été perdu : les deux textes sont ci-dessous.",
            stored=stored,
            clashes=refusal.clashes,
        ) from refusal
    if written.is_new:
        tell = record_once if is_autosave else record
        tell(
            shelf.contract,
            "action_sheet.saved",
            f"{_name(shelf.row)} modifiée.",
            by=shelf.by,
            place=sheet_place(shelf.row),
        )
    return shelf.row


@transaction.atomic
@keeps_history("sheets")
def delete_action_sheet(sheet: ActionSheet, *, by: User) -> None:
    """Delete `sheet` with its financing; its number is not given again while a later sheet exists.

    Raises WrongState when the contract is no longer written or the sheet is already deleted, RuleViolation
    when credits moved from or to it (rule M7): it is archived then.
    """
    locked = locked_contract(sheet.contract)
    stored = locked_sheet(sheet, locked)
    try:
        stored.delete()
    except ProtectedError as protection:
        raise RuleViolation(
            f"{_name(stored)} : des mouvements de crédits portent sur elle, ils restent lisibles. "
            "Archivez-la plutôt que de la supprimer."
        ) from protection
    record(locked, "action_sheet.deleted", f"{_name(stored)} supprimée.", by=by)


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


def sheet_place(sheet: ActionSheet) -> str:
    """Where `sheet` stands, as `contracts.places` writes it."""
    return f"sheets/{sheet.pk}"


def _refuse_unknown(fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(SHEET_FIELDS)
    if unknown:
        raise TypeError(f"not fields of an action sheet: {', '.join(sorted(unknown))}")


def _check(fields: Mapping[str, Any], contract: Contract) -> None:
    _refuse_unknown(fields)
    chosen = fields.get("contract_objective")
    if chosen is not None and chosen.contract_id != contract.pk:
        raise RuleViolation(
            "Cet objectif n’est pas dans le contrat : choisissez un objectif de la liste, "
            "ou ajoutez-le d’abord au contrat."
        )


def locked_sheet(sheet: ActionSheet, contract: Contract) -> ActionSheet:
    """The stored `sheet` of the locked `contract`; WrongState when somebody deleted it in the meantime."""
    # No lock on the sheet's row: the contract's is locked, the version guards the texts (`claim_version`).
    found = (
        ActionSheet.objects.select_related("updated_by", "contract_objective__objective")
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
