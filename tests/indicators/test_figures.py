"""Reading what people type in a box and writing figures as French text: pure, no database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE
from indicators.figures import (
    LARGEST_FIGURE,
    NOT_STATED,
    Figure,
    FigureError,
    Known,
    Unavailable,
    decode,
    encode,
    format_number,
    format_percent,
    format_signed,
    is_unavailable,
    read_number,
)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("0", "0"),
        ("1234", "1234"),
        ("1 234,56", "1234.56"),
        (f"1{NO_BREAK_SPACE}234,56", "1234.56"),
        (f"1{NARROW_SPACE}234,56", "1234.56"),
        ("  12,5 ", "12.5"),
        ("12.25", "12.25"),
        ("12,500", "12.5"),
        ("999 999 999 999,99", "999999999999.99"),
    ],
)
def test_numbers_are_read_as_french_people_type_them(typed: str, number: str) -> None:
    assert read_number(typed) == Decimal(number)


@pytest.mark.parametrize("typed", ["", "   ", NO_BREAK_SPACE])
def test_a_blank_box_is_no_figure_and_not_zero(typed: str) -> None:
    assert read_number(typed) is None


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("douze", "n’est pas un nombre"),
        ("NaN", "n’est pas un nombre"),
        ("Infinity", "n’est pas un nombre"),
        ("1e400", "n’est pas un nombre"),
        ("1e2", "n’est pas un nombre"),
        ("+5", "n’est pas un nombre"),
        ("1 2", "n’est pas un nombre"),
        ("12 34", "n’est pas un nombre"),
        ("1,2,3", "n’est pas un nombre"),
        ("25 %", "n’est pas un nombre"),
        ("٣", "n’est pas un nombre"),
        ("１２", "n’est pas un nombre"),
        ("<script>", "n’est pas un nombre"),
        ("5\x00", "n’est pas un nombre"),
        ("-5", "est négatif"),
        ("\u22125", "est négatif"),
        ("1234567890123", "est trop grand"),
        ("1,234", "est trop précis"),
        ("9" * 400, "est trop long"),
    ],
)
def test_what_is_no_number_is_refused_with_a_sentence(typed: str, words: str) -> None:
    with pytest.raises(FigureError, match=words):
        read_number(typed)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_but_never_breaks(typed: str) -> None:
    try:
        number = read_number(typed)
    except FigureError:
        return
    assert number is None or 0 <= number <= LARGEST_FIGURE


@given(st.decimals(min_value=0, max_value=LARGEST_FIGURE, places=2))
def test_what_is_shown_can_be_typed_again(number: Decimal) -> None:
    assert read_number(format_number(number)) == number


@pytest.mark.parametrize("typed", ["nd", "ND", " n.d. ", "Non disponible", f"non{NO_BREAK_SPACE}disponible"])
def test_not_available_is_typed_in_a_few_usual_ways(typed: str) -> None:
    assert is_unavailable(typed)


@pytest.mark.parametrize("typed", ["", "0", "non", "indisponible peut-être"])
def test_other_words_do_not_mean_not_available(typed: str) -> None:
    assert not is_unavailable(typed)


def test_figures_are_written_without_useless_zeros() -> None:
    assert format_number(Decimal("1234567.50")) == f"1{NARROW_SPACE}234{NARROW_SPACE}567,5"
    assert format_number(Decimal("100.00")) == "100"
    assert format_number(Decimal("0.00")) == "0"
    assert format_signed(Decimal("3.00")) == "+3"
    assert format_signed(Decimal(-3)) == "\u22123"
    assert format_signed(Decimal(0)) == "0"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [("0.2", "20"), ("0.1234", "12,3"), ("0.12351", "12,4"), ("1", "100"), ("0.00001", "0"), ("1.5", "150")],
)
def test_shares_are_written_as_percentages_with_one_decimal_at_most(fraction: str, text: str) -> None:
    assert format_percent(Decimal(fraction)) == f"{text}{NO_BREAK_SPACE}%"


def test_a_signed_percentage_that_rounds_to_nothing_has_no_sign() -> None:
    assert format_percent(Decimal("-0.0001"), signed=True) == f"0{NO_BREAK_SPACE}%"


@given(
    st.one_of(
        st.just(NOT_STATED),
        st.builds(Known, st.decimals(min_value=0, max_value=LARGEST_FIGURE, places=2)),
        st.builds(Unavailable, st.text(max_size=40)),
    )
)
def test_what_a_box_held_survives_its_hidden_field(figure: Figure) -> None:
    assert decode(encode(figure)) == figure


@pytest.mark.parametrize("forged", ["=NaN", "=1e400", "=-5", "=", "12", "=" + "9" * 400, "<script>"])
def test_a_forged_hidden_field_reads_as_not_stated(forged: str) -> None:
    assert decode(forged) == NOT_STATED
