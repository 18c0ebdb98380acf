"""Shares, gaps and parts (rules I3, I4): pure, no database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.figures import NOT_STATED, Figure, Known, Unavailable
from indicators.formulas import Gap, NotComputable, Share, gap, part_warning, share

figures = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)
positive_figures = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("999999999999.99"), places=2)
missing = st.one_of(st.just(NOT_STATED), st.builds(Unavailable, st.just("enquête non menée")))


def test_the_worked_example_of_the_module_holds() -> None:
    assert share(Known(Decimal(412)), Known(Decimal(1648))) == Share(Decimal("0.25"))


@pytest.mark.parametrize(
    ("numerator", "denominator", "words"),
    [
        (NOT_STATED, Known(Decimal(10)), "numérateur manquant"),
        (Known(Decimal(10)), NOT_STATED, "dénominateur manquant"),
        (Known(Decimal(0)), Known(Decimal(0)), "dénominateur égal à zéro"),
        (Known(Decimal(5)), Known(Decimal(0)), "dénominateur égal à zéro"),
        (Unavailable("logiciel changé"), Known(Decimal(5)), "numérateur non disponible"),
        (Known(Decimal(5)), Unavailable("secret statistique"), "dénominateur non disponible"),
        (NOT_STATED, Unavailable("secret statistique"), "dénominateur non disponible"),
    ],
)
def test_a_missing_or_zero_denominator_gives_not_computable_with_its_reason(
    numerator: Figure, denominator: Figure, words: str
) -> None:
    result = share(numerator, denominator)

    assert isinstance(result, NotComputable)
    assert result.reason == words
    assert not result.is_untouched


def test_a_share_of_which_nothing_is_filled_is_told_apart_from_one_that_lacks_a_figure() -> None:
    result = share(NOT_STATED, NOT_STATED)

    assert isinstance(result, NotComputable)
    assert result.is_untouched


def test_no_numerator_at_all_is_a_true_zero_share() -> None:
    assert share(Known(Decimal(0)), Known(Decimal(12))) == Share(Decimal(0))


def test_a_share_above_one_is_shown_with_a_warning() -> None:
    result = share(Known(Decimal(15)), Known(Decimal(10)))

    assert isinstance(result, Share)
    assert result.fraction == Decimal("1.5")
    assert "Plus de 100" in result.warning


def test_a_share_of_exactly_one_is_not_flagged() -> None:
    assert share(Known(Decimal(10)), Known(Decimal(10))) == Share(Decimal(1))


@given(figures, positive_figures)
def test_a_share_is_flagged_exactly_when_it_exceeds_one(numerator: Decimal, denominator: Decimal) -> None:
    result = share(Known(numerator), Known(denominator))

    assert isinstance(result, Share)
    assert result.fraction >= 0
    assert bool(result.warning) == (numerator > denominator)


@given(positive_figures, figures, figures)
def test_a_share_grows_with_its_numerator(denominator: Decimal, one: Decimal, other: Decimal) -> None:
    smaller, larger = (share(Known(n), Known(denominator)) for n in sorted((one, other)))

    assert isinstance(smaller, Share)
    assert isinstance(larger, Share)
    assert smaller.fraction <= larger.fraction


@given(missing, st.one_of(missing, st.builds(Known, figures)))
def test_what_is_missing_never_counts_as_zero(lacking: Figure, other: Figure) -> None:
    assert isinstance(share(lacking, other), NotComputable)
    assert isinstance(share(other, lacking), NotComputable)
    assert isinstance(gap(lacking, other), NotComputable)
    assert isinstance(gap(other, lacking), NotComputable)


def test_the_gap_is_the_second_source_less_the_first_relative_to_the_first() -> None:
    assert gap(Known(Decimal(200)), Known(Decimal(150))) == Gap(Decimal(-50), Decimal("-0.25"))
    assert gap(Known(Decimal(150)), Known(Decimal(150))) == Gap(Decimal(0), Decimal(0))


def test_a_gap_from_zero_has_no_relative_value() -> None:
    assert gap(Known(Decimal(0)), Known(Decimal(7))) == Gap(Decimal(7), None)


def test_a_gap_says_which_source_is_missing() -> None:
    result = gap(Known(Decimal(3)), Unavailable("télétransmission incomplète"))

    assert isinstance(result, NotComputable)
    assert result.reason == "seconde source non disponible"


@given(figures, figures)
def test_the_gap_added_to_the_first_source_gives_the_second(first: Decimal, second: Decimal) -> None:
    result = gap(Known(first), Known(second))

    assert isinstance(result, Gap)
    assert first + result.absolute == second
    assert (result.relative is None) == (first == 0)


@given(figures, figures)
def test_a_part_is_flagged_exactly_when_it_exceeds_its_whole(whole: Decimal, part: Decimal) -> None:
    assert bool(part_warning(Known(whole), Known(part))) == (part > whole)


def test_a_part_of_an_unknown_whole_is_not_flagged() -> None:
    assert part_warning(NOT_STATED, Known(Decimal(5))) == ""
    assert part_warning(Unavailable("en cours"), Known(Decimal(5))) == ""
