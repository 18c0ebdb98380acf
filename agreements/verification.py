"""Is this a version of ours, which, and is it the one in force? Asked by anybody who holds a paper or a file.

A file is known by the SHA-256 of its bytes, which the reader's browser computes: the file itself never comes
here. A printed page is known by the address in its code, which holds the version's public identifier.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from agreements.models import ContractVersion, SignedFile, VersionPurpose
from cdppe.documents.models import RenderJob
from cdppe.documents.seal import Seal
from contracts.workflow import ContractState

VERSION_KIND = "contract-version"
"""The kind under which the documents app keeps the PDF of a version."""


class Standing(StrEnum):
    """What a version is today, in order of weight."""

    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    PROPOSED = "proposed"
    DRAFT = "draft"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Standing.IN_FORCE: "C’est le texte en vigueur de ce contrat.",
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


def seal_of(version: ContractVersion) -> Seal:
    """What every page of the PDF of `version` bears."""
    path = reverse("agreements:verify-version", args=[version.uid])
    return Seal(uid=str(version.uid), fingerprint=version.fingerprint, url=f"{settings.PUBLIC_URL}{path}")


def recognise_version(uid: uuid.UUID) -> Verified | None:
    """The version that a page's code names; None for a foreign one."""
    version = _versions().filter(uid=uid).first()
    return Verified(version, standing_of(version)) if version else None


def recognise_file(sha256: str) -> Verified | None:
    """The version of which the bytes with this SHA-256 are the PDF, or a signed copy; None for others."""
    job = RenderJob.objects.filter(kind=VERSION_KIND, file__sha256=sha256).only("subject").first()
    if job is not None:
        return recognise_version(uuid.UUID(hex=job.subject))
    copy = SignedFile.objects.filter(sha256=sha256).only("version_id").first()
    if copy is None:
        return None
    version = _versions().get(pk=copy.version_id)
    return Verified(version, standing_of(version), is_signed_copy=True)


def standing_of(version: ContractVersion) -> Standing:
    """What `version` is today: only what the parties agreed to can be in force."""
    if version.purpose != VersionPurpose.AGREEMENT:
        return Standing.DRAFT
    later = ContractVersion.objects.filter(
        contract=version.contract_id, purpose=VersionPurpose.AGREEMENT, number__gt=version.number
    )
    if later.exists():
        return Standing.SUPERSEDED
    return Standing.IN_FORCE if version.contract.state == ContractState.IN_FORCE else Standing.PROPOSED


def _versions() -> QuerySet[ContractVersion]:
    return ContractVersion.objects.without_texts().select_related("contract__territory", "contract__campaign")
