"""DGCS's pages of the allocation (annexe 4; rules F5 to F8): what they show, to whom, and their gestures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.accounts.models import InstitutionKind, Role, User
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.publications import notify_run
from funding.models import AllocationRun, CriterionValue, Envelope
from tests.factories import InstitutionFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def _person(kind: str, role: str) -> User:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=kind), role=role)
    return user


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor() -> Client:
    return _client(_person(InstitutionKind.DGCS, Role.EDITOR))


@pytest.fixture
def fir(campaign: Campaign) -> Envelope:
    return campaign.envelopes.get(code="FIR")


def _text(answer: Any) -> str:
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def test_the_ministry_computes_and_reads_an_envelope(editor: Client, fir: Envelope) -> None:
    start = reverse("funding:allocation-start", args=["2020", "FIR"])
    answer = editor.post(start, {"annee": "2020"})
    run = AllocationRun.objects.get()
    assert answer.url == reverse("funding:allocation-run", args=["2020", run.pk])
    page = _text(editor.get(answer.url))
    assert "Égale à l’enveloppe" in page
    assert "15 000 000 €" in page
    assert "Ces montants ne reposent pas seulement sur des chiffres officiels" in page
    assert "Plafond" in page
    assert "Allocataires du RSA au 31/12/2016, et non ménages pauvres" in page
    assert "Publier ces montants" not in page


def test_the_campaigns_page_adds_the_three_envelopes_up(editor: Client, campaign: Campaign) -> None:
    for envelope in campaign.envelopes.all():
        run_allocation(envelope, year=2020, by=None)
    url = reverse("funding:allocation-campaign", args=["2020"])
    answer = editor.get(url)
    allocation = answer.context["allocation"]
    assert allocation.total == 80_000_000
    assert [summary.total for summary in allocation.envelopes] == [50_000_000, 15_000_000, 15_000_000]
    nord = next(row for row in allocation.rows if row.territory.code == "59")
    assert nord.shares[0].bound_label == "Plafond"
    assert nord.total == sum(share.amount for share in nord.shares)
    by_total = editor.get(url, {"tri": "total"}).context["allocation"].rows
    assert [row.total for row in by_total] == sorted((row.total for row in by_total), reverse=True)
    assert editor.get(url, {"annee": "2021"}).context["allocation"].total is None
    for hostile in ({"annee": "x", "tri": "<b>"}, {"annee": "9" * 400}):
        assert editor.get(url, hostile).status_code == 200


def test_notified_and_computed_are_told_apart(editor: Client, fir: Envelope) -> None:
    url = reverse("funding:allocation-campaign", args=["2020"])
    run = run_allocation(fir, year=2020, by=None)
    assert "Notifiée" not in _text(editor.get(url))
    notify_run(run, by=None)
    assert "Notifiée" in _text(editor.get(url))


def test_a_refused_allocation_shows_every_cell(editor: Client, fir: Envelope) -> None:
    CriterionValue.objects.filter(place_code__in=["59", "62"], edition__series__code="asf").update(value=None)
    answer = editor.post(reverse("funding:allocation-start", args=["2020", "FIR"]), {"annee": "2020"})
    page = _text(answer)
    assert answer.status_code == 409
    assert "Nord (59)" in page
    assert "Pas-de-Calais (62)" in page
    assert not AllocationRun.objects.exists()
    matrix = editor.get(reverse("funding:allocation-criteria", args=["2020"]))
    assert _text(matrix).count("Manquant") == 2
    asf = next(column for column in matrix.context["matrix"].columns if column.series == "asf")
    assert asf.missing_count == 2


@pytest.mark.parametrize("year", ["", "2055", "x", "-1", "20200", "²"])
def test_a_wrong_year_is_refused_with_a_sentence(editor: Client, fir: Envelope, year: str) -> None:
    answer = editor.post(reverse("funding:allocation-start", args=["2020", "FIR"]), {"annee": year})
    assert answer.status_code == 409
    assert "n’est pas une année de la campagne" in _text(answer)
    assert not AllocationRun.objects.exists()


def test_unknown_campaigns_envelopes_and_runs_do_not_exist(editor: Client, fir: Envelope) -> None:
    run = run_allocation(fir, year=2020, by=None)
    assert editor.get(reverse("funding:allocation-campaign", args=["1999"])).status_code == 404
    assert editor.get(reverse("funding:allocation-criteria", args=["1999"])).status_code == 404
    assert editor.get(reverse("funding:allocation-run", args=["1999", run.pk])).status_code == 404
    assert editor.get(reverse("funding:allocation-run", args=["2020", 10**30])).status_code == 404
    assert editor.post(reverse("funding:allocation-start", args=["2020", "XYZ"])).status_code == 404


@pytest.mark.parametrize("kind", [InstitutionKind.DGCS, InstitutionKind.DGS])
def test_a_ministry_reader_reads_but_neither_computes_nor_notifies(fir: Envelope, kind: str) -> None:
    run = run_allocation(fir, year=2020, by=None)
    reader = _client(_person(kind, Role.READER))
    page = _text(reader.get(reverse("funding:allocation-campaign", args=["2020"])))
    assert "Nord" in page
    assert "Calculer la répartition" not in page
    assert "Publier" not in _text(reader.get(reverse("funding:allocation-run", args=["2020", run.pk])))
    assert reader.post(reverse("funding:allocation-start", args=["2020", "FIR"])).status_code == 403
    assert reader.post(reverse("funding:publication-create", args=["2020"])).status_code == 403
    assert AllocationRun.objects.count() == 1


def test_the_people_of_a_territory_do_not_see_what_the_others_have(campaign: Campaign, fir: Envelope) -> None:
    run = run_allocation(fir, year=2020, by=None)
    user = UserFactory()
    council = InstitutionFactory(territory=campaign.territories.get(code="59"))
    MembershipFactory(user=user, institution=council, role=Role.SIGNATORY)
    client = _client(user)
    for route, args in (
        ("allocation-list", []),
        ("allocation-campaign", ["2020"]),
        ("allocation-criteria", ["2020"]),
        ("allocation-run", ["2020", run.pk]),
        ("publication-list", ["2020"]),
        ("publication-create", ["2020"]),
    ):
        assert client.get(reverse(f"funding:{route}", args=args)).status_code == 403


def test_the_pages_take_as_many_queries_for_thirty_territories_as_for_five(
    editor: Client, campaign: Campaign
) -> None:
    everybody = list(campaign.territories.all())

    def queries(count: int) -> list[int]:
        campaign.territories.set(everybody[:count])
        Envelope.objects.filter(campaign=campaign).update(floor=None, ceiling=None, amount=Decimal(1_000_000))
        runs = [run_allocation(envelope, year=2020, by=None) for envelope in campaign.envelopes.all()]
        counts = []
        for route, args in (
            ("allocation-list", []),
            ("allocation-campaign", ["2020"]),
            ("allocation-criteria", ["2020"]),
            ("allocation-run", ["2020", runs[0].pk]),
        ):
            url = reverse(f"funding:{route}", args=args)
            editor.get(url)
            with CaptureQueriesContext(connection) as captured:
                assert editor.get(url).status_code == 200
            counts.append(len(captured))
        return counts

    assert queries(5) == queries(30)
