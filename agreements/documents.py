"""The PDF of a version, and the PDF of what changed between two: made in the background (rules K4, K5).

The PDF of a version is made once, from the layout that was frozen with it: whoever asks for it again gets the
same bytes. What changed between two versions follows from their contents alone.
"""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.template.loader import render_to_string
from django.urls import reverse

from agreements.models import ContractVersion
from agreements.reading import changes_between
from agreements.verification import VERSION_KIND, seal_of
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.actions.files import read_file
from cdppe.documents.models import JobState, RenderJob, StoredFile
from cdppe.documents.pdf import render_pdf
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece
from contracts.document import Layout, print_layout
from contracts.models import Amendment

CHANGES_KIND = "version-changes"
EXPECTED_PAGES = 60
"""Only the progress bar is told of it."""

AUTHOR = "Contrats de prévention et de protection de l’enfance"


def pdf_of(version: ContractVersion) -> StoredFile | None:
    """The PDF of `version`, the first that was made; None while there is none."""
    first = pdf_job_of(version)
    return first.file if first else None


def pdf_job_of(version: ContractVersion) -> RenderJob | None:
    """The job that made the PDF of `version`, the one that people sign; None while there is none."""
    jobs = RenderJob.objects.filter(
        kind=VERSION_KIND, subject=version.uid.hex, state=JobState.DONE, file__isnull=False
    )
    return jobs.select_related("file").order_by("finished_at", "pk").first()


def layout_of(version: ContractVersion) -> Layout:
    """The document of `version` as it was laid out when it was taken."""
    return Layout(
        html=version.html,
        title=version.title,
        subject=f"{version}, empreinte {version.fingerprint}",
        name=f"contrat-{version.contract.reference}-{_short_name(version)}.pdf",
        is_draft=version.is_draft,
        expected_pages=EXPECTED_PAGES,
    )


def _short_name(version: ContractVersion) -> str:
    """« avenant-1 » for the text of an amendment, « version-4 » for any other."""
    numbers = Amendment.objects.filter(proposals__version=version).values_list("number", flat=True)
    number = numbers.first()
    return f"version-{version.number}" if number is None else f"avenant-{number}-version-{version.number}"


def changes_subject(before: ContractVersion, after: ContractVersion) -> str:
    """How the two versions are named to the documents app."""
    return f"{before.uid.hex}-{after.uid.hex}"


def render_version(subject: str, progress: Progress) -> RenderedDocument:
    """The PDF of the version `subject`; raises `MissingPiece` when there is no such version."""
    (version,) = _versions(subject)
    made = pdf_of(version)
    if made is not None:
        return RenderedDocument(made.name, made.media_type, read_file(made))
    return print_layout(layout_of(version), dated=version.taken_at, progress=progress, seal=seal_of(version))


def render_changes(subject: str, progress: Progress) -> RenderedDocument:
    """What changed between the two versions of `subject`, as a PDF; raises `MissingPiece` for others."""
    before, after = _versions(subject, count=2)
    progress(1, "Lecture des deux versions")
    title = f"Ce qui change de la version {before.number} à la version {after.number}"
    context = {
        "title": title,
        "compared": (before, after),
        "after": after,
        "changes": changes_between(before, after),
    }
    content = render_pdf(
        render_to_string("documents/version_changes.html", context),
        title=f"{title} – contrat {after.contract.reference}",
        subject=f"Empreintes {before.fingerprint} et {after.fingerprint}",
        author=AUTHOR,
        dated=after.taken_at,
        stylesheets=("contract.css", "changes.css"),
        progress=progress,
        expected_pages=EXPECTED_PAGES,
    )
    name = f"contrat-{after.contract.reference}-versions-{before.number}-{after.number}.pdf"
    return RenderedDocument(name, "application/pdf", content)


def is_visible_to(user: AbstractBaseUser | AnonymousUser, subject: str) -> bool:
    """Whether `user` sees every version that `subject` names."""
    uids = _uids(subject)
    return (
        isinstance(user, User)
        and bool(uids)
        and ContractVersion.objects.visible_to(user).filter(uid__in=uids).count() == len(set(uids))
    )


def may_render(user: AbstractBaseUser | AnonymousUser, subject: str) -> bool:
    """Whether `user` may ask for a document of the versions of `subject`."""
    if not (isinstance(user, User) and is_visible_to(user, subject)):
        return False
    version = _versions(subject, count=len(_uids(subject)))[0]
    return can(user, Ability.DOCUMENT_RENDER, version.contract.territory)


def versions_page(subject: str) -> str:
    """The page of the versions of the contract of `subject`."""
    version = ContractVersion.objects.filter(uid__in=_uids(subject)).select_related("contract").first()
    if version is None:
        return reverse("contracts:list")
    return reverse("agreements:versions", args=[version.contract.reference])


def _versions(subject: str, *, count: int = 1) -> tuple[ContractVersion, ...]:
    uids = _uids(subject)
    found = {
        version.uid: version
        for version in ContractVersion.objects.filter(uid__in=uids).select_related(
            "contract__campaign", "contract__territory__region"
        )
    }
    if len(uids) != count or any(uid not in found for uid in uids):
        raise MissingPiece("Cette version n’existe pas : son document ne peut pas être produit.")
    return tuple(found[uid] for uid in uids)


def _uids(subject: str) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(hex=part) for part in subject.split("-")]
    except ValueError:
        return []
