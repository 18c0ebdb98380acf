"""Amendments opened or signed at the same instant, on PostgreSQL: one effect (rule V1)."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from agreements.actions.amendments import open_amendment
from agreements.actions.signatures import record_signature
from agreements.models import TextInForce
from contracts.models import Amendment
from contracts.workflow import ContractState
from tests.agreements.amended import opened, walk_to, write_something
from tests.agreements.conftest import Table, make_table
from tests.cast import make_cast
from tests.contracts.test_exchanges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TIMES = 20


@pytest.fixture
def set_table() -> Table:
    return make_table(make_cast())


def test_amendments_opened_at_once_are_one(set_table: Table) -> None:
    set_table.walk_to(ContractState.IN_FORCE)
    people = (set_table.cast.council_editor, set_table.cast.prefect_editor, set_table.cast.ars_editor)
    outcomes = at_once(
        *(
            partial(open_amendment, set_table.contract, about="Objet", reason="Motif", by=people[turn % 3])
            for turn in range(TIMES)
        )
    )
    assert outcomes == ["WrongState"] * (TIMES - 1) + ["done"]
    assert Amendment.objects.count() == 1
    assert set_table.contract.events.filter(code="amendment.opened").count() == 1


def test_the_last_signatures_at_once_make_the_amendment_law_once(set_table: Table) -> None:
    opened(set_table)
    write_something(set_table)
    proposal = walk_to(set_table, ContractState.SIGNATURE)
    assert proposal is not None
    outcomes = at_once(
        *(
            partial(
                record_signature,
                proposal.version,
                party,
                signed_on=timezone.localdate(),
                by=set_table.cast.ars_editor,
            )
            for party in set_table.parties.values()
        )
    )
    assert outcomes == ["done"] * 3
    assert TextInForce.objects.filter(amendment__isnull=False).count() == 1
    assert Amendment.objects.get().is_in_force
