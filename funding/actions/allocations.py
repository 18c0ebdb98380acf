"""Running the allocation of an envelope, and its modulations (annexe 4; rules F5 to F7, F9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from cdppe.accounts.models import Territory, User
from cdppe.lib.errors import MissingPiece, RuleViolation
from contracts.actions.journal import record_elsewhere
from funding.allocation import Allocation, AllocationRefused, allocate
from funding.criteria import Figures, figures_of
from funding.models import AllocationLine, AllocationRun, Envelope, Scenario, SeriesEdition
from funding.modulation import (
    RESERVE,
    Destination,
    ModulatedAllocation,
    ModulatedLine,
    Modulation,
    ModulationRefused,
    modulate,
)


@dataclass(frozen=True)
class Obstacle:
    """One reason why an envelope cannot be shared (rule F7).

    `place` names the territory and the criterion as people know them when the reason lies in one cell.
    """

    place: str
    reason: str
    territory_code: str = ""
    series_code: str = ""

    def __str__(self) -> str:
        return f"{self.place} : {self.reason}"


class AllocationImpossible(RuleViolation):
    """The envelope cannot be shared; `obstacles` holds every reason, with the cells concerned."""

    def __init__(self, envelope: Envelope, obstacles: Sequence[Obstacle]) -> None:
        self.envelope = envelope
        self.obstacles = tuple(obstacles)
        lines = "\n".join(f"  - {obstacle}" for obstacle in self.obstacles)
        super().__init__(
            f"La répartition de l’enveloppe « {envelope.label} » n’est pas possible. "
            f"Rien n’a été enregistré. À corriger :\n{lines}"
        )


@dataclass(frozen=True)
class CriterionTerm:
    """A criterion as it is used: `weight` in per cent; without an edition, the one loaded last."""

    series_code: str
    label: str
    weight: Decimal
    edition: SeriesEdition | None = None


@dataclass(frozen=True)
class Terms:
    """How one envelope is shared: euros and weights in per cent; a floor or a ceiling may be missing.

    `freed_to` says what becomes of what the modulations free (rule F9).
    """

    amount: Decimal | None
    floor: Decimal | None
    ceiling: Decimal | None
    unit: Decimal
    criteria: tuple[CriterionTerm, ...]
    modulations: tuple[Modulation, ...] = ()
    freed_to: Destination = RESERVE


@dataclass(frozen=True)
class Shared:
    """An envelope shared, and the figures that it was shared by; nothing is stored.

    `modulated` holds the amounts in the end, which are the allocation's own without any modulation.
    """

    allocation: Allocation
    figures: Figures
    modulated: ModulatedAllocation


def terms_of(envelope: Envelope) -> Terms:
    """The terms that the campaign's file states for `envelope`."""
    return Terms(
        amount=envelope.amount,
        floor=envelope.floor,
        ceiling=envelope.ceiling,
        unit=envelope.rounding_unit,
        criteria=tuple(
            CriterionTerm(criterion.series_code, criterion.label, criterion.weight)
            for criterion in envelope.criteria.all()
        ),
    )


def share(envelope: Envelope, terms: Terms, territories: Sequence[Territory]) -> Shared:
    """Share `envelope` on `terms` between `territories` (with their departments); stores nothing.

    Raises MissingPiece without an amount or a criterion, AllocationImpossible when the rules refuse (F7).
    """
    if terms.amount is None or not terms.criteria:
        raise MissingPiece(
            f"Il manque le montant ou les critères de l’enveloppe « {envelope.label} » : "
            "elle ne peut pas être répartie."
        )
    codes = [criterion.series_code for criterion in terms.criteria]
    chosen = {each.series_code: each.edition for each in terms.criteria if each.edition is not None}
    figures = figures_of(territories, codes, chosen)
    allocation = _allocate(envelope, terms, terms.amount, territories, figures)
    return Shared(allocation, figures, _modulate(envelope, terms, allocation, territories))


@transaction.atomic
def run_allocation(envelope: Envelope, *, year: int, by: User | None) -> AllocationRun:
    """Share `envelope` between the territories of its campaign for `year`, and keep all that led to it.

    The terms are those of the campaign, the figures those of the current editions; see `run_terms`.
    """
    territories = list(envelope.campaign.territories.prefetch_related("departments"))
    run = run_terms(envelope, terms_of(envelope), territories, year=year, by=by)
    sentence = f"Répartition {year} de l’enveloppe « {envelope.label} » calculée : n° {run.pk}."
    record_elsewhere("allocation.run", sentence, by=by)
    return run


@transaction.atomic
def run_terms(
    envelope: Envelope,
    terms: Terms,
    territories: Sequence[Territory],
    *,
    year: int,
    by: User | None,
    scenario: Scenario | None = None,
) -> AllocationRun:
    """Share `envelope` on `terms` between `territories` for `year`, and keep all that led to it.

    The run stores every input (weights, bounds, unit, editions, figure and status of each cell), so that it
    can be done again without the editions. `by` is None for a command. Raises MissingPiece when the amount
    or the criteria are missing, AllocationImpossible when the rules refuse (F7), RuleViolation for a year
    outside the campaign.
    """
    campaign = envelope.campaign
    if year not in campaign.years:
        raise RuleViolation(
            f"L’année {year} n’est pas une année de la campagne ({campaign.period}) : "
            "choisissez-en une autre."
        )
    shared = share(envelope, terms, territories)
    run = AllocationRun.objects.create(
        envelope=envelope,
        year=year,
        amount=shared.allocation.total,
        inputs=_inputs(terms, shared.figures),
        factor=str(shared.allocation.factor),
        freed=shared.modulated.freed,
        reserve=shared.modulated.reserve,
        second_factor="" if shared.modulated.factor is None else str(shared.modulated.factor),
        weakest_status=shared.figures.weakest_status,
        scenario=scenario,
        created_by=by,
    )
    _store_lines(run, shared, territories)
    return run


def _allocate(
    envelope: Envelope,
    terms: Terms,
    amount: Decimal,
    territories: Sequence[Territory],
    figures: Figures,
) -> Allocation:
    try:
        return allocate(
            amount,
            {
                code: {
                    series: figure.value
                    for series, figure in row.items()
                    if figures.editions[series] is not None
                }
                for code, row in figures.by_territory.items()
            },
            {criterion.series_code: criterion.weight for criterion in terms.criteria},
            floor=terms.floor if terms.floor is not None else Decimal(0),
            ceiling=terms.ceiling,
            unit=terms.unit,
        )
    except AllocationRefused as refusal:
        labels = {criterion.series_code: criterion.label for criterion in terms.criteria}
        raise AllocationImpossible(envelope, _obstacles(refusal, _names(territories), labels)) from refusal


def _modulate(
    envelope: Envelope, terms: Terms, allocation: Allocation, territories: Sequence[Territory]
) -> ModulatedAllocation:
    try:
        return modulate(allocation, terms.modulations, terms.freed_to)
    except ModulationRefused as refusal:
        obstacles = _obstacles(refusal, _names(territories), {}, what="modulation")
        raise AllocationImpossible(envelope, obstacles) from refusal


def _names(territories: Sequence[Territory]) -> dict[str, str]:
    return {territory.code: str(territory) for territory in territories}


def _obstacles(
    refusal: AllocationRefused, names: Mapping[str, str], labels: Mapping[str, str], *, what: str = ""
) -> list[Obstacle]:
    """The problems, their territories and criteria named; `what` says what of a territory is wrong."""
    obstacles = []
    for problem in refusal.problems:
        parts = [names.get(problem.territory, problem.territory), labels.get(problem.series, problem.series)]
        named = [f"« {part} »" for part in parts if part]
        place = ", ".join([*named, what] if named and what else named) or problem.place
        obstacles.append(Obstacle(place, problem.reason, problem.territory, problem.series))
    return obstacles


def _inputs(terms: Terms, figures: Figures) -> dict[str, object]:
    """Everything the result depends on, as JSON: numbers as decimal text, never as floats."""
    return {
        "amount": _text(terms.amount),
        "floor": _text(terms.floor),
        "ceiling": _text(terms.ceiling),
        "unit": _text(terms.unit),
        "criteria": [
            {
                "series": criterion.series_code,
                "label": criterion.label,
                "weight": _text(criterion.weight),
                "edition": _edition(figures, criterion.series_code),
            }
            for criterion in terms.criteria
        ],
        "figures": {
            code: {
                series: {"value": _text(figure.value), "status": figure.status, "note": figure.note}
                for series, figure in row.items()
            }
            for code, row in figures.by_territory.items()
        },
        "modulations": [_modulation(each) for each in terms.modulations],
        "freed_to": terms.freed_to,
    }


def _modulation(modulation: Modulation | None) -> dict[str, str]:
    """A modulation as JSON, the number as text; {} for none."""
    if modulation is None:
        return {}
    return {
        "territory": modulation.code,
        "kind": modulation.kind,
        "value": _text(Decimal(str(modulation.value))) or "",
        "reason": modulation.reason,
    }


def _edition(figures: Figures, series: str) -> dict[str, str] | None:
    edition = figures.editions.get(series)
    if edition is None:
        return None
    return {
        "code": edition.code,
        "producer": edition.producer,
        "reference_date": edition.reference_date,
        "source": edition.source,
        "licence": edition.licence,
        "note": edition.note,
        "content_hash": edition.content_hash,
    }


def _text(number: Decimal | None) -> str | None:
    """Decimal text without trailing zeros: "28.5", "50000000"."""
    if number is None:
        return None
    whole = number.to_integral_value()
    return f"{whole:f}" if number == whole else f"{number.normalize():f}"


def _store_lines(run: AllocationRun, shared: Shared, territories: Sequence[Territory]) -> None:
    ids = {territory.code: territory.pk for territory in territories}
    AllocationLine.objects.bulk_create(
        AllocationLine(
            run=run,
            territory_id=ids[line.code],
            key=str(line.key),
            contributions=[
                {
                    "series": each.series,
                    "value": str(each.value),
                    "total": str(each.total),
                    "share": str(each.share),
                    "weight": str(each.weight),
                    "contribution": str(each.contribution),
                }
                for each in line.contributions
            ],
            proportional=str(line.proportional),
            bound=line.bound or "",
            exact=str(line.exact),
            amount=after.amount,
            **(_after(after) if shared.modulated.modulated else {}),
        )
        for line, after in zip(shared.allocation.lines, shared.modulated.lines, strict=True)
    )


def _after(line: ModulatedLine) -> dict[str, Any]:
    """What a line keeps of its modulation, or of that of the others."""
    return {
        "allocated": line.before,
        "modulation": _modulation(line.modulation),
        "exact_after": str(line.exact),
        "bound_after": line.bound or "",
    }
