"""Bad input to a sheet and its money that save by themselves: a sentence, nothing half written."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contracts.models import ActionSheet, FieldChange
from funding.models import OwnMeans
from tests.factories import ActionSheetFactory
from tests.funding.test_action_sheets import World
from tests.funding.test_autosaved_sheets import money, send, written

pytestmark = pytest.mark.django_db

MEGABYTE = "é" * 500_000


@pytest.fixture
def world() -> World:
    return World()


def is_untouched(sheet: ActionSheet) -> bool:
    sheet.refresh_from_db()
    texts = (sheet.public, sheet.version, money(sheet))
    return texts == ("", 1, {}) and not FieldChange.objects.exists()


def problems(answer: Any) -> dict[str, str]:
    """What the page is told, each a sentence that does not repeat a whole megabyte."""
    assert answer.status_code == 422
    found: dict[str, str] = answer.json()["problems"]
    assert all(0 < len(sentence) < 400 for sentence in found.values())
    return found


@pytest.mark.parametrize("version", ["", "abc", "0", "-1", "-0", "9" * 30, "1.5", "1\x00", "²"])
def test_a_version_that_is_none_asks_for_a_new_page(world: World, version: str) -> None:
    sheet = written(world)
    answer = send(world, sheet, world.data(version=version, public="Familles"), {"public": [""]})
    assert "Rechargez la page" in problems(answer)["version"]
    assert is_untouched(sheet)


def test_a_version_token_of_another_contract_or_of_another_object_is_refused(world: World) -> None:
    sheet = written(world)
    foreign = ActionSheetFactory(contract=world.cast.foreign_contract, description="La leur")
    for place in (f"sheets/{foreign.pk}", f"details/{world.contract.pk}", "sheets/999999", "x" * 5000):
        answer = send(world, sheet, world.data(place=place, public="Familles"), {"public": [""]})
        assert problems(answer)
        assert is_untouched(sheet)
    foreign.refresh_from_db()
    assert (foreign.public, foreign.description) == ("", "La leur")


@pytest.mark.parametrize(
    "typed",
    [
        "douze",
        "=1+1",
        "=SOMME(A1:A3)",
        "+1+1",
        "@SUM(A1)",
        '=HYPERLINK("http://exemple.fr")',
        "-5",
        "NaN",
        "Infinity",
        "1e309",
        "5\x07",
        "\u200f5",
        "\u202e5",
        "5\ufffd",
        "9" * 1000,
        MEGABYTE,
    ],
    ids=lambda typed: repr(typed)[:20],
)
def test_what_is_no_amount_is_told_at_its_box_and_nothing_beside_it_is_written(
    world: World, typed: str
) -> None:
    sheet = written(world)
    box = world.box(world.pre)
    data = world.data(public="Familles") | {box: typed, "amount-department-2030": "12"}
    answer = send(world, sheet, data, {"public": [""], box: [""], "amount-department-2030": [""]})
    assert list(problems(answer)) == [box]
    assert is_untouched(sheet)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\x00b", "nul"),
        ("a\x1fb", "caractère de contrôle"),
        ("a\u202eb", "sens de lecture"),
        ("a\ufffdb", "illisible"),
        (MEGABYTE, "20000"),
    ],
    ids=["null", "control", "right to left", "replaced", "a megabyte"],
)
def test_a_text_that_cannot_be_kept_is_told_at_its_field_and_its_neighbours_wait(
    world: World, text: str, said: str
) -> None:
    sheet = written(world)
    data = world.data(public="Familles", description=text)
    answer = send(world, sheet, data, {"public": [""], "description": [""]})
    found = problems(answer)
    assert list(found) == ["description"]
    assert said in found["description"].replace("\u202f", "").replace("\u00a0", "").replace(" 000", "000")
    assert is_untouched(sheet)


def test_half_a_character_in_a_body_is_told_at_its_field_and_its_box(world: World) -> None:
    sheet = written(world)
    box = world.box(world.pre)
    client = Client()
    client.force_login(world.cast.council_editor)
    answer = client.post(
        reverse("funding:sheet-edit", args=["38-2030", sheet.number]),
        f"version=1&contract_objective={world.first.pk}&title=Aller&public=a%ED%A0%80b&{box}=5%ED%A0%80",
        content_type="application/x-www-form-urlencoded",
        headers={"X-Autosave": "1"},
    )
    assert set(problems(answer)) == {"public", box}
    assert is_untouched(sheet)


def test_ten_thousand_boxes_are_refused_without_one_written(world: World) -> None:
    sheet = written(world)
    boxes = {f"amount-department-{year}": "1" for year in range(10_000)}
    assert send(world, sheet, world.data() | boxes, {}).status_code == 400
    assert is_untouched(sheet)
    means = {f"m-ase-{year}": "1" for year in range(10_000)}
    client = Client()
    client.force_login(world.cast.council_editor)
    assert client.post(reverse("funding:financing", args=["38-2030"]), means).status_code == 400
    assert not OwnMeans.objects.exists()
