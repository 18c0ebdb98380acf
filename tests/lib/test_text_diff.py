"""The word by word comparison gives both texts back, whatever they are."""

from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.text_diff import Kind, text_diff

TEXTS = st.text(alphabet="abc é.\n-’1", max_size=200)


def joined(before: str, after: str, *kinds: Kind) -> str:
    return "".join(segment.text for segment in text_diff(before, after) if segment.kind in kinds)


@given(TEXTS, TEXTS)
def test_the_segments_make_both_texts_again(before: str, after: str) -> None:
    assert joined(before, after, Kind.SAME, Kind.REMOVED) == before
    assert joined(before, after, Kind.SAME, Kind.ADDED) == after


@given(TEXTS)
def test_a_text_against_itself_has_no_change(text: str) -> None:
    assert {segment.kind for segment in text_diff(text, text)} <= {Kind.SAME}


def test_a_word_that_is_replaced_is_taken_away_then_added() -> None:
    found = [(segment.kind, segment.text) for segment in text_diff("Créer 28 places.", "Créer 30 places.")]
    assert found == [
        (Kind.SAME, "Créer "),
        (Kind.REMOVED, "28"),
        (Kind.ADDED, "30"),
        (Kind.SAME, " places."),
    ]


def test_an_amount_is_shown_whole() -> None:
    before, after = "728\u202f625,50\u00a0€", "778\u202f625,50\u00a0€"
    found = [(segment.kind, segment.text) for segment in text_diff(before, after)]
    assert found == [
        (Kind.REMOVED, "728\u202f625,50"),
        (Kind.ADDED, "778\u202f625,50"),
        (Kind.SAME, "\u00a0€"),
    ]


def test_texts_of_a_thousand_pages_are_given_whole() -> None:
    before, after = "a\n" * 50_000, "b\n" * 50_000
    assert joined(before, after, Kind.SAME, Kind.REMOVED) == before
    assert len(text_diff(before, after)) == 2
