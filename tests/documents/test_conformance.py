"""veraPDF on real PDFs: each follows PDF/UA-1 and PDF/A-2a, in one file (`make pdfcheck`)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from weasyprint import HTML

from agreements.actions.amendments import open_amendment
from agreements.actions.versions import freeze_version
from agreements.amending import lay_out_amendment
from agreements.documents import layout_of
from agreements.models import VersionPurpose
from agreements.publishing import private_names, public_document
from agreements.verification import seal_of
from cdppe.accounts.models import User
from cdppe.documents.pdf import render_pdf
from contracts.document import print_layout, render_contract
from contracts.models import ActionSheet, Amendment, Contract
from contracts.workflow import ContractState
from funding.letters import letter_of, render_letter
from funding.models import Publication
from tests.agreements.authority import signed
from tests.agreements.pdfs import sealed
from tests.browser import demonstration
from tests.states import put_in_state
from tests.verapdf import STANDARDS, Verdict, judge

pytestmark = [pytest.mark.pdfcheck, pytest.mark.django_db]

DATED = dt.datetime(2030, 6, 15, 12, 30, tzinfo=dt.UTC)
RARE = (
    "\uf0b7 puce de Word, \ue000 privé, 👩\u200d👧 🙂 ✅, 漢字 العربية 𝔸, \ufdd0\uffff, "
    "a\u00adb\u200bc, ☐ ☑ ➢ → € œ ﬁ"
)


def _page(body: str) -> str:
    return f'<!DOCTYPE html><html lang="fr"><head><title>x</title></head><body>{body}</body></html>'


def _amended(contract: Contract) -> Amendment:
    """An amendment to `contract`, which changes its articles, a sheet and its end."""
    by = User.objects.get(email="departement38@exemple.fr")
    put_in_state(contract, ContractState.IN_FORCE, by=by)
    amendment = open_amendment(contract, about="Une action de plus", reason="Un besoin nouveau.", by=by)
    ActionSheet.objects.filter(contract=contract).update(description=f"Texte neuf {RARE}", public="Parents")
    Contract.objects.filter(pk=contract.pk).update(court="Tribunal administratif de Lyon")
    amendment.new_ends_on = contract.ends_on + dt.timedelta(days=365)
    amendment.contract = Contract.objects.with_context().get(pk=contract.pk)
    return amendment


@pytest.fixture(scope="module")
def verdicts(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Verdict]]:
    """{document: {standard: verdict}}: one run of veraPDF over all of them, Java being slow to start."""
    folder = tmp_path_factory.mktemp("pdfcheck")
    with django_db_blocker.unblock(), transaction.atomic():
        demonstration.load()
        contract = Contract.objects.with_context().get(reference=demonstration.ISERE)
        agreed = freeze_version(contract, purpose=VersionPurpose.AGREEMENT, label="Accord", by=None)
        amendment = _amended(contract)
        publication = Publication.objects.earliest("pk")
        territory = publication.amounts.select_related("territory").earliest("pk").territory
        contents = {
            "draft": render_contract(contract, dated=DATED).content,
            "version": print_layout(layout_of(agreed), dated=agreed.taken_at, seal=seal_of(agreed)).content,
            "public version": public_document(agreed, names=private_names(agreed)).content,
            "amendment": print_layout(lay_out_amendment(amendment, dated=DATED), dated=DATED).content,
            "letter": render_letter(letter_of(publication, territory)).content,
        }
        transaction.set_rollback(True)
    contents["rare characters"] = render_pdf(
        _page(f"<h1>Titre {RARE}</h1><ul><li>{RARE}</li></ul>"), title="Essai", dated=DATED
    )
    contents["signed once"] = signed(sealed(), "Préfète")
    contents["signed three times"] = signed(contents["signed once"], "Directrice de l’ARS", "Président")
    contents["version signed three times"] = signed(
        contents["version"], "Préfète", "Directrice de l’ARS", "Président"
    )
    contents["plain"] = HTML(string=_page("<p>Ni balises, ni profil de couleurs</p>")).write_pdf()
    paths = {name: folder / f"{name}.pdf" for name in contents}
    for name, path in paths.items():
        path.write_bytes(contents[name])
    found: dict[str, dict[str, Verdict]] = {name: {} for name in contents}
    for verdict in judge(paths.values()):
        found[verdict.path.stem][verdict.standard] = verdict
    return found


@pytest.mark.parametrize("standard", STANDARDS.values())
@pytest.mark.parametrize(
    "document",
    ["draft", "version", "amendment", "letter", "rare characters", "signed once", "signed three times"],
)
def test_each_document_follows_both_standards(
    document: str, standard: str, verdicts: dict[str, dict[str, Verdict]]
) -> None:
    verdict = verdicts[document][standard]
    assert verdict.failures == {}
    assert verdict.is_compliant
    assert verdict.checks > 100


@pytest.mark.parametrize("standard", STANDARDS.values())
def test_the_checker_finds_what_is_wrong(standard: str, verdicts: dict[str, dict[str, Verdict]]) -> None:
    """The control: a PDF as WeasyPrint writes it by itself follows neither."""
    verdict = verdicts["plain"][standard]
    assert not verdict.is_compliant
    assert verdict.failures
