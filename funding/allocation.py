"""Share an envelope between territories: key × one common factor, within a floor and a ceiling.

Source: circulaire DGCS 2020/34, annexe 4-II-A, 4-III-A and 4-IV-A (criteria, weights, floor,
ceiling); rules F5 (key and factor), F6 (rounding) and F7 (refusals).

Where the circular is silent, we chose: the amounts are ``clamp(key × factor, floor, ceiling)`` with
the only factor that makes them add up to the envelope; then largest remainder, ties to the lowest
territory code. docs/decisions/allocation.md says why.

Pure module: standard library only, no float anywhere. Keys are integers over one common denominator
while the factor is looked for; the fractions of a line are computed when they are read.

>>> from decimal import Decimal
>>> keys = {"A": 1, "B": 3, "C": 6}
>>> result = allocate_by_key(Decimal(1000), keys, floor=Decimal(150), ceiling=Decimal(500))
>>> [(line.code, line.bound, str(line.amount)) for line in result.lines]
[('A', 'floor', '150'), ('B', None, '350'), ('C', 'ceiling', '500')]
>>> result.factor  # B holds 3/10 of the keys: 3/10 × 3500/3 = 350
Fraction(3500, 3)
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow, localcontext
from fractions import Fraction
from itertools import accumulate
from math import lcm
from operator import itemgetter, mul
from typing import Any, Literal, NamedTuple, TypeGuard

from cdppe.lib.french_numbers import write_french

Figure = int | Decimal | Fraction
Money = int | Decimal
Figures = Mapping[str, Figure | None]
Territories = Mapping[str, Figures] | Iterable[tuple[str, Figures]]
Bound = Literal["floor", "ceiling"]

FLOOR: Bound = "floor"
CEILING: Bound = "ceiling"
KEY_SERIES = "clé"

# Decimal arithmetic that never rounds, whatever context the caller has set: it raises instead.
EXACT = Context(prec=100, traps=[Inexact, InvalidOperation, DivisionByZero, Overflow])
# A cell such as 1E+999999 would fill the memory: 18 digits before the point and 40 after are enough.
LARGEST = 10**18
MOST_DECIMALS = 40
FINEST = 10**MOST_DECIMALS


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse: `code` for programs, `place` and `reason` in French for people.

    `territory` and `series` name the cell when the problem lies in one ("" otherwise).
    """

    code: str
    place: str
    reason: str
    territory: str = ""
    series: str = ""

    def __str__(self) -> str:
        return f"{self.place}\u00a0: {self.reason}"


class AllocationRefused(ValueError):
    """The envelope cannot be shared so (rule F7); `problems` holds every reason, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class Criterion:
    """A weighted series: `weight` in per cent, `total` over the territories that share."""

    series: str
    weight: Figure
    total: Figure


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one criterion brings to a territory's key: contribution = value / total × weight / 100."""

    series: str
    value: Figure
    total: Figure
    share: Fraction
    weight: Figure
    contribution: Fraction


@dataclass(frozen=True, slots=True)
class Terms:
    """What all the lines of one allocation share: euros, except `key_denominator` (a bare number)."""

    envelope: Decimal
    factor: Fraction
    floor: Decimal
    ceiling: Decimal | None
    unit: Decimal
    criteria: tuple[Criterion, ...]
    key_denominator: int


class AllocationLine(NamedTuple):
    """One territory's share: `amount` in euros, and all that leads to it.

    `bound` tells where the exact amount lies: on the floor, on the ceiling, or strictly between (None).
    A named tuple, not a frozen dataclass like the others: four times faster to build, 35 000 times.
    """

    code: str
    figures: tuple[Figure, ...]
    key_numerator: int
    bound: Bound | None
    amount: Decimal
    terms: Terms

    @property
    def key(self) -> Fraction:
        """The weighted sum of the shares; the keys of an allocation add up to 1 (rule F5)."""
        return Fraction(self.key_numerator, self.terms.key_denominator)

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """One per criterion, in the order of the weights; they add up to the key."""
        found = []
        for value, criterion in zip(self.figures, self.terms.criteria, strict=True):
            share = Fraction(value) / Fraction(criterion.total)
            contribution = share * Fraction(criterion.weight) / 100
            found.append(
                Contribution(criterion.series, value, criterion.total, share, criterion.weight, contribution)
            )
        return tuple(found)

    @property
    def proportional(self) -> Fraction:
        """Key × envelope: what the territory would get with neither floor nor ceiling, in euros."""
        return self.key * Fraction(self.terms.envelope)

    @property
    def exact(self) -> Fraction:
        """Key × factor held within the bounds, before rounding, in euros."""
        if self.bound == FLOOR:
            return Fraction(self.terms.floor)
        if self.bound == CEILING:
            return Fraction(self.terms.ceiling or 0)
        return self.key * self.terms.factor

    @property
    def rounding_gap(self) -> Fraction:
        """What the rounding gave (positive) or took (negative), in euros; less than one unit."""
        return Fraction(self.amount) - self.exact


@dataclass(frozen=True, slots=True)
class Allocation:
    """An envelope shared: `lines` sorted by territory code, whose amounts add up to `total`.

    `factor` is in euros for a whole key (1): the envelope itself when no bound holds anybody.
    """

    envelope: Decimal
    factor: Fraction
    total: Decimal
    floor: Decimal
    ceiling: Decimal | None
    unit: Decimal
    criteria: tuple[Criterion, ...]
    lines: tuple[AllocationLine, ...] = field(repr=False)

    @property
    def totals(self) -> dict[str, Figure]:
        """{series code: total over the territories}, in the order of the weights."""
        return {criterion.series: criterion.total for criterion in self.criteria}

    def to_dict(self) -> dict[str, Any]:
        """The whole result for JSON: fractions as text "a/b", never a float.

        Euros are integers when the unit is whole, decimal text ("1234.50") otherwise. Figures are
        integers when they are whole, decimal text or "a/b" otherwise.
        """
        euros = int if self.unit == int(self.unit) else "{:f}".format
        return {
            "envelope": euros(self.envelope),
            "factor": str(self.factor),
            "total": euros(self.total),
            "floor": euros(self.floor),
            "ceiling": None if self.ceiling is None else euros(self.ceiling),
            "unit": euros(self.unit),
            "criteria": [
                {"series": c.series, "weight": _figure_text(c.weight), "total": _figure_text(c.total)}
                for c in self.criteria
            ],
            "territories": [
                {
                    "code": line.code,
                    "contributions": [
                        {
                            "series": c.series,
                            "value": _figure_text(c.value),
                            "total": _figure_text(c.total),
                            "share": str(c.share),
                            "weight": _figure_text(c.weight),
                            "contribution": str(c.contribution),
                        }
                        for c in line.contributions
                    ],
                    "key": str(line.key),
                    "proportional": str(line.proportional),
                    "bound": line.bound,
                    "exact": str(line.exact),
                    "amount": euros(line.amount),
                    "rounding_gap": str(line.rounding_gap),
                }
                for line in self.lines
            ],
        }


def allocate(
    envelope: Money,
    territories: Territories,
    weights: Mapping[str, Figure],
    floor: Money = Decimal(0),
    ceiling: Money | None = None,
    unit: Money = Decimal(1),
) -> Allocation:
    """Share `envelope` between `territories` (rules F5 to F7).

    envelope, floor, ceiling, unit: euros; the first three are multiples of `unit`; no ceiling: None.
    territories: {territory code: {series code: figure or None when missing}}, in any order (or pairs,
    so that a code given twice is seen); series without a weight are ignored.
    weights: {series code: per cent}, adding up to 100. A criterion of weight 0 is checked like the others.

    The amounts are multiples of `unit` within the bounds, add up to the envelope and never decrease
    with the key. Raises AllocationRefused with every problem found; nothing is guessed.
    """
    problems: list[Problem] = []
    rows = _read_rows(territories, problems)
    _check_weights(weights, problems)
    columns = _read_columns(rows, list(weights), problems)
    money_is_sound = _check_money(envelope, floor, ceiling, unit, problems)
    keys: list[int] | None = None
    totals: list[Figure] = []
    if not problems:
        scaled = [_over_common_denominator(column) for column in columns]
        totals = [_simplest(Fraction(sum(numerators), denominator)) for numerators, denominator in scaled]
        whole_weights, _ = _over_common_denominator(list(weights.values()))
        keys = _integer_keys([numerators for numerators, _ in scaled], whole_weights)
    if rows and money_is_sound:
        _check_reach(envelope, len(rows), keys, floor, ceiling, problems)
    if keys is None or problems:
        raise AllocationRefused(problems)

    step = Fraction(unit)
    envelope_units, floor_units = int(Fraction(envelope) / step), int(Fraction(floor) / step)
    # Without a ceiling: one that nobody can reach, since no amount exceeds the envelope.
    ceiling_units = envelope_units + 1 if ceiling is None else int(Fraction(ceiling) / step)
    factor = _common_factor(keys, envelope_units, floor_units, ceiling_units)
    bounds, counts = _rounded(keys, factor, envelope_units, floor_units, ceiling_units)

    whole_key = sum(keys)
    plain_unit = _plain_decimal(unit)
    criteria = tuple(
        Criterion(series, weight, total)
        for (series, weight), total in zip(weights.items(), totals, strict=True)
    )
    terms = Terms(
        envelope=_plain_decimal(envelope),
        factor=factor * whole_key * step,
        floor=_plain_decimal(floor),
        ceiling=None if ceiling is None else _plain_decimal(ceiling),
        unit=plain_unit,
        criteria=criteria,
        key_denominator=whole_key,
    )
    with localcontext(EXACT):
        amounts = [count * plain_unit for count in counts]
        total = sum(amounts, Decimal(0))
    lines = tuple(
        AllocationLine(code, figures, key, bound, amount, terms)
        for (code, _), figures, key, bound, amount in zip(
            rows, zip(*columns, strict=True), keys, bounds, amounts, strict=True
        )
    )
    return Allocation(
        terms.envelope, terms.factor, total, terms.floor, terms.ceiling, terms.unit, criteria, lines
    )


def allocate_by_key(
    envelope: Money,
    keys: Mapping[str, Figure | None] | Iterable[tuple[str, Figure | None]],
    floor: Money = Decimal(0),
    ceiling: Money | None = None,
    unit: Money = Decimal(1),
) -> Allocation:
    """Share `envelope` in proportion to `keys` {territory code: figure}, whatever they add up to.

    The same as `allocate` with a single criterion, KEY_SERIES, of weight 100.
    """
    pairs = keys.items() if isinstance(keys, Mapping) else keys
    rows = [(code, {KEY_SERIES: key}) for code, key in pairs]
    return allocate(envelope, rows, {KEY_SERIES: 100}, floor, ceiling, unit)


# --- The arithmetic -----------------------------------------------------------------------------


def _over_common_denominator(figures: Sequence[Figure]) -> tuple[Sequence[int], int]:
    """The numerators of `figures` over their smallest common denominator, and that denominator."""
    if _are_whole(figures):
        return figures, 1
    ratios = [figure.as_integer_ratio() for figure in figures]
    common = lcm(*{denominator for _, denominator in ratios})
    return [numerator * (common // denominator) for numerator, denominator in ratios], common


def _integer_keys(columns: Sequence[Sequence[int]], weights: Sequence[int]) -> list[int]:
    """Integers in the proportion of the keys, one a row: key = integer / sum of the integers.

    columns: one per criterion, totals not zero; weights: one per column. The scale of a column and that
    of the weights do not matter: a share is free of the first, the key's denominator absorbs the second.
    """
    totals = [sum(column) for column in columns]
    common = lcm(*totals)
    coefficients = [weight * (common // total) for weight, total in zip(weights, totals, strict=True)]
    return [sum(map(mul, coefficients, row)) for row in zip(*columns, strict=True)]


def _common_factor(keys: Sequence[int], envelope: int, floor: int, ceiling: int) -> Fraction:
    """The factor with which the sum of clamp(key × factor, floor, ceiling) is the envelope (rule F5).

    Amounts in units; the envelope lies between what the floors and what the ceilings let through.
    The sum never decreases with the factor, and is straight between the factors at which a territory
    leaves the floor (floor / key) or reaches the ceiling (ceiling / key). Both come in the order of the
    keys: two binary searches tell who is held, one division gives the factor.

    When everybody is held by a bound, a whole interval of factors gives the same amounts: the one
    nearest to the plain proportional factor (the envelope for a whole key) is returned.
    """
    proportional = Fraction(envelope, sum(keys))
    if floor == ceiling:
        return proportional
    ranked = sorted(key for key in keys if key)
    cumulated = [0, *accumulate(ranked)]
    count = len(ranked)
    available = envelope - floor * (len(keys) - count)  # a key of zero gets the floor, no more

    def shared(numerator: int, denominator: int) -> int:
        """What the factor numerator / denominator hands out, times `denominator`."""
        held_up = bisect_right(ranked, floor * denominator, key=lambda key: key * numerator)
        held_down = bisect_left(ranked, ceiling * denominator, key=lambda key: key * numerator)
        held = held_up * floor + (count - held_down) * ceiling
        return held * denominator + (cumulated[held_down] - cumulated[held_up]) * numerator

    # Of the ranked keys, the first `low` are on the floor, those from `high` on are on the ceiling.
    indices = range(count)
    low = bisect_left(indices, x=True, key=lambda i: shared(floor, ranked[i]) < available * ranked[i])
    high = bisect_left(indices, x=True, key=lambda i: shared(ceiling, ranked[i]) <= available * ranked[i])
    if low < high:
        left = available - low * floor - (count - high) * ceiling
        return Fraction(left, cumulated[high] - cumulated[low])
    factor = proportional
    if high < count:
        factor = max(factor, Fraction(ceiling, ranked[high]))
    if low > 0:
        factor = min(factor, Fraction(floor, ranked[low - 1]))
    return factor


def _rounded(
    keys: Sequence[int], factor: Fraction, envelope: int, floor: int, ceiling: int
) -> tuple[list[Bound | None], list[int]]:
    """Which bound holds each row, and its amount in whole units (rule F6: largest remainder).

    The bounds being whole numbers of units, an amount strictly between them can be cut to the unit
    below, or raised to the one above, without passing them; one that lies on a bound has no remainder
    and there are always more remainders than units left, so that it never moves. Rows come sorted by
    code and the sort is stable: of equal remainders the lowest code is served first.
    """
    numerator, denominator = factor.as_integer_ratio()
    lowest, highest = floor * denominator, ceiling * denominator
    bounds: list[Bound | None] = []
    counts: list[int] = []
    remainders: list[int] = []
    for key in keys:
        scaled = key * numerator
        bound: Bound | None = None
        if scaled <= lowest:
            bound, scaled = FLOOR, lowest
        elif scaled >= highest:
            bound, scaled = CEILING, highest
        whole, remainder = divmod(scaled, denominator)
        bounds.append(bound)
        counts.append(whole)
        remainders.append(remainder)
    left = envelope - sum(counts)
    for row in sorted(range(len(keys)), key=remainders.__getitem__, reverse=True)[:left]:
        counts[row] += 1
    return bounds, counts


def _simplest(number: Fraction) -> Figure:
    """The same number as an int when whole, a Decimal when it can be written so, else the fraction."""
    if number.denominator == 1:
        return number.numerator
    try:
        return EXACT.divide(Decimal(number.numerator), Decimal(number.denominator))
    except Inexact:
        return number


def _plain_decimal(money: Money) -> Decimal:
    """The same number without a positive exponent: Decimal("1E+3") would print as 1E+3."""
    exact = Decimal(money)
    return Decimal(int(exact)) if exact == int(exact) else exact


# --- What is refused (rule F7) ------------------------------------------------------------------


def _read_rows(territories: Territories, problems: list[Problem]) -> list[tuple[str, Figures]]:
    """(code, figures) sorted by code; the rows whose code is empty or already seen are problems."""
    pairs = territories.items() if isinstance(territories, Mapping) else territories
    rows: dict[str, Figures] = {}
    count = 0
    for count, (code, figures) in enumerate(pairs, start=1):
        if not isinstance(code, str) or not code or code != code.strip():
            reason = f"«\u00a0{code!s:.40}\u00a0» n'est pas un code de territoire."
            problems.append(Problem("empty-territory", f"ligne {count}", reason))
        elif code in rows:
            reason = "ce territoire figure plusieurs fois."
            problems.append(Problem("duplicate-territory", f"territoire {code}", reason, code))
        else:
            rows[code] = figures
    if count == 0:
        problems.append(Problem("no-territory", "territoires", "aucun territoire entre qui répartir."))
    return sorted(rows.items(), key=itemgetter(0))


def _check_weights(weights: Mapping[str, Figure], problems: list[Problem]) -> None:
    """Weights are figures that add up to 100 per cent, exactly."""
    if not weights:
        problems.append(Problem("no-criterion", "poids des critères", "aucun critère n'a de poids."))
        return
    sound = True
    for series, weight in weights.items():
        fault = fault_of(weight)
        if fault:
            sound = False
            problems.append(Problem(*described(fault, f"poids du critère {series}", weight), "", series))
    if not sound:
        return
    total = sum((Fraction(weight) for weight in weights.values()), Fraction(0))
    if total != 100:
        reason = f"ils doivent totaliser 100\u00a0%, ils totalisent {_in_french(total)}\u00a0%."
        problems.append(Problem("weights-not-100", "poids des critères", reason))


def _read_columns(
    rows: Sequence[tuple[str, Figures]], series: Sequence[str], problems: list[Problem]
) -> list[list[Any]]:
    """The figures, one list per series in the order of `rows`; complete if no problem was added."""
    columns = []
    for name in series:
        column = [figures.get(name) for _, figures in rows]
        columns.append(column)
        if rows and not any(name in figures for _, figures in rows):
            reason = "aucun territoire n'a de chiffre pour ce critère."
            problems.append(Problem("unknown-criterion", f"critère {name}", reason, "", name))
            continue
        wrong = _wrong_cells(column)
        for row, fault in wrong:
            code = rows[row][0]
            place = f"territoire {code}, critère {name}"
            problems.append(Problem(*described(fault, place, column[row]), code, name))
        if rows and not wrong and not any(column):
            reason = "le total de ce critère est nul\u00a0: aucune part ne peut être calculée."
            problems.append(Problem("criterion-total-zero", f"critère {name}", reason, "", name))
    return columns


def _wrong_cells(column: Sequence[object]) -> list[tuple[int, str]]:
    """(index, what is wrong) of the cells of a column that are no figure."""
    if _are_whole(column) and min(column) >= 0 and max(column) < LARGEST:
        return []  # nearly every column: no need to ask cell by cell
    return [(row, fault) for row, value in enumerate(column) if (fault := fault_of(value))]


def _check_money(
    envelope: Money, floor: Money, ceiling: Money | None, unit: Money, problems: list[Problem]
) -> bool:
    """Four exact amounts, of which the unit is positive and divides the others.

    True when envelope, floor and ceiling are sound enough to be compared.
    """
    amounts = {"enveloppe": envelope, "plancher": floor}
    if ceiling is not None:
        amounts["plafond"] = ceiling
    before = len(problems)
    for place, amount in amounts.items():
        fault = "not-a-number" if isinstance(amount, Fraction) else fault_of(amount)
        if fault:
            problems.append(Problem(*described(fault, place, amount)))
    sound = len(problems) == before

    fault = "not-a-number" if isinstance(unit, Fraction) else fault_of(unit)
    if fault in ("", "negative") and unit <= 0:
        reason = f"l'unité doit être supérieure à zéro, elle vaut {in_euros(unit)}."
        problems.append(Problem("unit-not-positive", "unité d'arrondi", reason))
    elif fault:
        problems.append(Problem(*described(fault, "unité d'arrondi", unit)))
    elif sound:
        for place, amount in amounts.items():
            if (Fraction(amount) / Fraction(unit)).denominator != 1:
                reason = f"{in_euros(amount)} n'est pas un multiple de l'unité, {in_euros(unit)}."
                problems.append(Problem("not-a-multiple", place, reason))
    if sound and ceiling is not None and floor > ceiling:
        reason = f"le plancher de {in_euros(floor)} dépasse le plafond de {in_euros(ceiling)}."
        problems.append(Problem("floor-above-ceiling", "plancher", reason))
        return False
    return sound


def _check_reach(
    envelope: Money,
    count: int,
    keys: Sequence[int] | None,
    floor: Money,
    ceiling: Money | None,
    problems: list[Problem],
) -> None:
    """The envelope covers the floors, and the ceilings let it through.

    keys: None when a figure is wrong; then every territory is taken to have a key.
    """
    least = count * Fraction(floor)
    if envelope < least:
        reason = (
            f"{in_euros(envelope)} ne suffisent pas\u00a0: {counted_territories(count)} au plancher de "
            f"{in_euros(floor)} demandent {in_euros(least)}."
        )
        problems.append(Problem("below-floors", "enveloppe", reason))
    if ceiling is None:
        return
    without_key = 0 if keys is None else keys.count(0)
    most = (count - without_key) * Fraction(ceiling) + without_key * Fraction(floor)
    if envelope > most:
        reason = (
            f"{in_euros(envelope)} ne peuvent pas être répartis en entier\u00a0: "
            f"{counted_territories(count - without_key)} au plafond de {in_euros(ceiling)}"
        )
        if without_key:
            reason += f" et {counted_territories(without_key)} de clé nulle au plancher de {in_euros(floor)}"
        reason += f" n'absorbent que {in_euros(most)}."
        problems.append(Problem("above-ceilings", "enveloppe", reason))


def _are_whole(column: Sequence[object]) -> TypeGuard[Sequence[int]]:
    return set(map(type, column)) == {int}


def fault_of(value: object) -> str:
    """The code of what is wrong with a figure; "" when it is a number ≥ 0, exact and of usable size."""
    if value is None:
        return "missing"
    if isinstance(value, Decimal):
        if not value.is_finite():
            return "not-finite"
        if abs(value.adjusted()) > MOST_DECIMALS:  # before 1E+999999 is written out
            return "out-of-reach"
    elif isinstance(value, bool) or not isinstance(value, (int, Fraction)):
        return "not-a-number"
    numerator, denominator = value.as_integer_ratio()
    if numerator < 0:
        return "negative"
    if numerator >= LARGEST * denominator or (isinstance(value, Decimal) and denominator > FINEST):
        return "out-of-reach"
    return ""


def described(fault: str, place: str, value: object) -> tuple[str, str, str]:
    """(code, place, French reason) of a wrong figure."""
    reasons = {
        "missing": "chiffre manquant.",
        "not-a-number": f"«\u00a0{value!s:.40}\u00a0» n'est pas un nombre exact (entier ou décimal).",
        "not-finite": f"la valeur «\u00a0{value!s:.40}\u00a0» n'est pas un nombre fini.",
        "negative": "la valeur est négative.",
        "out-of-reach": "la valeur est démesurée (18 chiffres avant la virgule et 40 après au plus).",
    }
    return fault, place, reasons[fault]


def _in_french(number: Figure) -> str:
    """1234567.5 → "1 234 567,5"; a number that has no decimal writing stays a fraction."""
    plain = _simplest(Fraction(number))
    return str(plain) if isinstance(plain, Fraction) else write_french(plain)


def in_euros(amount: Figure) -> str:
    """An amount as the sentences of a refusal write it: "1 234,50 €"."""
    return f"{_in_french(amount)}\u00a0€"


def counted_territories(count: int) -> str:
    """ "1 territoire", "2 territoires"."""
    return f"{count} territoire" if count < 2 else f"{count} territoires"


def _figure_text(figure: Figure) -> int | str:
    """A figure for JSON: an integer when whole, else decimal text or "a/b"."""
    if figure == int(figure):
        return int(figure)
    return f"{figure:f}" if isinstance(figure, Decimal) else str(figure)
