"""The demanded sheets: their skeletons, who answers them, what is left to write (rules O5, O6, A2)."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cdppe.lib.errors import RuleViolation
from contracts.actions.action_sheets import archive_action_sheet, save_action_sheet, state_demand
from contracts.actions.campaigns import CampaignInUse, load_campaign
from contracts.campaign_file import CampaignFileErrors, read_campaign
from contracts.campaign_spec import CampaignSpec
from contracts.compliance import report_of
from contracts.demands import demands_of, find_demand
from contracts.models import ActionSheet, Contract, ContractObjective, SheetTemplate
from contracts.overview import facts_of, with_facts
from contracts.progress import UNWRITTEN_MARK
from tests.cast import Cast
from tests.contracts.circular import FIXTURES, section
from tests.factories import ActionSheetFactory, ContractFactory, TerritoryFactory
from tests.queries import count_queries

CAMPAIGNS = FIXTURES / "campaigns"


@pytest.fixture(scope="module")
def spec() -> CampaignSpec:
    return read_campaign(CAMPAIGNS / "2020.toml")


@pytest.fixture
def first(cast: Cast) -> ContractObjective:
    objective: ContractObjective = cast.contract.objectives.in_order()[0]
    return objective


@pytest.fixture
def template(first: ContractObjective) -> SheetTemplate:
    return SheetTemplate.objects.create(
        objective=first.objective,
        code="trame",
        demand="S’engager à travers une fiche action à étendre le protocole.",
        title="Étendre le protocole",
        texts={"description": "**Démarches**\n- [À compléter : lesquelles]", "public": "[À compléter : qui]"},
        source="Texte, annexe, objectif",
        position=1,
    )


def demand_url(cast: Cast, code: str = "trame") -> str:
    return reverse("contracts:sheet-demand", args=[cast.contract.reference, code])


# --- The campaign files --------------------------------------------------------------------------


def test_each_demand_of_the_circular_has_one_skeleton_and_the_four_statements_theirs(
    spec: CampaignSpec,
) -> None:
    found = {
        each.number: [template.demand for template in each.sheet_templates]
        for each in spec.objectives
        if each.sheet_templates
    }
    assert found == {6: [1], 7: [1, 2], 8: [1], 10: [1], 11: [1, 2, 3], 23: [None]}
    for objective in spec.objectives:
        demanded = {template.demand for template in objective.sheet_templates} - {None}
        assert demanded == set(range(1, len(objective.sheet_demands) + 1))


def test_what_a_skeleton_quotes_is_in_the_circular_word_for_word(spec: CampaignSpec) -> None:
    text = section("6")
    quotes = [
        quote
        for objective in spec.objectives
        for template in objective.sheet_templates
        for written in template.texts.values()
        for quote in re.findall(r"« (.*?) ?»", written)
    ]
    assert len(quotes) > 30
    missing = [quote for quote in quotes if quote not in text]
    assert missing == []


def test_the_skeleton_of_the_statements_has_the_four_as_headings(spec: CampaignSpec) -> None:
    (objective,) = (each for each in spec.objectives if each.action_statements)
    (template,) = objective.sheet_templates
    for statement in objective.action_statements:
        assert (statement[0].lower() + statement[1:]).rstrip(".")[:60] in template.description


@pytest.mark.parametrize("year", ["2020", "2022"])
def test_no_skeleton_passes_for_a_sheet_that_somebody_wrote(year: str) -> None:
    for objective in read_campaign(CAMPAIGNS / f"{year}.toml").objectives:
        for template in objective.sheet_templates:
            for name in ("public", "actors", "calendar", "implementation_indicators"):
                assert UNWRITTEN_MARK in getattr(template, name), (template.code, name)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('code = "protocole-ip-sante"', 'code = "protocole-ip-institutions"', "est donné plusieurs fois"),
        (
            'code = "crip-competences"\ndemand = 1',
            'code = "crip-competences"\ndemand = 2',
            "n’a pas de 2e fiche",
        ),
        ('code = "crip-competences"\ndemand = 1', 'code = "crip-competences"', "clé manquante"),
        ('code = "crip-competences"', 'code = "CRIP compétences"', "minuscules"),
        ('code = "crip-competences"', 'code = "crip-competences"\nauthor = "x"', "clé inconnue"),
    ],
)
def test_a_wrong_skeleton_is_refused_with_its_place(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = (CAMPAIGNS / "2020.toml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    file = tmp_path / "2020.toml"
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CampaignFileErrors) as refusal:
        read_campaign(file)
    (problem,) = refusal.value.problems
    assert reason in problem.reason
    assert "sheet_templates" in problem.place


def test_the_skeletons_follow_the_file_even_when_a_contract_uses_the_campaign(
    db: None, tmp_path: Path
) -> None:
    text = (CAMPAIGNS / "2022.toml").read_text(encoding="utf-8")
    text = re.sub(r"^territories = \[.*?\]", 'territories = ["38"]', text, flags=re.M | re.S)
    file = tmp_path / "2022.toml"
    file.write_text(text, encoding="utf-8")
    territory = TerritoryFactory(code="38")
    campaign = load_campaign(read_campaign(file)).campaign
    ContractFactory(campaign=campaign, territory=territory)
    file.write_text(text.replace("Accès de la CRIP à des", "Accès de la CRIP aux"), encoding="utf-8")
    report = load_campaign(read_campaign(file))
    assert len(report.changes) == 1
    assert SheetTemplate.objects.get(code="crip-competences").title.startswith("Accès de la CRIP aux")
    file.write_text(text.replace('title = "Renforcer les ODPE"', 'title = "Autre"'), encoding="utf-8")
    with pytest.raises(CampaignInUse):
        load_campaign(read_campaign(file))


# --- Who answers ---------------------------------------------------------------------------------


def test_a_demand_is_answered_by_a_sheet_of_its_objective_that_says_so(
    cast: Cast, first: ContractObjective, template: SheetTemplate
) -> None:
    second = cast.contract.objectives.in_order()[1]
    (demand,) = demands_of(cast.contract)
    assert not demand.is_answered
    other = ActionSheetFactory(contract=cast.contract, contract_objective=second)
    with pytest.raises(RuleViolation, match="sert un autre objectif"):
        state_demand(other, code="trame", by=cast.council_editor)
    with pytest.raises(RuleViolation, match="sert un autre objectif"):
        state_demand(other, code="inconnue", by=cast.council_editor)
    sheet = ActionSheetFactory(contract=cast.contract, contract_objective=first)
    state_demand(sheet, code="trame", by=cast.council_editor)
    assert [each.pk for each in demands_of(cast.contract)[0].sheets] == [sheet.pk]
    archive_action_sheet(sheet, by=cast.council_editor)
    assert not demands_of(cast.contract)[0].is_answered


def test_a_sheet_that_goes_to_another_objective_answers_no_more(
    cast: Cast, first: ContractObjective, template: SheetTemplate
) -> None:
    second = cast.contract.objectives.in_order()[1]
    sheet = ActionSheetFactory(contract=cast.contract, contract_objective=first, answers_demand="trame")
    saved = save_action_sheet(sheet, fields={"title": "Autre"}, version=1, by=cast.council_editor)
    assert saved.answers_demand == "trame"
    saved = save_action_sheet(saved, fields={"contract_objective": second}, version=2, by=cast.council_editor)
    assert saved.answers_demand == ""


def test_a_demand_of_an_objective_that_the_contract_lacks_is_not_its(cast: Cast) -> None:
    SheetTemplate.objects.create(
        objective=cast.campaign.objectives.get(number=20), code="ailleurs", title="t", source="s", position=1
    )
    assert demands_of(cast.contract) == []
    assert find_demand(cast.contract, "ailleurs") is None


# --- Writing it ----------------------------------------------------------------------------------


def test_the_demanded_sheet_opens_with_its_skeleton_and_once_saved_answers(
    client: Client, cast: Cast, first: ContractObjective, template: SheetTemplate
) -> None:
    client.force_login(cast.council_editor)
    url = reverse("funding:sheet-create", args=[cast.contract.reference]) + "?demande=trame"
    form = client.get(url).context["form"]
    assert form["title"].value() == "Étendre le protocole"
    assert form["description"].value() == "**Démarches**\n- [À compléter : lesquelles]"
    assert form["contract_objective"].value() == first.pk
    typed: dict[str, Any] = {name: form[name].value() or "" for name in form.fields}
    typed["contract_objective"] = first.pk
    assert client.post(url, typed).status_code == 302
    sheet = ActionSheet.objects.get()
    assert sheet.answers_demand == "trame"
    assert demands_of(cast.contract)[0].is_answered


def test_a_part_of_which_a_prompt_is_left_is_not_written(
    client: Client, cast: Cast, first: ContractObjective, template: SheetTemplate
) -> None:
    sheet = ActionSheetFactory(
        contract=cast.contract,
        contract_objective=first,
        public="- Familles\n- [À compléter : qui]",
        actors="PMI",
    )
    client.force_login(cast.council_reader)
    page = client.get(reverse("contracts:sheets", args=[cast.contract.reference])).content.decode()
    assert f"/fiches/{sheet.number}/#id_public" in page
    assert "#id_actors" not in page
    assert f"/fiches/{sheet.number}/#financing" in page


def test_the_overview_and_the_findings_miss_the_same_parts_of_a_sheet(
    cast: Cast, first: ContractObjective
) -> None:
    """Rule A2 has one definition: empty, or a prompt of the skeleton left."""
    texts = {
        "operational_objective": "",
        "public": "- Familles\n- [À compléter : qui]",
        "actors": "PMI",
        "calendar": "[À compléter]",
        "implementation_indicators": "Nombre de places [à compléter : voir le tableau de bord]",
    }
    sheet = ActionSheetFactory(
        contract=cast.contract, contract_objective=first, diagnosis="[À compléter : le constat]", **texts
    )
    facts = facts_of(with_facts(Contract.objects.filter(pk=cast.contract.pk)).get())
    (counted,) = facts.sheets
    report = report_of(Contract.objects.with_context().get(pk=cast.contract.pk), today=dt.date(2030, 6, 1))
    findings = {
        line.finding.place.field: line.finding.sentence
        for line in report.lines
        if line.rule.code == "sheets-complete"
    }
    assert list(findings) == list(counted.missing_fields)
    # The words in small letters are the author's own, no prompt of a skeleton.
    assert set(findings) == {"operational_objective", "public", "calendar", "financing"}
    assert (
        findings["operational_objective"] == f"Fiche n° {sheet.number} : il manque l’objectif opérationnel."
    )
    assert findings["public"].endswith(
        "il manque le public cible : une indication « [À compléter : …] » y reste à remplacer."
    )
    assert [
        line.finding.place.field for line in report.lines if line.rule.code == "sheets-follow-the-model"
    ] == ["referent"]


def test_an_unknown_demand_gives_an_empty_sheet_and_no_page(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    url = reverse("funding:sheet-create", args=[cast.contract.reference])
    assert client.get(f"{url}?demande=<b>").status_code == 200
    assert client.get(demand_url(cast)).status_code == 404


def test_open_demands_are_on_the_pages_of_sheets_and_objectives_until_a_sheet_answers(
    client: Client, cast: Cast, first: ContractObjective, template: SheetTemplate
) -> None:
    client.force_login(cast.council_editor)
    pages = [
        reverse(f"contracts:{name}", args=[cast.contract.reference]) for name in ("sheets", "objectives")
    ]
    for page in pages:
        assert demand_url(cast) in client.get(page).content.decode()
    assert template.demand in client.get(demand_url(cast)).content.decode()
    sheet = ActionSheetFactory(contract=cast.contract, contract_objective=first)
    assert client.post(demand_url(cast), {"sheet": sheet.pk}).status_code == 302
    for page in pages:
        assert demand_url(cast) not in client.get(page).content.decode()
    assert f"/fiches/{sheet.number}/" in client.get(pages[1]).content.decode()


@pytest.mark.parametrize("typed", ["", "²", "0", "9" * 30])
def test_an_answer_that_names_no_sheet_is_refused_with_a_sentence(
    client: Client, cast: Cast, template: SheetTemplate, typed: str
) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(demand_url(cast), {"sheet": typed})
    assert answer.status_code == 422
    assert not ActionSheet.objects.exclude(answers_demand="").exists()


def test_demands_ask_as_many_queries_for_fifty_sheets_as_for_five(
    cast: Cast, first: ContractObjective, template: SheetTemplate
) -> None:
    def add(count: int) -> None:
        for _ in range(count):
            ActionSheetFactory(contract=cast.contract, contract_objective=first, answers_demand="trame")

    add(5)
    with_five = count_queries(lambda: demands_of(cast.contract))
    add(45)
    assert count_queries(lambda: demands_of(cast.contract)) == with_five == 3
