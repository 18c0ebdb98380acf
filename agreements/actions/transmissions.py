"""Sending a contract to DGCS, and what DGCS does with it (rules C2, K5, O7, P3).

No gesture of DGCS writes in the contract: a receipt, an advice, a note are rows of their own, and the way to
signature reads none of them. No gesture asks for the state of the contract either.
"""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from agreements.actions.versions import freeze_version
from agreements.models import (
    ContractVersion,
    Proposal,
    RemarkKind,
    Transmission,
    TransmissionReceipt,
    TransmissionRemark,
    VersionPurpose,
)
from agreements.transmissions import (
    SIGNED,
    amounts_kept,
    asks_for_sending,
    expected,
    findings_kept,
    is_signed,
)
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.cleaned_text import cleaned
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.actions.calendar import settle_deadline
from contracts.actions.journal import locked_contract, record
from contracts.models import Contract, Deadline
from contracts.overview import with_facts
from contracts.people import institution_of
from contracts.retroplanning import pieces_sent

LONGEST_MESSAGE = 4_000
LONGEST_REMARK = 20_000
"""Characters of a technical advice or a note: some eight printed pages."""


@transaction.atomic
def send_transmission(
    contract: Contract, deadline: Deadline, *, message: str, token: uuid.UUID, by: User
) -> Transmission:
    """Freeze `contract` as it is stored now and send it to DGCS for `deadline`, which is held thereby.

    For the signed contract, the very version that the parties signed is sent, and the deadline is held only
    once they have. The same `token` sends once. Raises
    NotAllowed when `by` may not send, RuleViolation for a deadline that asks for nothing, is another
    campaign's, or an empty content, MissingPiece when the campaign has no model contract.
    """
    locked = locked_contract(contract, editable=False)
    if not can(by, Ability.TRANSMISSION_SEND, locked.territory):
        raise NotAllowed(
            "Seules les personnes qui écrivent le contrat pour l’une des parties le transmettent."
        )
    before: Transmission | None = Transmission.objects.filter(token=token).select_related("contract").first()
    if before is not None:
        if (before.contract_id, before.deadline_id, before.sent_by_id) != (locked.pk, deadline.pk, by.pk):
            raise RuleViolation("Cette page est trop ancienne : rechargez-la, puis envoyez de nouveau.")
        return before
    if deadline.campaign_id != locked.campaign_id or not asks_for_sending(deadline):
        raise RuleViolation("Cette échéance n’attend aucun envoi à la DGCS pour ce contrat.")
    today = timezone.localdate()
    read = with_facts(Contract.objects.filter(pk=locked.pk)).get()
    wanted = expected(read, deadline, today=today)
    if wanted.is_empty:
        raise MissingPiece(
            f"Il n’y a encore rien à envoyer pour « {deadline.label} » : "
            "remplissez au moins l’une des pièces attendues."
        )
    version = signed_version(locked, deadline) or freeze_version(
        read, purpose=VersionPurpose.TRANSMISSION, label=deadline.label[:200], by=by
    )
    institution = institution_of(by, locked.territory)
    last = Transmission.objects.filter(contract=locked).aggregate(last=Max("number"))["last"] or 0
    sent = Transmission.objects.create(
        contract=locked,
        number=last + 1,
        deadline=deadline,
        due_on=wanted.due_on,
        version=version,
        sent_by=by,
        sent_at=timezone.now(),
        institution=str(institution or ""),
        message=cleaned(message)[:LONGEST_MESSAGE],
        missing=[lack.sentence for lack in wanted.lacks],
        findings=findings_kept(read),
        amounts=amounts_kept(read),
        token=token,
    )
    if wanted.settles:
        settle_deadline(locked, deadline, done_on=today, by=by)
    record(
        locked,
        "transmission.sent",
        f"Transmission n° {sent.number} à la DGCS (version {version.number}) : {deadline.label}.",
        by=by,
        place="transmissions",
    )
    return sent


def signed_version(contract: Contract, deadline: Deadline) -> ContractVersion | None:
    """The version that the parties signed, when it is what `deadline` asks for; None for a paper contract.

    The contract's own, whatever text of an amendment is proposed meanwhile.
    """
    if SIGNED not in pieces_sent(deadline.code) or not is_signed(contract):
        return None
    proposal = Proposal.objects.standing().of(contract).select_related("version").first()
    return proposal.version if proposal is not None else None


@transaction.atomic
def acknowledge(transmission: Transmission, *, by: User) -> TransmissionReceipt:
    """DGCS says that it received `transmission`. Raises WrongState when it did before, NotAllowed."""
    locked = _reviewed(transmission, by)
    before = TransmissionReceipt.objects.filter(transmission=transmission).first()
    if before is not None:
        raise WrongState(f"La réception de cette transmission a déjà été accusée par {before.received_by}.")
    receipt = TransmissionReceipt.objects.create(transmission=transmission, received_by=by)
    record(
        locked,
        "transmission.received",
        f"La DGCS accuse réception de la transmission n° {transmission.number}.",
        by=by,
        place="transmissions",
    )
    return receipt


@transaction.atomic
def write_remark(
    transmission: Transmission, kind: RemarkKind, *, text: str, token: uuid.UUID, by: User
) -> TransmissionRemark:
    """A technical advice for the parties (O7), or a note for the file; the same `token` writes once.

    Raises NotAllowed when `by` does not review, RuleViolation for an empty or too long text.
    """
    locked = _reviewed(transmission, by)
    before: TransmissionRemark | None = TransmissionRemark.objects.filter(token=token).first()
    if before is not None:
        if (before.transmission_id, before.kind, before.by_id) != (transmission.pk, kind, by.pk):
            raise RuleViolation("Cette page est trop ancienne : rechargez-la, puis envoyez de nouveau.")
        return before
    words = cleaned(text)
    if not words:
        raise RuleViolation("Écrivez un texte.")
    if len(words) > LONGEST_REMARK:
        raise RuleViolation(f"Ce texte est trop long : {LONGEST_REMARK} caractères au plus.")
    remark = TransmissionRemark.objects.create(
        transmission=transmission, kind=kind, text=words, by=by, token=token
    )
    record(
        locked,
        f"transmission.{RemarkKind(kind).value}",
        f"{RemarkKind(kind).label} de la DGCS sur la transmission n° {transmission.number}.",
        by=by,
        place="transmissions",
    )
    return remark


def _reviewed(transmission: Transmission, by: User) -> Contract:
    """The contract of `transmission`, locked so that the gestures on it come one after the other."""
    locked = locked_contract(transmission.contract, editable=False)
    if not can(by, Ability.TRANSMISSION_REVIEW):
        raise NotAllowed("Seule la DGCS accuse réception des transmissions et écrit à leur sujet.")
    return locked
