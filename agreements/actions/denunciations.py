"""Recording that a party denounces the contract, and taking back what was recorded by mistake (rule D1).

Source: circulaire 2020/34, annexe 5.1, article 6. The letters are on paper: the site records them, moves the
last day of the contract, and tells the others. Time alone ends the contract afterwards (`pass_the_day`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from agreements.endings import (
    last_day_of,
    may_be_withdrawn,
    other_parties,
    refusal_of_letters,
    standing_denunciation,
)
from agreements.models import Denunciation, DenunciationLetter
from agreements.needs import agreeing_parties
from cdppe.accounts.abilities import Ability, acts_for
from cdppe.accounts.models import Institution, User
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from cdppe.lib.french_words import joined
from contracts.actions.journal import locked_contract, record
from contracts.models import Contract, ContractParty
from contracts.workflow import MISSING, Need

PLACE = "ending"


@dataclass(frozen=True)
class Letter:
    """A registered letter: the day it was sent, the reference of the sending."""

    sent_on: dt.date
    reference: str


@transaction.atomic
def denounce(
    contract: Contract, party: ContractParty, *, letters: Mapping[int, Letter], by: User
) -> Denunciation:
    """Record that `party` denounced `contract` by `letters`, {primary key of each other party: its letter}.

    The contract then ends on 31 December of the year of the letters, at the latest on the day on which it
    ended anyway. Raises WrongState unless the contract is in force and not denounced, NotAllowed unless `by`
    writes for the institution of `party`, MissingPiece without the letter of a party or its reference,
    RuleViolation for dates that cannot be.
    """
    stored = locked_contract(contract, editable=False)
    institution = _institution(stored, party, by=by)
    if not stored.is_in_force:
        raise WrongState(
            f"Le contrat est à l’état « {stored.get_state_display()} » : seul un contrat en vigueur se "
            "dénonce."
        )
    if Denunciation.objects.standing().filter(contract=stored).exists():
        raise WrongState("Ce contrat est déjà dénoncé : rien n’a changé.")
    others = other_parties(stored, party)
    if set(letters) != {each.pk for each in others} or not all(
        letter.reference.strip() for letter in letters.values()
    ):
        raise MissingPiece(
            "Donnez la date et la référence de la lettre envoyée à chacune des autres parties."
        )
    sent = [letter.sent_on for letter in letters.values()]
    if max(sent) > timezone.localdate():
        raise RuleViolation("Une lettre est datée dans le futur : enregistrez-la une fois envoyée.")
    refusal = refusal_of_letters(sent, in_effect_from=stored.effect_on)
    if refusal:
        raise RuleViolation(refusal)
    denunciation = Denunciation.objects.create(
        contract=stored,
        party=party,
        institution=institution.name[:200],
        notified_on=max(sent),
        effect_on=min(last_day_of(max(sent)), stored.ends_on),
        former_ends_on=stored.ends_on,
        recorded_by=by,
    )
    DenunciationLetter.objects.bulk_create(
        DenunciationLetter(
            denunciation=denunciation,
            addressee_id=pk,
            sent_on=letter.sent_on,
            reference=letter.reference.strip(),
        )
        for pk, letter in letters.items()
    )
    stored.ends_on = denunciation.effect_on
    stored.save(update_fields=["ends_on", "updated_at"])
    days = joined([f"{on:%d/%m/%Y}" for on in sorted(set(sent))])
    told = (
        f"Contrat dénoncé par {denunciation.institution}, lettres recommandées du {days} : "
        f"dernier jour le {stored.ends_on:%d/%m/%Y}."
    )
    record(stored, "denunciation.recorded", told, by=by, place=PLACE)
    return denunciation


@transaction.atomic
def withdraw_denunciation(contract: Contract, *, reason: str, by: User) -> Denunciation:
    """Take back a denunciation recorded by mistake: the contract ends again on its former last day.

    Raises WrongState without a denunciation or once the contract has ended, NotAllowed unless `by` writes for
    the institution that denounced, MissingPiece without a reason.
    """
    stored = locked_contract(contract, editable=False)
    denunciation = standing_denunciation(stored)
    if denunciation is None:
        raise WrongState("Ce contrat n’est pas dénoncé : rien n’a changé.")
    _institution(stored, denunciation.party, by=by)
    if not may_be_withdrawn(denunciation, stored, today=timezone.localdate()):
        raise WrongState(
            f"La dénonciation a pris effet le {denunciation.effect_on:%d/%m/%Y} : elle ne se retire plus."
        )
    if not reason.strip():
        raise MissingPiece(MISSING[Need.REASON])
    denunciation.withdraw(reason=reason.strip(), by=by)
    stored.ends_on = denunciation.former_ends_on
    stored.save(update_fields=["ends_on", "updated_at"])
    told = (
        f"Dénonciation par {denunciation.institution} retirée, enregistrée par erreur : dernier jour le "
        f"{stored.ends_on:%d/%m/%Y}. Raison : {reason.strip()}"
    )
    record(stored, "denunciation.withdrawn", told, by=by, place=PLACE)
    return denunciation


def _institution(contract: Contract, party: ContractParty, *, by: User) -> Institution:
    """The institution of `party` for which `by` writes; NotAllowed for anybody else."""
    found = acts_for(by, Ability.CONTRACT_EDIT, party.signatory.institution_kind, contract.territory)
    if found is None or party.pk not in {each.pk for each in agreeing_parties(contract)}:
        raise NotAllowed(
            f"Seule l’institution concernée enregistre ou retire la dénonciation de {party.signatory}."
        )
    return found
