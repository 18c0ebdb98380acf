"""The public version: no bank details, signatures or names, in text, metadata or attachments (K6, N2)."""

from __future__ import annotations

import io
import time
import unicodedata

import pypdf
import pytest

from agreements.actions.versions import freeze_version
from agreements.models import ContractVersion, VersionPurpose
from agreements.public_version import public_html, public_text
from agreements.publishing import private_names, public_document
from contracts.models import Contact, Contract, ContractObjective
from tests.contracts.contract_documents import BIC, IBAN, add_sheet, bare_contract, fill
from tests.factories import InstitutionFactory, MembershipFactory, UserFactory

OTHER_IBAN = "FR1420041010050500013M02606"
GERMAN_IBAN = "DE89370400440532013000"
RIB = "20041010050500013M02606"

# What is planted, and how it is typed: 20 of them.
PLANTED = {
    "the account": (IBAN, None),
    "its BIC": (BIC, None),
    "the prefect": ("Claude Préfet", "Claude PREFET l’a dit"),
    "the president": ("Dominique Élue", "Mme Élue a signé"),
    "the director": ("Camille Santé", "C. Santé"),
    "a contact": ("Marie-Hélène Dupont", "DUPONT Marie Hélène"),
    "a contact's e-mail": ("mh.dupont@isere.example", "écrire à mh.dupont@isere.example."),
    "a contact's telephone": ("0476112233", "au 04.76.11.22.33"),
    "a user": ("Bernard Le Goff", "Bernard **Le Goff**"),
    "somebody unknown": ("Zébulon", "voir Mme Zébulon Tartempion"),
    "an IBAN": (OTHER_IBAN, OTHER_IBAN),
    "an IBAN with spaces": ("FR7610107001011234567890129", "FR76 1010 7001 0112 3456 7890 129"),
    "an IBAN with dots": ("FR7630002005500000157841Z25", "FR76.3000.2005.5000.0015.7841.Z25"),
    "an IBAN with dashes": ("FR7610278060000002022334596", "FR76-1027-8060-0000-0202-2334-596"),
    "an IBAN over lines": ("FR7614505000010400012345678", "FR76 1450 5000\n0104 0001\n\n2345 678"),
    "an IBAN in bold": ("FR7617569000701234567890142", "FR76 1756 **9000 7012 3456** 7890 142"),
    "an IBAN of elsewhere": (GERMAN_IBAN, "DE89 3704 0044 0532 0130 00"),
    "an account number": (RIB, "20041 01005 0500013M026 06"),
    "an account number with its label": ("98765432109", "Compte n° 987 654 321 09"),
    "a BIC": ("AGRIFRPP867", "BIC : AGRIFRPP867"),
}


def squeezed(text: str) -> str:
    """Letters and digits alone, without accents or capitals: however it is written, it is the same."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def planted_contract() -> Contract:
    """A filled contract, where everything is planted that may not be public."""
    contract = fill(bare_contract())
    council = InstitutionFactory(kind="council", territory=contract.territory)
    MembershipFactory(user=UserFactory(first_name="Bernard", last_name="Le Goff"), institution=council)
    Contact.objects.create(
        contract=contract,
        institution=council,
        name="Marie-Hélène Dupont",
        seat=1,
        email="mh.dupont@isere.example",
        phone="04 76 11 22 33",
    )
    typed = [words for _, words in PLANTED.values() if words]
    everything = "\n\n".join(f"Avant. {words}" for words in typed)
    add_sheet(
        contract,
        title=f"Action de Marie-Hélène Dupont, {OTHER_IBAN}",
        diagnosis=everything,
        description="- " + "\n- ".join(typed),
        actors=everything,
    )
    ContractObjective.objects.create(
        contract=contract, own_title="Objectif de Bernard Le Goff, 04 76 11 22 33"
    )
    return contract


@pytest.fixture
def version(db: None) -> ContractVersion:
    """An agreed version of it."""
    contract = planted_contract()
    return freeze_version(contract, purpose=VersionPurpose.AGREEMENT, label="Accord", by=None)


def everything_in(content: bytes) -> str:
    """The text, the outline, the metadata (both kinds) and the attachments of a PDF."""
    reader = pypdf.PdfReader(io.BytesIO(content))
    parts = [page.extract_text() for page in reader.pages]
    # In the order of the pages, since a number may go on over two of them.
    parts = ["".join(parts), str(reader.metadata), reader.trailer["/Root"]["/Metadata"].get_data().decode()]
    parts += [str(reader.outline), str(reader.named_destinations), str(dict(reader.attachments))]
    return "\n".join(parts)


def test_twenty_planted_things_are_in_the_version_and_none_in_its_public_version(
    version: ContractVersion,
) -> None:
    assert len(PLANTED) == 20
    planted = {name: squeezed(secret) for name, (secret, _) in PLANTED.items()}
    # The control: in the frozen document each of them is there to be read.
    frozen = squeezed(pypdf_free_text(version.html))
    unseen = {"a contact's telephone"} - {name for name, secret in planted.items() if secret in frozen}
    assert unseen == set()

    content = public_document(version, names=private_names(version)).content
    found = squeezed(everything_in(content))
    assert {name for name, secret in planted.items() if secret in found} == set()
    assert "avant" in found
    for part in ["Dupont", "Le Goff", "Élue", "Tartempion", "isere.example"]:
        assert squeezed(part) not in found, part
    reader = pypdf.PdfReader(io.BytesIO(content))
    assert dict(reader.attachments) == {}
    assert b"/EmbeddedFile" not in content


def pypdf_free_text(html: str) -> str:
    """The text of an HTML document, without its tags."""
    out, inside = [], False
    for character in html:
        inside = character == "<" or (inside and character != ">")
        if not inside and character != ">":
            out.append(character)
    return "".join(out)


def test_the_same_version_and_names_give_the_same_bytes(version: ContractVersion) -> None:
    names = private_names(version)
    first = public_document(version, names=names)
    assert first == public_document(version, names=names)
    assert first.name == f"contrat-{version.contract.reference}-version-publique.pdf"


def test_what_is_public_stays(version: ContractVersion) -> None:
    html = public_html(version.html, names=private_names(version))
    text = " ".join(pypdf_free_text(html).replace("\u202f", " ").replace("\u00a0", " ").split())
    for words in [
        "préfet de l’Isère",
        "[nom retiré]",
        "[Coordonnées bancaires : ne figure pas dans la version publique]",
        "[Signatures : ne figure pas dans la version publique]",
        "Version publique.",
        "2 914 500 €",
        "41 234",
        "52 345,60",
        "Tribunal administratif de Grenoble".removeprefix("Tribunal administratif "),
    ]:
        assert words in text, words
    # Nothing of the financial tables is taken for a number of account.
    assert text.count("41 234") == pypdf_free_text(version.html).replace("\u202f", " ").count("41 234")


@pytest.mark.parametrize(
    "text",
    [
        "2020, 2021, 2022, 2023, 2024, 2025, 2026",
        "1 000 000 € en 2022, 2 000 000 € en 2023 et 3 000 000 € en 2024",
        "CHIFFREMENT DES CHIFFRES OFFRE",
        "le préfet et la présidente du conseil départemental, Monsieur le préfet",
        "L’établissement accueille 12 enfants, 345 familles ; compte rendu du 12/03/2022",
        "article L. 112-3 du code de l’action sociale, loi n° 2016-297 du 14 mars 2016",
        "200 places, 0,5 ETP, 12 h 30",
    ],
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert public_text(text, names=["Le préfet", "Monsieur le préfet", "Li"]) == text


@pytest.mark.parametrize("cell", ["td", "th", "h3"])
def test_cells_side_by_side_are_never_one_number(cell: str) -> None:
    html = "".join(f"<{cell}>{part}</{cell}>" for part in ["20041", "01005", "05000136026", "06"])
    assert public_html(html) == html


def test_a_name_is_found_in_every_order_but_not_inside_a_word() -> None:
    names = ["Anne Martin"]
    for text in ["Anne Martin", "ANNE MARTIN", "Martin, Anne", "A. Martin", "M. Martin", "Anne\nMartin"]:
        assert "[nom retiré]" in public_text(text, names=names), text
    assert public_text("Annemartin, la martinique", names=names) == "Annemartin, la martinique"


def test_markup_is_written_as_it_was_and_typed_markup_stays_text() -> None:
    html = '<p class="x">a &lt;b&gt; &amp; c<br>d</p><table><col class="y"><tr><td>1</td></tr></table>'
    assert public_html(html) == html


@pytest.mark.parametrize(
    "text",
    ["FR7" + " " * 20000, "1 " * 20000, "FR" * 20000, "A1" * 20000, "a@" * 20000, "M. " + "A " * 20000],
)
def test_a_hostile_text_is_read_in_a_short_time(text: str) -> None:
    start = time.process_time()
    public_text(text, names=["Anne Martin"])
    assert time.process_time() - start < 3
