"""The part of a campaign file that indicators own: harmonised rows and national targets (rules I1, I8)."""

from __future__ import annotations

from contracts.campaign_spec import CampaignSpec, IndicatorSpec
from contracts.models import Campaign, Commitment, Objective
from indicators.models import Indicator, NationalTarget


def apply_indicators(campaign: Campaign, spec: CampaignSpec) -> None:
    """Write the rows of annexe 5.2 and the national targets of `spec` for `campaign`, anew.

    Called by `contracts.actions.campaigns.load_campaign`, inside its transaction, only for a campaign that no
    contract uses: no value can point at the rows that are replaced. The order of the file is kept.
    """
    campaign.national_targets.all().delete()
    campaign.indicators.filter(contract__isnull=True).delete()
    objectives = {objective.number: objective for objective in campaign.objectives.all()}
    commitments = {commitment.code: commitment for commitment in campaign.commitments.all()}

    rows = {
        item.code: _row(campaign, item, position, objectives, commitments)
        for position, item in enumerate(spec.indicators, start=1)
    }
    Indicator.objects.bulk_create(rows[item.code] for item in spec.indicators if item.kind != "share")
    # A share needs its two rows from its first writing (constraint indicator_share_has_its_formula).
    shares = [item for item in spec.indicators if item.kind == "share"]
    for item in shares:
        rows[item.code].numerator = rows[item.numerator]
        rows[item.code].denominator = rows[item.denominator]
    Indicator.objects.bulk_create(rows[item.code] for item in shares)
    linked = [item for item in spec.indicators if item.parent or item.same_as]
    for item in linked:
        rows[item.code].parent = rows.get(item.parent)
        rows[item.code].same_as = rows.get(item.same_as)
    Indicator.objects.bulk_update((rows[item.code] for item in linked), ["parent", "same_as"])

    NationalTarget.objects.bulk_create(
        NationalTarget(
            campaign=campaign,
            objective=objectives[item.objective],
            indicator=rows[item.indicator] if item.indicator else None,
            year=item.year,
            text=item.text,
            minimum=item.minimum,
            maximum=item.maximum,
            position=position,
        )
        for position, item in enumerate(spec.national_targets, start=1)
    )


def _row(
    campaign: Campaign,
    item: IndicatorSpec,
    position: int,
    objectives: dict[int, Objective],
    commitments: dict[str, Commitment],
) -> Indicator:
    return Indicator(
        campaign=campaign,
        objective=objectives[item.objective] if item.objective is not None else None,
        commitment=commitments[item.commitment] if item.commitment else None,
        code=item.code,
        label=item.label,
        short_label=item.short_label,
        unit=item.unit,
        kind=item.kind,
        source=item.source,
        periodicity=item.periodicity,
        twin=item.twin,
        has_target=item.has_target,
        note=item.note,
        position=position,
    )
