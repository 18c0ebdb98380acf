"""Saving, duplicating and computing scenarios (rules F5 to F9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from cdppe.accounts.models import Territory, User
from cdppe.lib.errors import MissingPiece, RuleViolation, StaleVersion
from contracts.actions.journal import record_elsewhere
from contracts.models import Campaign
from funding.actions.allocations import Terms, run_terms
from funding.models import AllocationRun, Envelope, Scenario, ScenarioModulation
from funding.models.scenario import LONGEST_NAME
from funding.modulation import COEFFICIENT, Modulation

Modulations = Mapping[Envelope, Sequence[Modulation]]


@transaction.atomic
def save_scenario(
    scenario: Scenario | None,
    campaign: Campaign,
    *,
    year: int,
    name: str,
    territories: Sequence[Territory],
    terms: Mapping[str, Any],
    version: int,
    by: User,
    modulations: Modulations | None = None,
) -> Scenario:
    """Write a scenario, a new one when `scenario` is None; the scenario as it is now stored.

    `terms` is what `Scenario.terms` keeps, already read; `modulations` those of each envelope, none when
    it is left out, of territories of the campaign (F9). Raises StaleVersion, whose `stored` is the scenario
    as somebody else saved it since, RuleViolation when another one of the year has the name; nothing is
    written then.
    """
    # The lock makes two people who give the same name at the same time come one after the other.
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    stored = Scenario(campaign=campaign, version=0, created_by=by)
    if scenario is not None:
        stored = Scenario.objects.select_related("updated_by", "campaign").get(pk=scenario.pk)
        if stored.version != version:
            raise StaleVersion(
                f"Le scénario « {stored.name} » a été enregistré par {stored.updated_by} pendant que vous "
                "l’écriviez. Rien n’a été perdu : comparez ce qui diffère ci-dessous, puis enregistrez de "
                "nouveau pour garder vos valeurs.",
                stored=stored,
            )
    others = Scenario.objects.filter(campaign=campaign, year=year, name=name).exclude(pk=stored.pk)
    if others.exists():
        raise RuleViolation(f"Un autre scénario {year} s’appelle déjà « {name} » : choisissez un autre nom.")
    stored.year, stored.name, stored.terms = year, name, dict(terms)
    stored.version += 1
    stored.updated_by = by
    stored.updated_at = timezone.now()
    stored.save()
    stored.territories.set(territories)
    _keep_modulations(stored, modulations or {})
    record_elsewhere("scenario.saved", f"Scénario {year} « {name} » enregistré.", by=by)
    return stored


def _keep_modulations(scenario: Scenario, modulations: Modulations) -> None:
    """These take the place of those that the scenario had."""
    codes = {each.code for rows in modulations.values() for each in rows}
    ids = dict(Territory.objects.filter(code__in=codes).values_list("code", "pk"))
    scenario.modulations.all().delete()
    ScenarioModulation.objects.bulk_create(
        ScenarioModulation(
            scenario=scenario,
            envelope=envelope,
            territory_id=ids[each.code],
            reason=each.reason,
            **{"coefficient" if each.kind == COEFFICIENT else "amount": Decimal(str(each.value))},
        )
        for envelope, rows in modulations.items()
        for each in rows
    )


@transaction.atomic
def duplicate_scenario(scenario: Scenario, *, by: User) -> Scenario:
    """A copy of `scenario`, modulations included, under a name of its own ("… (copie)", "… (copie 2)")."""
    Campaign.objects.select_for_update(no_key=True).get(pk=scenario.campaign_id)
    taken = set(
        Scenario.objects.filter(campaign=scenario.campaign_id, year=scenario.year).values_list(
            "name", flat=True
        )
    )
    copies, name = 1, ""
    while not name or name in taken:
        ending = " (copie)" if copies == 1 else f" (copie {copies})"
        name = scenario.name[: LONGEST_NAME - len(ending)] + ending
        copies += 1
    copy = Scenario.objects.create(
        campaign_id=scenario.campaign_id,
        year=scenario.year,
        name=name,
        terms=scenario.terms,
        created_by=by,
        updated_by=by,
    )
    copy.territories.set(scenario.territories.all())
    ScenarioModulation.objects.bulk_create(
        ScenarioModulation(
            scenario=copy,
            envelope_id=each.envelope_id,
            territory_id=each.territory_id,
            coefficient=each.coefficient,
            amount=each.amount,
            reason=each.reason,
        )
        for each in scenario.modulations.all()
    )
    sentence = f"Scénario {scenario.year} « {scenario.name} » copié sous le nom « {name} »."
    record_elsewhere("scenario.copied", sentence, by=by)
    return copy


@transaction.atomic
def run_scenario(
    scenario: Scenario,
    shares: Sequence[tuple[Envelope, Terms]],
    territories: Sequence[Territory],
    *,
    by: User,
) -> list[AllocationRun]:
    """Store one run for each envelope of `scenario`, with every input; all of them or none.

    `shares` and `territories` are those of the stored scenario. Raises MissingPiece when it shares nothing,
    AllocationImpossible when an envelope cannot be shared.
    """
    if not shares:
        raise MissingPiece(
            f"Le scénario « {scenario.name} » ne donne le montant d’aucune enveloppe : "
            "il n’y a rien à répartir."
        )
    runs = [
        run_terms(envelope, terms, territories, year=scenario.year, by=by, scenario=scenario)
        for envelope, terms in shares
    ]
    numbers = ", ".join(f"n° {run.pk}" for run in runs)
    sentence = f"Scénario {scenario.year} « {scenario.name} » réparti : {numbers}."
    record_elsewhere("allocation.run", sentence, by=by)
    return runs
