"""Writing the cells of the tableau de bord (annexe 5.2; rule I2): all of a page's changes, or none.

A person saves only the cells that they changed. A cell that somebody else changed since the page was opened
is never overwritten unseen: both values are shown. A save that the person asked for is then refused whole;
one that the page makes by itself writes the other cells. What a cell held when its page was opened stands for
its version: the compare-and-set is on the figure itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, StaleVersion
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Contract
from indicators.dashboard import (
    TYPED_KINDS,
    columns_of,
    figure_of,
    half_year_columns_of,
    indicators_of,
    repeated_rows,
)
from indicators.figures import (
    LARGEST_FIGURE,
    LONGEST_REASON,
    NOT_STATED,
    Figure,
    Known,
    NotStated,
    Unavailable,
)
from indicators.models import Indicator, IndicatorValue, Periodicity, ValueKind

VALUES_SAVED = "indicator_values.saved"
"""The code of the event that tells a save."""

BURST = dt.timedelta(minutes=15)
"""How long the saves that follow each other while one types are one event of the journal."""

ATTEMPTS = 10
"""How often a save compares again; each time, somebody else has written a cell of it."""

CELLS_AT_ONCE = 100
"""Cells compared by one statement: SQLite bounds how deep a condition may be."""

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


@dataclass(frozen=True)
class Settled:
    """What became of a page's changes: those that were written, and those that somebody else forestalled."""

    written: tuple[CellChange, ...]
    conflicts: tuple[Conflict, ...]


class _Overtaken(Exception):
    """A cell no longer holds what it held when it was read, an instant ago."""


@transaction.atomic
@keeps_history("dashboard")
def save_values(contract: Contract, *, changes: Sequence[CellChange], by: User) -> int:
    """Write `changes` in the tableau de bord of `contract`; how many cells were really written.

    `NotStated` empties a cell. One event tells the whole save; nothing is recorded when nothing changes.
    Raises WrongState when the contract is no longer written, ValuesChanged for cells that somebody else
    changed, RuleViolation for a cell that cannot be typed: of another contract, computed, the target of a
    row without target (rules I3, I6), a half-year of a row that is not returned by half-year (rule I5), or
    repeated from a row of another objective. Nothing is written then.
    """
    locked, rows = _checked(contract, changes)
    settled = _settle(locked, changes, by, is_partial=False)
    if settled.conflicts:
        raise ValuesChanged(
            "Des valeurs ont été modifiées par quelqu’un d’autre pendant que vous les saisissiez. Rien n’a "
            "été enregistré ni perdu : les deux valeurs sont montrées ci-dessous. Gardez ou corrigez la "
            "vôtre, puis enregistrez de nouveau.",
            stored=settled.conflicts,
        )
    if settled.written:
        names = dict.fromkeys(rows[change.indicator_id].label for change in settled.written)
        count = len(settled.written)
        told = "1 valeur modifiée" if count == 1 else f"{count} valeurs modifiées"
        record(locked, VALUES_SAVED, f"Tableau de bord : {told} ({' ; '.join(names)}).", by=by)
    return len(settled.written)


@transaction.atomic
@keeps_history("dashboard")
def autosave_values(contract: Contract, *, changes: Sequence[CellChange], by: User) -> Settled:
    """Write those of `changes` that nobody forestalled, while the person goes on typing.

    A forestalled cell keeps the other person's value and is told back: it never holds up its neighbours. A
    burst of saves leaves one event, at its beginning. Raises what `save_values` raises, but ValuesChanged.
    """
    locked, rows = _checked(contract, changes)
    settled = _settle(locked, changes, by, is_partial=True)
    if settled.written and not _is_in_a_burst(locked, by):
        name = rows[settled.written[0].indicator_id].label
        record(locked, VALUES_SAVED, f"Tableau de bord : saisie de valeurs, depuis « {name} ».", by=by)
    return settled


def _is_in_a_burst(contract: Contract, by: User) -> bool:
    """Whether the last thing that the journal tells is that this person was filling the tableau de bord."""
    last = contract.events.first()
    return (
        last is not None
        and last.code == VALUES_SAVED
        and last.by_id == by.pk
        and timezone.now() - last.at < BURST
    )


def _checked(contract: Contract, changes: Sequence[CellChange]) -> tuple[Contract, Mapping[int, Indicator]]:
    """The locked contract and its rows by primary key, once every one of `changes` may be typed."""
    locked = locked_contract(contract)
    rows = {indicator.pk: indicator for indicator in indicators_of(locked)}
    columns = {(column.kind, column.year) for column in columns_of(locked.campaign)}
    half_years = {(column.kind, column.year) for column in half_year_columns_of(locked.campaign)}
    repeated = repeated_rows(rows.values())
    for change in changes:
        row = rows.get(change.indicator_id)
        is_half_yearly = row is not None and row.periodicity == Periodicity.HALF_YEARLY
        _check(change, row, columns | half_years if is_half_yearly else columns)
        if change.indicator_id in repeated:
            raise RuleViolation(
                _typed_elsewhere(rows[change.indicator_id], rows[repeated[change.indicator_id]])
            )
    return locked, rows


def _settle(contract: Contract, changes: Sequence[CellChange], by: User, *, is_partial: bool) -> Settled:
    """Compare each cell with what its page was opened with, and set it: one gesture for the database.

    The lock on the contract makes people wait for each other; it is not what keeps their figures. Each cell
    is claimed by an UPDATE that writes only while it holds what was just compared, or by the constraint that
    gives a new cell to one INSERT: whoever loses compares again and is told.
    """
    for _ in range(ATTEMPTS):
        stored = _stored_values(contract, changes)
        conflicts = _conflicts(changes, stored)
        if conflicts and not is_partial:
            return Settled((), conflicts)
        forestalled = {conflict.change.place for conflict in conflicts}
        wanted = [
            change
            for change in changes
            if change.place not in forestalled and change.wanted != _figure(stored.get(change.place))
        ]
        try:
            with transaction.atomic():
                _write(contract, wanted, stored, by)
        except (_Overtaken, IntegrityError):
            continue
        return Settled(tuple(wanted), conflicts)
    raise RuleViolation(
        "Trop de personnes enregistrent ces cases au même instant : rien n’a été enregistré, votre saisie "
        "est gardée. Enregistrez de nouveau."
    )


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
    """Raises _Overtaken, or the database's IntegrityError, when a cell changed since `stored` was read."""
    existing = [stored[change.place] for change in changes if change.place in stored]
    for start in range(0, len(existing), CELLS_AT_ONCE):
        _claim(existing[start : start + CELLS_AT_ONCE], by)
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


def _claim(values: Sequence[IndicatorValue], by: User) -> None:
    """Sign each of `values` if it is still what was read; its row then stays ours until the commit.

    PostgreSQL compares again what it waited for: a cell that somebody was writing is not matched once theirs
    is committed, and _Overtaken is raised.
    """
    unchanged = Q()
    for value in values:
        unchanged |= Q(pk=value.pk, value=value.value, unavailable_reason=value.unavailable_reason)
    claimed = IndicatorValue.objects.filter(unchanged).update(updated_by=by, updated_at=timezone.now())
    if claimed != len(values):
        raise _Overtaken


def _filled(value: IndicatorValue | None, contract: Contract, change: CellChange, by: User) -> IndicatorValue:
    value = value or IndicatorValue(
        contract=contract, indicator_id=change.indicator_id, kind=change.kind, year=change.year
    )
    value.value = change.wanted.value if isinstance(change.wanted, Known) else None
    value.unavailable_reason = change.wanted.reason if isinstance(change.wanted, Unavailable) else ""
    value.updated_by = by
    value.updated_at = timezone.now()
    return value
