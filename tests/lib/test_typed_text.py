"""Texts as people type and paste them: made regular, or refused in a sentence that says where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.typed_text import DIRECTION_MARKS, UnreadableText, read_text, same_text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("un\r\ndeux\rtrois", "un\ndeux\ntrois"),
        ("ligne\x0bsuite\x0cpage", "ligne\nsuite\npage"),
        ("ligne\u2028suite", "ligne\nsuite"),
        ("e\u0301tat", "état"),
        (
            "\tretrait, « guillemets », œuvre, 12\u202f345\u00a0€, —, 😀",
            "\tretrait, « guillemets », œuvre, 12\u202f345\u00a0€, —, 😀",
        ),
        ("", ""),
    ],
)
def test_a_pasted_text_is_made_regular(typed: str, kept: str) -> None:
    assert read_text(typed) == kept


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("\x00", "caractère de contrôle"),
        ("\x1f", "caractère de contrôle"),
        ("\x7f", "caractère de contrôle"),
        ("\u202e", "sens de lecture"),
        ("\u200f", "sens de lecture"),
        ("\u2066", "sens de lecture"),
        (chr(0xD800), "illisible"),
        (chr(0xDFFF), "illisible"),
        ("\ufffd", "illisible"),
        ("\ufffe", "d’aucune écriture"),
        ("\U0001ffff", "d’aucune écriture"),
    ],
)
def test_a_character_that_nobody_sees_is_refused_with_its_place(character: str, said: str) -> None:
    with pytest.raises(UnreadableText, match=said) as refusal:
        read_text(f"Le service de PMI{character} visite les familles.")
    assert "« service de PMI »" in str(refusal.value) or "Le service de PMI »" in str(refusal.value)
    with pytest.raises(UnreadableText, match="au début"):
        read_text(character)


@given(st.text())
def test_a_text_is_refused_or_kept_once_and_for_all(text: str) -> None:
    try:
        kept = read_text(text)
    except UnreadableText as refusal:
        sentence = str(refusal)
        assert sentence.isprintable()
        assert not set(sentence) & DIRECTION_MARKS
        return
    assert read_text(kept) == kept
    assert same_text(text, kept)


def test_line_ends_make_no_difference_and_words_do() -> None:
    assert same_text("a\r\nb", "a\nb")
    assert not same_text("a", "b")
    assert not same_text("", None)
    assert same_text(None, None)
