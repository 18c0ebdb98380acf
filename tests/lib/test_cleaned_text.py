"""What is invisible and harmful in a typed text goes, the rest stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.cleaned_text import cleaned


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Bonjour", "Bonjour"),
        ("un\r\ndeux\rtrois", "un\ndeux\ntrois"),
        ("a\x00b\x0b\x1fc", "abc"),
        ("a\u202eb\u2066c", "abc"),
        ("a\ud800b", "ab"),
        ("a\ufffe\uffffb", "ab"),
        ("colonne\tvaleur", "colonne\tvaleur"),
        ("« Où ? » – 12 €, œuvre, שלום", "« Où ? » – 12 €, œuvre, שלום"),
        (" \x00\u202e ", ""),
    ],
)
def test_only_what_is_invisible_goes(typed: str, kept: str) -> None:
    assert cleaned(typed) == kept


@given(st.text())
def test_a_cleaned_text_can_be_stored_and_does_not_change_again(text: str) -> None:
    once = cleaned(text)
    once.encode("utf-8")
    assert "\x00" not in once
    assert cleaned(once) == once
