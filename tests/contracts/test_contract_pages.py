"""The list, the creation, the overview and the way of a contract (issue 2, section 4; C5, K3)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from cdppe.accounts.models import InstitutionKind, Territory, User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.contracts import create_contract, move_contract
from contracts.actions.journal import record
from contracts.filters import plain
from contracts.models import BankAccount, Contract, ContractParty, Deadline, Signatory
from contracts.overview import distance, turn
from contracts.workflow import ContractState
from contracts.workspace import parts
from tests.cast import Cast
from tests.factories import (
    ActionSheetFactory,
    CampaignFactory,
    ContractFactory,
    InstitutionFactory,
    RegionFactory,
    TerritoryFactory,
    UserFactory,
)

LIST = "/contrats/"
CREATE = "/contrats/nouveau/"


def detail_url(contract: Contract) -> str:
    return reverse("contracts:detail", args=[contract.reference])


def move_url(contract: Contract, code: str) -> str:
    return reverse("contracts:move", args=[contract.reference, code])


def page_of(client: Client, person: User, url: str) -> str:
    client.force_login(person)
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


# --- Creation ----------------------------------------------------------------------------------------------


@pytest.fixture
def savoie(cast: Cast) -> Territory:
    """A territory of the campaign without a contract, with its prefecture and council."""
    savoie = TerritoryFactory(
        code="73",
        name="Savoie",
        of_name="de la Savoie",
        region=cast.isere.region,
        ars_name="ARS Auvergne-Rhône-Alpes",
        court="Tribunal administratif de Grenoble",
    )
    cast.campaign.territories.add(savoie)
    for kind in (InstitutionKind.COUNCIL, InstitutionKind.PREFECTURE):
        InstitutionFactory(kind=kind, territory=savoie, name=f"{kind} de la Savoie")
    return savoie


def test_a_new_contract_has_the_fundamental_objectives_the_parties_and_the_territory_s_court(
    cast: Cast, savoie: Territory
) -> None:
    contract = create_contract(cast.campaign, savoie, by=cast.ars_editor)
    assert contract.reference == "73-2030"
    assert contract.ends_on == contract.initial_ends_on == dt.date(2032, 12, 31)
    assert contract.planned_effect_on == cast.campaign.planned_effect_on
    assert contract.court == "Tribunal administratif de Grenoble"
    assert contract.state_officer == "le préfet de la Savoie"
    assert contract.agency_officer == "le directeur général de l’ARS Auvergne-Rhône-Alpes"
    assert [each.objective.number for each in contract.objectives.in_order()] == [1, 2]
    parties = {party.signatory.code: party.institution for party in contract.parties.all()}
    assert {code: institution and institution.name for code, institution in parties.items()} == {
        "council": "council de la Savoie",
        "prefect": "prefecture de la Savoie",
        "ars": "ARS Auvergne-Rhône-Alpes",
    }
    assert contract.events.get().by == cast.ars_editor


def test_a_signatory_with_two_institutions_of_its_kind_is_left_to_be_chosen(
    cast: Cast, savoie: Territory
) -> None:
    InstitutionFactory(kind=InstitutionKind.COUNCIL, territory=savoie, name="Second conseil")
    contract = create_contract(cast.campaign, savoie, by=cast.ars_editor)
    assert contract.parties.get(signatory__code="council").institution is None


def test_a_second_contract_of_a_territory_is_refused_with_a_sentence(cast: Cast) -> None:
    with pytest.raises(RuleViolation, match="Isère a déjà un contrat pour la campagne « Campagne 2030 »"):
        create_contract(cast.campaign, cast.isere, by=cast.council_editor)
    assert cast.isere.contracts.count() == 1


def test_a_territory_that_the_campaign_does_not_concern_is_refused(cast: Cast) -> None:
    outside = TerritoryFactory(region=cast.isere.region)
    with pytest.raises(RuleViolation, match="ne concerne pas"):
        create_contract(cast.campaign, outside, by=cast.council_editor)
    assert not Contract.objects.filter(territory=outside).exists()


def test_an_editor_creates_the_contract_from_the_page(client: Client, cast: Cast, savoie: Territory) -> None:
    client.force_login(cast.ars_editor)
    answer = client.post(CREATE, {"campaign": cast.campaign.pk, "territory": savoie.pk, "state": "draft"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/contrats/73-2030/"
    assert Contract.objects.get(reference="73-2030").state == ContractState.DIAGNOSIS


def test_the_page_answers_a_second_creation_with_the_sentence_and_keeps_the_choice(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(CREATE, {"campaign": cast.campaign.pk, "territory": cast.isere.pk})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Isère a déjà un contrat" in page
    assert f'<option value="{cast.isere.pk}" selected>' in page
    assert Contract.objects.count() == 2


def test_another_territory_s_identifier_is_refused(client: Client, cast: Cast, savoie: Territory) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(CREATE, {"campaign": cast.campaign.pk, "territory": savoie.pk})
    assert answer.status_code == 422
    assert "Ce territoire n’est pas de ceux" in answer.content.decode()
    assert Contract.objects.count() == 2


@pytest.mark.parametrize(
    "typed", [{}, {"campaign": "x", "territory": "-1"}, {"campaign": "99999999999999999999"}]
)
def test_a_creation_without_a_sound_choice_asks_for_one(
    client: Client, cast: Cast, typed: dict[str, str]
) -> None:
    client.force_login(cast.council_editor)
    answer = client.post(CREATE, typed)
    assert answer.status_code == 422
    assert "Choisissez une campagne" in answer.content.decode()


def test_the_only_choice_is_already_made(client: Client, cast: Cast) -> None:
    page = page_of(client, cast.council_editor, CREATE)
    assert f'<option value="{cast.isere.pk}" selected>' in page
    assert f'<option value="{cast.campaign.pk}" selected>' in page
    assert f'value="{cast.nord.pk}"' not in page


def test_a_link_of_the_home_page_chooses_and_a_wrong_one_chooses_nothing(client: Client, cast: Cast) -> None:
    other = CampaignFactory(code="2031", year=2031, territories=[cast.isere])
    page = page_of(client, cast.council_editor, f"{CREATE}?campagne={other.pk}&territoire={cast.isere.pk}")
    assert f'<option value="{other.pk}" selected>' in page
    assert page_of(client, cast.council_editor, f"{CREATE}?campagne=zzz&territoire=-1")


def test_those_who_only_follow_create_nothing(client: Client, cast: Cast) -> None:
    for person in (cast.council_reader, cast.regional_reader, cast.dgcs_editor, cast.outsider):
        client.force_login(person)
        assert client.get(CREATE).status_code == 403
        answer = client.post(CREATE, {"campaign": cast.campaign.pk, "territory": cast.isere.pk})
        assert answer.status_code == 403
    assert Contract.objects.count() == 2


# --- List --------------------------------------------------------------------------------------------------


def test_the_list_shows_the_contracts_of_one_s_territories_only(client: Client, cast: Cast) -> None:
    for person, isere, nord in (
        (cast.council_reader, True, False),
        (cast.regional_reader, True, False),
        (cast.foreign_editor, False, True),
        (cast.dgcs_reader, True, True),
    ):
        page = page_of(client, person, LIST)
        assert (detail_url(cast.contract) in page) is isere
        assert (detail_url(cast.foreign_contract) in page) is nord


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ("isère", True),
        ("ISERE", True),
        ("38", True),
        ("département de l'isère", True),
        ("3", False),
        ("nord", False),
    ],
)
def test_the_search_ignores_accents_case_and_the_form_of_apostrophes(
    client: Client, cast: Cast, search: str, is_found: bool
) -> None:
    page = page_of(client, cast.dgcs_reader, f"{LIST}?q={search}")
    assert (detail_url(cast.contract) in page) is is_found


def test_plain_text_has_no_accent_hyphen_or_apostrophe() -> None:
    assert plain("Côte-d’Or") == plain("cote d'or") == "cote d or"


def test_the_filters_keep_a_region_a_campaign_a_state(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    CampaignFactory(code="2031", year=2031)
    for query, isere, nord in (
        (f"region={cast.nord.region.pk}", False, True),
        ("state=negotiation", True, False),
        ("campaign=2030", True, True),
        ("campaign=2031", False, False),
        ("state=negotiation&campaign=2030&q=nord", False, False),
    ):
        page = page_of(client, cast.dgcs_reader, f"{LIST}?{query}")
        assert (detail_url(cast.contract) in page) is isere, query
        assert (detail_url(cast.foreign_contract) in page) is nord, query


def test_a_search_without_result_says_so(client: Client, cast: Cast) -> None:
    page = page_of(client, cast.dgcs_reader, f"{LIST}?q=lune")
    assert "0 contrat pour cette recherche" in " ".join(page.split())
    assert "Aucun contrat ne répond à cette recherche." in page


@pytest.mark.parametrize(
    "query", ["region=abc", "campaign=1999", "state=zzz", "page=abc", "page=999", "q=%00"]
)
def test_a_filter_typed_by_hand_never_breaks_the_list(client: Client, cast: Cast, query: str) -> None:
    page_of(client, cast.dgcs_reader, f"{LIST}?{query}")


def test_the_region_filter_offers_only_the_regions_that_one_follows(client: Client, cast: Cast) -> None:
    page = page_of(client, cast.council_reader, LIST)
    assert "Auvergne-Rhône-Alpes" in page
    assert "Hauts-de-France" not in page


def test_the_territories_without_contract_are_listed(client: Client, cast: Cast, savoie: Territory) -> None:
    page = " ".join(page_of(client, cast.dgcs_reader, LIST).split())
    assert "1 territoire de la campagne 2030 sans contrat" in page
    assert "Savoie (73)" in page
    assert "Savoie (73)" not in page_of(client, cast.dgcs_reader, f"{LIST}?q=nord")
    assert "Savoie (73)" not in page_of(client, cast.foreign_editor, LIST)


def test_the_list_goes_by_pages_that_keep_the_filter(client: Client, cast: Cast) -> None:
    for _ in range(25):
        ContractFactory(campaign=cast.campaign, territory=TerritoryFactory(region=cast.nord.region))
    first = page_of(client, cast.dgcs_reader, f"{LIST}?campaign=2030")
    assert first.count('<th scope="row">') == 20
    assert "?campaign=2030&amp;page=2" in first
    second = page_of(client, cast.dgcs_reader, f"{LIST}?campaign=2030&page=2")
    assert second.count('<th scope="row">') == 7


def test_the_list_asks_as_many_queries_for_fifty_contracts_as_for_five(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(60) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    client.force_login(cast.dgcs_reader)

    for number in range(3):
        ActionSheetFactory(contract=ContractFactory(campaign=cast.campaign, territory__code=f"a{number}"))
    with_five = queries()
    for number in range(45):
        contract = ContractFactory(campaign=cast.campaign, territory__code=f"b{number}")
        if number % 5 == 0:
            ActionSheetFactory(contract=contract)
    assert queries() == with_five


def test_the_counts_of_the_list_do_not_multiply_each_other(client: Client, cast: Cast) -> None:
    for _ in range(3):
        ActionSheetFactory(contract=cast.contract)
    client.force_login(cast.council_reader)
    answer = client.get(LIST)
    (contract,) = answer.context["page"].object_list
    assert (contract.objective_count, contract.sheet_count) == (2, 3)


# --- Overview ----------------------------------------------------------------------------------------------


def test_the_overview_says_what_is_missing_and_whose_turn(client: Client, cast: Cast) -> None:
    signatory = cast.campaign.signatories.get(code="ars")
    ContractParty.objects.create(contract=cast.contract, signatory=signatory)
    page = " ".join(page_of(client, cast.council_editor, detail_url(cast.contract)).split())
    assert "Sans fiche : Objectif 1, Objectif 2." in page
    assert "À nommer : l’ARS." in page
    assert "Compte bancaire du département" in page
    lines = client.get(detail_url(cast.contract)).context["standing"].missing
    turns = {line.piece.code: line.turn.label for line in lines}
    assert turns["account"] == "À vous"
    assert turns["parties"] == "À l’ARS"
    assert turns["sheets"] == "Aux trois parties"


def test_the_reader_s_own_turn_comes_first(client: Client, cast: Cast) -> None:
    client.force_login(cast.prefect_editor)
    mine = [line.turn.is_mine for line in client.get(detail_url(cast.contract)).context["standing"].missing]
    assert mine == sorted(mine, reverse=True)


def test_what_was_done_is_no_longer_missing(client: Client, cast: Cast) -> None:
    BankAccount.objects.create(
        contract=cast.contract, holder="Département", iban="FR7630006000011234567890189", bic="AGRIFRPP"
    )
    client.force_login(cast.council_editor)
    answer = client.get(detail_url(cast.contract))
    assert "account" not in {line.piece.code for line in answer.context["standing"].missing}


def test_the_budget_controller_is_a_party_only_where_the_contract_needs_him(
    client: Client, cast: Cast
) -> None:
    signatory = Signatory.objects.create(
        campaign=cast.campaign,
        code="controller",
        signature_label="Le contrôleur budgétaire",
        is_optional=True,
        condition="au-dessus du seuil",
        position=9,
    )
    ContractParty.objects.create(contract=cast.contract, signatory=signatory)
    assert "Le contrôleur budgétaire" not in page_of(client, cast.council_reader, detail_url(cast.contract))
    Contract.objects.filter(pk=cast.contract.pk).update(needs_budget_controller=True)
    assert "Le contrôleur budgétaire" in page_of(client, cast.council_reader, detail_url(cast.contract))


def test_the_calendar_is_dated_from_the_day_of_effect(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(planned_effect_on=dt.date(2030, 11, 30))
    duties = _duties(client, cast)
    assert duties["Signature"] == dt.date(2030, 11, 15)
    assert duties["Première version du tableau de bord"] == dt.date(2030, 7, 30)
    Contract.objects.filter(pk=cast.contract.pk).update(planned_effect_on=None)
    assert "Signature" not in _duties(client, cast)
    page = " ".join(client.get(detail_url(cast.contract)).content.decode().split())
    assert "1 étape du rétroplanning sans date" in page
    assert "1 étape du rétroplanning se date d’après la prise d’effet prévue." in page


def _duties(client: Client, cast: Cast) -> dict[str, dt.date | None]:
    client.force_login(cast.council_reader)
    lines = client.get(detail_url(cast.contract)).context["duties"]
    return {line.duty.label: line.duty.on for line in lines}


def test_a_late_deadline_says_so(client: Client, cast: Cast) -> None:
    Deadline.objects.update(due_on=dt.date(2001, 1, 1))
    assert "passée depuis" in " ".join(
        page_of(client, cast.council_reader, detail_url(cast.contract)).split()
    )


def test_the_journal_shows_texts_as_texts(client: Client, cast: Cast) -> None:
    record(cast.contract, "x", "<script>alert(1)</script> {{7*7}}", by=cast.council_editor)
    page = page_of(client, cast.council_reader, detail_url(cast.contract))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{7*7}}" in page
    assert "<script>alert" not in page


def test_a_demonstration_contract_says_so_on_every_page_and_why_on_the_first(
    client: Client, cast: Cast
) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(
        is_demonstration=True, demonstration_note="D’après le dossier de presse."
    )
    client.force_login(cast.council_reader)
    for name in ("detail", "details-edit", "objectives", "sheets"):
        page = client.get(reverse(f"contracts:{name}", args=[cast.contract.reference])).content.decode()
        assert "Contrat de démonstration" in page
        assert ("D’après le dossier de presse." in page) == (name == "detail")


def test_the_overview_asks_as_many_queries_for_fifty_sheets_as_for_five(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def queries() -> int:
        with django_assert_max_num_queries(60) as captured:
            assert client.get(detail_url(cast.contract)).status_code == 200
        return len(captured)

    client.force_login(cast.council_editor)

    for _ in range(5):
        ActionSheetFactory(contract=cast.contract)
    with_five = queries()
    for _ in range(45):
        ActionSheetFactory(contract=cast.contract)
    assert queries() == with_five


def test_what_a_person_does_not_follow_does_not_exist(client: Client, cast: Cast) -> None:
    for person in (cast.foreign_editor, cast.outsider):
        client.force_login(person)
        assert client.get(detail_url(cast.contract)).status_code == 404
        assert client.post(move_url(cast.contract, "open-negotiation")).status_code == 404
    client.force_login(cast.dgcs_reader)
    assert client.get("/contrats/38-1999/").status_code == 404


# --- The contract's way ------------------------------------------------------------------------------------


def test_each_gesture_of_the_table_changes_the_state_and_leaves_a_trace(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    way = [
        ("open-negotiation", "negotiation"),
        ("reopen-diagnosis", "diagnosis"),
        ("open-negotiation", "negotiation"),
        ("finalise-draft", "draft"),
        ("reopen-negotiation", "negotiation"),
    ]
    for code, state in way:
        assert client.post(move_url(cast.contract, code)).status_code == 302
        cast.contract.refresh_from_db()
        assert cast.contract.state == state
    assert [event.code for event in cast.contract.events.all()][::-1] == [
        f"contract.{code}" for code, _ in way
    ]


def test_the_finalisation_asks_first_and_says_what_is_missing(client: Client, cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    overview = page_of(client, cast.council_editor, detail_url(cast.contract))
    assert f'href="{move_url(cast.contract, "finalise-draft")}"' in overview
    assert f'action="{move_url(cast.contract, "reopen-diagnosis")}"' in overview
    page = page_of(client, cast.council_editor, move_url(cast.contract, "finalise-draft"))
    assert "Il manque encore" in page
    assert "Sans fiche : Objectif 1" in page
    cast.contract.refresh_from_db()
    assert cast.contract.state == ContractState.NEGOTIATION


def test_a_gesture_that_the_state_does_not_offer_is_refused(client: Client, cast: Cast) -> None:
    client.force_login(cast.council_editor)
    assert client.get(move_url(cast.contract, "finalise-draft")).status_code == 404
    answer = client.post(move_url(cast.contract, "finalise-draft"))
    assert answer.status_code == 409
    assert "cette étape n’est pas possible" in answer.content.decode()
    cast.contract.refresh_from_db()
    assert cast.contract.state == ContractState.DIAGNOSIS
    with pytest.raises(WrongState):
        move_contract(cast.contract, "no-such-step", by=cast.council_editor)


def test_a_reader_moves_nothing_and_is_offered_nothing(client: Client, cast: Cast) -> None:
    for person in (cast.council_reader, cast.regional_reader, cast.dgcs_editor):
        assert "/etape/" not in page_of(client, person, detail_url(cast.contract))
        assert client.post(move_url(cast.contract, "open-negotiation")).status_code == 403
    cast.contract.refresh_from_db()
    assert cast.contract.state == ContractState.DIAGNOSIS


# --- Words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parties", "kinds", "label", "is_mine"),
    [
        (["council"], ["council"], "À vous", True),
        (["council"], ["ars"], "Au département", False),
        (["prefecture", "ars"], ["council"], "À la préfecture et à l’ARS", False),
        (["prefecture", "ars"], ["ars"], "À vous, avec la préfecture", True),
        (["prefecture", "ars", "council"], ["dgcs"], "Aux trois parties", False),
        ([], ["ars"], "Aux trois parties", True),
        (["dgcs"], ["council"], "À la DGCS", False),
        (
            ["prefecture", "ars", "council", "dgcs"],
            ["dgcs"],
            "À vous, avec la préfecture, l’ARS et le département",
            True,
        ),
    ],
)
def test_a_turn_is_said_for_its_reader(
    parties: list[str], kinds: list[str], label: str, is_mine: bool
) -> None:
    said = turn(parties, kinds)
    assert (said.label, said.is_mine) == (label, is_mine)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "aujourd’hui"),
        (1, "demain"),
        (12, "dans 12 jours"),
        (-1, "depuis 1 jour"),
        (-90, "depuis 3 mois"),
        (-1500, "depuis 4 ans"),
        (400, "dans 13 mois"),
    ],
)
def test_a_distance_is_said_in_words(days: int, words: str) -> None:
    today = dt.date(2030, 1, 1)
    assert distance(today + dt.timedelta(days=days), today) == words


def test_a_person_of_two_regions_sees_both(client: Client, cast: Cast) -> None:
    person = UserFactory()
    for region in (cast.isere.region, cast.nord.region, RegionFactory(code="99")):
        person.memberships.create(
            institution=InstitutionFactory(
                kind=InstitutionKind.REGIONAL_DIRECTORATE, region=region, name=f"DR {region.code}"
            ),
            role="reader",
        )
    page = page_of(client, person, LIST)
    assert detail_url(cast.contract) in page
    assert detail_url(cast.foreign_contract) in page


def test_the_menu_leads_to_every_part_of_the_contract_and_mark_the_current_one(
    client: Client, cast: Cast
) -> None:
    client.force_login(cast.council_reader)
    for name in ("detail", "details-edit", "objectives", "sheets"):
        url = reverse(f"contracts:{name}", args=[cast.contract.reference])
        page = " ".join(client.get(url).content.decode().split())
        menu = page.split('aria-label="Parties du contrat"')[1].split("</nav>")[0]
        assert menu.count("<a ") == len(parts())
        assert menu.count('aria-current="page"') == 1
        assert f'href="{url}" aria-current="page"' in menu
