"""The figures of territories for the criteria of an envelope, from the current editions (F2 to F4, P4).

A territory that the edition names has that figure; otherwise it has the sum of its departments'. A sum of
which a part is missing is missing. Its status is the least certain of its parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from cdppe.accounts.models import Territory
from funding.models import CriterionValue, FigureStatus, SeriesEdition

# From the most to the least certain.
CERTAINTY: tuple[str, ...] = (FigureStatus.OFFICIAL, FigureStatus.ESTIMATE, FigureStatus.STAND_IN)


def weakest(statuses: Iterable[str]) -> str:
    """The least certain of some statuses; official when there is none."""
    return max(statuses, key=CERTAINTY.index, default=FigureStatus.OFFICIAL.value)


def are_official(statuses: Iterable[str]) -> bool:
    """Whether every one of some statuses is official; so it is when there is none."""
    return weakest(statuses) == FigureStatus.OFFICIAL


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many figures have a status."""

    status: str
    label: str
    count: int


def counted_statuses(statuses: Iterable[str] | Mapping[str, int]) -> tuple[StatusCount, ...]:
    """How many of each status, from the most to the least certain; those that nobody has are left out.

    `statuses`: one for each figure, or {status: how many figures}.
    """
    counts = Counter(statuses)
    return tuple(
        StatusCount(status, str(FigureStatus(status).label), counts[status])
        for status in CERTAINTY
        if counts[status]
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """One territory's figure for one criterion; `value` is None when it is missing."""

    value: Decimal | None
    status: str
    note: str = ""

    @property
    def status_label(self) -> str:
        return str(FigureStatus(self.status).label)

    @property
    def is_official(self) -> bool:
        return self.status == FigureStatus.OFFICIAL


MISSING = Figure(None, FigureStatus.OFFICIAL.value, "Aucun chiffre pour ce territoire.")


@dataclass(frozen=True)
class Figures:
    """What the criteria of an envelope count.

    `by_territory` is {territory code: {series code: figure}}, `editions` {series code: edition or None}.
    """

    by_territory: Mapping[str, Mapping[str, Figure]]
    editions: Mapping[str, SeriesEdition | None]

    @property
    def weakest_status(self) -> str:
        """The least certain status of all the figures that are there."""
        return weakest(
            figure.status
            for figures in self.by_territory.values()
            for figure in figures.values()
            if figure.value is not None
        )


def current_editions(series_codes: Iterable[str]) -> dict[str, SeriesEdition | None]:
    """{series code: its edition loaded last, None when it has none}."""
    found: dict[str, SeriesEdition | None] = dict.fromkeys(series_codes)
    editions = SeriesEdition.objects.filter(series__code__in=found).select_related("series")
    for edition in editions.order_by("loaded_at", "pk"):
        found[edition.series.code] = edition
    return found


def figures_of(
    territories: Sequence[Territory],
    series_codes: Sequence[str],
    chosen: Mapping[str, SeriesEdition] = MappingProxyType({}),
) -> Figures:
    """The figures of `territories` (given with their departments prefetched) for some series.

    `chosen` is {series code: edition} where another edition than the one loaded last is wanted.
    """
    editions = current_editions(series_codes) | dict(chosen)
    values: dict[int, dict[str, CriterionValue]] = {
        edition.pk: {} for edition in editions.values() if edition is not None
    }
    for value in CriterionValue.objects.filter(edition__in=list(values)):
        values[value.edition_id][value.place_code] = value
    by_territory = {
        territory.code: {
            code: _figure(territory, values[edition.pk]) if edition is not None else MISSING
            for code, edition in editions.items()
        }
        for territory in territories
    }
    return Figures(by_territory, editions)


def _figure(territory: Territory, values: Mapping[str, CriterionValue]) -> Figure:
    if territory.code in values:
        parts = [values.get(territory.code)]
    else:
        parts = [values.get(department.code) for department in territory.departments.all()]
    present = [part for part in parts if part is not None]
    if not present:
        return MISSING
    status = weakest(part.status for part in present)
    note = " ".join(dict.fromkeys(part.note for part in present if part.note))
    amounts = [part.value for part in present if part.value is not None]
    if len(amounts) < len(parts):
        return Figure(None, status, note or MISSING.note)
    return Figure(sum(amounts, Decimal(0)), status, note)
