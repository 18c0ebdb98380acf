"""What of a contract is done and what is missing (rules A2, C5, K1, O2, O5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.progress import Facts, ObjectiveFacts, Piece, SheetFacts, missing, missing_parts, pieces
from contracts.workspace import Progress, Stage, counted, held_back

COMPLETE = Facts(
    has_effect_date=True,
    unnamed_parties=(),
    has_court_and_officers=True,
    has_deliberation=True,
    has_account=True,
    optional_count=1,
    optional_minimum=1,
    optional_maximum=3,
    dashboard_count=12,
    objectives=(ObjectiveFacts("Objectif 1", 1), ObjectiveFacts("Objectif 2", 2, demanded_count=2)),
    sheets=(SheetFacts(1, ()), SheetFacts(2, ()), SheetFacts(3, ())),
)


def piece(facts: Facts, code: str) -> Piece:
    return next(each for each in pieces(facts) if each.code == code)


def test_a_complete_contract_misses_nothing() -> None:
    assert missing(pieces(COMPLETE)) == ()


@pytest.mark.parametrize(
    ("change", "code", "said", "turn"),
    [
        ({"has_effect_date": False}, "effect-date", "rétroplanning", ("prefecture", "ars", "council")),
        ({"has_account": False}, "account", "IBAN", ("council",)),
        ({"has_deliberation": False}, "deliberation", "numéro", ("council",)),
        ({"has_court_and_officers": False}, "officers", "article 4", ("prefecture", "ars", "council")),
        ({"dashboard_count": 0}, "dashboard", "Aucune valeur", ("prefecture", "ars", "council")),
        ({"optional_count": 0}, "objectives", "au moins 1", ("prefecture", "ars", "council")),
        ({"unnamed_parties": (("ars", "l’ARS"),)}, "parties", "À nommer : l’ARS.", ("ars",)),
    ],
)
def test_each_missing_piece_says_what_and_whose_turn(
    change: dict[str, object], code: str, said: str, turn: tuple[str, ...]
) -> None:
    left = missing(pieces(replace(COMPLETE, **change)))
    assert [each.code for each in left] == [code]
    assert said.lower() in left[0].detail.lower()
    assert left[0].turn == turn


def test_an_objective_without_sheet_is_named() -> None:
    facts = replace(COMPLETE, objectives=(*COMPLETE.objectives, ObjectiveFacts("Objectif 9", 0)))
    assert piece(facts, "sheets").detail == "Sans fiche : Objectif 9."


def test_the_sheets_that_the_circular_demands_are_counted() -> None:
    facts = replace(COMPLETE, objectives=(ObjectiveFacts("Objectif 2", 1, demanded_count=3),))
    found = piece(facts, "sheets")
    assert not found.is_done
    assert found.detail == "Fiches demandées par la circulaire : Objectif 2 (1 sur 3 demandées)."


def test_an_incomplete_sheet_is_named_by_its_number() -> None:
    facts = replace(COMPLETE, sheets=(SheetFacts(1, ()), SheetFacts(2, ("le public cible",))))
    found = piece(facts, "complete-sheets")
    assert not found.is_done
    assert found.detail == "À compléter : n° 2."


def test_a_contract_without_any_sheet_is_not_done() -> None:
    facts = replace(COMPLETE, sheets=(), objectives=())
    assert {each.code for each in missing(pieces(facts))} == {"objectives", "sheets", "complete-sheets"}


def test_a_long_list_of_objectives_is_cut_with_the_count_of_the_rest() -> None:
    facts = replace(
        COMPLETE, objectives=tuple(ObjectiveFacts(f"Objectif {number}", 0) for number in range(1, 10))
    )
    assert piece(facts, "sheets").detail.endswith("Objectif 6 et 3 autres.")


def test_a_sheet_lacks_what_rule_a2_asks_and_its_financing() -> None:
    assert missing_parts(frozenset({"public", "diagnosis"}), is_financed=False) == (
        "le public cible",
        "le financement",
    )
    assert missing_parts(frozenset(), is_financed=True) == ()


def test_a_filled_part_in_which_something_bars_the_way_is_not_done() -> None:
    filled = counted(9, 9, "9 fiches complètes sur 9")
    assert held_back(filled, 0) == filled
    assert held_back(filled, 1) == Progress(
        Stage.STARTED, "9/9", "9 fiches complètes sur 9, un point bloquant à lever"
    )
    assert held_back(None, 3) is None
    started = counted(1, 9, "une fiche complète sur 9")
    assert held_back(started, 2) == started
