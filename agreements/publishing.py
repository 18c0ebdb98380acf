"""The public version of a contract as a document: produced apart from what is signed (rules K6, N2).

What goes from it, and how: `agreements.public_version`. Nothing of it is read from the signed file, and no
file is attached to it: it is laid out anew from what the version keeps.
"""

from __future__ import annotations

import hashlib
import uuid

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse

from agreements.models import ContractVersion, TextInForce, VersionPurpose
from agreements.needs import standing_proposal
from agreements.public_version import public_html, public_text
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.models import RenderJob
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece
from contracts.document import Layout, print_layout
from contracts.models import Contract, Takeover
from contracts.people import people_who_see

TYPED_TEXT = "Texte en vigueur, tel qu’il a été saisi"
"""How the version is called that holds what was typed of a contract taken over from a paper."""

PUBLIC_KIND = "public-version"
"""The kind under which the documents app keeps public versions, before and after they are online."""
PAGES = 20


def private_names(version: ContractVersion) -> tuple[str, ...]:
    """The people around the contract, in the order of their names: those whom no public text may name.

    The representatives of its parties, its contacts (those who left, too), whoever has an account that sees
    it and whoever once made a gesture on it. The names printed in the version itself are found there.
    """
    contract = version.contract
    names = {
        *contract.parties.values_list("representative_name", flat=True),
        *contract.contacts.values_list("name", flat=True),
        *(present.person.get_full_name() for present in people_who_see(contract)),
        *contract.events.values_list("actor", flat=True),
    }
    return tuple(sorted(filter(None, names)))


def public_document(
    version: ContractVersion, *, names: tuple[str, ...], progress: Progress | None = None
) -> RenderedDocument:
    """The PDF of `version` that everybody may read, without what `names` (people) and the account say.

    The same version and names give the same bytes.
    """
    contract = version.contract
    layout = Layout(
        html=public_html(version.html, names=names),
        title=public_text(version.title, names=names),
        subject=f"Contrat {contract.reference}, version publique",
        name=f"contrat-{contract.reference}-version-publique.pdf",
        is_draft=version.is_draft,
        expected_pages=PAGES,
    )
    return print_layout(layout, dated=version.taken_at, progress=progress)


def publishable_version(contract: Contract) -> ContractVersion | None:
    """The text of which a public version may be put online: the law of a contract signed by all (N2).

    Amended, it is the whole contract as its amendments make it. None for a contract that is not signed, and
    for one taken over of which no text was frozen yet (`prepare_public_copy` does it).
    """
    if not contract.is_signed:
        return None
    law: TextInForce | None = TextInForce.objects.filter(contract=contract).select_related("reading").first()
    if law is not None:
        return law.reading
    proposal = standing_proposal(contract)
    return proposal.version if proposal else typed_version(contract)


def typed_version(contract: Contract) -> ContractVersion | None:
    """The last text frozen of what was typed of a contract taken over; none of before its last correction."""
    takeover = Takeover.objects.filter(contract=contract).first()
    typed = ContractVersion.objects.filter(
        contract=contract, purpose=VersionPurpose.CONSOLIDATED, label=TYPED_TEXT
    )
    if takeover is not None and takeover.completed_at is not None:
        typed = typed.filter(taken_at__gte=takeover.completed_at)
    found: ContractVersion | None = typed.order_by("-number").first()
    return found


def public_subject(version: ContractVersion, names: tuple[str, ...]) -> str:
    """How the public version of `version` is named to the documents app: with the names removed from it.

    When somebody joins the contract the subject changes: a document without that name is another one.
    """
    told = "\0".join(names).encode()
    return f"{version.uid.hex}-{hashlib.sha256(told).hexdigest()[:16]}"


def prepared_job(version: ContractVersion, names: tuple[str, ...]) -> RenderJob | None:
    """The last demand of the public version of `version` as it would be today; None while there is none."""
    jobs = RenderJob.objects.filter(kind=PUBLIC_KIND, subject=public_subject(version, names))
    return jobs.select_related("file").order_by("-created_at", "-pk").first()


# --- What the documents app is told (see `AgreementsConfig.ready`) -----------------------------------------


def render_public(subject: str, progress: Progress) -> RenderedDocument:
    """The public version `subject`; raises `MissingPiece` when the people around the contract changed."""
    version = _version_of(subject)
    if version is None:
        raise MissingPiece("Cette version n’existe pas : sa version publique ne peut pas être produite.")
    progress(1, "Retrait de ce qui n’est pas public")
    names = private_names(version)
    if public_subject(version, names) != subject:
        raise MissingPiece(
            "Les personnes autour de ce contrat ont changé depuis cette demande : préparez de nouveau la "
            "version publique, leurs noms en seront retirés."
        )
    return public_document(version, names=names, progress=progress)


def is_visible_to(user: AbstractBaseUser | AnonymousUser, subject: str) -> bool:
    """Whether `user` sees the contract of the public version `subject`, before it is online."""
    version = _version_of(subject)
    return (
        isinstance(user, User)
        and version is not None
        and ContractVersion.objects.visible_to(user).filter(pk=version.pk).exists()
    )


def may_prepare(user: AbstractBaseUser | AnonymousUser, subject: str) -> bool:
    """Whether `user` may ask for the public version `subject`: the parties, who put it online."""
    version = _version_of(subject)
    return (
        isinstance(user, User)
        and version is not None
        and can(user, Ability.CONTRACT_PUBLISH, version.contract.territory)
    )


def publication_page(subject: str) -> str:
    """The page from which the public version `subject` is put online."""
    version = _version_of(subject)
    if version is None:
        return reverse("contracts:list")
    return reverse("agreements:publication", args=[version.contract.reference])


def _version_of(subject: str) -> ContractVersion | None:
    try:
        uid = uuid.UUID(hex=subject.partition("-")[0])
    except ValueError:
        return None
    versions = ContractVersion.objects.select_related("contract__campaign", "contract__territory__region")
    return versions.filter(uid=uid).first()
