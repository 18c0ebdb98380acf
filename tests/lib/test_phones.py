"""French telephone numbers, overseas too, as people write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.phones import PhoneError, dialled, read_phone


@pytest.mark.parametrize(
    ("typed", "written", "tel"),
    [
        ("0476603400", "04 76 60 34 00", "+33476603400"),
        ("04.76.60.34.00", "04 76 60 34 00", "+33476603400"),
        (" 04-76-60-34-00 ", "04 76 60 34 00", "+33476603400"),
        ("04\u00a076\u202f60 34 00", "04 76 60 34 00", "+33476603400"),
        ("+33 4 76 60 34 00", "04 76 60 34 00", "+33476603400"),
        ("0033 (0)4 76 60 34 00", "04 76 60 34 00", "+33476603400"),
        ("06 39 98 00 38, poste 12", "06 39 98 00 38 poste 12", "+33639980038"),
        ("+262 262 40 77 77", "0262 40 77 77", "+262262407777"),
        ("0269 61 00 00", "0269 61 00 00", "+262269610000"),
        ("+590 590 99 39 00", "0590 99 39 00", "+590590993900"),
        ("0696 00 00 00", "0696 00 00 00", "+596696000000"),
        ("+508 41 10 10", "+508 41 10 10", "+508411010"),
        ("+689 40 46 84 00", "+689 40 46 84 00", "+68940468400"),
    ],
)
def test_each_french_way_of_writing_a_number_is_read(typed: str, written: str, tel: str) -> None:
    assert read_phone(typed) == written
    assert dialled(written) == tel


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "douze",
        "3939",
        "04 76 60 34",
        "04 76 60 34 00 00",
        "0076603400",
        "+44 20 7946 0000",
        "+262 476 60 34 00",
        "+687 25 78",
        "04 76 60 34 0²",
        "٠٤٧٦٦٠٣٤٠٠",
        "04 76 60 34 00 poste",
        "1" * 5_000,
    ],
)
def test_anything_else_is_refused_in_a_sentence_that_gives_an_example(typed: str) -> None:
    with pytest.raises(PhoneError, match="04 76 00 00 00"):
        read_phone(typed)


@given(st.from_regex(r"0[1-9][0-9]{8}", fullmatch=True))
def test_a_number_read_again_does_not_change(digits: str) -> None:
    written = read_phone(digits)
    assert re.sub(r"\D", "", written) == digits
    assert read_phone(written) == written
    assert read_phone(dialled(written)) == written


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        written = read_phone(text)
    except PhoneError:
        return
    assert read_phone(written) == written
