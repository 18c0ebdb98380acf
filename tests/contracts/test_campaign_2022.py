"""The campaign of 2022: what the press file of Isère says, the rest taken from 2020 and marked as ours."""

import csv
import re
from decimal import Decimal

import pytest

from contracts.campaign_file import read_campaign
from contracts.campaign_spec import CampaignSpec, diff_specs
from tests.contracts.circular import FIXTURES, ISERE, one_line

ISERE_OBJECTIVES = [1, 2, 3, 4, 5, 12, 13, 8, 9, 18, 21, 10, 25]


@pytest.fixture(scope="module")
def spec() -> CampaignSpec:
    return read_campaign(FIXTURES / "campaigns" / "2022.toml")


@pytest.fixture(scope="module")
def former() -> CampaignSpec:
    return read_campaign(FIXTURES / "campaigns" / "2020.toml")


def press() -> str:
    return one_line(ISERE.read_text(encoding="utf-8").replace("\f", " "))


def annexe_titles() -> list[str]:
    """The objectives of the press file, in its order: its bullets, and two measures without one."""
    text = ISERE.read_text(encoding="utf-8").split("Les treize objectifs isérois")[1]
    titles: list[str] = []
    for block in re.split(r"\n(?=\s*[•-] |Engagement)", text):
        words = one_line(block)
        if words.startswith("• "):
            titles.append(words.removeprefix("• "))
        elif words.startswith(("- Développer les centres parentaux", "- Favoriser")):
            titles.append(words.removeprefix("- "))
    return titles


def test_the_period_and_the_reference_year_are_those_of_the_press_file(spec: CampaignSpec) -> None:
    assert (spec.year, spec.period_start, spec.period_end, spec.reference_year) == (2022, 2022, 2024, 2021)
    assert "pour 2022-2024" in press()
    assert "231 en 2021 à 390 en 2024" in press()


def test_six_objectives_are_mandatory_and_say_that_they_are_our_reading(spec: CampaignSpec) -> None:
    assert "six objectifs obligatoires" in press()
    mandatory = [each for each in spec.objectives if each.fundamental]
    assert [each.number for each in mandatory] == [1, 2, 3, 4, 5, 9]
    assert all(each.assumption for each in mandatory)
    assert any("1 à 5 et 9 sont notre lecture" in each for each in spec.assumptions)
    assert len(spec.objectives) == 26
    assert spec.optional_maximum == 20


def test_isere_can_choose_its_seven_objectives(spec: CampaignSpec) -> None:
    assert "sept objectifs choisis" in press()
    by_number = {each.number: each for each in spec.objectives}
    assert sum(not by_number[number].fundamental for number in ISERE_OBJECTIVES) == 7


def test_titles_are_those_of_the_press_file_where_it_quotes_them(spec: CampaignSpec) -> None:
    titles = annexe_titles()
    assert len(titles) == 13
    by_number = {each.number: each for each in spec.objectives}
    measures = {each.code: each.title for each in spec.measures}
    for number, title in zip(ISERE_OBJECTIVES, titles, strict=True):
        objective = by_number[number]
        if title == "Développer les centres parentaux et les compétences parentales":
            assert measures[objective.measure] == title  # the press file quotes the measure alone
            assert objective.note
        else:
            assert objective.title == title


def test_the_thirteenth_objective_of_isere_is_marked_as_our_reading(spec: CampaignSpec) -> None:
    (objective,) = (each for each in spec.objectives if each.number == 25)
    assert objective.title.endswith("des jeunes majeurs")
    assert objective.assumption
    assert objective.note


def test_what_changed_of_status_since_2020_is_marked_as_our_reading(
    spec: CampaignSpec, former: CampaignSpec
) -> None:
    before = {each.number: each.fundamental for each in former.objectives}
    changed = [each for each in spec.objectives if each.fundamental != before[each.number]]
    assert [each.number for each in changed] == [6, 7, 8, 10, 11]
    assert all(each.assumption and each.note for each in changed)


def test_no_duty_of_2022_is_dated_before_it(spec: CampaignSpec) -> None:
    text = " ".join(demand for each in spec.objectives for demand in each.sheet_demands)
    assert "2020" not in text
    assert min(each.due_on.year for each in spec.deadlines) == 2022


def test_every_territory_may_be_a_volunteer(spec: CampaignSpec) -> None:
    with (FIXTURES / "territories.csv").open(encoding="utf-8", newline="") as lines:
        codes = [row["code"] for row in csv.DictReader(lines)]
    assert list(spec.territories) == codes
    assert {"20", "38", "973", "978"} <= set(codes)


def test_no_credit_is_invented(spec: CampaignSpec) -> None:
    assert [each.code for each in spec.envelopes] == ["P304", "FIR", "ONDAM"]
    for envelope in spec.envelopes:
        assert (envelope.amount, envelope.floor, envelope.ceiling) == (None, None, None)
        assert envelope.criteria == ()
        assert envelope.rounding_unit == Decimal(1)
    assert spec.national_targets == ()
    assert spec.own_objective is None


def test_deadlines_are_those_reported_and_the_yearly_ones(spec: CampaignSpec) -> None:
    assert {each.code: each.due_on.isoformat() for each in spec.deadlines} == {
        "candidacy": "2022-04-30",
        "other_papers": "2022-06-30",
        "denunciation_2022": "2022-12-31",
        "denunciation_2023": "2023-12-31",
        "denunciation_2024": "2024-12-31",
        "report_2022": "2023-06-30",
        "report_2023": "2024-06-30",
        "report_2024": "2025-06-30",
    }


def test_the_model_contract_is_that_of_2020_but_for_what_is_adapted(
    spec: CampaignSpec, former: CampaignSpec
) -> None:
    old, new = former.to_dict()["contract_model"], spec.to_dict()["contract_model"]
    assert new["blanks"] == old["blanks"]
    lines = diff_specs(old, new)
    changed = [line for line in lines if line.startswith("blocks")]
    assert len(changed) == 8
    text = " ".join(block["text"] for block in new["blocks"])
    for words in ("six objectifs concourent", "31 décembre 2024", "année de référence 2021", "l’année 2022"):
        assert words in text
    for words in ("onze objectifs", "31 décembre 2022", "référence 2019", "finances pour 2020"):
        assert words not in text
    assert any("contrat-type est celui de 2020 adapté" in each for each in spec.assumptions)


def test_the_dashboard_is_that_of_2020(spec: CampaignSpec, former: CampaignSpec) -> None:
    assert spec.indicators == former.indicators
    assert any("indicateurs harmonisés" in each for each in spec.assumptions)
