"""Gestures at the same instant, on PostgreSQL: one effect each, no agreement on a text nobody read (K4)."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from agreements.actions.signatures import record_signature
from agreements.actions.versions import content_hash_of
from agreements.actions.way import propose_text, take_back_if_changed
from agreements.models import Agreement, ContractVersion, Proposal, Signature
from contracts.actions.journal import locked_contract
from contracts.workflow import ContractState
from tests.agreements.conftest import Table, make_table
from tests.cast import make_cast
from tests.contracts.test_exchanges_at_once import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
S = ContractState
TIMES = 20


@pytest.fixture
def set_table() -> Table:
    return make_table(make_cast())


def test_twenty_proposals_at_once_make_one(set_table: Table) -> None:
    set_table.walk_to(S.ADOPTED)
    by = set_table.cast.council_editor
    outcomes = at_once(*[partial(propose_text, set_table.contract, by=by)] * TIMES)
    assert outcomes == ["WrongState"] * (TIMES - 1) + ["done"]
    assert (Proposal.objects.count(), ContractVersion.objects.count()) == (1, 1)


def test_twenty_agreements_of_a_party_at_once_make_one(set_table: Table) -> None:
    proposal = set_table.walk_to(S.AGREEMENT)
    assert proposal is not None
    outcomes = at_once(*[partial(set_table.agree, "ars", proposal)] * TIMES)
    assert outcomes == ["WrongState"] * (TIMES - 1) + ["done"]
    assert Agreement.objects.count() == 1


def test_the_last_agreements_at_once_open_the_signatures_once(set_table: Table) -> None:
    proposal = set_table.walk_to(S.AGREEMENT)
    assert proposal is not None
    outcomes = at_once(*(partial(set_table.agree, kind, proposal) for kind in set_table.parties))
    assert outcomes == ["done"] * 3
    stored = set_table.stored()
    assert stored.state == S.SIGNATURE
    assert stored.events.filter(code="contract.conclude").count() == 1


def test_twenty_identical_signatures_at_once_make_one(set_table: Table) -> None:
    proposal = set_table.walk_to(S.SIGNATURE)
    assert proposal is not None
    sign = partial(
        record_signature,
        proposal.version,
        set_table.parties["ars"],
        signed_on=timezone.localdate(),
        by=set_table.cast.ars_editor,
    )
    assert at_once(*[sign] * TIMES) == ["WrongState"] * (TIMES - 1) + ["done"]
    assert Signature.objects.count() == 1


@pytest.mark.parametrize("attempt", range(3))
def test_nobody_agrees_to_a_text_that_a_third_changes_meanwhile(set_table: Table, attempt: int) -> None:
    proposal = set_table.walk_to(S.AGREEMENT)
    assert proposal is not None

    def edit() -> None:
        """What still changes a text that is proposed: another gesture on the contract, under its lock."""
        with transaction.atomic():
            locked = locked_contract(set_table.contract, editable=False)
            locked.signed_at_place = "Lyon"
            locked.save()

    outcomes = at_once(
        partial(set_table.agree, "council", proposal),
        partial(set_table.agree, "ars", proposal),
        edit,
        partial(set_table.agree, "prefecture", proposal),
    )
    assert "done" in outcomes
    take_back_if_changed(set_table.stored())
    stored = set_table.stored()
    assert stored.state == S.ADOPTED
    assert not Agreement.objects.standing().exists()
    for agreement in Agreement.objects.select_related("version"):
        assert agreement.version_hash == agreement.version.hash == proposal.version.hash
        assert agreement.version.content_hash != content_hash_of(stored)
