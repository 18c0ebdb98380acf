"""Two scenarios side by side: by territory, by region, and who is held at a bound (rules F5 to F8).

Works on results already computed; amounts are euros, rates fractions. A territory that one of the two leaves
out has no amount there (None): its difference counts that as nothing, its rate is not computable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cdppe.accounts.models import Region, Territory
from funding.balance import stated_sum
from funding.models import Envelope
from funding.scenarios import EnvelopeResult, ScenarioResult


@dataclass(frozen=True)
class Pair:
    """An amount in the first scenario and in the second."""

    first: Decimal | None
    second: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """Second less first; None when neither states an amount."""
        if self.first is None and self.second is None:
            return None
        return (self.second or Decimal(0)) - (self.first or Decimal(0))

    @property
    def rate(self) -> Decimal | None:
        """The difference as a fraction of the first; None where the first is nothing."""
        if not self.first or self.second is None:
            return None
        return (self.second - self.first) / self.first

    @property
    def is_more(self) -> bool:
        return (self.difference or 0) > 0


@dataclass(frozen=True)
class TerritoryPair:
    """One territory; the bounds are those of the envelope that is looked at, "" for all of them together."""

    territory: Territory
    pair: Pair
    first_bound: str
    second_bound: str


@dataclass(frozen=True)
class RegionPair:
    region: Region
    pair: Pair


@dataclass(frozen=True)
class HeldCount:
    """How many territories an envelope holds at its bounds, in each scenario; None when it is not shared."""

    envelope: Envelope
    first: EnvelopeResult
    second: EnvelopeResult
    pair: Pair

    @property
    def has_reserve(self) -> bool:
        return bool(self.first.reserve or self.second.reserve)


@dataclass(frozen=True)
class Comparison:
    """Everything that the page of a comparison shows."""

    rows: tuple[TerritoryPair, ...]
    regions: tuple[RegionPair, ...]
    envelopes: tuple[HeldCount, ...]
    total: Pair

    @property
    def has_reserve(self) -> bool:
        """Whether one of the scenarios keeps something in reserve."""
        return any(each.has_reserve for each in self.envelopes)


def _low_first(value: Decimal | None) -> tuple[bool, Decimal]:
    """Descending, what is missing last."""
    return (value is None, -(value or Decimal(0)))


SORTS: dict[str, Callable[[TerritoryPair], Any]] = {
    "code": lambda row: row.territory.code,
    "nom": lambda row: row.territory.name,
    "premier": lambda row: (_low_first(row.pair.first), row.territory.code),
    "second": lambda row: (_low_first(row.pair.second), row.territory.code),
    "ecart": lambda row: (_low_first(row.pair.difference), row.territory.code),
    "taux": lambda row: (_low_first(row.pair.rate), row.territory.code),
}


def compare(
    first: ScenarioResult, second: ScenarioResult, *, envelope: Envelope | None = None, sort: str = "code"
) -> Comparison:
    """`second` against `first`, two scenarios of one campaign; of one envelope, or of all when it is None.

    `sort` is one of SORTS.
    """
    before, after = _amounts(first, envelope), _amounts(second, envelope)
    territories = {row.territory.pk: row.territory for row in (*first.rows, *second.rows)}
    rows = []
    for pk, territory in territories.items():
        amount, bound = before.get(pk, (None, ""))
        other, other_bound = after.get(pk, (None, ""))
        rows.append(TerritoryPair(territory, Pair(amount, other), bound, other_bound))
    regions: dict[int, list[TerritoryPair]] = {}
    for row in rows:
        regions.setdefault(row.territory.region_id, []).append(row)
    by_region = [RegionPair(found[0].territory.region, _sum(found)) for found in regions.values()]
    return Comparison(
        rows=tuple(sorted(rows, key=SORTS[sort])),
        regions=tuple(sorted(by_region, key=lambda each: each.region.name)),
        envelopes=tuple(
            HeldCount(one.envelope, one, two, Pair(one.total, two.total))
            for one, two in zip(first.envelopes, second.envelopes, strict=True)
        ),
        total=_sum(rows),
    )


def _amounts(result: ScenarioResult, envelope: Envelope | None) -> dict[int, tuple[Decimal | None, str]]:
    """{territory id: (euros, the label of the bound)}."""
    if envelope is None:
        return {row.territory.pk: (row.total, "") for row in result.rows}
    rank = [each.envelope.pk for each in result.envelopes].index(envelope.pk)
    return {row.territory.pk: (row.shares[rank].amount, row.shares[rank].bound_label) for row in result.rows}


def _sum(rows: Iterable[TerritoryPair]) -> Pair:
    pairs = [row.pair for row in rows]
    return Pair(stated_sum(each.first for each in pairs), stated_sum(each.second for each in pairs))
