"""The order of a contract's sheets, and their numbers (annexes 5.3, 5.4; rules A1, A3).

What we chose where the text is silent (docs/decisions/order-of-sheets.md): there is one order, the plan's, by
objective; people rank the sheets within it. A number stays when the order changes, until somebody asks for
all of them to follow it. Gestures are relative to what is stored (« one up », « before that one »): two
people who rank at once both get what they asked for.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db import transaction

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.action_sheets import locked_sheet
from contracts.actions.journal import locked_contract, record
from contracts.actions.sheet_ranks import rewrite, write_ranks
from contracts.history import keeps_history
from contracts.models import ActionSheet, Contract


@dataclass(frozen=True)
class Rank:
    """Where a sheet stands after a gesture: from 1, of the sheets of its objective."""

    sheet: ActionSheet
    place: int
    count: int
    has_moved: bool


@transaction.atomic
@keeps_history("sheets")
def move_action_sheet(sheet: ActionSheet, *, is_up: bool, by: User) -> Rank:
    """Have `sheet` change places with the one before it (`is_up`) or after it, within its objective.

    The first one moved up, or the last one down, stays: `has_moved` says so. Raises WrongState when the
    contract is no longer written, or the sheet was deleted or archived.
    """
    contract, stored, others = _ranked(sheet)
    index = others.index(stored)
    target = index - 1 if is_up else index + 1
    if not 0 <= target < len(others):
        return Rank(stored, index + 1, len(others), has_moved=False)
    others[index], others[target] = others[target], others[index]
    return _write(contract, stored, others, by)


@transaction.atomic
@keeps_history("sheets")
def place_action_sheet(sheet: ActionSheet, *, before: int | None, by: User) -> Rank:
    """Put `sheet` just before the sheet whose primary key is `before`, or last of its objective (None).

    Raises RuleViolation when `before` is not, or no longer, a sheet of the same objective in the plan,
    WrongState as `move_action_sheet`.
    """
    contract, stored, others = _ranked(sheet)
    if before == stored.pk:
        return Rank(stored, others.index(stored) + 1, len(others), has_moved=False)
    former = list(others)
    others.remove(stored)
    if before is None:
        others.append(stored)
    else:
        index = next((rank for rank, each in enumerate(others) if each.pk == before), None)
        if index is None:
            raise RuleViolation(
                "Une fiche se range parmi celles de son objectif : choisissez une place parmi elles, "
                "ou changez l’objectif dans la fiche. Si la liste a changé entre-temps, rechargez la page."
            )
        others.insert(index, stored)
    if others == former:
        return Rank(stored, others.index(stored) + 1, len(others), has_moved=False)
    return _write(contract, stored, others, by)


def _ranked(sheet: ActionSheet) -> tuple[Contract, ActionSheet, list[ActionSheet]]:
    """The locked contract, the stored sheet, and the sheets in the plan of its objective in order."""
    contract = locked_contract(sheet.contract)
    stored = locked_sheet(sheet, contract)
    if stored.is_archived:
        raise WrongState(f"La fiche action n° {stored.number} est archivée : restaurez-la pour la ranger.")
    others = contract.action_sheets.in_plan().filter(contract_objective=stored.contract_objective_id)
    return contract, stored, list(others.order_by("position"))


def _write(contract: Contract, sheet: ActionSheet, others: list[ActionSheet], by: User) -> Rank:
    write_ranks(others)
    place = others.index(sheet) + 1
    record(
        contract,
        "action_sheet.moved",
        f"Fiche action n° {sheet.number} rangée à la {_rank(place)} place sur {len(others)} de l’objectif.",
        by=by,
    )
    return Rank(sheet, place, len(others), has_moved=True)


def _rank(place: int) -> str:
    return "1re" if place == 1 else f"{place}e"


# --- Numbers ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Renumbering:
    """What renumbering would change: every sheet in the plan, in order, with the number it would take.

    `kept` are the numbers of archived sheets, which are not given again.
    """

    numbers: tuple[tuple[ActionSheet, int], ...]
    kept: tuple[int, ...]

    @property
    def changes(self) -> tuple[tuple[ActionSheet, int], ...]:
        """(sheet, new number) of those whose number changes."""
        return tuple((sheet, number) for sheet, number in self.numbers if sheet.number != number)

    @property
    def token(self) -> str:
        """Names these very changes: what a person confirmed is what is done."""
        text = ",".join(f"{sheet.pk}:{sheet.number}:{number}" for sheet, number in self.numbers)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def renumbering(contract: Contract) -> Renumbering:
    """The numbers 1, 2, 3… down the order of the plan, leaving out those of archived sheets."""
    kept = tuple(contract.action_sheets.archived().order_by("number").values_list("number", flat=True))
    numbers = []
    number = 0
    for sheet in contract.action_sheets.in_plan().in_order().select_related("contract_objective__objective"):
        number += 1
        while number in kept:
            number += 1
        numbers.append((sheet, number))
    return Renumbering(tuple(numbers), kept)


@transaction.atomic
@keeps_history("sheets")
def renumber_action_sheets(contract: Contract, *, token: str, by: User) -> int:
    """Number the sheets down their order, as `renumbering` said when its `token` was read; how many changed.

    Raises RuleViolation when the sheets changed since, or when no number would change; WrongState when the
    contract is no longer written. Links by number follow the new numbers; places, threads and history name
    sheets by their primary key and follow them.
    """
    locked = locked_contract(contract)
    proposed = renumbering(locked)
    if proposed.token != token:
        raise RuleViolation(
            "Les fiches ont changé depuis que cette page a été affichée : aucun numéro n’a été modifié. "
            "Revenez à « Renuméroter dans l’ordre » pour relire ce qui changerait."
        )
    if not proposed.changes:
        raise RuleViolation("Les numéros suivent déjà l’ordre des fiches.")
    told = ", ".join(f"{sheet.number} → {number}" for sheet, number in proposed.changes)
    # Read before it is written: the sheets then hold their new numbers, and nothing changes any more.
    changed = proposed.changes
    rewrite("number", [sheet for sheet, _ in changed], {sheet.pk: number for sheet, number in changed})
    record(locked, "action_sheet.renumbered", f"Fiches action renumérotées : {told}.", by=by)
    return len(changed)
