"""State × gesture × role in full: who makes which gesture from where (K3, P3).

The expectation is an independent model: the rows that a person wrote by hand, and who belongs to a party.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from agreements.actions.assembly import correct_assembly, correct_odpe, inform_odpe, record_assembly
from agreements.actions.signatures import record_signature, withdraw_signature
from agreements.actions.way import agree, propose_text, reopen, send_back, withdraw_agreement
from agreements.models import Proposal
from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.actions.exchanges import open_thread
from contracts.models import Contract
from contracts.places import Place
from contracts.workflow import ContractState
from tests.agreements.conftest import Table
from tests.agreements.test_transition_table import EXPECTED

S = ContractState
ROWS = {
    (code, source): (target, who)
    for code, source, target, who, *_, page in map(str.split, EXPECTED.strip().splitlines())
    if page == "way" and who != "program"
}
YESTERDAY = timezone.localdate() - dt.timedelta(days=1)


def gestures(table: Table, proposal: Proposal | None) -> dict[str, Callable[[User], Any]]:
    """{code: the gesture with all that it needs, for the council where it is for a party}."""
    contract, council = table.contract, table.parties["council"]
    version = proposal.version if proposal else None
    uid, full = (version.uid, version.hash) if version else (uuid.uuid4(), "0" * 64)
    why = "Une raison"
    return {
        "inform-odpe": lambda by: inform_odpe(contract, informed_on=YESTERDAY, by=by),
        "correct-odpe": lambda by: correct_odpe(contract, reason=why, by=by),
        "record-assembly": lambda by: record_assembly(contract, number="1", deliberated_on=YESTERDAY, by=by),
        "correct-assembly": lambda by: correct_assembly(contract, reason=why, by=by),
        "propose": lambda by: propose_text(contract, by=by),
        "agree": lambda by: agree(contract, council, version_uid=uid, version_hash=full, by=by),
        "withdraw-agreement": lambda by: withdraw_agreement(
            contract, table.parties["ars"], reason=why, by=by
        ),
        "send-back": lambda by: send_back(contract, reason=why, by=by),
        "reopen": lambda by: reopen(contract, reason=why, by=by),
        **(
            {"sign": lambda by: record_signature(version, council, signed_on=timezone.localdate(), by=by)}
            if version
            else {}
        ),
        "withdraw-signature": lambda by: withdraw_signature(
            contract, table.parties["ars"], reason=why, by=by
        ),
    }


def people(table: Table) -> dict[str, User]:
    cast = table.cast
    names = (
        "prefect_editor ars_editor council_editor council_reader foreign_editor foreign_prefect foreign_ars "
        "regional_reader dgcs_reader dgcs_editor dgcs_signatory disabled outsider"
    )
    return {name: getattr(cast, name) for name in names.split()} | {
        f"{kind}_signatory": person for kind, person in table.signatories.items()
    }


PARTY_WRITERS = {"prefect_editor", "ars_editor", "council_editor"} | {
    f"{kind}_signatory" for kind in ("prefecture", "ars", "council")
}
ENGAGING = {"agree": "council_signatory", "withdraw-agreement": "ars_signatory"}


@pytest.mark.parametrize("is_signed_by_one", [False, True], ids=["unsigned", "signed by one"])
@pytest.mark.parametrize("state", list(ContractState))
def test_each_gesture_is_made_by_those_and_from_there_alone(
    table: Table, state: ContractState, is_signed_by_one: bool
) -> None:
    proposal = table.walk_to(state)
    if state == S.AGREEMENT and proposal is not None:
        table.agree("ars", proposal)
    if is_signed_by_one:
        if state != S.SIGNATURE or proposal is None:
            return
        record_signature(
            proposal.version,
            table.parties["ars"],
            signed_on=timezone.localdate(),
            by=table.cast.ars_editor,
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
                    outcome = Contract.objects.get(pk=table.contract.pk).state
                except RuleViolation as refusal:
                    outcome, said = "refused", str(refusal)
                transaction.set_rollback(True)
            assert outcome != "refused" or said.endswith(".")
            expected = row[0] if row is not None and allowed else "refused"
            assert outcome == expected, f"{name} makes {code} from {state}: {outcome}"
            made += outcome != "refused"
    assert made or state in (S.DIAGNOSIS, S.NEGOTIATION, S.IN_FORCE, S.ENDED)


@pytest.mark.parametrize("mood", ["silent", "unhappy"])
def test_a_contract_is_signed_whatever_the_central_administration_says(table: Table, mood: str) -> None:
    """P3: the central administration gives no visa before signature: its questions bar nothing."""
    if mood == "unhappy":
        for part in ("objectives", "sheets", "details"):
            open_thread(
                table.contract,
                Place(part),
                text="Nous désapprouvons ce contrat.",
                token=uuid.uuid4(),
                by=table.cast.dgcs_editor,
            )
    table.walk_to(S.IN_FORCE)
    stored = table.stored()
    assert stored.state == S.IN_FORCE
    people_of_the_journal = set(stored.events.exclude(by=None).values_list("by__email", flat=True))
    dgcs = {"lecture@dgcs.exemple.fr", "redaction@dgcs.exemple.fr", "signature@dgcs.exemple.fr"}
    assert not people_of_the_journal & dgcs or mood == "unhappy"
