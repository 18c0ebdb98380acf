"""The tables of departments and territories: complete, coherent, written for people."""

import csv
from collections import Counter

from tests.contracts.circular import FIXTURES

LINKS = {"0": "de ", "1": "d’", "2": "du ", "3": "de la ", "4": "des ", "5": "de l’"}


def rows(name: str) -> dict[str, dict[str, str]]:
    with (FIXTURES / name).open(encoding="utf-8", newline="") as lines:
        return {row["code"]: row for row in csv.DictReader(lines)}


def test_each_of_the_101_departments_is_in_exactly_one_territory() -> None:
    departments, territories = rows("departments.csv"), rows("territories.csv")
    assert len(departments) == 101
    spanned = Counter(code for row in territories.values() for code in row["departments"].split())
    assert spanned == Counter(dict.fromkeys(departments, 1))


def test_corsica_is_one_territory_of_two_departments_and_saint_martin_has_none() -> None:
    territories = rows("territories.csv")
    assert len(territories) == 101
    assert territories["20"]["departments"] == "2A 2B"
    assert not {"2A", "2B"} & set(territories)
    assert territories["978"]["departments"] == ""
    assert "connaissance générale" in territories["978"]["note"]


# « préfet de Vaucluse » : what these prefectures and councils write, where INSEE links with « du ».
OWN_USAGE = {
    "41": "de Loir-et-Cher",
    "47": "de Lot-et-Garonne",
    "82": "de Tarn-et-Garonne",
    "84": "de Vaucluse",
}


def test_the_name_after_of_follows_the_link_that_insee_gives_but_for_four_usages() -> None:
    departments, territories = rows("departments.csv"), rows("territories.csv")
    for code, row in territories.items():
        if code in OWN_USAGE:
            assert row["of_name"] == OWN_USAGE[code]
            assert (
                row["collectivity"] == f"Département {OWN_USAGE[code]}" == departments[code]["collectivity"]
            )
            assert "usage de la préfecture" in row["note"]
        elif code in departments:
            assert row["of_name"] == LINKS[departments[code]["link_type"]] + row["name"]
    for code, of_name in {
        "01": "de l’Ain",
        "14": "du Calvados",
        "20": "de Corse",
        "35": "d’Ille-et-Vilaine",
        "38": "de l’Isère",
        "49": "de Maine-et-Loire",
        "54": "de Meurthe-et-Moselle",
        "64": "des Pyrénées-Atlantiques",
        "71": "de Saône-et-Loire",
        "75": "de Paris",
        "77": "de Seine-et-Marne",
        "90": "du Territoire de Belfort",
        "973": "de la Guyane",
        "974": "de La Réunion",
    }.items():
        assert territories[code]["of_name"] == of_name


def test_every_cell_that_a_contract_needs_is_filled() -> None:
    for name in ("departments.csv", "territories.csv"):
        for code, row in rows(name).items():
            # An empty calendar of holidays is the one of metropolitan France.
            empty = {key for key, value in row.items() if not value.strip()} - {"note", "holiday_calendar"}
            assert empty == ({"departments"} if code == "978" else set())
            assert "'" not in "".join(row.values())
            assert max(len(row["collectivity_kind"]), len(row["name"])) <= 80
