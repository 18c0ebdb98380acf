"""The first page: what is next and by when (C5); for the ministry, the country (N1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cdppe.accounts.models import User
from contracts.models import Contract, ContractParty, Deadline
from contracts.workflow import ContractState
from tests.cast import Cast
from tests.factories import (
    ActionSheetFactory,
    CampaignFactory,
    ContractFactory,
    TerritoryFactory,
)
from tests.queries import count_queries


def text_of(client: Client, person: User, query: str = "") -> str:
    client.force_login(person)
    answer = client.get(f"/{query}")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def context_of(client: Client, person: User, query: str = "") -> Any:
    client.force_login(person)
    return client.get(f"/{query}").context


# --- Territories -------------------------------------------------------------------------------------------


def test_a_person_finds_her_contracts_and_no_others(client: Client, cast: Cast) -> None:
    page = text_of(client, cast.council_editor)
    assert 'href="/contrats/38-2030/"' in page
    assert "59-2030" not in page
    assert "Territoire suivi&nbsp;: Isère." in page


def test_the_first_thing_missing_is_the_reader_s_own_turn(client: Client, cast: Cast) -> None:
    ContractParty.objects.create(
        contract=cast.contract, signatory=cast.campaign.signatories.get(code="council")
    )
    (card,) = context_of(client, cast.council_editor)["cards"]
    assert len(card["missing"]) == 3
    assert card["missing_rest"] > 0
    assert all(line.turn.is_mine for line in card["missing"])


def test_the_next_dates_are_those_of_one_s_own_institution(client: Client, cast: Cast) -> None:
    today = timezone.localdate()
    Deadline.objects.all().delete()
    for code, days, parties in (
        ("mine", 10, ["council"]),
        ("theirs", 5, ["prefecture"]),
        ("past", -3, ["council"]),
    ):
        Deadline.objects.create(
            campaign=cast.campaign,
            code=code,
            label=f"Échéance {code}",
            due_on=today + dt.timedelta(days=days),
            parties=parties,
        )
    Contract.objects.update(planned_effect_on=None)
    (card,) = context_of(client, cast.council_editor)["cards"]
    assert [line.duty.label for line in card["coming"]] == ["Échéance mine"]
    assert [line.duty.label for line in card["last"]] == ["Échéance past"]
    page = text_of(client, cast.council_editor)
    assert "dans 10 jours" in page
    assert "Une échéance est passée" in page
    assert "depuis 3 jours" in page
    assert "Échéance theirs" not in page


def test_a_period_that_has_passed_says_so(client: Client, cast: Cast) -> None:
    Contract.objects.update(ends_on=dt.date(2001, 12, 31), planned_effect_on=dt.date(1999, 1, 1))
    Deadline.objects.update(due_on=dt.date(2000, 1, 1))
    page = text_of(client, cast.council_editor)
    assert "La période du contrat est finie depuis le 31 décembre 2001." in page
    # Nobody waits for its dates any more: none is told as missed.
    assert "échéances sont passées" not in page
    assert "en retard" not in page


def test_a_campaign_that_waits_for_a_contract_offers_to_create_it(client: Client, cast: Cast) -> None:
    other = CampaignFactory(code="2031", year=2031, territories=[cast.isere, cast.nord])
    page = text_of(client, cast.council_editor)
    assert f"/contrats/nouveau/?campagne={other.pk}&amp;territoire={cast.isere.pk}" in page
    assert "Créer le contrat de l’Isère 2031-2033" in page
    assert "Nord" not in page
    read = text_of(client, cast.council_reader)
    assert "/contrats/nouveau/" not in read
    assert "aucune des parties ne l’a encore créé" in read


def test_a_person_without_institution_is_told_what_to_expect(client: Client, cast: Cast) -> None:
    page = text_of(client, cast.outsider)
    assert "Vous ne faites partie d’aucune institution" in page
    assert "/contrats/38" not in page


def test_an_institution_without_contract_is_told_so(client: Client, cast: Cast) -> None:
    Contract.objects.all().delete()
    assert "Aucun contrat n’est encore créé pour vos territoires." in text_of(client, cast.council_reader)


def test_texts_of_a_campaign_are_shown_as_texts(client: Client, cast: Cast) -> None:
    Deadline.objects.update(
        label="<script>alert(1)</script> {{7*7}}", due_on=timezone.localdate() + dt.timedelta(days=1)
    )
    page = text_of(client, cast.council_editor)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page
    assert "<script>alert" not in page


@pytest.mark.parametrize("person", ["regional_reader", "dgcs_reader"])
def test_the_home_page_asks_as_many_queries_for_fifty_contracts_as_for_five(
    client: Client, cast: Cast, person: str
) -> None:
    client.force_login(getattr(cast, person))

    def add(count: int) -> None:
        for _ in range(count):
            territory = TerritoryFactory(region=cast.isere.region)
            contract = ContractFactory(campaign=cast.campaign, territory=territory)
            ActionSheetFactory(contract=contract)
            ContractParty.objects.create(
                contract=contract, signatory=cast.campaign.signatories.get(code="ars")
            )

    add(5)
    cast.campaign.territories.add(TerritoryFactory(region=cast.isere.region))
    with_five = count_queries(lambda: client.get("/"))
    add(45)
    assert count_queries(lambda: client.get("/")) == with_five


# --- Nation ------------------------------------------------------------------------------------------------


def test_the_ministry_sees_the_progress_of_each_region(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    for code in ("73", "74"):
        cast.campaign.territories.add(TerritoryFactory(code=code, region=cast.isere.region))
    TerritoryFactory(code="01", region=cast.isere.region)
    context = context_of(client, cast.dgcs_reader)
    assert [
        (row["name"], row["territory_count"], row["counts"], row["without"]) for row in context["regions"]
    ] == [("Auvergne-Rhône-Alpes", 3, [0, 1, 0, 0, 0], 2), ("Hauts-de-France", 1, [1, 0, 0, 0, 0], 0)]
    assert context["total"] == {"territory_count": 4, "counts": [1, 1, 0, 0, 0], "without": 2}
    assert [each.code for each in context["waiting"]] == ["73", "74"]


def test_the_contracts_of_another_campaign_are_not_counted(client: Client, cast: Cast) -> None:
    other = CampaignFactory(code="2031", year=2031, territories=[cast.isere])
    context = context_of(client, cast.dgcs_reader)
    assert context["campaign"] == other
    assert context["total"] == {"territory_count": 1, "counts": [0, 0, 0, 0, 0], "without": 1}
    chosen = context_of(client, cast.dgcs_reader, "?campagne=2030")
    assert chosen["campaign"] == cast.campaign
    assert chosen["total"]["territory_count"] == 2
    assert context_of(client, cast.dgcs_reader, "?campagne=%00x")["campaign"] == other


def test_the_ministry_searches_from_its_first_page(client: Client, cast: Cast) -> None:
    page = text_of(client, cast.dgcs_reader)
    assert 'action="/contrats/"' in page
    assert 'name="q"' in page


def test_without_any_campaign_the_ministry_is_told_how_one_is_loaded(client: Client, cast: Cast) -> None:
    Contract.objects.all().delete()
    cast.campaign.delete()
    assert "Aucune campagne n’est chargée" in text_of(client, cast.dgcs_reader)
