"""Running the allocation of an envelope (annexe 4; rules F5 to F7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from cdppe.accounts.models import Territory, User
from cdppe.lib.errors import MissingPiece, RuleViolation
from funding.allocation import Allocation, AllocationRefused, allocate
from funding.criteria import Figures, figures_of
from funding.models import AllocationLine, AllocationRun, Envelope, EnvelopeCriterion


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


@transaction.atomic
def run_allocation(envelope: Envelope, *, year: int, by: User | None) -> AllocationRun:
    """Share `envelope` between the territories of its campaign for `year`, and keep all that led to it.

    The figures are those of the current editions. The run stores every input (weights, bounds, unit,
    editions, figure and status of each cell), so that it can be done again without the editions.
    `by` is None for a command. Raises MissingPiece when the campaign states no amount or no criterion,
    AllocationImpossible when the rules refuse (F7), RuleViolation for a year outside the campaign.
    """
    campaign = envelope.campaign
    if year not in campaign.years:
        raise RuleViolation(
            f"L’année {year} n’est pas une année de la campagne ({campaign.period}) : "
            "choisissez-en une autre."
        )
    criteria = list(envelope.criteria.all())
    if envelope.amount is None or not criteria:
        raise MissingPiece(
            f"Le fichier de la campagne ne donne pas le montant et les critères de l’enveloppe "
            f"« {envelope.label} » : elle ne peut pas être répartie."
        )
    territories = list(campaign.territories.prefetch_related("departments"))
    figures = figures_of(territories, [criterion.series_code for criterion in criteria])
    allocation = _allocate(envelope, envelope.amount, territories, criteria, figures)
    run = AllocationRun.objects.create(
        envelope=envelope,
        year=year,
        amount=allocation.total,
        inputs=_inputs(envelope, criteria, figures),
        factor=str(allocation.factor),
        weakest_status=figures.weakest_status,
        created_by=by,
    )
    _store_lines(run, allocation, territories)
    return run


def _allocate(
    envelope: Envelope,
    amount: Decimal,
    territories: Sequence[Territory],
    criteria: Sequence[EnvelopeCriterion],
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
            {criterion.series_code: criterion.weight for criterion in criteria},
            floor=envelope.floor if envelope.floor is not None else Decimal(0),
            ceiling=envelope.ceiling,
            unit=envelope.rounding_unit,
        )
    except AllocationRefused as refusal:
        names = {territory.code: str(territory) for territory in territories}
        labels = {criterion.series_code: criterion.label for criterion in criteria}
        raise AllocationImpossible(envelope, _obstacles(refusal, names, labels)) from refusal


def _obstacles(
    refusal: AllocationRefused, names: Mapping[str, str], labels: Mapping[str, str]
) -> list[Obstacle]:
    obstacles = []
    for problem in refusal.problems:
        parts = [names.get(problem.territory, problem.territory), labels.get(problem.series, problem.series)]
        place = ", ".join(f"« {part} »" for part in parts if part) or problem.place
        obstacles.append(Obstacle(place, problem.reason, problem.territory, problem.series))
    return obstacles


def _inputs(envelope: Envelope, criteria: Sequence[EnvelopeCriterion], figures: Figures) -> dict[str, object]:
    """Everything the result depends on, as JSON: numbers as decimal text, never as floats."""
    return {
        "amount": _text(envelope.amount),
        "floor": _text(envelope.floor),
        "ceiling": _text(envelope.ceiling),
        "unit": _text(envelope.rounding_unit),
        "criteria": [
            {
                "series": criterion.series_code,
                "label": criterion.label,
                "weight": _text(criterion.weight),
                "edition": _edition(figures, criterion.series_code),
            }
            for criterion in criteria
        ],
        "figures": {
            code: {
                series: {"value": _text(figure.value), "status": figure.status, "note": figure.note}
                for series, figure in row.items()
            }
            for code, row in figures.by_territory.items()
        },
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


def _store_lines(run: AllocationRun, allocation: Allocation, territories: Sequence[Territory]) -> None:
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
            amount=line.amount,
        )
        for line in allocation.lines
    )
