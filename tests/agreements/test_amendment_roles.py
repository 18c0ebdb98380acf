"""State × gesture × role in full for an amendment: it goes the rows of the contract's table (V1, K3, P3)."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone

from agreements.actions.amendments import abandon_amendment, open_amendment, save_amendment
from agreements.actions.signatures import record_signature
from cdppe.lib.errors import RuleViolation
from contracts.models import Amendment
from contracts.workflow import AMENDMENT_STATES, WAY, ContractState
from tests.agreements.amended import opened, walk_to, write_something
from tests.agreements.conftest import Table
from tests.agreements.test_way_roles import ENGAGING, PARTY_WRITERS, ROWS, gestures, people

S = ContractState
STATES = [state for state in WAY if state in AMENDMENT_STATES]


@pytest.mark.parametrize("is_signed_by_one", [False, True], ids=["unsigned", "signed by one"])
@pytest.mark.parametrize("state", STATES)
def test_each_gesture_is_made_by_those_and_from_there_alone(
    table: Table, state: ContractState, is_signed_by_one: bool
) -> None:
    if is_signed_by_one and state != S.SIGNATURE:
        return
    amendment = opened(table)
    write_something(table)
    proposal = walk_to(table, state)
    if state == S.AGREEMENT and proposal is not None:
        table.agree("ars", proposal)
    if is_signed_by_one and proposal is not None:
        record_signature(
            proposal.version, table.parties["ars"], signed_on=timezone.localdate(), by=table.cast.ars_editor
        )
    made = 0
    for code, gesture in gestures(table, proposal).items():
        row = ROWS.get((code, state.value))
        for name, person in people(table).items():
            allowed = name == ENGAGING[code] if code in ENGAGING else name in PARTY_WRITERS
            if code in ("reopen", "withdraw-agreement") and is_signed_by_one:
                allowed = False
            if code == "withdraw-signature" and not is_signed_by_one:
                allowed = False
            with transaction.atomic():
                try:
                    gesture(person)
                    outcome = Amendment.objects.get(pk=amendment.pk).state
                except RuleViolation as refusal:
                    outcome, said = "refused", str(refusal)
                assert table.stored().state == S.IN_FORCE
                transaction.set_rollback(True)
            assert outcome != "refused" or said.endswith(".")
            expected = row[0] if row is not None and allowed else "refused"
            assert outcome == expected, f"{name} makes {code} from {state}: {outcome}"
            made += outcome != "refused"
    assert made or state in (S.NEGOTIATION, S.IN_FORCE)


@pytest.mark.parametrize("state", STATES)
def test_an_amendment_is_opened_written_and_abandoned_by_the_parties_alone(
    table: Table, state: ContractState
) -> None:
    opened(table)
    if state not in (S.NEGOTIATION, S.DRAFT, S.ODPE_INFORMED, S.ADOPTED):
        write_something(table)
    walk_to(table, state)
    contract = table.contract
    own = {"about": "Objet", "reason": "Motif", "planned_effect_on": None, "new_ends_on": None}
    tries = {
        "open": (state == S.IN_FORCE, lambda by: open_amendment(contract, about="O", reason="M", by=by)),
        "save": (state == S.NEGOTIATION, lambda by: save_amendment(contract, **own, by=by)),
        "abandon": (state == S.NEGOTIATION, lambda by: abandon_amendment(contract, reason="Erreur", by=by)),
    }
    for code, (is_possible, gesture) in tries.items():
        for name, person in people(table).items():
            with transaction.atomic():
                try:
                    gesture(person)
                    is_made = True
                except RuleViolation:
                    is_made = False
                transaction.set_rollback(True)
            assert is_made is (is_possible and name in PARTY_WRITERS), f"{name}: {code} from {state}"
