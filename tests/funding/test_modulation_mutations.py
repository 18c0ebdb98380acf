"""Every line of the modulation counts: change one, and an example of its tests fails."""

from __future__ import annotations

from funding import modulation
from tests.funding import test_modulation
from tests.funding.mutations import Suite

# Hundreds of random cases: the other examples see all that they see, and much sooner.
SLOW = frozenset({"test_the_reference_agrees_on_thousands_of_cases"})

# {why the change changes no answer: the changes}
EQUIVALENT = {
    "two columns of one table, as long as each other: `strict` guards against a fault of ours": [
        "for row, amount, count in zip(others, raise… | True → False",
        "remainders = [amount - count for amount, co… | True → False",
    ],
    "the amounts of an allocation are multiples of its unit: the division leaves nothing": [
        "_Row(line.code, line.key_numerator, int(Fra… | Fraction(line.amount)… → Fraction(line.amount)…",
        "freed = sum(int(Fraction(by_code[code].amou… | Fraction(by_code[code… → Fraction(by_code[code…",
        "ceiling = None if allocation.ceiling is Non… | Fraction(allocation.c… → Fraction(allocation.c…",
    ],
}


def test_a_change_of_any_line_of_the_modulation_breaks_a_test() -> None:
    survivors = Suite(modulation, test_modulation, SLOW).survivors()
    assert sorted(survivors) == sorted(name for names in EQUIVALENT.values() for name in names)
