"""The engine of the allocation: annexe 4 of the circular, rules F5 to F7, before any database."""

import json
import random
from collections.abc import Callable
from decimal import Decimal, getcontext, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funding.allocation import KEY_SERIES, Allocation, AllocationRefused, allocate, allocate_by_key
from tests.funding.reference_allocation import (
    every_split,
    largest_remainders,
    pinning_both,
    reference_keys,
    rising_water,
)

FIR_WEIGHTS = {
    "enfants_0_6": Decimal(50),
    "menages_pauvres": Decimal(30),
    "asf": Decimal(10),
    "aeeh": Decimal(10),
}
P304_WEIGHTS = {
    "enfants_0_19": Decimal("28.5"),
    "menages_pauvres": Decimal("28.5"),
    "ase_0_17": Decimal("28.5"),
    "jeunes_majeurs": Decimal("14.5"),
}


def amounts(result: Allocation) -> dict[str, Decimal]:
    return {line.code: line.amount for line in result.lines}


def bounds(result: Allocation) -> dict[str, str | None]:
    return {line.code: line.bound for line in result.lines}


def exact(result: Allocation) -> dict[str, Fraction]:
    return {line.code: line.exact for line in result.lines}


def refusal(*args: Any, **kwargs: Any) -> list[tuple[str, str]]:
    """(code, place) of every problem that `allocate` finds."""
    with pytest.raises(AllocationRefused) as refused:
        allocate(*args, **kwargs)
    return [(problem.code, problem.place) for problem in refused.value.problems]


def departments(count: int, series: list[str], seed: int = 2020) -> dict[str, dict[str, int]]:
    """Invented figures, from a small rural department to a very large one."""
    draw = random.Random(seed)
    return {
        f"{number:02d}": {name: draw.randint(10, 900) * draw.randint(1, 60) for name in series}
        for number in range(1, count + 1)
    }


# --- Worked by hand -----------------------------------------------------------------------------


def test_three_departments_share_the_fir_as_annexe_4_says() -> None:
    """Key = 50 % children + 30 % poor households + 10 % ASF + 10 % AEEH; no bound is reached."""
    figures = {
        "01": {"enfants_0_6": 50, "menages_pauvres": 20, "asf": 1, "aeeh": 30},
        "02": {"enfants_0_6": 30, "menages_pauvres": 30, "asf": 1, "aeeh": 60},
        "03": {"enfants_0_6": 20, "menages_pauvres": 50, "asf": 2, "aeeh": 10},
    }
    result = allocate(Decimal(1_000_000), figures, FIR_WEIGHTS, Decimal(100_000), Decimal(1_000_000))
    assert [line.key for line in result.lines] == [
        Fraction(365, 1000),
        Fraction(325, 1000),
        Fraction(31, 100),
    ]
    assert amounts(result) == {"01": 365_000, "02": 325_000, "03": 310_000}
    assert result.factor == 1_000_000
    assert result.total == result.envelope == 1_000_000
    assert (result.floor, result.ceiling, result.unit) == (100_000, 1_000_000, 1)
    assert result.totals == {"enfants_0_6": 100, "menages_pauvres": 100, "asf": 4, "aeeh": 100}
    assert list(result.totals) == list(FIR_WEIGHTS)

    children, households, asf, aeeh = result.lines[0].contributions
    assert (children.series, children.value, children.total, children.weight) == ("enfants_0_6", 50, 100, 50)
    assert (children.share, children.contribution) == (Fraction(1, 2), Fraction(1, 4))
    assert (households.share, households.contribution) == (Fraction(1, 5), Fraction(3, 50))
    assert (asf.share, asf.contribution) == (Fraction(1, 4), Fraction(1, 40))
    assert (aeeh.share, aeeh.contribution) == (Fraction(3, 10), Fraction(3, 100))


def test_one_on_the_floor_one_on_the_ceiling_one_between() -> None:
    keys = {"A": 1, "B": 3, "C": 6}
    result = allocate_by_key(Decimal(1000), keys, Decimal(150), Decimal(500))
    assert amounts(result) == {"A": 150, "B": 350, "C": 500}
    assert bounds(result) == {"A": "floor", "B": None, "C": "ceiling"}
    assert result.factor == Fraction(3500, 3)
    low, between, high = result.lines
    assert [low.proportional, between.proportional, high.proportional] == [100, 300, 600]
    assert [low.exact, between.exact, high.exact] == [150, 350, 500]
    assert [low.rounding_gap, between.rounding_gap, high.rounding_gap] == [0, 0, 0]
    assert between.contributions[0].series == KEY_SERIES == "clé"
    assert between.contributions[0].share == between.key == Fraction(3, 10)


def test_pinning_both_bounds_in_the_same_pass_loses_fifty_euros() -> None:
    """First pass 100, 500, 400: the floor holds A only as long as B's 100 euros are not handed on."""
    keys = {"A": Fraction(1, 10), "B": Fraction(5, 10), "C": Fraction(4, 10)}
    wrong = pinning_both(keys, Fraction(1000), Fraction(150), Fraction(400))
    assert wrong == {"A": 150, "B": 400, "C": 400}
    result = allocate_by_key(Decimal(1000), keys, Decimal(150), Decimal(400))
    assert amounts(result) == {"A": 200, "B": 400, "C": 400}
    assert bounds(result) == {"A": None, "B": "ceiling", "C": "ceiling"}


def test_pinning_both_bounds_in_the_same_pass_is_wrong_even_when_it_adds_up() -> None:
    """First pass 500, 100, 100, 300: what the two floors need brings the first back under the ceiling."""
    keys = {"A": Fraction(5, 10), "B": Fraction(1, 10), "C": Fraction(1, 10), "D": Fraction(3, 10)}
    wrong = pinning_both(keys, Fraction(1000), Fraction(200), Fraction(400))
    assert wrong == {"A": 400, "B": 200, "C": 200, "D": 200}
    result = allocate_by_key(Decimal(1000), keys, Decimal(200), Decimal(400))
    assert amounts(result) == {"A": 375, "B": 200, "C": 200, "D": 225}
    assert bounds(result) == {"A": None, "B": "floor", "C": "floor", "D": None}


def test_a_key_of_zero_receives_the_floor() -> None:
    result = allocate_by_key(Decimal(100), {"A": 0, "B": 1, "C": 3}, Decimal(12))
    assert amounts(result) == {"A": 12, "B": 22, "C": 66}
    assert bounds(result) == {"A": "floor", "B": None, "C": None}
    assert result.factor == 88


def test_without_floor_a_key_of_zero_receives_nothing() -> None:
    result = allocate_by_key(Decimal(100), {"A": 0, "B": 1})
    assert amounts(result) == {"A": 0, "B": 100}
    assert bounds(result) == {"A": "floor", "B": None}


def test_without_ceiling_one_territory_may_take_the_whole_envelope_and_is_not_held() -> None:
    result = allocate_by_key(Decimal(100), {"A": 7})
    assert bounds(result) == {"A": None}
    assert (result.factor, result.ceiling) == (100, None)


def test_an_amount_that_falls_exactly_on_a_bound_is_on_it() -> None:
    result = allocate_by_key(Decimal(10), {"A": 1, "B": 3, "C": 6}, Decimal(1), Decimal(6))
    assert amounts(result) == {"A": 1, "B": 3, "C": 6}
    assert bounds(result) == {"A": "floor", "B": None, "C": "ceiling"}
    assert result.factor == 10


def test_without_floor_a_weighted_figure_of_zero_receives_nothing_either() -> None:
    result = allocate(Decimal(4), {"A": {"x": 0}, "B": {"x": 1}}, {"x": 100})
    assert amounts(result) == {"A": 0, "B": 4}
    assert result.floor == 0


def test_an_empty_envelope_gives_nothing_to_everybody() -> None:
    result = allocate_by_key(Decimal(0), {"A": 1, "B": 2}, Decimal(0), Decimal(5))
    assert amounts(result) == {"A": 0, "B": 0}
    assert (result.factor, result.total) == (0, 0)


# --- Everybody held: a whole interval of factors gives the same amounts ----------------------------


def test_when_all_are_on_the_floor_the_factor_is_the_largest_that_leaves_them_there() -> None:
    """The envelope, 100 for a whole key, would give C 60: C leaves the floor above 20 / (3/5)."""
    result = allocate_by_key(Decimal(100), {"A": 1, "B": 1, "C": 3, "D": 0, "E": 0}, Decimal(20))
    assert set(bounds(result).values()) == {"floor"}
    assert result.factor == Fraction(100, 3)


def test_when_only_one_key_is_not_zero_and_all_are_on_the_floor_the_factor_leaves_it_there() -> None:
    """The envelope, 60 for a whole key, would give A 60: A leaves the floor above 20."""
    result = allocate_by_key(Decimal(60), {"A": 1, "B": 0, "C": 0}, Decimal(20))
    assert set(bounds(result).values()) == {"floor"}
    assert result.factor == 20


def test_when_all_are_on_the_ceiling_the_factor_is_the_smallest_that_takes_them_there() -> None:
    result = allocate_by_key(Decimal(60), {"A": 1, "B": 1, "C": 3}, Decimal(0), Decimal(20))
    assert set(bounds(result).values()) == {"ceiling"}
    assert result.factor == 100


def test_when_all_are_held_and_the_proportional_factor_will_do_it_is_the_one() -> None:
    """A stays on the floor up to 100 for a whole key, B on the ceiling from 50 on: 55 lies between."""
    result = allocate_by_key(Decimal(55), {"A": 1, "B": 9}, Decimal(10), Decimal(45))
    assert bounds(result) == {"A": "floor", "B": "ceiling"}
    assert result.factor == 55


def test_when_floor_and_ceiling_are_equal_the_factor_is_the_proportional_one() -> None:
    result = allocate_by_key(Decimal(60), {"A": 1, "B": 2, "C": 3}, Decimal(20), Decimal(20))
    assert amounts(result) == {"A": 20, "B": 20, "C": 20}
    assert bounds(result) == {"A": "floor", "B": "floor", "C": "ceiling"}
    assert result.factor == 60


# --- Rounding (rule F6) ----------------------------------------------------------------------------


def test_the_last_units_go_to_the_largest_remainders() -> None:
    result = allocate_by_key(Decimal(10), {"A": 14, "B": 15, "C": 71})
    assert amounts(result) == {"A": 1, "B": 2, "C": 7}
    assert [line.rounding_gap for line in result.lines] == [Fraction(-2, 5), Fraction(1, 2), Fraction(-1, 10)]


def test_keys_may_come_in_pairs() -> None:
    assert allocate_by_key(Decimal(9), [("B", 2), ("A", 1)]) == allocate_by_key(Decimal(9), {"A": 1, "B": 2})


@pytest.mark.parametrize("order", ["ABC", "CBA", "BCA"])
def test_equal_remainders_are_served_in_the_order_of_the_codes(order: str) -> None:
    result = allocate_by_key(Decimal(5), dict.fromkeys(order, 1))
    assert amounts(result) == {"A": 2, "B": 2, "C": 1}
    assert [line.code for line in result.lines] == ["A", "B", "C"]


def test_the_order_of_codes_is_that_of_text_so_that_corsica_has_its_place() -> None:
    result = allocate_by_key(Decimal(4), dict.fromkeys(["2B", "971", "19", "2A", "01", "21"], 1))
    assert amounts(result) == {"01": 1, "19": 1, "21": 1, "2A": 1, "2B": 0, "971": 0}


def test_a_thousand_euros_may_be_the_unit() -> None:
    result = allocate_by_key(Decimal("50E+3"), {"A": 1, "B": 2}, Decimal(0), None, Decimal("1E+3"))
    assert amounts(result) == {"A": 17_000, "B": 33_000}
    assert [str(amount) for amount in amounts(result).values()] == ["17000", "33000"]
    assert (str(result.envelope), str(result.unit), str(result.total)) == ("50000", "1000", "50000")
    assert result.lines[0].rounding_gap == 17_000 - Fraction(50_000, 3)


def test_floor_and_ceiling_hold_in_thousands_of_euros_too() -> None:
    keys = {"A": 1, "B": 4, "C": 15}
    result = allocate_by_key(Decimal(20_000), keys, Decimal(3000), Decimal(9000), Decimal(1000))
    assert amounts(result) == {"A": 3000, "B": 8000, "C": 9000}
    assert bounds(result) == {"A": "floor", "B": None, "C": "ceiling"}


def test_a_cent_may_be_the_unit() -> None:
    result = allocate_by_key(
        Decimal("0.10"), {"A": 1, "B": 2}, Decimal("0.01"), Decimal("0.08"), Decimal("0.01")
    )
    assert [str(amount) for amount in amounts(result).values()] == ["0.03", "0.07"]
    assert (str(result.floor), str(result.ceiling)) == ("0.01", "0.08")


def test_a_rounding_never_passes_a_bound_however_close_the_amount() -> None:
    """Exact amounts 1.01…, 8.99… and friends: no unit is taken under the floor or given over the ceiling."""
    draw = random.Random(6)
    for _ in range(300):
        keys = {code: draw.randint(90, 110) for code in "ABCDEFG"}
        floor, ceiling = draw.randint(12, 14), draw.randint(15, 16)
        result = allocate_by_key(Decimal(100), keys, Decimal(floor), Decimal(ceiling))
        for line in result.lines:
            assert floor <= line.amount <= ceiling
            assert line.rounding_gap == 0 if line.bound else abs(line.rounding_gap) < 1


# --- Figures are exact, whatever they are written with --------------------------------------------


def test_integers_decimals_and_fractions_give_the_same_result() -> None:
    whole = {"A": {"x": 4, "y": 1}, "B": {"x": 6, "y": 7}}
    mixed = {"A": {"x": Decimal("4.00"), "y": Fraction(1)}, "B": {"x": Fraction(18, 3), "y": Decimal(7)}}
    weights = {"x": Decimal(60), "y": Decimal(40)}
    first = allocate(Decimal(1000), whole, weights, Decimal(300))
    second = allocate(1000, mixed, {"x": 60, "y": Fraction(40)}, 300)
    assert amounts(first) == amounts(second)
    assert exact(first) == exact(second)
    assert first.factor == second.factor


def test_a_column_may_mix_decimals_and_fractions_of_any_denominator() -> None:
    figures = {"A": {"x": Decimal("0.5")}, "B": {"x": Fraction(1, 3)}, "C": {"x": Fraction(1, 6)}}
    result = allocate(Decimal(60), figures, {"x": Decimal(100)})
    assert amounts(result) == {"A": 30, "B": 20, "C": 10}
    assert result.totals == {"x": 1}


def test_a_total_is_shown_as_simply_as_it_can_be_written() -> None:
    figures: dict[str, dict[str, Any]] = {
        "A": {"whole": 1, "decimal": Decimal("0.25"), "thirds": Fraction(1, 3)},
        "B": {"whole": 2, "decimal": Decimal("0.50"), "thirds": Fraction(1, 3)},
    }
    totals = allocate(Decimal(60), figures, {"whole": 50, "decimal": 25, "thirds": 25}).totals
    assert totals == {"whole": 3, "decimal": Decimal("0.75"), "thirds": Fraction(2, 3)}
    assert [type(total) for total in totals.values()] == [int, Decimal, Fraction]


def test_series_without_a_weight_are_ignored_even_when_they_are_wrong() -> None:
    figures = {"A": {"x": 1, "note": None}, "B": {"x": 3, "note": -1}}
    assert amounts(allocate(Decimal(8), figures, {"x": 100})) == {"A": 2, "B": 6}


def test_a_weight_of_zero_brings_nothing_to_the_key() -> None:
    figures = {"A": {"x": 1, "y": 5}, "B": {"x": 3, "y": 1}}
    result = allocate(Decimal(8), figures, {"x": 100, "y": 0})
    assert amounts(result) == {"A": 2, "B": 6}
    assert [c.contribution for c in result.lines[0].contributions] == [Fraction(1, 4), 0]


def test_the_precision_of_the_caller_changes_nothing() -> None:
    keys = {"A": Decimal("1.23456789"), "B": Decimal("9.87654321")}
    expected = allocate_by_key(Decimal("123456789.01"), keys, unit=Decimal("0.01"))
    with localcontext() as context:
        context.prec = 3
        result = allocate_by_key(Decimal("123456789.01"), keys, unit=Decimal("0.01"))
        assert getcontext().prec == 3
    assert result == expected
    assert result.total == Decimal("123456789.01")


def test_very_large_amounts_stay_exact() -> None:
    result = allocate_by_key(10**18 - 1, {"A": 1, "B": 1, "C": 1}, unit=Decimal("0.000000000000001"))
    assert result.total == 10**18 - 1
    assert len({line.amount for line in result.lines}) == 1
    sevenths = allocate_by_key(10**18 - 1, {"A": 1, "B": 6}, unit=Decimal("0.000000000000001"))
    assert str(sevenths.lines[0].amount) == "142857142857142857.000000000000000"
    assert sum(Fraction(line.amount) for line in sevenths.lines) == 10**18 - 1


def test_the_largest_usable_figures_are_used() -> None:
    smallest = Decimal("1E-40")
    assert allocate_by_key(Decimal(5), {"A": smallest, "B": smallest}).lines[0].key == Fraction(1, 2)
    assert allocate_by_key(Decimal(5), {"A": 10**18 - 1, "B": Decimal(0)}).lines[0].amount == 5
    fine = Fraction(1, 3**100)  # the key of another allocation: no limit to its denominator
    assert allocate_by_key(Decimal(5), {"A": fine, "B": 4 * fine}).lines[0].amount == 1


# --- The whole result as JSON -----------------------------------------------------------------------


def test_the_result_goes_through_json_with_fractions_as_text_and_no_float() -> None:
    figures: dict[str, dict[str, Any]] = {
        "01": {"x": 1, "y": Decimal("0.5")},
        "02": {"x": 2, "y": Fraction(1, 3)},
    }
    result = allocate(
        Decimal(100), figures, {"x": Decimal("62.5"), "y": Decimal("37.5")}, Decimal(10), Decimal(55)
    )
    answer = json.loads(json.dumps(result.to_dict()), parse_float=pytest.fail)
    assert answer == {
        "envelope": 100,
        "factor": "1350/13",
        "total": 100,
        "floor": 10,
        "ceiling": 55,
        "unit": 1,
        "criteria": [
            {"series": "x", "weight": "62.5", "total": 3},
            {"series": "y", "weight": "37.5", "total": "5/6"},
        ],
        "territories": [
            {
                "code": "01",
                "contributions": [
                    {
                        "series": "x",
                        "value": 1,
                        "total": 3,
                        "share": "1/3",
                        "weight": "62.5",
                        "contribution": "5/24",
                    },
                    {
                        "series": "y",
                        "value": "0.5",
                        "total": "5/6",
                        "share": "3/5",
                        "weight": "37.5",
                        "contribution": "9/40",
                    },
                ],
                "key": "13/30",
                "proportional": "130/3",
                "bound": None,
                "exact": "45",
                "amount": 45,
                "rounding_gap": "0",
            },
            {
                "code": "02",
                "contributions": [
                    {
                        "series": "x",
                        "value": 2,
                        "total": 3,
                        "share": "2/3",
                        "weight": "62.5",
                        "contribution": "5/12",
                    },
                    {
                        "series": "y",
                        "value": "1/3",
                        "total": "5/6",
                        "share": "2/5",
                        "weight": "37.5",
                        "contribution": "3/20",
                    },
                ],
                "key": "17/30",
                "proportional": "170/3",
                "bound": "ceiling",
                "exact": "55",
                "amount": 55,
                "rounding_gap": "0",
            },
        ],
    }


def test_cents_are_text_in_json_so_that_nobody_reads_them_as_floats() -> None:
    answer = allocate_by_key(Decimal(1), {"A": 1, "B": 2}, unit=Decimal("0.01")).to_dict()
    assert [line["amount"] for line in answer["territories"]] == ["0.33", "0.67"]
    assert (answer["envelope"], answer["floor"], answer["ceiling"], answer["unit"]) == (
        "1",
        "0",
        None,
        "0.01",
    )
    assert answer["territories"][0]["exact"] == "1/3"
    assert answer["territories"][0]["rounding_gap"] == "-1/300"


def test_a_very_small_figure_is_written_out_in_json() -> None:
    answer = allocate_by_key(Decimal(1), {"A": Decimal("1E-7"), "B": Decimal("2E+1")}).to_dict()
    values = [line["contributions"][0]["value"] for line in answer["territories"]]
    assert values == ["0.0000001", 20]


def test_neither_a_result_nor_a_problem_can_be_changed() -> None:
    result = allocate_by_key(Decimal(1), {"A": 1})
    line = result.lines[0]
    with pytest.raises(AllocationRefused) as refused:
        allocate_by_key(Decimal(1), {})
    things = (result, line, line.terms, line.contributions[0], result.criteria[0], refused.value.problems[0])
    for thing, name in zip(things, ("total", "amount", "unit", "share", "weight", "code"), strict=True):
        before = getattr(thing, name)
        with pytest.raises(AttributeError):
            setattr(thing, name, None)
        assert getattr(thing, name) == before
        assert not hasattr(thing, "__dict__")  # nothing can be hung on it, and thousands stay small


def test_the_printed_result_of_a_long_allocation_stays_short() -> None:
    text = repr(allocate_by_key(Decimal(100), {f"{number:03d}": 1 for number in range(100)}))
    assert "envelope=Decimal('100')" in text
    assert "lines=" not in text


# --- Refusals (rule F7): every problem at once, each with its cell ---------------------------------

TWO = {"A": {"x": 1}, "B": {"x": 3}}
WHOLE = {"x": Decimal(100)}


@pytest.mark.parametrize(
    ("figure", "code", "reason"),
    [
        (None, "missing", "chiffre manquant."),
        (-1, "negative", "la valeur est négative."),
        (Decimal("-0.01"), "negative", "la valeur est négative."),
        (Fraction(-1, 3), "negative", "la valeur est négative."),
        (Decimal("NaN"), "not-finite", "n'est pas un nombre fini."),
        (Decimal("Infinity"), "not-finite", "« Infinity » n'est pas un nombre fini."),
        (Decimal("-Infinity"), "not-finite", "n'est pas un nombre fini."),
        (True, "not-a-number", "« True » n'est pas un nombre exact"),
        ("12", "not-a-number", "« 12 » n'est pas un nombre exact"),
        (1.5, "not-a-number", "n'est pas un nombre exact (entier ou décimal)."),
        (float("nan"), "not-a-number", "n'est pas un nombre exact"),
        ("9" * 500, "not-a-number", f"« {'9' * 40} » n'est pas"),
        (10**18, "out-of-reach", "démesurée"),
        (Decimal(10**18), "out-of-reach", "18 chiffres avant la virgule"),
        (Fraction(10**19, 3), "out-of-reach", "démesurée"),
        (Decimal("1E+999999999999999999"), "out-of-reach", "démesurée"),
        (Decimal("1E-999999999999999999"), "out-of-reach", "40 après"),
        (Decimal("1E-41"), "out-of-reach", "démesurée"),
        (Decimal("0.1" + "0" * 39 + "1"), "out-of-reach", "démesurée"),
    ],
)
def test_a_wrong_figure_is_refused_with_its_cell(figure: Any, code: str, reason: str) -> None:
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal(10), {"38": {"x": 2}, "2A": {"x": figure}}, WHOLE)
    (problem,) = refused.value.problems
    assert (problem.code, problem.territory, problem.series) == (code, "2A", "x")
    assert problem.place == "territoire 2A, critère x"
    assert reason in problem.reason.replace("\u00a0", " ")
    assert problem.reason.endswith(
        {
            "missing": "chiffre manquant.",
            "negative": "la valeur est négative.",
            "not-finite": "n'est pas un nombre fini.",
            "not-a-number": "n'est pas un nombre exact (entier ou décimal).",
            "out-of-reach": "est démesurée (18 chiffres avant la virgule et 40 après au plus).",
        }[code]
    )
    assert str(refused.value) == f"{problem.place}\u00a0: {problem.reason}"


@pytest.mark.parametrize("place", ["enveloppe", "plancher", "plafond", "unité d'arrondi"])
@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Decimal("NaN"), "not-finite"),
        (10.0, "not-a-number"),
        ("10", "not-a-number"),
        (False, "not-a-number"),
        (Fraction(10), "not-a-number"),
        (Decimal("1E+50"), "out-of-reach"),
    ],
)
def test_a_wrong_amount_is_refused_by_its_name(place: str, amount: Any, code: str) -> None:
    terms = {
        "enveloppe": Decimal(10),
        "plancher": Decimal(0),
        "plafond": Decimal(9),
        "unité d'arrondi": Decimal(1),
    }
    terms[place] = amount
    assert refusal(terms.pop("enveloppe"), TWO, WHOLE, *terms.values()) == [(code, place)]


@pytest.mark.parametrize("place", ["enveloppe", "plancher", "plafond"])
def test_a_negative_amount_is_refused_by_its_name(place: str) -> None:
    terms = {"enveloppe": Decimal(10), "plancher": Decimal(0), "plafond": Decimal(9)}
    terms[place] = Decimal(-1)
    assert refusal(terms["enveloppe"], TWO, WHOLE, terms["plancher"], terms["plafond"]) == [
        ("negative", place)
    ]


def test_a_missing_envelope_floor_or_unit_is_refused() -> None:
    missing: Any = None
    assert refusal(missing, TWO, WHOLE, missing, None, missing) == [
        ("missing", "enveloppe"),
        ("missing", "plancher"),
        ("missing", "unité d'arrondi"),
    ]


@pytest.mark.parametrize("unit", [Decimal(0), 0, Decimal(-1), Decimal("-0.01")])
def test_a_unit_that_is_not_positive_is_refused(unit: Decimal) -> None:
    assert refusal(Decimal(10), TWO, WHOLE, unit=unit) == [("unit-not-positive", "unité d'arrondi")]


def test_an_envelope_or_bounds_that_are_no_multiple_of_the_unit_are_refused_each() -> None:
    found = refusal(Decimal("10.5"), TWO, WHOLE, Decimal("1.5"), Decimal("8.5"), Decimal(1))
    assert found == [("not-a-multiple", place) for place in ("enveloppe", "plancher", "plafond")]
    assert refusal(Decimal(10), TWO, WHOLE, Decimal(2), Decimal(9), Decimal(2)) == [
        ("not-a-multiple", "plafond")
    ]


def test_a_floor_above_the_ceiling_is_refused_and_explained_once() -> None:
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal(10), TWO, WHOLE, Decimal(6), Decimal(5))
    (problem,) = refused.value.problems
    assert (problem.code, problem.place) == ("floor-above-ceiling", "plancher")
    assert problem.reason == "le plancher de 6\u00a0€ dépasse le plafond de 5\u00a0€."


def test_an_envelope_below_the_sum_of_the_floors_is_refused() -> None:
    keys = {f"{number:02d}": 1 for number in range(30)}
    with pytest.raises(AllocationRefused) as refused:
        allocate_by_key(Decimal("2999999.50"), keys, Decimal(100_000), unit=Decimal("0.5"))
    (problem,) = refused.value.problems
    assert (problem.code, problem.place) == ("below-floors", "enveloppe")
    assert problem.reason == (
        "2\u202f999\u202f999,5\u00a0€ ne suffisent pas\u00a0: 30 territoires au plancher de "
        "100\u202f000\u00a0€ demandent 3\u202f000\u202f000\u00a0€."
    )
    assert allocate_by_key(Decimal(3_000_000), keys, Decimal(100_000)).total == 3_000_000


def test_an_envelope_above_the_sum_of_the_ceilings_is_refused() -> None:
    keys = {f"{number:02d}": 1 for number in range(30)}
    with pytest.raises(AllocationRefused) as refused:
        allocate_by_key(Decimal(30_000_001), keys, Decimal(0), Decimal(1_000_000))
    (problem,) = refused.value.problems
    assert (problem.code, problem.place) == ("above-ceilings", "enveloppe")
    assert problem.reason == (
        "30\u202f000\u202f001\u00a0€ ne peuvent pas être répartis en entier\u00a0: 30 territoires au plafond "
        "de 1\u202f000\u202f000\u00a0€ n'absorbent que 30\u202f000\u202f000\u00a0€."
    )
    assert allocate_by_key(Decimal(30_000_000), keys, Decimal(0), Decimal(1_000_000)).total == 30_000_000


def test_a_key_of_zero_absorbs_no_more_than_the_floor() -> None:
    keys = {"A": 0, "B": 1, "C": 1}
    with pytest.raises(AllocationRefused) as refused:
        allocate_by_key(Decimal(22), keys, Decimal(1), Decimal(10))
    (problem,) = refused.value.problems
    assert problem.code == "above-ceilings"
    assert problem.reason.replace("\u00a0", " ") == (
        "22 € ne peuvent pas être répartis en entier : 2 territoires au plafond de 10 € "
        "et 1 territoire de clé nulle au plancher de 1 € n'absorbent que 21 €."
    )
    assert amounts(allocate_by_key(Decimal(21), keys, Decimal(1), Decimal(10))) == {"A": 1, "B": 10, "C": 10}


def test_a_criterion_whose_total_is_zero_is_refused() -> None:
    figures = {"A": {"x": 1, "y": 0}, "B": {"x": 1, "y": Decimal(0)}}
    assert refusal(Decimal(10), figures, {"x": 50, "y": 50}) == [("criterion-total-zero", "critère y")]


def test_a_criterion_that_nobody_has_is_refused_once_not_territory_by_territory() -> None:
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal(10), TWO, {"x": 50, "z": 50})
    (problem,) = refused.value.problems
    assert (problem.code, problem.place, problem.series) == ("unknown-criterion", "critère z", "z")


def test_a_figure_that_one_territory_alone_leaves_out_is_missing_there() -> None:
    figures = {"A": {"x": 1, "y": 2}, "B": {"x": 3}}
    assert refusal(Decimal(10), figures, {"x": 50, "y": 50}) == [("missing", "territoire B, critère y")]


def test_a_problem_names_a_territory_and_a_series_only_when_it_lies_there() -> None:
    weights: Any = {"x": None, "y": 50, "z": 50}
    rows = [("A", {"x": 1, "y": 0}), ("A", {"x": 1, "y": 0}), ("B", {"x": 3, "y": 0})]
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal("0.5"), rows, weights)
    assert [(problem.code, problem.territory, problem.series) for problem in refused.value.problems] == [
        ("duplicate-territory", "A", ""),
        ("missing", "", "x"),
        ("criterion-total-zero", "", "y"),
        ("unknown-criterion", "", "z"),
        ("not-a-multiple", "", ""),
    ]


@pytest.mark.parametrize(
    "last", [Decimal("14.4"), Decimal("14.6"), Decimal("14.5000000001"), Fraction(43, 3)]
)
def test_weights_that_do_not_add_up_to_a_hundred_are_refused(last: Decimal) -> None:
    figures = departments(3, list(P304_WEIGHTS))
    weights = P304_WEIGHTS | {"jeunes_majeurs": last}
    assert refusal(Decimal(50), figures, weights) == [("weights-not-100", "poids des critères")]


def test_the_other_refusals_are_sentences_too() -> None:
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal(10), {"A": {"x": 0}, "B": {"x": 0}}, {"x": 50, "z": 50}, unit=Decimal("-1000.5"))
    assert str(refused.value).replace("\u00a0", " ").replace("\u202f", " ").splitlines() == [
        "critère x : le total de ce critère est nul : aucune part ne peut être calculée.",
        "critère z : aucun territoire n'a de chiffre pour ce critère.",
        "unité d'arrondi : l'unité doit être supérieure à zéro, elle vaut −1 000,5 €.",
    ]
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal("10.5"), [("", {}), ("A", {"x": 1}), ("A", {"x": 1})], {"x": 100})
    assert str(refused.value).replace("\u00a0", " ").splitlines() == [
        "ligne 1 : «  » n'est pas un code de territoire.",
        "territoire A : ce territoire figure plusieurs fois.",
        "enveloppe : 10,5 € n'est pas un multiple de l'unité, 1 €.",
    ]
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal(10), {}, {})
    assert str(refused.value).replace("\u00a0", " ").splitlines() == [
        "territoires : aucun territoire entre qui répartir.",
        "poids des critères : aucun critère n'a de poids.",
    ]


def test_the_refusal_of_the_weights_says_what_they_add_up_to() -> None:
    for weights, total in (({"x": Decimal("98.5")}, "98,5"), ({"x": Fraction(100, 3)}, "100/3")):
        with pytest.raises(AllocationRefused) as refused:
            allocate(Decimal(10), TWO, weights)
        (problem,) = refused.value.problems
        assert problem.reason == f"ils doivent totaliser 100\u00a0%, ils totalisent {total}\u00a0%."


@pytest.mark.parametrize(
    ("weight", "code"),
    [(None, "missing"), (Decimal(-50), "negative"), (50.0, "not-a-number"), (Decimal("NaN"), "not-finite")],
)
def test_a_wrong_weight_is_refused_by_its_criterion(weight: Any, code: str) -> None:
    figures = departments(3, ["x", "y"])
    assert refusal(Decimal(50), figures, {"x": weight, "y": 150}) == [(code, "poids du critère x")]


def test_an_allocation_without_criterion_or_without_territory_is_refused() -> None:
    assert refusal(Decimal(10), {}, {}) == [
        ("no-territory", "territoires"),
        ("no-criterion", "poids des critères"),
    ]
    assert refusal(Decimal(10), {}, WHOLE, Decimal(1), Decimal(2)) == [("no-territory", "territoires")]


@pytest.mark.parametrize("code", ["", " ", " 38", "38 ", None, 38])
def test_a_territory_without_a_proper_code_is_refused_by_its_row(code: Any) -> None:
    rows = [("01", {"x": 1}), (code, {"x": 2})]
    with pytest.raises(AllocationRefused) as refused:
        allocate(Decimal(10), rows, WHOLE)
    (problem,) = refused.value.problems
    assert (problem.code, problem.place) == ("empty-territory", "ligne 2")
    assert problem.reason == f"«\u00a0{code}\u00a0» n'est pas un code de territoire."


def test_a_territory_given_twice_is_refused_by_its_code() -> None:
    rows = [("38", {"x": 1}), ("01", {"x": 1}), ("38", {"x": 2}), ("38", {"x": 2})]
    assert refusal(Decimal(10), rows, WHOLE) == [("duplicate-territory", "territoire 38")] * 2


def test_everything_wrong_is_said_at_once_and_in_reading_order() -> None:
    rows = [
        ("02", {"x": -1, "y": 5}),
        ("01", {"x": 4, "y": None}),
        ("01", {"x": 4, "y": 1}),
        ("", {"x": 4, "y": 1}),
        ("03", {"x": "?", "y": Decimal("NaN")}),
    ]
    found = refusal(Decimal("5.5"), rows, {"x": 50, "y": 40, "z": 5}, Decimal(2), Decimal(2), Decimal(1))
    assert found == [
        ("duplicate-territory", "territoire 01"),
        ("empty-territory", "ligne 4"),
        ("weights-not-100", "poids des critères"),
        ("negative", "territoire 02, critère x"),
        ("not-a-number", "territoire 03, critère x"),
        ("missing", "territoire 01, critère y"),
        ("not-finite", "territoire 03, critère y"),
        ("unknown-criterion", "critère z"),
        ("not-a-multiple", "enveloppe"),
        ("below-floors", "enveloppe"),
    ]


def test_an_unreachable_envelope_is_said_along_with_a_wrong_figure() -> None:
    figures = {"A": {"x": 0}, "B": {"x": None}}
    found = refusal(Decimal(21), figures, WHOLE, Decimal(0), Decimal(10))
    assert found == [("missing", "territoire B, critère x"), ("above-ceilings", "enveloppe")]
    assert refusal(Decimal(20), figures, WHOLE, Decimal(0), Decimal(10)) == found[:1]


def test_a_wrong_unit_or_a_wrong_bound_hides_no_other_problem() -> None:
    figures = {"A": {"x": None}, "B": {"x": 1}}
    assert refusal(Decimal(1), figures, WHOLE, Decimal(6), Decimal(9), Decimal(0)) == [
        ("missing", "territoire A, critère x"),
        ("unit-not-positive", "unité d'arrondi"),
        ("below-floors", "enveloppe"),
    ]


# --- The references agree ---------------------------------------------------------------------------


def random_case(draw: random.Random, size: int) -> tuple[dict[str, int], int, int, int | None, int]:
    """Keys with ties and zeros, an envelope within reach, both bounds often active, all in units."""
    widest = draw.choice([2, 5, 40, 10**6])
    keys = {f"{number:02d}": draw.randint(0, widest) for number in range(size)}
    keys["00"] = keys["00"] or 1
    with_key = sum(1 for key in keys.values() if key)
    floor = draw.choice([0, draw.randint(0, 60)])
    ceiling = draw.choice([None, floor, floor + draw.randint(0, 9), floor + draw.randint(0, 900)])
    least = size * floor
    most = least + 3000 if ceiling is None else with_key * ceiling + (size - with_key) * floor
    envelope = draw.choice([least, most, draw.randint(least, most), draw.randint(least, most)])
    return keys, envelope, floor, ceiling, draw.choice([1, 7, 1000])


@pytest.mark.parametrize("seed", range(8))
def test_the_rising_water_agrees_on_thousands_of_cases(seed: int) -> None:
    draw = random.Random(seed)
    held: set[frozenset[str | None]] = set()
    for _ in range(500):
        keys, envelope, floor, ceiling, unit = random_case(draw, draw.randint(1, 14))
        top = None if ceiling is None else Decimal(ceiling * unit)
        result = allocate_by_key(Decimal(envelope * unit), keys, Decimal(floor * unit), top, Decimal(unit))
        shares = {code: Fraction(key, sum(keys.values())) for code, key in keys.items()}
        expected = rising_water(
            shares, Fraction(envelope * unit), Fraction(floor * unit), None if top is None else Fraction(top)
        )
        assert exact(result) == expected
        assert amounts(result) == largest_remainders(expected, Fraction(envelope * unit), Fraction(unit))
        held.add(frozenset(bounds(result).values()))
    assert frozenset({"floor", "ceiling", None}) in held


@pytest.mark.parametrize("seed", range(4))
def test_of_every_way_to_hold_or_free_the_territories_only_one_result_comes_out(seed: int) -> None:
    draw = random.Random(100 + seed)
    for _ in range(60):
        keys, envelope, floor, ceiling, _ = random_case(draw, draw.randint(1, 5))
        top = None if ceiling is None else Decimal(ceiling)
        result = allocate_by_key(Decimal(envelope), keys, Decimal(floor), top)
        shares = {code: Fraction(key, sum(keys.values())) for code, key in keys.items()}
        highest = None if ceiling is None else Fraction(ceiling)
        assert every_split(shares, Fraction(envelope), Fraction(floor), highest) == [exact(result)]


@pytest.mark.parametrize("weights", [FIR_WEIGHTS, P304_WEIGHTS], ids=["FIR", "P304"])
@pytest.mark.parametrize("count", [30, 101])
def test_envelopes_of_the_size_of_2020_agree_with_the_reference(
    weights: dict[str, Decimal], count: int
) -> None:
    figures = departments(count, list(weights))
    envelope, floor, ceiling = 500_000 * count, 200_000, 900_000
    result = allocate(Decimal(envelope), figures, weights, Decimal(floor), Decimal(ceiling))
    keys = reference_keys(
        {code: {name: Fraction(value) for name, value in row.items()} for code, row in figures.items()},
        {name: Fraction(weight) for name, weight in weights.items()},
    )
    assert {line.code: line.key for line in result.lines} == keys
    expected = rising_water(keys, Fraction(envelope), Fraction(floor), Fraction(ceiling))
    assert exact(result) == expected
    assert amounts(result) == largest_remainders(expected, Fraction(envelope), Fraction(1))
    assert set(bounds(result).values()) == {"floor", "ceiling", None}


# --- Properties ----------------------------------------------------------------------------------------

Case = dict[str, Any]
no_deadline = settings(deadline=None)  # a busy machine is no failure


@st.composite
def cases(draw: Callable[[Any], Any]) -> Case:
    """Arguments of `allocate_by_key`, always within reach; small keys, so that ties and zeros abound."""
    codes = draw(
        st.lists(st.sampled_from([f"{n:02d}" for n in range(1, 40)]), min_size=1, max_size=9, unique=True)
    )
    figure = st.integers(0, 6) | st.integers(0, 10**9) | st.fractions(0, 9, max_denominator=12)
    keys = {code: draw(figure) for code in codes}
    keys[codes[0]] = keys[codes[0]] or 1
    with_key = sum(1 for key in keys.values() if key)
    floor = draw(st.integers(0, 50))
    ceiling = draw(st.none() | st.integers(floor, floor + 200))
    least = len(codes) * floor
    most = least + 1000 if ceiling is None else with_key * ceiling + (len(codes) - with_key) * floor
    unit = draw(st.sampled_from([Decimal(1), Decimal("0.01"), Decimal("2.5"), Decimal(1000)]))
    return {
        "envelope": draw(st.integers(least, most)) * unit,
        "keys": keys,
        "floor": floor * unit,
        "ceiling": None if ceiling is None else ceiling * unit,
        "unit": unit,
    }


@no_deadline
@given(cases())
def test_amounts_add_up_within_the_bounds_in_whole_units(case: Case) -> None:
    result = allocate_by_key(**case)
    assert result.total == sum(line.amount for line in result.lines) == case["envelope"]
    assert sum(line.exact for line in result.lines) == Fraction(case["envelope"])
    assert sum(line.rounding_gap for line in result.lines) == 0
    assert sum(line.key for line in result.lines) == 1
    for line in result.lines:
        assert line.amount % case["unit"] == 0
        assert line.amount >= case["floor"]
        assert case["ceiling"] is None or line.amount <= case["ceiling"]
        assert abs(line.rounding_gap) < case["unit"]
        assert line.proportional == line.key * Fraction(case["envelope"])


@no_deadline
@given(cases())
def test_every_exact_amount_is_the_key_times_the_factor_held_within_the_bounds(case: Case) -> None:
    result = allocate_by_key(**case)
    for line in result.lines:
        free = line.key * result.factor
        if line.bound == "floor":
            assert free <= line.exact == Fraction(case["floor"])
        elif line.bound == "ceiling":
            assert free >= line.exact == Fraction(case["ceiling"])
        else:
            assert line.exact == free > case["floor"]
            assert case["ceiling"] is None or free < case["ceiling"]


@no_deadline
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(case: Case, chance: random.Random) -> None:
    rows = list(case["keys"].items())
    chance.shuffle(rows)
    assert allocate_by_key(**(case | {"keys": rows})) == allocate_by_key(**case)


@no_deadline
@given(cases(), st.fractions(Fraction(1, 9), 9, max_denominator=9))
def test_keys_on_another_scale_give_the_same_amounts_and_factor(case: Case, scale: Fraction) -> None:
    first = allocate_by_key(**case)
    scaled = {code: key * scale for code, key in case["keys"].items()}
    second = allocate_by_key(**(case | {"keys": scaled}))
    assert (amounts(first), bounds(first), first.factor) == (amounts(second), bounds(second), second.factor)


@no_deadline
@given(cases(), st.integers(1, 50))
def test_the_same_in_another_currency(case: Case, scale: int) -> None:
    first = allocate_by_key(**case)
    money = {
        name: value if value is None else value * scale for name, value in case.items() if name != "keys"
    }
    second = allocate_by_key(keys=case["keys"], **money)
    assert {code: amount * scale for code, amount in amounts(first).items()} == amounts(second)
    assert first.factor * scale == second.factor


@no_deadline
@given(cases())
def test_a_larger_key_never_gets_less_and_equal_keys_get_the_same_but_for_a_unit(case: Case) -> None:
    lines = allocate_by_key(**case).lines
    for first in lines:
        for second in lines:
            if first.key < second.key:
                assert first.exact <= second.exact
                assert first.amount <= second.amount
            elif first.key == second.key and first.code < second.code:
                assert first.exact == second.exact
                assert first.amount - second.amount in (0, case["unit"])


@no_deadline
@given(cases(), st.data())
def test_a_territory_whose_key_rises_never_gets_less_before_rounding(case: Case, data: st.DataObject) -> None:
    code = data.draw(st.sampled_from(sorted(case["keys"])))
    before = exact(allocate_by_key(**case))
    case["keys"][code] += data.draw(st.integers(0, 20))
    assert exact(allocate_by_key(**case))[code] >= before[code]


@no_deadline
@given(cases(), st.integers(0, 300))
def test_a_larger_envelope_takes_nothing_from_anybody_before_rounding(case: Case, more: int) -> None:
    case["ceiling"] = None
    before = exact(allocate_by_key(**case))
    case["envelope"] += more * case["unit"]
    after = exact(allocate_by_key(**case))
    assert all(after[code] >= before[code] for code in before)


@no_deadline
@given(cases(), st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_a_criterion_cut_in_parts_changes_nothing(case: Case, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 100]
    weights = {f"part{number}": high - low for number, (low, high) in enumerate(pairwise(edges))}
    keys = case.pop("keys")
    figures = {code: dict.fromkeys(weights, key) for code, key in keys.items()}
    result = allocate(territories=figures, weights=weights, **case)
    assert amounts(result) == amounts(allocate_by_key(keys=keys, **case))
    for line in result.lines:
        assert sum(part.contribution for part in line.contributions) == line.key


@no_deadline
@given(
    st.dictionaries(
        st.sampled_from(["01", "02", "2A", "38", "971"]),
        st.fixed_dictionaries({name: st.integers(0, 50) for name in FIR_WEIGHTS}),
        min_size=1,
    ),
    st.integers(0, 10**6),
)
def test_contributions_add_up_to_the_key_and_shares_to_one(figures: dict[str, Any], envelope: int) -> None:
    figures["00"] = dict.fromkeys(FIR_WEIGHTS, 1)
    result = allocate(Decimal(envelope), figures, FIR_WEIGHTS)
    for line in result.lines:
        assert sum(part.contribution for part in line.contributions) == line.key
        for part in line.contributions:
            assert part.share == Fraction(figures[line.code][part.series], result.totals[part.series])
    for number in range(len(FIR_WEIGHTS)):
        assert sum(line.contributions[number].share for line in result.lines) == 1
