"""What is late, what comes next and whose turn it is (rules C2, C3, C5)."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from contracts.calendar import Duty, agenda

TODAY = dt.date(2030, 8, 1)

CONTACTS = Duty("Référents", dt.date(2030, 6, 15), ("prefecture", "ars", "council"))
FIRST_VERSION = Duty("Première version", dt.date(2030, 7, 30), ("council",))
DRAFT = Duty("Projet", dt.date(2030, 9, 15), ("prefecture",))
SIGNATURE = Duty("Signature", dt.date(2030, 10, 15))
EXCHANGE = Duty("Échanges entre référents", None)


def test_what_is_late_comes_from_the_most_recent_and_what_comes_from_the_soonest() -> None:
    found = agenda([SIGNATURE, CONTACTS, DRAFT, FIRST_VERSION, EXCHANGE], today=TODAY)
    assert found.late == (FIRST_VERSION, CONTACTS)
    assert found.coming == (DRAFT, SIGNATURE)
    assert found.undated == (EXCHANGE,)
    assert found.next == DRAFT
    assert found.last == FIRST_VERSION


def test_a_duty_is_not_late_on_its_own_day_but_on_the_next() -> None:
    assert agenda([DRAFT], today=dt.date(2030, 9, 15)).next == DRAFT
    assert agenda([DRAFT], today=dt.date(2030, 9, 16)).late == (DRAFT,)


def test_an_institution_reads_its_own_turn_and_what_is_everybody_s() -> None:
    found = agenda([CONTACTS, FIRST_VERSION, DRAFT, SIGNATURE], today=TODAY, kinds={"prefecture"})
    assert found.late == (CONTACTS,)
    assert found.coming == (DRAFT, SIGNATURE)


def test_nothing_to_do_is_an_empty_agenda() -> None:
    found = agenda([], today=TODAY)
    assert (found.late, found.coming, found.undated, found.next, found.last) == ((), (), (), None, None)


duties = st.builds(
    Duty,
    label=st.text(max_size=5),
    on=st.none() | st.dates(dt.date(2029, 1, 1), dt.date(2033, 12, 31)),
    turn=st.sampled_from([(), ("ars",), ("council", "prefecture")]),
    is_closed=st.booleans(),
)


@given(st.lists(duties, max_size=20), st.dates(dt.date(2029, 1, 1), dt.date(2033, 12, 31)))
def test_every_duty_is_in_one_part_of_the_agenda_and_in_order(found: list[Duty], today: dt.date) -> None:
    sorted_out = agenda(found, today=today)
    everything = [*sorted_out.late, *sorted_out.coming, *sorted_out.undated, *sorted_out.closed]
    assert sorted(map(repr, everything)) == sorted(map(repr, found))
    coming = [duty.on for duty in sorted_out.coming]
    late = [duty.on for duty in sorted_out.late]
    assert coming == sorted(coming)
    assert late == sorted(late, reverse=True)
    assert all(on >= today for on in coming)
    assert all(duty.is_closed for duty in sorted_out.closed)
    assert not any(duty.is_closed for duty in (*sorted_out.late, *sorted_out.coming, *sorted_out.undated))
    assert all(on < today for on in late)
