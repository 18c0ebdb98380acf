"""The modulation of rule F9 written in another way than the module, to judge it; it imports nothing of it.

The second sharing is found by trying every way to say who keeps its amount, who is free and who is on the
ceiling; those that hold together and share exactly what is freed must all give the same amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

from tests.funding.reference_allocation import largest_remainders

Amounts = dict[str, Fraction]


def modulated_amounts(
    before: Mapping[str, Fraction],
    keys: Mapping[str, Fraction],
    coefficients: Mapping[str, Fraction],
    amounts: Mapping[str, Fraction],
    ceiling: Fraction | None,
    unit: Fraction,
    *,
    shares_again: bool,
) -> Amounts:
    """{code: euros after}, for modulations that are allowed and credits that the ceilings let through."""
    after = dict(before) | dict(amounts)
    for code, coefficient in coefficients.items():
        whole, rest = divmod(before[code] * coefficient, unit)
        after[code] = (whole + (1 if 2 * rest >= unit else 0)) * unit
    freed = sum(before.values()) - sum(after.values())
    if not shares_again or not freed:
        return after
    others = {code: key for code, key in keys.items() if code not in coefficients and code not in amounts}
    solutions = splits({code: before[code] for code in others}, others, freed, ceiling)
    assert len(solutions) == 1, solutions
    total = sum(before[code] for code in others) + freed
    return after | largest_remainders(solutions[0], total, unit)


def splits(
    before: Mapping[str, Fraction], keys: Mapping[str, Fraction], freed: Fraction, ceiling: Fraction | None
) -> list[Amounts]:
    """All the different exact amounts « key × one factor, from the amount before to the ceiling »."""
    found: list[Amounts] = []
    places = ("kept", "free") if ceiling is None else ("kept", "free", "ceiling")
    for chosen in product(places, repeat=len(keys)):
        placed = dict(zip(keys, chosen, strict=True))
        if any(place != "kept" and not keys[code] for code, place in placed.items()):
            continue
        free = sum((keys[code] for code, place in placed.items() if place == "free"), Fraction(0))
        held = sum(
            ((ceiling or Fraction(0)) if place == "ceiling" else before[code])
            for code, place in placed.items()
            if place != "free"
        )
        left = sum(before.values()) + freed - held
        lowest = max(
            [(ceiling or Fraction(0)) / keys[code] for code, place in placed.items() if place == "ceiling"],
            default=Fraction(0),
        )
        if not free and left:
            continue
        factor = left / free if free else lowest
        amounts = {code: factor * key for code, key in keys.items()}
        sound = all(
            (place == "kept" and amounts[code] <= before[code])
            or (place == "free" and before[code] <= amounts[code] <= (ceiling or amounts[code]))
            or (place == "ceiling" and amounts[code] >= (ceiling or Fraction(0)))
            for code, place in placed.items()
        )
        if not sound:
            continue
        exact = {
            code: {"kept": before[code], "free": amounts[code], "ceiling": ceiling or Fraction(0)}[place]
            for code, place in placed.items()
        }
        if exact not in found:
            found.append(exact)
    return found
