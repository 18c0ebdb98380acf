"""Figures as they are shown: French separators, and « non disponible » where there is none."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.template import Context, Template

from cdppe.home.templatetags.cdppe_format import amount, euros, figure, percent
from cdppe.home.templatetags.french_typography import filesizeformat
from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE


def plain(text: str) -> str:
    """With ordinary spaces, to be read."""
    return text.replace(NARROW_SPACE, " ").replace(NO_BREAK_SPACE, " ")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("2914500"), "2 914 500"),
        (Decimal("1234.50"), "1 234,50"),
        (0, "0"),
        (None, "non disponible"),
    ],
)
def test_an_amount(value: Decimal | None, shown: str) -> None:
    assert plain(amount(value)) == shown


def test_euros_carry_their_unit_unless_there_is_none() -> None:
    assert plain(euros(Decimal("12.30"))) == "12,30 €"
    assert euros(None) == "non disponible"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("231.00"), "231"),
        (Decimal("1234.50"), "1 234,5"),
        (Decimal("0.075"), "0,075"),
        (Decimal("1E+3"), "1 000"),
        (0, "0"),
        (100, "100"),
        (None, "non disponible"),
    ],
)
def test_a_figure_keeps_its_decimals_and_no_trailing_zero(value: Decimal | None, shown: str) -> None:
    assert plain(figure(value)) == shown


@pytest.mark.parametrize(
    ("fraction", "places", "shown"),
    [
        (Decimal("0.1234"), 1, "12,3 %"),
        (Decimal("0.1235"), 1, "12,4 %"),
        (Decimal("0.5"), 0, "50 %"),
        (Decimal(1), 1, "100,0 %"),
        (Decimal("12.5"), 1, "1 250,0 %"),
        (Decimal(0), 1, "0,0 %"),
        (None, 1, "non disponible"),
    ],
)
def test_a_share_is_rounded_half_up(fraction: Decimal | None, places: int, shown: str) -> None:
    assert plain(percent(fraction, places)) == shown


def test_the_filters_are_there_for_templates() -> None:
    page = Template("{% load cdppe_format %}{{ a|euros }} {{ a|amount }} {{ n|figure }} {{ p|percent }}")
    shown = page.render(Context({"a": Decimal(5), "n": None, "p": Decimal("0.3")}))
    assert plain(shown) == "5 € 5 non disponible 30,0 %"


@pytest.mark.parametrize(
    ("day", "shown"),
    [(dt.date(2022, 7, 1), "1er juillet 2022"), (dt.date(2022, 7, 11), "11 juillet 2022"), (None, "")],
)
def test_the_first_of_a_month_is_written_as_in_french(day: dt.date | None, shown: str) -> None:
    assert Template('{{ day|date:"j F Y" }}').render(Context({"day": day})) == shown


def test_a_day_is_that_of_the_place_not_of_the_clock() -> None:
    at = dt.datetime(2022, 6, 30, 23, 0, tzinfo=dt.UTC)
    assert Template('{{ at|date:"j F Y à H:i" }}').render(Context({"at": at})) == "1er juillet 2022 à 01:00"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 octet"),
        (999, "999 octets"),
        (217_700, "217,7 ko"),
        (999_999, "1,0 Mo"),
        (20_000_000, "20,0 Mo"),
        (3_000_000_000_000, "3 000,0 Go"),
    ],
)
def test_the_size_of_a_file(size: int, shown: str) -> None:
    assert plain(filesizeformat(size)) == shown
