"""Loading criteria figures: read whole or refused whole, never changed (rules F7, F8, P4)."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cdppe.accounts.models import Department
from funding.actions.criteria import CriteriaRefused, load_criteria
from funding.criteria import figures_of, weakest
from funding.criteria_files import CriteriaFileErrors, EditionSpec, ValueSpec, read_criteria
from funding.models import CriterionValue, SeriesEdition
from tests.factories import DepartmentFactory, TerritoryFactory

FIXTURES = Path(settings.BASE_DIR) / "fixtures" / "criteria"


def spec(
    code: str = "enfants-2019", values: dict[str, int | None] | None = None, **fields: str
) -> EditionSpec:
    chosen = {"A": 10, "B": 20} if values is None else values
    return EditionSpec(
        **{
            "series": "enfants",
            "series_name": "Enfants",
            "unit": "enfants",
            "code": code,
            "producer": "INSEE",
            "reference_date": "2019",
            "file": "enfants.csv",
            "source": "INSEE",
            "licence": "",
            "note": "",
        }
        | fields,
        values=tuple(
            ValueSpec(place, None if value is None else Decimal(value), "official", "")
            for place, value in chosen.items()
        ),
    )


def write(folder: Path, index: str, rows: str) -> Path:
    (folder / "editions.toml").write_text(index, encoding="utf-8")
    (folder / "a.csv").write_text(rows, encoding="utf-8")
    return folder


INDEX = """
[[editions]]
series = "enfants"
series_name = "Enfants"
unit = "enfants"
code = "enfants-2019"
producer = "INSEE"
reference_date = "2019"
file = "a.csv"
source = "INSEE"
"""


def test_the_fixtures_hold_eight_editions_of_the_101_departments() -> None:
    editions = read_criteria(FIXTURES)
    assert len({edition.series for edition in editions}) == 8
    with (FIXTURES.parent / "departments.csv").open(encoding="utf-8") as file:
        departments = {row["code"] for row in csv.DictReader(file)}
    for edition in editions:
        places = {value.place_code for value in edition.values}
        covered = (places - {"20"}) | ({"2A", "2B"} if "20" in places else set())
        assert covered == departments, edition.code


def test_each_figure_of_the_fixtures_has_the_status_that_its_source_deserves() -> None:
    by_code = {edition.series: edition for edition in read_criteria(FIXTURES)}
    statuses = {series: {value.status for value in edition.values} for series, edition in by_code.items()}
    assert statuses == {
        "enfants_0_6": {"estimate"},
        "enfants_0_19": {"official"},
        "menages_pauvres": {"estimate", "stand_in"},
        "asf": {"stand_in"},
        "aeeh": {"stand_in"},
        "enfants_ase_0_17": {"estimate"},
        "jeunes_majeurs": {"stand_in"},
        "igb": {"stand_in"},
    }
    stand_ins = {v.place_code: v for v in by_code["menages_pauvres"].values if v.status == "stand_in"}
    assert set(stand_ins) == {"971", "973", "976"}
    assert all("RSA" in value.note for value in stand_ins.values())


def test_a_wrong_folder_is_refused_with_every_fault_at_once(tmp_path: Path) -> None:
    rows = "code,value,status,note\n01,douze,official,\n02,-1,official,\n02,3,sure,\n,4,official,\n03,4\n"
    index = INDEX + 'colour = "red"\n' + INDEX.replace('unit = "enfants"', "unit = 3")
    with pytest.raises(CriteriaFileErrors) as refused:
        read_criteria(write(tmp_path, index, rows))
    said = str(refused.value)
    for part in (
        "editions[1].colour : cette clé",
        "editions[2].unit : un texte",
        "ligne 2, colonne value : « douze »",
        "ligne 3, colonne value : « -1 »",
        "ligne 4, colonne status : « sure »",
        "ligne 5, colonne code",
        "ligne 6 : 4 colonnes sont attendues, 2",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("index", "rows", "said"),
    [
        ("not toml [", "code,value,status,note\n01,1,official,\n", "TOML"),
        ("other = 1", "code,value,status,note\n01,1,official,\n", "[[editions]]"),
        (INDEX.replace("a.csv", "b.csv"), "", "introuvable"),
        (INDEX.replace("a.csv", "../a.csv"), "", "nom de fichier"),
        (INDEX, "code,value\n01,1\n", "colonnes attendues"),
        (INDEX, "code,value,status,note\n", "aucune valeur"),
        (INDEX, "code,value,status,note\n01,1,official,\n01,2,official,\n", "plusieurs fois"),
        (INDEX + INDEX, "code,value,status,note\n01,1,official,\n", "plusieurs fois"),
        (INDEX.replace("enfants-2019", "é t é"), "code,value,status,note\n01,1,official,\n", "sans accent"),
    ],
)
def test_a_folder_that_cannot_be_read_says_why(tmp_path: Path, index: str, rows: str, said: str) -> None:
    with pytest.raises(CriteriaFileErrors, match=said.replace("[", r"\[").replace("]", r"\]")):
        read_criteria(write(tmp_path, index, rows))


@pytest.mark.django_db
class TestStored:
    @pytest.fixture(autouse=True)
    def _places(self) -> None:
        for code in "ABC":
            DepartmentFactory(code=code)

    def test_loading_twice_changes_nothing(self) -> None:
        assert load_criteria([spec()]).created == ("enfants-2019",)
        stored = list(CriterionValue.objects.values_list("pk", "value"))
        assert load_criteria([spec()]).unchanged == ("enfants-2019",)
        assert list(CriterionValue.objects.values_list("pk", "value")) == stored

    def test_a_changed_edition_is_refused_and_a_new_code_is_accepted(self) -> None:
        load_criteria([spec()])
        for changed in (spec(values={"A": 10, "B": 21}), spec(note="Corrigé")):
            with pytest.raises(CriteriaRefused, match="enfants-2019-v2"):
                load_criteria([spec("autre"), changed])
        assert SeriesEdition.objects.count() == 1
        load_criteria([spec("enfants-2019-v2", values={"A": 10, "B": 21})])
        assert SeriesEdition.objects.count() == 2

    def test_an_unknown_place_is_refused(self) -> None:
        with pytest.raises(CriteriaRefused, match="69D"):
            load_criteria([spec(values={"A": 1, "69D": 2})])
        assert not SeriesEdition.objects.exists()

    def test_a_territory_counted_whole_and_by_its_departments_is_refused(self) -> None:
        TerritoryFactory(code="AB", departments=Department.objects.filter(code__in="AB"))
        with pytest.raises(CriteriaRefused, match="deux fois"):
            load_criteria([spec(values={"A": 1, "AB": 2})])

    def test_a_territory_of_several_departments_has_their_sum_or_its_own_row(self) -> None:
        corse = TerritoryFactory(code="AB", departments=Department.objects.filter(code__in="AB"))
        other = TerritoryFactory(code="C", departments=Department.objects.filter(code="C"))
        load_criteria([spec(values={"A": 10, "B": 20, "C": None})])
        figures = figures_of([corse, other], ["enfants", "inconnu"])
        assert figures.by_territory["AB"]["enfants"].value == 30
        assert figures.by_territory["C"]["enfants"].value is None
        assert figures.by_territory["AB"]["inconnu"].value is None
        load_criteria([spec("plus-tard", values={"AB": 33})])
        assert figures_of([corse], ["enfants"]).by_territory["AB"]["enfants"].value == 33

    def test_a_sum_of_which_a_part_is_missing_is_missing(self) -> None:
        corse = TerritoryFactory(code="AB", departments=Department.objects.filter(code__in="AB"))
        for code, values in (("absent", {"A": 10}), ("vide", {"A": 10, "B": None})):
            load_criteria([spec(code, values=values)])
            assert figures_of([corse], ["enfants"]).by_territory["AB"]["enfants"].value is None

    def test_a_territory_without_department_has_its_own_row(self) -> None:
        saint_martin = TerritoryFactory(code="978")
        load_criteria([spec(values={"978": 7})])
        assert figures_of([saint_martin], ["enfants"]).by_territory["978"]["enfants"].value == 7

    def test_a_wrong_folder_makes_the_command_fail_and_store_nothing(self, tmp_path: Path) -> None:
        folder = write(tmp_path, INDEX, "code,value,status,note\nA,x,official,\n")
        with pytest.raises(CommandError, match="Rien n’a été chargé"):
            call_command("loadcriteria", folder)
        assert not SeriesEdition.objects.exists()


def test_the_least_certain_status_is_told() -> None:
    assert weakest(["official", "stand_in", "estimate"]) == "stand_in"
    assert weakest(["official", "estimate"]) == "estimate"
    assert weakest([]) == "official"
