"""Two scenarios side by side (rules F5 to F8)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cdppe.accounts.models import InstitutionKind, Role, User
from contracts.models import Campaign
from funding.actions.scenarios import save_scenario
from funding.comparison import Pair
from funding.models import Envelope, Scenario
from funding.scenarios import read_draft, typed_of_campaign
from tests.factories import CampaignFactory, InstitutionFactory, MembershipFactory, UserFactory

PAGE = "/repartition/2020/scenarios/comparer/"


def test_a_pair_tells_what_is_missing_from_nothing() -> None:
    assert Pair(Decimal(100), Decimal(80)).difference == -20
    assert Pair(Decimal(100), Decimal(80)).rate == Decimal("-0.2")
    assert Pair(None, None).difference is None
    assert (Pair(None, Decimal(5)).difference, Pair(None, Decimal(5)).rate) == (5, None)
    assert (Pair(Decimal(5), None).difference, Pair(Decimal(5), None).rate) == (-5, None)
    assert Pair(Decimal(0), Decimal(5)).rate is None


@pytest.fixture
def reader(db: None) -> User:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=InstitutionKind.DGCS), role=Role.READER)
    return user


@pytest.fixture
def client(reader: User) -> Client:
    client = Client()
    client.force_login(reader)
    return client


def _scenario(campaign: Campaign, name: str, by: User, **changes: str) -> Scenario:
    typed, codes = typed_of_campaign(campaign)
    draft = read_draft(campaign, typed | changes, codes)
    assert not [cell for cell in draft.errors if cell.name != "name"]
    return save_scenario(
        None,
        campaign,
        year=2020,
        name=name,
        territories=draft.chosen,
        terms=draft.terms,
        version=0,
        by=by,
    )


@pytest.fixture
def fir(campaign: Campaign) -> Envelope:
    return campaign.envelopes.get(code="FIR")


def _get(client: Client, first: Scenario, second: Scenario, **more: str) -> Any:
    return client.get(PAGE, {"a": first.pk, "b": second.pk} | more)


@pytest.mark.django_db
class TestThePage:
    def test_it_shows_euros_per_cent_regions_and_bounds(
        self, client: Client, campaign: Campaign, fir: Envelope, reader: User
    ) -> None:
        one = _scenario(campaign, "Un", reader)
        two = _scenario(campaign, "Deux", reader, **{f"e{fir.pk}-amount": "12000000"})
        comparison = _get(client, one, two).context["comparison"]
        assert (comparison.total.first, comparison.total.second) == (80_000_000, 77_000_000)
        assert comparison.total.difference == -3_000_000
        assert comparison.total.rate == Decimal("-0.0375")
        assert sum(each.pair.difference for each in comparison.regions) == -3_000_000
        assert sum(row.pair.difference for row in comparison.rows) == -3_000_000
        held = next(each for each in comparison.envelopes if each.envelope == fir)
        assert held.second.floor_count > held.first.floor_count
        assert held.second.ceiling_count < held.first.ceiling_count
        alone = _get(client, one, two, enveloppe="FIR")
        assert alone.context["comparison"].total.first == 15_000_000
        assert any(row.first_bound == "Plafond" for row in alone.context["comparison"].rows)
        other = _get(client, one, two, enveloppe="ONDAM").context["comparison"]
        assert {row.pair.difference for row in other.rows} == {0}

    @pytest.mark.parametrize("sort", ["premier", "second", "ecart", "taux"])
    def test_it_sorts_from_the_largest(
        self, client: Client, campaign: Campaign, fir: Envelope, reader: User, sort: str
    ) -> None:
        one = _scenario(campaign, "Un", reader)
        two = _scenario(campaign, "Deux", reader, **{f"e{fir.pk}-floor": "300000"})
        read = {"premier": "first", "second": "second", "ecart": "difference", "taux": "rate"}[sort]
        answer = _get(client, one, two, tri=sort)
        values = [getattr(row.pair, read) for row in answer.context["comparison"].rows]
        assert values == sorted(values, reverse=True)
        assert 'aria-sort="descending"' in answer.content.decode()

    def test_a_territory_that_one_leaves_out_has_no_rate(
        self, client: Client, campaign: Campaign, reader: User
    ) -> None:
        one, two = _scenario(campaign, "Un", reader), _scenario(campaign, "Deux", reader)
        two.territories.remove(campaign.territories.get(code="59"))
        row = next(
            row for row in _get(client, one, two).context["comparison"].rows if row.territory.code == "59"
        )
        assert row.pair.second is None
        assert row.pair.rate is None
        assert row.pair.difference == -row.pair.first

    def test_it_asks_for_two_scenarios(self, client: Client, campaign: Campaign, reader: User) -> None:
        assert "Choisissez deux scénarios" in client.get(PAGE).content.decode()
        one = _scenario(campaign, "Un", reader)
        assert "Choisissez deux scénarios" in client.get(PAGE, {"a": one.pk}).content.decode()
        hostile = {"tri": "<b>", "enveloppe": "'"}
        assert client.get(PAGE, {"a": one.pk, "b": one.pk} | hostile).status_code == 200
        for text in ("x", "-1", "9" * 400, "²", "0"):
            assert client.get(PAGE, {"a": text, "b": one.pk}).status_code == 404
        CampaignFactory(code="autre")
        elsewhere = PAGE.replace("2020", "autre")
        assert client.get(elsewhere, {"a": one.pk, "b": one.pk}).status_code == 404

    def test_it_takes_as_many_queries_for_thirty_territories_as_for_five(
        self, client: Client, campaign: Campaign, reader: User
    ) -> None:
        Envelope.objects.filter(campaign=campaign).update(floor=None, ceiling=None)
        one, two = _scenario(campaign, "Un", reader), _scenario(campaign, "Deux", reader)
        everybody = list(campaign.territories.all())

        def queries(count: int) -> int:
            for scenario in (one, two):
                scenario.territories.set(everybody[:count])
            _get(client, one, two)
            with CaptureQueriesContext(connection) as captured:
                assert _get(client, one, two).status_code == 200
            return len(captured)

        assert queries(5) == queries(30)
