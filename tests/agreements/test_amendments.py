"""An amendment from its opening to its day of effect, or to its abandonment (rules V1, V2)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from agreements.actions.amendments import abandon_amendment, open_amendment, save_amendment
from agreements.actions.assembly import inform_odpe, record_assembly
from agreements.actions.way import propose_text
from agreements.models import Proposal, TextInForce, VersionPurpose
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.actions.contracts import move_contract
from contracts.models import ActionSheet, Amendment, Contract
from contracts.workflow import ContractState
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


def test_a_contract_in_force_is_written_again_only_while_an_amendment_is(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    assert not table.stored().is_editable
    amendment = open_amendment(
        table.contract, about="Ajouter une action", reason="Un besoin nouveau.", by=table.cast.council_editor
    )
    assert (amendment.number, amendment.state) == (1, ContractState.NEGOTIATION)
    stored = table.stored()
    assert stored.is_in_force
    assert stored.is_editable
    assert stored.open_amendment == amendment
    move_contract(table.contract, "finalise-draft", by=table.cast.council_editor)
    assert not table.stored().is_editable


def test_an_amendment_signed_by_all_becomes_the_law(table: Table) -> None:
    amendment = opened(table)
    first = TextInForce.objects.get()
    write_something(table)
    proposal = sign(table)
    amendment.refresh_from_db()
    assert (amendment.state, amendment.signed_on) == (ContractState.IN_FORCE, timezone.localdate())
    law = TextInForce.objects.filter(contract=table.contract).on(timezone.localdate()).first()
    assert law is not None
    assert (law.amendment, law.version, law.reading) == (amendment, proposal.version, proposal.consolidated)
    assert law.reading.purpose == VersionPurpose.CONSOLIDATED
    assert first.version == first.reading
    stored = table.stored()
    assert stored.is_in_force
    assert stored.open_amendment is None
    assert not stored.is_editable


def test_only_one_amendment_is_open_at_a_time(table: Table) -> None:
    opened(table)
    with pytest.raises(WrongState, match="n° 1 est déjà ouvert"):
        open_amendment(table.contract, about="Autre", reason="Autre", by=table.cast.council_editor)


def test_a_contract_that_is_not_in_force_has_no_amendment(table: Table) -> None:
    with pytest.raises(WrongState, match="seul un contrat en vigueur"):
        open_amendment(table.contract, about="Autre", reason="Autre", by=table.cast.council_editor)


def test_who_may_not_write_opens_nothing(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    for person in (table.cast.council_reader, table.cast.dgcs_signatory, table.cast.foreign_editor):
        with pytest.raises(NotAllowed):
            open_amendment(table.contract, about="Autre", reason="Autre", by=person)
    assert not Amendment.objects.exists()


def test_an_amendment_that_changes_nothing_is_not_proposed(table: Table) -> None:
    opened(table)
    with pytest.raises(MissingPiece, match="ne change encore rien"):
        propose(table)


def test_an_amendment_is_abandoned_once_nothing_of_it_remains(table: Table) -> None:
    amendment = opened(table)
    write_something(table, "Lyon")
    with pytest.raises(MissingPiece, match="autre chose que le texte en vigueur"):
        abandon_amendment(table.contract, reason="Ouvert par erreur.", by=table.cast.council_editor)
    write_something(table, "Grenoble")
    abandon_amendment(table.contract, reason="Ouvert par erreur.", by=table.cast.council_editor)
    amendment.refresh_from_db()
    assert amendment.is_abandoned
    assert not table.stored().is_editable
    assert (
        open_amendment(table.contract, about="Autre", reason="Autre", by=table.cast.council_editor).number
        == 2
    )


def test_the_end_of_the_contract_moves_when_the_amendment_takes_effect(table: Table) -> None:
    opened(table)
    later = table.contract.ends_on + dt.timedelta(days=365)
    save_amendment(
        table.contract,
        about="Prolonger",
        reason="Les actions ont pris du retard.",
        planned_effect_on=None,
        new_ends_on=later,
        by=table.cast.council_editor,
    )
    assert table.stored().ends_on != later
    sign(table)
    assert table.stored().ends_on == later
    assert TextInForce.objects.filter(amendment__isnull=False).get().ends_on == later


def test_an_end_out_of_its_bounds_is_refused(table: Table) -> None:
    opened(table)
    for day in (YESTERDAY, dt.date(table.contract.ends_on.year + 6, 1, 1)):
        with pytest.raises(RuleViolation, match="nouvelle fin du contrat"):
            save_amendment(
                table.contract,
                about="Prolonger",
                reason="Retard.",
                planned_effect_on=None,
                new_ends_on=day,
                by=table.cast.council_editor,
            )
