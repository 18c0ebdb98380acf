"""Load a campaign file into the database: whole or not at all (rule C1).

Loading the same content twice changes nothing. A changed file updates a campaign that no contract uses yet;
once one does, the campaign is frozen and the load is refused with the list of what would have changed. Only
the skeletons of the demanded sheets still follow the file then: they help to write, no contract holds them. A
part of the format that did not exist when the campaign was loaded is added to it, and so are the keys that an
earlier version of the program did not know (`COMPLETING_KEYS`): nothing rests on them yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db import transaction
from django.db.models import Model, ProtectedError, RestrictedError
from django.utils import timezone

from cdppe.accounts.models import Territory
from cdppe.lib.errors import RuleViolation
from contracts import registry
from contracts.actions.journal import record_elsewhere
from contracts.campaign_spec import CampaignSpec, diff_specs, without_completions
from contracts.models import (
    Campaign,
    Commitment,
    ContractModel,
    Deadline,
    Measure,
    Objective,
    RetroplanningStep,
    SheetTemplate,
    Signatory,
)


class LoadOutcome(Enum):
    """What a load did to the campaign, in French."""

    CREATED = "créée"
    UPDATED = "mise à jour"
    UNCHANGED = "inchangée"
    COMPLETED = "complétée"


@dataclass(frozen=True)
class LoadReport:
    """What a load did, and the French lines of what it changed."""

    campaign: Campaign
    outcome: LoadOutcome
    changes: tuple[str, ...] = ()


class CampaignInUse(RuleViolation):
    """The campaign has contracts: its file cannot change any more; `changes` lists what would have."""

    def __init__(self, campaign: Campaign, changes: list[str]) -> None:
        self.changes = changes
        lines = "\n".join(f"  - {change}" for change in changes)
        super().__init__(
            f"La campagne {campaign.code} a déjà des contrats : son contenu ne change plus. "
            f"Rien n’a été modifié. Ce fichier aurait changé :\n{lines}"
        )


class UnknownTerritories(RuleViolation):
    """The file names territories that are not in the reference table."""


class PieceInUse(RuleViolation):
    """The file drops a piece of a campaign without contract that other data rests on (a shared envelope)."""

    def __init__(self, campaign: Campaign, users: set[Model]) -> None:
        named = sorted(f"{user._meta.verbose_name} « {user} »" for user in users)
        shown = ", ".join(named[:3]) + (f" et {len(named) - 3} autres" if len(named) > 3 else "")
        super().__init__(
            f"Ce fichier retire de la campagne {campaign.code} ce que d’autres données utilisent : {shown}. "
            "Rien n’a été modifié. Gardez dans le fichier ce qu’elles utilisent, sous le même code."
        )


@transaction.atomic
def load_campaign(spec: CampaignSpec) -> LoadReport:
    """Create or update the campaign of `spec`, and tell the journal; see the module for what is refused.

    Raises `CampaignInUse`, `PieceInUse` or `UnknownTerritories`; then nothing is written.
    """
    report = _load(spec)
    if report.outcome is not LoadOutcome.UNCHANGED:
        sentence = f"Campagne {report.campaign.code} {report.outcome.value} depuis un fichier."
        record_elsewhere("campaign.loaded", sentence, by=None)
    return report


def _load(spec: CampaignSpec) -> LoadReport:
    territories = _territories(spec)
    content = spec.to_dict()
    campaign = Campaign.objects.select_for_update().filter(code=spec.code).first()
    if campaign is None:
        return LoadReport(_write(Campaign(code=spec.code), spec, territories), LoadOutcome.CREATED)
    changes = diff_specs(campaign.spec, content)
    if not changes:
        return LoadReport(campaign, LoadOutcome.UNCHANGED)
    unknown_then = {key: content[key] for key in content if key not in campaign.spec}
    if not diff_specs({**campaign.spec, **unknown_then}, content):
        campaign.spec = content
        campaign.save(update_fields=["spec"])
        return LoadReport(campaign, LoadOutcome.UPDATED, tuple(changes))
    if campaign.contracts.exists():
        frozen = diff_specs(
            _without_templates(campaign.spec),
            _without_templates(without_completions(campaign.spec, content)),
        )
        if frozen:
            raise CampaignInUse(campaign, frozen)
        is_completed = diff_specs(_without_templates(campaign.spec), _without_templates(content))
        _write_sheet_templates(campaign, spec)
        campaign.spec = content
        campaign.loaded_at = timezone.now()
        campaign.save(update_fields=["spec", "loaded_at"])
        outcome = LoadOutcome.COMPLETED if is_completed else LoadOutcome.UPDATED
        return LoadReport(campaign, outcome, tuple(changes))
    try:
        return LoadReport(_write(campaign, spec, territories), LoadOutcome.UPDATED, tuple(changes))
    except ProtectedError as protection:
        raise PieceInUse(campaign, protection.protected_objects) from protection
    except RestrictedError as restriction:
        raise PieceInUse(campaign, restriction.restricted_objects) from restriction


def _territories(spec: CampaignSpec) -> list[Territory]:
    found = {territory.code: territory for territory in Territory.objects.filter(code__in=spec.territories)}
    missing = [code for code in spec.territories if code not in found]
    if missing:
        raise UnknownTerritories(
            f"La campagne {spec.code} cite des territoires inconnus : {', '.join(missing)}. "
            "Chargez d’abord les territoires, ou corrigez la liste « territories » du fichier."
        )
    return [found[code] for code in spec.territories]


def _write(campaign: Campaign, spec: CampaignSpec, territories: list[Territory]) -> Campaign:
    """Write the campaign's own columns, then its catalogue anew, then the parts of the other apps."""
    own = spec.own_objective
    campaign.year = spec.year
    campaign.title = spec.title
    campaign.period_start = spec.period_start
    campaign.period_end = spec.period_end
    campaign.reference_year = spec.reference_year
    campaign.reference = spec.reference
    campaign.planned_effect_on = spec.planned_effect_on
    campaign.optional_minimum = spec.optional_minimum
    campaign.optional_maximum = spec.optional_maximum
    campaign.own_objective_maximum = own.maximum if own is not None else 0
    campaign.own_objective_label = own.label if own is not None else ""
    campaign.assumptions = list(spec.assumptions)
    campaign.spec = spec.to_dict()
    campaign.loaded_at = timezone.now()
    campaign.save()
    campaign.territories.set(territories)
    # No contract points at these rows (load_campaign checked), so that writing them anew is an update.
    campaign.objectives.all().delete()
    campaign.commitments.all().delete()
    campaign.deadlines.all().delete()
    campaign.retroplanning_steps.all().delete()
    campaign.signatories.all().delete()
    _write_catalogue(campaign, spec)
    _write_sheet_templates(campaign, spec)
    _write_calendar(campaign, spec)
    _write_contract_model(campaign, spec)
    for part in registry.campaign_parts():
        part(campaign, spec)
    return campaign


def _write_catalogue(campaign: Campaign, spec: CampaignSpec) -> None:
    commitments = {
        item.code: Commitment.objects.create(
            campaign=campaign,
            code=item.code,
            label=item.label,
            title=item.title,
            dashboard_label=item.dashboard_label,
            is_transverse=item.transverse,
            position=position,
        )
        for position, item in enumerate(spec.commitments, start=1)
    }
    measures = {
        item.code: Measure.objects.create(
            commitment=commitments[item.commitment],
            code=item.code,
            title=item.title,
            plan_title=item.plan_title,
            position=position,
        )
        for position, item in enumerate(spec.measures, start=1)
    }
    Objective.objects.bulk_create(
        Objective(
            campaign=campaign,
            measure=measures[item.measure],
            number=item.number,
            title=item.title,
            dashboard_title=item.dashboard_title,
            plan_title=item.plan_title,
            is_fundamental=item.fundamental,
            plan_source=item.plan_source,
            sheet_demands=list(item.sheet_demands),
            requires_numeric_target=item.requires_numeric_target,
            requires_harmonised_indicator=item.requires_harmonised_indicator,
            forbids_purely_quantitative_target=item.forbids_purely_quantitative_target,
            action_statements=list(item.action_statements),
            technical_advice=item.technical_advice,
            note=item.note,
            is_assumption=item.assumption,
        )
        for item in spec.objectives
    )


def _write_sheet_templates(campaign: Campaign, spec: CampaignSpec) -> None:
    SheetTemplate.objects.filter(objective__campaign=campaign).delete()
    objectives = {objective.number: objective for objective in campaign.objectives.all()}
    templates = [(item, template) for item in spec.objectives for template in item.sheet_templates]
    SheetTemplate.objects.bulk_create(
        SheetTemplate(
            objective=objectives[item.number],
            code=template.code,
            demand=item.sheet_demands[template.demand - 1] if template.demand is not None else "",
            title=template.title,
            texts=template.texts,
            source=template.source,
            position=position,
        )
        for position, (item, template) in enumerate(templates, start=1)
    )


def _without_templates(content: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical content without the skeletons of its sheets."""
    objectives = [
        {key: value for key, value in objective.items() if key != "sheet_templates"}
        for objective in content["objectives"]
    ]
    return {**content, "objectives": objectives}


def _write_calendar(campaign: Campaign, spec: CampaignSpec) -> None:
    Deadline.objects.bulk_create(
        Deadline(
            campaign=campaign,
            code=item.code,
            label=item.label,
            due_on=item.due_on,
            exercise=item.exercise,
            parties=list(item.parties),
            description=item.description,
        )
        for item in spec.deadlines
    )
    RetroplanningStep.objects.bulk_create(
        RetroplanningStep(
            campaign=campaign,
            code=item.code,
            label=item.label,
            description=item.description,
            days_before=item.days_before,
            position=position,
        )
        for position, item in enumerate(spec.retroplanning, start=1)
    )


def _write_contract_model(campaign: Campaign, spec: CampaignSpec) -> None:
    Signatory.objects.bulk_create(
        Signatory(
            campaign=campaign,
            code=item.code,
            institution_kind=item.institution_kind,
            party_label=item.party_label,
            signature_label=item.signature_label,
            is_optional=item.optional,
            condition=item.condition,
            position=position,
        )
        for position, item in enumerate(spec.signatories, start=1)
    )
    model = spec.contract_model
    ContractModel.objects.update_or_create(
        campaign=campaign,
        defaults={
            "version": model.version,
            "title": model.title,
            "blanks": [{"name": b.name, "label": b.label, "kind": b.kind} for b in model.blanks],
            "blocks": [{"kind": b.kind, "text": b.text} for b in model.blocks],
        },
    )
