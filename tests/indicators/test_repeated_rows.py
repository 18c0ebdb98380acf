"""A figure that annexe 5.2 prints under two objectives is typed once, under the first (rule I2)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cdppe.lib.errors import RuleViolation
from contracts.actions.objectives import what_depends_on
from contracts.models import ContractObjective, Objective
from indicators.actions.values import CellChange, save_values
from indicators.dashboard import CellState, Row, build_dashboard
from indicators.document import build_dashboard_annex
from indicators.figures import NOT_STATED, Known
from indicators.models import Indicator, IndicatorKind, IndicatorValue, ValueKind
from tests.factories import IndicatorFactory, IndicatorValueFactory
from tests.indicators.conftest import Board


@dataclass(frozen=True)
class Repeated:
    """Births under the first objective and, printed again, under the second with a share of them."""

    board: Board
    objective: ContractObjective
    births: Indicator
    visited: Indicator

    @property
    def key(self) -> str:
        return f"objectif-{self.objective.pk}"

    def rows(self) -> dict[str, Row]:
        """{label: row} of the second objective."""
        section = build_dashboard(self.board.contract).section(self.key)
        assert section is not None
        return {row.label: row for row in section.rows}

    def page(self, **fields: Any) -> Any:
        client = Client()
        client.force_login(self.board.cast.council_editor)
        address = reverse("indicators:dashboard-edit", args=[self.board.contract.reference, self.key])
        return client.post(address, fields) if fields else client.get(address)

    def without_the_first_objective(self) -> None:
        self.board.objective.delete()


@pytest.fixture
def repeated(board: Board) -> Repeated:
    objective = board.contract.objectives.exclude(pk=board.objective.pk).in_order()[0]
    catalogue = objective.objective
    births = IndicatorFactory(
        objective=catalogue, label="Naissances, encore", same_as=board.births, position=5
    )
    visited = IndicatorFactory(objective=catalogue, label="Femmes visitées", position=6)
    IndicatorFactory(
        objective=catalogue,
        label="Part des femmes visitées",
        unit="%",
        kind=IndicatorKind.SHARE,
        numerator=visited,
        denominator=births,
        position=7,
    )
    return Repeated(board, objective, births, visited)


def change(repeated: Repeated, value: int) -> CellChange:
    year = repeated.board.contract.campaign.reference_year
    return CellChange(repeated.births.pk, ValueKind.REFERENCE, year, NOT_STATED, Known(Decimal(value)))


def test_the_second_printing_and_the_shares_show_the_figure_of_the_first(repeated: Repeated) -> None:
    contract = repeated.board.contract
    IndicatorValueFactory(contract=contract, indicator=repeated.board.births, value=Decimal(400))
    IndicatorValueFactory(contract=contract, indicator=repeated.visited, value=Decimal(100))

    rows = repeated.rows()

    assert rows["Naissances, encore"].reference.text == "400"
    assert rows["Naissances, encore"].repeats == "repris de l’objectif 1"
    assert not rows["Naissances, encore"].is_typed
    assert rows["Part des femmes visitées"].reference.text.startswith("25")


def test_a_first_printing_not_available_is_so_in_the_second_and_no_share_is_computed(
    repeated: Repeated,
) -> None:
    contract = repeated.board.contract
    IndicatorValueFactory(
        contract=contract, indicator=repeated.board.births, value=None, unavailable_reason="Non publié"
    )
    IndicatorValueFactory(contract=contract, indicator=repeated.visited, value=Decimal(100))

    rows = repeated.rows()

    assert rows["Naissances, encore"].reference.state == CellState.UNAVAILABLE
    assert rows["Naissances, encore"].reference.reason == "Non publié"
    assert rows["Part des femmes visitées"].reference.state == CellState.NOT_COMPUTABLE


def test_the_figure_is_counted_once_among_the_cells_to_fill(repeated: Repeated) -> None:
    with_both = build_dashboard(repeated.board.contract).expected
    Indicator.objects.filter(pk=repeated.births.pk).update(same_as=None)
    typed_twice = build_dashboard(repeated.board.contract).expected

    assert typed_twice - with_both == 7


def test_the_page_of_the_second_objective_shows_the_figure_instead_of_boxes(repeated: Repeated) -> None:
    contract = repeated.board.contract
    IndicatorValueFactory(contract=contract, indicator=repeated.board.births, value=Decimal(417))

    text = repeated.page().content.decode()

    assert "repris de l’objectif 1" in text
    assert "417" in text
    assert f'name="v-{repeated.births.pk}-' not in text
    assert f'name="v-{repeated.visited.pk}-' in text


def test_the_printed_annex_says_where_the_figure_comes_from(repeated: Repeated) -> None:
    annex = build_dashboard_annex(repeated.board.contract)

    details = {
        row.label: row.detail
        for commitment in annex["commitments"]
        for section in commitment.sections
        for row in section.rows
    }
    assert details["Naissances, encore"] == "repris de l’objectif 1"


def test_a_figure_posted_for_the_second_printing_is_refused_and_nothing_is_written(
    repeated: Repeated,
) -> None:
    year = repeated.board.contract.campaign.reference_year

    answer = repeated.page(**{f"v-{repeated.births.pk}-reference-{year}": "5"})

    assert answer.status_code == 422
    assert "Des cases envoyées ne font pas" in answer.content.decode()
    with pytest.raises(RuleViolation, match="ne se saisit qu’une fois"):
        save_values(
            repeated.board.contract, changes=[change(repeated, 5)], by=repeated.board.cast.council_editor
        )
    assert not IndicatorValue.objects.exists()


def test_without_the_first_objective_the_row_is_typed_itself(repeated: Repeated) -> None:
    repeated.without_the_first_objective()

    save_values(repeated.board.contract, changes=[change(repeated, 5)], by=repeated.board.cast.council_editor)

    row = repeated.rows()["Naissances, encore"]
    assert row.is_typed
    assert row.repeats == ""
    assert row.reference.text == "5"
    assert f'name="v-{repeated.births.pk}-' in repeated.page().content.decode()


def test_a_figure_hidden_by_the_first_objective_does_not_hold_the_second_in_the_contract(
    repeated: Repeated,
) -> None:
    """It has no box any more: asking the person to erase it would lead nowhere."""
    IndicatorValueFactory(contract=repeated.board.contract, indicator=repeated.births, value=Decimal(5))
    values = "valeur saisie au tableau de bord"
    Objective.objects.filter(pk=repeated.objective.objective_id).update(is_fundamental=False)

    def reasons() -> tuple[str, ...]:
        return what_depends_on(ContractObjective.objects.get(pk=repeated.objective.pk))

    assert reasons() == ()
    repeated.without_the_first_objective()
    assert len(reasons()) == 1
    assert values in reasons()[0]


def test_a_figure_typed_there_gives_way_when_the_first_objective_comes_back(repeated: Repeated) -> None:
    contract = repeated.board.contract
    IndicatorValueFactory(contract=contract, indicator=repeated.births, value=Decimal(5))
    IndicatorValueFactory(contract=contract, indicator=repeated.board.births, value=Decimal(400))

    assert repeated.rows()["Naissances, encore"].reference.text == "400"
