"""The part of a campaign file that funding owns: envelopes, criteria, what each may finance."""

from __future__ import annotations

from contracts.campaign_spec import CampaignSpec, EnvelopeSpec
from contracts.models import Campaign
from funding.models import Envelope, EnvelopeCriterion, OwnObjectiveEnvelope


def apply_envelopes(campaign: Campaign, spec: CampaignSpec) -> None:
    """Make the envelopes of `campaign` those of `spec` (annexe 4; rules F1 to F4, O3, O4).

    Called inside the transaction of `contracts.actions.campaigns`, after the objectives are written. Rows are
    created, updated or, when the file no longer names them, deleted; the database protects an envelope that a
    run, a notified amount or a financing uses, and the caller refuses to change a campaign in use.
    """
    objectives = dict(campaign.objectives.values_list("number", "pk"))
    envelopes: dict[str, Envelope] = {}
    for position, envelope_spec in enumerate(spec.envelopes, start=1):
        envelope = _apply_envelope(campaign, envelope_spec, position)
        envelope.objectives.set(
            [objectives[each.number] for each in spec.objectives if envelope.code in each.envelopes]
        )
        envelopes[envelope.code] = envelope
    _apply_own_objective(campaign, spec, envelopes)
    campaign.envelopes.exclude(code__in=envelopes).delete()


def _apply_envelope(campaign: Campaign, spec: EnvelopeSpec, position: int) -> Envelope:
    envelope, _ = Envelope.objects.update_or_create(
        campaign=campaign,
        code=spec.code,
        defaults={
            "label": spec.label,
            "legal_label": spec.legal_label,
            "plan_label": spec.plan_label,
            "amount": spec.amount,
            "rounding_unit": spec.rounding_unit,
            "floor": spec.floor,
            "ceiling": spec.ceiling,
            "payer": spec.payer,
            "paid_to": spec.paid_to,
            "budget_line": spec.budget_line,
            "position": position,
        },
    )
    for rank, criterion in enumerate(spec.criteria, start=1):
        EnvelopeCriterion.objects.update_or_create(
            envelope=envelope,
            series_code=criterion.series,
            defaults={
                "label": criterion.label,
                "weight": criterion.weight,
                "source": criterion.source,
                "position": rank,
            },
        )
    envelope.criteria.exclude(series_code__in=[each.series for each in spec.criteria]).delete()
    return envelope


def _apply_own_objective(campaign: Campaign, spec: CampaignSpec, envelopes: dict[str, Envelope]) -> None:
    if spec.own_objective is None:
        OwnObjectiveEnvelope.objects.filter(campaign=campaign).delete()
        return
    OwnObjectiveEnvelope.objects.update_or_create(
        campaign=campaign, defaults={"envelope": envelopes[spec.own_objective.envelope]}
    )
