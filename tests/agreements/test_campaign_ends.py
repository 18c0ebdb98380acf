"""The ministry puts off the last day of a campaign, and of its contracts with it (rule C1)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from agreements.actions.campaign_ends import extend_campaign
from agreements.actions.denunciations import Letter, denounce, withdraw_denunciation
from agreements.actions.versions import content_hash_of
from agreements.campaign_ends import Fate, preview
from agreements.endings_telling import ending_lines
from cdppe.accounts.models import DigestSettings
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation
from contracts.actions.contracts import create_contract
from contracts.models import CampaignExtension, Contract, ContractParty, JournalEntry
from contracts.workflow import ContractState
from tests.cast import Cast
from tests.factories import ContractFactory, TerritoryFactory
from tests.moves import TODAY, put_in_force
from tests.queries import count_queries
from tests.states import put_in_state

pytestmark = pytest.mark.django_db
END = dt.date(2032, 12, 31)
NEW = dt.date(2033, 12, 31)
PAGE = "/campagnes/2030/fin/"


def extend(cast: Cast, ends_on: dt.date = NEW, reason: str = "Loi de finances.") -> CampaignExtension:
    return extend_campaign(cast.campaign, ends_on=ends_on, reason=reason, by=cast.dgcs_signatory)


def ends(cast: Cast) -> tuple[dt.date, dt.date]:
    """The ends of the two contracts of the cast."""
    found = Contract.objects.in_bulk([cast.contract.pk, cast.foreign_contract.pk])
    return found[cast.contract.pk].ends_on, found[cast.foreign_contract.pk].ends_on


def test_every_contract_that_goes_on_ends_then_and_its_parties_are_told(cast: Cast) -> None:
    before = content_hash_of(cast.contract)
    extend(cast)
    assert ends(cast) == (NEW, NEW)
    stored = Contract.objects.get(pk=cast.contract.pk)
    assert stored.initial_ends_on == END
    assert stored.years == [2030, 2031, 2032, 2033] == stored.campaign.years
    assert content_hash_of(stored) == before
    codes = list(JournalEntry.objects.order_by("sequence").values_list("code", flat=True))
    assert codes[-3:] == ["campaign.extended", "contract.extended", "contract.extended"]
    for person in (cast.council_reader, cast.ars_editor, cast.foreign_editor):
        section = ending_lines(person, DigestSettings(), TODAY)
        assert section is not None
        assert "31/12/2033" in section.lines[0].text
    assert ending_lines(cast.regional_reader, DigestSettings(), TODAY) is None


def test_a_later_end_is_left_and_what_has_ended_stays_ended(cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(ends_on=dt.date(2034, 6, 30))
    put_in_state(cast.foreign_contract, ContractState.ENDED, by=cast.dgcs_editor)
    assert [each.fate for each in preview(cast.campaign, NEW)] == [Fate.LATER, Fate.ENDED]
    extend(cast)
    assert ends(cast) == (dt.date(2034, 6, 30), END)


def test_a_denounced_contract_ends_as_its_party_said_unless_it_withdraws(cast: Cast) -> None:
    parties = {
        signatory.code: ContractParty.objects.create(contract=cast.contract, signatory=signatory)
        for signatory in cast.campaign.signatories.all()
    }
    put_in_force(cast.contract, cast.council_editor)
    sent = {parties[code].pk: Letter(TODAY, "1A") for code in ("council", "ars")}
    done = denounce(cast.contract, parties["prefect"], letters=sent, by=cast.prefect_editor)
    extend(cast)
    assert ends(cast) == (done.effect_on, NEW)
    withdraw_denunciation(cast.contract, reason="Erreur", by=cast.prefect_editor)
    assert ends(cast) == (NEW, NEW)


def test_a_contract_made_afterwards_ends_then_too(cast: Cast) -> None:
    extend(cast)
    territory = TerritoryFactory()
    cast.campaign.refresh_from_db()
    cast.campaign.territories.add(territory)
    assert create_contract(cast.campaign, territory, by=cast.council_editor).ends_on == NEW


def test_it_is_put_off_again_from_where_it_is(cast: Cast) -> None:
    extend(cast)
    with pytest.raises(RuleViolation, match="prend déjà fin le 31/12/2033"):
        extend(cast)
    assert extend(cast, dt.date(2034, 12, 31)).former_ends_on == NEW
    assert ends(cast) == (dt.date(2034, 12, 31), dt.date(2034, 12, 31))


@pytest.mark.parametrize("ends_on", [END, dt.date(2020, 1, 1), dt.date(2038, 1, 1), dt.date(9999, 12, 31)])
def test_a_day_that_cannot_be_is_refused(cast: Cast, ends_on: dt.date) -> None:
    with pytest.raises(RuleViolation):
        extend(cast, ends_on)
    assert ends(cast) == (END, END)


def test_only_a_signatory_of_the_ministry_with_a_reason(cast: Cast) -> None:
    for person in (cast.dgcs_editor, cast.dgcs_reader, cast.council_editor, cast.outsider):
        with pytest.raises(NotAllowed):
            extend_campaign(cast.campaign, ends_on=NEW, reason="x", by=person)
    with pytest.raises(MissingPiece):
        extend(cast, reason=" ")
    assert not CampaignExtension.objects.exists()


@pytest.mark.parametrize("change", [{"reason": ""}, {"ends_on": END}])
def test_the_database_refuses(cast: Cast, change: dict[str, object]) -> None:
    extend(cast)
    with (
        pytest.raises(IntegrityError, match="campaign_extension_later_with_a_reason"),
        transaction.atomic(),
    ):
        CampaignExtension.objects.update(**change)


class TestPages:
    def test_the_list_is_read_before_the_ends_move(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.dgcs_signatory)
        assert PAGE in client.get("/").content.decode()
        given = {"ends_on": "2033-12-31", "reason": "Loi de finances."}
        answer = client.post(PAGE, given)
        assert answer.status_code == 200
        assert answer.content.decode().count("Sa fin est déplacée") == 2
        assert ends(cast) == (END, END)
        back = client.post(PAGE, given | {"confirmed": "on", "corriger": "on"}).content.decode()
        assert 'value="2033-12-31"' in back
        assert "Loi de finances.</textarea>" in back
        assert ends(cast) == (END, END)
        assert client.post(PAGE, given | {"confirmed": "on"}).status_code == 302
        assert ends(cast) == (NEW, NEW)
        assert "Loi de finances." in client.get(PAGE).content.decode()
        assert client.post(PAGE, given | {"confirmed": "on"}).status_code == 422
        client.force_login(cast.council_reader)
        assert "31 décembre 2033" in client.get("/contrats/38-2030/fin/").content.decode()

    @pytest.mark.parametrize("person", ["dgcs_editor", "council_editor", "regional_reader"])
    def test_others_are_refused(self, client: Client, cast: Cast, person: str) -> None:
        client.force_login(getattr(cast, person))
        assert client.get(PAGE).status_code == 403
        assert (
            client.post(PAGE, {"ends_on": "2033-12-31", "reason": "x", "confirmed": "on"}).status_code == 403
        )
        assert PAGE not in client.get("/").content.decode()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("ends_on", ""),
            ("ends_on", "31/02/2033"),
            ("ends_on", "2032-12-31"),
            ("ends_on", "9999-12-31"),
            ("ends_on", "<script>alert(1)</script>"),
            ("reason", ""),
            ("reason", "x" * 501),
            ("reason", "avant\x00après"),
        ],
    )
    def test_what_cannot_be_is_told(self, client: Client, cast: Cast, field: str, value: str) -> None:
        client.force_login(cast.dgcs_signatory)
        given = {"ends_on": "2033-12-31", "reason": "Loi de finances.", "confirmed": "on"}
        answer = client.post(PAGE, given | {field: value})
        assert answer.status_code == 422
        assert "<script>alert(1)" not in answer.content.decode()
        assert ends(cast) == (END, END)

    def test_as_many_queries_for_fifty_contracts_as_for_five(self, cast: Cast) -> None:
        few = count_queries(lambda: preview(cast.campaign, NEW))
        for _ in range(10):
            ContractFactory(campaign=cast.campaign, territory=TerritoryFactory())
        assert count_queries(lambda: preview(cast.campaign, NEW)) == few
