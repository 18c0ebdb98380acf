"""Why this amount: one line of a stored run, taken apart step by step (annexe 4; rules F5, F6, F8).

`explain(run, line)` reads what the run stored when it was computed: its inputs, its factor, its lines.
Nothing is allocated again and no current figure takes part, so that an explanation says the same years later.
Fractions are the exact ones; pages round them when they show them.

Steps: each criterion (value ÷ total = share; share × weight = contribution) → key → key × envelope, what it
would be without bounds → the common factor → key × factor → floor or ceiling → rounding → amount → sum of all
the amounts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from funding.criteria import CERTAINTY
from funding.models import AllocationLine, AllocationRun, FigureStatus

FLOOR = "floor"
CEILING = "ceiling"


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many of the figures of the run have a status."""

    status: str
    label: str
    count: int


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
class Explanation:
    """One territory's amount with all that led to it; euros, except keys and shares (fractions from 0 to 1).

    `others_key` is the sum of the keys of those that no bound holds; `others_amount` what is left for them.
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
    amount: Decimal
    territory_count: int
    floor_count: int
    ceiling_count: int
    others_key: Fraction
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
    def rounding_gap(self) -> Fraction:
        """What the rounding gave (positive) or took (negative); less than one unit."""
        return Fraction(self.amount) - self.exact

    @property
    def rounding_effect(self) -> Fraction:
        """The same without its sign."""
        return abs(self.rounding_gap)

    @property
    def is_raised(self) -> bool:
        """Whether the rounding gave something."""
        return self.rounding_gap > 0

    @property
    def is_cut(self) -> bool:
        """Whether the rounding took something."""
        return self.rounding_gap < 0

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
        """Whether the amounts of all the territories are the envelope (rule F6)."""
        return self.total == self.envelope

    @property
    def is_all_official(self) -> bool:
        return all(each.status == FigureStatus.OFFICIAL for each in self.statuses)


def explain(run: AllocationRun, line: AllocationLine) -> Explanation:
    """Everything that led to `line`, one of the lines of `run`, from what the run stored; one query.

    run, line: given with their envelope and territory. Raises ValueError for a line of another run.
    """
    if line.run_id != run.pk:
        raise ValueError(f"line {line.pk} is not of run {run.pk}")
    inputs: dict[str, Any] = run.inputs
    bounds: Counter[str] = Counter()
    key_total = others_key = Fraction(0)
    total = Decimal(0)
    for key_text, bound, amount in run.lines.order_by().values_list("key", "bound", "amount"):
        bounds[bound] += 1
        key_total += Fraction(key_text)
        others_key += 0 if bound else Fraction(key_text)
        total += amount
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
        amount=line.amount,
        territory_count=sum(bounds.values()),
        floor_count=bounds[FLOOR],
        ceiling_count=bounds[CEILING],
        others_key=others_key,
        total=total,
        statuses=_counted(cell["status"] for row in inputs["figures"].values() for cell in row.values()),
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


def _counted(statuses: Iterable[str]) -> tuple[StatusCount, ...]:
    """How many of each status, from the most to the least certain."""
    counts = Counter(statuses)
    return tuple(
        StatusCount(status, str(FigureStatus(status).label), counts[status])
        for status in CERTAINTY
        if counts[status]
    )
