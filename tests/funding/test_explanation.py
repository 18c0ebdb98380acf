"""Why this amount: the explanation of a line of a run, its page, who sees it; the workbook of a run."""

from __future__ import annotations

import html
import io
from decimal import Decimal
from fractions import Fraction
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.accounts.models import InstitutionKind, Role, Territory
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.explanation import explain
from funding.models import (
    AllocationLine,
    AllocationRun,
    CriterionValue,
    Envelope,
    FigureStatus,
    NotifiedAmount,
)
from funding.templatetags.allocation_format import cents, plain, share
from tests.answers import client_of
from tests.factories import (
    ContractFactory,
    InstitutionFactory,
    MembershipFactory,
    NotifiedAmountFactory,
    UserFactory,
)


def line_of(run: AllocationRun, code: str) -> AllocationLine:
    return run.lines.select_related("territory").get(territory__code=code)


def notify(run: AllocationRun, **changes: Any) -> None:
    """Every amount of the run becomes the notified one."""
    for line in run.lines.all():
        values = {"amount": line.amount, "source": "", "run": run, "year": run.year} | changes
        NotifiedAmountFactory(envelope=run.envelope, territory=line.territory, **values)


def member(kind: str, territory: Territory | None = None, role: str = Role.READER) -> Client:
    user = UserFactory()
    place = {"territory": territory} if territory is not None else {}
    MembershipFactory(user=user, institution=InstitutionFactory(kind=kind, **place), role=role)
    return client_of(user)


def url_of(run: AllocationRun, code: str) -> str:
    return reverse("funding:amount-explanation", args=["2020", code, run.envelope.code, run.year])


def text(answer: Any) -> str:
    assert answer.status_code == 200
    plain_spaces = html.unescape(answer.content.decode()).replace("\u00a0", " ").replace("\u202f", " ")
    return " ".join(plain_spaces.split())


@pytest.fixture
def p304(campaign: Campaign) -> AllocationRun:
    return run_allocation(campaign.envelopes.get(code="P304"), year=2020, by=None)


@pytest.fixture
def dgcs(db: None) -> Client:
    return member(InstitutionKind.DGCS)


# --- The explanation ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "bound"), [("04", "floor"), ("59", "ceiling"), ("02", "")])
def test_every_step_leads_exactly_to_the_next(p304: AllocationRun, code: str, bound: str) -> None:
    line = line_of(p304, code)
    found = explain(p304, line)
    assert found.line.bound == bound
    for criterion in found.criteria:
        assert criterion.share == Fraction(criterion.value) / criterion.total
        assert criterion.contribution == criterion.share * criterion.weight
    assert sum(criterion.weight for criterion in found.criteria) == 1
    assert found.key == sum(criterion.contribution for criterion in found.criteria)
    assert found.proportional == found.key * Fraction(found.envelope)
    assert found.others_amount == found.envelope - 3 * 600_000 - 2 * 4_500_000
    assert found.factor == Fraction(found.others_amount) / found.others_key
    assert found.exact == found.at_factor + found.bound_gap
    assert found.exact == max(min(found.at_factor, Fraction(4_500_000)), Fraction(600_000))
    assert found.amount == found.exact + found.rounding.gap == line.amount
    assert abs(found.rounding.gap) < found.unit
    assert (found.floor_count, found.ceiling_count, found.free_count) == (3, 2, 25)
    assert found.key_total == 1
    assert found.total == found.envelope == 50_000_000
    assert found.adds_up


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["P304", "FIR", "ONDAM"])
def test_the_explained_amounts_of_all_the_territories_are_the_envelope(campaign: Campaign, code: str) -> None:
    run = run_allocation(campaign.envelopes.get(code=code), year=2020, by=None)
    explained = [explain(run, line) for line in run.lines.select_related("territory")]
    assert sum(each.amount for each in explained) == run.amount
    assert sum(each.rounding.gap for each in explained) == 0
    assert sum(each.exact for each in explained) == run.amount
    assert sum(each.key for each in explained) == 1


@pytest.mark.django_db
def test_an_explanation_holds_to_what_the_run_stored(
    p304: AllocationRun, django_assert_num_queries: Any
) -> None:
    before = explain(p304, line_of(p304, "59"))
    CriterionValue.objects.update(value=1)
    Envelope.objects.update(floor=1, ceiling=2, amount=3)
    run = AllocationRun.objects.get(pk=p304.pk)
    line = line_of(run, "59")
    with django_assert_num_queries(1):
        after = explain(run, line)
    assert (after.criteria, after.floor, after.ceiling, after.envelope, after.total) == (
        before.criteria,
        before.floor,
        before.ceiling,
        before.envelope,
        before.total,
    )


@pytest.mark.django_db
def test_a_line_of_another_run_is_refused(p304: AllocationRun) -> None:
    other = run_allocation(p304.envelope, year=2021, by=None)
    with pytest.raises(ValueError, match="is not of run"):
        explain(p304, line_of(other, "59"))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (share(Fraction(1, 8)), "12,5000 %"),
        (share(Fraction(1, 2), 0), "50 %"),
        (cents(Fraction(2_000_000, 3)), "666 666,67 €"),
        (cents(Decimal(5)), "5,00 €"),
        (cents(Fraction(-1, 8)), "\u22120,13 €"),
        (cents(Fraction(-1, 1000)), "0,00 €"),
        (plain(Decimal("1234.50")), "1 234,5"),
        (plain(Fraction(100)), "100"),
        (plain(Decimal(0)), "0"),
    ],
)
def test_exact_figures_are_rounded_only_when_they_are_shown(shown: str, expected: str) -> None:
    assert shown.replace("\u00a0", " ").replace("\u202f", " ") == expected


# --- The page -----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("04", "le montant est porté à 600 000 €"),
        ("59", "le montant est ramené à 4 500 000 €"),
        ("02", "qui se tient entre les deux, ne change pas"),
    ],
)
def test_the_page_says_which_bound_holds_the_amount(
    dgcs: Client, p304: AllocationRun, code: str, said: str
) -> None:
    page = text(dgcs.get(url_of(p304, code)))
    assert said in page
    assert "Montant indicatif : il n’est pas notifié." in page
    assert "La somme des montants des 30 territoires est de 50 000 000 €, exactement l’enveloppe." in page
    assert "39 200 000 € divisés par 73,2480 % donnent le facteur commun : 53 516 783,49 €" in page
    assert "Ce montant ne repose pas seulement sur des chiffres officiels" in page


@pytest.mark.django_db
def test_only_official_figures_bring_no_warning(dgcs: Client, campaign: Campaign) -> None:
    CriterionValue.objects.update(status=FigureStatus.OFFICIAL)
    run = run_allocation(campaign.envelopes.get(code="ONDAM"), year=2020, by=None)
    page = text(dgcs.get(url_of(run, "59")))
    assert "ne repose pas seulement" not in page
    assert "Aucun territoire n’est tenu" in page


@pytest.mark.django_db
def test_a_territory_reads_its_own_once_it_is_notified(campaign: Campaign, p304: AllocationRun) -> None:
    nord, aisne = (campaign.territories.get(code=code) for code in ("59", "02"))
    people = [member(kind, nord) for kind in (InstitutionKind.COUNCIL, InstitutionKind.PREFECTURE)]
    stranger = member(InstitutionKind.COUNCIL, aisne)
    for person in people:
        assert person.get(url_of(p304, "59")).status_code == 404
    notify(p304)
    for person in people:
        page = text(person.get(url_of(p304, "59")))
        assert "Montant notifié le" in page
        assert "Voir la répartition entière" not in page
        assert person.get(url_of(p304, "02")).status_code == 404
        # Which run it comes from is not theirs to choose.
        assert person.get(url_of(p304, "59"), {"calcul": p304.pk}).status_code == 404
    assert stranger.get(url_of(p304, "59")).status_code == 404
    assert stranger.get(url_of(p304, "02")).status_code == 200


@pytest.mark.django_db
def test_a_territory_reads_the_notified_run_and_not_the_last_one(
    campaign: Campaign, p304: AllocationRun, dgcs: Client
) -> None:
    notify(p304)
    CriterionValue.objects.filter(place_code="02").update(value=1)
    again = run_allocation(p304.envelope, year=2020, by=None)
    aisne = member(InstitutionKind.COUNCIL, campaign.territories.get(code="02"))
    for reader in (aisne, dgcs):
        assert reader.get(url_of(p304, "02")).context["explanation"].run == p304
    page = dgcs.get(url_of(p304, "02"), {"calcul": again.pk})
    assert page.context["explanation"].run == again
    assert "Ce calcul n’est pas celui qui a été notifié" in text(page)


@pytest.mark.django_db
def test_an_amount_notified_by_a_document_says_where_it_comes_from(campaign: Campaign) -> None:
    envelope = campaign.envelopes.get(code="FIR")
    nord = campaign.territories.get(code="59")
    NotifiedAmountFactory(envelope=envelope, territory=nord, amount=Decimal(211_500), source="Contrat signé.")
    url = reverse("funding:amount-explanation", args=["2020", "59", "FIR", 2020])
    page = text(member(InstitutionKind.COUNCIL, nord).get(url))
    assert "211 500 €" in page
    assert "Son origine : Contrat signé." in page
    assert "Étape par étape" not in page


@pytest.mark.django_db
def test_a_notified_amount_that_departs_from_the_run_says_by_how_much(
    campaign: Campaign, p304: AllocationRun
) -> None:
    line = line_of(p304, "02")
    NotifiedAmountFactory(
        envelope=p304.envelope,
        territory=line.territory,
        year=2020,
        amount=line.amount - 1000,
        run=p304,
        source="Engagements non tenus.",
    )
    page = text(member(InstitutionKind.COUNCIL, line.territory).get(url_of(p304, "02")))
    assert (
        "s’écarte de \u22121 000,00 € du montant calculé. Motif ou origine : Engagements non tenus." in page
    )


@pytest.mark.django_db
def test_what_does_not_exist_is_not_found(dgcs: Client, p304: AllocationRun) -> None:
    for args in (
        ["1999", "59", "P304", 2020],
        ["2020", "38", "P304", 2020],
        ["2020", "59", "XYZ", 2020],
        ["2020", "59", "P304", 2021],
        ["2020", "59", "P304", 10**30],
    ):
        assert dgcs.get(reverse("funding:amount-explanation", args=args)).status_code == 404
    for asked in ("x", "0", "9" * 40, "²"):
        assert dgcs.get(url_of(p304, "59"), {"calcul": asked}).status_code == 404


@pytest.mark.django_db
def test_the_page_takes_as_many_queries_for_thirty_territories_as_for_five(
    dgcs: Client, campaign: Campaign
) -> None:
    everybody = list(campaign.territories.all())
    Envelope.objects.filter(campaign=campaign).update(floor=None, ceiling=None)
    counts = []
    for count in (5, 30):
        NotifiedAmount.objects.all().delete()
        campaign.territories.set(everybody[:count])
        run = run_allocation(campaign.envelopes.get(code="FIR"), year=2020, by=None)
        notify(run)
        dgcs.get(url_of(run, everybody[0].code))
        with CaptureQueriesContext(connection) as captured:
            assert dgcs.get(url_of(run, everybody[0].code)).status_code == 200
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_the_plan_and_the_run_lead_to_the_explanation(
    dgcs: Client, campaign: Campaign, p304: AllocationRun
) -> None:
    nord = campaign.territories.get(code="59")
    contract = ContractFactory(campaign=campaign, territory=nord)
    council = member(InstitutionKind.COUNCIL, nord)
    plan = reverse("funding:action-plan", args=[contract.reference])
    assert url_of(p304, "59") not in text(council.get(plan))
    notify(p304)
    assert url_of(p304, "59") in text(council.get(plan))
    run_page = text(dgcs.get(reverse("funding:allocation-run", args=["2020", p304.pk])))
    assert f"{url_of(p304, '59')}?calcul={p304.pk}" in run_page
    assert reverse("funding:run-workbook", args=["2020", p304.pk]) in run_page


# --- The workbook -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_ministry_downloads_the_workbook_of_a_run(dgcs: Client, p304: AllocationRun) -> None:
    answer = dgcs.get(reverse("funding:run-workbook", args=["2020", p304.pk]))
    assert answer.status_code == 200
    assert f'filename="repartition-2020-p304-2020-calcul-{p304.pk}.xlsx"' in answer["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert [row[0].value for row in book["Chiffres"].iter_rows(min_row=5, max_row=34)] == sorted(
        line.territory.code for line in p304.lines.select_related("territory")
    )
    assert dgcs.get(reverse("funding:run-workbook", args=["1999", p304.pk])).status_code == 404
