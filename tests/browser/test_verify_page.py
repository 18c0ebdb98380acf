"""A file is verified without leaving the reader's browser."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from agreements.actions.versions import freeze_version
from agreements.models import VersionPurpose
from tests.agreements.printed import printed
from tests.cast import make_cast
from tests.contracts.contract_documents import use_real_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CONTENT = b"%PDF-1.7 une version"


@pytest.fixture(params=[1280, 375])
def page(request: pytest.FixtureRequest) -> Page:
    """The same at the office and on a telephone."""
    return request.getfixturevalue(f"page_{request.param}")


def test_a_chosen_file_is_told_from_one_that_differs_by_a_bit(
    page: Page, transactional_db: None, assert_accessible: Callable[[Page], None], tmp_path: Path
) -> None:
    cast = make_cast()
    use_real_model(cast.campaign)
    version = freeze_version(cast.contract, purpose=VersionPurpose.AGREEMENT, label="Texte", by=None)
    printed(version, CONTENT)
    ours, other = tmp_path / "contrat.pdf", tmp_path / "autre.pdf"
    ours.write_bytes(CONTENT)
    other.write_bytes(CONTENT[:-1] + b"m")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))  # a method of C is refused

    page.goto("/verifier/")
    assert_accessible(page)
    page.get_by_label("Choisir le fichier").set_input_files(ours)
    expect(page.get_by_role("status")).to_contain_text(f"la version 1 du contrat {cast.contract.reference}")
    expect(page.get_by_role("main")).to_contain_text(version.fingerprint)
    assert_accessible(page)
    page.get_by_label("Choisir le fichier").set_input_files(other)
    expect(page.get_by_role("status")).to_contain_text("aucune version de ce site")
    assert_accessible(page)
    # Dropped on the page, it is read there too.
    transfer = page.evaluate_handle(
        """bytes => {
            const found = new DataTransfer();
            found.items.add(new File([new Uint8Array(bytes)], "contrat.pdf", {type: "application/pdf"}));
            return found;
        }""",
        list(CONTENT),
    )
    page.dispatch_event("[data-verify]", "drop", {"dataTransfer": transfer})
    expect(page.get_by_role("status")).to_contain_text(f"la version 1 du contrat {cast.contract.reference}")
    assert all(request.method == "GET" for request in sent)
    assert any(hashlib.sha256(CONTENT).hexdigest() in request.url for request in sent)

    page.goto(f"/verifier/{version.uid}/")
    expect(page.get_by_role("status")).to_contain_text("Cette page annonce")
    assert_accessible(page)
