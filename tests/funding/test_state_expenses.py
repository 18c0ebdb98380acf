"""Rule M4 on the page of a sheet: what the State's money pays, and what the texts object to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.models import ActionSheet
from contracts.workflow import ContractState
from funding.actions.financing import save_sheet_with_financing
from funding.expenses import StatedExpense, objections, read_expenses, terms_of, typed_expenses
from funding.models import ActionFinancing, Envelope, StateExpense
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory, EnvelopeFactory

pytestmark = pytest.mark.django_db

SPEC: dict[str, Any] = {
    "envelopes": [
        {
            "code": "PRE",
            "no_substitution": "Rien ne remplace l’existant.",
            "no_substitution_source": "annexe A",
            "expense_natures": [
                {"code": "training", "label": "Formation"},
                {
                    "code": "staff",
                    "label": "ETP",
                    "forbidden": True,
                    "rule": "Aucun ETP.",
                    "source": "annexe B",
                },
            ],
        },
        {"code": "LAT"},
    ]
}


class World:
    """Isère's contract with a sheet; PRE asks what it pays, LAT, of the second objective, asks nothing."""

    def __init__(self) -> None:
        self.cast: Cast = make_cast()
        self.contract = self.cast.contract
        self.first, self.second = self.contract.objectives.in_order()
        self.pre: Envelope = EnvelopeFactory(
            campaign=self.cast.campaign, code="PRE", label="Prévention", objectives=[self.first.objective]
        )
        EnvelopeFactory(campaign=self.cast.campaign, code="LAT", objectives=[self.second.objective])
        self.cast.campaign.spec = SPEC
        self.cast.campaign.save()
        self.sheet: ActionSheet = ActionSheetFactory(contract=self.contract, contract_objective=self.first)
        self.client = Client()
        self.client.force_login(self.cast.council_editor)

    @property
    def address(self) -> str:
        return reverse("funding:sheet-edit", args=["38-2030", self.sheet.number])

    def data(self, **boxes: str) -> dict[str, Any]:
        self.sheet.refresh_from_db()
        return {
            "contract_objective": self.first.pk,
            "title": "Aller vers",
            "version": self.sheet.version,
            f"amount-e{self.pre.pk}-2030": "1 000",
            f"nature-e{self.pre.pk}": "",
            f"replaces-e{self.pre.pk}": "",
        } | {f"{name}-e{self.pre.pk}": value for name, value in boxes.items()}

    def stored(self) -> list[tuple[str, bool | None]]:
        return list(StateExpense.objects.values_list("nature", "replaces_existing"))


@pytest.fixture
def world() -> World:
    return World()


def test_what_the_money_pays_is_saved_changed_and_taken_back(world: World) -> None:
    sent = world.client.post(world.address, world.data(nature="training", replaces="no"))
    assert sent.status_code == 302
    assert world.stored() == [("training", False)]
    page = world.client.get(world.address).content.decode()
    assert '<option value="training" selected>Formation</option>' in page
    world.client.post(world.address, world.data(nature="training", replaces="yes"))
    assert world.stored() == [("training", True)]
    world.client.post(world.address, world.data())
    assert world.stored() == []


def test_an_expense_that_the_text_excludes_is_saved_and_objected_to(world: World) -> None:
    sent = world.client.post(world.address, world.data(nature="staff", replaces="yes"), follow=True)
    assert world.stored() == [("staff", True)]
    page = sent.content.decode()
    assert "ETP : « Aucun ETP. » (circulaire, annexe B)" in page
    assert "« Rien ne remplace l’existant. » (circulaire, annexe A)" in page


def test_the_objection_is_said_while_one_chooses_and_nothing_is_written(world: World) -> None:
    answer = world.client.post(f"{world.address}totaux/", world.data(nature="staff"))
    assert "Aucun ETP." in answer.content.decode()
    assert 'id="objections" hx-swap-oob="innerHTML"' in answer.content.decode()
    assert world.stored() == []


def test_a_source_that_asks_nothing_has_no_box(world: World) -> None:
    data = world.data() | {"contract_objective": world.second.pk}
    page = world.client.post(
        f"{world.address}totaux/", data, headers={"HX-Request": "true", "HX-Target": "financing"}
    ).content.decode()
    assert "nature-e" not in page


def test_an_objective_chosen_by_mistake_costs_nothing(world: World) -> None:
    world.client.post(world.address, world.data(nature="training", replaces="no"))
    moved = {k: v for k, v in world.data().items() if "-e" not in k} | {"contract_objective": world.second.pk}
    assert world.client.post(world.address, moved).status_code == 302
    assert world.stored() == [("training", False)]


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ({"nature": "robbery"}, "choisissez une nature de dépense de la liste"),
        ({"nature": "<script>alert(1)</script>"}, "choisissez une nature de dépense de la liste"),
        ({"nature": "x" * 100_000}, "choisissez une nature de dépense de la liste"),
        ({"replaces": "maybe"}, "répondez oui ou non"),
        ({"replaces": "\x00"}, "répondez oui ou non"),
    ],
)
def test_a_forged_choice_is_refused_with_a_sentence_and_nothing_is_written(
    world: World, boxes: dict[str, str], words: str
) -> None:
    answer = world.client.post(world.address, world.data(**boxes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "<script>alert(1)" not in answer.content.decode()
    assert world.stored() == []
    assert ActionFinancing.objects.count() == 0


def test_an_envelope_of_another_campaign_is_refused_whole(world: World) -> None:
    foreign = EnvelopeFactory(code="AIL")
    with pytest.raises(RuleViolation, match="pas de la campagne"):
        save_sheet_with_financing(
            world.contract,
            world.sheet,
            fields={"title": "Changé"},
            version=world.sheet.version,
            amounts=[],
            by=world.cast.council_editor,
            expenses=[StatedExpense(foreign.pk, "training", None)],
        )
    world.sheet.refresh_from_db()
    assert world.sheet.title != "Changé"


def test_a_stale_save_shows_both_statements(world: World) -> None:
    opened = world.data(nature="staff", replaces="no")
    world.client.post(world.address, world.data(nature="training", replaces="no"))
    answer = world.client.post(world.address, opened)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "État – Prévention, nature de la dépense" in page
    assert world.stored() == [("training", False)]
    assert '<option value="staff" selected>ETP</option>' in page


def test_a_finalised_contract_shows_what_was_stated(world: World) -> None:
    world.client.post(world.address, world.data(nature="staff"))
    world.contract.state = ContractState.DRAFT
    world.contract.save()
    page = world.client.get(world.address).content.decode()
    assert "Ce que paient les crédits de l’État" in page
    assert "Aucun ETP." in page
    assert "<select" not in page


def test_the_database_refuses_a_statement_that_says_nothing_and_a_second_one(world: World) -> None:
    StateExpense.objects.create(action_sheet=world.sheet, envelope=world.pre, nature="training")
    assert list(StateExpense.objects.visible_to(world.cast.foreign_editor)) == []
    assert StateExpense.objects.visible_to(world.cast.council_reader).count() == 1
    with pytest.raises(IntegrityError):
        StateExpense.objects.create(action_sheet=world.sheet, envelope=world.pre, nature="staff")


def test_a_statement_that_says_nothing_is_impossible(world: World) -> None:
    with pytest.raises(IntegrityError):
        StateExpense.objects.create(action_sheet=world.sheet, envelope=world.pre)


def test_what_is_stored_fills_the_boxes_from_which_it_is_read_again() -> None:
    terms = terms_of(SPEC)
    for stated in (
        StatedExpense(3, "training", None),
        StatedExpense(3, "staff", replaces_existing=True),
        StatedExpense(3, "", replaces_existing=False),
        StatedExpense(3, "", None),
    ):
        (row,) = read_expenses([(3, "Prévention", terms["PRE"])], typed_expenses([stated]))
        assert row.stated == stated
        assert row.objections == objections(terms["PRE"], stated)
    assert terms["LAT"].asks is False
    assert terms_of({}) == {}
    assert len(row.natures) == 3


def autosave(world: World, opened: dict[str, list[str]], *, by: User, **boxes: str) -> Any:
    """What the page of the sheet, opened before anything was said, sends by itself."""
    client = Client()
    client.force_login(by)
    named = {f"{name}-e{world.pre.pk}": texts for name, texts in opened.items()}
    data = world.data(**boxes) | {"version": "1", "opened": json.dumps(named)}
    return client.post(world.address, data, headers={"X-Autosave": "1"})


def test_two_people_who_say_otherwise_are_shown_both_and_choose_at_the_box(world: World) -> None:
    cast = world.cast
    autosave(world, {"nature": [""]}, by=cast.council_editor, nature="training")
    answer = autosave(world, {"nature": [""]}, by=cast.ars_editor, nature="staff")
    assert answer.status_code == 409
    html = answer.json()["html"]
    assert f'data-conflict-field="nature-e{world.pre.pk}"' in html
    assert 'data-conflict-theirs="training"' in html
    assert "nature de la dépense" in html
    assert world.stored() == [("training", None)]
    # Having chosen its own, the page says which text it now replaces.
    answer = autosave(world, {"nature": ["training"]}, by=cast.ars_editor, nature="staff")
    assert answer.status_code == 200
    assert world.stored() == [("staff", None)]


def test_what_somebody_else_said_of_the_money_reaches_the_page_and_is_no_conflict(world: World) -> None:
    cast = world.cast
    autosave(world, {"nature": [""], "replaces": [""]}, by=cast.council_editor, nature="staff", replaces="no")
    answer = autosave(world, {}, by=cast.ars_editor)
    assert answer.status_code == 200
    fields = answer.json()["fields"]
    assert (fields[f"nature-e{world.pre.pk}"], fields[f"replaces-e{world.pre.pk}"]) == ("staff", "no")
    assert world.stored() == [("staff", False)]
