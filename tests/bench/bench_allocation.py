"""How long an allocation takes: ours, the reference of the tests, a linear program of SciPy.

`python -m tests.bench.bench_allocation` prints one line per size: 30 departments (2020), 101 (all of
them), 35 000 (about every commune of France). Ours is the whole `allocate`: figures checked, keys, factor,
rounding, lines. The two others start from ready keys and stop at the exact (or floating) amounts.
"""

import random
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from time import perf_counter
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_matrix, eye, hstack

from funding.allocation import Allocation, allocate
from tests.funding.reference_allocation import rising_water

SIZES = (30, 101, 35_000)
WEIGHTS = {
    "children": Decimal("28.5"),
    "households": Decimal("28.5"),
    "care": Decimal("28.5"),
    "adults": Decimal("14.5"),
}
# The price of a territory kept away from key × factor; see `linear_program`.
PRICE = 2.0


def main() -> None:
    """Print the measures; the linear program's largest difference with ours, in euros, comes last."""
    for size in SIZES:
        draw = random.Random(size)
        figures = {
            f"{number:05d}": {series: draw.randint(10, 900) * draw.randint(1, 60) for series in WEIGHTS}
            for number in range(size)
        }
        envelope, floor, ceiling = 1_500_000 * size, 600_000, 3_000_000
        rounds = 5 if size > 1000 else 50

        def ours(arguments: tuple[Any, ...] = (envelope, figures, WEIGHTS, floor, ceiling)) -> Allocation:
            return allocate(*arguments)

        our_time, result = best_time(ours, rounds)
        keys = {line.code: line.key for line in result.lines}
        reference_time, amounts = best_time(
            lambda keys=keys, terms=(envelope, floor, ceiling): rising_water(keys, *map(Fraction, terms)),
            1 if size > 1000 else 5,
        )
        if amounts != {line.code: line.exact for line in result.lines}:
            raise SystemExit(f"{size} territories: the engine and the reference disagree")
        floats = np.array([float(key) for key in keys.values()])
        program_time, found = best_time(
            lambda floats=floats, terms=(envelope, floor, ceiling): linear_program(floats, *terms), 1
        )
        gap = max(abs(found - np.array([float(line.exact) for line in result.lines])))
        held = [line.bound for line in result.lines]
        sys.stdout.write(
            f"allocation of {size:>6} territories ({held.count('floor')} on the floor, "
            f"{held.count('ceiling')} on the ceiling): ours {our_time * 1000:.2f} ms, "
            f"reference {reference_time * 1000:.1f} ms, linear program {program_time * 1000:.1f} ms "
            f"(within {gap:.2g} euro)\n"
        )


def best_time(measured: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """The shortest time in seconds of so many rounds, and what the last one returned."""
    best, result = float("inf"), None
    for _ in range(rounds):
        result = None  # what the last round built is freed outside the measure
        start = perf_counter()
        result = measured()
        best = min(best, perf_counter() - start)
    return best, result


def linear_program(keys: Any, envelope: int, floor: int, ceiling: int) -> Any:
    """The amounts in euros, in floating point, of the continuous problem.

    Variables, in mean amounts: amounts x, shortfalls w ≥ 0, and the factor (in envelopes). Maximise
    factor - PRICE × mean of w, with x + w ≥ key × factor, floor ≤ x ≤ ceiling, mean of x = 1. Raising the
    factor pays as long as those on the ceiling hold less than 1 / PRICE of the keys, and stops paying when
    all that are not on the floor fall short: right while the first hold less than half of the keys and the
    last less than the other half. Interior points: at 35 000 the simplex takes minutes.
    """
    count = len(keys)
    mean = envelope / count
    identity = eye(count, format="csc")
    column = csc_matrix((keys * count).reshape(-1, 1))
    answer = linprog(
        np.concatenate([np.zeros(count), np.full(count, PRICE / count), [-1.0]]),
        A_ub=hstack([-identity, -identity, column], format="csc"),
        b_ub=np.zeros(count),
        A_eq=csc_matrix(np.concatenate([np.ones(count), np.zeros(count + 1)])),
        b_eq=[float(count)],
        bounds=[(floor / mean, ceiling / mean)] * count + [(0, None)] * (count + 1),
        method="highs-ipm",
    )
    if not answer.success:
        raise SystemExit(f"linear program of {count} territories: {answer.message}")
    return answer.x[:count] * mean


if __name__ == "__main__":
    main()
