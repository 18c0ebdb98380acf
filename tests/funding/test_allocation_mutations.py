"""Every line of the engine of the allocation counts: change one, and an example of its tests fails."""

from __future__ import annotations

from funding import allocation
from tests.funding import test_allocation
from tests.funding.mutations import Suite

# Hundreds of cases, or of territories: the other examples see all that they see, and much sooner.
SLOW = frozenset(
    {
        "test_a_rounding_never_passes_a_bound_however_close_the_amount",
        "test_envelopes_of_the_size_of_2020_agree_with_the_reference",
        "test_the_rising_water_agrees_on_thousands_of_cases",
        "test_of_every_way_to_hold_or_free_the_territories_only_one_result_comes_out",
    }
)

# {why the change changes no answer: the changes}.
EQUIVALENT = {
    "two columns of one table, as long as each other: `strict` guards against a fault of ours": [
        "for value, criterion in zip(self.figures, s… | True → False",
        "for (series, weight), total in zip(weights.… | True → False",
        "rows, zip(*columns, strict=True), keys, bou… | True → False",
        "rows, zip(*columns, strict=True), keys, bou… | True → False",
        "coefficients = [weight * (common // total) … | True → False",
        "return [sum(map(mul, coefficients, row)) fo… | True → False",
    ],
    "speed: whole numbers take a short cut to what the long way gives": [
        "if _are_whole(figures): | if _are_whole(figures… → pass",
        "if _are_whole(figures): | if _are_whole(figures… → if False:…",
        "return figures, 1 | return (figures, 1) → pass",
        "if _are_whole(column) and min(column) >= 0 … | if _are_whole(column)… → pass",
        "if _are_whole(column) and min(column) >= 0 … | if _are_whole(column)… → if False:…",
        "if _are_whole(column) and min(column) >= 0 … | min(column) >= 0 → min(column) > 0",
        "if _are_whole(column) and min(column) >= 0 … | 0 → 1",
        "return []  # nearly every column: no need t… | return [] → pass",
        "return set(map(type, column)) == {int} | return set(map(type, … → pass",
        "return set(map(type, column)) == {int} | return set(map(type, … → return None",
    ],
    "a precaution: 58 digits suffice (18 before the point, 40 after), and Inexact is what may happen": [
        "EXACT = Context(prec=100, traps=[Inexact, I… | 100 → 101",
        "EXACT = Context(prec=100, traps=[Inexact, I… | 100 → 99",
        "EXACT = Context(prec=100, traps=[Inexact, I… | InvalidOperation → nothing",
        "EXACT = Context(prec=100, traps=[Inexact, I… | DivisionByZero → nothing",
        "EXACT = Context(prec=100, traps=[Inexact, I… | Overflow → nothing",
    ],
    "said for the types alone: a line on the ceiling has one, keys are None only with a problem": [
        "return Fraction(self.terms.ceiling or 0) | self.terms.ceiling or… → self.terms.ceiling",
        "return Fraction(self.terms.ceiling or 0) | 0 → 1",
        "return Fraction(self.terms.ceiling or 0) | 0 → -1",
        "totals: list[Figure] = [] | totals: list[Figure] … → pass",
        "if keys is None or problems: | keys is None or probl… → problems",
        "return False | return False → return None",
    ],
    "the amounts are multiples of the unit by then: the division leaves nothing": [
        "envelope_units, floor_units = int(Fraction(… | Fraction(envelope) / … → Fraction(envelope) //…",
        "envelope_units, floor_units = int(Fraction(… | Fraction(floor) / step → Fraction(floor) // st…",
        "ceiling_units = envelope_units + 1 if ceili… | Fraction(ceiling) / s… → Fraction(ceiling) // …",
    ],
    "no amount exceeds the envelope: two units above it are as much out of reach as one": [
        "ceiling_units = envelope_units + 1 if ceili… | 1 → 2",
    ],
    "a territory exactly on its bound gets it, held or free": [
        "held_up = bisect_right(ranked, floor * deno… | bisect_right → bisect_left",
        "held_down = bisect_left(ranked, ceiling * d… | bisect_left → bisect_right",
    ],
    "codes are unique by then: what follows them is never compared": [
        "return sorted(rows.items(), key=itemgetter(… | key=itemgetter(0) → nothing",
    ],
}


def test_a_change_of_any_line_of_the_engine_breaks_a_test() -> None:
    survivors = Suite(allocation, test_allocation, SLOW).survivors()
    assert sorted(survivors) == sorted(name for names in EQUIVALENT.values() for name in names)
