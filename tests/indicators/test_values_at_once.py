"""Two people save the same cells at the same instant, on real connections: no figure is lost unseen.

The lock on the contract makes people wait for each other; here it is also taken away, so that only the
compare-and-set keeps their figures: each counts a cell up, many times, and every time that it was told
« written » counts once. The control run, without the comparison either, does lose some.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connections, transaction

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.models import Contract
from indicators.actions import values
from indicators.actions.values import CellChange, Settled, ValuesChanged, autosave_values, save_values
from indicators.figures import NOT_STATED, Figure, Known
from indicators.models import IndicatorValue, ValueKind
from tests.factories import IndicatorValueFactory
from tests.indicators.conftest import Board

ROUNDS = 120


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_once_one_is_written_and_the_other_is_told(board: Board) -> None:
    start = Barrier(2, timeout=20)

    def save(user: User, value: int) -> str:
        try:
            contract = Contract.objects.get(pk=board.contract.pk)
            start.wait()
            save_values(contract, changes=[change(board, NOT_STATED, value)], by=user)
        except ValuesChanged as refusal:
            (conflict,) = refusal.stored
            assert isinstance(conflict.stored, Known)
            return f"told of {conflict.stored.value:.0f} by {conflict.author}"
        else:
            return f"wrote {value}"
        finally:
            connections.close_all()

    people = (board.cast.council_editor, board.cast.prefect_editor)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(save, people, (11, 22)))

    stored = IndicatorValue.objects.get(contract=board.contract)
    winner = 0 if stored.value == 11 else 1
    assert results[winner] == f"wrote {(11, 22)[winner]}"
    assert results[1 - winner] == f"told of {(11, 22)[winner]} by {people[winner]}"
    assert board.contract.events.count() == 1


def change(board: Board, opened_with: Figure, wanted: int | None) -> CellChange:
    return CellChange(
        indicator_id=board.births.pk,
        kind=ValueKind.REFERENCE,
        year=board.contract.campaign.reference_year,
        opened_with=opened_with,
        wanted=NOT_STATED if wanted is None else Known(Decimal(wanted)),
    )


def _without_lock(contract: Contract, *, editable: bool = True) -> Contract:
    return Contract.objects.select_related("campaign", "territory__region").get(pk=contract.pk)


def unlocked_save(board: Board, wanted: CellChange, user: User) -> Settled:
    """A save without what else would make people wait: the history reads its part under a lock of its own."""
    with transaction.atomic():
        return inspect.unwrap(autosave_values)(board.contract, changes=[wanted], by=user)


def _write_whatever_is_there(values_to_claim: object, by: User) -> None:
    """A claim that claims nothing: the control run."""


def _count_up_together(board: Board, rounds: int) -> int:
    """Two people add one to the cell again and again; how many times they were told that it was written."""
    start = Barrier(2, timeout=60)

    def count_up(user: User) -> int:
        written = 0
        try:
            for _ in range(rounds):
                start.wait()
                seen = IndicatorValue.objects.get(contract=board.contract).value
                assert seen is not None
                settled = unlocked_save(board, change(board, Known(seen), int(seen) + 1), user)
                written += len(settled.written)
        finally:
            connections.close_all()
        return written

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(count_up, (board.cast.council_editor, board.cast.prefect_editor)))


@pytest.fixture
def counter(board: Board, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[int, int]]:
    """Counts up together without the contract's lock: (what people were told, what the cell holds)."""
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(0))
    monkeypatch.setattr(values, "locked_contract", _without_lock)
    # One line of the journal for all: the counting alone meets.
    monkeypatch.setattr(values, "_is_in_a_burst", lambda contract, by: True)

    def run() -> tuple[int, int]:
        told = _count_up_together(board, ROUNDS)
        stored = IndicatorValue.objects.get(contract=board.contract).value
        assert stored is not None
        return told, int(stored)

    return run


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_every_figure_said_to_be_written_was_seen_by_the_next_person(
    counter: Callable[[], tuple[int, int]],
) -> None:
    told, stored = counter()

    assert stored == told
    assert ROUNDS <= told <= 2 * ROUNDS


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_comparison_the_same_people_do_lose_figures(
    counter: Callable[[], tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "_claim", _write_whatever_is_there)

    told, stored = counter()

    assert stored < told


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_an_empty_cell_is_filled_by_one_of_those_who_fill_it_and_emptied_by_one(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "locked_contract", _without_lock)
    monkeypatch.setattr(values, "_is_in_a_burst", lambda contract, by: True)
    start = Barrier(2, timeout=60)

    def fight(user: User, mine: int) -> list[str]:
        told = []
        try:
            for turn in range(30):
                start.wait()
                settled = unlocked_save(board, change(board, NOT_STATED, mine), user)
                told.append("filled" if settled.written else "told")
                start.wait()
                held = IndicatorValue.objects.get(contract=board.contract)
                assert held.value is not None
                start.wait()
                # One empties what both read, the other corrects it: whoever is second is told.
                wanted = None if (turn + mine) % 2 else 100 + turn
                settled = unlocked_save(board, change(board, Known(held.value), wanted), user)
                told.append("changed" if settled.written else "told")
                if start.wait() == 0:
                    IndicatorValue.objects.filter(contract=board.contract).delete()
                start.wait()
        finally:
            connections.close_all()
        return told

    people = (board.cast.council_editor, board.cast.prefect_editor)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(fight, people, (1, 2))

    for pair in zip(first, second, strict=True):
        assert sorted(pair) in (["filled", "told"], ["changed", "told"])


@pytest.mark.django_db
def test_a_cell_overtaken_without_end_is_refused_with_a_sentence(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(1))

    def overtaken(values_to_claim: object, by: User) -> None:
        raise values._Overtaken

    monkeypatch.setattr(values, "_claim", overtaken)

    with pytest.raises(RuleViolation, match="Enregistrez de nouveau"):
        save_values(
            board.contract,
            changes=[change(board, Known(Decimal(1)), 2)],
            by=board.cast.council_editor,
        )
    assert IndicatorValue.objects.get(contract=board.contract).value == 1
