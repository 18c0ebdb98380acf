"""Scenarios as they are typed, and what comes out of them (annexe 4; rules F5 to F9).

`read_draft` reads what was typed and keeps it; each wrong cell has a French sentence. `results_of` shares the
envelopes of a draft, and stores nothing. Amounts are euros, weights per cent; an empty amount leaves the
envelope out of the scenario, which is not zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cdppe.accounts.models import Territory
from cdppe.lib.errors import RuleViolation
from cdppe.lib.money import AmountError, format_amount, read_amount
from contracts.models import Campaign
from funding.actions.allocations import (
    AllocationImpossible,
    CriterionTerm,
    Obstacle,
    Shared,
    Terms,
    share,
)
from funding.balance import stated_sum
from funding.bars import bar_length
from funding.criteria import are_official
from funding.models import CriterionSeries, Envelope, Scenario, SeriesEdition
from funding.models.scenario import LONGEST_NAME
from funding.modulation import RESERVE, Modulation
from funding.modulation_summary import ModulationSummary, summary_of_result
from funding.scenario_cells import LONGEST_CELL, Cell, read_cell
from funding.scenario_modulations import (
    DESTINATIONS,
    ModulationRow,
    read_destination,
    read_rows,
    typed_rows,
)

_WEIGHT = re.compile(r"\d{1,3}(?:[.,]\d{1,4})?", re.ASCII)
_WHOLE = Decimal(100)


@dataclass(frozen=True)
class EditionChoice:
    """One edition of a series that may be chosen; the code "" is the one loaded last."""

    code: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class CriterionRow:
    """One criterion of an envelope: its weight and its edition."""

    series: str
    label: str
    weight: Cell
    edition: Cell
    choices: tuple[EditionChoice, ...]
    chosen: SeriesEdition | None


@dataclass(frozen=True)
class EnvelopeBlock:
    """What is typed for one envelope."""

    envelope: Envelope
    amount: Cell
    floor: Cell
    ceiling: Cell
    unit: Cell
    rows: tuple[CriterionRow, ...]
    modulations: tuple[ModulationRow, ...]
    freed: Cell

    @property
    def money(self) -> tuple[Cell, ...]:
        return (self.amount, self.floor, self.ceiling, self.unit)

    @property
    def cells(self) -> tuple[Cell, ...]:
        criteria = (cell for row in self.rows for cell in (row.weight, row.edition))
        modulations = (cell for row in self.modulations for cell in row.cells)
        return (*self.money, *criteria, *modulations, self.freed)

    @property
    def is_stated(self) -> bool:
        """Whether the scenario shares this envelope: an empty amount leaves it out."""
        return bool(self.amount.typed)

    @property
    def terms(self) -> Terms:
        """The terms typed; meaningful once no cell has an error."""
        return Terms(
            amount=self.amount.number,
            floor=self.floor.number,
            ceiling=self.ceiling.number,
            unit=self.unit.number if self.unit.number is not None else Decimal(1),
            criteria=tuple(
                CriterionTerm(row.series, row.label, row.weight.number, row.chosen)
                for row in self.rows
                if row.weight.number
            ),
            modulations=self.stated_modulations,
            freed_to=DESTINATIONS[self.freed.typed],
        )

    @property
    def modulations_id(self) -> str:
        """How the page names the part where the modulations are typed."""
        return f"e{self.envelope.pk}-modulations"

    @property
    def stated_modulations(self) -> tuple[Modulation, ...]:
        """The modulations typed; every row once no cell has an error."""
        found = (row.modulation for row in self.modulations)
        return tuple(each for each in found if each is not None)

    @property
    def texts(self) -> dict[str, str]:
        """{label: what was typed}; the modulations in one line, since two drafts have not as many rows."""
        cells = (*self.money, *(cell for row in self.rows for cell in (row.weight, row.edition)))
        return {cell.label: cell.typed for cell in cells} | {
            f"{self.envelope.label}, modulations": " ; ".join(row.text for row in self.modulations),
            self.freed.label: "nouveau partage" if self.is_shared_again else "réserve",
        }

    @property
    def is_shared_again(self) -> bool:
        """Whether what is freed is shared again."""
        return self.freed.typed != RESERVE

    @property
    def content(self) -> dict[str, Any]:
        """The terms as `Scenario.terms` keeps them."""
        money = zip(("amount", "floor", "ceiling", "unit"), self.money, strict=True)
        return {name: _text(cell.number) for name, cell in money} | {
            "criteria": {
                row.series: {"weight": _text(row.weight.number), "edition": row.edition.typed}
                for row in self.rows
                if row.weight.number is not None
            },
            "freed": self.freed.typed,
        }


@dataclass(frozen=True)
class TerritoryChoice:
    territory: Territory
    is_chosen: bool


@dataclass(frozen=True)
class Draft:
    """A scenario as it is typed."""

    campaign: Campaign
    name: Cell
    year: Cell
    territories: tuple[TerritoryChoice, ...]
    territory_error: str
    blocks: tuple[EnvelopeBlock, ...]

    @property
    def errors(self) -> tuple[Cell, ...]:
        """The cells that could not be read."""
        cells = (self.name, self.year, *(cell for block in self.blocks for cell in block.cells))
        return tuple(cell for cell in cells if cell.error)

    @property
    def is_valid(self) -> bool:
        return not self.errors and not self.territory_error

    @property
    def chosen(self) -> list[Territory]:
        return [choice.territory for choice in self.territories if choice.is_chosen]

    @property
    def terms(self) -> dict[str, Any]:
        """What `Scenario.terms` keeps."""
        return {block.envelope.code: block.content for block in self.blocks}

    @property
    def modulations(self) -> dict[Envelope, tuple[Modulation, ...]]:
        """The modulations of each envelope."""
        return {block.envelope: block.stated_modulations for block in self.blocks}

    @property
    def texts(self) -> dict[str, str]:
        """{label: what was typed} of every box, to compare two drafts."""
        texts = {cell.label: cell.typed for cell in (self.name, self.year)}
        for block in self.blocks:
            texts |= block.texts
        return texts | {"Territoires": ", ".join(territory.code for territory in self.chosen)}


@dataclass(frozen=True)
class EnvelopeResult:
    """An envelope of a scenario, shared, or the reasons why it is not.

    `total` is what the territories have together, `modulation` says what was lowered (None without any).
    """

    envelope: Envelope
    shared: Shared | None
    total: Decimal | None
    floor_count: int
    ceiling_count: int
    sentence: str
    obstacles: tuple[Obstacle, ...]
    is_stated: bool
    modulation: ModulationSummary | None

    @property
    def reserve(self) -> Decimal:
        """What the modulations leave to nobody."""
        return self.modulation.reserve if self.modulation is not None else Decimal(0)


@dataclass(frozen=True)
class ResultShare:
    """What a territory has of one envelope; `bound` is "floor", "ceiling" or "".

    `before` is its amount before the modulations; `is_modulated` tells that one lowers this very amount.
    """

    amount: Decimal | None
    bound: str
    before: Decimal | None = None
    is_modulated: bool = False

    @property
    def bound_label(self) -> str:
        if self.is_modulated:
            return "Modulé"
        return {"floor": "Plancher", "ceiling": "Plafond"}.get(self.bound, "")

    @property
    def gained(self) -> Decimal:
        """What it has of the credits shared again."""
        if self.amount is None or self.before is None or self.is_modulated:
            return Decimal(0)
        return self.amount - self.before


@dataclass(frozen=True)
class ResultRow:
    """One territory; `shares` runs parallel to the envelopes of the result."""

    territory: Territory
    shares: tuple[ResultShare, ...]
    total: Decimal | None
    bar: int


@dataclass(frozen=True)
class ScenarioResult:
    """What comes out of a scenario; nothing of it is stored."""

    envelopes: tuple[EnvelopeResult, ...]
    rows: tuple[ResultRow, ...]
    total: Decimal | None
    is_all_official: bool

    @property
    def is_shared(self) -> bool:
        """Whether at least one envelope could be shared."""
        return any(each.shared is not None for each in self.envelopes)

    @property
    def modulations(self) -> tuple[ModulationSummary, ...]:
        """Those of the envelopes that are modulated."""
        return tuple(each.modulation for each in self.envelopes if each.modulation is not None)


def typed_of_campaign(campaign: Campaign) -> tuple[dict[str, str], list[str]]:
    """The boxes of a new scenario, filled from the campaign's file, and the codes of its territories."""
    typed = {"name": "", "year": str(campaign.year)}
    for envelope in campaign.envelopes.prefetch_related("criteria"):
        money = (envelope.amount, envelope.floor, envelope.ceiling, envelope.rounding_unit)
        for name, number in zip(("amount", "floor", "ceiling", "unit"), money, strict=True):
            typed[f"e{envelope.pk}-{name}"] = "" if number is None else format_amount(number)
        for criterion in envelope.criteria.all():
            typed[f"e{envelope.pk}-weight-{criterion.series_code}"] = _shown(criterion.weight)
    return typed, [territory.code for territory in campaign.territories.all()]


def typed_of_scenario(scenario: Scenario) -> tuple[dict[str, str], list[str]]:
    """The boxes of a stored scenario, and the codes of its territories."""
    typed = {"name": scenario.name, "year": str(scenario.year)}
    for envelope in scenario.campaign.envelopes.all():
        content = scenario.terms.get(envelope.code, {})
        for name in ("amount", "floor", "ceiling", "unit"):
            text = content.get(name, "")
            typed[f"e{envelope.pk}-{name}"] = format_amount(Decimal(text)) if text else ""
        for series, criterion in content.get("criteria", {}).items():
            typed[f"e{envelope.pk}-weight-{series}"] = _shown(Decimal(criterion["weight"]))
            typed[f"e{envelope.pk}-edition-{series}"] = criterion["edition"]
        typed[f"e{envelope.pk}-freed"] = content.get("freed", RESERVE)
    modulations = scenario.modulations.select_related("territory").prefetch_related("territory__departments")
    typed |= typed_rows(modulations)
    return typed, [territory.code for territory in scenario.territories.all()]


def draft_of(scenario: Scenario) -> Draft:
    """The draft of a stored scenario, which always reads."""
    return read_draft(scenario.campaign, *typed_of_scenario(scenario))


def read_draft(
    campaign: Campaign, typed: Mapping[str, str], codes: Collection[str], *, new_row_in: str = ""
) -> Draft:
    """Read every box of a scenario; unknown names and territories are ignored.

    `new_row_in` is the code of the envelope in which one more modulation will be typed.
    """
    labels: dict[str, str] = {}
    envelopes = list(campaign.envelopes.prefetch_related("criteria"))
    for envelope in envelopes:
        for criterion in envelope.criteria.all():
            labels.setdefault(criterion.series_code, criterion.label)
    editions: dict[str, list[SeriesEdition]] = {code: [] for code in labels}
    for edition in SeriesEdition.objects.filter(series__code__in=labels).select_related("series"):
        editions[edition.series.code].append(edition)
    others = CriterionSeries.objects.filter(editions__isnull=False).exclude(code__in=list(labels))
    for series in others.distinct().prefetch_related("editions"):
        labels[series.code] = series.name
        editions[series.code] = list(series.editions.all())
    chosen = set(codes)
    choices = tuple(
        TerritoryChoice(territory, territory.code in chosen)
        for territory in campaign.territories.select_related("region").prefetch_related("departments")
    )
    everybody = [choice.territory for choice in choices]
    return Draft(
        campaign=campaign,
        name=_name(typed),
        year=_year(campaign, typed),
        territories=choices,
        territory_error=""
        if any(each.is_chosen for each in choices)
        else "Choisissez un territoire au moins.",
        blocks=tuple(
            _block(
                envelope,
                labels,
                editions,
                typed,
                modulations=read_rows(
                    envelope, typed, everybody, with_new=bool(new_row_in) and envelope.code == new_row_in
                ),
            )
            for envelope in envelopes
        ),
    )


def results_of(draft: Draft) -> ScenarioResult:
    """Share every envelope of `draft`; the refusal of one does not keep the others from being shared."""
    territories = draft.chosen
    envelopes = tuple(_result(block, territories) for block in draft.blocks)
    lines = [
        {line.code: line for line in each.shared.modulated.lines} if each.shared is not None else {}
        for each in envelopes
    ]
    rows = []
    for territory in territories:
        found = [by_code.get(territory.code) for by_code in lines]
        shares = tuple(
            ResultShare(line.amount, line.bound or "", line.before, line.modulation is not None)
            if line is not None
            else ResultShare(None, "")
            for line in found
        )
        rows.append((territory, shares, stated_sum(each.amount for each in shares)))
    largest = max((total for _, _, total in rows if total is not None), default=Decimal(0))
    return ScenarioResult(
        envelopes=envelopes,
        rows=tuple(
            ResultRow(territory, shares, total, bar_length(total, largest))
            for territory, shares, total in rows
        ),
        total=stated_sum(each.total for each in envelopes),
        is_all_official=are_official(
            each.shared.figures.weakest_status for each in envelopes if each.shared is not None
        ),
    )


def _result(block: EnvelopeBlock, territories: Sequence[Territory]) -> EnvelopeResult:
    sentence, obstacles, shared = "", (), None
    if any(cell.error for cell in block.cells):
        obstacles = tuple(Obstacle(cell.label, cell.error) for cell in block.cells if cell.error)
    elif block.is_stated:
        try:
            shared = share(block.envelope, block.terms, territories)
        except AllocationImpossible as refusal:
            obstacles = refusal.obstacles
        except RuleViolation as refusal:
            sentence = str(refusal)
    bounds = [line.bound for line in shared.modulated.lines] if shared is not None else []
    return EnvelopeResult(
        envelope=block.envelope,
        shared=shared,
        total=shared.modulated.distributed if shared is not None else None,
        floor_count=bounds.count("floor"),
        ceiling_count=bounds.count("ceiling"),
        sentence=sentence,
        obstacles=obstacles,
        is_stated=block.is_stated,
        modulation=None
        if shared is None
        else summary_of_result(block.envelope, shared.modulated, block.floor.number, territories),
    )


def _block(
    envelope: Envelope,
    labels: Mapping[str, str],
    editions: Mapping[str, Sequence[SeriesEdition]],
    typed: Mapping[str, str],
    *,
    modulations: tuple[ModulationRow, ...],
) -> EnvelopeBlock:
    def cell(name: str, label: str, read: Callable[[str], Decimal]) -> Cell:
        full = f"e{envelope.pk}-{name}"
        return read_cell(full, f"{envelope.label}, {label}", typed.get(full, ""), read)

    own = [criterion.series_code for criterion in envelope.criteria.all()]
    rows = []
    for series in [*own, *(code for code in labels if code not in own)]:
        name = f"e{envelope.pk}-edition-{series}"
        wanted = typed.get(name, "")
        edition = next((each for each in editions[series] if each.code == wanted), None)
        error = "" if edition is not None or not wanted else "Cette édition n’existe pas : choisissez-en une."
        rows.append(
            CriterionRow(
                series=series,
                label=labels[series],
                weight=cell(f"weight-{series}", f"poids de « {labels[series]} »", _weight),
                edition=Cell(name, f"{envelope.label}, édition de « {labels[series]} »", wanted, None, error),
                choices=(
                    EditionChoice("", "La plus récente", edition is None),
                    *(
                        EditionChoice(each.code, f"{each.producer}, {each.reference_date}", each == edition)
                        for each in editions[series]
                    ),
                ),
                chosen=edition,
            )
        )
    return EnvelopeBlock(
        envelope=envelope,
        amount=cell("amount", "montant", read_amount),
        floor=cell("floor", "plancher", read_amount),
        ceiling=cell("ceiling", "plafond", read_amount),
        unit=cell("unit", "unité d’arrondi", _unit),
        rows=tuple(rows),
        modulations=modulations,
        freed=read_destination(envelope, typed),
    )


def _weight(text: str) -> Decimal:
    cleaned = text.removesuffix("%").strip()
    if not _WEIGHT.fullmatch(cleaned) or (weight := Decimal(cleaned.replace(",", "."))) > _WHOLE:
        raise AmountError(
            f"« {text} » n’est pas un poids : écrivez un pourcentage de 0 à 100, "
            "avec quatre décimales au plus, par exemple 28,5."
        )
    return weight


def _unit(text: str) -> Decimal:
    unit = read_amount(text)
    if not unit:
        raise AmountError("L’unité d’arrondi est supérieure à zéro, par exemple 1.")
    return unit


def _name(typed: Mapping[str, str]) -> Cell:
    name = " ".join(typed.get("name", "").replace("\x00", "").split())
    error = ""
    if not name:
        error = "Donnez un nom au scénario."
    elif len(name) > LONGEST_NAME:
        error = f"Ce nom est trop long : {LONGEST_NAME} caractères au plus."
    return Cell("name", "Nom du scénario", name, None, error)


def _year(campaign: Campaign, typed: Mapping[str, str]) -> Cell:
    text = typed.get("year", "")
    if text in map(str, campaign.years):
        return Cell("year", "Année", text, Decimal(text))
    return Cell("year", "Année", text[:LONGEST_CELL], None, f"Choisissez une année de {campaign.period}.")


def _text(number: Decimal | None) -> str:
    return "" if number is None else f"{number:f}"


def _shown(weight: Decimal) -> str:
    """28.5000 → "28,5"."""
    whole = weight.to_integral_value()
    return f"{whole:f}" if weight == whole else f"{weight.normalize():f}".replace(".", ",")
