"""Lower the amounts of some territories, and keep in reserve or share again what that frees (rule F9).

Source: circulaire DGCS 2020/34, annexe 4-I (« le non-respect par le conseil départemental de ses engagements
en année N pourra conduire à une baisse des crédits alloués par l'Etat en année N+1 ») and III (the evaluation
conditions the means of the following years).

Where the circular is silent, we chose (docs/decisions/modulation.md):

- a modulation applies to the amount that the allocation gave, rounded as the territory would have read it: a
  coefficient from 0 to 1 multiplies it, an amount replaces it. It only lowers, and may go under the floor;
- an amount × coefficient is rounded to the nearest multiple of the unit, a half upwards;
- what is freed stays in reserve, or is shared again between the territories without a modulation by the law
  of the allocation: key × one common factor, never under the amount before nor over the ceiling. The factor
  is the smallest one that shares all of it; then largest remainder, ties to the lowest territory code. So
  nobody without a modulation loses, even a unit.

Pure module: standard library only, no float anywhere.

>>> from funding.allocation import allocate_by_key
>>> before = allocate_by_key(Decimal(1000), {"A": 2, "B": 3, "C": 5}, ceiling=Decimal(550))
>>> lowered = [Modulation("A", COEFFICIENT, Decimal("0.5"), "Deux actions non engagées.")]
>>> after = modulate(before, lowered, SHARED)
>>> [(line.code, str(line.before), str(line.amount), line.bound) for line in after.lines]
[('A', '200', '100', None), ('B', '300', '350', None), ('C', '500', '550', 'ceiling')]
>>> str(after.freed), str(after.reshared), str(after.reserve), str(after.distributed)
('100', '100', '0', '1000')
>>> after.factor  # B holds 3/10 of the keys: 3/10 × 3500/3 = 350
Fraction(3500, 3)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Literal, NamedTuple

from funding.allocation import (
    CEILING,
    EXACT,
    Allocation,
    AllocationLine,
    AllocationRefused,
    Bound,
    Figure,
    Problem,
    counted_territories,
    described,
    fault_of,
    in_euros,
)

Kind = Literal["coefficient", "amount"]
Destination = Literal["reserve", "shared"]

COEFFICIENT: Kind = "coefficient"
AMOUNT: Kind = "amount"
RESERVE: Destination = "reserve"
SHARED: Destination = "shared"

NONE = Decimal(0)


class ModulationRefused(AllocationRefused):
    """The amounts cannot be modulated so; `problems` holds every reason with its territory (as rule F7)."""


@dataclass(frozen=True, slots=True)
class Modulation:
    """One territory's: `value` is a fraction from 0 to 1 or an amount in euros, as `kind` says."""

    code: str
    kind: Kind
    value: Figure
    reason: str


@dataclass(frozen=True, slots=True)
class ModulatedLine:
    """One territory's amount before and after, in euros.

    `exact` is the amount after, before its rounding. `bound` tells where the allocation holds an amount that
    no modulation lowers; a modulated one is held by nothing.
    """

    code: str
    before: Decimal
    modulation: Modulation | None
    exact: Fraction
    bound: Bound | None
    amount: Decimal

    @property
    def freed(self) -> Decimal:
        """What the modulation takes."""
        return self.before - self.amount if self.modulation is not None else NONE

    @property
    def gained(self) -> Decimal:
        """What the territory has of the credits shared again."""
        return self.amount - self.before if self.modulation is None else NONE

    @property
    def rounding_gap(self) -> Fraction:
        """What the rounding gave (positive) or took (negative); less than one unit."""
        return Fraction(self.amount) - self.exact


@dataclass(frozen=True, slots=True)
class ModulatedAllocation:
    """An allocation modulated: `lines` sorted by territory code; every total in euros.

    allocated = distributed + reserve, and freed = reshared + reserve. `factor` is the one of the second
    sharing, in euros for a whole key, None when nothing is shared again.
    """

    destination: Destination
    allocated: Decimal
    freed: Decimal
    reshared: Decimal
    reserve: Decimal
    distributed: Decimal
    factor: Fraction | None
    lines: tuple[ModulatedLine, ...] = field(repr=False)

    @property
    def modulated(self) -> tuple[ModulatedLine, ...]:
        """The lines that a modulation lowers."""
        return tuple(line for line in self.lines if line.modulation is not None)


class _Row(NamedTuple):
    """A territory that takes part in the second sharing: its key, its amount before in units."""

    code: str
    key: int
    before: int


def modulate(
    allocation: Allocation, modulations: Iterable[Modulation], destination: Destination = RESERVE
) -> ModulatedAllocation:
    """Apply `modulations` (in any order, one a territory at most) to an allocation (rule F9).

    Each modulated amount is exactly what was asked, but for the rounding of a coefficient; the amounts are
    multiples of the unit, and add up to the envelope less the reserve. Raises ModulationRefused with every
    problem found; nothing is guessed.
    """
    problems: list[Problem] = []
    by_code = {line.code: line for line in allocation.lines}
    asked = _read(modulations, by_code, Fraction(allocation.unit), problems)
    if destination not in (RESERVE, SHARED):
        reason = f"«\u00a0{destination!s:.40}\u00a0» n'est ni la réserve ni un nouveau partage."
        problems.append(Problem("unknown-destination", "crédits libérés", reason))
    if problems:
        raise ModulationRefused(problems)

    step = Fraction(allocation.unit)
    exact = {code: _asked_amount(by_code[code], each) for code, each in asked.items()}
    units = {code: int(amount / step + Fraction(1, 2)) for code, amount in exact.items()}
    others = [
        _Row(line.code, line.key_numerator, int(Fraction(line.amount) / step))
        for line in allocation.lines
        if line.code not in asked
    ]
    freed = sum(int(Fraction(by_code[code].amount) / step) - count for code, count in units.items())
    is_shared = destination == SHARED and freed > 0
    level = None
    for row in others:
        exact[row.code], units[row.code] = row.before * step, row.before
    if is_shared:
        ceiling = None if allocation.ceiling is None else int(Fraction(allocation.ceiling) / step)
        _check_room(others, freed, ceiling, asked, step, problems)
        if problems:
            raise ModulationRefused(problems)
        level = _level(others, freed, ceiling)
        raised = [_held(row, level, ceiling) for row in others]
        for row, amount, count in zip(others, raised, _rounded(others, raised, freed), strict=True):
            exact[row.code], units[row.code] = amount * step, count

    with localcontext(EXACT):
        amounts = {code: count * allocation.unit for code, count in units.items()}
        freed_euros = freed * allocation.unit
        reserve = NONE if is_shared else freed_euros
        distributed = allocation.total - reserve
    whole_key = sum(line.key_numerator for line in allocation.lines)
    return ModulatedAllocation(
        destination=destination,
        allocated=allocation.total,
        freed=freed_euros,
        reshared=freed_euros if is_shared else NONE,
        reserve=reserve,
        distributed=distributed,
        factor=None if level is None else level * whole_key * step,
        lines=tuple(
            ModulatedLine(
                code=line.code,
                before=line.amount,
                modulation=asked.get(line.code),
                exact=exact[line.code],
                bound=_bound(line, exact[line.code], allocation.ceiling, is_modulated=line.code in asked),
                amount=amounts[line.code],
            )
            for line in allocation.lines
        ),
    )


# --- The arithmetic -----------------------------------------------------------------------------


def _asked_amount(line: AllocationLine, modulation: Modulation) -> Fraction:
    """What the modulation leaves, in euros, before rounding."""
    value = Fraction(modulation.value)
    return Fraction(line.amount) * value if modulation.kind == COEFFICIENT else value


def _held(row: _Row, level: Fraction, ceiling: int | None) -> Fraction:
    """Key × level held between the amount before and the ceiling, in units."""
    amount = max(row.key * level, Fraction(row.before))
    return amount if ceiling is None else min(amount, Fraction(ceiling))


def _level(rows: Sequence[_Row], freed: int, ceiling: int | None) -> Fraction:
    """The smallest level, in units for a key of 1, at which `_held` hands out `freed` units more than before.

    `freed` is positive and there is room for it. What is handed out never decreases with the level: it is
    straight between the levels at which a territory leaves its amount before (before / key) or reaches the
    ceiling (ceiling / key), and we go from one to the next.
    """
    events = [(Fraction(row.before, row.key), row.key) for row in rows if row.key]
    if ceiling is not None:
        events += [(Fraction(ceiling, row.key), -row.key) for row in rows if row.key]
    level = slope = handed_out = Fraction(0)
    for following, change in sorted(events):
        at_following = handed_out + slope * (following - level)
        if at_following >= freed:
            break
        level, handed_out, slope = following, at_following, slope + change
    return level + (freed - handed_out) / slope


def _rounded(rows: Sequence[_Row], exact: Sequence[Fraction], freed: int) -> list[int]:
    """Whole units, by largest remainder; rows come sorted by code and the sort is stable (as rule F6).

    An amount before and the ceiling are whole: neither has a remainder, so that neither is ever passed.
    """
    counts = [amount.numerator // amount.denominator for amount in exact]
    left = sum(row.before for row in rows) + freed - sum(counts)
    remainders = [amount - count for amount, count in zip(exact, counts, strict=True)]
    for rank in sorted(range(len(rows)), key=remainders.__getitem__, reverse=True)[:left]:
        counts[rank] += 1
    return counts


def _bound(
    line: AllocationLine, exact: Fraction, ceiling: Decimal | None, *, is_modulated: bool
) -> Bound | None:
    """Where the amount lies now: where it lay when it did not move, else on the ceiling or on nothing."""
    if is_modulated:
        return None
    if exact == line.amount:
        return line.bound
    return CEILING if exact == ceiling else None


# --- What is refused (as rule F7) ---------------------------------------------------------------


def _read(
    modulations: Iterable[Modulation],
    lines: dict[str, AllocationLine],
    step: Fraction,
    problems: list[Problem],
) -> dict[str, Modulation]:
    """{code: modulation}, complete if no problem was added."""
    asked: dict[str, Modulation] = {}
    for each in modulations:
        place = f"territoire {each.code!s:.40}, modulation"
        if each.code not in lines:
            reason = "ce territoire ne prend pas part à la répartition."
            problems.append(Problem("unknown-territory", place, reason, each.code))
            continue
        if each.code in asked:
            reason = "ce territoire est modulé plusieurs fois."
            problems.append(Problem("duplicate-modulation", place, reason, each.code))
            continue
        asked[each.code] = each
        if not each.reason.strip():
            reason = "le motif de la modulation manque."
            problems.append(Problem("missing-reason", place, reason, each.code))
        _check_value(each, place, lines[each.code].amount, step, problems)
    return asked


def _check_value(
    modulation: Modulation, place: str, before: Decimal, step: Fraction, problems: list[Problem]
) -> None:
    """A coefficient from 0 to 1, or an amount that is a multiple of the unit and no more than before."""
    code, value = modulation.code, modulation.value
    if modulation.kind not in (COEFFICIENT, AMOUNT):
        reason = f"«\u00a0{modulation.kind!s:.40}\u00a0» n'est ni un coefficient ni un montant."
        problems.append(Problem("unknown-kind", place, reason, code))
        return
    fault = fault_of(value)
    if fault:
        problems.append(Problem(*described(fault, place, value), code))
        return
    number = Fraction(value)
    if modulation.kind == COEFFICIENT:
        if number > 1:
            reason = "un coefficient va de 0 à 1\u00a0: une modulation ne peut qu'abaisser le montant."
            problems.append(Problem("raises-the-amount", place, reason, code))
    elif number > before:
        reason = (
            f"{in_euros(value)} dépassent le montant du territoire, {in_euros(before)}\u00a0: une modulation "
            "ne peut qu'abaisser le montant."
        )
        problems.append(Problem("raises-the-amount", place, reason, code))
    elif (number / step).denominator != 1:
        below = number // step * step
        reason = (
            f"{in_euros(value)} n'est pas un multiple de l'unité, {in_euros(step)}\u00a0: "
            f"écrivez {in_euros(below)} ou {in_euros(below + step)}."
        )
        problems.append(Problem("not-a-multiple", place, reason, code))


def _check_room(
    others: Sequence[_Row],
    freed: int,
    ceiling: int | None,
    asked: Iterable[str],
    step: Fraction,
    problems: list[Problem],
) -> None:
    """The others can take what is freed: those that have a key, up to the ceiling."""
    with_key = [row for row in others if row.key]
    if not with_key:
        reason = "aucun territoire sans modulation ne peut en recevoir."
    elif ceiling is None or freed <= (room := sum(ceiling - row.before for row in with_key)):
        return
    else:
        reason = (
            f"{counted_territories(len(with_key))} sans modulation, au plafond de "
            f"{in_euros(ceiling * step)}, n'absorbent que {in_euros(room * step)} de plus."
        )
    whole = (
        f"{in_euros(freed * step)} libérés ({', '.join(sorted(asked))}) ne peuvent pas être partagés en "
        f"entier\u00a0: {reason} Gardez-les en réserve, modulez moins ou relevez le plafond."
    )
    problems.append(Problem("no-room", "crédits libérés", whole))
