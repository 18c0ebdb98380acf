"""Bringing back a former text, or a sheet that was deleted: through the actions of their own part."""

from __future__ import annotations

from django.db import transaction

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import SHEET_FIELDS, create_action_sheet
from contracts.history import kept_apart, restorer_of
from contracts.models import ActionSheet, Contract, FieldChange
from contracts.places import Place, read_place


@transaction.atomic
def restore_text(change: FieldChange, *, former: bool, by: User) -> None:
    """Write again what the field of `change` said before it (`former`), or after it.

    The restoring is itself a change, with its author: nothing leaves the history. Raises RuleViolation when
    the field cannot be written from here, WrongState when the contract is no longer written.
    """
    place = _place(change)
    restorer = restorer_of(place)
    if restorer is None:
        raise RuleViolation("Ce champ ne se reprend pas d’ici : copiez son texte, puis ouvrez sa page.")
    # Apart, or the text that it replaces, written by the same person just before, would leave the history.
    with kept_apart():
        restorer(change.contract, place, (change.before if former else change.after) or "", by)


SAME_TODAY = "C’est ce que dit le champ aujourd’hui."


@transaction.atomic
def refusal_to_restore(change: FieldChange, *, former: bool, by: User) -> str:
    """Why `restore_text` would bring nothing back, in French; empty when it would.

    It is done for good, then rolled back: whatever the part's own action refuses is known, and no page offers
    a gesture that answers with a refusal. Nothing is kept of it.
    """
    changes = FieldChange.objects.filter(contract=change.contract_id)
    before = changes.count()
    try:
        with transaction.atomic():
            restore_text(change, former=former, by=by)
            is_new = changes.count() != before
            transaction.set_rollback(True)
    except RuleViolation as refusal:
        return str(refusal)
    return "" if is_new else SAME_TODAY


@transaction.atomic
def recreate_deleted_sheet(change: FieldChange, *, by: User) -> ActionSheet:
    """A new sheet with the last texts of the deleted one of which `change` is a field; without its money.

    Raises RuleViolation when the sheet still exists, when its objective has left the contract, or when a
    sheet already says the same.
    """
    place = _place(change)
    contract = change.contract
    if place.part != "sheets" or not place.item:
        raise RuleViolation("Ce changement n’est pas celui d’une fiche action.")
    if ActionSheet.objects.filter(contract=contract, pk=place.item).exists():
        raise RuleViolation("Cette fiche existe : reprenez ses textes un par un.")
    texts = last_texts(contract, place.item)
    label = texts.pop("contract_objective", "")
    objective = next(
        (each for each in contract.objectives.select_related("objective") if each.label == label), None
    )
    if objective is None:
        raise RuleViolation(
            f"L’objectif que servait cette fiche (« {label} ») n’est plus dans le contrat : "
            "ajoutez-le d’abord, puis recréez la fiche."
        )
    return create_action_sheet(contract, fields={**texts, "contract_objective": objective}, by=by)


def last_texts(contract: Contract, sheet_pk: int) -> dict[str, str]:
    """{field: its last text} of a deleted sheet, as the history kept them."""
    prefix = f"{Place('sheets', sheet_pk)}/"
    texts: dict[str, str] = {}
    changes = FieldChange.objects.filter(contract=contract, place__startswith=prefix, after__isnull=True)
    for change in changes.order_by("until", "pk"):
        name = change.place.removeprefix(prefix)
        if name in SHEET_FIELDS:
            texts[name] = change.before or ""
    return texts


def _place(change: FieldChange) -> Place:
    try:
        return read_place(change.place)
    except ValueError as error:
        raise RuleViolation("Ce champ n’existe plus dans le contrat : copiez son texte.") from error
