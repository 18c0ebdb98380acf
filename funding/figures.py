"""What the pages of the figures show: the series, their editions, and the runs that used them (F7, F8)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q

from cdppe.accounts.models import Department, Territory
from funding.criteria import CERTAINTY, StatusCount, counted_statuses
from funding.criteria_files import ValueSpec
from funding.figures_import import Places
from funding.models import AllocationRun, CriterionSeries, CriterionValue, FigureStatus, SeriesEdition

# The choice of the filter that shows what is not there.
MISSING = "missing"


@dataclass(frozen=True)
class EditionRow:
    """One edition in the list: how many figures of each status, how many missing, and who used it."""

    edition: SeriesEdition
    statuses: tuple[StatusCount, ...]
    missing_count: int
    run_count: int
    is_current: bool


@dataclass(frozen=True)
class SeriesRow:
    """One series with its editions, the current one first."""

    series: CriterionSeries
    editions: tuple[EditionRow, ...]


@dataclass(frozen=True)
class ValueRow:
    """One place of an edition; `value` is None when the figure is missing."""

    code: str
    name: str
    value: Decimal | None
    status: str
    status_label: str
    note: str


@dataclass(frozen=True)
class EditionDetail:
    """One edition with everything that it says, and the runs that were computed from it."""

    edition: SeriesEdition
    values: tuple[ValueRow, ...]
    shown: tuple[ValueRow, ...]
    absent: tuple[tuple[str, str], ...]
    statuses: tuple[StatusCount, ...]
    missing_count: int
    total: Decimal
    runs: tuple[AllocationRun, ...]
    is_current: bool


def known_places() -> Places:
    """The departments and the territories that a line of figures may be about."""
    territories = list(Territory.objects.prefetch_related("departments"))
    return Places(
        departments=dict(Department.objects.values_list("code", "name")),
        territories={each.code: each.name for each in territories},
        spans={
            each.code: frozenset(department.code for department in each.departments.all())
            for each in territories
        },
    )


def series_with_editions() -> tuple[SeriesRow, ...]:
    """Every series, those without an edition too, each with its editions, newest first."""
    editions: dict[int, list[SeriesEdition]] = defaultdict(list)
    counts = {
        f"{status}_count": Count("values", filter=Q(values__status=status, values__value__isnull=False))
        for status in CERTAINTY
    }
    counts[f"{MISSING}_count"] = Count("values", filter=Q(values__value__isnull=True))
    annotated = SeriesEdition.objects.select_related("loaded_by").annotate(**counts)
    for edition in annotated.order_by("-loaded_at", "-pk"):
        editions[edition.series_id].append(edition)
    runs = Counter(code for _, codes in _editions_of_runs() for code in codes)
    return tuple(
        SeriesRow(
            series,
            tuple(
                EditionRow(
                    edition=edition,
                    statuses=counted_statuses(
                        {status: getattr(edition, f"{status}_count") for status in CERTAINTY}
                    ),
                    missing_count=getattr(edition, f"{MISSING}_count"),
                    run_count=runs[edition.code],
                    is_current=not rank,
                )
                for rank, edition in enumerate(editions[series.pk])
            ),
        )
        for series in CriterionSeries.objects.order_by("name")
    )


def edition_detail(edition: SeriesEdition, *, status: str = "") -> EditionDetail:
    """What `edition` says; `status` keeps the figures of one status, or the missing ones (MISSING)."""
    places = known_places()
    rows = tuple(value_row(value, places) for value in edition.values.all())
    counted = {row.code for row in rows}
    for code in tuple(counted):
        counted |= places.spans.get(code, frozenset())
    newest = SeriesEdition.objects.filter(series=edition.series).order_by("-loaded_at", "-pk")
    used = [pk for pk, codes in _editions_of_runs() if edition.code in codes]
    runs = AllocationRun.objects.filter(pk__in=used).select_related("envelope__campaign").defer("inputs")
    return EditionDetail(
        edition=edition,
        values=rows,
        shown=tuple(row for row in rows if _is_kept(row, status)),
        absent=tuple(sorted((each, places.name(each)) for each in set(places.departments) - counted)),
        statuses=counted_statuses(row.status for row in rows if row.value is not None),
        missing_count=sum(row.value is None for row in rows),
        total=sum((row.value for row in rows if row.value is not None), Decimal(0)),
        runs=tuple(runs),
        is_current=newest.values_list("pk", flat=True).first() == edition.pk,
    )


def value_row(value: CriterionValue, places: Places) -> ValueRow:
    """A stored figure as the pages and the exports show it."""
    return ValueRow(
        code=value.place_code,
        name=places.name(value.place_code),
        value=value.value,
        status=value.status,
        status_label=value.get_status_display(),
        note=value.note,
    )


def spec_row(spec: ValueSpec, places: Places) -> ValueRow:
    """A figure that an import would store, shown as a stored one is."""
    return ValueRow(
        code=spec.place_code,
        name=places.name(spec.place_code),
        value=spec.value,
        status=spec.status,
        status_label=str(FigureStatus(spec.status).label),
        note=spec.note,
    )


def _is_kept(row: ValueRow, status: str) -> bool:
    if status == MISSING:
        return row.value is None
    return not status or (row.value is not None and row.status == status)


def _editions_of_runs() -> Sequence[tuple[int, set[str]]]:
    """(primary key of a run, codes of the editions that it was computed from), without its figures."""
    return [
        (pk, {each["edition"]["code"] for each in criteria or () if each.get("edition")})
        for pk, criteria in AllocationRun.objects.order_by().values_list("pk", "inputs__criteria")
    ]
