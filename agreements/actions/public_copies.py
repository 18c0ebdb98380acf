"""Putting the public version of a signed contract online, and taking it offline (rules K6, N2).

Source: circulaire 2020/34, annexe 5.1: the signed contract and its annexes are put online. The bytes that go
online are those that somebody was shown: a document prepared before, named by its SHA-256.
"""

from __future__ import annotations

from django.db import transaction

from agreements.actions.steps import LONGEST_REASON, NOT_THEIRS
from agreements.actions.texts import typed_text_of
from agreements.models import ContractVersion, PublicCopy, TextInForce
from agreements.needs import standing_proposal
from agreements.publishing import (
    PUBLIC_KIND,
    prepared_job,
    private_names,
    public_subject,
    publishable_version,
)
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.actions.jobs import request_render
from cdppe.documents.models import JobState, RenderJob
from cdppe.lib.errors import MissingPiece, NotAllowed, WrongState
from contracts.actions.journal import locked_contract, record
from contracts.models import Contract

PLACE = "agreements"
NOT_SIGNED = (
    "Seul un contrat signé par toutes les parties se met en ligne : celui-ci ne l’est pas encore, ou sa "
    "version publique n’est pas préparée."
)
OTHER_FILE = (
    "La version publique a été préparée de nouveau depuis que vous l’avez lue : rien n’est en ligne. "
    "Relisez-la, puis confirmez."
)


@transaction.atomic
def prepare_public_copy(contract: Contract, *, by: User) -> RenderJob:
    """Ask for the public version of the text in force, to be read before it goes online.

    What was typed of a contract taken over from a paper is frozen first. Raises NotAllowed, WrongState while
    the contract is not signed by all, MissingPiece when the campaign has no model contract.
    """
    stored = locked_contract(contract, editable=False)
    if stored.is_signed and can(by, Ability.CONTRACT_PUBLISH, stored.territory):
        _freeze_typed_text(stored)
    version = _signed_version(stored, by=by)
    subject = public_subject(version, private_names(version))
    title = f"Version publique – {contract.territory.name} {contract.campaign.period}"
    return request_render(PUBLIC_KIND, subject, title=title, by=by)


@transaction.atomic
def publish_contract(contract: Contract, *, sha256: str, by: User) -> PublicCopy:
    """Put online the prepared document with this SHA-256, the one that `by` has read.

    Takes the place of the copy that is online, if it is another document. Raises NotAllowed, WrongState when
    the contract is not signed by all, when it is online already, or when another document was prepared,
    MissingPiece when none is prepared.
    """
    stored = locked_contract(contract, editable=False)
    version = _signed_version(stored, by=by)
    job = prepared_job(version, private_names(version))
    if job is None or job.state != JobState.DONE or job.file is None:
        raise MissingPiece(
            "La version publique n’est pas encore prête : préparez-la, relisez-la, puis confirmez."
        )
    if job.file.sha256 != sha256:
        raise WrongState(OTHER_FILE)
    online = PublicCopy.objects.standing().filter(contract=stored).first()
    if online is not None:
        if online.file.sha256 == sha256:
            raise WrongState("Cette version publique est déjà en ligne : rien n’a changé.")
        online.withdraw(reason="Remplacée par une version publique plus récente.", by=by)
    copy = PublicCopy.objects.create(contract=stored, version=version, file=job.file, published_by=by)
    told = f"Version publique de la version {version.number} mise en ligne (SHA-256 {sha256[:16]}…)."
    record(stored, "public_copy.published", told, by=by, place=PLACE)
    return copy


@transaction.atomic
def withdraw_public_copy(contract: Contract, *, reason: str, by: User) -> PublicCopy:
    """Take the contract's public version offline, with a reason; it stays on record.

    Raises NotAllowed, MissingPiece without a reason, WrongState when nothing is online.
    """
    if not can(by, Ability.CONTRACT_PUBLISH, contract.territory):
        raise NotAllowed(NOT_THEIRS)
    if not reason.strip():
        raise MissingPiece("Écrivez la raison du retrait : les autres parties la liront.")
    stored = locked_contract(contract, editable=False)
    online: PublicCopy | None = PublicCopy.objects.standing().filter(contract=stored).first()
    if online is None:
        raise WrongState("Aucune version publique de ce contrat n’est en ligne : rien n’a changé.")
    online.withdraw(reason=reason.strip()[:LONGEST_REASON], by=by)
    told = f"Version publique retirée du site. Raison : {reason.strip()}"
    record(stored, "public_copy.withdrawn", told, by=by, place=PLACE)
    return online


def _freeze_typed_text(stored: Contract) -> None:
    """Of a contract taken over whose text nobody froze since it was last corrected."""
    has_text = TextInForce.objects.filter(contract=stored).exists() or standing_proposal(stored) is not None
    if not has_text:
        typed_text_of(stored)


def _signed_version(contract: Contract, *, by: User) -> ContractVersion:
    if not can(by, Ability.CONTRACT_PUBLISH, contract.territory):
        raise NotAllowed(NOT_THEIRS)
    version = publishable_version(contract)
    if version is None:
        raise WrongState(NOT_SIGNED)
    return version
