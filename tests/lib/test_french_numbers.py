"""The one reader and the one writer of French numbers, from which amounts and figures are made."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.french_numbers import (
    MINUS,
    NARROW_SPACE,
    NO_BREAK_SPACE,
    decimal_places,
    is_negative,
    read_french,
    write_french,
)


@pytest.mark.parametrize("space", [" ", NO_BREAK_SPACE, NARROW_SPACE, "\u2009"])
def test_a_space_of_any_width_stands_between_thousands(space: str) -> None:
    assert read_french(f"{space}1{space}234{space}567,50 ") == Decimal("1234567.50")


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "douze",
        "NaN",
        "1e400",
        "+5",
        "-5",
        "12 34",
        "1  234",
        "1\t234",
        "12\t345",
        "1,2,3",
        "1.234,5",
        "٣",
    ],
)
def test_what_is_not_one_number_is_none(typed: str) -> None:
    assert read_french(typed) is None


@pytest.mark.parametrize("typed", ["-5", f"{MINUS}5", "\u20135", f"-{NO_BREAK_SPACE}5", "-,5"])
def test_a_number_below_zero_is_recognised_to_be_told(typed: str) -> None:
    assert is_negative(typed)


@pytest.mark.parametrize("typed", ["5", "-", "- non", "2020-2022"])
def test_a_dash_before_no_number_is_not_below_zero(typed: str) -> None:
    assert not is_negative(typed)


@pytest.mark.parametrize(
    ("number", "places", "shown"),
    [
        ("0", None, "0"),
        ("1234567.50", None, f"1{NARROW_SPACE}234{NARROW_SPACE}567,5"),
        ("100", None, "100"),
        ("1234.5", 2, f"1{NARROW_SPACE}234,50"),
        ("1E+3", 0, f"1{NARROW_SPACE}000"),
        ("-12.5", None, f"{MINUS}12,5"),
    ],
)
def test_a_number_is_written_with_narrow_spaces_and_a_comma(
    number: str, places: int | None, shown: str
) -> None:
    assert write_french(Decimal(number), places=places) == shown


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_what_is_written_reads_back_the_same(number: Decimal) -> None:
    assert read_french(write_french(number)) == number
    assert read_french(write_french(number, places=2)) == number


@pytest.mark.parametrize(("number", "places"), [("12", 0), ("12.50", 2), ("1E+3", 0), ("0.001", 3)])
def test_the_decimals_are_counted_as_they_were_typed(number: str, places: int) -> None:
    assert decimal_places(Decimal(number)) == places
