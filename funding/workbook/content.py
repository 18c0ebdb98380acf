"""What the workbook of an allocation holds, read from a stored run or from a plain allocation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils import timezone

from funding.allocation import Allocation, Figure
from funding.criteria import CERTAINTY
from funding.models import AllocationRun, FigureStatus
from funding.modulation import COEFFICIENT, SHARED

COEFFICIENT_TEXT, AMOUNT_TEXT = "coefficient", "montant"


@dataclass(frozen=True, slots=True)
class Column:
    """A criterion: `weight` in per cent, `source` what is known of its figures."""

    label: str
    weight: Figure
    source: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A territory: `figures` and `statuses` run parallel to the columns; the amounts are ours, in euros.

    `amount` is the allocation's; `final` the one after the modulations, where there are some. `asked` is the
    modulation of this territory: kind, value, reason.
    """

    code: str
    name: str
    figures: tuple[Figure, ...]
    bound: str
    amount: Decimal
    statuses: tuple[str, ...] = ()
    remarks: str = ""
    final: Decimal | None = None
    asked: tuple[str, Decimal, str] | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What the workbook holds; `facts` are the lines of « Lisez-moi », rows come sorted by code."""

    title: str
    facts: tuple[tuple[str, str], ...]
    envelope: Decimal
    floor: Decimal
    ceiling: Decimal | None
    unit: Decimal
    factor: Fraction
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_modulated: bool = False
    is_shared_again: bool = False
    second_factor: Fraction = Fraction(0)


def content_of_allocation(allocation: Allocation, *, title: str, names: Mapping[str, str]) -> Content:
    """The content of a plain allocation; `names` is {territory code: name}, where names are known."""
    return Content(
        title=title,
        facts=(("Origine des chiffres", "le fichier donné à la commande"),),
        envelope=allocation.envelope,
        floor=allocation.floor,
        ceiling=allocation.ceiling,
        unit=allocation.unit,
        factor=allocation.factor,
        columns=tuple(Column(each.series, each.weight) for each in allocation.criteria),
        rows=tuple(
            Row(line.code, names.get(line.code, ""), line.figures, line.bound or "", line.amount)
            for line in allocation.lines
        ),
    )


def content_of_run(run: AllocationRun) -> Content:
    """The content of a stored run (with its envelope, campaign and author), from what it stored alone."""
    inputs: dict[str, Any] = run.inputs
    figures: dict[str, dict[str, dict[str, Any]]] = inputs["figures"]
    series = [criterion["series"] for criterion in inputs["criteria"]]
    labels = {criterion["series"]: criterion["label"] for criterion in inputs["criteria"]}
    rows = []
    for line in run.lines.select_related("territory"):
        cells = figures[line.territory.code]
        rows.append(
            Row(
                code=line.territory.code,
                name=line.territory.name,
                figures=tuple(Decimal(cells[each]["value"]) for each in series),
                bound=line.bound,
                amount=line.before,
                final=line.amount,
                asked=_asked(line.modulation),
                statuses=tuple(_status_label(cells[each]["status"]) for each in series),
                remarks=" ".join(
                    f"{labels[each]} : {cells[each]['note']}" for each in series if cells[each]["note"]
                ),
            )
        )
    return Content(
        title=f"Répartition de l’enveloppe {run.envelope.label}, {run.year}",
        facts=_facts(run, (cell["status"] for row in figures.values() for cell in row.values())),
        envelope=Decimal(inputs["amount"]),
        floor=Decimal(inputs["floor"] or 0),
        ceiling=None if inputs["ceiling"] is None else Decimal(inputs["ceiling"]),
        unit=Decimal(inputs["unit"]),
        factor=Fraction(run.factor),
        columns=tuple(
            Column(each["label"], Decimal(each["weight"]), _source(each["edition"]))
            for each in inputs["criteria"]
        ),
        # The order of the allocator, whatever the database's collation: ties go to the lowest code.
        rows=tuple(sorted(rows, key=lambda row: row.code)),
        is_modulated=run.is_modulated,
        is_shared_again=inputs.get("freed_to") == SHARED,
        second_factor=Fraction(run.second_factor or 0),
    )


def _facts(run: AllocationRun, statuses: Iterable[str]) -> tuple[tuple[str, str], ...]:
    author = f" par {run.created_by}" if run.created_by is not None else ""
    counts = Counter(statuses)
    counted = ", ".join(
        f"{counts[status]} {_status_label(status).lower()}" for status in CERTAINTY if counts[status]
    )
    warning: tuple[tuple[str, str], ...] = ()
    if set(counts) - {FigureStatus.OFFICIAL}:
        warning = (
            (
                "Attention",
                "Ces montants ne reposent pas seulement sur des chiffres officiels : une partie des chiffres "
                "sont des estimations ou des substituts. Voir les statuts dans la feuille « Chiffres ».",
            ),
        )
    return (
        ("Campagne", str(run.envelope.campaign)),
        ("Enveloppe", f"{run.envelope.label} ({run.envelope.code})"),
        ("Année", str(run.year)),
        ("Calcul", f"n° {run.pk}, du {timezone.localtime(run.created_at):%d/%m/%Y à %H h %M}{author}"),
        ("Statut des chiffres", counted),
        *warning,
    )


def _source(edition: Mapping[str, str] | None) -> str:
    if edition is None:
        return ""
    parts = [f"{edition['producer']}, {edition['reference_date']}.", edition["source"]]
    if edition["licence"]:
        parts.append(f"Licence : {edition['licence']}.")
    parts.append(edition["note"])
    return " ".join(part for part in parts if part)


def _asked(modulation: Mapping[str, str]) -> tuple[str, Decimal, str] | None:
    """The kind, the value and the reason of a stored modulation; None for none."""
    if not modulation:
        return None
    kind = COEFFICIENT_TEXT if modulation["kind"] == COEFFICIENT else AMOUNT_TEXT
    return kind, Decimal(modulation["value"]), modulation["reason"]


def _status_label(status: str) -> str:
    return str(FigureStatus(status).label)
