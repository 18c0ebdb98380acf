"""A contract with two rows, a share of them and a row without target, and its people."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from contracts.models import Contract, ContractObjective
from indicators.models import Indicator, IndicatorKind
from tests.cast import Cast, make_cast
from tests.factories import IndicatorFactory


@dataclass(frozen=True)
class Board:
    """The contract of the Isère with the rows of its first objective."""

    cast: Cast
    contract: Contract
    objective: ContractObjective
    interviews: Indicator
    births: Indicator
    share: Indicator
    examinations: Indicator

    @property
    def key(self) -> str:
        return f"objectif-{self.objective.pk}"


@pytest.fixture
def board(db: None) -> Board:
    cast = make_cast()
    objective = cast.contract.objectives.in_order().first()
    assert objective is not None
    catalogue = objective.objective
    interviews = IndicatorFactory(objective=catalogue, label="Nombre d’entretiens", position=1)
    births = IndicatorFactory(objective=catalogue, label="Nombre de naissances", position=2)
    share = IndicatorFactory(
        objective=catalogue,
        label="Part des entretiens",
        unit="%",
        kind=IndicatorKind.SHARE,
        numerator=interviews,
        denominator=births,
        position=3,
    )
    examinations = IndicatorFactory(
        objective=catalogue, label="Nombre d’examens", has_target=False, position=4
    )
    return Board(cast, cast.contract, objective, interviews, births, share, examinations)
