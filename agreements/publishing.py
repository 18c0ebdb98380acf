"""The public version of a contract as a document: produced apart from what is signed (rules K6, N2).

What goes from it, and how: `agreements.public_version`. Nothing of it is read from the signed file, and no
file is attached to it: it is laid out anew from what the version keeps.
"""

from __future__ import annotations

from agreements.models import ContractVersion
from agreements.public_version import public_html, public_text
from cdppe.documents.registry import Progress, RenderedDocument
from contracts.document import Layout, print_layout
from contracts.people import people_who_see

PAGES = 20


def private_names(version: ContractVersion) -> tuple[str, ...]:
    """The people around the contract, in the order of their names: those whom no public text may name.

    The representatives of its parties, its contacts (those who left, too) and whoever has an account that
    sees it. The names printed in the version itself are found there.
    """
    contract = version.contract
    names = {
        *contract.parties.values_list("representative_name", flat=True),
        *contract.contacts.values_list("name", flat=True),
        *(present.person.get_full_name() for present in people_who_see(contract)),
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
