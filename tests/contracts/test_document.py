"""The contract as data: the model's text with its blanks filled, what is missing, the signatures (K1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cdppe.lib.errors import MissingPiece
from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE
from contracts.document import (
    ContractDocument,
    Segment,
    contract_document,
    missing_blanks,
)
from contracts.document_words import court_seat, french_date, region_with_of, typeset
from contracts.models import Contract, ContractModel, ContractObjective
from contracts.registry import annexes
from tests.contracts.contract_documents import add_sheet, bare_contract, fill, notify
from tests.factories import ContractObjectiveFactory


@pytest.fixture
def contract(db: None) -> Contract:
    return bare_contract()


def plain(text: str) -> str:
    """The words of `text`, every kind of space being one."""
    return " ".join(re.sub(f"[{NARROW_SPACE}{NO_BREAK_SPACE}]", " ", text).split())


def words(segments: Iterable[Segment]) -> str:
    return plain("".join(segment.text for segment in segments))


def text_of(document: ContractDocument) -> str:
    """The whole text, one line a block."""
    lines = []
    for groups, title in [(document.opening, ""), *((part.groups, part.title) for part in document.parts)]:
        lines.append(plain(title))
        for group in groups:
            lines += [words(text) for text in group.texts]
            lines += [f"{words(name)} : {words(value)}" for name, value in group.pairs]
    return "\n".join(line for line in lines if line)


def test_every_word_of_the_model_is_there_and_in_order(contract: Contract) -> None:
    """Word for word: with each blank's label in its place, the text is the model's."""
    model = ContractModel.objects.get(campaign=contract.campaign)
    labels = {blank["name"]: blank["label"] for blank in model.blanks}
    known = {
        "⟦prefect_of⟧": "de l’Isère",
        "⟦council_of⟧": "de l’Isère",
        "⟦ars_of⟧": "d’Auvergne-Rhône-Alpes",
        "⟦optional_count⟧": "0",
        "⟦objective_count⟧": "2",
    }
    expected = []
    for block in model.blocks:
        if block["kind"] == "title":
            continue
        text = block["text"]
        for mark, value in known.items():
            text = text.replace(mark, value)
        text = re.sub(r"⟦(\w+)⟧", lambda mark: labels[mark[1]], text)
        expected.append(plain(text))
    assert text_of(contract_document(contract)).splitlines() == expected


def test_the_seven_articles_stand_in_the_table_of_contents_before_the_annexes(contract: Contract) -> None:
    titles = [plain(entry.title) for entry in contract_document(contract).contents]
    assert [title.split(" – ")[0] for title in titles[1:8]] == [f"ARTICLE {n}" for n in range(1, 8)]
    assert titles[0] == "Préambule"
    assert titles[8] == "Signatures"
    assert titles[9:] == [
        "Annexe 1 – Tableau de bord",
        "Annexe 2 – Plan d’action",
        "Annexe 3 – Fiches action",
    ]


def test_sections_nest_under_their_article(contract: Contract) -> None:
    levels = {plain(part.title)[:6].strip(): part.level for part in contract_document(contract).parts}
    assert (levels["2.1. L"], levels["2.2.1."], levels["ARTICL"]) == (3, 4, 2)


def test_what_nobody_filled_is_listed_once_in_the_order_of_the_text(contract: Contract) -> None:
    assert [blank.name for blank in missing_blanks(contract)] == [
        "prefect_name",
        "president_name",
        "deliberation_number",
        "deliberation_on",
        "state_total",
        "amount_p304",
        "amount_fir",
        "amount_ondam",
        "account_holder",
        "bank_code",
        "branch_code",
        "account_number",
        "rib_key",
        "iban",
        "bic",
        "p304_accountant",
        "fir_accountant",
        "court",
        "place",
    ]


def test_a_filled_contract_lacks_nothing(contract: Contract) -> None:
    document = contract_document(fill(contract))
    assert document.missing == ()
    text = text_of(document)
    for words_of_the_contract in [
        "représenté par Claude Préfet, préfet de l’Isère",
        "le directeur général de l’Agence régionale de santé d’Auvergne-Rhône-Alpes",
        "représenté par Dominique Élue, président du conseil départemental",
        "Vu la délibération 2030-117 de la commission permanente",
        "en date du 1er octobre 2030",
        "ce soutien s’élève à un montant prévisionnel de 3 386 000,50 €",
        "2 914 500 € au titre de la loi de finances",
        "211 500,50 € au titre du fonds",
        "260 000 € au titre de l’ONDAM",
        "Code établissement : 30001",
        "Clé RIB : 85",
        "IBAN : FR76 3000 1007 9412 3456 7890 185",
        "BIC : BDFEFRPPCCT",
        "du tribunal administratif de Grenoble après la recherche",
        "le comptable assignataire de la dépense est le directeur des finances publiques",
        "le comptable assignataire de la dépense est l’agent comptable de l’agence",
        "Fait à Grenoble, le",
    ]:
        assert words_of_the_contract in text, words_of_the_contract


def test_the_date_of_signature_is_left_to_the_hand_and_is_not_missing(contract: Contract) -> None:
    document = contract_document(contract)
    [place] = [
        text
        for part in document.parts
        for group in part.groups
        if group.kind == "signature-place"
        for text in group.texts
    ]
    assert [segment.state for segment in place] == ["text", "missing", "text", "by-hand"]
    assert "signed_on" not in {blank.name for blank in document.missing}


def test_the_number_of_objectives_counts_the_territorys_own(contract: Contract) -> None:
    optional = contract.campaign.objectives.optional()[0]
    ContractObjectiveFactory(contract=contract, objective=optional)
    ContractObjective.objects.create(contract=contract, own_title="Santé environnementale")
    text = text_of(contract_document(contract))
    assert "s’engager sur 2 autres objectifs" in text
    assert "L’ensemble de ces 4 objectifs" in text


def test_a_total_is_not_given_while_an_amount_is_unknown(contract: Contract) -> None:
    notify(contract, "P304", "FIR")
    missing = {blank.name for blank in missing_blanks(contract)}
    assert missing & {"amount_p304", "amount_fir"} == set()
    assert {"amount_ondam", "state_total"} <= missing


def test_the_amount_of_another_year_does_not_fill_the_blank(contract: Contract) -> None:
    notify(contract, "FIR")
    contract.territory.notified_amounts.update(year=contract.campaign.year + 1)
    assert "amount_fir" in {blank.name for blank in missing_blanks(contract)}


def test_each_party_has_its_signature_block_with_its_name(contract: Contract) -> None:
    signatures = contract_document(fill(contract)).signatures
    assert [(words(each.label), each.name) for each in signatures] == [
        ("Le président du conseil départemental de l’Isère", "Dominique Élue"),
        ("Pour le Préfet", "Claude Préfet"),
        ("Pour l’ARS", "Camille Santé"),
    ]


@pytest.mark.parametrize("needed", [True, False])
def test_the_budget_controller_signs_only_above_the_threshold(contract: Contract, needed: bool) -> None:
    contract.campaign.signatories.create(
        code="controller", signature_label="Le contrôleur budgétaire", is_optional=True, position=9
    )
    contract.needs_budget_controller = needed
    labels = [words(each.label) for each in contract_document(contract).signatures]
    assert ("Le contrôleur budgétaire" in labels) is needed


def test_a_value_that_looks_like_a_blank_is_not_filled_again(contract: Contract) -> None:
    filled = fill(contract)
    filled.parties.update(representative_name="⟦iban⟧")
    text = text_of(contract_document(filled))
    assert "représenté par ⟦iban⟧, préfet" in text


def test_without_a_model_the_refusal_says_what_to_do(contract: Contract) -> None:
    ContractModel.objects.all().delete()
    with pytest.raises(MissingPiece, match="n’a pas de contrat-type"):
        contract_document(contract)


def test_the_annexes_are_those_of_the_circular_in_its_order(contract: Contract) -> None:
    assert [annex.code for annex in annexes()] == ["dashboard", "plan", "sheets"]


def test_as_many_queries_for_thirty_sheets_as_for_three(
    contract: Contract,
) -> None:
    counts = []
    for count in (3, 27):
        for _ in range(count):
            add_sheet(contract)
        with CaptureQueriesContext(connection) as queries:
            contract_document(Contract.objects.with_context().get(pk=contract.pk))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Auvergne-Rhône-Alpes", "d’Auvergne-Rhône-Alpes"),
        ("Bourgogne-Franche-Comté", "de Bourgogne-Franche-Comté"),
        ("Bretagne", "de Bretagne"),
        ("Centre-Val de Loire", "du Centre-Val de Loire"),
        ("Corse", "de Corse"),
        ("Grand Est", "du Grand Est"),
        ("Guadeloupe", "de Guadeloupe"),
        ("Hauts-de-France", "des Hauts-de-France"),
        ("La Réunion", "de La Réunion"),
        ("Normandie", "de Normandie"),
        ("Nouvelle-Aquitaine", "de Nouvelle-Aquitaine"),
        ("Occitanie", "d’Occitanie"),
        ("Pays de la Loire", "des Pays de la Loire"),
        ("Provence-Alpes-Côte d’Azur", "de Provence-Alpes-Côte d’Azur"),
        ("Île-de-France", "d’Île-de-France"),
    ],
)
def test_a_region_is_named_as_french_grammar_has_it(name: str, expected: str) -> None:
    assert region_with_of(name) == expected


def test_the_text_already_says_what_kind_of_court_it_is() -> None:
    assert court_seat("Tribunal administratif de Grenoble") == "de Grenoble"
    assert court_seat("tribunal administratif d’Amiens ") == "d’Amiens"
    assert court_seat("de Lyon") == "de Lyon"


@pytest.mark.parametrize(
    ("day", "expected"),
    [(dt.date(2020, 10, 1), "1er octobre 2020"), (dt.date(2022, 8, 21), "21 août 2022")],
)
def test_a_date_is_written_in_words(day: dt.date, expected: str) -> None:
    assert french_date(day) == expected


def test_no_line_begins_with_a_sign_of_punctuation() -> None:
    typed = typeset("« Le Préfet » : 3 € ; n° 2 – suite ?")
    assert " :" not in typed
    assert typed.replace(NO_BREAK_SPACE, " ").replace(NARROW_SPACE, " ") == (
        "« Le Préfet » : 3 € ; n° 2 – suite ?"
    )
