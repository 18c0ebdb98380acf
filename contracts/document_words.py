"""What a document puts in its blanks, and where its lines may not break, as French has it. Pure module."""

from __future__ import annotations

import datetime as dt
import re

from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE


def court_seat(court: str) -> str:
    """The court without its kind, which the model's text already says: "de Grenoble".

    >>> court_seat("Tribunal administratif de Grenoble")
    'de Grenoble'
    """
    return re.sub(r"^tribunal administratif\s+", "", court.strip(), flags=re.IGNORECASE)


def region_with_of(name: str) -> str:
    """A region's name preceded by « de », as French grammar has it.

    >>> [region_with_of(name) for name in ("Bretagne", "Île-de-France", "Hauts-de-France", "Grand Est")]
    ['de Bretagne', 'd’Île-de-France', 'des Hauts-de-France', 'du Grand Est']
    """
    if name.startswith(("Hauts-", "Pays ")):
        return f"des {name}"
    if name.startswith(("Grand ", "Centre-")):
        return f"du {name}"
    if name[:1].upper() in "AEÉIÎOU":
        return f"d’{name}"
    return f"de {name}"


MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)


def french_date(day: dt.date) -> str:
    """A date in words: "1er octobre 2020".

    >>> french_date(dt.date(2020, 10, 1))
    '1er octobre 2020'
    """
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"


def typeset(text: str) -> str:
    """The model's text with spaces that do not break before « : », « ; », « € » and inside « guillemets »."""
    text = re.sub(r" ([:€%»])", f"{NO_BREAK_SPACE}\\1", text)
    text = re.sub(r" ([;?!])", f"{NARROW_SPACE}\\1", text)
    text = re.sub(r"([«–]) ", f"\\1{NO_BREAK_SPACE}", text)
    return re.sub(r"\b([nN]°) ", f"\\1{NO_BREAK_SPACE}", text)
