"""A campaign as plain rows, so that the same tests read the parsed file and the loaded database."""

from dataclasses import dataclass
from decimal import Decimal

from contracts.campaign_spec import CampaignSpec
from contracts.models import Campaign
from indicators.models import Indicator


@dataclass(frozen=True)
class ObjectiveRow:
    number: int
    title: str
    dashboard_title: str
    plan_title: str
    fundamental: bool
    measure: str
    plan_measure: str
    commitment: str
    envelopes: frozenset[str]
    plan_source: str
    sheet_demands: tuple[str, ...]
    requires_numeric_target: bool
    requires_harmonised_indicator: bool
    forbids_purely_quantitative_target: bool
    action_statements: tuple[str, ...]
    technical_advice: str


@dataclass(frozen=True)
class IndicatorRow:
    code: str
    label: str
    objective: int | None
    source: str
    half_yearly: bool
    kind: str
    numerator: str
    denominator: str
    twin: str
    parent: str
    same_as: str
    has_target: bool


@dataclass(frozen=True)
class CriterionRow:
    label: str
    source: str
    weight: Decimal


@dataclass(frozen=True)
class EnvelopeRow:
    code: str
    amount: Decimal | None
    floor: Decimal | None
    ceiling: Decimal | None
    criteria: tuple[CriterionRow, ...]


@dataclass(frozen=True)
class CampaignRows:
    territories: tuple[str, ...]
    commitments: tuple[tuple[str, str], ...]
    """(« Engagement 1 : … » as annexe 2 heads it, the heading of annexe 5.2)."""
    objectives: tuple[ObjectiveRow, ...]
    indicators: tuple[IndicatorRow, ...]
    steps: tuple[tuple[str, str, int | None], ...]
    """(label, description, days before the date of effect)."""
    envelopes: tuple[EnvelopeRow, ...]
    blocks: tuple[str, ...]
    signatures: tuple[tuple[str, str], ...]
    """(signature block, condition)."""
    blanks: frozenset[str]


def rows_of_spec(spec: CampaignSpec) -> CampaignRows:
    """The rows of a parsed campaign file."""
    measures = {each.code: each for each in spec.measures}
    return CampaignRows(
        territories=spec.territories,
        commitments=tuple(
            (f"{each.label} : {each.title}", each.dashboard_label) for each in spec.commitments
        ),
        objectives=tuple(
            ObjectiveRow(
                number=each.number,
                title=each.title,
                dashboard_title=each.dashboard_title,
                plan_title=each.plan_title,
                fundamental=each.fundamental,
                measure=measures[each.measure].title,
                plan_measure=measures[each.measure].plan_title,
                commitment=each.commitment,
                envelopes=frozenset(each.envelopes),
                plan_source=each.plan_source,
                sheet_demands=each.sheet_demands,
                requires_numeric_target=each.requires_numeric_target,
                requires_harmonised_indicator=each.requires_harmonised_indicator,
                forbids_purely_quantitative_target=each.forbids_purely_quantitative_target,
                action_statements=each.action_statements,
                technical_advice=each.technical_advice,
            )
            for each in spec.objectives
        ),
        indicators=tuple(
            IndicatorRow(
                code=each.code,
                label=each.label,
                objective=each.objective,
                source=each.source,
                half_yearly=each.periodicity == "half_yearly",
                kind=each.kind,
                numerator=each.numerator,
                denominator=each.denominator,
                twin=each.twin,
                parent=each.parent,
                same_as=each.same_as,
                has_target=each.has_target,
            )
            for each in spec.indicators
        ),
        steps=tuple((each.label, each.description, each.days_before) for each in spec.retroplanning),
        envelopes=tuple(
            EnvelopeRow(
                code=each.code,
                amount=each.amount,
                floor=each.floor,
                ceiling=each.ceiling,
                criteria=tuple(CriterionRow(item.label, item.source, item.weight) for item in each.criteria),
            )
            for each in spec.envelopes
        ),
        blocks=tuple(each.text for each in spec.contract_model.blocks),
        signatures=tuple((each.signature_label, each.condition) for each in spec.signatories),
        blanks=frozenset(each.name for each in spec.contract_model.blanks),
    )


def rows_of_campaign(campaign: Campaign) -> CampaignRows:
    """The rows of a campaign as the database holds it."""
    model = campaign.contract_model
    return CampaignRows(
        territories=tuple(campaign.territories.order_by("code").values_list("code", flat=True)),
        commitments=tuple((str(each), each.dashboard_label) for each in campaign.commitments.all()),
        objectives=tuple(
            ObjectiveRow(
                number=each.number,
                title=each.title,
                dashboard_title=each.dashboard_title,
                plan_title=each.plan_title,
                fundamental=each.is_fundamental,
                measure=each.measure.title,
                plan_measure=each.measure.plan_title,
                commitment=each.measure.commitment.code,
                envelopes=frozenset(each.envelopes.values_list("code", flat=True)),
                plan_source=each.plan_source,
                sheet_demands=tuple(each.sheet_demands),
                requires_numeric_target=each.requires_numeric_target,
                requires_harmonised_indicator=each.requires_harmonised_indicator,
                forbids_purely_quantitative_target=each.forbids_purely_quantitative_target,
                action_statements=tuple(each.action_statements),
                technical_advice=each.technical_advice,
            )
            for each in campaign.objectives.select_related("measure__commitment")
        ),
        indicators=tuple(_indicator_row(each) for each in campaign.indicators.filter(contract__isnull=True)),
        steps=tuple(
            (each.label, each.description, each.days_before) for each in campaign.retroplanning_steps.all()
        ),
        envelopes=tuple(
            EnvelopeRow(
                code=each.code,
                amount=each.amount,
                floor=each.floor,
                ceiling=each.ceiling,
                criteria=tuple(
                    CriterionRow(item.label, item.source, item.weight) for item in each.criteria.all()
                ),
            )
            for each in campaign.envelopes.all()
        ),
        blocks=tuple(each["text"] for each in model.blocks),
        signatures=tuple((each.signature_label, each.condition) for each in campaign.signatories.all()),
        blanks=frozenset(each["name"] for each in model.blanks),
    )


def _indicator_row(row: Indicator) -> IndicatorRow:
    return IndicatorRow(
        code=row.code,
        label=row.label,
        objective=row.objective.number if row.objective else None,
        source=row.source,
        half_yearly=row.periodicity == "half_yearly",
        kind=row.kind,
        numerator=row.numerator.code if row.numerator else "",
        denominator=row.denominator.code if row.denominator else "",
        twin=row.twin,
        parent=row.parent.code if row.parent else "",
        same_as=row.same_as.code if row.same_as else "",
        has_target=row.has_target,
    )
