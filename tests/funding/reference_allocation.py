"""The allocation of rule F5 and F6 written twice more, in other ways than the engine, to judge it.

`rising_water` raises the factor from zero, in fractions, from one event to the next; `every_split` tries
every way to say who is on the floor, free or on the ceiling, and keeps those that hold together: it also
shows that there is only one solution. Neither imports the engine. `pinning_both` is the usual, wrong,
iteration, kept to show that our cases tell it from a right one.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

Amounts = dict[str, Fraction]


def reference_keys(
    territories: Mapping[str, Mapping[str, Fraction]], weights: Mapping[str, Fraction]
) -> Amounts:
    """{code: weighted sum of the shares}, as rule F5 words it."""
    totals = {series: sum(figures[series] for figures in territories.values()) for series in weights}
    return {
        code: sum(
            (weight / 100 * figures[series] / totals[series] for series, weight in weights.items()),
            Fraction(0),
        )
        for code, figures in territories.items()
    }


def rising_water(keys: Amounts, envelope: Fraction, floor: Fraction, ceiling: Fraction | None) -> Amounts:
    """The exact amounts, in euros, of an envelope that the bounds let through."""
    events = [(floor / key, key) for key in keys.values() if key]
    if ceiling is not None:
        events += [(ceiling / key, -key) for key in keys.values() if key]
    factor, slope, handed_out = Fraction(0), Fraction(0), floor * len(keys)
    for next_factor, change in sorted(events):
        at_next = handed_out + slope * (next_factor - factor)
        if at_next >= envelope:
            break
        factor, handed_out = next_factor, at_next
        slope += change
    if slope:
        factor += (envelope - handed_out) / slope
    return {code: _held(key * factor, floor, ceiling) for code, key in keys.items()}


def every_split(
    keys: Amounts, envelope: Fraction, floor: Fraction, ceiling: Fraction | None
) -> list[Amounts]:
    """All the different exact amounts of the form of rule F5 that add up: one, if the rule is sound."""
    found: list[Amounts] = []
    for places in product(("floor", "free", "ceiling"), repeat=len(keys)):
        placed = dict(zip(keys, places, strict=True))
        if ceiling is None and "ceiling" in places:
            continue
        least, most = Fraction(0), None
        for code, place in placed.items():
            if ceiling is not None and place == "ceiling":
                if not keys[code]:
                    break
                least = max(least, ceiling / keys[code])
            elif place == "floor" and keys[code]:
                most = floor / keys[code] if most is None else min(most, floor / keys[code])
            elif place == "free":
                if not keys[code]:
                    break
                least = max(least, floor / keys[code])
                if ceiling is not None:
                    most = ceiling / keys[code] if most is None else min(most, ceiling / keys[code])
        else:
            held = sum((floor if p == "floor" else ceiling or 0) for p in places if p != "free")
            free = sum((keys[code] for code, place in placed.items() if place == "free"), Fraction(0))
            if not free and held != envelope:
                continue
            factor = (envelope - held) / free if free else least
            if factor < least or (most is not None and factor > most):
                continue
            amounts = {code: _held(key * factor, floor, ceiling) for code, key in keys.items()}
            if amounts not in found:
                found.append(amounts)
    return found


def largest_remainders(exact: Amounts, envelope: Fraction, unit: Fraction) -> Amounts:
    """Rule F6 by hand: every amount cut to the unit, then one unit at a time to the largest loss."""
    cut = {code: amount - amount % unit for code, amount in exact.items()}
    served: set[str] = set()
    while sum(cut.values()) < envelope:
        waiting = sorted(set(exact) - served)
        best = max(waiting, key=lambda code: exact[code] - cut[code])  # the first of equals
        served.add(best)
        cut[best] += unit
    return cut


def pinning_both(keys: Amounts, envelope: Fraction, floor: Fraction, ceiling: Fraction) -> Amounts:
    """The usual iteration: share, pin those below the floor and over the ceiling together, share again."""
    pinned: Amounts = {}
    while True:
        free = {code: key for code, key in keys.items() if code not in pinned}
        left = envelope - sum(pinned.values())
        whole = sum(free.values())
        shared = {code: left * key / whole for code, key in free.items()} if whole else {}
        wrong = {code: _held(amount, floor, ceiling) for code, amount in shared.items()}
        wrong = {code: amount for code, amount in wrong.items() if amount != shared[code]}
        if not wrong:
            return pinned | shared
        pinned |= wrong


def _held(amount: Fraction, floor: Fraction, ceiling: Fraction | None) -> Fraction:
    if amount < floor:
        return floor
    return amount if ceiling is None or amount < ceiling else ceiling
