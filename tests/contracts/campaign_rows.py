"""A campaign as plain rows, so that the same tests read the parsed file and the loaded database.

To add the loaded campaign: write a function that returns `CampaignRows` from the models, and add it to
`READERS` of test_campaign_2020_against_circular.py.
"""

from dataclasses import dataclass
from decimal import Decimal

from contracts.campaign_file import CampaignSpec


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
