"""Amounts in euros, as people type them and as they are shown."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE
from cdppe.lib.money import LARGEST_AMOUNT, AmountError, format_amount, format_euros, read_amount


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("0", "0"),
        ("1 234,56", "1234.56"),
        (f"1{NO_BREAK_SPACE}234,56", "1234.56"),
        (f"1{NARROW_SPACE}234,56{NO_BREAK_SPACE}€", "1234.56"),
        ("1234.5", "1234.5"),
        ("12 €", "12"),
        ("999 999 999 999,99", "999999999999.99"),
    ],
)
def test_an_amount_is_read_as_people_write_it(typed: str, amount: str) -> None:
    assert read_amount(typed) == Decimal(amount)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("douze", "« douze » n’est pas un montant"),
        ("NaN", "n’est pas un montant"),
        ("Infinity", "n’est pas un montant"),
        ("1e400", "n’est pas un montant"),
        ("1,234", "n’est pas un montant"),
        ("12 34", "n’est pas un montant"),
        ("12\t345", "n’est pas un montant"),
        ("€", "n’est pas un montant"),
        ("", "n’est pas un montant"),
        ("-5", "« -5 » est négatif"),
        ("\u22125 €", "est négatif"),
        ("1000000000000", "est trop grand"),
        ("9" * 400, "9… » est trop grand"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_sentence(typed: str, words: str) -> None:
    with pytest.raises(AmountError, match=words) as refusal:
        read_amount(typed)
    assert len(str(refusal.value)) < 200


@given(st.decimals(min_value=0, max_value=LARGEST_AMOUNT, places=2))
def test_an_amount_that_is_shown_can_be_typed_again(amount: Decimal) -> None:
    assert read_amount(format_amount(amount)) == amount
    assert read_amount(format_euros(amount)) == amount


def test_cents_are_shown_only_where_there_are_some() -> None:
    assert format_amount(2_914_500) == f"2{NARROW_SPACE}914{NARROW_SPACE}500"
    assert format_euros(Decimal("12.50")) == f"12,50{NO_BREAK_SPACE}€"
    assert format_amount(Decimal("12.00")) == "12"
