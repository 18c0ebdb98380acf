"""DGCS's pages of the allocation (annexe 4; rules F5 to F8): what they show, to whom, and their gestures."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from cdppe.accounts.models import InstitutionKind, Role, User
from cdppe.lib.tables import CellKind, read_table
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.publications import notify_run
from funding.models import AllocationRun, CriterionValue, Envelope
from tests.answers import client_of, text_of
from tests.factories import InstitutionFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def _person(kind: str, role: str) -> User:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=kind), role=role)
    return user


@pytest.fixture
def editor() -> Client:
    return client_of(_person(InstitutionKind.DGCS, Role.EDITOR))


@pytest.fixture
def fir(campaign: Campaign) -> Envelope:
    return campaign.envelopes.get(code="FIR")


def test_the_ministry_computes_and_reads_an_envelope(editor: Client, fir: Envelope) -> None:
    start = reverse("funding:allocation-start", args=["2020", "FIR"])
    answer = editor.post(start, {"annee": "2020"})
    run = AllocationRun.objects.get()
    assert answer.url == reverse("funding:allocation-run", args=["2020", run.pk])
    page = text_of(editor.get(answer.url))
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
    assert "Notifiée" not in text_of(editor.get(url))
    notify_run(run, by=None)
    assert "Notifiée" in text_of(editor.get(url))


def test_a_refused_allocation_shows_every_cell(editor: Client, fir: Envelope) -> None:
    CriterionValue.objects.filter(place_code__in=["59", "62"], edition__series__code="asf").update(value=None)
    answer = editor.post(reverse("funding:allocation-start", args=["2020", "FIR"]), {"annee": "2020"})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Nord (59)" in page
    assert "Pas-de-Calais (62)" in page
    assert not AllocationRun.objects.exists()
    matrix = editor.get(reverse("funding:allocation-criteria", args=["2020"]))
    assert text_of(matrix).count("Manquant") == 2
    asf = next(column for column in matrix.context["matrix"].columns if column.series == "asf")
    assert asf.missing_count == 2


@pytest.mark.parametrize("year", ["", "2055", "x", "-1", "20200", "²"])
def test_a_wrong_year_is_refused_with_a_sentence(editor: Client, fir: Envelope, year: str) -> None:
    answer = editor.post(reverse("funding:allocation-start", args=["2020", "FIR"]), {"annee": year})
    assert answer.status_code == 409
    assert "n’est pas une année de la campagne" in text_of(answer)
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
    reader = client_of(_person(kind, Role.READER))
    page = text_of(reader.get(reverse("funding:allocation-campaign", args=["2020"])))
    assert "Nord" in page
    assert "Calculer la répartition" not in page
    assert "Publier" not in text_of(reader.get(reverse("funding:allocation-run", args=["2020", run.pk])))
    assert reader.post(reverse("funding:allocation-start", args=["2020", "FIR"])).status_code == 403
    assert reader.post(reverse("funding:publication-create", args=["2020"])).status_code == 403
    assert AllocationRun.objects.count() == 1


def test_the_people_of_a_territory_do_not_see_what_the_others_have(campaign: Campaign, fir: Envelope) -> None:
    run = run_allocation(fir, year=2020, by=None)
    user = UserFactory()
    council = InstitutionFactory(territory=campaign.territories.get(code="59"))
    MembershipFactory(user=user, institution=council, role=Role.SIGNATORY)
    client = client_of(user)
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


def test_each_amount_of_the_campaigns_table_leads_to_why(editor: Client, campaign: Campaign) -> None:
    runs = [run_allocation(envelope, year=2020, by=None) for envelope in campaign.envelopes.all()]
    url = reverse("funding:allocation-campaign", args=["2020"])
    page = text_of(editor.get(url))
    for run in runs:
        why = reverse("funding:amount-explanation", args=["2020", "59", run.envelope.code, 2020])
        assert f'href="{why}?calcul={run.pk}"' in page
        assert editor.get(f"{why}?calcul={run.pk}").status_code == 200


def test_amounts_notified_from_an_earlier_run_are_told_from_the_last_ones(
    editor: Client, fir: Envelope
) -> None:
    url = reverse("funding:allocation-campaign", args=["2020"])
    notified = run_allocation(fir, year=2020, by=None)
    notify_run(notified, by=None)
    fir.amount = Decimal(14_000_000)
    fir.save()
    again = run_allocation(fir, year=2020, by=None)
    answer = editor.get(url)
    page = text_of(answer)
    summary = next(each for each in answer.context["allocation"].envelopes if each.envelope == fir)
    assert (summary.run, summary.notified_count, summary.other_notified_count) == (again, 0, 30)
    assert "30 montants notifiés ne viennent pas de ce calcul" in page
    assert ">Notifiée</span>" not in page
    moved = next(line for line in notified.lines.select_related("territory") if not line.bound)
    why = reverse("funding:amount-explanation", args=["2020", moved.territory.code, "FIR", 2020])
    shown = f"{moved.amount:,.0f} €".replace(",", " ")
    assert f'<a href="{why}">{shown}' in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_matrix_of_the_criteria_is_exported_with_statuses_and_sources(
    editor: Client, campaign: Campaign, kind: str
) -> None:
    figures = CriterionValue.objects.filter(edition__code="menages_pauvres-insee-2016")
    figures.filter(place_code="59").update(note="=1+1")
    figures.filter(place_code="62").update(value=None)
    answer = editor.get(reverse("funding:allocation-criteria-export", args=["2020", kind]))
    assert answer["Content-Disposition"] == f'attachment; filename="criteres-2020.{kind}"'
    table = [[cell.text for cell in row.cells] for row in read_table(answer.content, name="f").rows]
    assert not [
        cell
        for row in read_table(answer.content, name="f").rows
        for cell in row.cells
        if cell.kind is CellKind.FORMULA
    ]
    head, *rows = table
    matrix = editor.get(reverse("funding:allocation-criteria", args=["2020"])).context["matrix"]
    assert len(rows) == len(matrix.rows) == 30
    place = next(rank for rank, column in enumerate(matrix.columns) if column.series == "menages_pauvres")
    at = 2 + 4 * place
    label = matrix.columns[place].label
    assert head[:2] == ["code", "territoire"]
    assert head[at : at + 4] == [label, f"{label} – statut", f"{label} – note", f"{label} – origine"]
    by_code = {row[0]: row for row in rows}
    shown = next(row for row in matrix.rows if row.territory.code == "59").figures[place]
    value, status, note, origin = by_code["59"][at : at + 4]
    assert (Decimal(value.replace(",", ".")), status) == (shown.value, shown.status_label)
    assert note == ("'=1+1" if kind == "csv" else "=1+1")
    edition = matrix.columns[place].edition
    assert origin == f"{edition.producer}, {edition.reference_date}. {edition.source}".strip()
    assert by_code["62"][at : at + 2] == ["non disponible", "Manquant"]
    other = editor.get(reverse("funding:allocation-criteria", args=["2020"]))
    for export in ("csv", "xlsx"):
        assert reverse("funding:allocation-criteria-export", args=["2020", export]) in text_of(other)
    if kind == "xlsx":
        origins = load_workbook(io.BytesIO(answer.content))["Origine"]
        assert [row[0].value for row in origins.iter_rows(min_row=2)] == [
            column.label for column in matrix.columns
        ]
        assert all(row[6].value for row in origins.iter_rows(min_row=2))


def test_the_matrix_is_exported_in_no_other_format_nor_for_another_campaign(
    editor: Client, campaign: Campaign
) -> None:
    assert editor.get("/repartition/2020/criteres/pdf/").status_code == 404
    assert editor.get("/repartition/1999/criteres/csv/").status_code == 404
