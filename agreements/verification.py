"""Is this a version of ours, which, and is it the one in force? Asked by anybody who holds a paper or a file.

A file is known by the SHA-256 of its bytes, which the reader's browser computes: the file itself never comes
here. A printed page is known by the address in its code, which holds the version's public identifier.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db.models import F, QuerySet
from django.urls import reverse

from agreements.models import ContractVersion, PublicCopy, SignedFile, VersionPurpose
from cdppe.documents.models import RenderJob
from cdppe.documents.seal import Seal
from contracts.workflow import ContractState

VERSION_KIND = "contract-version"
"""The kind under which the documents app keeps the PDF of a version."""


class Standing(StrEnum):
    """What a version is today, in order of weight."""

    IN_FORCE = "in_force"
    ENDED = "ended"
    SUPERSEDED = "superseded"
    PROPOSED = "proposed"
    DRAFT = "draft"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Standing.IN_FORCE: "C’est le texte en vigueur de ce contrat.",
    Standing.ENDED: "C’est le dernier texte de ce contrat, qui est terminé.",
    Standing.SUPERSEDED: "Ce n’est pas le texte en vigueur : un autre texte l’a remplacé depuis.",
    Standing.PROPOSED: "Ce texte est proposé à l’accord des parties : il n’est pas en vigueur.",
    Standing.DRAFT: "C’est un projet, transmis à la DGCS : il n’engage personne.",
}


@dataclass(frozen=True)
class Verified:
    """A version that was recognised, what it is today, and whether the file was a signed copy of it."""

    version: ContractVersion
    standing: Standing
    is_signed_copy: bool = False
    public_copy: PublicCopy | None = None
    """The file was the public version of it, as it is or was online."""


def seal_of(version: ContractVersion) -> Seal:
    """What every page of the PDF of `version` bears."""
    path = reverse("agreements:verify-version", args=[version.uid])
    return Seal(uid=str(version.uid), fingerprint=version.fingerprint, url=f"{settings.PUBLIC_URL}{path}")


def recognise_version(uid: uuid.UUID) -> Verified | None:
    """The version that a page's code names; None for a foreign one."""
    version = _versions().filter(uid=uid).first()
    return Verified(version, standing_of(version)) if version else None


def recognise_file(sha256: str) -> Verified | None:
    """The version of which the bytes with this SHA-256 are the PDF, a signed copy or what went online.

    None for others, and for a public version that nobody put online.
    """
    job = RenderJob.objects.filter(kind=VERSION_KIND, file__sha256=sha256).only("subject").first()
    if job is not None:
        return recognise_version(uuid.UUID(hex=job.subject))
    copy = SignedFile.objects.filter(sha256=sha256).only("version_id").first()
    if copy is not None:
        version = _versions().get(pk=copy.version_id)
        return Verified(version, standing_of(version), is_signed_copy=True)
    public = (
        PublicCopy.objects.filter(file__sha256=sha256)
        .order_by(F("withdrawn_at").desc(nulls_first=True))
        .first()
    )
    if public is None:
        return None
    version = _versions().get(pk=public.version_id)
    return Verified(version, standing_of(version), public_copy=public)


def standing_of(version: ContractVersion) -> Standing:
    """What `version` is today: only what the parties agreed to can be in force."""
    if version.purpose != VersionPurpose.AGREEMENT:
        return Standing.DRAFT
    later = ContractVersion.objects.filter(
        contract=version.contract_id, purpose=VersionPurpose.AGREEMENT, number__gt=version.number
    )
    if later.exists():
        return Standing.SUPERSEDED
    by_state = {ContractState.IN_FORCE: Standing.IN_FORCE, ContractState.ENDED: Standing.ENDED}
    return by_state.get(ContractState(version.contract.state), Standing.PROPOSED)


def _versions() -> QuerySet[ContractVersion]:
    return ContractVersion.objects.without_texts().select_related("contract__territory", "contract__campaign")
