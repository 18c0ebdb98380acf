"""The modulation of a following year: annexe 4-I of the circular, rule F9, before any database."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from funding import modulation
from funding.allocation import Allocation, AllocationRefused, allocate_by_key
from funding.modulation import (
    AMOUNT,
    COEFFICIENT,
    RESERVE,
    SHARED,
    ModulatedAllocation,
    Modulation,
    ModulationRefused,
    modulate,
)
from tests.funding.reference_modulation import modulated_amounts

REASON = "Deux actions sur cinq n’ont pas commencé."


def shared(envelope: int, keys: dict[str, Any], **terms: Any) -> Allocation:
    money = {name: None if value is None else Decimal(str(value)) for name, value in terms.items()}
    return allocate_by_key(Decimal(envelope), keys, **money)


def coefficient(code: str, value: Any, reason: str = REASON) -> Modulation:
    return Modulation(code, COEFFICIENT, Decimal(value) if isinstance(value, str) else value, reason)


def amount(code: str, value: Any, reason: str = REASON) -> Modulation:
    return Modulation(code, AMOUNT, Decimal(value) if isinstance(value, str) else value, reason)


def amounts(result: ModulatedAllocation) -> dict[str, Decimal]:
    return {line.code: line.amount for line in result.lines}


def totals(result: ModulatedAllocation) -> tuple[Decimal, ...]:
    return (result.allocated, result.freed, result.reshared, result.reserve, result.distributed)


def refusal(*args: Any) -> list[tuple[str, str, str]]:
    """(code, territory, reason) of every problem."""
    with pytest.raises(ModulationRefused) as refused:
        modulate(*args)
    return [(each.code, each.territory, each.reason) for each in refused.value.problems]


# --- Worked by hand -----------------------------------------------------------------------------


def test_without_modulation_nothing_changes() -> None:
    before = shared(1000, {"A": 1, "B": 3, "C": 6}, floor=150, ceiling=500)
    for destination in (RESERVE, SHARED):
        after = modulate(before, [], destination)
        assert amounts(after) == {"A": 150, "B": 350, "C": 500}
        assert [line.bound for line in after.lines] == ["floor", None, "ceiling"]
        assert totals(after) == (1000, 0, 0, 0, 1000)
        assert (after.factor, after.modulated, after.destination) == (None, (), destination)


def test_what_is_freed_stays_in_reserve() -> None:
    before = shared(1000, {"A": 2, "B": 3, "C": 5})
    after = modulate(before, [coefficient("C", "0.8"), amount("B", 250)], RESERVE)
    assert amounts(after) == {"A": 200, "B": 250, "C": 400}
    assert totals(after) == (1000, 150, 0, 150, 850)
    assert [(line.freed, line.gained) for line in after.lines] == [(0, 0), (50, 0), (100, 0)]
    assert [line.modulation and line.modulation.reason for line in after.lines] == [None, REASON, REASON]
    assert [line.code for line in after.modulated] == ["B", "C"]
    assert after.factor is None


def test_what_is_freed_is_shared_again_by_the_same_law() -> None:
    """B and D stand on the floor: their keys let B leave it, and not D. C reaches the ceiling."""
    before = shared(1000, {"A": 10, "B": 7, "C": 18, "D": 1}, floor=200, ceiling=450)
    assert {line.code: line.amount for line in before.lines} == {"A": 214, "B": 200, "C": 386, "D": 200}
    after = modulate(before, [amount("A", 0)], SHARED)
    # 214 euros: C takes 64 up to its ceiling; the others share 150: B at 350 (7 × 50), D keeps 200 (1 × 50).
    assert amounts(after) == {"A": 0, "B": 350, "C": 450, "D": 200}
    assert after.factor == 36 * 50
    assert [line.bound for line in after.lines] == [None, None, "ceiling", "floor"]
    assert totals(after) == (1000, 214, 214, 0, 1000)
    assert [line.gained for line in after.lines] == [0, 150, 64, 0]
    assert [line.freed for line in after.lines] == [214, 0, 0, 0]


def test_what_is_freed_is_shared_again_in_thousands_of_euros_too() -> None:
    keys = {"A": 10, "B": 7, "C": 18, "D": 1}
    before = shared(1_000_000, keys, floor=200_000, ceiling=450_000, unit=1000)
    after = modulate(before, [amount("A", 0)], SHARED)
    expected = {"A": 0, "B": 350_000, "C": 450_000, "D": 200_000}
    assert amounts(after) == expected
    assert {line.code: line.exact for line in after.lines} == expected
    assert after.factor == 36 * 50_000
    kept = modulate(before, [amount("A", 0)], RESERVE)
    assert [line.exact for line in kept.lines] == [0, 200_000, 386_000, 200_000]


def test_the_last_units_shared_again_go_to_the_largest_remainders() -> None:
    """7 euros for keys of 1 and 3: 1.75 and 5.25."""
    before = shared(8, {"A": 4, "B": 1, "C": 3})
    assert amounts(modulate(before, [amount("A", 1)], SHARED)) == {"A": 1, "B": 2, "C": 5}


def test_no_bound_holds_a_modulated_amount_even_where_it_did_not_move() -> None:
    before = shared(1000, {"A": 1, "B": 3, "C": 6}, floor=150, ceiling=500)
    after = modulate(before, [coefficient("A", 1), coefficient("C", 1)])
    assert [line.bound for line in after.lines] == [None, None, None]


def test_a_modulation_may_go_under_the_floor() -> None:
    before = shared(1000, {"A": 1, "B": 3, "C": 6}, floor=150, ceiling=500)
    after = modulate(before, [coefficient("A", "0.5")], RESERVE)
    line = after.lines[0]
    assert (line.before, line.amount, line.bound, line.freed) == (150, 75, None, 75)


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [
        (1, "0.5", 51),  # 50.5: a half goes up
        (1, Fraction(1, 3), 34),  # 33.67
        (1, "0.33", 33),  # 33.33
        (1, 0, 0),
        (1, 1, 101),
        (Decimal("0.01"), "0.12345", Decimal("12.47")),  # 12.46845
    ],
)
def test_a_coefficient_rounds_to_the_nearest_unit(unit: Any, value: Any, expected: Any) -> None:
    before = shared(202, {"A": 1, "B": 1}, unit=unit)
    after = modulate(before, [coefficient("A", value)])
    assert after.lines[0].amount == expected
    assert after.lines[0].exact == 101 * Fraction(Decimal(value) if isinstance(value, str) else value)
    assert after.lines[0].rounding_gap == Fraction(expected) - after.lines[0].exact
    assert after.reserve == 101 - expected


def test_a_coefficient_of_one_frees_nothing_but_keeps_a_territory_out_of_the_second_sharing() -> None:
    before = shared(300, {"A": 1, "B": 1, "C": 1})
    after = modulate(before, [coefficient("A", 1), amount("B", 40)], SHARED)
    assert amounts(after) == {"A": 100, "B": 40, "C": 160}


def test_nobody_loses_by_a_rounding_even_of_one_euro() -> None:
    """Shared plainly, 67 euros between keys of 5, 5 and 4 would take back the euro that B's rounding gave."""
    before = shared(100, {"A": 10, "B": 5, "C": 5, "D": 4})
    for lowered in range(int(before.lines[0].amount) + 1):
        after = modulate(before, [amount("A", lowered)], SHARED)
        assert sum(line.amount for line in after.lines) == 100
        assert all(line.gained >= 0 for line in after.lines)


def test_of_equal_remainders_the_lowest_code_is_served_first() -> None:
    before = shared(40, {"D": 1, "C": 1, "B": 1, "A": 1})
    assert amounts(modulate(before, [amount("C", 8)], SHARED)) == {"A": 11, "B": 11, "C": 8, "D": 10}


def test_when_everybody_is_held_the_factor_is_the_smallest_that_shares_all() -> None:
    """B and C are taken to the ceiling exactly; D's key of zero keeps its floor."""
    before = shared(800, {"A": 4, "B": 3, "C": 2, "D": 0}, floor=100, ceiling=300)
    after = modulate(before, [amount("A", 100)], SHARED)
    assert {line.code: line.before for line in before_lines(after)} == {
        "A": 300,
        "B": 240,
        "C": 160,
        "D": 100,
    }
    assert amounts(after) == {"A": 100, "B": 300, "C": 300, "D": 100}
    assert after.factor == 9 * Fraction(300, 2)


def before_lines(result: ModulatedAllocation) -> tuple[modulation.ModulatedLine, ...]:
    return result.lines


def test_the_precision_of_the_caller_changes_nothing() -> None:
    before = shared(10**15, {"A": 1, "B": 2, "C": 4}, unit="0.01")
    asked = [coefficient("C", "0.123456789")]
    expected = modulate(before, asked, SHARED)
    with localcontext() as context:
        context.prec = 3
        assert modulate(before, asked, SHARED) == expected
    assert expected.distributed == 10**15


def test_neither_a_result_nor_a_modulation_can_be_changed() -> None:
    after = modulate(shared(10, {"A": 1}), [amount("A", 5)])
    for frozen, name in (
        (after, "reserve"),
        (after.lines[0], "amount"),
        (after.lines[0].modulation, "value"),
    ):
        with pytest.raises(AttributeError):
            setattr(frozen, name, 0)
        assert not hasattr(frozen, "__dict__")
    assert "lines=" not in repr(after)


def test_the_words_kept_in_the_database_do_not_change() -> None:
    assert (RESERVE, SHARED, COEFFICIENT, AMOUNT) == ("reserve", "shared", "coefficient", "amount")


# --- What is refused ----------------------------------------------------------------------------


PLAIN = shared(1_000_000, {"01": 2, "02": 3, "2A": 5}, floor=100_000, ceiling=500_000, unit=1000)


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (amount("99", 0), "unknown-territory", "ne prend pas part"),
        (amount("01", 1000, ""), "missing-reason", "le motif de la modulation manque"),
        (amount("01", 1000, " \n"), "missing-reason", "le motif de la modulation manque"),
        (amount("01", None), "missing", "manquant"),
        (coefficient("01", None), "missing", "manquant"),
        (amount("01", -1000), "negative", "négative"),
        (coefficient("01", "-0.1"), "negative", "négative"),
        (coefficient("01", Decimal("NaN")), "not-finite", "nombre fini"),
        (amount("01", Decimal("Infinity")), "not-finite", "nombre fini"),
        (coefficient("01", 0.5), "not-a-number", "nombre exact"),
        (Modulation("01", AMOUNT, value=True, reason=REASON), "not-a-number", "nombre exact"),
        (coefficient("01", "1.000001"), "raises-the-amount", "un coefficient va de 0 à 1"),
        (amount("01", 201_000), "raises-the-amount", "dépassent le montant du territoire, 200"),
        (amount("01", 150_500), "not-a-multiple", "écrivez 150\u202f000\u00a0€ ou 151\u202f000\u00a0€"),
        (Modulation("01", "rien", 1, REASON), "unknown-kind", "ni un coefficient ni un montant"),
    ],
)
def test_a_wrong_modulation_is_refused_with_its_territory(asked: Modulation, code: str, said: str) -> None:
    (found,) = refusal(PLAIN, [asked])
    assert found[:2] == (code, asked.code)
    assert said in found[2]


def test_the_amount_itself_and_zero_are_allowed() -> None:
    assert modulate(PLAIN, [amount("01", 200_000), amount("02", 0)]).freed == 300_000


def test_everything_wrong_is_said_at_once_and_names_the_place() -> None:
    asked = [amount("01", -1, ""), amount("01", 5), coefficient("2A", 3), amount("x", 1)]
    with pytest.raises(AllocationRefused) as refused:
        modulate(PLAIN, asked, "ailleurs")
    assert [(each.code, each.place) for each in refused.value.problems] == [
        ("missing-reason", "territoire 01, modulation"),
        ("negative", "territoire 01, modulation"),
        ("duplicate-modulation", "territoire 01, modulation"),
        ("raises-the-amount", "territoire 2A, modulation"),
        ("unknown-territory", "territoire x, modulation"),
        ("unknown-destination", "crédits libérés"),
    ]


def test_every_refusal_is_a_whole_sentence() -> None:
    asked = [
        amount("99", 0),
        amount("01", 201_000, ""),
        amount("01", 0),
        amount("02", 150_500),
        Modulation("2A", "rien", 1, REASON),
    ]

    def said(*args: Any) -> list[str]:
        with pytest.raises(ModulationRefused) as refused:
            modulate(*args)
        return str(refused.value).replace("\u00a0", " ").replace("\u202f", " ").splitlines()

    assert said(PLAIN, asked, "ailleurs") == [
        "territoire 99, modulation : ce territoire ne prend pas part à la répartition.",
        "territoire 01, modulation : le motif de la modulation manque.",
        "territoire 01, modulation : 201 000 € dépassent le montant du territoire, 200 000 € : une "
        "modulation ne peut qu'abaisser le montant.",
        "territoire 01, modulation : ce territoire est modulé plusieurs fois.",
        "territoire 02, modulation : 150 500 € n'est pas un multiple de l'unité, 1 000 € : écrivez 150 000 € "
        "ou 151 000 €.",
        "territoire 2A, modulation : « rien » n'est ni un coefficient ni un montant.",
        "crédits libérés : « ailleurs » n'est ni la réserve ni un nouveau partage.",
    ]
    assert said(PLAIN, [coefficient("01", 2)]) == [
        "territoire 01, modulation : un coefficient va de 0 à 1 : une modulation ne peut qu'abaisser le "
        "montant."
    ]
    top = shared(900_000, {"A": 4, "B": 3, "C": 2}, ceiling=400_000, unit=1000)
    assert said(top, [amount("A", 99_000)], SHARED) == [
        "crédits libérés : 301 000 € libérés (A) ne peuvent pas être partagés en entier : 2 territoires sans "
        "modulation, au plafond de 400 000 €, n'absorbent que 300 000 € de plus. Gardez-les en réserve, "
        "modulez moins ou relevez le plafond."
    ]
    assert said(top, [amount(code, 0) for code in "CBA"], SHARED) == [
        "crédits libérés : 900 000 € libérés (A, B, C) ne peuvent pas être partagés en entier : aucun "
        "territoire sans modulation ne peut en recevoir. Gardez-les en réserve, modulez moins ou relevez le "
        "plafond."
    ]


def test_ceilings_that_do_not_let_the_credits_through_are_refused() -> None:
    asked = [coefficient("01", 0), coefficient("02", "0.5")]
    ((code, _, reason),) = refusal(PLAIN, asked, SHARED)
    assert code == "no-room"
    assert "350\u202f000\u00a0€ libérés (01, 02)" in reason
    assert "1 territoire sans modulation" in reason
    assert "n'absorbent que 0\u00a0€ de plus" in reason
    assert modulate(PLAIN, asked, RESERVE).reserve == 350_000
    room = shared(900, {"A": 4, "B": 3, "C": 2}, ceiling=400)
    exactly = modulate(room, [amount("A", 300)], SHARED)
    assert amounts(exactly) == {"A": 300, "B": 360, "C": 240}
    assert amounts(modulate(room, [amount("A", 100)], SHARED)) == {"A": 100, "B": 400, "C": 400}
    assert "2 territoires sans modulation" in refusal(room, [amount("A", 99)], SHARED)[0][2]


def test_credits_that_nobody_may_receive_are_refused() -> None:
    everybody = shared(100, {"A": 1, "B": 1})
    ((code, _, reason),) = refusal(everybody, [amount("A", 1), amount("B", 1)], SHARED)
    assert code == "no-room"
    assert "aucun territoire sans modulation ne peut en recevoir" in reason
    without_key = shared(100, {"A": 1, "B": 0}, floor=10)
    assert refusal(without_key, [amount("A", 1)], SHARED)[0][0] == "no-room"
    assert modulate(without_key, [amount("A", 90)], SHARED).distributed == 100


# --- The reference agrees -----------------------------------------------------------------------


def random_case(draw: random.Random) -> tuple[Allocation, list[Modulation]]:
    """Up to six territories, ties, zeros, both bounds often active, and modulations of some of them."""
    size = draw.randint(2, 6)
    keys = {f"{number:02d}": draw.randint(0, draw.choice([2, 5, 40, 10**6])) for number in range(size)}
    keys["01"] = keys["01"] or 1
    with_key = sum(1 for key in keys.values() if key)
    floor = draw.choice([0, draw.randint(0, 60)])
    ceiling = draw.choice([None, None, floor + draw.randint(1, 90), floor + draw.randint(1, 900)])
    most = size * floor + 3000 if ceiling is None else with_key * ceiling + (size - with_key) * floor
    unit = draw.choice([1, 7, 1000])
    before = allocate_by_key(
        Decimal(draw.randint(size * floor, most) * unit),
        keys,
        Decimal(floor * unit),
        None if ceiling is None else Decimal(ceiling * unit),
        Decimal(unit),
    )
    asked = []
    for line in draw.sample(before.lines, draw.randint(0, size - 1)):
        if draw.random() < 0.5:
            asked.append(coefficient(line.code, Fraction(draw.randint(0, 12), 12)))
        else:
            asked.append(amount(line.code, draw.randint(0, int(line.amount) // unit) * unit))
    return before, asked


def expected_amounts(
    before: Allocation, asked: list[Modulation], *, shares_again: bool
) -> dict[str, Fraction]:
    return modulated_amounts(
        {line.code: Fraction(line.amount) for line in before.lines},
        {line.code: line.key for line in before.lines},
        {each.code: Fraction(each.value) for each in asked if each.kind == COEFFICIENT},
        {each.code: Fraction(each.value) for each in asked if each.kind == AMOUNT},
        None if before.ceiling is None else Fraction(before.ceiling),
        Fraction(before.unit),
        shares_again=shares_again,
    )


def has_room(before: Allocation, asked: list[Modulation]) -> bool:
    """Whether those without a modulation can take what is freed, up to the ceiling."""
    freed = modulate(before, asked, RESERVE).freed
    codes = {each.code for each in asked}
    takers = [line for line in before.lines if line.code not in codes and line.key_numerator]
    if before.ceiling is None:
        return not freed or bool(takers)
    return freed <= sum(before.ceiling - line.amount for line in takers)


@pytest.mark.parametrize("seed", range(6))
def test_the_reference_agrees_on_thousands_of_cases(seed: int) -> None:
    draw = random.Random(seed)
    refused = 0
    for _ in range(200):
        before, asked = random_case(draw)
        assert amounts(modulate(before, asked, RESERVE)) == expected_amounts(
            before, asked, shares_again=False
        )
        if not has_room(before, asked):
            assert [code for code, _, _ in refusal(before, asked, SHARED)] == ["no-room"]
            refused += 1
            continue
        after = modulate(before, asked, SHARED)
        assert amounts(after) == expected_amounts(before, asked, shares_again=True)
    assert 0 < refused < 150


# --- Properties ---------------------------------------------------------------------------------

no_deadline = settings(deadline=None)


@st.composite
def cases(draw: Callable[[Any], Any]) -> tuple[Allocation, list[Modulation]]:
    codes = [f"{number:02d}" for number in range(draw(st.integers(2, 9)))]
    keys = {code: draw(st.integers(0, 6) | st.integers(0, 10**9)) for code in codes}
    keys["00"] = keys["00"] or 1
    with_key = sum(1 for key in keys.values() if key)
    floor = draw(st.integers(0, 50))
    ceiling = draw(st.none() | st.integers(floor + 1, floor + 200))
    most = len(codes) * (floor + 100)
    if ceiling is not None:
        most = with_key * ceiling + (len(codes) - with_key) * floor
    unit = draw(st.sampled_from([Decimal(1), Decimal("0.01"), Decimal("2.5"), Decimal(1000)]))
    envelope = draw(st.integers(len(codes) * floor, most)) * unit
    top = None if ceiling is None else ceiling * unit
    before = allocate_by_key(envelope, keys, floor * unit, top, unit)
    asked = []
    for line in before.lines:
        kind = draw(st.sampled_from(["none", "none", COEFFICIENT, AMOUNT]))
        if kind == COEFFICIENT:
            asked.append(coefficient(line.code, draw(st.fractions(0, 1, max_denominator=60))))
        elif kind == AMOUNT:
            asked.append(amount(line.code, draw(st.integers(0, int(line.amount / unit))) * unit))
    return before, asked


def modulated(case: tuple[Allocation, list[Modulation]]) -> list[ModulatedAllocation]:
    """In reserve, and shared again where there is room for it."""
    found = [modulate(*case, RESERVE)]
    with suppress(ModulationRefused):
        found.append(modulate(*case, SHARED))
    return found


@no_deadline
@given(cases())
def test_the_totals_add_up_to_the_envelope(case: tuple[Allocation, list[Modulation]]) -> None:
    for after in modulated(case):
        assert after.allocated == case[0].envelope == sum(line.before for line in after.lines)
        assert after.distributed == sum(line.amount for line in after.lines)
        assert after.distributed + after.reserve == after.allocated
        assert after.freed == after.reshared + after.reserve == sum(line.freed for line in after.lines)
        assert after.reshared == sum(line.gained for line in after.lines)
        assert 0 in (after.reserve, after.reshared)
        assert sum(line.exact for line in after.lines if not line.modulation) == sum(
            line.amount for line in after.lines if not line.modulation
        )


@no_deadline
@given(cases())
def test_amounts_stay_in_whole_units_within_the_bounds_and_nobody_else_loses(
    case: tuple[Allocation, list[Modulation]],
) -> None:
    before, asked = case
    wanted = {each.code: each for each in asked}
    for after in modulated(case):
        for line in after.lines:
            assert (line.amount / before.unit) % 1 == 0
            assert line.modulation is wanted.get(line.code)
            if line.modulation is None:
                assert line.before <= line.amount
                assert before.ceiling is None or line.amount <= before.ceiling
                assert abs(line.rounding_gap) < before.unit
                continue
            assert 0 <= line.amount <= line.before
            if line.modulation.kind == AMOUNT:
                assert line.amount == line.modulation.value
            else:
                exact = Fraction(line.before) * Fraction(line.modulation.value)
                assert line.exact == exact
                assert -Fraction(before.unit) / 2 < line.rounding_gap <= Fraction(before.unit) / 2


@no_deadline
@given(cases())
def test_one_factor_shares_again_and_it_is_the_smallest(case: tuple[Allocation, list[Modulation]]) -> None:
    before, asked = case
    codes = {each.code for each in asked}
    for after in modulated(case):
        if after.factor is None:
            assert after.reshared == 0
            continue
        others = [line for line in before.lines if line.code not in codes]
        exact = {line.code: line.exact for line in after.lines}

        def held(line: Any, factor: Fraction) -> Fraction:
            free = max(line.key * factor, Fraction(line.amount))
            return free if before.ceiling is None else min(free, Fraction(before.ceiling))

        assert {line.code: held(line, after.factor) for line in others} == {
            line.code: exact[line.code] for line in others
        }
        a_little_less = after.factor * Fraction(999_999, 1_000_000)
        assert sum(held(line, a_little_less) for line in others) < sum(exact[line.code] for line in others)


@no_deadline
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_modulations_does_not_matter(
    case: tuple[Allocation, list[Modulation]], chance: random.Random
) -> None:
    before, asked = case
    turned = list(asked)
    chance.shuffle(turned)
    assert modulated((before, turned)) == modulated(case)


@no_deadline
@given(cases(), st.integers(2, 50))
def test_the_same_in_another_currency(case: tuple[Allocation, list[Modulation]], scale: int) -> None:
    before, asked = case
    keys = {line.code: line.key for line in before.lines}
    top = None if before.ceiling is None else before.ceiling * scale
    larger = allocate_by_key(before.envelope * scale, keys, before.floor * scale, top, before.unit * scale)
    wanted = [
        each if each.kind == COEFFICIENT else amount(each.code, Decimal(each.value) * scale) for each in asked
    ]
    for first, second in zip(modulated(case), modulated((larger, wanted)), strict=True):
        assert {code: euros * scale for code, euros in amounts(first).items()} == amounts(second)
