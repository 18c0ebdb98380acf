"""The tableau de bord of one contract (annexe 5.2) as plain frozen data, for the page and for the PDF.

Source: circulaire 2020/34, annexe 5.2; rules I1 (harmonised rows and local ones), I2 (reference value,
targets, levels), I3 (shares computed), I4 (two sources side by side, and their gap), I5 (half-yearly rows),
I6 (rows without target), I8 (national targets).

How to read it::

    Dashboard                       .columns: 1 reference year, then the targets, then the levels
      .commitments: CommitmentPart  .heading "Engagement 1 : …", as annexe 5.2 writes it
        .sections: Section          the rows of the commitment itself (delays, I6): no objective
        .measures: MeasurePart      .title, first column of annexe 5.2
          .sections: Section        one objective of the contract: .title, .national_targets
            .rows: Row              .label .unit .source .level .kind .cells (one a column, same order)
              .cells: Cell          .text is what to print; .state and .reason say why; .warning what to check

Every text is ready to print: a template computes nothing. What we chose where the text is silent: the rows of
one twin group stand together, in the order of the file, followed by a row "Écart" (kind `gap`); the years are
those of the campaign's period; a figure that annexe 5.2 prints under two objectives is typed under one of
them (`Indicator.same_as`), or under the other when the contract lacks the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet

from cdppe.lib.french_words import joined
from contracts.models import Campaign, Commitment, Contract, ContractObjective
from indicators.figures import (
    NOT_STATED,
    Figure,
    Known,
    NotStated,
    Unavailable,
    format_number,
    format_percent,
    format_signed,
)
from indicators.formulas import Gap, NotComputable, Share, gap, part_warning, share
from indicators.models import Indicator, IndicatorKind, IndicatorValue, NationalTarget, Periodicity, ValueKind

TYPED_KINDS = frozenset({IndicatorKind.COUNT, IndicatorKind.DURATION})
"""The kinds of rows whose boxes people fill; the other kinds are computed or hold nothing."""

OBJECTIVE_KEY = "objectif"
COMMITMENT_KEY = "engagement"


@dataclass(frozen=True)
class Column:
    """One column of annexe 5.2: the reference year, a year's target or a year's level reached."""

    kind: str
    year: int

    @property
    def key(self) -> str:
        return f"{self.kind}-{self.year}"

    @property
    def label(self) -> str:
        """ "Référence 2019", "Cible 2021", "Niveau atteint 2021"."""
        return f"{COLUMN_WORDS[self.kind]} {self.year}"


COLUMN_WORDS: dict[str, str] = {
    ValueKind.REFERENCE: "Référence",
    ValueKind.TARGET: "Cible",
    ValueKind.LEVEL: "Niveau atteint",
    ValueKind.FIRST_HALF: "1er semestre",
    ValueKind.SECOND_HALF: "2e semestre",
}


COLUMN_PLURALS: dict[str, str] = {
    ValueKind.TARGET: "Cibles",
    ValueKind.LEVEL: "Niveaux atteints",
    ValueKind.FIRST_HALF: "1ers semestres",
    ValueKind.SECOND_HALF: "2es semestres",
}

EXPECTED_KINDS = (ValueKind.REFERENCE, ValueKind.TARGET)
"""What is filled before the signature (rule I2); the levels come year after year."""


def _told_columns(columns: Sequence[Column]) -> str:
    """Several columns in few words: "Référence 2019, cibles 2020, 2021 et 2022"."""
    years: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        years[column.kind].append(str(column.year))
    told = [
        f"{COLUMN_PLURALS[kind] if len(those) > 1 else COLUMN_WORDS[kind]} {joined(those)}"
        for kind, those in years.items()
    ]
    return ", ".join([told[0], *(each[0].lower() + each[1:] for each in told[1:])])


class CellState(StrEnum):
    """What a cell holds; only VALUE is a figure."""

    VALUE = "value"
    EMPTY = "empty"
    UNAVAILABLE = "unavailable"
    NOT_COMPUTABLE = "not-computable"
    NO_TARGET = "no-target"
    BLANK = "blank"


@dataclass(frozen=True)
class Cell:
    """One cell as it is printed.

    `text` is the figure ("1 234", "12,3 %", "−12 (−8,3 %)") or the words that stand for it ("non disponible",
    "non calculable", "sans cible", "" when nobody has filled it or under a heading). `reason` says why there
    is no figure, `warning` what to check in the one that is there. `figure` is what was stored.
    """

    column: Column
    state: CellState
    text: str = ""
    reason: str = ""
    warning: str = ""
    figure: Figure = NOT_STATED


@dataclass(frozen=True)
class Row:
    """One row: `kind` is an IndicatorKind or "gap"; `level` is 1 for a "dont", 0 otherwise.

    `indicator_id` is None for a gap. `halves` are the half-years of a row that is also returned so (rule I5),
    in the order of `Dashboard.half_years`; none elsewhere. `source` is the source as annexe 5.2 names it,
    `national_target` the figure that the nation aims at for this very row ("20 % en 2022"), else "".
    `repeats` says where the row's figures come from when they are typed under another objective ("repris de
    l’objectif 1"), else "".
    """

    indicator_id: int | None
    kind: str
    label: str
    cells: tuple[Cell, ...]
    short_label: str = ""
    unit: str = ""
    source: str = ""
    level: int = 0
    halves: tuple[Cell, ...] = ()
    has_target: bool = True
    is_half_yearly: bool = False
    is_local: bool = False
    is_twin: bool = False
    repeats: str = ""
    national_target: str = ""
    note: str = ""

    @property
    def is_typed(self) -> bool:
        """Whether people fill its cells here."""
        return self.kind in TYPED_KINDS and not self.repeats

    @property
    def reference(self) -> Cell:
        return self.cells[0]

    @property
    def missing(self) -> tuple[Column, ...]:
        """The columns that are to be filled before the signature and that nobody has."""
        if not self.is_typed:
            return ()
        return tuple(
            cell.column
            for cell in self.cells
            if cell.state == CellState.EMPTY and cell.column.kind in EXPECTED_KINDS
        )

    @property
    def targets(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.column.kind == ValueKind.TARGET)

    @property
    def levels(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.column.kind == ValueKind.LEVEL)

    @property
    def has_remarks(self) -> bool:
        """Whether something is to be said of the row under it."""
        return bool(self.national_target or self.note or self.is_local or self.reasons or self.warnings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why figures lack, a sentence a reason: "Cibles 2021 et 2022 : non disponible – enquête…"."""
        columns: dict[str, list[Column]] = defaultdict(list)
        for cell in (*self.cells, *self.halves):
            if cell.reason:
                columns[f"{cell.text} – {cell.reason}"].append(cell.column)
        return tuple(f"{_told_columns(those)} : {told}" for told, those in columns.items())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to check in the row, each sentence with its column: "Cible 2021 : Plus de 100 %…"."""
        return tuple(f"{cell.column.label} : {cell.warning}" for cell in self.cells if cell.warning)


@dataclass(frozen=True)
class Section:
    """An objective of the contract with its rows, or the rows of a commitment itself.

    `key` names it in addresses ("objectif-12", "engagement-3"). For a commitment `contract_objective_id` and
    `number` are None. `number` is also None for the territory's own objective (rule O4).
    """

    key: str
    title: str
    rows: tuple[Row, ...]
    contract_objective_id: int | None = None
    number: int | None = None
    is_fundamental: bool = False
    national_targets: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """ "Objectif 3 – …", or the title alone."""
        return f"Objectif {self.number} – {self.title}" if self.number is not None else self.title

    @property
    def has_typed_rows(self) -> bool:
        return any(row.is_typed for row in self.rows)

    @property
    def half_yearly_rows(self) -> tuple[Row, ...]:
        """The rows that are also returned by half-year (rule I5), wherever their figures are typed."""
        return tuple(row for row in self.rows if row.halves)

    @property
    def incomplete_rows(self) -> tuple[Row, ...]:
        """The rows of which a reference value or a target is missing."""
        return tuple(row for row in self.rows if row.missing)


@dataclass(frozen=True)
class MeasurePart:
    """The objectives of the contract under one measure."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class CommitmentPart:
    """One commitment: its own rows, if it has some, then its measures."""

    key: str
    heading: str
    sections: tuple[Section, ...]
    measures: tuple[MeasurePart, ...]


@dataclass(frozen=True)
class Dashboard:
    """The whole tableau de bord; `filled`, `unavailable` and `expected` count the cells that people fill.

    `columns` are those of annexe 5.2, `half_years` those of the rows that are also returned by half-year.
    """

    reference_year: int
    years: tuple[int, ...]
    columns: tuple[Column, ...]
    half_years: tuple[Column, ...]
    commitments: tuple[CommitmentPart, ...]
    expected: int
    filled: int
    unavailable: int

    @property
    def sections(self) -> tuple[Section, ...]:
        """Every section in the order of the page."""
        return tuple(
            section
            for commitment in self.commitments
            for section in (*commitment.sections, *(s for m in commitment.measures for s in m.sections))
        )

    @property
    def missing_count(self) -> int:
        """How many reference values and targets nobody has filled."""
        return sum(len(row.missing) for section in self.sections for row in section.rows)

    @property
    def incomplete_sections(self) -> tuple[Section, ...]:
        return tuple(section for section in self.sections if section.incomplete_rows)

    def section(self, key: str) -> Section | None:
        return next((section for section in self.sections if section.key == key), None)


def columns_of(campaign: Campaign) -> tuple[Column, ...]:
    """The columns of the campaign's tableau de bord: reference year, targets, levels (rule I2)."""
    return (
        Column(ValueKind.REFERENCE, campaign.reference_year),
        *(Column(ValueKind.TARGET, year) for year in campaign.years),
        *(Column(ValueKind.LEVEL, year) for year in campaign.years),
    )


def half_year_columns_of(campaign: Campaign) -> tuple[Column, ...]:
    """The half-years of the campaign's period, in the order of time (rule I5)."""
    return tuple(
        Column(half, year)
        for year in campaign.years
        for half in (ValueKind.FIRST_HALF, ValueKind.SECOND_HALF)
    )


def indicators_of(contract: Contract) -> QuerySet[Indicator]:
    """The rows of the contract's tableau de bord, in order: the harmonised ones of its objectives and of the
    commitments, then its own."""
    return (
        Indicator.objects.filter(campaign=contract.campaign_id)
        .filter(
            Q(contract=contract)
            | Q(contract__isnull=True, commitment__isnull=False)
            | Q(contract__isnull=True, objective__in=contract.objectives.values("objective"))
        )
        .select_related("same_as__objective")
        .order_by("position", "pk")
    )


def repeated_rows(indicators: Iterable[Indicator]) -> dict[int, int]:
    """{row: the row whose figures it shows} among the rows of one contract.

    A row whose first printing is under an objective that the contract lacks is not there: it is typed itself.
    """
    rows = list(indicators)
    present = {each.pk for each in rows}
    return {each.pk: each.same_as_id for each in rows if each.same_as_id in present and each.same_as_id}


def build_dashboard(contract: Contract) -> Dashboard:
    """The tableau de bord of `contract` as it is stored now, in five queries whatever its size.

    Only the objectives that the contract carries, in the catalogue's order, and the rows that the campaign
    gives to a commitment itself; the territory's own objective comes last.
    """
    columns = columns_of(contract.campaign)
    half_years = half_year_columns_of(contract.campaign)
    table = _Table(
        columns, half_years, list(indicators_of(contract)), _figures(contract), _row_targets(contract)
    )
    objectives = list(contract.objectives.in_order())
    commitments = list(contract.campaign.commitments.order_by("position"))
    parts = [
        part
        for commitment in commitments
        if (part := _commitment_part(commitment, objectives, table)) is not None
    ]
    own = tuple(table.objective_section(each) for each in objectives if each.objective is None)
    if own:
        heading = "Objectif propre au territoire"
        parts.append(CommitmentPart("propre", heading, (), (MeasurePart(heading, own),)))
    cells = table.typed_cells()
    return Dashboard(
        reference_year=contract.campaign.reference_year,
        years=tuple(contract.campaign.years),
        columns=columns,
        half_years=half_years,
        commitments=tuple(parts),
        expected=len(cells),
        filled=sum(cell.state == CellState.VALUE for cell in cells),
        unavailable=sum(cell.state == CellState.UNAVAILABLE for cell in cells),
    )


def _figures(contract: Contract) -> dict[tuple[int, str], Figure]:
    """{(indicator, column key): figure} of what is stored for the contract."""
    return {
        (value.indicator_id, Column(value.kind, value.year).key): figure_of(value)
        for value in IndicatorValue.objects.filter(contract=contract)
    }


def figure_of(value: IndicatorValue) -> Figure:
    """The stored cell as a figure: known, or not available with its reason."""
    return Known(value.value) if value.value is not None else Unavailable(value.unavailable_reason)


def _row_targets(contract: Contract) -> list[NationalTarget]:
    return list(
        NationalTarget.objects.filter(campaign=contract.campaign_id)
        .select_related("indicator")
        .order_by("position", "pk")
    )


def _commitment_part(
    commitment: Commitment, objectives: Sequence[ContractObjective], table: _Table
) -> CommitmentPart | None:
    """The commitment with what the contract has of it; None when it has nothing."""
    by_measure: dict[int, list[ContractObjective]] = defaultdict(list)
    for each in objectives:
        if each.objective is not None and each.objective.measure.commitment_id == commitment.pk:
            by_measure[each.objective.measure_id].append(each)
    measures = tuple(
        MeasurePart(group[0].objective.measure.title, tuple(table.objective_section(each) for each in group))
        for group in by_measure.values()
        if group[0].objective is not None
    )
    own_rows = table.rows_of(commitment_id=commitment.pk)
    sections = (
        (
            Section(
                key=f"{COMMITMENT_KEY}-{commitment.pk}", title="Indicateurs de l’engagement", rows=own_rows
            ),
        )
        if own_rows
        else ()
    )
    if not measures and not sections:
        return None
    return CommitmentPart(f"{COMMITMENT_KEY}-{commitment.pk}", commitment.dashboard_label, sections, measures)


class _Table:
    """The rows of one contract, their figures found by indicator and column."""

    def __init__(
        self,
        columns: tuple[Column, ...],
        half_years: tuple[Column, ...],
        indicators: list[Indicator],
        figures: Mapping[tuple[int, str], Figure],
        targets: list[NationalTarget],
    ) -> None:
        self.columns = columns
        self.half_years = half_years
        self.figures = figures
        self.targets = targets
        self.indicators = indicators
        self.repeated = repeated_rows(indicators)
        self.headings = {each.pk for each in indicators if each.kind == IndicatorKind.HEADING}
        self._target_texts = {
            target.indicator_id: _target_figure(target) for target in targets if target.indicator is not None
        }

    def objective_section(self, each: ContractObjective) -> Section:
        objective = each.objective
        rows = self.rows_of(
            objective_id=objective.pk if objective is not None else None, contract_objective_id=each.pk
        )
        return Section(
            key=f"{OBJECTIVE_KEY}-{each.pk}",
            title=objective.dashboard_title if objective is not None else each.own_title,
            rows=rows,
            contract_objective_id=each.pk,
            number=objective.number if objective is not None else None,
            is_fundamental=each.is_fundamental,
            national_targets=tuple(
                target.text
                for target in self.targets
                if objective is not None and target.objective_id == objective.pk
            ),
        )

    def rows_of(
        self,
        *,
        objective_id: int | None = None,
        contract_objective_id: int | None = None,
        commitment_id: int | None = None,
    ) -> tuple[Row, ...]:
        """The rows of one objective (harmonised, then local) or of one commitment, twins together."""
        mine = [
            each
            for each in self.indicators
            if (each.contract_id is None and objective_id is not None and each.objective_id == objective_id)
            or (contract_objective_id is not None and each.contract_objective_id == contract_objective_id)
            or (
                each.contract_id is None and commitment_id is not None and each.commitment_id == commitment_id
            )
        ]
        mine.sort(key=lambda each: (each.contract_id is not None, each.position, each.pk))
        rows: list[Row] = []
        for group in _with_twins_together(mine):
            rows.extend(self._row(indicator) for indicator in group)
            rows.extend(self._gap_row(group[0], other) for other in group[1:])
        return tuple(rows)

    def typed_cells(self) -> list[Cell]:
        """The cells that people fill: those of counts and delays, without the targets of rows without.

        A figure that is printed twice counts once.
        """
        return [
            cell
            for indicator in self.indicators
            if indicator.kind in TYPED_KINDS and indicator.pk not in self.repeated
            for cell in self._cells(indicator)
            if cell.state != CellState.NO_TARGET
        ]

    def _row(self, indicator: Indicator) -> Row:
        return Row(
            indicator_id=indicator.pk,
            kind=indicator.kind,
            # The annex writes a dash before a "dont"; here the level says it.
            label=indicator.label if indicator.parent_id is None else indicator.label.removeprefix("- "),
            short_label=indicator.short_label or indicator.label,
            unit=indicator.unit,
            source=indicator.source,
            level=0 if indicator.parent_id is None else 1,
            cells=self._cells(indicator),
            halves=self._halves(indicator),
            has_target=indicator.has_target,
            is_half_yearly=indicator.periodicity == Periodicity.HALF_YEARLY,
            is_local=indicator.contract_id is not None,
            is_twin=bool(indicator.twin),
            repeats=_repeats(indicator) if indicator.pk in self.repeated else "",
            national_target=self._target_texts.get(indicator.pk, ""),
            note=indicator.note,
        )

    def _cells(self, indicator: Indicator) -> tuple[Cell, ...]:
        return tuple(self._cell(indicator, column) for column in self.columns)

    def _halves(self, indicator: Indicator) -> tuple[Cell, ...]:
        if indicator.periodicity != Periodicity.HALF_YEARLY:
            return ()
        return tuple(self._cell(indicator, column) for column in self.half_years)

    def _cell(self, indicator: Indicator, column: Column) -> Cell:
        if indicator.kind == IndicatorKind.HEADING:
            return Cell(column, CellState.BLANK)
        if column.kind == ValueKind.TARGET and not indicator.has_target:
            return Cell(column, CellState.NO_TARGET, "sans cible")
        if indicator.kind == IndicatorKind.SHARE:
            return self._share_cell(indicator, column)
        figure = self._figure(indicator.pk, column)
        if isinstance(figure, Unavailable):
            return Cell(column, CellState.UNAVAILABLE, "non disponible", figure.reason, figure=figure)
        if isinstance(figure, NotStated):
            return Cell(column, CellState.EMPTY)
        warning = ""
        if indicator.parent_id is not None and indicator.parent_id not in self.headings:
            warning = part_warning(self._figure(indicator.parent_id, column), figure)
        return Cell(column, CellState.VALUE, format_number(figure.value), warning=warning, figure=figure)

    def _share_cell(self, indicator: Indicator, column: Column) -> Cell:
        result = share(
            self._figure(indicator.numerator_id, column), self._figure(indicator.denominator_id, column)
        )
        if isinstance(result, Share):
            return Cell(column, CellState.VALUE, format_percent(result.fraction), warning=result.warning)
        return _not_computable(column, result)

    def _gap_row(self, first: Indicator, second: Indicator) -> Row:
        return Row(
            indicator_id=None,
            kind=GAP,
            label=f"Écart : {second.source} par rapport à {first.source}",
            short_label="Écart entre les deux sources",
            unit=first.unit,
            level=1,
            cells=tuple(self._gap_cell(first, second, column) for column in self.columns),
            has_target=first.has_target and second.has_target,
            is_twin=True,
        )

    def _gap_cell(self, first: Indicator, second: Indicator, column: Column) -> Cell:
        if column.kind == ValueKind.TARGET and not (first.has_target and second.has_target):
            return Cell(column, CellState.NO_TARGET, "sans cible")
        result = gap(self._figure(first.pk, column), self._figure(second.pk, column))
        if isinstance(result, Gap):
            return Cell(column, CellState.VALUE, _gap_text(result))
        return _not_computable(column, result)

    def _figure(self, indicator_id: int | None, column: Column) -> Figure:
        typed_in = self.repeated.get(indicator_id or 0, indicator_id or 0)
        return self.figures.get((typed_in, column.key), NOT_STATED)


GAP = "gap"


def _repeats(indicator: Indicator) -> str:
    """ "repris de l’objectif 1": where the figures of the row are typed."""
    first = indicator.same_as
    assert first is not None
    assert first.objective is not None
    return f"repris de l’objectif {first.objective.number}"


def _with_twins_together(indicators: Sequence[Indicator]) -> list[list[Indicator]]:
    """The rows in order, each alone or, at the place of its first, with the others of its twin group."""
    groups: list[list[Indicator]] = []
    by_twin: dict[str, list[Indicator]] = {}
    for each in indicators:
        if each.twin and each.twin in by_twin:
            by_twin[each.twin].append(each)
            continue
        group = [each]
        groups.append(group)
        if each.twin:
            by_twin[each.twin] = group
    return groups


def _not_computable(column: Column, result: NotComputable) -> Cell:
    # Of a row that nobody has begun, there is nothing to explain.
    reason = "" if result.is_untouched else result.reason
    return Cell(column, CellState.NOT_COMPUTABLE, "non calculable", reason)


def _gap_text(result: Gap) -> str:
    absolute = format_signed(result.absolute)
    if result.relative is None:
        return absolute
    return f"{absolute} ({format_percent(result.relative, signed=True)})"


def _target_figure(target: NationalTarget) -> str:
    """ "20 % en 2022", "80 % à 90 % en 2022"; "" when the target has no figure."""
    is_share = target.indicator is not None and target.indicator.kind == IndicatorKind.SHARE
    shown = [
        format_percent(bound) if is_share else format_number(bound)
        for bound in (target.minimum, target.maximum)
        if bound is not None
    ]
    return f"{' à '.join(dict.fromkeys(shown))} en {target.year}" if shown else ""
