"""Signed files as people meet them: handed in, told what they prove, linked to the signatures (rule K4)."""

from __future__ import annotations

import html
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions import signed_files
from agreements.models import Signature, SignatureProof, SignedFile, SignedFileKind
from agreements.signing.upload import MAX_BYTES
from cdppe.documents.models import JobState, RenderJob
from contracts.models import Contract
from contracts.workflow import ContractState
from tests.agreements.authority import authority, signed
from tests.agreements.conftest import Table
from tests.agreements.copies import (
    NAMES,
    changed_after,
    deposited,
    examine,
    hand_in,
    scan,
    tampered,
    text_to_sign,
)
from tests.agreements.pdfs import PAGES, made_with, pictures, scan_of, sealed
from tests.agreements.signed_files import make_signed_file, make_version
from tests.agreements.signing.test_antivirus import EICAR, clamd
from tests.answers import client_of
from tests.answers import text_of as raw_text_of
from tests.queries import count_queries


def text_of(answer: Any) -> str:
    """The page of `answer` as it is read: no entities, ordinary spaces."""
    return html.unescape(raw_text_of(answer)).replace("\u00a0", " ")


TODAY = f"{timezone.localdate():%Y-%m-%d}"


@pytest.fixture(autouse=True)
def known_authority(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "essai.pem").write_text(authority().pem)
    settings.SIGNATURE_ROOTS = tmp_path


@pytest.fixture
def editor(table: Table) -> Client:
    return client_of(table.cast.council_editor)


def deposit_address(reference: str, number: int) -> str:
    return reverse("agreements:signed-file-deposit", args=[reference, number])


def page_of(client: Client, found: SignedFile, name: str = "signed-file") -> str:
    answer = client.get(reverse(f"agreements:{name}", args=[found.uid]))
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return text_of(answer)


def post(client: Client, found: SignedFile, name: str, data: dict[str, Any]) -> Any:
    return client.post(reverse(f"agreements:{name}", args=[found.uid]), data)


# --- Handing in --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("lettre.docx", b"PK un document Word", "n’est pas un PDF"),
        ("vide.pdf", b"", "Le fichier est vide"),
        ("gros.pdf", b"%PDF-1.7" + b"0" * MAX_BYTES, "dépasse 20 Mo"),
        (
            "script.pdf",
            made_with(lambda pdf: pdf.Root.update({"/JS": "x"}) or None),
            "programme (JavaScript)",
        ),
        ("coupé.pdf", b"%PDF-1.7 rien", "endommagé"),
    ],
    ids=["word", "empty", "heavy", "script", "damaged"],
)
def test_a_refused_file_is_refused_in_place_with_its_reason(
    editor: Client, table: Table, name: str, content: bytes, sentence: str
) -> None:
    version, _ = text_to_sign(table)
    answer = editor.post(
        deposit_address(version.contract.reference, version.number),
        {"kind": "scan", "file": SimpleUploadedFile(name, content)},
    )
    text = text_of(answer)
    assert answer.status_code == 422
    assert sentence in text
    # The way of signing that was chosen stays chosen.
    assert 'value="scan"' in text.split("checked")[0][-200:] + text.split("checked")[1][:200]
    assert not SignedFile.objects.exists()


def test_nothing_is_handed_in_before_all_agreed_or_without_the_pdf(editor: Client, table: Table) -> None:
    proposal = table.walk_to(ContractState.AGREEMENT)
    assert proposal is not None
    address = deposit_address(table.contract.reference, proposal.version.number)
    assert "donné leur accord" in text_of(editor.get(address))
    file = SimpleUploadedFile("contrat.pdf", made_with())
    answer = editor.post(address, {"kind": "scan", "file": file})
    assert answer.status_code == 409
    table.agree_all(proposal)
    text = text_of(editor.get(address))
    assert "n’a pas encore été produit" in text
    assert '<input type="file"' not in text
    assert not SignedFile.objects.exists()


def test_a_version_that_is_not_the_text_to_sign_takes_no_file(editor: Client, table: Table) -> None:
    text_to_sign(table)
    other = make_version(table.contract, number=99)
    assert "Ce n’est pas le texte" in text_of(editor.get(deposit_address(table.contract.reference, 99)))
    file = SimpleUploadedFile("contrat.pdf", made_with())
    assert editor.post(deposit_address("38-2030", 99), {"kind": "scan", "file": file}).status_code == 409
    assert not other.signed_files.exists()


def test_the_way_leads_to_the_pdf_the_deposit_and_the_files(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    way = reverse("agreements:way", args=["38-2030"])
    text = text_of(editor.get(way))
    assert "Télécharger le PDF à signer" in text
    assert "Aucun fichier signé n’a été déposé" in text
    assert deposit_address("38-2030", version.number) in text
    assert "Aucun fichier signé n’a été déposé" in text_of(
        editor.get(reverse("agreements:signed-files", args=["38-2030"]))
    )
    found = hand_in(editor, version, signed(content, NAMES["ars"]))
    for address in (way, reverse("agreements:signed-files", args=["38-2030"])):
        assert reverse("agreements:signed-file", args=[found.uid]) in text_of(editor.get(address))
    reader = text_of(client_of(table.cast.council_reader).get(way))
    assert "Déposer un fichier signé" not in reader
    assert "Télécharger le PDF à signer" in reader


# --- Examined before one's eyes ----------------------------------------------------------------------------


def test_the_state_updates_by_itself_and_stops_asking_at_the_end(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    address = deposit_address("38-2030", version.number)
    file = SimpleUploadedFile("contrat.pdf", signed(content, NAMES["ars"]))
    editor.post(address, {"kind": "pades", "file": file})
    found = SignedFile.objects.get()
    text = page_of(editor, found)
    progress = reverse("agreements:signed-file-progress", args=[found.uid])
    assert f'hx-get="{progress}"' in text
    assert "Vérification en cours" in text
    assert "Enregistrer les signatures" not in text
    RenderJob.objects.filter(kind=signed_files.KIND).update(progress=42, step="Vérification des signatures")
    assert "(42 %)" in page_of(editor, found, "signed-file-progress")
    examine(found)
    partial = text_of(editor.get(progress, headers={"HX-Request": "true"}))
    assert "hx-get" not in partial
    assert "hx-swap-oob" in partial
    assert "Vérification terminée : Valide." in partial
    assert "<html" not in partial


def test_a_failed_examination_says_why_and_can_be_asked_again(
    editor: Client, table: Table, settings: Any
) -> None:
    version, content = text_to_sign(table)
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    found = hand_in(editor, version, signed(content, NAMES["ars"]))
    text = page_of(editor, found)
    assert "Vérification interrompue" in text
    assert "ne répond pas" in text
    assert "n’a pas encore été analysé par l’antivirus" in text
    assert editor.get(reverse("agreements:signed-file-download", args=[found.uid])).status_code == 409
    with clamd() as url:
        settings.CLAMD_URL = url
        assert post(editor, found, "signed-file-examine", {}).status_code == 302
        examine(found)
    assert "Valide" in page_of(editor, found)
    before = RenderJob.objects.count()
    post(editor, found, "signed-file-examine", {})
    assert RenderJob.objects.count() == before


def test_a_virus_is_named_and_the_file_opened_by_nobody(editor: Client, table: Table, settings: Any) -> None:
    version, content = text_to_sign(table)
    with clamd() as url:
        settings.CLAMD_URL = url
        found = hand_in(editor, version, signed(content, NAMES["ars"]) + b"\n% " + EICAR)
    text = page_of(editor, found)
    assert "Virus trouvé" in text
    assert "Eicar-Test-Signature" in text
    assert reverse("agreements:signed-file-download", args=[found.uid]) not in text
    assert post(editor, found, "signed-file-signatures", {}).status_code == 409
    assert not Signature.objects.exists()


# --- Electronic signatures ---------------------------------------------------------------------------------


def test_three_electronic_signatures_are_told_and_recorded_in_one_gesture(
    editor: Client, table: Table
) -> None:
    version, content = text_to_sign(table)
    found = hand_in(editor, version, signed(content, NAMES["ars"], NAMES["council"], NAMES["prefecture"]))
    text = page_of(editor, found)
    assert "Les 3 signatures électroniques sont valides sur notre version." in text
    for sentence in (
        "est intacte",
        "octet pour octet",
        "garanti par une autorité reconnue : Autorité de certification d’essai.",
        "La révocation éventuelle du certificat n’a pas été recherchée",
    ):
        assert text.count(sentence) == 3, sentence
    form = page_of(editor, found, "signed-file-signatures")
    for party in table.parties.values():
        # Whose signature it is is proposed, by the name in the certificate.
        assert f'<option value="{party.pk}" selected>' in form
    assert form.count(f'value="{TODAY}"') == 3
    numbers = {1: "ars", 2: "council", 3: "prefecture"}
    data = {f"whose-{number}": table.parties[kind].pk for number, kind in numbers.items()}
    data |= {f"signature-{number}_on": TODAY for number in numbers}
    answer = post(editor, found, "signed-file-signatures", data)
    assert answer.status_code == 302, text_of(answer)[:3000]
    assert table.stored().state == ContractState.IN_FORCE
    assert set(Signature.objects.values_list("how", flat=True)) == {"electronic"}
    proofs = SignatureProof.objects.order_by("pk")
    assert [proof.field for proof in proofs] == [f"Signature {NAMES[kind]}" for kind in numbers.values()]
    way = text_of(editor.get(reverse("agreements:way", args=["38-2030"])))
    assert way.count("Preuve :") == 3
    assert "Aucun fichier joint" not in way
    assert post(editor, found, "signed-file-signatures", data).status_code == 409
    assert Signature.objects.count() == 3


@pytest.mark.parametrize(
    ("spoil", "outcome", "sentence"),
    [
        ("bit", "Non valide", "Les octets signés ont été modifiés"),
        ("authority", "Indéterminé", "ne mène à aucune autorité reconnue"),
        ("after", "Non valide", "Le fichier a changé après la signature"),
        ("unsigned", "Non vérifiable", "ne contient aucune signature électronique"),
    ],
)
def test_what_was_not_established_is_told_rightly(
    editor: Client, table: Table, spoil: str, outcome: str, sentence: str
) -> None:
    version, content = text_to_sign(table)
    by = authority("Autorité inconnue") if spoil == "authority" else None
    spoiled = signed(content, NAMES["ars"], by=by)
    if spoil == "bit":
        spoiled = tampered(spoiled, content)
    elif spoil == "after":
        spoiled = changed_after(spoiled)
    elif spoil == "unsigned":
        spoiled = content
    found = hand_in(editor, version, spoiled)
    text = page_of(editor, found)
    assert outcome in text
    assert sentence in text
    answer = post(
        editor,
        found,
        "signed-file-signatures",
        {"whose-1": table.parties["ars"].pk, "signature-1_on": TODAY},
    )
    if spoil == "authority":
        # Intact, by somebody for whom nobody answers here: the parties may, and the page says so.
        assert answer.status_code == 302
        assert Signature.objects.count() == 1
    else:
        assert answer.status_code == 409
        assert not Signature.objects.exists()


def test_a_forged_choice_records_nothing(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    found = hand_in(editor, version, signed(content, NAMES["ars"], NAMES["council"]))
    ars, council = table.parties["ars"].pk, table.parties["council"].pk
    for data in (
        {},
        {"whose-1": ars},
        {"whose-1": ars, "signature-1_on": "31/02/2030"},
        {"whose-1": ars, "signature-1_on": "2099-01-01"},
        {"whose-1": ars, "signature-1_on": TODAY, "whose-2": ars, "signature-2_on": TODAY},
        {"whose-1": "<script>", "signature-1_on": TODAY},
        {"whose-1": ars, "signature-1_on": TODAY, "whose-2": council, "signature-2_on": "2001-01-01"},
        {"whose-9": ars, "signature-9_on": TODAY, f"bears-{ars}": "on", f"party-{ars}_on": TODAY},
    ):
        answer = post(editor, found, "signed-file-signatures", data | {"csrfmiddlewaretoken": "-"})
        assert answer.status_code == 422, data
        assert "<script>" not in answer.content.decode().replace("<script src", "").replace(
            '<script type="module"', ""
        )
    assert not Signature.objects.exists()
    assert not SignatureProof.objects.exists()
    assert table.stored().state == ContractState.SIGNATURE


# --- Scans -------------------------------------------------------------------------------------------------


def test_a_scan_with_a_page_missing_is_told_then_whole_it_proves_the_papers(
    editor: Client, table: Table
) -> None:
    version, content = text_to_sign(table)
    partial = hand_in(editor, version, scan(content, [4, 1, 3]), "scan")
    text = page_of(editor, partial)
    assert "Non vérifiable – pages à revoir" in text
    assert "Page manquante : 2 sur 4." in text
    assert "non valide" not in text.lower()
    assert post(editor, partial, "signed-file-signatures", {}).status_code == 409
    whole = hand_in(editor, version, scan(content, [4, 1, 3, 2]), "scan")
    text = page_of(editor, whole)
    assert "Non vérifiable – pages au complet" in text
    assert "contient les 4 pages de la version, chacune une fois" in text
    data: dict[str, Any] = {}
    for party in table.parties.values():
        data |= {f"bears-{party.pk}": "on", f"party-{party.pk}_on": TODAY}
    assert post(editor, whole, "signed-file-signatures", data).status_code == 302
    assert table.stored().state == ContractState.IN_FORCE
    assert set(Signature.objects.values_list("how", flat=True)) == {"paper"}
    assert SignatureProof.objects.filter(file=whole, field="").count() == 3


def test_doubled_and_foreign_pages_are_told_by_their_place(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    sheets = [*pictures(content), pictures(content)[1], pictures(sealed())[0]]
    found = hand_in(editor, version, scan_of(sheets), "scan")
    text = page_of(editor, found)
    assert "Page 2 présente 2 fois : feuilles 2 et 5 du document déposé." in text
    assert "1 feuille porte le code d’une autre version ou d’un autre document : feuille 6" in text
    assert f"{PAGES} sur {PAGES}" in text


def test_an_unreadable_page_is_looked_at_and_confirmed_by_hand(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    sheets = list(pictures(content))
    sheets[1] = sheets[1].point(lambda _shade: 255)
    found = hand_in(editor, version, scan_of(sheets), "scan")
    assert "Code illisible : feuille 2" in page_of(editor, found)
    form = page_of(editor, found, "signed-file-pages")
    picture = reverse("agreements:signed-file-picture", args=[found.uid, 2])
    assert picture in form
    answer = editor.get(picture)
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")
    assert editor.get(reverse("agreements:signed-file-picture", args=[found.uid, 9])).status_code == 404
    for wrong in ("0", "5", "deux", "<b>", "9" * 40, "1.5", "-1"):
        assert post(editor, found, "signed-file-pages", {"sheet-2": wrong}).status_code == 422
    assert post(editor, found, "signed-file-pages", {"sheet-2": "2", "sheet-1": "3"}).status_code == 302
    text = page_of(editor, found)
    assert "pages au complet" in text
    assert "feuille 2 : page 2" in text
    # It can be corrected until signatures are recorded from it.
    assert post(editor, found, "signed-file-pages", {"sheet-2": ""}).status_code == 302
    assert "pages à revoir" in page_of(editor, found)
    assert post(editor, found, "signed-file-pages", {"sheet-2": "2"}).status_code == 302
    ars = table.parties["ars"].pk
    data = {f"bears-{ars}": "on", f"party-{ars}_on": TODAY}
    assert post(editor, found, "signed-file-signatures", data).status_code == 302
    assert post(editor, found, "signed-file-pages", {"sheet-2": ""}).status_code == 409
    assert "pages au complet" in page_of(editor, found)


def test_a_signature_recorded_by_eye_gets_its_file_afterwards(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    for party in table.parties.values():
        address = reverse("agreements:signature-record", args=["38-2030", party.pk])
        assert editor.post(address, {"signed_on": TODAY}).status_code == 302
    assert table.stored().state == ContractState.IN_FORCE
    way = reverse("agreements:way", args=["38-2030"])
    assert text_of(editor.get(way)).count("Aucun fichier joint.") == 3
    found = hand_in(editor, version, scan(content, [1, 2, 3, 4]), "scan")
    assert "le fichier y sera joint" in page_of(editor, found, "signed-file-signatures")
    data = {f"bears-{party.pk}": "on" for party in table.parties.values()}
    assert post(editor, found, "signed-file-signatures", data).status_code == 302
    assert Signature.objects.count() == SignatureProof.objects.count() == 3
    assert "Aucun fichier joint" not in text_of(editor.get(way))
    # A paper's signature is not proved by an electronic one.
    other = hand_in(editor, version, signed(content, NAMES["ars"]))
    data = {"whose-1": table.parties["ars"].pk}
    answer = post(editor, other, "signed-file-signatures", data)
    assert answer.status_code == 422
    assert "ce fichier n’en est pas la preuve" in text_of(answer)


def test_a_file_is_told_to_be_a_signed_copy_once_it_proves_a_signature(editor: Client, table: Table) -> None:
    """Anybody of a party may hand in any PDF: that alone makes it no copy of ours."""
    version, content = text_to_sign(table)
    found = hand_in(editor, version, scan(content, [1, 2, 3, 4]), "scan")
    forged = hand_in(editor, version, tampered(signed(content, NAMES["ars"]), content))

    def verified(file: SignedFile) -> str:
        return text_of(Client().get(reverse("agreements:verify"), {"empreinte": file.sha256}))

    assert "une copie signée" not in verified(found)
    data = {f"bears-{party.pk}": "on" for party in table.parties.values()}
    data |= {f"party-{party.pk}_on": TODAY for party in table.parties.values()}
    answer = post(editor, found, "signed-file-signatures", data)
    assert answer.status_code == 302, text_of(answer)
    assert "une copie signée" in verified(found)
    assert "une copie signée" not in verified(forged)
    assert "Ce fichier n’est aucune version de ce site" in verified(forged)


def test_a_text_that_changed_before_anybody_signed_takes_no_signature(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    found = hand_in(editor, version, scan(content, [1, 2, 3, 4]), "scan")
    Contract.objects.filter(pk=table.contract.pk).update(court="Lyon")
    ars = table.parties["ars"].pk
    data = {f"bears-{ars}": "on", f"party-{ars}_on": TODAY}
    answer = post(editor, found, "signed-file-signatures", data)
    assert answer.status_code == 409
    assert "Le contrat a changé" in text_of(answer)
    assert table.stored().state == ContractState.ADOPTED
    assert not Signature.objects.exists()
    assert not SignatureProof.objects.exists()


# --- Who, and how much -------------------------------------------------------------------------------------


def test_a_reader_sees_the_result_and_no_gesture(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    found = hand_in(editor, version, signed(content, NAMES["ars"]))
    for person in (table.cast.council_reader, table.cast.dgcs_signatory, table.cast.regional_reader):
        client = client_of(person)
        text = page_of(client, found)
        assert "valide sur notre version" in text
        assert "Enregistrer les signatures" not in text
        assert post(client, found, "signed-file-signatures", {}).status_code == 403
        assert client.post(deposit_address("38-2030", version.number)).status_code == 403
    assert (
        client_of(table.cast.foreign_editor)
        .get(reverse("agreements:signed-file", args=[found.uid]))
        .status_code
        == 404
    )


def test_every_gesture_is_told_in_the_journal(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    found = hand_in(editor, version, signed(content, NAMES["ars"]))
    data = {"whose-1": table.parties["ars"].pk, "signature-1_on": TODAY}
    post(editor, found, "signed-file-signatures", data)
    codes = list(table.contract.events.order_by("-sequence").values_list("code", flat=True)[:3])
    assert codes == ["signed_file.linked", "contract.sign", "signed_file.received"]
    journal = text_of(editor.get(reverse("contracts:journal", args=["38-2030"])))
    assert "Fichiers signés" in journal


def test_the_pages_cost_as_many_queries_for_fifty_files_as_for_five(editor: Client, table: Table) -> None:
    version, content = text_to_sign(table)
    deposited(version, scan(content, [1, 2, 3, 4]), table.cast.council_editor, SignedFileKind.SCAN)

    def grow(count: int) -> None:
        for _ in range(count):
            made = make_signed_file(
                table.contract, table.cast.council_editor, version=version, sha256=uuid.uuid4().hex * 2
            )
            RenderJob.objects.create(
                kind=signed_files.KIND,
                subject=str(made.uid),
                title="x",
                state=JobState.FAILED,
                error="x",
            )

    grow(4)
    addresses = [
        reverse("agreements:signed-files", args=["38-2030"]),
        reverse("agreements:way", args=["38-2030"]),
    ]
    few = [count_queries(lambda address=address: editor.get(address)) for address in addresses]
    grow(45)
    many = [count_queries(lambda address=address: editor.get(address)) for address in addresses]
    assert few == many
