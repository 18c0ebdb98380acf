"""An amendment to the contract of the table, walked as people walk it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from agreements.actions.amendments import open_amendment
from agreements.actions.assembly import inform_odpe, record_assembly
from agreements.actions.way import propose_text
from agreements.models import Proposal
from contracts.actions.contracts import move_contract
from contracts.models import ActionSheet, Amendment, Contract
from contracts.workflow import WAY, ContractState
from tests.agreements.conftest import Table

YESTERDAY = timezone.localdate() - dt.timedelta(days=1)


def opened(table: Table, **fields: str) -> Amendment:
    """An amendment to the contract of the table, which is in force."""
    table.walk_to(ContractState.IN_FORCE)
    return open_amendment(
        table.contract,
        about=fields.get("about", "Prendre en compte les crédits votés"),
        reason=fields.get("reason", "Les crédits ont été votés."),
        by=table.cast.council_editor,
    )


def write_something(table: Table, words: str = "Des places de plus.") -> None:
    """Change a sheet of the contract, as its page does."""
    sheet = ActionSheet.objects.filter(contract=table.contract).first()
    if sheet is None:
        Contract.objects.filter(pk=table.contract.pk).update(court=words)
    else:
        ActionSheet.objects.filter(pk=sheet.pk).update(description=words)


def propose(table: Table) -> Proposal:
    """Walk the open amendment to its proposal."""
    editor = table.cast.council_editor
    move_contract(table.contract, "finalise-draft", by=editor)
    inform_odpe(table.contract, informed_on=YESTERDAY, by=editor)
    record_assembly(table.contract, number="2031-4", deliberated_on=YESTERDAY, by=editor)
    return propose_text(table.contract, by=editor)


def sign(table: Table) -> Proposal:
    """Walk the open amendment until all have signed it."""
    proposal = propose(table)
    table.agree_all(proposal)
    table.sign_all(proposal)
    return proposal


def walk_to(table: Table, state: ContractState) -> Proposal | None:
    """Make every gesture of the open amendment's way until `state`; the proposal that stands."""
    rank = WAY.index(state)
    editor = table.cast.council_editor
    proposal = None
    if rank >= WAY.index(ContractState.DRAFT):
        move_contract(table.contract, "finalise-draft", by=editor)
    if rank >= WAY.index(ContractState.ODPE_INFORMED):
        inform_odpe(table.contract, informed_on=YESTERDAY, by=editor)
    if rank >= WAY.index(ContractState.ADOPTED):
        record_assembly(table.contract, number="2031-4", deliberated_on=YESTERDAY, by=editor)
    if rank >= WAY.index(ContractState.AGREEMENT):
        proposal = propose_text(table.contract, by=editor)
    if proposal is not None and rank >= WAY.index(ContractState.SIGNATURE):
        table.agree_all(proposal)
    if proposal is not None and rank >= WAY.index(ContractState.IN_FORCE):
        table.sign_all(proposal)
    return proposal
