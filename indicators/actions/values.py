"""Writing the cells of the tableau de bord (annexe 5.2; rule I2): all of a page's changes, or none.

A person saves only the cells that they changed. A cell that somebody else changed since the page was opened
is never overwritten unseen: the save is refused and both values are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Contract
from indicators.dashboard import TYPED_KINDS, columns_of, figure_of, indicators_of, repeated_rows
from indicators.figures import (
    LARGEST_FIGURE,
    LONGEST_REASON,
    NOT_STATED,
    Figure,
    Known,
    NotStated,
    Unavailable,
)
from indicators.models import Indicator, IndicatorValue, ValueKind

CellPlace = tuple[int, str, int]
"""Where a cell stands: (indicator, ValueKind, year)."""


@dataclass(frozen=True)
class CellChange:
    """One cell as its page was opened with, and as the person wants it now."""

    indicator_id: int
    kind: str
    year: int
    opened_with: Figure
    wanted: Figure

    @property
    def place(self) -> CellPlace:
        return (self.indicator_id, self.kind, self.year)


@dataclass(frozen=True)
class Conflict:
    """A cell that `author` changed to `stored` since the page was opened."""

    change: CellChange
    stored: Figure
    author: str


class ValuesChanged(StaleVersion):
    """Cells were changed by somebody else in the meantime; nothing was written. `stored` lists them."""

    stored: tuple[Conflict, ...]


@transaction.atomic
@keeps_history("dashboard")
def save_values(contract: Contract, *, changes: Sequence[CellChange], by: User) -> int:
    """Write `changes` in the tableau de bord of `contract`; how many cells were really written.

    `NotStated` empties a cell. One event tells the whole save; nothing is recorded when nothing changes.
    Raises WrongState when the contract is no longer written, ValuesChanged for cells that somebody else
    changed, RuleViolation for a cell that cannot be typed: of another contract, computed, or the target of a
    row without target (rules I3, I6), or repeated from a row of another objective. Nothing is written then.
    """
    locked = locked_contract(contract)
    rows = {indicator.pk: indicator for indicator in indicators_of(locked)}
    columns = {(column.kind, column.year) for column in columns_of(locked.campaign)}
    repeated = repeated_rows(rows.values())
    for change in changes:
        _check(change, rows.get(change.indicator_id), columns)
        if change.indicator_id in repeated:
            raise RuleViolation(
                _typed_elsewhere(rows[change.indicator_id], rows[repeated[change.indicator_id]])
            )
    stored = _stored_values(locked, changes)
    conflicts = _conflicts(changes, stored)
    if conflicts:
        raise ValuesChanged(
            "Des valeurs ont été modifiées par quelqu’un d’autre pendant que vous les saisissiez. Rien n’a "
            "été enregistré ni perdu : les deux valeurs sont montrées ci-dessous. Gardez ou corrigez la "
            "vôtre, puis enregistrez de nouveau.",
            stored=conflicts,
        )
    written = [change for change in changes if change.wanted != _figure(stored.get(change.place))]
    if not written:
        return 0
    _write(locked, written, stored, by)
    names = dict.fromkeys(rows[change.indicator_id].label for change in written)
    count = "1 valeur modifiée" if len(written) == 1 else f"{len(written)} valeurs modifiées"
    record(locked, "indicator_values.saved", f"Tableau de bord : {count} ({' ; '.join(names)}).", by=by)
    return len(written)


def _check(change: CellChange, indicator: Indicator | None, columns: set[tuple[str, int]]) -> None:
    if indicator is None:
        raise RuleViolation(
            "Une des lignes n’est pas, ou n’est plus, dans le tableau de bord de ce contrat : rien n’a été "
            "enregistré. Rouvrez la page pour repartir du tableau actuel."
        )
    name = f"Ligne « {indicator.label} »"
    if indicator.kind not in TYPED_KINDS:
        raise RuleViolation(f"{name} : cette ligne est calculée, elle ne se saisit pas.")
    if (change.kind, change.year) not in columns:
        raise RuleViolation(f"{name} : l’année {change.year} n’est pas une colonne de ce tableau de bord.")
    if change.kind == ValueKind.TARGET and not indicator.has_target:
        raise RuleViolation(f"{name} : cette ligne n’a pas de cible.")
    wanted = change.wanted
    if isinstance(wanted, Known) and not 0 <= wanted.value <= LARGEST_FIGURE:
        raise RuleViolation(f"{name} : un nombre va de zéro à douze chiffres avant la virgule.")
    if isinstance(wanted, Unavailable) and not 0 < len(wanted.reason) <= LONGEST_REASON:
        raise RuleViolation(
            f"{name} : dites en {LONGEST_REASON} caractères au plus pourquoi la valeur n’est pas disponible."
        )


def _typed_elsewhere(row: Indicator, first: Indicator) -> str:
    return (
        f"Ligne « {row.label} » : ce chiffre ne se saisit qu’une fois, à la ligne « {first.label} » d’un "
        "autre objectif. Rien n’a été enregistré : rouvrez la page pour repartir du tableau actuel."
    )


def _stored_values(contract: Contract, changes: Sequence[CellChange]) -> dict[CellPlace, IndicatorValue]:
    # The contract's row is locked: nobody else writes its values until the end of the transaction.
    values = IndicatorValue.objects.filter(
        contract=contract, indicator__in={change.indicator_id for change in changes}
    ).select_related("updated_by")
    return {(value.indicator_id, value.kind, value.year): value for value in values}


def _conflicts(
    changes: Sequence[CellChange], stored: Mapping[CellPlace, IndicatorValue]
) -> tuple[Conflict, ...]:
    found = []
    for change in changes:
        value = stored.get(change.place)
        now = _figure(value)
        if now not in (change.opened_with, change.wanted):
            author = str(value.updated_by) if value is not None and value.updated_by is not None else ""
            found.append(Conflict(change, now, author))
    return tuple(found)


def _figure(value: IndicatorValue | None) -> Figure:
    return NOT_STATED if value is None else figure_of(value)


def _write(
    contract: Contract,
    changes: Sequence[CellChange],
    stored: Mapping[CellPlace, IndicatorValue],
    by: User,
) -> None:
    emptied: list[int] = []
    updated: list[IndicatorValue] = []
    created: list[IndicatorValue] = []
    for change in changes:
        value = stored.get(change.place)
        if isinstance(change.wanted, NotStated):
            if value is not None:
                emptied.append(value.pk)
            continue
        (created if value is None else updated).append(_filled(value, contract, change, by))
    IndicatorValue.objects.filter(pk__in=emptied).delete()
    IndicatorValue.objects.bulk_update(updated, ["value", "unavailable_reason", "updated_by", "updated_at"])
    IndicatorValue.objects.bulk_create(created)


def _filled(value: IndicatorValue | None, contract: Contract, change: CellChange, by: User) -> IndicatorValue:
    value = value or IndicatorValue(
        contract=contract, indicator_id=change.indicator_id, kind=change.kind, year=change.year
    )
    value.value = change.wanted.value if isinstance(change.wanted, Known) else None
    value.unavailable_reason = change.wanted.reason if isinstance(change.wanted, Unavailable) else ""
    value.updated_by = by
    value.updated_at = timezone.now()
    return value
