"""The drawing of the Gantt: months, bars, today, and the table of the same rows (annexe 3.3; C4)."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from contracts.gantt import LABEL_WIDTH, MOST_COLUMNS, WIDTH, GanttRow, draw

TODAY = dt.date(2030, 8, 10)


def row(on: dt.date | None, lasting_days: int = 1, label: str = "Réunion") -> GanttRow:
    return GanttRow(label, "Thème", "coming", "#step-1", on, lasting_days, "à venir")


def test_each_month_from_the_first_to_the_last_is_a_column() -> None:
    drawn = draw([row(dt.date(2030, 7, 20)), row(dt.date(2030, 9, 3))], today=TODAY)
    assert [column.label for column in drawn.columns] == ["juil. 2030", "août 2030", "sept. 2030"]
    assert drawn.columns[0].x == LABEL_WIDTH


def test_a_bar_begins_on_its_day_and_lasts_its_number_of_days() -> None:
    whole, second_half = draw([row(dt.date(2030, 8, 1), 31), row(dt.date(2030, 8, 16), 16)], today=TODAY).bars
    column = draw([row(dt.date(2030, 8, 1), 31)], today=TODAY).columns[0]
    assert (whole.x, whole.width) == (column.x, column.width)
    assert abs(second_half.x - (column.x + column.width * 15 // 31)) <= 1
    assert second_half.x + second_half.width == column.x + column.width


def test_the_words_of_a_bar_say_what_it_shows() -> None:
    (bar,) = draw([row(dt.date(2030, 8, 1), 2)], today=TODAY).bars
    assert bar.words == "Réunion : du 1er août 2030 au 2 août 2030, à venir"
    (day,) = draw([row(dt.date(2030, 8, 2))], today=TODAY).bars
    assert day.words == "Réunion : le 2 août 2030, à venir"


def test_an_undated_step_is_in_the_table_only() -> None:
    drawn = draw([row(None), row(dt.date(2030, 8, 2))], today=TODAY)
    assert len(drawn.bars) == 1
    assert [each.marks for each in drawn.rows] == [(False,), (True,)]


def test_nothing_dated_draws_nothing() -> None:
    drawn = draw([row(None)], today=TODAY)
    assert (drawn.columns, drawn.bars, drawn.today_x) == ((), (), None)


def test_today_is_a_line_near_the_dates_and_words_far_from_them() -> None:
    near = draw([row(dt.date(2030, 9, 3))], today=TODAY)
    assert near.columns[0].label == "août 2030"
    assert near.today_x is not None
    assert "10 août 2030" in near.today_words
    far = draw([row(dt.date(2032, 9, 3))], today=TODAY)
    assert far.today_x is None
    assert far.today_words.endswith("est avant la première étape.")
    past = draw([row(dt.date(2020, 9, 3))], today=TODAY)
    assert past.today_words.endswith("est après la dernière étape.")


def test_a_table_marks_each_month_that_a_step_touches() -> None:
    drawn = draw([row(dt.date(2030, 7, 30), 4), row(dt.date(2030, 9, 3))], today=TODAY)
    assert drawn.rows[0].marks == (True, True, False)


@given(
    st.lists(
        st.tuples(st.none() | st.dates(dt.date(2018, 1, 1), dt.date(2034, 12, 31)), st.integers(1, 400)),
        max_size=15,
    )
)
def test_every_bar_stays_within_the_drawing_and_columns_stay_readable(
    steps: list[tuple[dt.date | None, int]],
) -> None:
    drawn = draw([row(on, days) for on, days in steps], today=TODAY)
    assert len(drawn.columns) <= MOST_COLUMNS + 3
    for bar in drawn.bars:
        assert bar.x >= LABEL_WIDTH
        assert bar.x + bar.width <= WIDTH + 9
    assert all(len(each.marks) == len(drawn.columns) for each in drawn.rows)
    assert all(any(each.marks) for each in drawn.rows if each.row.on is not None)
