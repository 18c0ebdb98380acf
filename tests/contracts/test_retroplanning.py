"""The retroplanning to the day, and what moving day J moves (annexe 3.2; rule C3)."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.retroplanning import (
    StepStatus,
    date_of,
    facts_of_step,
    moves,
    pieces_of_deadline,
    status_of,
)

J = dt.date(2020, 10, 30)

# Annexe 3.2, column by column: days before day J, date.
ANNEX = {
    "effect": (0, dt.date(2020, 10, 30)),
    "signature": (15, dt.date(2020, 10, 15)),
    "adoption": (25, dt.date(2020, 10, 5)),
    "final_document": (70, dt.date(2020, 8, 21)),
    "budget_meeting": (90, dt.date(2020, 8, 1)),
    "objectives_meeting_second": (105, dt.date(2020, 7, 17)),
    "concertation_meetings": (120, dt.date(2020, 7, 2)),
    "diagnosis_end": (125, dt.date(2020, 6, 27)),
    "kick_off": (135, dt.date(2020, 6, 17)),
    "diagnosis_frame": (145, dt.date(2020, 6, 7)),
}


@pytest.mark.parametrize("code", ANNEX)
def test_c3_each_date_of_the_annex_to_the_day(code: str) -> None:
    days, on = ANNEX[code]
    assert date_of(J, days, None) == on


def test_c3_a_step_without_a_number_waits_for_somebody_to_date_it() -> None:
    assert date_of(J, None, None) is None
    assert date_of(None, 15, None) is None
    assert date_of(None, None, dt.date(2020, 7, 9)) == dt.date(2020, 7, 9)


def test_the_count_passes_the_end_of_february_in_leap_years_and_others() -> None:
    assert date_of(dt.date(2028, 3, 15), 15, None) == dt.date(2028, 2, 29)
    assert date_of(dt.date(2027, 3, 15), 15, None) == dt.date(2027, 2, 28)
    assert date_of(dt.date(2100, 3, 15), 15, None) == dt.date(2100, 2, 28)


def test_a_negative_number_stands_after_day_j() -> None:
    assert date_of(J, -10, None) == dt.date(2020, 11, 9)


def test_moving_day_j_moves_the_counted_dates_and_says_so_and_leaves_the_fixed_ones() -> None:
    steps = [
        ("Signature", 15, None),
        ("Adoption", 25, dt.date(2020, 10, 5)),
        ("Échange", None, None),
        ("Jour J", 0, None),
    ]
    found = moves(steps, J, J + dt.timedelta(days=7))
    assert [(move.label, move.before, move.after) for move in found] == [
        ("Signature", dt.date(2020, 10, 15), dt.date(2020, 10, 22)),
        ("Jour J", J, dt.date(2020, 11, 6)),
    ]
    assert moves(steps, J, J) == ()
    assert [move.after for move in moves(steps, J, None)] == [None, None]


@given(st.dates(dt.date(2015, 1, 1), dt.date(2045, 1, 1)), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_a_longer_count_never_falls_later(effect_on: dt.date, one: int, other: int) -> None:
    sooner, later = date_of(effect_on, max(one, other), None), date_of(effect_on, min(one, other), None)
    assert sooner is not None
    assert later is not None
    assert sooner <= later


def test_a_step_is_late_from_the_day_after_its_date() -> None:
    def status(on: dt.date | None, done_on: dt.date | None = None) -> StepStatus:
        return status_of(on, done_on, today=J, next_on=dt.date(2020, 11, 3))

    assert status(J) == StepStatus.COMING
    assert status(J - dt.timedelta(days=1)) == StepStatus.LATE
    assert status(dt.date(2020, 11, 3)) == StepStatus.NEXT
    assert status(None) == StepStatus.UNDATED
    assert status(dt.date(2020, 1, 1), J) == StepStatus.DONE


def test_the_table_knows_each_step_of_the_annex_and_nothing_of_another() -> None:
    for code in ANNEX:
        facts = facts_of_step(code)
        assert facts.phase in {"diagnosis", "negotiation", "signature"}, code
        assert facts.theme, code
        assert facts.lasting_days >= 1, code
        assert set(facts.parties) <= {"prefecture", "ars", "council"}, code
    assert facts_of_step("inconnue").phase == ""
    assert facts_of_step("inconnue").lasting_days == 1


def test_a_deadline_names_the_pieces_that_settle_it_or_none() -> None:
    assert "dashboard" in pieces_of_deadline("first_version")
    assert pieces_of_deadline("signature") == frozenset()
