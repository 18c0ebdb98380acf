"""Creating a contract, writing its general information, moving it along its way (annexe 5.1; K1, K3, O2)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from django.db import IntegrityError, transaction

from cdppe.accounts.models import Institution, InstitutionScope, Territory, User
from cdppe.accounts.models.institutions import SCOPE_OF_KIND
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.calendar import derive_steps, effect_date_sentence, moved_steps
from contracts.actions.journal import locked_contract, record, record_once, record_step
from contracts.actions.versions import Clashing, author_words, claim_version
from contracts.history import keeps_history
from contracts.merging import Opened, OpenedBefore, Stored, Values, put
from contracts.models import (
    Campaign,
    Contract,
    ContractObjective,
    ContractParty,
    Signatory,
    Way,
    way_of,
)

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

FIXED_ONCE_SIGNED = frozenset({"planned_effect_on", "deliberation_number", "deliberation_on"})
"""What led to the signature of the contract: an amendment changes none of it (rule V1)."""

DETAIL_TEXT_FIELDS = tuple(
    field.name
    for field in Contract._meta.get_fields()
    if field.name in DETAIL_FIELDS and field.get_internal_type() == "CharField"
)
"""Those that are searched, and that the history brings back."""


@dataclass(frozen=True)
class Representative:
    """Who signs for a party, as the contract names them."""

    name: str
    title: str
    delegation: str = ""
    """The act by which they sign « par délégation », with its date; empty when the party itself signs."""


def create_contract(campaign: Campaign, territory: Territory, *, by: User | None) -> Contract:
    """The contract of `territory` for `campaign`, with the fundamental objectives and the parties in it (O2).

    It ends on the campaign's last day (C1); its court and ordering officers are the
    territory's. Raises RuleViolation when the campaign does not concern the territory, or when the territory
    already has its contract: there is one for each territory and campaign.
    """
    if not campaign.territories.filter(pk=territory.pk).exists():
        raise RuleViolation(f"La campagne « {campaign} » ne concerne pas le territoire {territory}.")
    if Contract.objects.filter(campaign=campaign, territory=territory).exists():
        raise RuleViolation(_already_there(campaign, territory))
    ends_on = campaign.last_day
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
            derive_steps(contract)
            record(contract, "contract.created", f"Contrat créé pour la campagne « {campaign} ».", by=by)
    except IntegrityError as error:
        # Two people create it at the same moment: the constraint lets the first one through.
        raise RuleViolation(_already_there(campaign, territory)) from error
    return contract


class DetailsShelf:
    """The general information of a contract as `merging.put` reads and writes it.

    Names: those of `DETAIL_FIELDS`, and `representative_keys` for each party.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.parties: dict[int, ContractParty] = {}
        self.moved = ""
        """What a new date of effect did to the calendar, as the journal tells it; empty without one."""

    def read(self) -> Stored:
        """The stored information; raises WrongState when the contract is no longer written."""
        self.contract = locked_contract(self.contract)
        self.parties = {party.pk: party for party in self.contract.parties.all()}
        values: dict[Any, Any] = {name: getattr(self.contract, name) for name in DETAIL_FIELDS}
        for pk, party in self.parties.items():
            values |= _party_values(pk, representative_of(party))
        return Stored(self.contract.version, values)

    def complete(self, mine: Values, stored: Values) -> Values:
        """The stored information, with what the person gave; a party that is gone is left out."""
        return {**stored, **{name: value for name, value in mine.items() if name in stored}}

    def compare_and_set(self, version: int, values: Values) -> bool:
        """Write `values` if the information is still at `version`."""
        if not claim_version(self.contract, version):
            return False
        if self.contract.is_signed and any(
            values[name] != getattr(self.contract, name) for name in FIXED_ONCE_SIGNED
        ):
            raise RuleViolation(
                "La délibération et la prise d’effet prévue sont celles du contrat signé : un avenant ne les "
                "change pas. Les siennes s’enregistrent sur sa page."
            )
        before = self.contract.planned_effect_on
        found = moved_steps(self.contract, values["planned_effect_on"])
        for name in DETAIL_FIELDS:
            setattr(self.contract, name, values[name])
        if self.contract.planned_effect_on != before:
            self.moved = f" {effect_date_sentence(self.contract, found)}"
        self.contract.version = version + 1
        self.contract.save()
        for pk, party in self.parties.items():
            texts = Representative(*(values[key] for key in representative_keys(pk)))
            if texts != representative_of(party):
                party.representative_name, party.representative_title = texts.name, texts.title
                party.delegation = texts.delegation
                party.save(update_fields=["representative_name", "representative_title", "delegation"])
        return True


def representative_keys(party_pk: int) -> tuple[str, str, str]:
    """The names of the texts of one party: its representative's name, their title, their delegation."""
    return (f"party_{party_pk}_name", f"party_{party_pk}_title", f"party_{party_pk}_delegation")


def representative_of(party: ContractParty) -> Representative:
    """Who signs for `party`, as it is stored."""
    return Representative(party.representative_name, party.representative_title, party.delegation)


def _party_values(pk: int, representative: Representative) -> dict[Hashable, Any]:
    return dict(zip(representative_keys(pk), astuple(representative), strict=True))


@transaction.atomic
@keeps_history("details")
def save_details(
    contract: Contract,
    *,
    fields: Mapping[str, Any],
    representatives: Mapping[int, Representative],
    version: int,
    by: User,
    opened: Opened | None = None,
    is_autosave: bool = False,
) -> Contract:
    """Write the general information of `contract`; the stored contract. Nothing to change writes nothing.

    `fields` maps names of `DETAIL_FIELDS` to values, `representatives` {primary key of a party: who signs}.
    Without `opened` the information must still be at `version`; with it ({name of `DetailsShelf` that the
    person changed: the values that it may have been opened with}) only those are written. Raises Clashing (a
    StaleVersion), whose `stored` is the contract as somebody else saved it since, WrongState when it is no
    longer written.
    """
    unknown = set(fields) - set(DETAIL_FIELDS)
    if unknown:
        raise TypeError(f"not details of a contract: {', '.join(sorted(unknown))}")
    mine: dict[Any, Any] = {**fields}
    for pk, representative in representatives.items():
        mine |= _party_values(pk, representative)
    shelf = DetailsShelf(contract)
    try:
        written = put(shelf, mine=mine, version=version, opened=opened)
    except OpenedBefore as refusal:
        raise Clashing(
            f"Ces informations ont été enregistrées {_last_words(shelf.contract, by)}, pendant que vous les "
            "écriviez. Rien n’a été perdu : les deux textes sont ci-dessous.",
            stored=shelf.contract,
            clashes=refusal.clashes,
        ) from refusal
    if written.is_new:
        # A new date of effect is always told: it moves the calendar.
        tell = record_once if is_autosave and not shelf.moved else record
        tell(
            shelf.contract,
            "contract.details-saved",
            f"Informations du contrat modifiées.{shelf.moved}",
            by=by,
            place="details",
        )
    return shelf.contract


def _last_words(contract: Contract, reader: User) -> str:
    """Who saved the general information last, and when, as the journal tells it."""
    last = contract.events.filter(code="contract.details-saved").select_related("by").first()
    return author_words(last.by if last else None, contract.updated_at, reader=reader)


@transaction.atomic
def move_contract(contract: Contract, code: str, *, by: User) -> Way:
    """Make the transition `code` of the table (`contracts.workflow`); what moved, in its new state.

    What moves is the contract, or its open amendment (rule V1). Raises WrongState when the table has no such
    transition from the state in which it now is:
    somebody else may have moved it since the page was opened.
    """
    way = way_of(locked_contract(contract, editable=False))
    transition = way.transition(code)
    if transition is None:
        raise WrongState(
            f"{way.the_text} est à l’état « {way.get_state_display()} » : cette étape n’est pas possible. "
            "Quelqu’un l’a peut-être franchie depuis que vous avez ouvert la page."
        )
    way.state = transition.target
    told = f"Passage de « {transition.source.label} » à « {transition.target.label} »."
    way.save()
    record_step(way, transition.code, told, by=by)
    return way


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
