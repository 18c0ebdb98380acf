"""The spaces that keep « » and the double marks on the line of their word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.french_spaces import with_french_spaces


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Contact de « Isère » : Inès.", "Contact de «~Isère~»~: Inès."),
        ("Vraiment ? Oui ; 10 % de 5 € !", "Vraiment~? Oui~; 10~% de 5~€~!"),
        ("à 12:30, http://exemple.fr", "à 12:30, http://exemple.fr"),
        ("un :mot: et %s", "un :mot: et %s"),
        ("fin »", "fin~»"),
        ("", ""),
    ],
)
def test_marks_stay_with_their_words(written: str, shown: str) -> None:
    assert with_french_spaces(written) == shown.replace("~", "\u00a0")


@given(st.text(alphabet="ab «»:;?!%€\n\u00a0", max_size=30))
def test_only_spaces_change_and_once_is_enough(written: str) -> None:
    shown = with_french_spaces(written)
    assert shown.replace("\u00a0", " ") == written.replace("\u00a0", " ")
    assert with_french_spaces(shown) == shown
