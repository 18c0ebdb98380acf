"""The yearly financial amendment: for one contract, for a campaign, with the moves (rules V1, M7)."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions.amendments import abandon_amendment, open_amendment
from agreements.actions.financial_amendments import (
    KIND,
    DraftSubject,
    prepare_draft,
    prepare_financial_amendment,
    request_drafts,
    take_moves_in,
)
from agreements.financial import contracts_to_amend, year_of, years_of
from agreements.financial_telling import amendment_lines
from agreements.models import TextInForce
from agreements.preparations import preparation_of
from cdppe.accounts.models import DigestSettings, User
from cdppe.documents.actions.files import read_file
from cdppe.documents.actions.jobs import STALE_AFTER, requeue_lost_jobs, run_job
from cdppe.documents.models import JobState, RenderJob
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.models import Amendment, AmendmentKind, Contract, FieldChange
from contracts.workflow import ContractState
from funding.actions.financing import StatedAmount, save_sheet_with_financing
from funding.models import ActionFinancing, Contributor, CreditMove
from funding.moves import moves_page
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    ContractFactory,
    NotifiedAmountFactory,
    TerritoryFactory,
)
from tests.moves import YEAR, Money, make_money, put_in_force
from tests.queries import count_queries

BASE = "/contrats/38-2030/avenants/financier/"
ALL = "/campagnes/2030/avenants/"


@pytest.fixture
def money(db: None) -> Money:
    return make_money()


def amounts(money: Money) -> dict[str, Decimal]:
    """{title of the action: what its sheet says, in euros}."""
    return dict(
        ActionFinancing.objects.filter(contributor=Contributor.STATE).values_list(
            "action_sheet__title", "amount"
        )
    )


def prepare(money: Money) -> Amendment:
    return prepare_financial_amendment(money.contract, YEAR, by=money.cast.council_editor)


def page(client: Client, user: User, address: str) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


class TestOneContract:
    def test_the_moves_of_the_year_enter_the_sheets_to_the_cent(self, money: Money) -> None:
        move = money.move("400.25")
        amendment = prepare(money)
        assert (amendment.kind, amendment.year) == (AmendmentKind.FINANCIAL, YEAR)
        assert str(YEAR) in amendment.object
        assert amounts(money) == {"Un": Decimal("600.25"), "Deux": Decimal("400.25")}
        move.refresh_from_db()
        assert move.amendment == amendment
        kept = {change.after for change in FieldChange.objects.filter(place__contains="amount")}
        assert kept == {"600,25\u00a0€", "400,25\u00a0€"}
        money.first.refresh_from_db()
        assert money.first.version == 2

    def test_the_text_in_force_still_says_what_was_signed(self, money: Money) -> None:
        money.move("400.25")
        NotifiedAmountFactory(
            envelope=money.envelope, territory=money.cast.isere, year=YEAR, amount=Decimal(1500)
        )
        before = year_of(money.contract, YEAR).lines[0]
        prepare(money)
        (line,) = year_of(Contract.objects.get(pk=money.contract.pk), YEAR).lines
        assert (line.in_force, line.notified, line.planned) == (before.in_force, 1500, Decimal("1000.50"))
        assert line.in_force == Decimal("1000.50")
        assert line.left == line.difference == Decimal("499.50")
        assert line.sheets == (money.first, money.second)
        (totals,) = moves_page(Contract.objects.get(pk=money.contract.pk)).totals
        assert [(each.before, each.after) for each in totals.lines] == [
            (Decimal("1000.50"), Decimal("600.25")),
            (None, Decimal("400.25")),
        ]

    def test_a_move_made_while_the_amendment_is_open_counts_from_the_text_in_force(
        self, money: Money
    ) -> None:
        money.move("400.25")
        prepare(money)
        with pytest.raises(RuleViolation, match="n’a plus que 600,25"):
            money.move("600.26")
        late = money.move("600.25")
        assert take_moves_in(money.contract, by=money.cast.ars_editor) == 1
        assert amounts(money) == {"Un": Decimal(0), "Deux": Decimal("1000.50")}
        late.refresh_from_db()
        assert late.amendment is not None
        assert take_moves_in(money.contract, by=money.cast.ars_editor) == 0

    def test_an_action_that_only_the_amendment_has_receives_nothing(self, money: Money) -> None:
        prepare(money)
        new = ActionSheetFactory(
            contract=money.contract, contract_objective=money.first.contract_objective, title="Neuve"
        )
        with pytest.raises(RuleViolation, match="une action nouvelle demande un avenant"):
            money.move("1", to_sheet=new)

    def test_what_an_ordinary_amendment_takes_in(self, money: Money) -> None:
        money.move("1", year=YEAR)
        open_amendment(money.contract, about="Autre", reason="Autre", by=money.cast.council_editor)
        assert take_moves_in(money.contract, by=money.cast.council_editor) == 1
        assert CreditMove.objects.get().amendment is not None
        with pytest.raises(NotAllowed):
            take_moves_in(money.contract, by=money.cast.dgcs_signatory)

    def test_a_move_taken_in_is_free_again_once_the_amendment_is_given_up(self, money: Money) -> None:
        money.move("400.25")
        money.move("100", from_sheet=money.second, to_sheet=money.first)
        prepare(money)
        abandon_amendment(money.contract, reason="Trop tôt", by=money.cast.ars_editor)
        assert amounts(money) == {"Un": Decimal("1000.50")}
        assert CreditMove.objects.free().count() == 2
        again = prepare(money)
        assert again.number == 2
        assert amounts(money) == {"Un": Decimal("700.25"), "Deux": Decimal("300.25")}

    def test_what_people_wrote_besides_has_to_be_brought_back_first(self, money: Money) -> None:
        money.move("400.25")
        prepare(money)
        money.second.refresh_from_db()
        save_sheet_with_financing(
            money.contract,
            money.second,
            fields={"title": "Deux"},
            version=money.second.version,
            amounts=[StatedAmount(Contributor.STATE, money.envelope.pk, YEAR, Decimal(500))],
            by=money.cast.council_editor,
        )
        with pytest.raises(MissingPiece):
            abandon_amendment(money.contract, reason="Trop tôt", by=money.cast.ars_editor)
        assert amounts(money) == {"Un": Decimal("600.25"), "Deux": Decimal(500)}
        assert not CreditMove.objects.free().exists()

    def test_once_in_force_the_moves_are_in_the_text(self, money: Money) -> None:
        money.move("400.25")
        amendment = prepare(money)
        today = timezone.localdate()
        Amendment.objects.filter(pk=amendment.pk).update(
            state=ContractState.IN_FORCE, signed_on=today, effect_on=today
        )
        (totals,) = moves_page(Contract.objects.get(pk=money.contract.pk)).totals
        assert [(each.before, each.moved) for each in totals.lines] == [
            (Decimal("600.25"), 0),
            (Decimal("400.25"), 0),
        ]

    def test_what_is_refused(self, money: Money) -> None:
        for year in (YEAR - 1, YEAR + 3):
            with pytest.raises(RuleViolation):
                prepare_financial_amendment(money.contract, year, by=money.cast.council_editor)
        for person in (money.cast.council_reader, money.cast.dgcs_editor, money.cast.foreign_editor):
            with pytest.raises(NotAllowed):
                prepare_financial_amendment(money.contract, YEAR, by=person)
        prepare(money)
        with pytest.raises(WrongState):
            prepare(money)
        assert Amendment.objects.count() == 1

    def test_the_pages(self, client: Client, money: Money) -> None:
        money.move("400.25")
        editor = money.cast.council_editor
        assert BASE in page(client, editor, "/contrats/38-2030/avenants/")
        text = page(client, editor, f"{BASE}?annee={YEAR}")
        assert f"Préparer l’avenant financier {YEAR}" in text
        assert "à reprendre\u00a0: 1" in text.replace("&nbsp;", "\u00a0")
        assert "Préparer l’avenant" not in page(client, money.cast.dgcs_editor, BASE)
        client.force_login(editor)
        for asked in ("", "x", "2050", "²" * 4):
            assert client.post(BASE, {"annee": asked}).status_code == 409
        assert client.post(BASE, {"annee": str(YEAR)}).status_code == 302
        assert client.post(BASE, {"annee": str(YEAR)}).status_code == 409
        assert "est en cours" in page(client, editor, BASE)
        money.move("10")
        assert "Reprendre les mouvements" in page(client, editor, BASE)
        client.force_login(editor)
        assert client.post("/contrats/38-2030/avenants/mouvements/").status_code == 302
        assert not CreditMove.objects.free().exists()
        assert (
            "rien"
            not in page(client, editor, "/contrats/38-2030/avenants/1/abandonner/").lower().split("<h2")[0]
        )


def make_more(money: Money, count: int) -> list[Contract]:
    """Other contracts in force of the campaign, each with an action that has credits, each notified."""
    found = []
    for _ in range(count):
        contract = ContractFactory(campaign=money.cast.campaign, territory=TerritoryFactory())
        ActionFinancingFactory(
            action_sheet=ActionSheetFactory(contract=contract),
            year=YEAR,
            contributor=Contributor.STATE,
            envelope=money.envelope,
            amount=Decimal(1000),
        )
        NotifiedAmountFactory(
            envelope=money.envelope, territory=contract.territory, year=YEAR, amount=Decimal(1200)
        )
        put_in_force(contract, money.cast.council_editor)
        found.append(contract)
    return found


def run_drafts() -> None:
    """Run the jobs that wait, as a worker does."""
    for job in RenderJob.objects.filter(kind=KIND).unfinished():
        run_job(job.pk)


def prepare_all(money: Money, contracts: list[Contract], by: User) -> list[tuple[str, str]]:
    """Ask for the drafts, run them; (state, what was told) of each contract, in order."""
    request_drafts(money.cast.campaign, YEAR, contracts, by=by)
    run_drafts()
    found = preparation_of(money.cast.campaign, YEAR)
    assert found is not None
    jobs = {draft.contract.pk: draft.job for draft in found.drafts}
    return [
        (
            jobs[contract.pk].state,
            jobs[contract.pk].error or read_file(jobs[contract.pk].file).decode(),
        )
        for contract in contracts
    ]


class TestCampaign:
    def test_one_draft_each_and_twice_changes_nothing(self, money: Money) -> None:
        money.move("400.25")
        contracts = [money.contract, *make_more(money, 2)]
        by = money.cast.dgcs_editor
        first = prepare_all(money, contracts, by)
        second = prepare_all(money, contracts, by)
        assert {state for state, _ in first + second} == {JobState.DONE}
        assert all("n° 1 préparé." in told for _, told in first)
        assert Amendment.objects.count() == 3
        assert amounts(money)["Deux"] == Decimal("400.25")
        assert all("rien n’a changé" in told for _, told in second)
        assert TextInForce.objects.count() == 3

    def test_one_that_cannot_leaves_the_others_theirs_and_says_why(self, money: Money) -> None:
        (other,) = make_more(money, 1)
        open_amendment(money.contract, about="Autre", reason="Autre", by=money.cast.council_editor)
        barred, made = prepare_all(money, [money.contract, other], money.cast.dgcs_signatory)
        assert barred[0] == JobState.FAILED
        assert "déjà ouvert" in barred[1]
        assert made[0] == JobState.DONE

    def test_only_the_ministry(self, money: Money) -> None:
        for person in (money.cast.dgcs_reader, money.cast.council_editor, money.cast.regional_reader):
            with pytest.raises(NotAllowed):
                request_drafts(money.cast.campaign, YEAR, [money.contract], by=person)
        assert not RenderJob.objects.exists()

    def test_somebody_who_left_the_ministry_meanwhile_prepares_nothing(self, money: Money) -> None:
        by = money.cast.dgcs_editor
        request_drafts(money.cast.campaign, YEAR, [money.contract], by=by)
        by.memberships.all().delete()
        run_drafts()
        by.is_active = False
        by.save()
        subject = str(DraftSubject(money.cast.campaign.pk, YEAR, money.contract.pk, by.pk))
        with pytest.raises(MissingPiece):
            prepare_draft(subject, lambda percent, step: None)
        assert RenderJob.objects.get().state == JobState.FAILED
        assert not Amendment.objects.exists()

    def test_a_worker_that_dies_after_its_draft_leaves_one(self, money: Money) -> None:
        request_drafts(money.cast.campaign, YEAR, [money.contract], by=money.cast.dgcs_editor)
        job = RenderJob.objects.get(kind=KIND)
        prepare_draft(job.subject, lambda percent, step: None)
        # It said nothing since, and its work is there.
        silent = timezone.now() - 2 * STALE_AFTER
        RenderJob.objects.update(state=JobState.RUNNING, attempts=1, heartbeat_at=silent)
        assert requeue_lost_jobs() == 1
        run_drafts()
        job.refresh_from_db()
        assert job.state == JobState.DONE
        assert Amendment.objects.count() == 1

    def test_the_parties_are_told_and_may_give_it_up(self, money: Money) -> None:
        prepare_all(money, [money.contract], money.cast.dgcs_editor)
        cast = money.cast
        for person in (cast.council_reader, cast.ars_editor, cast.prefect_editor):
            section = amendment_lines(person, DigestSettings(), timezone.localdate())
            assert section is not None
            assert str(YEAR) in section.lines[0].text
        for person in (cast.foreign_editor, cast.dgcs_reader):
            assert amendment_lines(person, DigestSettings(), timezone.localdate()) is None
        abandon_amendment(money.contract, reason="Pas cette année", by=cast.prefect_editor)
        assert "puis abandonné" in page(Client(), cast.dgcs_editor, f"{ALL}?annee={YEAR}")

    def test_the_pages_from_the_list_to_the_result(self, client: Client, money: Money) -> None:
        (other,) = make_more(money, 1)
        by = money.cast.dgcs_editor
        assert ALL in page(client, by, "/")
        text = page(client, by, f"{ALL}?annee={YEAR}")
        assert f'value="{other.reference}"' in text
        assert 'value="38-2030"' not in text
        assert "200" in text
        assert 'value="38-2030"' in page(client, by, f"{ALL}?annee={YEAR}&voir=tous")
        client.force_login(by)
        given = {"annee": str(YEAR), "contracts": [other.reference]}
        answer = client.post(ALL, given)
        assert answer.status_code == 200
        assert "Préparer 1 avenant financier" in answer.content.decode()
        assert not Amendment.objects.exists()
        progress = f"{ALL}{YEAR}/avancement/"
        client.force_login(by)
        assert client.get(progress).status_code == 404
        for _ in range(2):
            answer = client.post(ALL, {**given, "confirmed": "on"}, follow=True)
            assert "demandés : 1" in answer.content.decode()
            assert 'id="preparation"' in answer.content.decode()
            assert "en préparation" in page(client, by, progress)
            assert "hx-get" in page(client, by, progress)
            run_drafts()
            text = page(client, by, progress)
            assert "1 avenant prêt sur 1" in text
            assert f"/contrats/{other.reference}/avenants/1/" in text
            assert "hx-get" not in text
        assert Amendment.objects.count() == 1
        assert "n° 1 en cours" in page(client, by, f"{ALL}?annee={YEAR}&voir=ouverts")

    def test_the_progress_of_fifteen_drafts_costs_as_many_queries_as_of_five(self, money: Money) -> None:
        campaign, by = money.cast.campaign, money.cast.dgcs_editor
        request_drafts(campaign, YEAR, make_more(money, 5), by=by)
        few = count_queries(lambda: preparation_of(campaign, YEAR))
        request_drafts(campaign, YEAR, make_more(money, 10), by=by)
        found = preparation_of(campaign, YEAR)
        assert found is not None
        assert len(found.drafts) == 15
        assert count_queries(lambda: preparation_of(campaign, YEAR)) == few

    def test_the_page_of_one_draft_leads_back_to_those_of_its_year(
        self, client: Client, money: Money
    ) -> None:
        request_drafts(money.cast.campaign, YEAR, [money.contract], by=money.cast.dgcs_editor)
        address = reverse("documents:job", args=[RenderJob.objects.get().pk])
        assert f"{ALL}?annee={YEAR}" in page(client, money.cast.dgcs_editor, address)
        client.force_login(money.cast.council_editor)
        assert client.get(address).status_code == 404

    @pytest.mark.parametrize(
        "given",
        [{}, {"contracts": "59-2030"}, {"contracts": "<script>"}, {"contracts": "\x00"}, {"confirmed": "on"}],
    )
    def test_what_cannot_be_ticked_is_told(self, client: Client, money: Money, given: dict[str, str]) -> None:
        client.force_login(money.cast.dgcs_editor)
        answer = client.post(ALL, given)
        assert answer.status_code == 422
        assert "fr-alert--error" in answer.content.decode()
        assert (
            "<script>" not in answer.content.decode().split("<body")[1].split("<main")[-1].split("</main")[0]
        )
        assert not Amendment.objects.exists()

    @pytest.mark.parametrize("query", ["annee=x", "annee=²", "voir=<b>", "annee=9999999"])
    def test_an_address_that_cannot_be_shows_the_page(self, client: Client, money: Money, query: str) -> None:
        page(client, money.cast.dgcs_editor, f"{ALL}?{query}")

    def test_as_many_queries_for_fifty_contracts_as_for_five(self, money: Money) -> None:
        make_more(money, 5)
        few = count_queries(
            lambda: years_of(contracts_to_amend(money.cast.campaign), money.cast.campaign, YEAR)
        )
        make_more(money, 10)
        many = count_queries(
            lambda: years_of(contracts_to_amend(money.cast.campaign), money.cast.campaign, YEAR)
        )
        assert many == few


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twice_at_once_makes_one_draft_each() -> None:
    money = make_money()
    money.move("400.25")
    contracts = [money.contract, *make_more(money, 2)]
    campaign, by = money.cast.campaign, money.cast.dgcs_editor
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        try:
            for contract in contracts:
                prepare_draft(
                    str(DraftSubject(campaign.pk, YEAR, contract.pk, by.pk)), lambda percent, step: None
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Amendment.objects.count() == 3
    assert amounts(money)["Deux"] == Decimal("400.25")
