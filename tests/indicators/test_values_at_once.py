"""Two people save the same cell at the same instant, on real connections."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connections

from cdppe.accounts.models import User
from contracts.models import Contract
from indicators.actions.values import CellChange, ValuesChanged, save_values
from indicators.figures import NOT_STATED, Known
from indicators.models import IndicatorValue, ValueKind
from tests.indicators.conftest import Board


@pytest.mark.django_db(transaction=True)
def test_of_two_saves_at_once_one_is_written_and_the_other_is_told(board: Board) -> None:
    start = Barrier(2, timeout=20)

    def save(user: User, value: int) -> str:
        try:
            contract = Contract.objects.get(pk=board.contract.pk)
            change = CellChange(
                indicator_id=board.births.pk,
                kind=ValueKind.REFERENCE,
                year=contract.campaign.reference_year,
                opened_with=NOT_STATED,
                wanted=Known(Decimal(value)),
            )
            start.wait()
            save_values(contract, changes=[change], by=user)
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
