"""A contract's own indicators, added to one of its objectives (rule I1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Contract, ContractObjective
from indicators.dashboard import TYPED_KINDS, indicators_of
from indicators.models import Indicator, ValueKind

LOCAL_FIELDS = ("label", "unit", "source", "kind", "has_target", "note")
"""What a person writes of a local indicator; a share is never one, because shares are computed (rule I3)."""


@transaction.atomic
@keeps_history("dashboard")
def create_local_indicator(
    contract_objective: ContractObjective, *, fields: Mapping[str, Any], by: User
) -> Indicator:
    """A new row under `contract_objective`, after those that are there, and the event that says so.

    `fields` maps each of `LOCAL_FIELDS` to its value. Raises WrongState when the contract is no longer
    written or the objective has left it, RuleViolation when the objective already has a row of that name.
    """
    locked = locked_contract(contract_objective.contract)
    if not locked.objectives.filter(pk=contract_objective.pk).exists():
        raise WrongState("L’objectif a été retiré du contrat entre-temps : rien n’a été enregistré.")
    _check(fields, locked, contract_objective)
    last = Indicator.objects.filter(contract=locked).aggregate(last=Max("position"))["last"] or 0
    indicator = Indicator.objects.create(
        campaign=locked.campaign,
        contract=locked,
        contract_objective=contract_objective,
        code=f"local-{last + 1}",
        position=last + 1,
        **fields,
    )
    record(locked, "local_indicator.created", f"Indicateur local « {indicator.label} » ajouté.", by=by)
    return indicator


@transaction.atomic
@keeps_history("dashboard")
def save_local_indicator(indicator: Indicator, *, fields: Mapping[str, Any], by: User) -> Indicator:
    """Write `fields` on the stored `indicator`.

    Raises WrongState when the contract is no longer written or the row was removed, RuleViolation when the
    objective has another row of that name or when the row would lose targets that are filled.
    """
    locked, stored = _locked(indicator)
    _check(fields, locked, stored.contract_objective, besides=stored)
    if not fields["has_target"] and stored.values.filter(kind=ValueKind.TARGET).exists():
        raise RuleViolation(
            "Des cibles sont déjà saisies pour cet indicateur : effacez-les d’abord dans le tableau de bord, "
            "ou gardez « avec cible »."
        )
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.save()
    record(locked, "local_indicator.saved", f"Indicateur local « {stored.label} » modifié.", by=by)
    return stored


@transaction.atomic
@keeps_history("dashboard")
def delete_local_indicator(indicator: Indicator, *, by: User) -> None:
    """Remove `indicator` with the values that are filled for it.

    Raises WrongState when the contract is no longer written or the row is already removed.
    """
    locked, stored = _locked(indicator)
    removed, _ = stored.values.all().delete()
    values = {0: "", 1: ", avec sa valeur"}.get(removed, f", avec ses {removed} valeurs")
    record(locked, "local_indicator.deleted", f"Indicateur local « {stored.label} » retiré{values}.", by=by)
    stored.delete()


def _locked(indicator: Indicator) -> tuple[Contract, Indicator]:
    assert indicator.contract is not None
    locked = locked_contract(indicator.contract)
    stored = Indicator.objects.filter(pk=indicator.pk, contract=locked).first()
    if stored is None:
        raise WrongState(
            f"L’indicateur « {indicator.label} » a été retiré entre-temps : rien n’a été enregistré."
        )
    return locked, stored


def _check(
    fields: Mapping[str, Any],
    contract: Contract,
    contract_objective: ContractObjective | None,
    *,
    besides: Indicator | None = None,
) -> None:
    if set(fields) != set(LOCAL_FIELDS):
        raise TypeError(f"fields of a local indicator are {', '.join(LOCAL_FIELDS)}")
    if fields["kind"] not in TYPED_KINDS:
        raise RuleViolation("Un indicateur local est un nombre ou un délai : une part se calcule.")
    assert contract_objective is not None
    name = str(fields["label"]).casefold()
    for row in indicators_of(contract):
        beside = row.contract_objective_id == contract_objective.pk or (
            row.objective_id is not None and row.objective_id == contract_objective.objective_id
        )
        if beside and row != besides and row.label.casefold() == name:
            raise RuleViolation(
                f"L’objectif a déjà un indicateur « {row.label} » : donnez un autre intitulé, "
                "ou complétez celui qui existe."
            )
