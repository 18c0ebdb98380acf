"""Gestures at the same instant, on PostgreSQL: one effect each, no agreement on a text nobody read (K4)."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from agreements.actions import steps, way
from agreements.actions.signatures import record_signature
from agreements.actions.versions import content_hash_of
from agreements.actions.way import propose_text, take_back_if_changed
from agreements.models import Agreement, ContractVersion, Proposal, Signature
from contracts.actions.journal import locked_contract, record
from contracts.models import Contract
from contracts.workflow import ContractState, Transition
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


EDITED = "contract.edited-meanwhile"


@pytest.mark.parametrize("is_locked", [True, False], ids=["with the lock", "control: without the lock"])
def test_no_agreement_follows_an_edit_that_its_author_has_not_read(
    set_table: Table, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    """Two parties agree; a third edits between the moment when the text is compared and the agreement.

    The journal is numbered in the order of the commits: with the lock no agreement comes after the edit;
    the control run shows that without it one does.
    """
    proposal = set_table.walk_to(S.AGREEMENT)
    assert proposal is not None
    compared, edited = Event(), Event()
    real_missing_of = way.missing_of

    def slowly(contract: Contract, transition: Transition, **asked: Any) -> tuple[str, ...]:
        found = real_missing_of(contract, transition, **asked)
        if transition.code == "agree":
            compared.set()
            # Longer than an edit that waits for nothing takes; one that waits for the lock is not awaited.
            edited.wait(timeout=2)
        return found

    def without_lock(contract: Contract, *, editable: bool = True) -> Contract:
        return Contract.objects.with_context().get(pk=contract.pk)

    monkeypatch.setattr(way, "missing_of", slowly)
    take = locked_contract
    if not is_locked:
        take = without_lock
        monkeypatch.setattr(steps, "locked_contract", without_lock)
        monkeypatch.setattr(way, "locked_contract", without_lock)

    def edit() -> None:
        assert compared.wait(timeout=20)
        with transaction.atomic():
            stored = take(set_table.contract, editable=False)
            Contract.objects.filter(pk=stored.pk).update(signed_at_place="Lyon")
            record(stored, EDITED, "Un lieu de signature.", by=set_table.cast.prefect_editor)
        edited.set()

    at_once(
        partial(set_table.agree, "council", proposal),
        partial(set_table.agree, "ars", proposal),
        edit,
    )
    told = list(set_table.contract.events.order_by("sequence").values_list("code", flat=True))
    follows = "contract.agree" in told[told.index(EDITED) :]
    assert follows is not is_locked
    if is_locked:
        assert "contract.agree" in told
        take_back_if_changed(set_table.stored())
        assert not Agreement.objects.standing().exists()
