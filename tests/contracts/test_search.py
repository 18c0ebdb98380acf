"""Searching in one contract and in all those that a person follows: French words, nothing of others."""

import datetime as dt
from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from agreements.actions.transmissions import send_transmission
from cdppe.lib.text_search import read_terms
from contracts.models import ActionSheet, Amendment, Contract, ContractParty, FindingAnswer
from contracts.search import MOST_HITS, matching_rows, search
from contracts.searched import SOURCES
from tests.agreements.test_transmissions import name_a_contact
from tests.cast import Cast
from tests.contracts.contract_documents import use_real_model
from tests.factories import ActionSheetFactory
from tests.queries import count_queries

pytestmark = pytest.mark.django_db


def labels(contract: Contract, typed: str) -> list[str]:
    found = search(Contract.objects.filter(pk=contract.pk), read_terms(typed), in_one=True)
    return [hit.label for hit in found.hits]


class TestInOneContract:
    @pytest.mark.parametrize(
        "typed", ["éducation", "education", "EDUCATION", "places", "place", "parentaux", '"relais parentaux"']
    )
    def test_accents_case_and_plurals_do_not_count(self, cast: Cast, typed: str) -> None:
        text = "Avec l’Éducation nationale, ouvrir trois places de relais parentaux."
        ActionSheetFactory(contract=cast.contract, title="Une fiche", description=text)
        assert labels(cast.contract, typed) == ["Fiche action n° 1 – Description de l’action"]

    def test_all_the_words_must_stand_in_the_same_sheet(self, cast: Cast) -> None:
        ActionSheetFactory(contract=cast.contract, title="Zèbre", public="Girafe")
        ActionSheetFactory(contract=cast.contract, title="Zèbre seul")
        assert len(labels(cast.contract, "zebre girafe")) == 1

    def test_the_general_information_and_the_objectives_are_searched_too(self, cast: Cast) -> None:
        Contract.objects.filter(pk=cast.contract.pk).update(court="tribunal administratif de Grenoble")
        ContractParty.objects.create(
            contract=cast.contract,
            signatory=cast.campaign.signatories.get(code="council"),
            representative_name="Ludivine Zébrure",
        )
        (label,) = labels(cast.contract, "zebrure")
        assert label.endswith("Nom du représentant")
        assert labels(cast.contract, "grenoble") == ["Tribunal administratif"]

    def test_the_reasons_that_people_gave_are_searched_too(self, cast: Cast) -> None:
        by = cast.council_editor
        FindingAnswer.objects.create(
            contract=cast.contract,
            rule_code="x",
            place="sheets",
            sentence="Un constat",
            reason="Okapi",
            by=by,
        )
        Amendment.objects.create(
            contract=cast.contract, number=1, object="Prolonger", reason="Tapir", opened_by=by
        )
        wanted = cast.campaign.deadlines.create(
            code="contacts", label="Contacts", due_on=dt.date(2030, 6, 15), parties=["council"]
        )
        use_real_model(cast.campaign)
        name_a_contact(cast, cast.contract)
        send_transmission(
            Contract.objects.get(pk=cast.contract.pk), wanted, message="Le pangolin", token=uuid4(), by=by
        )
        assert labels(cast.contract, "okapis") == ["Conformité"]
        assert labels(cast.contract, "tapir") == ["Avenants"]
        assert labels(cast.contract, "pangolins") == ["Transmissions"]

    def test_a_hit_leads_to_the_very_field_and_shows_the_words(self, client: Client, cast: Cast) -> None:
        ActionSheetFactory(contract=cast.contract, actors="Maison des <i>adolescents</i> de Voiron")
        client.force_login(cast.council_reader)
        page = client.get(reverse("contracts:search", args=["38-2030"]), {"q": "adolescent"}).content.decode()
        assert 'href="/contrats/38-2030/fiches/1/#id_actors"' in page
        assert "<mark>adolescents</mark>" in page
        assert "&lt;i&gt;" in page

    @pytest.mark.parametrize("typed", ["", "   ", "' | & !", "\x00", "a" * 5000, "\ud800", "%_", "le la les"])
    def test_any_text_is_answered_by_a_page(self, client: Client, cast: Cast, typed: str) -> None:
        ActionSheetFactory(contract=cast.contract)
        client.force_login(cast.council_reader)
        url = reverse("contracts:search", args=["38-2030"])
        assert client.get(url, {"q": typed.encode("utf-8", "surrogatepass")}).status_code == 200

    def test_nothing_found_says_what_to_do(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.council_reader)
        page = client.get(reverse("contracts:search", args=["38-2030"]), {"q": "hippocampe"}).content.decode()
        assert "Rien ne répond à" in page

    def test_too_many_answers_are_cut_and_it_is_said(self, cast: Cast) -> None:
        for _ in range(MOST_HITS + 5):
            ActionSheetFactory(contract=cast.contract, title="Zèbre")
        found = search(Contract.objects.filter(pk=cast.contract.pk), read_terms("zèbre"), in_one=True)
        assert len(found.hits) == MOST_HITS
        assert found.is_cut

    def test_fifty_answers_cost_as_many_queries_as_five(self, cast: Cast) -> None:
        for _ in range(5):
            ActionSheetFactory(contract=cast.contract, title="Zèbre")
        few = count_queries(lambda: labels(cast.contract, "zèbre"))
        for _ in range(45):
            ActionSheetFactory(contract=cast.contract, title="Zèbre")
        assert count_queries(lambda: labels(cast.contract, "zèbre")) == few


class TestInAllContracts:
    def test_only_the_contracts_that_one_follows_are_searched(self, client: Client, cast: Cast) -> None:
        ActionSheetFactory(contract=cast.contract, title="Zèbre de l’Isère")
        ActionSheetFactory(contract=cast.foreign_contract, title="Zèbre du Nord")
        pages = {}
        for person in (cast.council_reader, cast.foreign_editor, cast.dgcs_reader, cast.outsider):
            client.force_login(person)
            pages[person.email] = client.get(reverse("contracts:search-all"), {"q": "zebre"}).content.decode()
        assert "Nord" not in pages[cast.council_reader.email]
        assert "Isère 2" in pages[cast.council_reader.email]
        assert "Isère" not in pages[cast.foreign_editor.email]
        assert pages[cast.dgcs_reader.email].count("<mark>") == 2
        assert "Rien ne répond à" in pages[cast.outsider.email]


@pytest.mark.postgres
def test_postgres_finds_sheets_through_its_index(cast: Cast) -> None:
    ActionSheetFactory(contract=cast.contract, title="Zèbre")
    source = next(each for each in SOURCES if each.part == "sheets")
    # Whatever contract: on a table of a few rows the index of the contract would be as good.
    anywhere = replace(source, rows=lambda contracts: ActionSheet.objects.all())
    rows = matching_rows(anywhere, Contract.objects.all(), read_terms("zebre"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "action_sheet_search" in rows.explain()
