"""Places of a contract: text both ways, words and addresses, nothing of another contract."""

import pytest

from contracts.places import Place, locate, read_place
from tests.cast import Cast
from tests.factories import ActionSheetFactory
from tests.queries import count_queries


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sheets", Place("sheets")),
        ("sheets/12", Place("sheets", 12)),
        ("sheets/12/description", Place("sheets", 12, "description")),
        ("details//court", Place("details", 0, "court")),
    ],
)
def test_a_place_is_read_from_its_text_and_written_back(text: str, place: Place) -> None:
    assert read_place(text) == place
    assert str(place) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nowhere",
        "sheets/",
        "sheets/x",
        "sheets/-1",
        "sheets/1/2/3",
        "sheets/1/Ünvalid",
        "sheets/1 ",
        "/sheets",
    ],
)
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(ValueError):
        read_place(text)


@pytest.mark.django_db
def test_a_field_of_a_sheet_is_named_and_addressed(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    place = Place("sheets", sheet.pk, "description")
    found = locate(cast.contract, [place, Place("sheets")])
    assert found[place].label == f"Fiche action n° {sheet.number} – Description de l’action"
    assert found[place].url == f"/contrats/38-2030/fiches/{sheet.number}/#id_description"
    assert found[Place("sheets")].url == "/contrats/38-2030/fiches/"


@pytest.mark.django_db
def test_a_sheet_of_another_contract_has_no_place_here(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.foreign_contract)
    assert locate(cast.contract, [Place("sheets", sheet.pk)]) == {}


@pytest.mark.django_db
def test_fifty_places_cost_as_many_queries_as_five(cast: Cast) -> None:
    places = [Place("sheets", ActionSheetFactory(contract=cast.contract).pk) for _ in range(50)]
    few = count_queries(lambda: locate(cast.contract, places[:5]))
    assert count_queries(lambda: locate(cast.contract, places)) == few
