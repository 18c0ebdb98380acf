"""Choosing the objectives of a contract (annexe 2; rules O1, O2, O4-O7)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.objectives import (
    add_objective,
    add_own_objective,
    remove_objective,
    what_depends_on,
)
from contracts.models import Campaign, Contract, ContractObjective, Objective
from contracts.workflow import ContractState
from tests.cast import Cast
from tests.factories import (
    ActionSheetFactory,
    CampaignFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    ObjectiveFactory,
)
from tests.queries import count_queries


def optional(cast: Cast, number: int = 12) -> Objective:
    return cast.campaign.objectives.get(number=number)


def numbers(contract: Contract) -> list[int]:
    return sorted(
        contract.objectives.filter(objective__isnull=False).values_list("objective__number", flat=True)
    )


def url(contract: Contract, name: str = "objectives", **kwargs: int) -> str:
    return reverse(f"contracts:{name}", kwargs={"reference": contract.reference} | kwargs)


# --- Actions -----------------------------------------------------------------------------------------------


def test_an_optional_objective_enters_the_contract_and_leaves_a_trace(cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.ars_editor)
    assert numbers(cast.contract) == [1, 2, 12]
    assert added.added_by == cast.ars_editor
    assert cast.contract.events.get().sentence == "Objectif 12 ajouté."


def test_the_same_objective_does_not_enter_twice(cast: Cast) -> None:
    add_objective(cast.contract, optional(cast), by=cast.ars_editor)
    with pytest.raises(RuleViolation, match="déjà dans le contrat"):
        add_objective(cast.contract, optional(cast), by=cast.council_editor)
    assert numbers(cast.contract) == [1, 2, 12]


def test_an_objective_of_another_campaign_does_not_enter(cast: Cast) -> None:
    other = CampaignFactory(code="2031", year=2031)
    with pytest.raises(RuleViolation, match="n’est pas au catalogue"):
        add_objective(cast.contract, other.objectives.get(number=12), by=cast.council_editor)


def test_one_optional_objective_more_than_the_campaign_allows_is_refused(cast: Cast) -> None:
    Campaign.objects.update(optional_maximum=1)
    add_objective(cast.contract, optional(cast), by=cast.council_editor)
    with pytest.raises(RuleViolation, match="déjà 1 objectif facultatif, le plus que la campagne permet"):
        add_objective(cast.contract, optional(cast, 20), by=cast.council_editor)
    assert numbers(cast.contract) == [1, 2, 12]


def test_the_territory_s_own_objective_is_added_once(cast: Cast) -> None:
    add_own_objective(cast.contract, title="Santé environnementale", by=cast.ars_editor)
    with pytest.raises(RuleViolation, match="permet un objectif propre au plus"):
        add_own_objective(cast.contract, title="Un autre", by=cast.ars_editor)
    Campaign.objects.update(own_objective_maximum=0)
    with pytest.raises(RuleViolation, match="ne prévoit pas d’objectif propre"):
        add_own_objective(cast.foreign_contract, title="Un autre", by=cast.foreign_editor)
    assert [each.own_title for each in ContractObjective.objects.filter(objective=None)] == [
        "Santé environnementale"
    ]


def test_an_objective_that_nothing_depends_on_is_taken_out(cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.council_editor)
    remove_objective(added, by=cast.council_editor)
    assert numbers(cast.contract) == [1, 2]
    with pytest.raises(WrongState, match="déjà été retiré"):
        remove_objective(added, by=cast.council_editor)


def test_a_fundamental_objective_stays(cast: Cast) -> None:
    fundamental = cast.contract.objectives.get(objective__number=1)
    with pytest.raises(RuleViolation, match="fondamental"):
        remove_objective(fundamental, by=cast.council_editor)
    assert numbers(cast.contract) == [1, 2]


def test_an_objective_with_sheets_indicators_or_values_stays_and_says_why(cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.council_editor)
    ActionSheetFactory(contract=cast.contract, contract_objective=added, number=3)
    ActionSheetFactory(contract=cast.contract, contract_objective=added, number=7)
    IndicatorFactory(objective=optional(cast), contract=cast.contract, contract_objective=added, code="local")
    IndicatorValueFactory(contract=cast.contract, indicator=IndicatorFactory(objective=optional(cast)))
    assert what_depends_on(added) == (
        "Fiches action n° 3, n° 7 : rattachez-les à un autre objectif ou supprimez-les d’abord.",
        "1 indicateur propre au contrat : supprimez-le d’abord du tableau de bord.",
        "1 valeur saisie au tableau de bord : effacez-la d’abord.",
    )
    with pytest.raises(RuleViolation, match="Objectif 12 ne peut pas être retiré"):
        remove_objective(added, by=cast.council_editor)
    assert numbers(cast.contract) == [1, 2, 12]


def test_another_contract_s_values_stop_nothing(cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.council_editor)
    add_objective(cast.foreign_contract, optional(cast), by=cast.foreign_editor)
    IndicatorValueFactory(
        contract=cast.foreign_contract, indicator=IndicatorFactory(objective=optional(cast))
    )
    assert what_depends_on(added) == ()


def test_a_finalised_draft_changes_no_objective(cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.council_editor)
    Contract.objects.update(state=ContractState.DRAFT)
    with pytest.raises(WrongState):
        add_objective(cast.contract, optional(cast, 20), by=cast.council_editor)
    with pytest.raises(WrongState):
        add_own_objective(cast.contract, title="x", by=cast.council_editor)
    with pytest.raises(WrongState):
        remove_objective(added, by=cast.council_editor)
    assert numbers(cast.contract) == [1, 2, 12]


# --- Page --------------------------------------------------------------------------------------------------


def test_the_page_shows_the_catalogue_with_what_the_circular_asks(client: Client, cast: Cast) -> None:
    Objective.objects.filter(number=12).update(
        technical_advice="DGCS, à chaque projet",
        sheet_demands=["étendre le protocole"],
        action_statements=["le contrôle des bénévoles"],
        requires_numeric_target=True,
        forbids_purely_quantitative_target=True,
        title="<script>alert(1)</script> {{7*7}}",
    )
    client.force_login(cast.council_reader)
    page = " ".join(client.get(url(cast.contract)).content.decode().split())
    for text in (
        "Avis technique&nbsp;: DGCS, à chaque projet",
        "Fiche action demandée&nbsp;: étendre le protocole",
        "Chaque action précise&nbsp;: le contrôle des bénévoles",
        "Une cible chiffrée est exigée.",
        "La cible ne peut pas être seulement quantitative.",
        "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}",
        "Engagement 1 : Agir tôt",
    ):
        assert text in page
    assert "<script>alert" not in page
    assert "/ajouter/" not in page
    assert "/retirer/" not in page


def test_an_editor_adds_then_takes_out_after_a_confirmation(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(url(cast.contract, "objective-add"), {"objective": optional(cast).pk})
    assert answer.status_code == 302
    added = cast.contract.objectives.get(objective__number=12)
    remove = url(cast.contract, "objective-remove", pk=added.pk)
    assert remove in client.get(url(cast.contract)).content.decode()
    assert "Le contrat ne portera plus cet objectif" in client.get(remove).content.decode()
    assert numbers(cast.contract) == [1, 2, 12]
    assert client.post(remove).status_code == 302
    assert numbers(cast.contract) == [1, 2]


def test_a_refused_gesture_shows_its_sentence(client: Client, cast: Cast) -> None:
    Campaign.objects.update(optional_maximum=0)
    client.force_login(cast.council_editor)
    answer = client.post(url(cast.contract, "objective-add"), {"objective": optional(cast).pk})
    assert answer.status_code == 409
    assert "le plus que la campagne permet" in answer.content.decode()
    assert numbers(cast.contract) == [1, 2]


def test_what_depends_on_the_objective_is_said_before_asking(client: Client, cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.council_editor)
    ActionSheetFactory(contract=cast.contract, contract_objective=added)
    client.force_login(cast.council_editor)
    page = client.get(url(cast.contract, "objective-remove", pk=added.pk)).content.decode()
    assert "Fiche action n° 1" in page
    assert "Retirer l’objectif</button>" not in page


@pytest.mark.parametrize("posted", ["", "abc", "999999", "99999999999999999999"])
def test_a_choice_that_is_no_optional_objective_is_refused(client: Client, cast: Cast, posted: str) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(url(cast.contract, "objective-add"), {"objective": posted})
    assert answer.status_code == 409
    assert "objectif" in answer.content.decode()
    assert numbers(cast.contract) == [1, 2]


def test_a_fundamental_or_foreign_objective_cannot_be_posted(client: Client, cast: Cast) -> None:
    other = CampaignFactory(code="2031", year=2031)
    client.force_login(cast.council_editor)
    for objective in (cast.campaign.objectives.get(number=1), other.objectives.get(number=12)):
        answer = client.post(url(cast.contract, "objective-add"), {"objective": objective.pk})
        assert answer.status_code == 409
        assert "n’est pas au catalogue facultatif" in answer.content.decode()


def test_the_own_objective_is_written_on_the_page(client: Client, cast: Cast) -> None:
    client.force_login(cast.ars_editor)
    empty = client.post(url(cast.contract, "own-objective-add"), {"title": "  "})
    assert empty.status_code == 422
    assert "Donnez un intitulé" in empty.content.decode()
    hostile = "<script>alert(1)</script> {{7*7}}"
    assert client.post(url(cast.contract, "own-objective-add"), {"title": hostile}).status_code == 302
    page = client.get(url(cast.contract)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page
    assert "Ajouter l’objectif propre" not in page


def test_another_contract_s_objective_is_not_found_through_mine(client: Client, cast: Cast) -> None:
    foreign = add_objective(cast.foreign_contract, optional(cast), by=cast.foreign_editor)
    client.force_login(cast.council_editor)
    answer = client.post(url(cast.contract, "objective-remove", pk=foreign.pk))
    assert answer.status_code == 404
    assert numbers(cast.foreign_contract) == [1, 2, 12]


def test_readers_and_outsiders_choose_nothing(client: Client, cast: Cast) -> None:
    added = add_objective(cast.contract, optional(cast), by=cast.council_editor)
    for person, status in ((cast.council_reader, 403), (cast.dgcs_editor, 403), (cast.foreign_editor, 404)):
        client.force_login(person)
        gestures = [
            client.post(url(cast.contract, "objective-add"), {"objective": optional(cast, 20).pk}),
            client.post(url(cast.contract, "own-objective-add"), {"title": "x"}),
            client.post(url(cast.contract, "objective-remove", pk=added.pk)),
        ]
        assert [answer.status_code for answer in gestures] == [status] * 3
    assert numbers(cast.contract) == [1, 2, 12]


def test_a_wrong_method_is_refused(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    assert client.get(url(cast.contract, "objective-add")).status_code == 405
    assert client.get(url(cast.contract, "own-objective-add")).status_code == 405
    assert client.post(url(cast.contract)).status_code == 405


def test_the_page_asks_as_many_queries_for_fifty_objectives_as_for_five(client: Client, cast: Cast) -> None:
    measure = optional(cast).measure
    Campaign.objects.update(optional_maximum=100)

    def add(count: int) -> None:
        for _ in range(count):
            objective = ObjectiveFactory(campaign=cast.campaign, measure=measure)
            added = ContractObjective.objects.create(contract=cast.contract, objective=objective)
            ActionSheetFactory(contract=cast.contract, contract_objective=added)

    client.force_login(cast.council_editor)
    add(5)
    with_five = count_queries(lambda: client.get(url(cast.contract)))
    add(45)
    assert count_queries(lambda: client.get(url(cast.contract))) == with_five
