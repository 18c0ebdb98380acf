"""The table of the way says what the text says, read again by hand: state × gesture × who (K3, P3)."""

from __future__ import annotations

from itertools import product

import pytest

from agreements.needs import CHECKS
from cdppe.accounts.abilities import ABILITIES, Ability
from contracts.workflow import (
    DECIDED_STATES,
    EDITABLE_STATES,
    MISSING,
    SIGNED_STATES,
    STAGES,
    TRANSITIONS,
    WAY,
    WAY_STATES,
    ContractState,
    Need,
    Page,
    Who,
    find_transition,
    missing_sentences,
    transitions_from,
)
from tests.agreements.mutations import Table, mutants

# Written by hand from rule K3, apart from the table: code, source, target, who, needs, way back, page.
EXPECTED = """
open-negotiation diagnosis negotiation edit - reopen-diagnosis overview
finalise-draft negotiation draft edit - reopen-negotiation overview
reopen-negotiation draft negotiation edit - - overview
reopen-diagnosis negotiation diagnosis edit - - overview
inform-odpe draft odpe_informed edit odpe correct-odpe way
correct-odpe odpe_informed draft edit reason - way
record-assembly odpe_informed adopted edit odpe,deliberation,dates-in-order correct-assembly way
correct-assembly adopted odpe_informed edit reason - way
propose adopted agreement edit odpe,deliberation,dates-in-order,nothing-blocking,a-change send-back way
agree agreement agreement sign unchanged-text withdraw-agreement way
withdraw-agreement agreement agreement sign reason - way
send-back agreement adopted edit reason - way
take-back agreement adopted program changed-text - way
conclude agreement signature program unchanged-text,all-agreed withdraw-agreement way
withdraw-agreement signature agreement sign reason,no-signature - way
take-back signature adopted program changed-text,no-signature - way
sign signature signature edit all-agreed withdraw-signature way
withdraw-signature signature signature edit reason - way
take-effect signature in_force program all-signed,day-of-effect - way
end in_force ended program last-day-passed - way
reopen odpe_informed negotiation edit reason - way
reopen adopted negotiation edit reason - way
reopen agreement negotiation edit reason - way
reopen signature negotiation edit reason,no-signature - way
put-in-force negotiation in_force edit - reopen-takeover takeover
reopen-takeover in_force negotiation edit - - takeover
reopen-takeover ended negotiation edit - - takeover
"""
WHO = {"edit": Who.EDITOR, "sign": Who.SIGNATORY, "program": Who.PROGRAM}
PARTIES = {"prefecture", "ars", "council"}


def faults(table: Table) -> list[str]:
    """What `table` says otherwise than the rows above."""
    expected = sorted(line.split() for line in EXPECTED.strip().splitlines())
    said = sorted(
        [
            row.code,
            row.source.value,
            row.target.value,
            next(name for name, who in WHO.items() if who == row.who),
            ",".join(need.value for need in row.needs) or "-",
            row.undone_by or "-",
            row.page.value,
        ]
        for row in table
    )
    found = [" ".join(row) for row in said if row not in expected]
    found += [f"missing: {' '.join(row)}" for row in expected if row not in said]
    found += [f"{row.code} is for others than the parties" for row in table if row.institutions != PARTIES]
    return found


def test_the_table_is_the_one_that_was_read_from_the_rules() -> None:
    assert faults(TRANSITIONS) == []


def test_every_change_of_a_cell_of_the_table_is_seen() -> None:
    changed = list(mutants())
    assert len(changed) >= 20
    assert [name for name, table in changed if not faults(table)] == []


@pytest.mark.parametrize(
    ("state", "code"), list(product(ContractState, sorted({row.code for row in TRANSITIONS})))
)
def test_a_gesture_is_found_from_its_states_and_pages_only(state: ContractState, code: str) -> None:
    rows = {
        (line.split()[6]): line.split()[2]
        for line in EXPECTED.strip().splitlines()
        if line.split()[:2] == [code, state.value]
    }
    for page in Page:
        found = find_transition(state, code, page=page)
        assert (found.target.value if found else None) == rows.get(page.value)
        assert (found in transitions_from(state, page=page)) is (found is not None)


def test_a_code_has_one_row_from_one_state() -> None:
    assert len({(row.code, row.source) for row in TRANSITIONS}) == len(TRANSITIONS)


def test_what_people_do_they_undo_themselves_and_every_way_back_exists() -> None:
    for row in TRANSITIONS:
        if row.undone_by:
            assert find_transition(row.target, row.undone_by, page=row.page), row.code


def test_everything_between_the_final_text_and_a_signature_leads_back_to_writing() -> None:
    for state in WAY_STATES:
        rows = [row for page in Page for row in transitions_from(state, page=page)]
        assert any(row.target == ContractState.NEGOTIATION for row in rows), state


def test_the_states_are_one_way_cut_in_groups() -> None:
    assert set(WAY) == set(ContractState)
    assert set(WAY) == EDITABLE_STATES | WAY_STATES | SIGNED_STATES
    assert DECIDED_STATES < WAY_STATES
    assert [state for _, states in STAGES for state in WAY if state in states] == list(WAY)


def test_every_need_has_its_sentence_and_its_check() -> None:
    assert set(MISSING) == set(Need)
    assert set(CHECKS) == set(Need) - {Need.REASON}
    used = {need for row in TRANSITIONS for need in row.needs}
    assert used == set(Need)
    for row in TRANSITIONS:
        assert missing_sentences(row, ()) == tuple(MISSING[need] for need in row.needs)
        assert missing_sentences(row, row.needs) == ()


def test_the_central_administration_makes_no_gesture_of_the_way() -> None:
    """P3: no visa. Neither the table nor the abilities give DGCS or DGS a gesture."""
    people = {Ability(row.who.value) for row in TRANSITIONS if row.who != Who.PROGRAM}
    for kind in ("dgcs", "dgs", "regional_directorate"):
        assert all(people.isdisjoint(abilities) for abilities in ABILITIES[kind].values())
    for kind in PARTIES:
        assert people <= ABILITIES[kind]["signatory"]
        assert Ability.AGREEMENT_GIVE not in ABILITIES[kind]["editor"] | ABILITIES[kind]["reader"]
