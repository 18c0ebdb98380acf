"""Weekends and public holidays of a territory: what a date falls on, and the working day before it (C3, C5).

Source: the calendars of the `holidays` package (code du travail, L3133-1, L3134-13 and L3422-2): the national
one, Alsace and Moselle, and each overseas territory. Which one a territory has is data
(`Territory.holiday_calendar`, fixtures/territories.csv); the empty code is the national calendar.

What we chose: a day that only a local calendar has is said « jour férié local », because some of them (Good
Friday, the Mi-Carême) are kept in part of the territory only. Saturday is told too: assemblies and signatures
need offices that are open.

Pure: dates and the code of a calendar in, words and dates out. Nothing is moved: it is told, and offered.

>>> from datetime import date
>>> day_off(date(2020, 8, 1), ""), day_off(date(2020, 8, 15), ""), day_off(date(2020, 8, 17), "")
('samedi', 'samedi, jour férié : Assomption', '')
>>> day_off(date(2021, 5, 27), "971"), previous_working_day(date(2021, 5, 27), "971")
('jour férié local : Abolition de l’esclavage', datetime.date(2021, 5, 26))
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import holidays

COUNTRY = "FR"
_WEEKEND = {5: "samedi", 6: "dimanche"}


@lru_cache(maxsize=64)
def is_known_calendar(calendar: str) -> bool:
    """Whether `calendar` is the code of a French calendar; the empty code is the national one."""
    return not calendar or calendar in holidays.list_supported_countries(include_aliases=True)[COUNTRY]


def day_off(on: dt.date | None, calendar: str) -> str:
    """What makes `on` no working day there (« dimanche », « jour férié : Noël »), empty for a working day.

    `calendar` is one that `is_known_calendar` accepts: the library refuses any other (NotImplementedError).
    """
    if on is None:
        return ""
    return ", ".join(filter(None, (_WEEKEND.get(on.weekday(), ""), _holiday(on, calendar))))


def previous_working_day(on: dt.date, calendar: str) -> dt.date:
    """The last day before `on` that is neither a weekend nor a public holiday there.

    Raises OverflowError where the calendar of the computer begins.
    """
    before = on - dt.timedelta(days=1)
    while day_off(before, calendar):
        before -= dt.timedelta(days=1)
    return before


def _holiday(on: dt.date, calendar: str) -> str:
    national = _names(on.year, "").get(on)
    local = national or _names(on.year, calendar).get(on)
    if not local:
        return ""
    return f"jour férié : {national}" if national else f"jour férié local : {local}"


@lru_cache(maxsize=512)
def _names(year: int, calendar: str) -> dict[dt.date, str]:
    """{date: name} of the holidays of one year; a page asks the same few years again and again."""
    days = holidays.country_holidays(COUNTRY, subdiv=calendar or None, years=year, language="fr")
    return {on: name.replace("'", "’").replace("; ", " et ") for on, name in days.items()}
