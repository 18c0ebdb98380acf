"""One exact text: proposed, agreed to by each party, taken back when it changes (rule K4).

A proposal is a frozen version. Each gesture compares what the contract says now with it, under the lock of
the contract's row: as soon as they differ the agreements are taken back, everybody is told what changed, and
the text must be proposed again. Once a party has signed, what counts is the frozen text that it signed.
"""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.db import transaction
from django.utils import timezone

from agreements.actions.steps import move, require_needs, stored_for
from agreements.actions.versions import entries_of, freeze_amendment, freeze_version
from agreements.differences import differences
from agreements.models import Agreement, ContractVersion, Ending, Proposal, VersionPurpose
from agreements.needs import agreeing_parties, missing_of, standing_proposal
from agreements.reading import signed
from cdppe.accounts.abilities import speaks_for
from cdppe.accounts.models import User
from cdppe.lib.errors import NotAllowed, WrongState
from contracts.actions.journal import locked_contract
from contracts.models import Amendment, Contract, ContractParty, Way, amendment_of, contract_of, way_of
from contracts.workflow import ContractState, Page

P = ParamSpec("P")
R = TypeVar("R")

CHANGED_UNDER = (
    "Le contrat a changé depuis que ce texte a été proposé : les accords sont repris et rien d’autre n’a été "
    "enregistré. La page « Accord et signature » dit ce qui a changé ; le texte est à proposer de nouveau."
)
OTHER_TEXT = (
    "Le texte que vous aviez sous les yeux n’est plus celui qui est proposé : votre accord n’a pas été "
    "enregistré. Relisez le texte proposé aujourd’hui, puis donnez votre accord."
)


class TextChanged(WrongState):
    """The contract says something else than the proposed text: the agreements are taken back."""


def on_the_proposed_text(
    action: Callable[Concatenate[Contract, P], R],
) -> Callable[Concatenate[Contract, P], R]:
    """Decorate a gesture on the proposed text: refused, its own transaction undone, when the text changed.

    The agreements are then taken back in a transaction that stays.
    """

    @functools.wraps(action)
    def minded(contract: Contract, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return action(contract, *args, **kwargs)
        except TextChanged:
            _take_back(contract)
            raise

    return cast(Callable[Concatenate[Contract, P], R], minded)


@transaction.atomic
def propose_text(contract: Contract, *, by: User) -> Proposal:
    """Freeze what the contract, or its open amendment, says now; propose it to the agreement of the parties.

    Raises WrongState, NotAllowed, MissingPiece while something of the compliance blocks (rule K3) or when the
    campaign has no model contract.
    """
    stored, transition = stored_for(contract, "propose", by=by)
    require_needs(stored, transition)
    version, consolidated = _freeze(stored, by=by)
    proposal: Proposal = Proposal.objects.create(
        contract=contract_of(stored),
        amendment=amendment_of(stored),
        version=version,
        consolidated=consolidated,
        proposed_by=by,
    )
    told = f"Version {version.number} proposée à l’accord des parties (empreinte {version.fingerprint})."
    move(stored, transition, told=told, by=by)
    return proposal


def _freeze(way: Way, *, by: User) -> tuple[ContractVersion, ContractVersion | None]:
    """(the text that is agreed to and signed; the whole contract as it makes it, if it is an amendment's)."""
    if isinstance(way, Amendment):
        return freeze_amendment(way, by=by)
    label = "Texte proposé à l’accord des parties"
    return freeze_version(way, purpose=VersionPurpose.AGREEMENT, label=label, by=by), None


@on_the_proposed_text
def agree(
    contract: Contract, party: ContractParty, *, version_uid: uuid.UUID | str, version_hash: str, by: User
) -> Agreement:
    """The agreement of `party` to the text of this uid and hash, as read; the last opens the signatures.

    Raises NotAllowed unless `by` may engage the institution of `party`, WrongState when the proposed text is
    another one (TextChanged: the agreements are taken back) or when the party has already agreed.
    """
    stored, transition = stored_for(contract, "agree", by=by)
    signed_by = contract_of(stored)
    institution = speaks_for(by, party.signatory.institution_kind, signed_by.territory)
    if institution is None or party.pk not in {each.pk for each in agreeing_parties(signed_by)}:
        raise NotAllowed(
            f"Seul un signataire de l’institution concernée donne l’accord pour {party.signatory}."
        )
    version = _proposed(stored).version
    if str(version.uid) != str(version_uid) or version.hash != version_hash:
        raise WrongState(OTHER_TEXT)
    if missing_of(stored, transition, today=timezone.localdate()):
        raise TextChanged(CHANGED_UNDER)
    if Agreement.objects.standing().filter(version=version, party=party).exists():
        raise WrongState(f"L’accord a déjà été donné pour {party.signatory} : rien n’a changé.")
    agreement = Agreement.objects.create(
        version=version,
        party=party,
        version_hash=version.hash,
        institution=institution.name[:200],
        by=by,
    )
    told = f"Accord donné pour {party.signatory} à la version {version.number} ({version.fingerprint})."
    move(stored, transition, told=told, by=by)
    _conclude(stored)
    return agreement


def _conclude(stored: Way) -> None:
    """Open the signatures when all have agreed to the text as it is."""
    transition = stored.transition("conclude", Page.WAY)
    today = timezone.localdate()
    if transition is None or missing_of(stored, transition, today=today):
        return
    stored.agreed_on = today
    move(stored, transition, told="Toutes les parties sont d’accord : place aux signatures.", by=None)


@transaction.atomic
def withdraw_agreement(contract: Contract, party: ContractParty, *, reason: str, by: User) -> Agreement:
    """Take back the agreement of `party`, before anybody has signed.

    Raises WrongState, NotAllowed, MissingPiece.
    """
    stored, transition = stored_for(contract, "withdraw-agreement", by=by)
    if speaks_for(by, party.signatory.institution_kind, contract_of(stored).territory) is None:
        raise NotAllowed(
            f"Seul un signataire de l’institution concernée retire l’accord de {party.signatory}."
        )
    proposal = _proposed(stored)
    require_needs(stored, transition, reason=reason)
    standing = Agreement.objects.standing().filter(version=proposal.version, party=party)
    agreement: Agreement | None = standing.first()
    if agreement is None:
        raise WrongState(f"Aucun accord n’est donné pour {party.signatory} : rien n’a changé.")
    agreement.withdrawn_at, agreement.withdrawn_by = timezone.now(), by
    agreement.withdrawn_how, agreement.withdrawn_reason = Ending.WITHDRAWN, reason.strip()
    agreement.save()
    stored.agreed_on = None
    told = f"Accord retiré pour {party.signatory}, version {proposal.version.number}."
    move(stored, transition, told=told, by=by, reason=reason.strip())
    return agreement


@transaction.atomic
def send_back(contract: Contract, *, reason: str, by: User) -> Way:
    """Send the proposed text back with a reason: the agreements to it are taken back."""
    stored, transition = stored_for(contract, "send-back", by=by)
    require_needs(stored, transition, reason=reason)
    proposal = _proposed(stored)
    _end(proposal, Ending.SENT_BACK, by=by, reason=reason.strip())
    told = f"Texte renvoyé (version {proposal.version.number})."
    move(stored, transition, told=told, by=by, reason=reason.strip())
    return stored


@transaction.atomic
def reopen(contract: Contract, *, reason: str, by: User) -> Way:
    """Go back to the negotiation, with a reason, before anybody has signed: agreements are taken back.

    What was recorded of the ODPE and of the assembly stays, to be confirmed on the way back.
    """
    stored, transition = stored_for(contract, "reopen", by=by)
    require_needs(stored, transition, reason=reason)
    proposal = standing_proposal(stored)
    if proposal is not None:
        _end(proposal, Ending.REOPENED, by=by, reason=reason.strip())
    stored.agreed_on = None
    move(stored, transition, told="Négociation rouverte.", by=by, reason=reason.strip())
    return stored


def take_back_if_changed(contract: Contract) -> Proposal | None:
    """Take the agreements back if the text is no longer what was proposed; what ended, or None.

    The text of the contract, or of its open amendment. Made by the program before each gesture, when the page
    is shown, and every day.
    """
    if way_of(contract).state not in (ContractState.AGREEMENT, ContractState.SIGNATURE):
        return None
    return _take_back(contract)


@transaction.atomic
def _take_back(contract: Contract) -> Proposal | None:
    """What `take_back_if_changed` does, whatever the caller last read of the contract."""
    stored = way_of(locked_contract(contract, editable=False))
    transition = stored.transition("take-back", Page.WAY)
    if transition is None or missing_of(stored, transition, today=timezone.localdate()):
        return None
    proposal = _proposed(stored)
    changes = differences(signed(proposal.version.entries), signed(entries_of(contract_of(stored))))
    proposal.changes_text = json.dumps([asdict(each) for each in changes], ensure_ascii=False)
    places = ", ".join(dict.fromkeys(each.object_label for each in changes))
    _end(proposal, Ending.CHANGED, by=None, reason=places[:500])
    stored.agreed_on = None
    number = proposal.version.number
    told = f"{stored.the_text} a changé : les accords à la version {number} sont repris ({places[:180]})."
    move(stored, transition, told=told, by=None)
    return proposal


def _end(proposal: Proposal, how: Ending, *, by: User | None, reason: str) -> None:
    """The proposal and the agreements to it no longer stand."""
    now = timezone.now()
    proposal.ended_at, proposal.ended_by, proposal.ended_how, proposal.reason = now, by, how, reason
    proposal.save()
    Agreement.objects.standing().filter(version=proposal.version).update(
        withdrawn_at=now, withdrawn_by=by, withdrawn_how=how, withdrawn_reason=reason
    )


def _proposed(way: Way) -> Proposal:
    """The standing proposal of what has one: its state says so."""
    proposal = standing_proposal(way)
    if proposal is None:
        raise WrongState("Aucun texte n’est proposé : proposez-en un d’abord.")
    return proposal


def proposed_version(contract: Contract) -> ContractVersion | None:
    """The exact text that the parties of `contract` agree to, sign or have signed; None before one.

    That of the open amendment while there is one.
    """
    proposal = standing_proposal(way_of(contract))
    return proposal.version if proposal else None
