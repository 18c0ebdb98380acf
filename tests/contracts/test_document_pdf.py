"""The contract read back from its PDF: text, marks of accessibility, pages, hostile texts (K1, K2)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pypdf
import pytest
from django.db import transaction

from cdppe.documents.registry import RenderedDocument
from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE
from contracts.document import render_contract
from contracts.models import Contract, ContractObjective
from tests.contracts.contract_documents import DATED, add_indicators, add_sheet, bare_contract, fill

# Even for the tests that only read the PDF: its rendering needs the tables.
pytestmark = pytest.mark.django_db

HOSTILE = (
    "<script>alert(1)</script> {{7*7}} {% now 'Y' %} <img src=file:///etc/hostname> "
    "http://127.0.0.1:9/x &amp; <b>gras</b> ⟦iban⟧"
)


@pytest.fixture(scope="module")
def rendered(django_db_setup: None, django_db_blocker: Any) -> RenderedDocument:
    """One rendering for the module: a filled contract, three sheets (one hostile), 24 indicators."""
    with django_db_blocker.unblock(), transaction.atomic():
        contract = fill(bare_contract())
        Contract.objects.update(is_demonstration=True, demonstration_note="Tout est inventé.")
        add_indicators(contract, 24)
        add_sheet(
            contract, title="Renforcer les interventions", actors="La PMI\nLa CAF", has_invented_text=True
        )
        ContractObjective.objects.create(contract=contract, own_title=f"Objectif propre {HOSTILE}")
        add_sheet(
            contract,
            title=f"Fiche hostile {HOSTILE}",
            diagnosis=HOSTILE,
            description="Un_mot_sans_espace_" * 30,
            vigilance_points="</td></tr></table><h2>Évasion</h2>",
        )
        add_sheet(
            contract,
            title="Troisième action",
            description="Une longue phrase. " * 220,
            calendar="Trois **temps forts** :\n\n- cadrage\n- bilan\n\n4. extension\n7. clôture",
        )
        document = render_contract(Contract.objects.with_context().get(pk=contract.pk), dated=DATED)
        transaction.set_rollback(True)
    return document


@pytest.fixture(scope="module")
def reader(rendered: RenderedDocument) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(rendered.content))


@pytest.fixture(scope="module")
def pages(reader: pypdf.PdfReader) -> list[str]:
    """The text of each page, every kind of space being one."""
    return [
        " ".join(re.sub(f"[{NARROW_SPACE}{NO_BREAK_SPACE}\n]", " ", page.extract_text()).split())
        for page in reader.pages
    ]


def is_landscape(page: pypdf.PageObject) -> bool:
    return page.mediabox.width > page.mediabox.height


def page_of(pages: list[str], words: str) -> int:
    """The first page, after the table of contents, that has these words."""
    return next(number for number, text in enumerate(pages) if number > 1 and words in text)


def test_the_file_is_named_after_the_contract(rendered: RenderedDocument) -> None:
    assert (rendered.name, rendered.media_type) == ("contrat-38-2030.pdf", "application/pdf")


def test_the_cover_names_the_contract_its_parties_and_its_date(pages: list[str]) -> None:
    for words in [
        "RÉPUBLIQUE FRANÇAISE",
        "Contrat départemental de prévention et de protection de l’enfance",
        "Isère",
        "Département de l’Isère",
        "38-2030",
        "15 juin 2030 à 14 h 30",
        "n’engage aucune des parties",
        "Contrat de démonstration. Tout est inventé.",
    ]:
        assert words in pages[0], words


def test_the_articles_the_amounts_and_the_account_are_read_back(pages: list[str]) -> None:
    text = " ".join(pages)
    for words in [
        *(f"ARTICLE {number} –" for number in range(1, 8)),
        "montant prévisionnel de 3 386 000,50 €",
        "– 2 914 500 € au titre de la loi de finances (programme 304) et 211 500,50 €",
        "FR76 3000 1007 9412 3456 7890 185",
        "Claude Préfet, préfet de l’Isère",
    ]:
        assert words in text, words
    assert "à compléter" not in text


def test_a_sheet_has_its_fields_and_its_money_by_year_and_source(pages: list[str]) -> None:
    page = pages[page_of(pages, "FICHE ACTION N° 1")]
    for words in [
        "Renforcer les interventions",
        "Texte de démonstration, inventé",
        "Référent (personne ou institution) non renseigné",
        "La PMI La CAF",
        "Source 2030 2031 2032 Total",
        "Financement État : Enveloppe FIR 41 234 41 234",
        "Département 52 345,60 60 000 112 345,60",
        "Total 93 579,60 60 000 153 579,60",
    ]:
        assert words in page, words


def test_the_plan_has_the_action_under_its_objective_with_its_money(pages: list[str]) -> None:
    page = pages[page_of(pages, "Annexe 2 – Plan d’action Montants")]
    assert (
        "Action n° 1 : Renforcer les interventions La PMI La CAF 93 579,60 60 000 112 345,60 41 234" in page
    )
    assert "153 579,60" in page


def test_the_dashboard_prints_figures_and_says_once_why_one_is_not_available(pages: list[str]) -> None:
    first = page_of(pages, "Annexe 1 – Tableau de bord Valeurs")
    assert "Nombre de familles suivies, série 1 1 231 non disponible 1" in pages[first]
    text = " ".join(pages)
    assert text.count("Pas encore délibéré") == 1


def test_the_tables_of_the_annexes_lie_in_landscape_with_their_headers_on_each_page(
    reader: pypdf.PdfReader, pages: list[str]
) -> None:
    first, plan, sheets = (
        page_of(pages, words)
        for words in (
            "Annexe 1 – Tableau de bord Valeurs",
            "Annexe 2 – Plan d’action Montants",
            "FICHE ACTION N° 1",
        )
    )
    assert [is_landscape(page) for page in reader.pages[:first]] == [False] * first
    assert all(is_landscape(page) for page in reader.pages[first:sheets])
    assert not any(is_landscape(page) for page in reader.pages[sheets:])
    with_rows = [text for text in pages[first:plan] if "Nombre de familles suivies" in text]
    assert len(with_rows) >= 2
    for text in with_rows:
        assert "Mesure, objectif, indicateur" in text
        assert "Cible 2030" in text


def test_each_sheet_begins_a_page_and_a_long_one_goes_on(pages: list[str]) -> None:
    starts = [page_of(pages, f"FICHE ACTION N° {number} ") for number in (1, 2, 3)]
    assert len(set(starts)) == 3
    assert len(pages) > starts[-1] + 1
    assert "Une longue phrase." in pages[starts[-1] + 1]


def test_pages_are_numbered_from_one_to_the_last(pages: list[str]) -> None:
    total = len(pages)
    for number, text in enumerate(pages[1:], start=2):
        assert f"{number} / {total}" in text
    assert f"1 / {total}" not in pages[0]


def test_no_page_is_empty(pages: list[str]) -> None:
    assert min(len(text) for text in pages) > 150


def test_the_table_of_contents_gives_the_page_on_which_each_part_is(
    reader: pypdf.PdfReader, pages: list[str]
) -> None:
    for words, landmark in [
        ("ARTICLE 4 – MODALITÉS DE VERSEMENT DES CRÉDITS", "La contribution de l’Etat fera l’objet"),
        ("Annexe 2 – Plan d’action", "Annexe 2 – Plan d’action Montants"),
        ("3. Troisième action", "FICHE ACTION N° 3"),
    ]:
        announced = re.search(re.escape(words) + r"[ .]*(\d+)", pages[1])
        assert announced is not None, words
        assert int(announced[1]) == page_of(pages, landmark) + 1
    links = [note.get_object() for note in reader.pages[1]["/Annots"]]
    assert len([link for link in links if link["/Subtype"] == "/Link"]) >= 15


def test_the_bookmarks_follow_the_headings(reader: pypdf.PdfReader) -> None:
    def titles(items: list[Any]) -> Iterator[str]:
        for item in items:
            if isinstance(item, list):
                yield from titles(item)
            else:
                yield item.title.replace(NO_BREAK_SPACE, " ")

    found = list(titles(reader.outline))
    for title in [
        "Sommaire",
        "ARTICLE 7 – LITIGE",
        "2.2.1. Financement par l’État",
        "Annexe 1 – Tableau de bord",
    ]:
        assert title in found


def structure(kids: Any) -> Iterator[str]:
    """The kinds of the elements of a structure tree, whole."""
    for kid in kids if isinstance(kids, list) else [kids]:
        element = kid.get_object()
        if isinstance(element, dict) and "/S" in element:
            yield element["/S"]
            yield from structure(element.get("/K", []))


def test_the_document_is_tagged_titled_and_in_french(reader: pypdf.PdfReader) -> None:
    catalog = reader.trailer["/Root"]
    assert catalog["/Lang"] == "fr"
    assert 'pdfuaid:part="1"' in catalog["/Metadata"].get_data().decode()
    assert reader.metadata is not None
    assert "Isère" in (reader.metadata.title or "")
    kinds = set(structure(catalog["/StructTreeRoot"]["/K"]))
    assert {"/Document", "/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/L", "/Link"} <= kinds


def test_the_watermark_is_on_every_page_and_is_not_part_of_what_is_read(
    reader: pypdf.PdfReader, pages: list[str]
) -> None:
    for page, text in zip(reader.pages, pages, strict=True):
        assert "PROJET" in text
        content = page.get_contents().get_data().decode("latin-1")
        # The first thing drawn, from a form of its own, between the marks of an artifact.
        assert re.search(r"/Artifact\s+BMC(?:(?!EMC).)*?/x\d+ Do\s+EMC", content[:1500], re.DOTALL)


def test_what_people_typed_is_never_markup_nor_template(pages: list[str]) -> None:
    text = " ".join(pages)
    assert text.count("<script>alert(1)</script> {{7*7}} {% now 'Y' %}") >= 4
    assert "</td></tr></table><h2>Évasion</h2>" in text
    assert "<img src=file:///etc/hostname>" in text
    assert "&amp; <b>gras</b> ⟦iban⟧" in text
    assert " 49 " not in text


def test_the_same_data_and_date_give_the_same_bytes(db: None) -> None:
    contract = bare_contract()
    again = Contract.objects.with_context().get(pk=contract.pk)
    assert render_contract(again, dated=DATED) == render_contract(contract, dated=DATED)


def test_an_open_blank_is_seen_in_the_document(db: None) -> None:
    content = render_contract(bare_contract(), dated=DATED).content
    text = " ".join(
        " ".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(content)).pages
    ).replace(NO_BREAK_SPACE, " ")
    assert "à compléter : Prénom et nom du préfet" in text
    assert "Son texte reste à compléter (19 mentions)" in text
    assert "Aucune fiche action n’a encore été rédigée" in text


def test_a_text_with_light_marks_is_printed_as_lists_and_bold_and_tagged_so(
    pages: list[str], reader: pypdf.PdfReader
) -> None:
    text = " ".join(" ".join(pages).split())
    assert "Trois temps forts :" in text
    # Where a reader of text puts the markers differs: each is there, with the number that was typed.
    (sheet,) = re.findall("Trois temps forts :.{0,200}", text)
    assert all(word in sheet for word in ("cadrage", "bilan", "extension", "clôture"))
    assert sheet.count("•") == 2, sheet
    assert all(marker in sheet for marker in ("4.", "7.")), sheet
    assert "**" not in text
    kinds: list[str] = []

    def walk(node: Any) -> None:
        found = node.get_object()
        if isinstance(found, pypdf.generic.ArrayObject):
            for child in found:
                walk(child)
        elif isinstance(found, pypdf.generic.DictionaryObject):
            if "/S" in found:
                kinds.append(found["/S"])
            if "/K" in found:
                walk(found["/K"])

    walk(reader.trailer["/Root"]["/StructTreeRoot"])
    assert kinds.count("/L") >= 2
    assert kinds.count("/LI") >= 4
    assert kinds.count("/LBody") >= 4
