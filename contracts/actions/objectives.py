"""Choosing the objectives of a contract (annexe 2; rules O2, O4, O7)."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Contract, ContractObjective, Objective


@transaction.atomic
@keeps_history("objectives")
def add_objective(contract: Contract, objective: Objective, *, by: User) -> ContractObjective:
    """Put an optional objective of the campaign into `contract` (O2).

    Raises RuleViolation for an objective of another campaign, one already there, or one more than the
    campaign's `optional_maximum`; WrongState when the contract is no longer written.
    """
    locked = locked_contract(contract)
    if objective.campaign_id != locked.campaign_id:
        raise RuleViolation("Cet objectif n’est pas au catalogue de la campagne de ce contrat.")
    if locked.objectives.filter(objective=objective).exists():
        raise RuleViolation(f"L’objectif {objective.number} est déjà dans le contrat.")
    maximum = locked.campaign.optional_maximum
    chosen = locked.objectives.filter(objective__is_fundamental=False).count()
    if not objective.is_fundamental and chosen >= maximum:
        raise RuleViolation(
            f"Le contrat a déjà {_optional(chosen)}, le plus que la campagne permet : "
            "retirez-en un avant d’en ajouter un autre."
        )
    try:
        with transaction.atomic():
            added = ContractObjective.objects.create(contract=locked, objective=objective, added_by=by)
    except IntegrityError as error:
        raise RuleViolation(f"L’objectif {objective.number} est déjà dans le contrat.") from error
    record(locked, "objective.added", f"Objectif {objective.number} ajouté.", by=by)
    return added


@transaction.atomic
@keeps_history("objectives")
def add_own_objective(contract: Contract, *, title: str, by: User) -> ContractObjective:
    """Put the territory's own public-health objective into `contract` (O4, annexe 4-II-B).

    Raises RuleViolation beyond the campaign's `own_objective_maximum`, WrongState when the contract is no
    longer written.
    """
    locked = locked_contract(contract)
    maximum = locked.campaign.own_objective_maximum
    if locked.objectives.filter(objective__isnull=True).count() >= maximum:
        if maximum == 0:
            raise RuleViolation("La campagne ne prévoit pas d’objectif propre au territoire.")
        limit = "un objectif propre" if maximum == 1 else f"{maximum} objectifs propres"
        raise RuleViolation(
            f"La campagne permet {limit} au plus : retirez celui du contrat avant d’en écrire un autre."
        )
    added = ContractObjective.objects.create(contract=locked, own_title=title, added_by=by)
    record(locked, "objective.own-added", f"Objectif propre ajouté : {title}", by=by)
    return added


def what_depends_on(contract_objective: ContractObjective) -> tuple[str, ...]:
    """What stops the objective from being taken out, in words, one sentence each; empty when nothing does.

    The sheets that serve it, the local indicators defined for it, and the figures of the tableau de bord
    that the contract holds under it (the catalogue's rows without figures stop nothing). The last two belong
    to a higher app: they are reached through reverse relations only.
    """
    if contract_objective.is_fundamental:
        return ("L’objectif est fondamental : tout contrat de la campagne le porte.",)
    reasons = []
    sheets = list(contract_objective.action_sheets.order_by("number").values_list("number", "archived_at"))
    if sheets:
        numbers = ", ".join(
            f"n° {number}{' (archivée)' if archived_at else ''}" for number, archived_at in sheets
        )
        reasons.append(
            f"Fiche action {numbers} : rattachez-la à un autre objectif ou supprimez-la d’abord."
            if len(sheets) == 1
            else f"Fiches action {numbers} : rattachez-les à un autre objectif ou supprimez-les d’abord."
        )
    local = contract_objective.local_indicators.count()
    if local:
        reasons.append(
            f"{local} indicateur{_s(local)} propre{_s(local)} au contrat : "
            f"{'supprimez-les' if local > 1 else 'supprimez-le'} d’abord du tableau de bord."
        )
    values = 0
    if contract_objective.objective is not None:
        contract = contract_objective.contract
        values = (
            contract.indicator_values.filter(indicator__objective=contract_objective.objective)
            # A row that repeats another objective's figures has no box here from which to erase them.
            .exclude(indicator__same_as__objective__in=contract.objectives.values("objective"))
            .count()
        )
    if values:
        reasons.append(
            f"{values} valeur{_s(values)} saisie{_s(values)} au tableau de bord : "
            f"{'effacez-les' if values > 1 else 'effacez-la'} d’abord."
        )
    return tuple(reasons)


@transaction.atomic
@keeps_history("objectives")
def remove_objective(contract_objective: ContractObjective, *, by: User) -> None:
    """Take an optional or own objective out of its contract.

    Raises RuleViolation when something depends on it (`what_depends_on`), WrongState when the contract is no
    longer written or the objective was already taken out.
    """
    locked = locked_contract(contract_objective.contract)
    stored = locked.objectives.select_related("objective").filter(pk=contract_objective.pk).first()
    if stored is None:
        raise WrongState("Cet objectif a déjà été retiré du contrat.")
    reasons = what_depends_on(stored)
    if reasons:
        raise RuleViolation(f"{stored.short_label} ne peut pas être retiré. {' '.join(reasons)}")
    record(locked, "objective.removed", f"{stored.short_label} retiré.", by=by)
    stored.delete()


def _optional(count: int) -> str:
    return f"{count} objectif{_s(count)} facultatif{_s(count)}"


def _s(count: int) -> str:
    return "s" if count > 1 else ""
