"""What the history brings back of the tableau de bord: figures, reasons, texts of local rows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cdppe.lib.errors import RuleViolation
from contracts.actions.history import restore_text
from contracts.history import kept_apart
from contracts.models import FieldChange
from contracts.places import Place
from indicators.actions.local_indicators import (
    create_local_indicator,
    delete_local_indicator,
    save_local_indicator,
)
from indicators.actions.values import CellChange, save_values
from indicators.figures import NOT_STATED, Figure, Known, Unavailable
from indicators.kept import restore_cell
from indicators.models import IndicatorKind, IndicatorValue, ValueKind
from tests.indicators.conftest import Board

LOCAL = {
    "label": "Nombre de places",
    "unit": "",
    "source": "CD",
    "kind": IndicatorKind.COUNT,
    "has_target": True,
    "note": "",
}


def write(board: Board, wanted: Figure, *, opened_with: Figure = NOT_STATED) -> FieldChange:
    """Write the reference value of the first row, as a change of its own."""
    year = board.contract.campaign.reference_year
    change = CellChange(board.interviews.pk, ValueKind.REFERENCE, year, opened_with, wanted)
    with kept_apart():
        save_values(board.contract, changes=[change], by=board.cast.council_editor)
    return FieldChange.objects.latest("pk")


def reference(board: Board) -> tuple[Decimal | None, str] | None:
    found = IndicatorValue.objects.filter(indicator=board.interviews).first()
    return (found.value, found.unavailable_reason) if found else None


@pytest.mark.parametrize(
    "first", [Known(Decimal("1234.50")), Known(Decimal(0)), Unavailable("enquête en cours")]
)
def test_a_former_figure_or_reason_comes_back_as_it_was(board: Board, first: Figure) -> None:
    write(board, first)
    before = reference(board)
    second = write(board, Known(Decimal(7)), opened_with=first)
    restore_text(second, former=True, by=board.cast.prefect_editor)
    assert reference(board) == before
    latest = FieldChange.objects.latest("pk")
    assert latest.by == board.cast.prefect_editor
    restore_text(second, former=False, by=board.cast.prefect_editor)
    assert reference(board) == (Decimal(7), "")


def test_a_cell_that_was_empty_becomes_empty_again(board: Board) -> None:
    change = write(board, Known(Decimal(7)))
    restore_text(change, former=True, by=board.cast.council_editor)
    assert reference(board) is None


@pytest.mark.parametrize("field", ["reference-x", "inconnu-2030", "reference", "reference-٢٠٣٠"])
def test_a_place_that_is_no_cell_is_refused(board: Board, field: str) -> None:
    with pytest.raises(RuleViolation):
        restore_cell(
            board.contract, Place("dashboard", board.interviews.pk, field), "7", board.cast.council_editor
        )
    assert reference(board) is None


@pytest.mark.parametrize("value", ["beaucoup", "=1+1", "-3", "non disponible : "])
def test_what_is_no_figure_is_refused(board: Board, value: str) -> None:
    place = Place("dashboard", board.interviews.pk, f"reference-{board.contract.campaign.reference_year}")
    with pytest.raises(RuleViolation):
        restore_cell(board.contract, place, value, board.cast.council_editor)
    assert reference(board) is None


def test_the_text_of_a_local_row_comes_back_and_its_kind_does_not(board: Board) -> None:
    by = board.cast.council_editor
    row = create_local_indicator(board.objective, fields=LOCAL, by=by)
    with kept_apart():
        save_local_indicator(row, fields={**LOCAL, "source": "CAF", "kind": IndicatorKind.DURATION}, by=by)
    source = FieldChange.objects.get(place=f"dashboard/{row.pk}/source", after="CAF")
    restore_text(source, former=True, by=by)
    row.refresh_from_db()
    assert (row.source, row.kind) == ("CD", IndicatorKind.DURATION)

    kind = FieldChange.objects.filter(place=f"dashboard/{row.pk}/kind").latest("pk")
    with pytest.raises(RuleViolation, match="corrigez l’indicateur"):
        restore_text(kind, former=True, by=by)

    delete_local_indicator(row, by=by)
    with pytest.raises(RuleViolation, match="a été retiré"):
        restore_text(source, former=True, by=by)
