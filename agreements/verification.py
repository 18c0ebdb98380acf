"""Is this a version of ours, which, and is it the one in force? Asked by anybody who holds a paper or a file.

A file is known by the SHA-256 of its bytes, which the reader's browser computes: the file itself never comes
here. A printed page is known by the address in its code, which holds the version's public identifier.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.urls import reverse

from agreements.models import (
    ContractVersion,
    Proposal,
    PublicCopy,
    SignatureProof,
    TextInForce,
    VersionPurpose,
)
from cdppe.documents.models import RenderJob
from cdppe.documents.seal import Seal
from contracts.models import Amendment
from contracts.workflow import ContractState

VERSION_KIND = "contract-version"
"""The kind under which the documents app keeps the PDF of a version."""


class Standing(StrEnum):
    """What a version is today, in order of weight."""

    IN_FORCE = "in_force"
    CONSOLIDATED = "consolidated"
    AMENDED = "amended"
    FORMER = "former"
    ENDED = "ended"
    SUPERSEDED = "superseded"
    TAKEN_BACK = "taken_back"
    SIGNING = "signing"
    PROPOSED = "proposed"
    DRAFT = "draft"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def is_law(self) -> bool:
        """Whether it says what holds today."""
        return self in (Standing.IN_FORCE, Standing.CONSOLIDATED)


_LABELS = {
    Standing.IN_FORCE: "C’est le texte en vigueur de ce contrat.",
    Standing.CONSOLIDATED: "C’est le contrat en vigueur, tel que ses avenants le modifient. Ce qui est "
    "signé, ce sont le contrat d’origine et ses avenants.",
    Standing.AMENDED: "Ce texte a été signé et il est entré en vigueur ; un avenant l’a modifié depuis.",
    Standing.FORMER: "Ce n’est plus le contrat en vigueur : un avenant l’a modifié depuis.",
    Standing.ENDED: "Ce texte était celui de ce contrat, qui a pris fin.",
    Standing.SUPERSEDED: "Ce n’est pas le texte en vigueur : un autre texte l’a remplacé depuis.",
    Standing.TAKEN_BACK: "Ce texte a été proposé à l’accord des parties, puis repris : il n’est pas en "
    "vigueur et n’est plus à signer.",
    Standing.SIGNING: "Toutes les parties sont d’accord sur ce texte, qui est à la signature : il n’est pas "
    "encore en vigueur.",
    Standing.PROPOSED: "Ce texte est proposé à l’accord des parties : il n’est pas en vigueur.",
    Standing.DRAFT: "C’est un projet, transmis à la DGCS : il n’engage personne.",
}


@dataclass(frozen=True)
class Verified:
    """A version that was recognised, what it is today, and whether the file was a signed copy of it.

    `amendment` is the one whose text it is, or that made it; `law` the text in force today.
    """

    version: ContractVersion
    standing: Standing
    is_signed_copy: bool = False
    public_copy: PublicCopy | None = None
    """The file was the public version of it, as it is or was online."""
    amendment: Amendment | None = None
    law: TextInForce | None = None


def seal_of(version: ContractVersion) -> Seal:
    """What every page of the PDF of `version` bears."""
    path = reverse("agreements:verify-version", args=[version.uid])
    return Seal(uid=str(version.uid), fingerprint=version.fingerprint, url=f"{settings.PUBLIC_URL}{path}")


def recognise_version(uid: uuid.UUID) -> Verified | None:
    """The version that a page's code names; None for a foreign one."""
    version = _versions().filter(uid=uid).first()
    return _verified(version) if version else None


def recognise_file(sha256: str) -> Verified | None:
    """The version of which the bytes with this SHA-256 are the PDF, a signed copy or what went online.

    None for others, for a public version that nobody put online, and for a file that somebody handed in as a
    signed copy as long as it proves no recorded signature: forged, incomplete or not examined yet.
    """
    job = RenderJob.objects.filter(kind=VERSION_KIND, file__sha256=sha256).only("subject").first()
    if job is not None:
        return recognise_version(uuid.UUID(hex=job.subject))
    # What was merely handed in proves nothing yet: a forged file would be said to be ours.
    proof = SignatureProof.objects.standing().filter(file__sha256=sha256).select_related("file").first()
    if proof is not None:
        version = _versions().get(pk=proof.file.version_id)
        return _verified(version, is_signed_copy=True)
    public = (
        PublicCopy.objects.filter(file__sha256=sha256)
        .order_by(F("withdrawn_at").desc(nulls_first=True))
        .first()
    )
    if public is None:
        return None
    return _verified(_versions().get(pk=public.version_id), public_copy=public)


def standing_of(version: ContractVersion) -> Standing:
    """What `version` is today: only what the parties agreed to, or what follows from it, can be in force."""
    if version.purpose == VersionPurpose.TRANSMISSION:
        return Standing.DRAFT
    texts = _texts_in_force(version)
    mine = next((each for each in texts if version.pk in (each.version_id, each.reading_id)), None)
    if mine is None:
        return _standing_before_effect(version)
    if version.contract.state != ContractState.IN_FORCE:
        return Standing.ENDED
    is_signed = mine.version_id == version.pk
    if mine.pk == texts[-1].pk:
        return Standing.IN_FORCE if is_signed else Standing.CONSOLIDATED
    # An amendment still holds for what no later one changed; which, its own page and the last reading say.
    return Standing.AMENDED if is_signed else Standing.FORMER


def _texts_in_force(version: ContractVersion) -> list[TextInForce]:
    """The texts of the contract of `version` that took effect, the first one first."""
    return list(
        TextInForce.objects.filter(contract=version.contract_id)
        .select_related("amendment")
        .order_by("effect_on", "pk")
    )


def _standing_before_effect(version: ContractVersion) -> Standing:
    """What a version that never took effect is: proposed, being signed, taken back, or replaced."""
    proposal = _proposal_of(version)
    if proposal is not None:
        way = proposal.amendment or version.contract
        if proposal.ended_at is not None or (proposal.amendment and not proposal.amendment.is_open):
            later = Proposal.objects.of(way).filter(pk__gt=proposal.pk)
            return Standing.SUPERSEDED if later.exists() else Standing.TAKEN_BACK
        if way.state == ContractState.SIGNATURE:
            return Standing.SIGNING
        if proposal.amendment is not None:
            return Standing.PROPOSED
    later_versions = ContractVersion.objects.filter(
        contract=version.contract_id, purpose=version.purpose, number__gt=version.number
    )
    if later_versions.exists():
        return Standing.SUPERSEDED
    by_state = {ContractState.IN_FORCE: Standing.IN_FORCE, ContractState.ENDED: Standing.ENDED}
    return by_state.get(ContractState(version.contract.state), Standing.PROPOSED)


def amendment_of(version: ContractVersion) -> Amendment | None:
    """The amendment whose text `version` is, or that it consolidates; None for the contract's own."""
    proposal = _proposal_of(version)
    return proposal.amendment if proposal is not None else None


def _proposal_of(version: ContractVersion) -> Proposal | None:
    found: Proposal | None = (
        Proposal.objects.filter(Q(version=version) | Q(consolidated=version))
        .select_related("amendment")
        .first()
    )
    return found


def _verified(
    version: ContractVersion, *, is_signed_copy: bool = False, public_copy: PublicCopy | None = None
) -> Verified:
    texts = _texts_in_force(version)
    return Verified(
        version,
        standing_of(version),
        is_signed_copy=is_signed_copy,
        public_copy=public_copy,
        amendment=amendment_of(version),
        law=texts[-1] if texts and version.contract.state == ContractState.IN_FORCE else None,
    )


def _versions() -> QuerySet[ContractVersion]:
    return ContractVersion.objects.without_texts().select_related("contract__territory", "contract__campaign")
