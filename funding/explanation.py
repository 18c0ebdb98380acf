"""Why this amount: one line of a stored run, taken apart step by step (annexe 4; rules F5, F6, F8, F9).

`explain(run, line)` reads what the run stored when it was computed: its inputs, its factor, its lines.
Nothing is allocated again and no current figure takes part, so that an explanation says the same years later.
Fractions are the exact ones; pages round them when they show them.

Steps: each criterion (value ÷ total = share; share × weight = contribution) → key → key × envelope, what it
would be without bounds → the common factor → key × factor → floor or ceiling → rounding → amount
→ modulation (in a run that has some) → sum of all the amounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from funding.criteria import StatusCount, are_official, counted_statuses
from funding.models import AllocationLine, AllocationRun, FigureStatus
from funding.modulation import COEFFICIENT, SHARED
from funding.modulation_summary import asked_text

FLOOR = "floor"
CEILING = "ceiling"


@dataclass(frozen=True, slots=True)
class CriterionStep:
    """One criterion: share = value / total; contribution = share × weight (fractions from 0 to 1).

    `total` is over the territories that share. `edition` is what the run stored of the figures' source.
    """

    series: str
    label: str
    value: Decimal
    total: Fraction
    share: Fraction
    weight: Fraction
    contribution: Fraction
    status: str
    status_label: str
    note: str
    edition: Mapping[str, str] | None

    @property
    def is_official(self) -> bool:
        return self.status == FigureStatus.OFFICIAL


@dataclass(frozen=True, slots=True)
class Rounding:
    """What the rounding of an amount gave (positive `gap`) or took (negative); less than one unit."""

    gap: Fraction

    @property
    def effect(self) -> Fraction:
        """The gap without its sign."""
        return abs(self.gap)

    @property
    def gives(self) -> bool:
        return self.gap > 0

    @property
    def takes(self) -> bool:
        return self.gap < 0


@dataclass(frozen=True, slots=True)
class ModulationStep:
    """What the modulations of a run did to one territory (rule F9); euros, `value` as it was asked.

    `exact` is the amount after, before its rounding. `modulated_count` counts the modulated territories,
    `modulated_total` is what they keep together; freed = reshared + reserve.
    """

    is_modulated: bool
    is_coefficient: bool
    asked: str
    reason: str
    before: Decimal
    exact: Fraction
    after: Decimal
    bound: str
    is_under_floor: bool
    key: Fraction
    factor: Fraction | None
    modulated_count: int
    modulated_total: Decimal
    freed: Decimal
    reshared: Decimal
    reserve: Decimal
    is_shared_again: bool

    @property
    def difference(self) -> Decimal:
        """What the territory has more (positive) or less (negative) than before."""
        return self.after - self.before

    @property
    def distance(self) -> Decimal:
        """The same without its sign."""
        return abs(self.difference)

    @property
    def at_factor(self) -> Fraction:
        """Key × the factor of the second sharing, before the amount before and the ceiling hold it."""
        return self.key * (self.factor or 0)

    @property
    def takes_part(self) -> bool:
        """Whether the credits shared again could have raised this territory."""
        return not self.is_modulated and self.factor is not None

    @property
    def is_kept(self) -> bool:
        """Whether the territory keeps exactly what it had."""
        return self.exact == self.before

    @property
    def is_on_ceiling(self) -> bool:
        return self.bound == CEILING

    @property
    def rounding(self) -> Rounding:
        return Rounding(Fraction(self.after) - self.exact)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One territory's amount with all that led to it; euros, except keys and shares (fractions from 0 to 1).

    `others_key` is the sum of the keys of those that no bound holds; `others_amount` what is left for them.
    `allocated` is what the allocation gave, `amount` what the territory has in the end: they differ only by
    `modulation`, None in a run without any. `allocated_total` and `total` are the sums of both.
    """

    run: AllocationRun
    line: AllocationLine
    criteria: tuple[CriterionStep, ...]
    key: Fraction
    key_total: Fraction
    envelope: Decimal
    floor: Decimal
    ceiling: Decimal | None
    unit: Decimal
    proportional: Fraction
    factor: Fraction
    exact: Fraction
    allocated: Decimal
    amount: Decimal
    modulation: ModulationStep | None
    territory_count: int
    floor_count: int
    ceiling_count: int
    others_key: Fraction
    allocated_total: Decimal
    total: Decimal
    statuses: tuple[StatusCount, ...]

    @property
    def at_factor(self) -> Fraction:
        """Key × common factor, before the bounds."""
        return self.key * self.factor

    @property
    def is_on_floor(self) -> bool:
        return self.line.bound == FLOOR

    @property
    def is_on_ceiling(self) -> bool:
        return self.line.bound == CEILING

    @property
    def is_free(self) -> bool:
        """Whether no bound holds the amount."""
        return not self.line.bound

    @property
    def bound_gap(self) -> Fraction:
        """What the bound gives (positive) or takes (negative)."""
        return self.exact - self.at_factor

    @property
    def bound_effect(self) -> Fraction:
        """The same without its sign."""
        return abs(self.bound_gap)

    @property
    def rounding(self) -> Rounding:
        return Rounding(Fraction(self.allocated) - self.exact)

    @property
    def is_modulated(self) -> bool:
        """Whether a modulation lowers this very amount."""
        return self.modulation is not None and self.modulation.is_modulated

    @property
    def is_raised_again(self) -> bool:
        """Whether the credits freed by others raise this amount."""
        return self.modulation is not None and self.modulation.difference > 0

    @property
    def reserve(self) -> Decimal:
        """What the modulations leave to nobody."""
        return self.modulation.reserve if self.modulation is not None else Decimal(0)

    @property
    def has_bounds(self) -> bool:
        return bool(self.floor) or self.ceiling is not None

    @property
    def held_count(self) -> int:
        return self.floor_count + self.ceiling_count

    @property
    def free_count(self) -> int:
        """How many territories no bound holds."""
        return self.territory_count - self.held_count

    @property
    def floors_amount(self) -> Decimal:
        """What the territories on the floor take together."""
        return self.floor * self.floor_count

    @property
    def ceilings_amount(self) -> Decimal:
        """What the territories on the ceiling take together."""
        return (self.ceiling or Decimal(0)) * self.ceiling_count

    @property
    def others_amount(self) -> Decimal:
        """What the floors and ceilings leave of the envelope to the other territories."""
        return self.envelope - self.floors_amount - self.ceilings_amount

    @property
    def adds_up(self) -> bool:
        """Whether the amounts of all the territories, and the reserve, are the envelope (rules F6, F9)."""
        return self.allocated_total == self.envelope == self.total + self.reserve

    @property
    def is_all_official(self) -> bool:
        return are_official(each.status for each in self.statuses)


def explain(run: AllocationRun, line: AllocationLine) -> Explanation:
    """Everything that led to `line`, one of the lines of `run`, from what the run stored; one query.

    run, line: given with their envelope and territory. Raises ValueError for a line of another run.
    """
    if line.run_id != run.pk:
        raise ValueError(f"line {line.pk} is not of run {run.pk}")
    inputs: dict[str, Any] = run.inputs
    bounds: Counter[str] = Counter()
    key_total = others_key = Fraction(0)
    allocated_total = total = modulated_total = Decimal(0)
    lines = run.lines.order_by().only("run_id", "key", "bound", "amount", "allocated", "modulation")
    for each in lines:
        bounds[each.bound] += 1
        key_total += Fraction(each.key)
        others_key += 0 if each.bound else Fraction(each.key)
        allocated_total += each.before
        total += each.amount
        modulated_total += each.amount if each.modulation else 0
    return Explanation(
        run=run,
        line=line,
        criteria=_criteria(inputs, line),
        key=Fraction(line.key),
        key_total=key_total,
        envelope=Decimal(inputs["amount"]),
        floor=Decimal(inputs["floor"] or 0),
        ceiling=None if inputs["ceiling"] is None else Decimal(inputs["ceiling"]),
        unit=Decimal(inputs["unit"]),
        proportional=Fraction(line.proportional),
        factor=Fraction(run.factor),
        exact=Fraction(line.exact),
        allocated=line.before,
        amount=line.amount,
        modulation=_modulation(run, line, modulated_total) if run.is_modulated else None,
        territory_count=sum(bounds.values()),
        floor_count=bounds[FLOOR],
        ceiling_count=bounds[CEILING],
        others_key=others_key,
        allocated_total=allocated_total,
        total=total,
        statuses=counted_statuses(
            cell["status"] for row in inputs["figures"].values() for cell in row.values()
        ),
    )


def _modulation(run: AllocationRun, line: AllocationLine, modulated_total: Decimal) -> ModulationStep:
    asked: Mapping[str, str] = line.modulation
    return ModulationStep(
        is_modulated=bool(asked),
        is_coefficient=bool(asked) and asked["kind"] == COEFFICIENT,
        asked=asked_text(asked["kind"], Decimal(asked["value"])) if asked else "",
        reason=asked["reason"] if asked else "",
        before=line.before,
        exact=Fraction(line.exact_after),
        after=line.amount,
        bound=line.bound_after,
        is_under_floor=line.amount < Decimal(run.inputs["floor"] or 0),
        key=Fraction(line.key),
        factor=Fraction(run.second_factor) if run.second_factor else None,
        modulated_count=len(run.inputs["modulations"]),
        modulated_total=modulated_total,
        freed=run.freed,
        reshared=run.reshared,
        reserve=run.reserve,
        is_shared_again=run.inputs["freed_to"] == SHARED,
    )


def _criteria(inputs: Mapping[str, Any], line: AllocationLine) -> tuple[CriterionStep, ...]:
    criteria = {each["series"]: each for each in inputs["criteria"]}
    figures = inputs["figures"][line.territory.code]
    return tuple(
        CriterionStep(
            series=each["series"],
            label=criteria[each["series"]]["label"],
            value=Decimal(each["value"]),
            total=Fraction(each["total"]),
            share=Fraction(each["share"]),
            weight=Fraction(each["weight"]) / 100,
            contribution=Fraction(each["contribution"]),
            status=figures[each["series"]]["status"],
            status_label=str(FigureStatus(figures[each["series"]]["status"]).label),
            note=figures[each["series"]]["note"],
            edition=criteria[each["series"]]["edition"],
        )
        for each in line.contributions
    )
