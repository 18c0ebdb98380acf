"""Scenarios: typed, followed while typing, saved, duplicated, computed and published (rules F5 to F8)."""

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
from funding.models import AllocationRun, Envelope, NotifiedAmount, Publication, Scenario, SeriesEdition
from funding.scenarios import draft_of, read_draft, results_of, typed_of_campaign
from tests.answers import client_of, text_of
from tests.factories import CampaignFactory, InstitutionFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

LIST = "/repartition/2020/scenarios/"
NEW = f"{LIST}nouveau/"
RESULTS = f"{LIST}resultat/"


def _person(role: str) -> User:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=InstitutionKind.DGCS), role=role)
    return user


@pytest.fixture
def editor() -> Client:
    return client_of(_person(Role.EDITOR))


@pytest.fixture
def fir(campaign: Campaign) -> Envelope:
    return campaign.envelopes.get(code="FIR")


def _typed(campaign: Campaign, **changes: str) -> dict[str, Any]:
    typed, codes = typed_of_campaign(campaign)
    return typed | {"name": "Circulaire", "territory": codes, "version": "0"} | changes


def _saved(editor: Client, campaign: Campaign, **changes: str) -> Scenario:
    answer = editor.post(NEW, _typed(campaign, **changes))
    assert answer.status_code == 302, text_of(answer)
    return Scenario.objects.latest("pk")


def test_a_scenario_of_the_campaigns_terms_shares_as_the_campaign_does(
    editor: Client, campaign: Campaign
) -> None:
    scenario = _saved(editor, campaign)
    result = results_of(draft_of(scenario))
    assert result.total == 80_000_000
    for each in result.envelopes:
        run = run_allocation(each.envelope, year=2020, by=None)
        assert {line.code: line.amount for line in each.shared.allocation.lines} == {
            line.territory.code: line.amount for line in run.lines.select_related("territory")
        }
        bounds = [line.bound for line in run.lines.all()]
        assert (each.floor_count, each.ceiling_count) == (bounds.count("floor"), bounds.count("ceiling"))


def test_the_result_follows_what_is_typed_and_nothing_is_stored(
    editor: Client, campaign: Campaign, fir: Envelope
) -> None:
    typed = _typed(campaign, **{f"e{fir.pk}-amount": "12 000 000", f"e{fir.pk}-floor": ""})
    answer = editor.post(RESULTS, typed)
    assert answer.status_code == 200
    assert "12 000 000 €" in text_of(answer)
    assert "<html" not in text_of(answer)
    assert not Scenario.objects.exists()
    assert not AllocationRun.objects.exists()


@pytest.mark.parametrize(
    ("box", "typed", "said"),
    [
        ("amount", "douze", "n’est pas un montant"),
        ("amount", "-5", "est négatif"),
        ("ceiling", "1e9", "n’est pas un montant"),
        ("unit", "0", "supérieure à zéro"),
        ("weight-asf", "101", "n’est pas un poids"),
        ("weight-asf", "dix", "n’est pas un poids"),
        ("weight-asf", "9" * 400, "trop long"),
        ("edition-asf", "autre", "Cette édition n’existe pas"),
        ("amount", "\x00", "n’est pas un montant"),
    ],
)
def test_a_wrong_cell_is_told_where_it_is_and_what_was_typed_is_kept(
    editor: Client, campaign: Campaign, fir: Envelope, box: str, typed: str, said: str
) -> None:
    name = f"e{fir.pk}-{box}"
    sent = _typed(campaign, **{name: typed})
    live = editor.post(RESULTS, sent)
    assert live.status_code == 200
    assert said in text_of(live)
    refused = editor.post(NEW, sent)
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert [cell.name for cell in refused.context["draft"].errors] == [name]
    assert f'href="#{name}"' in text_of(refused)
    assert "12345" in text_of(editor.post(NEW, sent | {f"e{fir.pk}-floor": "12345"}))
    assert not Scenario.objects.exists()


def test_what_the_rules_refuse_is_told_with_its_cells_and_the_others_are_shared(
    editor: Client, campaign: Campaign, fir: Envelope
) -> None:
    weights = editor.post(RESULTS, _typed(campaign, **{f"e{fir.pk}-weight-asf": "20"}))
    assert "100" in text_of(weights)
    assert "répartition impossible" in text_of(weights)
    assert "50 000 000 €" in text_of(weights)
    floors = editor.post(RESULTS, _typed(campaign, **{f"e{fir.pk}-amount": "1 000"}))
    assert "ne suffisent pas" in text_of(floors)


def test_an_envelope_without_amount_is_left_out(editor: Client, campaign: Campaign, fir: Envelope) -> None:
    scenario = _saved(editor, campaign, **{f"e{fir.pk}-amount": ""})
    assert results_of(draft_of(scenario)).total == 65_000_000
    assert "non répartie dans ce scénario" in text_of(editor.get(f"{LIST}{scenario.pk}/"))


def test_territories_and_editions_are_the_scenarios_own(
    editor: Client, campaign: Campaign, fir: Envelope
) -> None:
    old = SeriesEdition.objects.get(series__code="asf")
    new = SeriesEdition.objects.create(
        series=old.series, code="asf-nouvelle", producer="Cnaf", reference_date="2021", source="Essai"
    )
    for value in old.values.all():
        value.pk, value.edition, value.value = None, new, 1
        value.save()
    sent = _typed(campaign, **{f"e{fir.pk}-edition-asf": old.code}) | {"territory": ["59", "62", "38", "zz"]}
    assert editor.post(NEW, sent | {f"e{fir.pk}-ceiling": ""}).status_code == 302
    scenario = Scenario.objects.get()
    chosen = set(scenario.territories.values_list("code", flat=True))
    assert chosen == {"59", "62", "38"} & set(campaign.territories.values_list("code", flat=True))
    draft = draft_of(scenario)
    shared = next(each.shared for each in results_of(draft).envelopes if each.envelope == fir)
    assert shared.figures.editions["asf"] == old
    assert read_draft(campaign, *typed_of_campaign(campaign)).blocks
    refused = editor.post(NEW, _typed(campaign) | {"name": "Personne", "territory": []})
    assert refused.status_code == 422
    assert "Choisissez un territoire" in text_of(refused)


def test_somebody_elses_save_is_never_overwritten_unseen(
    editor: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = _saved(editor, campaign)
    url = f"{LIST}{scenario.pk}/modifier/"
    first = _typed(campaign, version="1", **{f"e{fir.pk}-amount": "14000000"})
    assert editor.post(url, first).status_code == 302
    stale = _typed(campaign, version="1", **{f"e{fir.pk}-amount": "13000000"})
    answer = editor.post(url, stale)
    assert answer.status_code == 409
    assert "pendant que vous l’écriviez" in text_of(answer)
    assert [(each.stored, each.typed) for each in answer.context["differences"]] == [
        ("14\u202f000\u202f000", "13000000")
    ]
    scenario.refresh_from_db()
    assert scenario.terms["FIR"]["amount"] == "14000000"
    assert editor.post(url, stale | {"version": "2"}).status_code == 302
    scenario.refresh_from_db()
    assert (scenario.terms["FIR"]["amount"], scenario.version) == ("13000000", 3)


def test_names_are_told_apart(editor: Client, campaign: Campaign) -> None:
    scenario = _saved(editor, campaign)
    again = editor.post(NEW, _typed(campaign))
    assert again.status_code == 409
    assert "s’appelle déjà « Circulaire »" in text_of(again)
    for name, said in (("", "Donnez un nom"), ("x" * 121, "trop long")):
        refused = editor.post(NEW, _typed(campaign, name=name))
        assert refused.status_code == 422
        assert said in text_of(refused)
    for expected in ("Circulaire (copie)", "Circulaire (copie 2)"):
        assert editor.post(f"{LIST}{scenario.pk}/dupliquer/").status_code == 302
        copy = Scenario.objects.latest("pk")
        assert (copy.name, copy.terms) == (expected, scenario.terms)
        assert list(copy.territories.all()) == list(scenario.territories.all())
    assert "&lt;b&gt;" in text_of(editor.get(f"{LIST}{_saved(editor, campaign, name='<b>').pk}/"))


def test_the_list_says_that_it_is_empty(editor: Client, campaign: Campaign) -> None:
    assert "Aucun scénario" in text_of(editor.get(LIST))
    _saved(editor, campaign)
    assert "Circulaire" in text_of(editor.get(LIST))


def test_a_scenario_is_published_with_its_inputs(campaign: Campaign, fir: Envelope) -> None:
    signatory = client_of(_person(Role.SIGNATORY))
    scenario = _saved(signatory, campaign, **{f"e{fir.pk}-floor": "150000"})
    answer = signatory.post(f"{LIST}{scenario.pk}/calculer/")
    runs = AllocationRun.objects.filter(scenario=scenario)
    assert runs.count() == 3
    assert runs.get(envelope=fir).inputs["floor"] == "150000"
    confirmation = signatory.get(answer.url)
    assert {run.pk for run in confirmation.context["preview"].runs} == {run.pk for run in runs}
    sent = {"annee": "2020", "etat": "", "calcul": [run.pk for run in runs]}
    assert signatory.post(reverse("funding:publication-create", args=["2020"]), sent).status_code == 302
    assert set(Publication.objects.get().runs.all()) == set(runs)
    assert NotifiedAmount.objects.filter(envelope=fir).order_by("amount").first().amount == Decimal(150_000)


def test_an_editor_computes_a_scenario_without_publishing(editor: Client, campaign: Campaign) -> None:
    scenario = _saved(editor, campaign)
    answer = editor.post(f"{LIST}{scenario.pk}/calculer/", follow=True)
    assert "Derniers calculs enregistrés" in text_of(answer)
    assert "préparer la publication" not in text_of(answer)
    assert AllocationRun.objects.count() == 3


def test_a_scenario_that_cannot_be_shared_stores_no_run_at_all(
    editor: Client, campaign: Campaign, fir: Envelope
) -> None:
    scenario = _saved(editor, campaign, **{f"e{fir.pk}-amount": "1000"})
    answer = editor.post(f"{LIST}{scenario.pk}/calculer/", follow=True)
    assert "n’est pas possible" in text_of(answer)
    assert not AllocationRun.objects.exists()
    empty = {f"e{envelope.pk}-amount": "" for envelope in campaign.envelopes.all()}
    nothing = _saved(editor, campaign, name="Rien", **empty)
    assert "rien à répartir" in text_of(editor.post(f"{LIST}{nothing.pk}/calculer/", follow=True))


def test_a_reader_reads_scenarios_and_changes_none(editor: Client, campaign: Campaign) -> None:
    scenario = _saved(editor, campaign)
    reader = client_of(_person(Role.READER))
    page = text_of(reader.get(f"{LIST}{scenario.pk}/"))
    assert "Modifier" not in page
    assert "Dupliquer" not in page
    for path in (
        NEW,
        RESULTS,
        *(f"{LIST}{scenario.pk}/{end}/" for end in ("modifier", "dupliquer", "calculer")),
    ):
        assert reader.post(path, _typed(campaign)).status_code == 403
    assert Scenario.objects.count() == 1


def test_a_scenario_of_another_campaign_does_not_exist(editor: Client, campaign: Campaign) -> None:
    scenario = _saved(editor, campaign)
    CampaignFactory(code="autre")
    assert editor.get(f"/repartition/autre/scenarios/{scenario.pk}/").status_code == 404
    assert editor.get(f"{LIST}{10**30}/").status_code == 404


def test_the_pages_take_as_many_queries_for_thirty_territories_as_for_five(
    editor: Client, campaign: Campaign
) -> None:
    everybody = list(campaign.territories.all())
    Envelope.objects.filter(campaign=campaign).update(floor=None, ceiling=None)
    scenario = _saved(editor, campaign)

    def queries(count: int) -> list[int]:
        campaign.territories.set(everybody[:count])
        scenario.territories.set(everybody[:count])
        counts = []
        for path in (LIST, NEW, f"{LIST}{scenario.pk}/", f"{LIST}{scenario.pk}/modifier/"):
            editor.get(path)
            with CaptureQueriesContext(connection) as captured:
                assert editor.get(path).status_code == 200
            counts.append(len(captured))
        return counts

    assert queries(5) == queries(30)
