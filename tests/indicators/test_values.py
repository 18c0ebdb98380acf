"""Writing cells: all of a page's changes or none, never over somebody else's unseen (rule I2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cdppe.lib.errors import RuleViolation, WrongState
from contracts.models import Contract, JournalEntry
from contracts.workflow import ContractState
from indicators.actions.values import CellChange, ValuesChanged, save_values
from indicators.figures import NOT_STATED, Figure, Known, Unavailable
from indicators.models import Indicator, IndicatorValue, ValueKind
from tests.factories import ContractObjectiveFactory, IndicatorFactory, IndicatorValueFactory
from tests.indicators.conftest import Board


def change(
    board: Board,
    indicator: Indicator,
    wanted: Figure,
    *,
    opened_with: Figure = NOT_STATED,
    kind: str = ValueKind.REFERENCE,
    year: int | None = None,
) -> CellChange:
    return CellChange(
        indicator_id=indicator.pk,
        kind=kind,
        year=year or board.contract.campaign.reference_year,
        opened_with=opened_with,
        wanted=wanted,
    )


def stored(contract: Contract) -> list[tuple[str, Decimal | None, str]]:
    values = IndicatorValue.objects.filter(contract=contract).order_by("indicator__position", "year")
    return [(v.indicator.label, v.value, v.unavailable_reason) for v in values]


def test_figures_and_reasons_are_written_with_one_event(board: Board) -> None:
    written = save_values(
        board.contract,
        changes=[
            change(board, board.interviews, Known(Decimal("12.5"))),
            change(board, board.births, Unavailable("état civil en retard")),
        ],
        by=board.cast.council_editor,
    )

    assert written == 2
    assert stored(board.contract) == [
        ("Nombre d’entretiens", Decimal("12.50"), ""),
        ("Nombre de naissances", None, "état civil en retard"),
    ]
    event = board.contract.events.get()
    assert event.by == board.cast.council_editor
    assert event.sentence.startswith("Tableau de bord : 2 valeurs modifiées (Nombre d’entretiens ; Nombre de")


def test_zero_is_written_as_zero_and_an_emptied_cell_disappears(board: Board) -> None:
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(7))

    save_values(
        board.contract,
        changes=[
            change(board, board.interviews, Known(Decimal(0))),
            change(board, board.births, NOT_STATED, opened_with=Known(Decimal(7))),
        ],
        by=board.cast.council_editor,
    )

    assert stored(board.contract) == [("Nombre d’entretiens", Decimal("0.00"), "")]


def test_saving_what_is_already_there_writes_nothing_and_leaves_no_event(board: Board) -> None:
    IndicatorValueFactory(contract=board.contract, indicator=board.births, value=Decimal(7))

    written = save_values(
        board.contract,
        changes=[change(board, board.births, Known(Decimal("7.00")), opened_with=Known(Decimal(6)))],
        by=board.cast.council_editor,
    )

    assert written == 0
    assert not JournalEntry.objects.exists()


def test_a_cell_that_somebody_else_changed_stops_the_whole_save(board: Board) -> None:
    IndicatorValueFactory(
        contract=board.contract,
        indicator=board.births,
        value=Decimal(9),
        updated_by=board.cast.prefect_editor,
    )

    with pytest.raises(ValuesChanged) as refusal:
        save_values(
            board.contract,
            changes=[
                change(board, board.interviews, Known(Decimal(3))),
                change(board, board.births, Known(Decimal(8)), opened_with=Known(Decimal(7))),
            ],
            by=board.cast.council_editor,
        )

    (conflict,) = refusal.value.stored
    assert conflict.stored == Known(Decimal("9.00"))
    assert conflict.author == str(board.cast.prefect_editor)
    assert stored(board.contract) == [("Nombre de naissances", Decimal("9.00"), "")]
    assert not JournalEntry.objects.exists()


def test_a_cell_that_somebody_else_emptied_is_noticed_too(board: Board) -> None:
    with pytest.raises(ValuesChanged):
        save_values(
            board.contract,
            changes=[change(board, board.births, Known(Decimal(8)), opened_with=Known(Decimal(7)))],
            by=board.cast.council_editor,
        )


def test_a_computed_share_is_never_written(board: Board) -> None:
    with pytest.raises(RuleViolation, match="« Part des entretiens » : cette ligne est calculée"):
        save_values(
            board.contract,
            changes=[change(board, board.share, Known(Decimal("0.2")))],
            by=board.cast.council_editor,
        )


def test_a_row_without_target_takes_no_target_but_takes_levels(board: Board) -> None:
    year = board.contract.campaign.years[0]

    with pytest.raises(RuleViolation, match="n’a pas de cible"):
        save_values(
            board.contract,
            changes=[
                change(board, board.examinations, Known(Decimal(1)), kind=ValueKind.TARGET, year=year),
            ],
            by=board.cast.council_editor,
        )
    written = save_values(
        board.contract,
        changes=[change(board, board.examinations, Known(Decimal(1)), kind=ValueKind.LEVEL, year=year)],
        by=board.cast.council_editor,
    )

    assert written == 1


@pytest.mark.parametrize(("kind", "shift"), [(ValueKind.REFERENCE, 1), (ValueKind.TARGET, 0), ("other", 1)])
def test_a_year_that_is_no_column_is_refused(board: Board, kind: str, shift: int) -> None:
    year = board.contract.campaign.reference_year + shift

    with pytest.raises(RuleViolation, match="n’est pas une colonne"):
        save_values(
            board.contract,
            changes=[change(board, board.births, Known(Decimal(1)), kind=kind, year=year)],
            by=board.cast.council_editor,
        )


@pytest.mark.parametrize(
    "wanted",
    [Known(Decimal(-1)), Known(Decimal(10**13)), Unavailable(""), Unavailable("x" * 301)],
    ids=["negative", "too large", "no reason", "endless reason"],
)
def test_what_the_columns_cannot_hold_is_refused_before_the_database_is(board: Board, wanted: Figure) -> None:
    with pytest.raises(RuleViolation):
        save_values(
            board.contract, changes=[change(board, board.births, wanted)], by=board.cast.council_editor
        )

    assert stored(board.contract) == []


def test_rows_of_another_contract_or_of_an_objective_not_in_it_are_refused(board: Board) -> None:
    foreign = IndicatorFactory(
        objective=None,
        campaign=board.contract.campaign,
        contract=board.cast.foreign_contract,
        contract_objective=board.cast.foreign_contract.objectives.first(),
    )
    absent = IndicatorFactory(objective=board.contract.campaign.objectives.get(number=12))

    for row in (foreign, absent):
        with pytest.raises(RuleViolation, match="n’est pas, ou n’est plus"):
            save_values(
                board.contract,
                changes=[change(board, row, Known(Decimal(1)))],
                by=board.cast.council_editor,
            )

    ContractObjectiveFactory(contract=board.contract, objective=absent.objective)
    assert save_values(
        board.contract,
        changes=[change(board, absent, Known(Decimal(1)))],
        by=board.cast.council_editor,
    )


def test_a_finalised_contract_takes_no_value(board: Board) -> None:
    Contract.objects.filter(pk=board.contract.pk).update(state=ContractState.DRAFT)

    with pytest.raises(WrongState):
        save_values(
            board.contract,
            changes=[change(board, board.births, Known(Decimal(1)))],
            by=board.cast.council_editor,
        )

    assert stored(board.contract) == []


@pytest.mark.parametrize(
    ("value", "reason"), [(None, ""), (Decimal(3), "les deux à la fois"), (Decimal(-3), "")]
)
def test_the_database_itself_refuses_a_cell_that_is_neither_figure_nor_reason(
    board: Board, value: Decimal | None, reason: str
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        IndicatorValueFactory(
            contract=board.contract, indicator=board.births, value=value, unavailable_reason=reason
        )
