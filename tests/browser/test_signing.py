"""Two contracts from the final text to the day of effect: on paper, by electronic signatures (K3, K4).

The papers are made by the test: the very PDF of the version, drawn as a scanner sees it. The electronic
signatures are real PAdES ones of a test authority. The contract signed on paper then goes online (K6, N2).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from agreements.documents import pdf_of
from agreements.models import ContractVersion, PublicCopy, SignatureProof
from cdppe.documents.actions.files import read_file
from contracts.models import Contract, ContractParty
from contracts.workflow import ContractState
from tests.agreements.authority import authority, signed
from tests.agreements.conftest import Table, make_table
from tests.agreements.copies import NAMES, changed_after, scan, tampered
from tests.browser.gestures import Check, SignIn
from tests.cast import make_cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


BASE = "/contrats/38-2030"
LONG_MS = 90_000
"""A PDF is laid out, a scan of some pages is read."""


@pytest.fixture
def table(transactional_db: None, settings: Any, tmp_path: Path) -> Table:
    """A final text, a signatory in each institution; jobs run in this process, which knows the authority."""
    settings.JOB_ENGINE = "thread"
    roots = tmp_path / "autorites"
    roots.mkdir()
    (roots / "essai.pem").write_text(authority().pem)
    settings.SIGNATURE_ROOTS = roots
    cast = make_cast()
    made = make_table(cast)
    for kind, name in NAMES.items():
        ContractParty.objects.filter(pk=made.parties[kind].pk).update(representative_name=name)
    made.walk_to(ContractState.DRAFT)
    return made


@pytest.fixture
def check(assert_accessible: Check) -> Check:
    """Accessible at an office's width and at a telephone's."""

    def look(page: Page) -> None:
        for width, height in ((375, 812), (1280, 900)):
            page.set_viewport_size({"width": width, "height": height})
            assert_accessible(page)

    return look


def submit(page: Page, name: str) -> None:
    """Press the button `name` by the keyboard, as it is reached by the Tab key."""
    button = page.get_by_role("button", name=name, exact=True)
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def choose(page: Page, label: str) -> None:
    """Tick the radio button or the box `label` by the keyboard."""
    page.get_by_label(label).focus()
    page.keyboard.press("Space")


def walk_to_the_signatures(page: Page, table: Table, signed_in: SignIn) -> tuple[ContractVersion, bytes]:
    """From the final text to the text that all agreed to, and its PDF, each gesture on its page."""
    yesterday = f"{timezone.localdate() - dt.timedelta(days=1):%Y-%m-%d}"
    signed_in(page, table.cast.council_editor.email)
    page.goto(f"{BASE}/accord/")
    page.get_by_role("link", name="Enregistrer l’information de l’ODPE").click()
    page.get_by_label("Date de l’information de l’ODPE").fill(yesterday)
    submit(page, "Enregistrer l’information de l’ODPE")
    page.get_by_role("link", name="Enregistrer la délibération").click()
    page.get_by_label("Numéro de la délibération").fill("2030-117")
    page.get_by_label("Date de la délibération").fill(yesterday)
    submit(page, "Enregistrer la délibération")
    page.get_by_role("link", name="Proposer le texte à l’accord des parties").click()
    submit(page, "Confirmer et proposer le texte")
    for kind, person in table.signatories.items():
        signatory = str(table.parties[kind].signatory)
        signed_in(page, person.email)
        page.goto(f"{BASE}/accord/")
        page.get_by_role("link", name=f"Donner l’accord pour {signatory}").click()
        submit(page, f"Donner l’accord pour {signatory}")
    signed_in(page, table.cast.council_editor.email)
    page.goto(f"{BASE}/accord/")
    submit(page, "Produire le PDF à signer")
    expect(page.get_by_text("Le document est prêt", exact=True)).to_be_visible(timeout=LONG_MS)
    version = ContractVersion.objects.get(proposal__ended_at__isnull=True, contract=table.contract)
    made = pdf_of(version)
    assert made is not None
    page.goto(f"{BASE}/accord/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger le PDF à signer").click()
    content = Path(download.value.path()).read_bytes()
    assert content == read_file(made)
    return version, content


def hand_in(page: Page, folder: Path, content: bytes, way: str, name: str) -> None:
    """Hand `content` in from « Accord et signature » and wait for its result."""
    path = folder / name
    path.write_bytes(content)
    page.goto(f"{BASE}/accord/")
    page.get_by_role("link", name="Déposer un fichier signé").click()
    choose(page, way)
    page.get_by_label("Fichier signé").set_input_files(path)
    submit(page, "Déposer le fichier")
    # The page says so by itself, without being loaded again.
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(page.locator("#signed-file-result")).to_be_visible(timeout=LONG_MS)


PAPER, ELECTRONIC = "Signé à la main et numérisé", "Signé électroniquement"


def test_a_contract_signed_on_paper_comes_into_force_then_goes_online(
    page_1280: Page,
    open_page: Callable[[], Page],
    table: Table,
    signed_in: SignIn,
    check: Check,
    tmp_path: Path,
) -> None:
    page = page_1280
    version, content = walk_to_the_signatures(page, table, signed_in)
    check(page)
    total = len(PdfReader(io.BytesIO(content)).pages)
    pages = list(range(total, 0, -1))
    assert total >= 3, "a scan with a page left out must have some others"

    # A Word document is refused on the spot, with the reason beside the field.
    page.get_by_role("link", name="Déposer un fichier signé").click()
    check(page)
    wrong = tmp_path / "contrat.docx"
    wrong.write_bytes(b"PK")
    choose(page, PAPER)
    page.get_by_label("Fichier signé").set_input_files(wrong)
    submit(page, "Déposer le fichier")
    expect(page.get_by_role("alert")).to_contain_text("n’est pas un PDF")
    check(page)

    # Shuffled, and a page was forgotten on the glass.
    without_two = [number for number in pages if number != 2]
    hand_in(page, tmp_path, scan(content, without_two), PAPER, "incomplet.pdf")
    result = page.locator("#signed-file-result")
    expect(result).to_contain_text("Non vérifiable – pages à revoir")
    expect(result).to_contain_text(f"Page manquante : 2 sur {total}")
    expect(page.get_by_text("il ne prouve aucune signature")).to_be_visible()
    expect(page.get_by_role("link", name="Enregistrer les signatures")).to_have_count(0)
    check(page)

    hand_in(page, tmp_path, scan(content, pages), PAPER, "complet.pdf")
    expect(result).to_contain_text("Non vérifiable – pages au complet")
    expect(result).to_contain_text("jamais qui a signé")
    check(page)
    page.get_by_role("link", name="Enregistrer les signatures que ce fichier prouve").click()
    today = f"{timezone.localdate():%Y-%m-%d}"
    for party in table.parties.values():
        choose(page, f"Le papier porte la signature de : {party.signatory}")
        page.get_by_label(f"Date de la signature, {party.signatory}").fill(today)
    check(page)
    submit(page, "Enregistrer")
    expect(page.get_by_role("main")).to_contain_text("3 signatures sont enregistrées.")
    expect(page.get_by_role("link", name="complet.pdf", exact=True)).to_have_count(4)
    assert table.stored().state == ContractState.IN_FORCE
    assert SignatureProof.objects.count() == 3
    check(page)

    published = put_online(page, check)
    visit(open_page(), table, version, content, published, check, tmp_path)


def put_online(page: Page, check: Check) -> PublicCopy:
    """Prepare the public version, read it again, put it online."""
    page.get_by_role("link", name="Mise en ligne de la version publique").click()
    check(page)
    submit(page, "Préparer la version publique")
    expect(page.get_by_text("Le document est prêt", exact=True)).to_be_visible(timeout=LONG_MS)
    page.get_by_role("link", name="Revenir à la mise en ligne").click()
    page.get_by_role("link", name="Relire la version publique et la mettre en ligne").click()
    text = page.get_by_role("region", name="Texte de la version publique")
    expect(text).to_contain_text("[nom retiré]")
    for name in NAMES.values():
        expect(text).not_to_contain_text(name)
    check(page)
    submit(page, "Mettre en ligne")
    expect(page.get_by_role("alert")).to_contain_text("cochez cette case")
    choose(page, "J’ai relu ce texte")
    submit(page, "Mettre en ligne")
    expect(page.get_by_role("main")).to_contain_text("La version publique du contrat est en ligne.")
    check(page)
    return PublicCopy.objects.select_related("file").get()


def visit(
    visitor: Page,
    table: Table,
    version: ContractVersion,
    content: bytes,
    published: PublicCopy,
    check: Check,
    folder: Path,
) -> None:
    """Somebody without an account finds the contract, downloads it and verifies both documents."""
    visitor.goto("/contrats-publies/")
    check(visitor)
    visitor.get_by_role("main").get_by_role("link", name="Isère").click()
    check(visitor)
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Télécharger le contrat et ses annexes").click()
    public = folder / "public.pdf"
    download.value.save_as(public)
    assert hashlib.sha256(public.read_bytes()).hexdigest() == published.file.sha256
    theirs, other = folder / "contrat.pdf", folder / "autre.pdf"
    theirs.write_bytes(content)
    other.write_bytes(content + b"\n")
    for file, told in (
        (public, "la version publique de"),
        (theirs, f"la version {version.number} du contrat 38-2030"),
        (other, "aucune version de ce site"),
    ):
        visitor.goto("/verifier/")
        visitor.get_by_label("Choisir le fichier").set_input_files(file)
        expect(visitor.get_by_role("status").first).to_contain_text(told)
        check(visitor)
    visitor.goto(f"/verifier/{version.uid}/")
    expect(visitor.get_by_role("status").first).to_contain_text("C’est le texte en vigueur de ce contrat.")
    for closed in (f"{BASE}/accord/", f"{BASE}/mise-en-ligne/"):
        visitor.goto(closed)
        expect(visitor).to_have_url(re.compile("/connexion/"))


def test_a_contract_signed_electronically_comes_into_force_and_every_flaw_is_told(
    page_1280: Page, table: Table, signed_in: SignIn, check: Check, tmp_path: Path
) -> None:
    page = page_1280
    _version, content = walk_to_the_signatures(page, table, signed_in)
    first = NAMES["prefecture"]
    unknown = authority("Autorité inconnue")
    flaws = (
        (
            "modifié.pdf",
            tampered(signed(content, first), content),
            "Non valide",
            "octets signés ont été modifiés",
        ),
        (
            "inconnue.pdf",
            signed(content, first, by=unknown),
            "Indéterminé",
            "ne mène à aucune autorité reconnue ici",
        ),
        (
            "changé.pdf",
            changed_after(signed(content, first)),
            "Non valide",
            "Le fichier a changé après la signature",
        ),
    )
    for name, file, outcome, sentence in flaws:
        hand_in(page, tmp_path, file, ELECTRONIC, name)
        expect(page.locator("#signed-file-result")).to_contain_text(outcome)
        expect(page.locator(".cdppe-finding").filter(has_text=sentence)).to_be_visible()
        check(page)
    # Nothing invalid is recorded: neither of the two files offers it.
    expect(page.get_by_role("link", name="Enregistrer les signatures")).to_have_count(0)

    # The three sign one after the other, in an order that nobody imposes.
    order = ("ars", "council", "prefecture")
    hand_in(page, tmp_path, signed(content, *(NAMES[kind] for kind in order)), ELECTRONIC, "signé.pdf")
    expect(page.locator("#signed-file-result")).to_contain_text(
        "Les 3 signatures électroniques sont valides sur notre version."
    )
    for kind in order:
        expect(page.get_by_role("heading", name=re.compile(f"{NAMES[kind]}.*Valide"))).to_be_visible()
    check(page)
    page.get_by_role("link", name="Enregistrer les signatures que ce fichier prouve").click()
    check(page)
    # Whose they are is proposed by the names of the certificates: one looks, and confirms.
    for number, kind in enumerate(order, start=1):
        chosen = page.get_by_label(f"Signature {number} :").locator("option:checked")
        expect(chosen).to_have_text(str(table.parties[kind].signatory))
    submit(page, "Enregistrer")
    expect(page.get_by_role("main")).to_contain_text("3 signatures sont enregistrées.")
    stored = Contract.objects.get(pk=table.contract.pk)
    assert stored.state == ContractState.IN_FORCE
    assert set(SignatureProof.objects.values_list("field", flat=True)) == {
        f"Signature {name}" for name in NAMES.values()
    }
