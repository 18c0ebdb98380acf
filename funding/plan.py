"""The action plan (annexe 5.3; rule A3), built from a contract's sheets and their financing.

`build_plan(contract)` answers an `ActionPlan`: plain frozen data, for the page and for the PDF's annex alike.
Nothing is left to compute: templates only lay it out. Amounts are euros (`Decimal`); `None` is "nobody stated
it" (or "not notified"), shown as such, never as zero.

The figures follow from the sheets that are not archived:

- *totals* by objective, source and year (`PlanObjective.sources`, `ActionPlan.sources`);
- what was notified for each envelope and year beside what the sheets plan (`ActionPlan.envelopes`; rule M1);
- the department's share beside the State's, by objective (`PlanObjective.share`; rule M2).

Annexe 5.3 has one column for each year: we put there what the action plans to spend that year, all sources
together, since a sheet's calendar is free text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from django.db.models import Sum

from contracts.models import ActionSheet, Contract, ContractObjective
from funding.balance import DepartmentShare, EnvelopeYear, stated_sum
from funding.models import (
    ActionFinancing,
    Contributor,
    Envelope,
    FigureStatus,
    NotifiedAmount,
    OwnObjectiveEnvelope,
)

OWN_OBJECTIVES_TITLE = "Objectif propre au territoire"

SourceKey = int | str
"""An envelope's primary key, or the contributor's code for those who pay from none."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who pays: an envelope of the State, the department or others.

    `label` is the full name, `plan_label` the short one of annexe 5.3.
    """

    key: SourceKey
    label: str
    plan_label: str
    is_state: bool


@dataclass(frozen=True, slots=True)
class SourceAmounts:
    """One source's money in euros: `amounts` runs parallel to the plan's years."""

    source: Source
    amounts: tuple[Decimal | None, ...]
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class Money:
    """Money in euros by kind of payer, each None when nobody stated an amount."""

    department: Decimal | None
    state: Decimal | None
    other: Decimal | None
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class PlanAction:
    """One action: its sheet's number and title, its partners, its money.

    `amounts` runs parallel to the plan's years, all sources together.
    """

    number: int
    title: str
    partners: str
    calendar: str
    amounts: tuple[Decimal | None, ...]
    money: Money


@dataclass(frozen=True, slots=True)
class PlanObjective:
    """One objective of the contract with its actions, in the order that people gave them.

    `number` is None for a territory's own objective. `title` is annexe 5.3's wording, `label` the catalogue's
    with its number. `state_source` is what the annex prints in its last column; `sources` holds only the
    sources that have an amount; `amounts` runs parallel to the plan's years.
    """

    contract_objective_id: int
    number: int | None
    title: str
    label: str
    short_label: str
    is_fundamental: bool
    state_source: str
    actions: tuple[PlanAction, ...]
    money: Money
    amounts: tuple[Decimal | None, ...]
    sources: tuple[SourceAmounts, ...]
    share: DepartmentShare

    @property
    def row_count(self) -> int:
        """Rows of the table that the objective takes: one for each action, at least one."""
        return max(1, len(self.actions))


@dataclass(frozen=True, slots=True)
class PlanMeasure:
    """The objectives of one *mesure*."""

    title: str
    objectives: tuple[PlanObjective, ...]

    @property
    def row_count(self) -> int:
        return sum(objective.row_count for objective in self.objectives)


@dataclass(frozen=True, slots=True)
class PlanCommitment:
    """The measures of one *engagement*; the last one gathers the territory's own objectives."""

    title: str
    measures: tuple[PlanMeasure, ...]
    money: Money


@dataclass(frozen=True, slots=True)
class EnvelopeBalance:
    """One envelope: a line for each year of the contract (rule M1)."""

    envelope_id: int
    code: str
    label: str
    plan_label: str
    years: tuple[EnvelopeYear, ...]

    @property
    def stated_years(self) -> tuple[EnvelopeYear, ...]:
        """The years in which something was notified or is planned; the first one when there is none."""
        stated = [each for each in self.years if each.notified is not None or each.planned is not None]
        return tuple(stated) or self.years[:1]

    @property
    def silent_years(self) -> tuple[int, ...]:
        """The years in which nothing was notified and nothing is planned yet."""
        shown = self.stated_years
        return tuple(each.year for each in self.years if each not in shown)

    @property
    def is_exceeded(self) -> bool:
        return any(line.is_exceeded for line in self.years)


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """The whole plan of a contract.

    `years` are the contract's, and any other for which a sheet still states an amount: nothing is hidden.
    """

    reference: str
    territory: str
    years: tuple[int, ...]
    commitments: tuple[PlanCommitment, ...]
    money: Money
    amounts: tuple[Decimal | None, ...]
    sources: tuple[SourceAmounts, ...]
    envelopes: tuple[EnvelopeBalance, ...]
    action_count: int

    @property
    def objectives(self) -> tuple[PlanObjective, ...]:
        """Every objective in the catalogue's order, the territory's own at the end."""
        return tuple(
            objective
            for commitment in self.commitments
            for measure in commitment.measures
            for objective in measure.objectives
        )

    @property
    def has_notified(self) -> bool:
        """Whether some amount is notified, of any envelope and year."""
        return any(line.notified is not None for each in self.envelopes for line in each.years)

    @property
    def has_doubtful(self) -> bool:
        """Whether some notified amount was computed from figures that are not all official."""
        return any(line.is_doubtful for each in self.envelopes for line in each.years)

    @property
    def exceeded_envelopes(self) -> tuple[EnvelopeBalance, ...]:
        """The envelopes of which the plan exceeds what was notified in some year (rule M1)."""
        return tuple(each for each in self.envelopes if each.is_exceeded)

    @property
    def short_objectives(self) -> tuple[PlanObjective, ...]:
        """The objectives for which the department's share is lower than the State's, or not stated (M2)."""
        return tuple(each for each in self.objectives if each.share.is_short or each.share.is_not_stated)


# {year: {source key: euros}}, of an action, an objective or a contract.
Amounts = Mapping[int, Mapping[SourceKey, Decimal]]


def build_plan(contract: Contract) -> ActionPlan:
    """The action plan of `contract` (given with its campaign and territory): as many queries at any size."""
    envelopes = list(contract.campaign.envelopes.all())
    sources = sources_of(envelopes)
    financings = list(
        ActionFinancing.objects.in_plan()
        .filter(action_sheet__contract=contract)
        .values_list("action_sheet_id", "year", "contributor", "envelope_id", "amount")
    )
    years = tuple(sorted({*contract.years, *(year for _, year, *_ in financings)}))
    by_sheet: dict[int, dict[int, dict[SourceKey, Decimal]]] = defaultdict(lambda: defaultdict(dict))
    for sheet_id, year, contributor, envelope_id, amount in financings:
        by_sheet[sheet_id][year][envelope_id or contributor] = amount

    sheets: dict[int, list[ActionSheet]] = defaultdict(list)
    for sheet in contract.action_sheets.in_plan().order_by("position"):
        sheets[sheet.contract_objective_id].append(sheet)

    built = [
        (each, _objective(each, sheets[each.pk], by_sheet, years, sources, state_source))
        for each, state_source in _objectives_with_source(contract, envelopes)
    ]
    everything = _merged(by_sheet.values())
    return ActionPlan(
        reference=contract.reference,
        territory=contract.territory.name,
        years=years,
        commitments=_commitments(built),
        money=_money(everything),
        amounts=_by_year(everything, years),
        sources=_by_source(everything, years, sources, all_sources=True),
        envelopes=_balances(contract, envelopes, everything, years),
        action_count=sum(len(each) for each in sheets.values()),
    )


def envelope_balances(contract: Contract, *, leaving_out: ActionSheet | None = None) -> list[EnvelopeBalance]:
    """What was notified and what the sheets plan, by envelope and year (rule M1).

    leaving_out: a sheet whose money is not counted, because the page being typed replaces it.
    """
    envelopes = list(contract.campaign.envelopes.all())
    rows = ActionFinancing.objects.in_plan().filter(action_sheet__contract=contract, envelope__isnull=False)
    if leaving_out is not None:
        rows = rows.exclude(action_sheet=leaving_out)
    planned: dict[int, dict[SourceKey, Decimal]] = defaultdict(dict)
    for year, envelope_id, amount in (
        rows.order_by().values_list("year", "envelope_id").annotate(Sum("amount"))
    ):
        planned[year][envelope_id or 0] = amount
    return list(_balances(contract, envelopes, planned, tuple(contract.years)))


def objective_money(
    contract_objective: ContractObjective, *, leaving_out: ActionSheet | None = None
) -> Money:
    """The money that the sheets of one objective state, in euros, all years together (rule M2)."""
    rows = ActionFinancing.objects.in_plan().filter(action_sheet__contract_objective=contract_objective)
    if leaving_out is not None:
        rows = rows.exclude(action_sheet=leaving_out)
    sums = dict(rows.order_by().values_list("contributor").annotate(Sum("amount")))
    state, department, other = (
        sums.get(each) for each in (Contributor.STATE, Contributor.DEPARTMENT, Contributor.OTHER)
    )
    return Money(department, state, other, stated_sum((department, state, other)))


def sources_of(envelopes: Iterable[Envelope]) -> tuple[Source, ...]:
    """Every source of a campaign, in the order in which pages show them."""
    return (
        *(Source(each.pk, each.label, each.plan_label, is_state=True) for each in envelopes),
        Source(Contributor.DEPARTMENT.value, "Département", "Département", is_state=False),
        Source(Contributor.OTHER.value, "Autres financeurs", "Autres", is_state=False),
    )


def _objectives_with_source(
    contract: Contract, envelopes: Sequence[Envelope]
) -> list[tuple[ContractObjective, str]]:
    """The contract's objectives in order, with what annexe 5.3 prints as the State's source.

    Where the annex leaves the box blank, annexe 4 governs (rule O3): the envelopes that may finance it.
    """
    financed_by: dict[int, list[str]] = defaultdict(list)
    links = Envelope.objectives.through.objects.filter(envelope__in=envelopes).order_by("envelope__position")
    for envelope_label, objective_id in links.values_list("envelope__plan_label", "objective_id"):
        financed_by[objective_id].append(envelope_label)
    own = OwnObjectiveEnvelope.objects.filter(campaign=contract.campaign_id)
    own_label = " / ".join(own.values_list("envelope__plan_label", flat=True))
    return [
        (
            each,
            own_label
            if each.objective is None
            else each.objective.plan_source or " / ".join(financed_by[each.objective.pk]),
        )
        for each in contract.objectives.in_order()
    ]


def _objective(
    contract_objective: ContractObjective,
    sheets: Sequence[ActionSheet],
    by_sheet: Mapping[int, Amounts],
    years: Sequence[int],
    sources: Sequence[Source],
    state_source: str,
) -> PlanObjective:
    objective = contract_objective.objective
    amounts = _merged(by_sheet.get(sheet.pk, {}) for sheet in sheets)
    money = _money(amounts)
    return PlanObjective(
        contract_objective_id=contract_objective.pk,
        number=objective.number if objective is not None else None,
        title=objective.plan_title or objective.title
        if objective is not None
        else contract_objective.own_title,
        label=contract_objective.label,
        short_label=contract_objective.short_label,
        is_fundamental=contract_objective.is_fundamental,
        state_source=state_source,
        actions=tuple(_action(sheet, by_sheet.get(sheet.pk, {}), years) for sheet in sheets),
        money=money,
        amounts=_by_year(amounts, years),
        sources=_by_source(amounts, years, sources),
        share=DepartmentShare(money.department, money.state),
    )


def _action(sheet: ActionSheet, amounts: Amounts, years: Sequence[int]) -> PlanAction:
    return PlanAction(
        number=sheet.number,
        title=sheet.title,
        partners=sheet.actors,
        calendar=sheet.calendar,
        amounts=_by_year(amounts, years),
        money=_money(amounts),
    )


def _commitments(built: Sequence[tuple[ContractObjective, PlanObjective]]) -> tuple[PlanCommitment, ...]:
    """The objectives, which come in the catalogue's order, under their commitment and measure."""
    commitments = []
    for title, members in groupby(built, key=lambda pair: _commitment_title(pair[0])):
        measures = tuple(
            PlanMeasure(measure_title, tuple(plan_objective for _, plan_objective in group))
            for measure_title, group in groupby(list(members), key=lambda pair: _measure_title(pair[0]))
        )
        parts = [objective.money for measure in measures for objective in measure.objectives]
        commitments.append(PlanCommitment(title, measures, _added(parts)))
    return tuple(commitments)


def _commitment_title(contract_objective: ContractObjective) -> str:
    objective = contract_objective.objective
    return OWN_OBJECTIVES_TITLE if objective is None else str(objective.measure.commitment)


def _measure_title(contract_objective: ContractObjective) -> str:
    objective = contract_objective.objective
    return "" if objective is None else objective.measure.plan_title or objective.measure.title


def _balances(
    contract: Contract, envelopes: Sequence[Envelope], planned: Amounts, years: Sequence[int]
) -> tuple[EnvelopeBalance, ...]:
    stated = NotifiedAmount.objects.filter(
        territory=contract.territory_id, envelope__in=envelopes
    ).values_list("envelope_id", "year", "amount", "run__weakest_status")
    notified = {(envelope_id, year): amount for envelope_id, year, amount, _ in stated}
    # What a document notified comes from no run: nothing is known against its figures.
    doubtful = {
        (envelope_id, year)
        for envelope_id, year, _, status in stated
        if status not in (None, FigureStatus.OFFICIAL)
    }
    return tuple(
        EnvelopeBalance(
            envelope_id=envelope.pk,
            code=envelope.code,
            label=envelope.label,
            plan_label=envelope.plan_label,
            years=tuple(
                EnvelopeYear(
                    year=year,
                    notified=notified.get((envelope.pk, year)),
                    planned_elsewhere=planned.get(year, {}).get(envelope.pk),
                    is_doubtful=(envelope.pk, year) in doubtful,
                )
                for year in years
            ),
        )
        for envelope in envelopes
    )


def _merged(parts: Iterable[Amounts]) -> dict[int, dict[SourceKey, Decimal]]:
    """The sums by year and source of several actions."""
    total: dict[int, dict[SourceKey, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for part in parts:
        for year, amounts in part.items():
            for key, amount in amounts.items():
                total[year][key] += amount
    return total


def _by_year(amounts: Amounts, years: Sequence[int]) -> tuple[Decimal | None, ...]:
    return tuple(stated_sum(amounts.get(year, {}).values()) for year in years)


def _by_source(
    amounts: Amounts, years: Sequence[int], sources: Sequence[Source], *, all_sources: bool = False
) -> tuple[SourceAmounts, ...]:
    """A row for each source that has an amount; every source, with `all_sources`."""
    rows = []
    for source in sources:
        cells = tuple(amounts.get(year, {}).get(source.key) for year in years)
        total = stated_sum(cells)
        if total is not None or all_sources:
            rows.append(SourceAmounts(source, cells, total))
    return tuple(rows)


def _money(amounts: Amounts) -> Money:
    department = stated_sum(each.get(Contributor.DEPARTMENT.value) for each in amounts.values())
    other = stated_sum(each.get(Contributor.OTHER.value) for each in amounts.values())
    state = stated_sum(
        amount for each in amounts.values() for key, amount in each.items() if isinstance(key, int)
    )
    return Money(department, state, other, stated_sum((department, state, other)))


def _added(parts: Sequence[Money]) -> Money:
    return Money(
        stated_sum(each.department for each in parts),
        stated_sum(each.state for each in parts),
        stated_sum(each.other for each in parts),
        stated_sum(each.total for each in parts),
    )
