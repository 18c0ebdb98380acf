"""Who an « @ » mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.mentions import Addressee, find_mentions

CAMILLE = Addressee(1, "Camille Roux", "camille@exemple.fr")
CAMILLE_LONG = Addressee(2, "Camille Roux-Petit", "camille.petit@exemple.fr")
NOEMIE = Addressee(3, "Noémie D’Arc", "noemie@exemple.fr")
NAMELESS = Addressee(4, "sans.nom@exemple.fr", "sans.nom@exemple.fr")
EVERYBODY = (CAMILLE, CAMILLE_LONG, NOEMIE, NAMELESS)


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("@Camille Roux", (1,)),
        ("(@camille roux) et @NOEMIE D'ARC.", (1, 3)),
        ("@Camille Roux-Petit", (2,)),
        ("@Camille\u00a0Roux, puis @Camille Roux", (1,)),
        ("@Noe\u0301mie d’Arc", (3,)),
        ("@camille.petit@exemple.fr", (2,)),
        ("@sans.nom@exemple.fr ?", (4,)),
        ("écrire à camille@exemple.fr", ()),
        ("le 12 @ 10 h, @10h", ()),
        ("", ()),
    ],
)
def test_a_name_or_an_address_after_an_at_sign_mentions(text: str, people: tuple[int, ...]) -> None:
    found = find_mentions(text, EVERYBODY)
    assert found.people == people
    assert (found.unknown, found.ambiguous) == ((), ())


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("@Jean Petit, bonjour", "Jean Petit"),
        ("@Camille", "Camille"),
        ("@Camille Rouxel", "Camille Rouxel"),
        ("@autre@exemple.fr", "autre@exemple.fr"),
    ],
)
def test_an_at_sign_that_names_nobody_is_said(text: str, unknown: str) -> None:
    found = find_mentions(text, EVERYBODY)
    assert found.unknown == (unknown,)
    assert found.people == ()


def test_a_name_that_two_people_bear_is_ambiguous_and_an_address_is_not() -> None:
    twins = (CAMILLE, Addressee(9, "Camille Roux", "autre@exemple.fr"))
    assert find_mentions("@Camille Roux", twins).ambiguous == ("Camille Roux",)
    assert find_mentions("@autre@exemple.fr", twins).people == (9,)


@given(st.text(alphabet=st.sampled_from("@ Camilerouxé.-\n"), max_size=80))
def test_only_known_people_are_ever_found(text: str) -> None:
    found = find_mentions(text, EVERYBODY)
    assert set(found.people) <= {1, 2, 3, 4}
    assert len(set(found.people)) == len(found.people)
