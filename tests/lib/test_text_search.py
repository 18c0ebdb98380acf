"""Words as they are typed, and where they stand: nothing of a text is lost, no input breaks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.text_search import (
    LONGEST_QUERY,
    MOST_TERMS,
    Term,
    answers,
    excerpt,
    plain,
    postgres_query,
    read_terms,
)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("relais parentaux", [("relais",), ("parentaux",)]),
        ("« relais parental » TISF", [("relais", "parental"), ("tisf",)]),
        ("l’École", [("ecole",)]),
        ("28 places", [("28",), ("places",)]),
        ("' | & ! :* \\ ( )", []),
        ('"', []),
        ("", []),
    ],
)
def test_a_search_is_read_as_its_words(typed: str, words: list[tuple[str, ...]]) -> None:
    assert [term.words for term in read_terms(typed)] == words


@given(st.text(max_size=400))
def test_any_text_is_read_and_makes_a_query_of_letters_figures_and_our_own_marks(typed: str) -> None:
    terms = read_terms(typed)
    assert len(terms) <= MOST_TERMS
    query = postgres_query(terms)
    assert query.count("'") % 2 == 0
    assert all(part.isalnum() for part in query.split("'")[1::2])


@given(st.text(max_size=300))
def test_plain_text_keeps_every_position(text: str) -> None:
    assert len(plain(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "typed", "expected"),
    [
        ("Créer des relais parentaux", "relais parental", False),
        ("Créer des relais parentaux", "relais parent", True),
        ("Éducation nationale", "education", True),
        ("Trois places d’accueil", "place", True),
        ("Une place d’accueil", "places", True),
        ("places de trois", '"trois places"', False),
        ("les trois places", '"trois places"', True),
        ("rien", "", False),
    ],
)
def test_the_plain_search_answers_by_beginnings_of_words(text: str, typed: str, expected: bool) -> None:
    assert answers(text, read_terms(typed)) is expected


@given(st.text(max_size=600), st.sampled_from(["relais", "a b", '"a b"']))
def test_an_excerpt_is_made_of_the_text(text: str, typed: str) -> None:
    pieces = excerpt(text, read_terms(typed))
    joined = "".join(piece.text for piece in pieces)
    assert joined.strip("…") in text or joined.strip("…") in text + "…"


def test_the_words_that_answer_are_marked_around_the_first_one() -> None:
    text = "mot " * 60 + "Les relais parentaux accueillent." + " fin" * 100
    pieces = excerpt(text, (Term(("relais",)),))
    assert [piece.text for piece in pieces if piece.is_found] == ["relais"]
    assert pieces[0].text == "…"
    assert pieces[-1].text.endswith("…")


def test_a_search_is_cut_at_its_longest() -> None:
    assert read_terms("a" * (LONGEST_QUERY * 2))[0].words == ("a" * LONGEST_QUERY,)
