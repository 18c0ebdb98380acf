"""What DGCS sees of the allocation: campaigns, amounts by territory and envelope, one run in detail (N1, F8).

Loads rows and answers frozen data that pages lay out. Amounts are euros, keys and shares fractions from 0
to 1; `None` is "not computed yet". Decimals made from a run's exact fractions are for reading only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import OuterRef, Prefetch, Subquery

from cdppe.accounts.models import Territory
from contracts.models import Campaign
from funding.balance import stated_sum
from funding.bars import bar_length
from funding.criteria import Figure, Figures, StatusCount, are_official, counted_statuses, figures_of
from funding.models import AllocationLine, AllocationRun, Envelope, FigureStatus, NotifiedAmount
from funding.modulation_summary import ModulationSummary, summaries_of_runs, summary_of_run


@dataclass(frozen=True)
class EnvelopeSummary:
    """An envelope with its last run and how many territories were notified, for one year.

    `other_notified_count` are those whose notified amount does not come from this run.
    """

    envelope: Envelope
    run: AllocationRun | None
    statuses: tuple[StatusCount, ...]
    notified_count: int
    other_notified_count: int
    total: Decimal | None

    @property
    def can_be_shared(self) -> bool:
        """Whether the campaign says how much and by which criteria."""
        return self.envelope.amount is not None and bool(self.envelope.criteria.all())

    @property
    def is_all_official(self) -> bool:
        return are_official(each.status for each in self.statuses)


@dataclass(frozen=True)
class Share:
    """What one territory has of one envelope: from the last run, and as it was notified.

    `is_notified` says that the notified amount comes from that run.
    """

    envelope: Envelope
    run: AllocationRun | None
    amount: Decimal | None
    bound: str
    bound_label: str
    notified: Decimal | None
    is_notified: bool

    @property
    def departs(self) -> bool:
        """Whether what was notified is not what the last run gives: two amounts to tell apart (rule F8)."""
        return self.notified is not None and self.notified != self.amount


@dataclass(frozen=True)
class TerritoryShares:
    """One row of the campaign's table; `shares` runs parallel to its envelopes."""

    territory: Territory
    shares: tuple[Share, ...]
    total: Decimal | None
    bar: int


@dataclass(frozen=True)
class CampaignAllocation:
    """The table of a campaign for one year."""

    campaign: Campaign
    year: int
    envelopes: tuple[EnvelopeSummary, ...]
    rows: tuple[TerritoryShares, ...]
    total: Decimal | None
    modulations: tuple[ModulationSummary, ...]
    has_doubtful_notified: bool

    @property
    def is_all_official(self) -> bool:
        """Whether every amount on the page, of a last run or notified, rests on official figures only."""
        return not self.has_doubtful_notified and all(each.is_all_official for each in self.envelopes)


@dataclass(frozen=True)
class RunLine:
    """One territory of a run; `contributions` (fractions of the key) runs parallel to the criteria.

    `before` is the amount before the modulations; the bound is that of the amount in the end.
    """

    territory: Territory
    key: Decimal
    contributions: tuple[Decimal, ...]
    proportional: Decimal
    bound: str
    bound_label: str
    before: Decimal
    amount: Decimal
    bar: int
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class RunCriterion:
    """A criterion of a run, as it was used: `weight` is a fraction, `edition` what the run stored of it."""

    label: str
    series: str
    weight: Decimal
    edition: Mapping[str, str] | None
    statuses: tuple[StatusCount, ...]


@dataclass(frozen=True)
class RunDetail:
    """One run, whole: enough to explain every amount, and the check that they add up (rule F6)."""

    run: AllocationRun
    criteria: tuple[RunCriterion, ...]
    lines: tuple[RunLine, ...]
    statuses: tuple[StatusCount, ...]
    total: Decimal
    factor: Decimal
    floor_count: int
    ceiling_count: int
    notified_count: int
    modulation: ModulationSummary | None

    @property
    def adds_up(self) -> bool:
        """Whether the amounts and the reserve are the envelope, to the euro (rules F6, F9)."""
        return self.total + self.run.reserve == self.run.amount

    @property
    def modulations(self) -> tuple[ModulationSummary, ...]:
        """The run's own, as the pages that show several runs have them."""
        return () if self.modulation is None else (self.modulation,)

    @property
    def has_doubts(self) -> bool:
        """Whether some figure carries a remark."""
        return any(line.doubts for line in self.lines)

    @property
    def is_all_official(self) -> bool:
        return are_official(each.status for each in self.statuses)


@dataclass(frozen=True)
class CriteriaRow:
    """The figures of one territory, parallel to the matrix's series."""

    territory: Territory
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class CriteriaColumn:
    """One series of the matrix: the criterion's label and the edition in use, None when none is loaded."""

    series: str
    label: str
    edition: Any
    statuses: tuple[StatusCount, ...]
    missing_count: int


@dataclass(frozen=True)
class CriteriaMatrix:
    """Territories by criteria, from the current editions."""

    columns: tuple[CriteriaColumn, ...]
    rows: tuple[CriteriaRow, ...]


SORTS: dict[str, Callable[[TerritoryShares], Any]] = {
    "code": lambda row: row.territory.code,
    "nom": lambda row: row.territory.name,
    "total": lambda row: (-(row.total or 0), row.territory.code),
}
RUN_SORTS: dict[str, Callable[[RunLine], Any]] = {
    "code": lambda line: line.territory.code,
    "nom": lambda line: line.territory.name,
    "cle": lambda line: (-line.key, line.territory.code),
    "montant": lambda line: (-line.amount, line.territory.code),
}


def with_last_run(envelopes: Any, *, year: int | None = None) -> list[tuple[Envelope, AllocationRun | None]]:
    """Each envelope of a QuerySet with its last run (of `year`, when given), without the run's inputs."""
    runs = AllocationRun.objects.filter(envelope=OuterRef("pk")).order_by("-created_at", "-pk")
    if year is not None:
        runs = runs.filter(year=year)
    found = list(envelopes.annotate(last_run_id=Subquery(runs.values("pk")[:1])).prefetch_related("criteria"))
    by_id = AllocationRun.objects.select_related("created_by").in_bulk(
        [each.last_run_id for each in found if each.last_run_id is not None]
    )
    return [(each, by_id.get(each.last_run_id)) for each in found]


def campaigns_with_runs() -> list[tuple[Campaign, list[tuple[Envelope, AllocationRun | None]]]]:
    """Every campaign, newest first, with its envelopes and the last run of each."""
    pairs: dict[int, list[tuple[Envelope, AllocationRun | None]]] = {}
    for envelope, run in with_last_run(Envelope.objects.all()):
        pairs.setdefault(envelope.campaign_id, []).append((envelope, run))
    return [(campaign, pairs.get(campaign.pk, [])) for campaign in Campaign.objects.all()]


def campaign_allocation(campaign: Campaign, year: int, *, sort: str = "code") -> CampaignAllocation:
    """The amounts of each territory by envelope, from the last runs of `year`; `sort` is one of SORTS."""
    pairs = with_last_run(campaign.envelopes.all(), year=year)
    run_ids = [run.pk for _, run in pairs if run is not None]
    lines = {
        (line.run_id, line.territory_id): line
        for line in AllocationLine.objects.filter(run__in=run_ids).only(
            "run_id", "territory_id", "amount", "bound", "allocated", "modulation", "bound_after"
        )
    }
    notified = {
        (each.envelope_id, each.territory_id): each
        for each in NotifiedAmount.objects.filter(envelope__campaign=campaign, year=year)
        .select_related("run")
        .defer("run__inputs")
    }
    rows = []
    for territory in campaign.territories.all():
        shares = tuple(
            _share(
                envelope,
                run,
                lines.get((run.pk, territory.pk)) if run is not None else None,
                notified.get((envelope.pk, territory.pk)),
            )
            for envelope, run in pairs
        )
        rows.append((territory, shares, stated_sum(share.amount for share in shares)))
    largest = max([total for _, _, total in rows if total is not None], default=Decimal(0))
    summaries = tuple(
        EnvelopeSummary(
            envelope=envelope,
            run=run,
            statuses=_run_statuses(run) if run is not None else (),
            notified_count=sum(shares[rank].is_notified for _, shares, _ in rows),
            other_notified_count=sum(
                each.envelope_id == envelope.pk and (run is None or each.run_id != run.pk)
                for each in notified.values()
            ),
            total=stated_sum(shares[rank].amount for _, shares, _ in rows),
        )
        for rank, (envelope, run) in enumerate(pairs)
    )
    table = [
        TerritoryShares(territory, shares, total, bar_length(total, largest))
        for territory, shares, total in rows
    ]
    return CampaignAllocation(
        campaign=campaign,
        year=year,
        envelopes=summaries,
        rows=tuple(sorted(table, key=SORTS[sort])),
        total=stated_sum(total for _, _, total in rows),
        modulations=summaries_of_runs(run for _, run in pairs if run is not None),
        has_doubtful_notified=any(
            each.run is not None and each.run.weakest_status != FigureStatus.OFFICIAL
            for each in notified.values()
        ),
    )


def run_detail(run: AllocationRun, *, sort: str = "code") -> RunDetail:
    """Everything that explains `run`; `sort` is one of RUN_SORTS."""
    stored = list(run.lines.select_related("territory").prefetch_related("territory__departments"))
    figures: dict[str, dict[str, dict[str, Any]]] = run.inputs["figures"]
    largest = max([line.amount for line in stored], default=Decimal(0))
    labels = {criterion["series"]: criterion["label"] for criterion in run.inputs["criteria"]}
    lines = [
        RunLine(
            territory=line.territory,
            key=_readable(line.key),
            contributions=tuple(_readable(each["contribution"]) for each in line.contributions),
            proportional=_readable(line.proportional, places=2),
            bound=line.final_bound,
            bound_label=line.final_bound_label,
            before=line.before,
            amount=line.amount,
            bar=bar_length(line.amount, largest),
            doubts=_doubts(figures.get(line.territory.code, {}), labels),
        )
        for line in stored
    ]
    criteria = tuple(
        RunCriterion(
            label=criterion["label"],
            series=criterion["series"],
            weight=Decimal(criterion["weight"]) / 100,
            edition=criterion["edition"],
            statuses=counted_statuses(row[criterion["series"]]["status"] for row in figures.values()),
        )
        for criterion in run.inputs["criteria"]
    )
    bounds = Counter(line.bound for line in lines)
    return RunDetail(
        run=run,
        criteria=criteria,
        lines=tuple(sorted(lines, key=RUN_SORTS[sort])),
        statuses=_run_statuses(run),
        total=sum((line.amount for line in lines), Decimal(0)),
        factor=_readable(run.factor, places=2),
        floor_count=bounds["floor"],
        ceiling_count=bounds["ceiling"],
        notified_count=run.notified_amounts.count(),
        modulation=summary_of_run(run, stored),
    )


def criteria_matrix(campaign: Campaign) -> CriteriaMatrix:
    """The figures of the campaign's territories for every criterion of its envelopes."""
    labels: dict[str, str] = {}
    envelopes = campaign.envelopes.prefetch_related(Prefetch("criteria"))
    for envelope in envelopes:
        for criterion in envelope.criteria.all():
            labels.setdefault(criterion.series_code, criterion.label)
    territories = list(campaign.territories.prefetch_related("departments"))
    figures = figures_of(territories, list(labels))
    return CriteriaMatrix(
        columns=tuple(_column(series, label, figures) for series, label in labels.items()),
        rows=tuple(
            CriteriaRow(territory, tuple(figures.by_territory[territory.code][series] for series in labels))
            for territory in territories
        ),
    )


def _column(series: str, label: str, figures: Figures) -> CriteriaColumn:
    cells = [row[series] for row in figures.by_territory.values()]
    return CriteriaColumn(
        series=series,
        label=label,
        edition=figures.editions[series],
        statuses=counted_statuses(cell.status for cell in cells if cell.value is not None),
        missing_count=sum(cell.value is None for cell in cells),
    )


def _share(
    envelope: Envelope,
    run: AllocationRun | None,
    line: AllocationLine | None,
    notified: NotifiedAmount | None,
) -> Share:
    return Share(
        envelope=envelope,
        run=run,
        amount=line.amount if line is not None else None,
        bound=line.final_bound if line is not None else "",
        bound_label=line.final_bound_label if line is not None else "",
        notified=notified.amount if notified is not None else None,
        is_notified=line is not None and notified is not None and notified.run_id == line.run_id,
    )


def _run_statuses(run: AllocationRun) -> tuple[StatusCount, ...]:
    return counted_statuses(cell["status"] for row in run.inputs["figures"].values() for cell in row.values())


def _doubts(figures: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str]) -> tuple[str, ...]:
    """The notes of the figures of one territory, each with its criterion."""
    return tuple(
        f"{labels[series]} : {figure['note']}" for series, figure in figures.items() if figure["note"]
    )


def _readable(fraction: str, *, places: int = 8) -> Decimal:
    """An exact fraction "a/b" cut to some decimals, to be read; the exact one stays in the run."""
    number = Fraction(fraction)
    return Decimal(number.numerator * 10**places // number.denominator).scaleb(-places)
