"""The signatures of the agreed text, in any order; in force on the day of effect, then ended (K3, K4, C1).

Source: circulaire 2020/34, annexe 5.1, article 5: the contract « prend effet à compter de sa signature »; a
planned day of effect that comes later is waited for.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from agreements.actions.amendments import close_with_the_contract
from agreements.actions.steps import move, require_needs, stored_for
from agreements.actions.texts import keep_text_in_force
from agreements.actions.way import (
    CHANGED_UNDER,
    TextChanged,
    on_the_proposed_text,
    take_back_if_changed,
)
from agreements.endings import end_moved_to, ended_sentence
from agreements.models import ContractVersion, Signature, SigningWay
from agreements.needs import missing_of, signing_parties, standing_proposal
from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.journal import locked_contract
from contracts.models import Amendment, Contract, ContractParty, Way, contract_of, way_of
from contracts.workflow import ContractState, Page


def record_signature(
    version: ContractVersion,
    party: ContractParty,
    *,
    signed_on: dt.date,
    by: User,
    how: SigningWay = SigningWay.PAPER,
) -> Signature:
    """Record that `party` signed `version` on `signed_on`; the last signature dates the effect.

    For a paper read by eye (`how` paper) as for a file that was verified. Raises WrongState when `version` is
    not the text that all agreed to (TextChanged when the contract changed before anybody signed) or the party
    has signed already, NotAllowed, RuleViolation for a day in the future or before the agreement.
    """
    return _sign(version.contract, version, party, signed_on=signed_on, by=by, how=how)


@on_the_proposed_text
def _sign(
    contract: Contract,
    version: ContractVersion,
    party: ContractParty,
    *,
    signed_on: dt.date,
    by: User,
    how: SigningWay,
) -> Signature:
    stored, transition = stored_for(contract, "sign", by=by)
    today = timezone.localdate()
    # The first signature is of a text that is still the contract's; afterwards the frozen text alone counts.
    taken_back = stored.transition("take-back", Page.WAY)
    if taken_back is not None and not missing_of(stored, taken_back, today=today):
        raise TextChanged(CHANGED_UNDER)
    proposal = standing_proposal(stored)
    if proposal is None or proposal.version_id != version.pk:
        raise WrongState(
            "Ce n’est pas le texte auquel les parties ont donné leur accord : rien n’est enregistré."
        )
    require_needs(stored, transition)
    if party.pk not in {each.pk for each in signing_parties(contract_of(stored))}:
        raise RuleViolation("Cette partie ne signe pas ce texte.")
    if signed_on > today:
        raise RuleViolation(
            "La date de signature est dans le futur : enregistrez-la une fois le texte signé."
        )
    if stored.agreed_on is not None and signed_on < stored.agreed_on:
        raise RuleViolation(
            f"Les parties ont donné leur accord le {stored.agreed_on:%d/%m/%Y} : une signature "
            "antérieure n’est pas celle de ce texte."
        )
    if Signature.objects.standing().filter(version=version, party=party).exists():
        raise WrongState(f"La signature est déjà enregistrée pour {party.signatory} : rien n’a changé.")
    signature = Signature.objects.create(
        version=version, party=party, signed_on=signed_on, how=how, recorded_by=by
    )
    _date_effect(stored, version)
    told = f"Signature enregistrée pour {party.signatory} : {signed_on:%d/%m/%Y}, version {version.number}."
    move(stored, transition, told=told, by=by)
    _take_effect(stored, today)
    return signature


@transaction.atomic
def withdraw_signature(contract: Contract, party: ContractParty, *, reason: str, by: User) -> Signature:
    """Take back a signature recorded by mistake, before the contract is in force."""
    stored, transition = stored_for(contract, "withdraw-signature", by=by)
    require_needs(stored, transition, reason=reason)
    proposal = standing_proposal(stored)
    signature: Signature | None = (
        Signature.objects.standing().filter(version=proposal.version, party=party).first()
        if proposal
        else None
    )
    if signature is None:
        raise WrongState(f"Aucune signature n’est enregistrée pour {party.signatory} : rien n’a changé.")
    signature.withdraw(reason=reason.strip(), by=by)
    _date_effect(stored, signature.version)
    move(stored, transition, told=f"Signature retirée pour {party.signatory}.", by=by, reason=reason.strip())
    return signature


def pass_the_day(today: dt.date | None = None) -> dict[str, int]:
    """Everything that time alone does: texts changed unseen, texts that take effect, contracts that end.

    {"taken-back", "in-force", "ended": how many contracts, amendments counted with theirs}. Running it twice
    does no harm.
    """
    on = today or timezone.localdate()
    counts = {"taken-back": 0, "in-force": 0, "ended": 0}
    for contract in _whose_way(state__in=[ContractState.AGREEMENT, ContractState.SIGNATURE]):
        counts["taken-back"] += take_back_if_changed(contract) is not None
    for contract in _whose_way(state=ContractState.SIGNATURE, effect_on__lte=on):
        with transaction.atomic():
            counts["in-force"] += _take_effect(way_of(locked_contract(contract, editable=False)), on)
    for contract in Contract.objects.filter(state=ContractState.IN_FORCE, ends_on__lt=on):
        with transaction.atomic():
            counts["ended"] += _end(locked_contract(contract, editable=False), on)
    return counts


def _whose_way(**where: object) -> QuerySet[Contract]:
    """The contracts that stand so, or whose open amendment does."""
    amended = Amendment.objects.open().filter(**where).values("contract")
    return Contract.objects.filter(Q(**where) | Q(pk__in=amended))


def _date_effect(stored: Way, version: ContractVersion) -> None:
    """Write the dates of the last signature and of the effect once all have signed, none before."""
    dates = dict(Signature.objects.standing().filter(version=version).values_list("party_id", "signed_on"))
    if {party.pk for party in signing_parties(contract_of(stored))} <= set(dates):
        stored.signed_on = max(dates.values())
        stored.effect_on = max(stored.signed_on, stored.planned_effect_on or stored.signed_on)
    else:
        stored.signed_on = stored.effect_on = None


def _take_effect(stored: Way, today: dt.date) -> bool:
    transition = stored.transition("take-effect", Page.WAY)
    if transition is None or missing_of(stored, transition, today=today):
        return False
    contract = contract_of(stored)
    if isinstance(stored, Amendment) and stored.new_ends_on is not None:
        contract.ends_on = end_moved_to(contract, stored.new_ends_on)
        contract.save(update_fields=["ends_on", "updated_at"])
    keep_text_in_force(stored)
    what = "Avenant" if stored.is_amendment else "Contrat"
    move(stored, transition, told=f"{what} en vigueur depuis le {stored.effect_on:%d/%m/%Y}.", by=None)
    return True


def _end(stored: Contract, today: dt.date) -> bool:
    transition = stored.transition("end", Page.WAY)
    if transition is None or missing_of(stored, transition, today=today):
        return False
    close_with_the_contract(stored)
    move(stored, transition, told=ended_sentence(stored), by=None)
    return True
