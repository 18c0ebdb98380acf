"""Creating a contract, writing its general information, moving it along its way (annexe 5.1; K1, K3, O2)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from cdppe.accounts.models import Institution, InstitutionScope, Territory, User
from cdppe.accounts.models.institutions import SCOPE_OF_KIND
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import Campaign, Contract, ContractObjective, ContractParty, Signatory
from contracts.workflow import find_transition

DETAIL_FIELDS = (
    "planned_effect_on",
    "deliberation_number",
    "deliberation_on",
    "court",
    "state_accountant",
    "agency_accountant",
    "signed_at_place",
    "needs_budget_controller",
)
"""What a person writes of a contract besides its parties.

Not the ordering officers: article 4 of the model names them itself, the prefect and the agency's director.
"""


@dataclass(frozen=True)
class Representative:
    """Who signs for a party, as the contract names them."""

    name: str
    title: str


def create_contract(campaign: Campaign, territory: Territory, *, by: User | None) -> Contract:
    """The contract of `territory` for `campaign`, with the fundamental objectives and the parties in it (O2).

    It ends on 31 December of the period's last year (C1); its court and ordering officers are the
    territory's. Raises RuleViolation when the campaign does not concern the territory, or when the territory
    already has its contract: there is one for each territory and campaign.
    """
    if not campaign.territories.filter(pk=territory.pk).exists():
        raise RuleViolation(f"La campagne « {campaign} » ne concerne pas le territoire {territory}.")
    if Contract.objects.filter(campaign=campaign, territory=territory).exists():
        raise RuleViolation(_already_there(campaign, territory))
    ends_on = dt.date(campaign.period_end, 12, 31)
    try:
        with transaction.atomic():
            contract = Contract.objects.create(
                campaign=campaign,
                territory=territory,
                reference=f"{territory.code}-{campaign.code}",
                planned_effect_on=campaign.planned_effect_on,
                initial_ends_on=ends_on,
                ends_on=ends_on,
                court=territory.court,
                state_officer=f"le préfet {territory.of_name}",
                agency_officer=f"le directeur général de l’{territory.ars_name}",
                signed_at_place=territory.prefecture_seat,
                created_by=by,
            )
            ContractObjective.objects.bulk_create(
                ContractObjective(contract=contract, objective=objective, added_by=by)
                for objective in campaign.objectives.fundamental()
            )
            ContractParty.objects.bulk_create(
                ContractParty(
                    contract=contract, signatory=signatory, institution=_institution(signatory, territory)
                )
                for signatory in campaign.signatories.all()
            )
            record(contract, "contract.created", f"Contrat créé pour la campagne « {campaign} ».", by=by)
    except IntegrityError as error:
        # Two people create it at the same moment: the constraint lets the first one through.
        raise RuleViolation(_already_there(campaign, territory)) from error
    return contract


@transaction.atomic
@keeps_history("details")
def save_details(
    contract: Contract,
    *,
    fields: Mapping[str, Any],
    representatives: Mapping[int, Representative],
    version: int,
    by: User,
) -> Contract:
    """Write the general information of `contract`, which must still be at `version`; the stored contract.

    `fields` maps names of `DETAIL_FIELDS` to values, `representatives` {primary key of a party: who signs}.
    Raises StaleVersion, whose `stored` is the contract as somebody else saved it since, WrongState when it
    is no longer written.
    """
    unknown = set(fields) - set(DETAIL_FIELDS)
    if unknown:
        raise TypeError(f"not details of a contract: {', '.join(sorted(unknown))}")
    stored = locked_contract(contract)
    if stored.version != version:
        raise StaleVersion(
            "Ces informations ont été enregistrées par quelqu’un d’autre pendant que vous les écriviez. "
            "Comparez les deux textes ci-dessous, complétez le vôtre si besoin, puis enregistrez de nouveau.",
            stored=stored,
        )
    for name, value in fields.items():
        setattr(stored, name, value)
    stored.version += 1
    stored.save()
    for party in stored.parties.filter(pk__in=representatives):
        party.representative_name = representatives[party.pk].name
        party.representative_title = representatives[party.pk].title
        party.save(update_fields=["representative_name", "representative_title"])
    record(stored, "contract.details-saved", "Informations du contrat modifiées.", by=by)
    return stored


@transaction.atomic
def move_contract(contract: Contract, code: str, *, by: User) -> Contract:
    """Make the transition `code` of the table (`contracts.workflow`); the contract in its new state.

    Raises WrongState when the table has no such transition from the state in which the contract now is:
    somebody else may have moved it since the page was opened.
    """
    stored = locked_contract(contract, editable=False)
    transition = find_transition(stored.state, code)
    if transition is None:
        raise WrongState(
            f"Le contrat est à l’état « {stored.get_state_display()} » : cette étape n’est pas possible. "
            "Quelqu’un l’a peut-être franchie depuis que vous avez ouvert la page."
        )
    stored.state = transition.target
    stored.save(update_fields=["state", "updated_at"])
    record(
        stored,
        f"contract.{transition.code}",
        f"Passage de « {transition.source.label} » à « {transition.target.label} ».",
        by=by,
    )
    return stored


def _already_there(campaign: Campaign, territory: Territory) -> str:
    return (
        f"{territory.name} a déjà un contrat pour la campagne « {campaign} » : il n’y en a qu’un "
        "par territoire et par campagne. Ouvrez-le depuis la liste des contrats."
    )


def _institution(signatory: Signatory, territory: Territory) -> Institution | None:
    """The one institution of the signatory's kind around the territory; None if there is none, or several."""
    scope = SCOPE_OF_KIND.get(signatory.institution_kind)
    around: dict[str, dict[str, object]] = {
        InstitutionScope.TERRITORY: {"territory": territory},
        InstitutionScope.REGION: {"region": territory.region},
        InstitutionScope.NATION: {},
    }
    if scope is None:
        return None
    found = Institution.objects.filter(kind=signatory.institution_kind, **around[scope])[:2]
    return found[0] if len(found) == 1 else None
