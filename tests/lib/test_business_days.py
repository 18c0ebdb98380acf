"""Weekends and public holidays, overseas and in Alsace-Moselle too (C3, C5)."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.business_days import day_off, is_known_calendar, previous_working_day

NATIONAL, GUADELOUPE, REUNION, MOSELLE, ALSACE = "", "971", "974", "57", "6AE"


@pytest.mark.parametrize(
    ("on", "calendar", "said"),
    [
        (dt.date(2020, 8, 1), NATIONAL, "samedi"),
        (dt.date(2020, 6, 7), NATIONAL, "dimanche"),
        (dt.date(2020, 8, 15), NATIONAL, "samedi, jour férié : Assomption"),
        (dt.date(2022, 5, 26), NATIONAL, "jour férié : Ascension"),
        (dt.date(2021, 1, 1), NATIONAL, "jour férié : Jour de l’an"),
        (dt.date(2020, 10, 30), NATIONAL, ""),
        # Overseas: the abolition of slavery, on the day of each territory.
        (dt.date(2021, 5, 27), GUADELOUPE, "jour férié local : Abolition de l’esclavage"),
        (dt.date(2021, 5, 27), NATIONAL, ""),
        (dt.date(2022, 12, 20), REUNION, "jour férié local : Abolition de l’esclavage"),
        (dt.date(2022, 12, 20), GUADELOUPE, ""),
        (dt.date(2023, 5, 22), "972", "jour férié local : Abolition de l’esclavage"),
        (dt.date(2022, 6, 10), "973", "jour férié local : Abolition de l’esclavage"),
        (dt.date(2022, 4, 27), "976", "jour férié local : Abolition de l’esclavage"),
        (dt.date(2021, 5, 28), "MF", "jour férié local : Abolition de l’esclavage"),
        # Local law of Alsace and Moselle.
        (dt.date(2022, 4, 15), MOSELLE, "jour férié local : Vendredi saint"),
        (dt.date(2022, 4, 15), ALSACE, "jour férié local : Vendredi saint"),
        (dt.date(2022, 12, 26), ALSACE, "jour férié local : Saint-Étienne"),
        (dt.date(2022, 4, 15), NATIONAL, ""),
    ],
)
def test_a_day_off_is_named(on: dt.date, calendar: str, said: str) -> None:
    assert day_off(on, calendar) == said


def test_the_working_day_before_passes_over_a_whole_long_weekend() -> None:
    # Easter Monday 2022; in Moselle Good Friday too.
    assert previous_working_day(dt.date(2022, 4, 18), NATIONAL) == dt.date(2022, 4, 15)
    assert previous_working_day(dt.date(2022, 4, 18), MOSELLE) == dt.date(2022, 4, 14)


def test_a_leap_day_is_a_day_like_another() -> None:
    assert day_off(dt.date(2028, 2, 29), NATIONAL) == ""
    assert previous_working_day(dt.date(2028, 3, 1), NATIONAL) == dt.date(2028, 2, 29)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31)), st.sampled_from([NATIONAL, GUADELOUPE, MOSELLE]))
def test_the_working_day_before_is_the_nearest_one(on: dt.date, calendar: str) -> None:
    found = previous_working_day(on, calendar)
    assert day_off(found, calendar) == ""
    between = [found + dt.timedelta(days=n) for n in range(1, (on - found).days)]
    assert all(day_off(each, calendar) for each in between)


def test_no_date_falls_on_nothing() -> None:
    assert day_off(None, NATIONAL) == ""


def test_each_territory_of_the_file_has_a_calendar_that_exists() -> None:
    with (settings.BASE_DIR / "fixtures" / "territories.csv").open(encoding="utf-8", newline="") as file:
        calendars = {row["code"]: row["holiday_calendar"] for row in csv.DictReader(file)}
    assert all(is_known_calendar(code) for code in calendars.values())
    assert not is_known_calendar("atlantide")
    local = {code: calendar for code, calendar in calendars.items() if calendar}
    assert set(local) == {"57", "67", "68", "971", "972", "973", "974", "976", "978"}
