"""What the pages of publications show: what a publication would do, what one did, and the history (F8).

Amounts are euros; `None` is "nothing", which is not zero. Loads rows and answers frozen data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from cdppe.accounts.models import Territory
from contracts.models import Campaign
from funding.actions.publications import published_state
from funding.balance import stated_sum
from funding.criteria import CERTAINTY, are_official
from funding.models import (
    AllocationRun,
    Envelope,
    NotifiedAmount,
    Publication,
    PublishedAmount,
)
from funding.modulation_summary import ModulationSummary, summaries_of_runs
from funding.steering import with_last_run


@dataclass(frozen=True)
class Change:
    """One amount that becomes another; `before` or `after` is None when there is none."""

    territory: Territory
    envelope: Envelope
    before: Decimal | None
    after: Decimal | None

    @property
    def difference(self) -> Decimal:
        return (self.after or Decimal(0)) - (self.before or Decimal(0))

    @property
    def is_loss(self) -> bool:
        return self.difference < 0

    @property
    def distance(self) -> Decimal:
        """The difference without its sign, for a sentence that says which way it goes."""
        return abs(self.difference)


@dataclass(frozen=True)
class EnvelopeTotal:
    """One envelope of a publication; `before` is what is notified today, None when nothing is."""

    envelope: Envelope
    run: AllocationRun | None
    territory_count: int
    total: Decimal
    before: Decimal | None
    change_count: int


@dataclass(frozen=True)
class Preview:
    """What publishing some runs would do; `state` names what is notified today."""

    campaign: Campaign
    year: int
    runs: tuple[AllocationRun, ...]
    envelopes: tuple[EnvelopeTotal, ...]
    without_run: tuple[Envelope, ...]
    changes: tuple[Change, ...]
    replaced: tuple[Publication, ...]
    is_replacement: bool
    state: str
    modulations: tuple[ModulationSummary, ...]

    @property
    def is_all_official(self) -> bool:
        return are_official(run.weakest_status for run in self.runs)

    @property
    def total(self) -> Decimal:
        return sum((each.total for each in self.envelopes), Decimal(0))


@dataclass(frozen=True)
class PublishedRow:
    """What a publication states for one territory; `amounts` runs parallel to its envelopes."""

    territory: Territory
    amounts: tuple[PublishedAmount | None, ...]
    total: Decimal | None


@dataclass(frozen=True)
class PublicationDetail:
    """One publication, whole, and what it changed of those that it replaced."""

    publication: Publication
    envelopes: tuple[EnvelopeTotal, ...]
    rows: tuple[PublishedRow, ...]
    changes: tuple[Change, ...]
    replaced: tuple[Publication, ...]
    total: Decimal
    is_all_official: bool
    modulations: tuple[ModulationSummary, ...]


Amounts = Mapping[tuple[int, int], Decimal]
"""{(envelope id, territory id): euros}"""


def chosen_runs(campaign: Campaign, year: int, ids: Sequence[int] | None) -> list[AllocationRun]:
    """The runs of `ids`, else the last one of each envelope of `year`, in the order of the envelopes.

    An id that is no run of this campaign and year is left out: the caller compares the counts.
    """
    if ids is None:
        return [run for _, run in with_last_run(campaign.envelopes.all(), year=year) if run is not None]
    found = AllocationRun.objects.filter(envelope__campaign=campaign, year=year, pk__in=ids)
    return list(found.order_by("envelope__position", "pk"))


def preview(campaign: Campaign, year: int, runs: Sequence[AllocationRun]) -> Preview:
    """What publishing `runs` (with their lines) would change against the amounts notified today."""
    envelopes = {envelope.pk: envelope for envelope in campaign.envelopes.all()}
    run_of = {run.envelope_id: run for run in runs}
    after = {
        (run.envelope_id, line.territory_id): line.amount
        for run in runs
        for line in run.lines.only("territory_id", "amount", "run_id")
    }
    notified = NotifiedAmount.objects.filter(year=year, envelope__in=run_of)
    before = {(row.envelope_id, row.territory_id): row.amount for row in notified}
    replaced = Publication.objects.filter(notified_amounts__in=notified).distinct()
    return Preview(
        campaign=campaign,
        year=year,
        runs=tuple(runs),
        envelopes=_totals([envelopes[pk] for pk in run_of], run_of, before, after),
        without_run=tuple(envelope for pk, envelope in envelopes.items() if pk not in run_of),
        changes=_changes(envelopes, before, after),
        replaced=tuple(replaced.select_related("published_by")),
        is_replacement=bool(before),
        state=published_state(year, run_of),
        modulations=summaries_of_runs(runs),
    )


def publication_detail(publication: Publication) -> PublicationDetail:
    """Everything that `publication` stated, and what it changed of those that it replaced."""
    amounts_stated = publication.amounts.select_related("territory", "envelope", "run")
    stated = list(amounts_stated.prefetch_related("territory__departments").defer("run__inputs"))
    envelopes = {row.envelope_id: row.envelope for row in stated}
    ordered = sorted(envelopes.values(), key=lambda envelope: (envelope.position, envelope.pk))
    runs = {row.envelope_id: row.run for row in stated if row.run is not None}
    after = {(row.envelope_id, row.territory_id): row.amount for row in stated}
    replaced = list(publication.replaces.select_related("published_by").prefetch_related("amounts"))
    before = {
        (row.envelope_id, row.territory_id): row.amount for each in replaced for row in each.amounts.all()
    }
    by_place = {(row.envelope_id, row.territory_id): row for row in stated}
    rows = []
    for territory in {row.territory_id: row.territory for row in stated}.values():
        amounts = tuple(by_place.get((envelope.pk, territory.pk)) for envelope in ordered)
        total = stated_sum(row.amount if row is not None else None for row in amounts)
        rows.append(PublishedRow(territory, amounts, total))
    return PublicationDetail(
        publication=publication,
        envelopes=_totals(ordered, runs, before, after),
        rows=tuple(rows),
        changes=_changes(envelopes, before, after) if replaced else (),
        replaced=tuple(replaced),
        total=sum(after.values(), Decimal(0)),
        is_all_official=are_official(run.weakest_status for run in runs.values()),
        modulations=summaries_of_runs(runs.values()),
    )


def history(campaign: Campaign) -> list[Publication]:
    """The campaign's publications, newest first, each with `total`, `territory_count` and `doubtful_count`.

    `doubtful_count` are its amounts that were computed from figures that are not all official.
    """
    return list(
        campaign.publications.select_related("published_by", "replaced_by")
        .annotate(
            total=Sum("amounts__amount"),
            doubtful_count=Count("amounts", filter=Q(amounts__run__weakest_status__in=CERTAINTY[1:])),
            territory_count=Count("amounts__territory", distinct=True, filter=Q(amounts__isnull=False)),
        )
        .order_by("-published_at", "-pk")
    )


def _totals(
    envelopes: Iterable[Envelope], runs: Mapping[int, AllocationRun], before: Amounts, after: Amounts
) -> tuple[EnvelopeTotal, ...]:
    found = []
    for envelope in envelopes:
        new = {place: amount for place, amount in after.items() if place[0] == envelope.pk}
        old = {place: amount for place, amount in before.items() if place[0] == envelope.pk}
        found.append(
            EnvelopeTotal(
                envelope=envelope,
                run=runs.get(envelope.pk),
                territory_count=len(new),
                total=sum(new.values(), Decimal(0)),
                before=stated_sum(old.values()),
                change_count=sum(new.get(place) != old.get(place) for place in {*new, *old}),
            )
        )
    return tuple(found)


def _changes(envelopes: Mapping[int, Envelope], before: Amounts, after: Amounts) -> tuple[Change, ...]:
    """The amounts that differ, by territory then envelope; nothing when nothing was notified before."""
    if not before:
        return ()
    different = [place for place in {*before, *after} if before.get(place) != after.get(place)]
    territories = Territory.objects.in_bulk({territory for _, territory in different})
    changes = [
        Change(territories[territory], envelopes[envelope], before.get((envelope, territory)), amount)
        for envelope, territory in different
        for amount in [after.get((envelope, territory))]
    ]
    return tuple(sorted(changes, key=lambda each: (each.territory.code, each.envelope.position)))
