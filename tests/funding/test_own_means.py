"""The department's own means are never lowered (rule M3); the Financement page shows balances and charts."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.models import Contract, FieldChange, JournalEntry
from contracts.workflow import ContractState
from funding.actions.own_means import MeansChange, save_own_means
from funding.models import OwnMeans, Service
from funding.overview import chart
from funding.own_means import MeansVerdict, ServiceMeans
from funding.parts import measure_financing
from tests.cast import Cast, make_cast
from tests.factories import ActionFinancingFactory, ActionSheetFactory, EnvelopeFactory, NotifiedAmountFactory
from tests.queries import count_queries

YEARS = (1, 2, 3, 4)
AMOUNTS = st.dictionaries(st.sampled_from(YEARS), st.integers(0, 10).map(Decimal))


class TestVerdict:
    @given(AMOUNTS)
    def test_only_a_stated_year_below_the_stated_reference_is_lowered(
        self, amounts: dict[int, Decimal]
    ) -> None:
        service = ServiceMeans("ase", "ASE", 1, amounts, YEARS)
        lowered = {each.year for each in service.lowered}
        assert lowered == {
            year for year in YEARS[1:] if year in amounts and 1 in amounts and amounts[year] < amounts[1]
        }

    @pytest.mark.parametrize(
        ("amounts", "verdict"),
        [
            ({}, MeansVerdict.NOT_STATED),
            ({2: Decimal(5)}, MeansVerdict.NOT_COMPARABLE),
            ({1: Decimal(5), 2: Decimal(5)}, MeansVerdict.KEPT),
            ({1: Decimal(0), 2: Decimal(0)}, MeansVerdict.KEPT),
            ({1: Decimal("5.01"), 2: Decimal(5)}, MeansVerdict.LOWERED),
        ],
    )
    def test_each_case_has_its_verdict(self, amounts: dict[int, Decimal], verdict: MeansVerdict) -> None:
        assert ServiceMeans("ase", "ASE", 1, amounts, YEARS).years[1].verdict is verdict

    def test_the_reference_year_is_judged_by_nothing(self) -> None:
        assert ServiceMeans("ase", "ASE", 1, {}, YEARS).years[0].verdict is MeansVerdict.REFERENCE


class TestChart:
    @given(st.lists(st.one_of(st.none(), st.integers(0, 10**9).map(Decimal)), max_size=12))
    def test_bars_and_parts_follow_the_stated_amounts(self, amounts: list[Decimal | None]) -> None:
        drawn = chart("c", "t", "h", [(str(rank), amount) for rank, amount in enumerate(amounts)])
        stated = [amount for amount in amounts if amount is not None]
        assert [line.amount for line in drawn.lines] == stated
        assert drawn.total == sum(stated, Decimal(0))
        assert all(0 <= line.bar <= 1000 for line in drawn.lines)
        if drawn.total:
            assert max(line.bar for line in drawn.lines) == 1000
            assert abs(sum(line.share for line in drawn.lines) - 1) < Decimal("1e-20")


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def save(cast: Cast, year: int, wanted: int | None, opened: int | None = None) -> int:
    change = MeansChange(
        Service.ASE,
        year,
        None if opened is None else Decimal(opened),
        None if wanted is None else Decimal(wanted),
    )
    return save_own_means(cast.contract, changes=[change], by=cast.council_editor)


class TestSaving:
    def test_an_amount_is_written_changed_and_taken_away_with_its_history(self, cast: Cast) -> None:
        year = cast.contract.years[0]
        assert save(cast, year, 100) == 1
        assert save(cast, year, 100, opened=100) == 0
        assert save(cast, year, 90, opened=100) == 1
        assert OwnMeans.objects.get().amount == Decimal(90)
        assert save(cast, year, None, opened=90) == 1
        assert not OwnMeans.objects.exists()
        last = FieldChange.objects.order_by("pk").last()
        assert last is not None
        assert last.before == "90\u00a0€"

    def test_an_amount_that_somebody_else_wrote_meanwhile_is_never_overwritten(self, cast: Cast) -> None:
        year = cast.contract.years[0]
        save(cast, year, 100)
        with pytest.raises(StaleVersion, match="100"):
            save(cast, year, 50)
        assert OwnMeans.objects.get().amount == Decimal(100)

    def test_another_year_and_a_finalised_contract_are_refused(self, cast: Cast) -> None:
        with pytest.raises(RuleViolation, match="année de référence"):
            save(cast, 1999, 100)
        Contract.objects.update(state=ContractState.DRAFT)
        with pytest.raises(WrongState):
            save(cast, cast.contract.years[0], 100)

    def test_the_database_refuses_a_negative_amount(self, cast: Cast) -> None:
        with pytest.raises(IntegrityError, match="own_means_not_negative"), transaction.atomic():
            OwnMeans.objects.create(contract=cast.contract, service=Service.PMI, year=2030, amount=-1)


class TestPage:
    url = "/contrats/38-2030/financement/"

    def data(self, cast: Cast, **typed: str) -> dict[str, Any]:
        years = [cast.campaign.reference_year, *cast.contract.years]
        empty = {f"{kind}-{code}-{year}": "" for kind in "om" for code in Service.values for year in years}
        return empty | {name.replace("_", "-"): text for name, text in typed.items()}

    def test_means_below_the_reference_are_told(self, client: Client, cast: Cast) -> None:
        first = cast.contract.years[0]
        client.force_login(cast.council_editor)
        typed = {f"m_ase_{cast.campaign.reference_year}": "1 000 000", f"m_ase_{first}": "900 000,50"}
        page = client.post(self.url, self.data(cast, **typed), follow=True).content.decode()
        assert "sont enregistrés" in page
        assert f"99\u202f999,50\u00a0€ de moins qu’en {cast.campaign.reference_year}" in page.replace(
            "&nbsp;", "\u00a0"
        )

    @pytest.mark.parametrize("text", ["douze", "-1", "NaN", "1e9", "=1+1", "9" * 20, "\u202e12"])
    def test_what_is_no_amount_is_told_at_its_box_and_kept(
        self, client: Client, cast: Cast, text: str
    ) -> None:
        client.force_login(cast.council_editor)
        first = cast.contract.years[0]
        answer = client.post(self.url, self.data(cast, **{f"m_ase_{first}": text}))
        assert answer.status_code == 422
        assert f'href="#m-ase-{first}"' in answer.content.decode()
        assert not OwnMeans.objects.exists()

    def test_a_conflict_keeps_what_was_typed_and_the_next_save_goes_through(
        self, client: Client, cast: Cast
    ) -> None:
        first = cast.contract.years[0]
        save(cast, first, 100)
        client.force_login(cast.council_editor)
        answer = client.post(self.url, self.data(cast, **{f"m_ase_{first}": "50"}))
        assert answer.status_code == 409
        page = answer.content.decode()
        assert f'name="o-ase-{first}" value="100"' in " ".join(page.split())
        typed = {f"m_ase_{first}": "50", f"o_ase_{first}": "100"}
        assert client.post(self.url, self.data(cast, **typed)).status_code == 302

    def test_what_is_being_typed_is_judged_at_once_and_not_written(self, client: Client, cast: Cast) -> None:
        reference, first = cast.campaign.reference_year, cast.contract.years[0]
        save(cast, reference, 100)
        client.force_login(cast.council_editor)

        def verdict(**typed: str) -> str:
            page = client.get(self.url, self.data(cast, **typed))
            assert page.status_code == 200
            found = page.content.decode().partition('id="means-verdict"')[2]
            return found.partition("<form")[0].replace("&nbsp;", "\u00a0")

        lowered = verdict(**{f"m_ase_{reference}": "100", f"m_ase_{first}": "90"})
        assert f"10\u00a0€ de moins qu’en {reference}" in lowered
        kept = verdict(**{f"m_ase_{reference}": "100", f"m_ase_{first}": "100"})
        assert f"n’est inférieur à celui de {reference}" in kept
        for nothing in ("douze", "-5", "1\x00"):
            silent = verdict(**{f"m_ase_{reference}": "100", f"m_ase_{first}": nothing})
            assert "de moins" not in silent
            assert "inférieur" not in silent
        assert [row.amount for row in OwnMeans.objects.all()] == [Decimal(100)]

    def test_an_empty_plan_leads_to_the_sheets(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.council_reader)
        assert "Aucun montant n’est encore indiqué" in client.get(self.url).content.decode()

    def test_the_page_costs_as_many_queries_for_fifty_sheets_as_for_five(
        self, client: Client, cast: Cast
    ) -> None:
        def add(count: int) -> None:
            for _ in range(count):
                ActionFinancingFactory(action_sheet=ActionSheetFactory(contract=cast.contract))

        client.force_login(cast.council_reader)
        add(5)
        with_five = count_queries(lambda: client.get(self.url))
        add(45)
        assert count_queries(lambda: client.get(self.url)) == with_five


class TestMenu:
    def test_the_menu_says_how_much_of_the_credits_is_in_the_sheets_then_what_exceeds(
        self, cast: Cast
    ) -> None:
        year = cast.contract.years[0]
        envelope = EnvelopeFactory(campaign=cast.campaign)
        assert measure_financing(cast.contract, cast.council_editor) is None
        NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=year, amount=Decimal(1000))
        sheet = ActionSheetFactory(contract=cast.contract)
        financing = ActionFinancingFactory(
            action_sheet=sheet, envelope=envelope, year=year, contributor="state", amount=Decimal(400)
        )
        started = measure_financing(cast.contract, cast.council_editor)
        assert started is not None
        assert started.text == "40 %"
        financing.amount = Decimal(1001)
        financing.save()
        exceeded = measure_financing(cast.contract, cast.council_editor)
        assert exceeded is not None
        assert (exceeded.stage, exceeded.words) == ("alert", "1 point à revoir")


def test_the_page_has_its_address(cast: Cast) -> None:
    assert reverse("funding:financing", args=["38-2030"]) == TestPage.url


class TestAutosave:
    """The boxes save by themselves, each compared with what it was opened with."""

    url = TestPage.url

    def send(self, cast: Cast, opened: dict[str, list[str]], *, person: Any = None, **boxes: str) -> Any:
        client = Client()
        client.force_login(person or cast.council_editor)
        data = {name.replace("_", "-"): text for name, text in boxes.items()}
        return client.post(self.url, data | {"opened": json.dumps(opened)}, headers={"X-Autosave": "1"})

    def test_a_box_is_stored_and_its_neighbours_are_shown_as_they_are(self, cast: Cast) -> None:
        first, second = cast.contract.years[:2]
        save(cast, second, 70)
        answer = self.send(
            cast, {f"m-ase-{first}": [""]}, **{f"m_ase_{first}": "1 000,50", f"m_ase_{second}": ""}
        )
        assert answer.status_code == 200
        content = answer.json()
        assert content["taken_over"] == [f"m-ase-{second}"]
        assert content["fields"][f"o-ase-{first}"] == "1\u202f000,50"
        stored = {row.year: row.amount for row in OwnMeans.objects.all()}
        assert stored == {first: Decimal("1000.50"), second: Decimal(70)}

    def test_an_amount_typed_otherwise_is_the_same_amount(self, cast: Cast) -> None:
        first, second = cast.contract.years[:2]
        save(cast, second, 1000)
        answer = self.send(
            cast, {f"m-ase-{first}": [""]}, **{f"m_ase_{first}": "5", f"m_ase_{second}": "1000,00"}
        )
        assert answer.json()["taken_over"] == []

    def test_a_box_that_both_changed_shows_both_and_writes_nothing(self, cast: Cast) -> None:
        first, second = cast.contract.years[:2]
        save(cast, first, 100)
        opened = {f"m-ase-{first}": [""], f"m-ase-{second}": [""]}
        answer = self.send(cast, opened, **{f"m_ase_{first}": "50", f"m_ase_{second}": "60"})
        assert answer.status_code == 409
        assert f'data-conflict-field="m-ase-{first}" data-conflict-theirs="100"' in answer.json()["html"]
        assert f"m-ase-{second}" not in answer.json()["html"]
        assert {row.year: row.amount for row in OwnMeans.objects.all()} == {first: Decimal(100)}
        chosen = self.send(
            cast, opened | {f"m-ase-{first}": ["100"]}, **{f"m_ase_{first}": "50", f"m_ase_{second}": "60"}
        )
        assert chosen.status_code == 200
        assert {row.amount for row in OwnMeans.objects.all()} == {Decimal(50), Decimal(60)}

    def test_ones_own_amount_whose_answer_was_lost_is_no_conflict(self, cast: Cast) -> None:
        first = cast.contract.years[0]
        save(cast, first, 100)
        box = f"m-ase-{first}"
        assert self.send(cast, {box: ["", "100"]}, **{f"m_ase_{first}": "120"}).status_code == 200
        assert OwnMeans.objects.get().amount == Decimal(120)
        # Back to what it was before the first of them: written too.
        assert self.send(cast, {box: ["", "120"]}, **{f"m_ase_{first}": ""}).status_code == 200
        assert not OwnMeans.objects.exists()

    def test_a_sitting_is_one_line_of_the_journal(self, cast: Cast) -> None:
        first = cast.contract.years[0]
        for former, text in (("", "1"), ("1", "12"), ("12", "120")):
            self.send(cast, {f"m-ase-{first}": [former]}, **{f"m_ase_{first}": text})
        told = JournalEntry.objects.filter(code="own_means.saved")
        assert [each.place for each in told] == ["financing"]
        change = FieldChange.objects.get(place=f"financing//ase-{first}")
        assert (change.before, change.after) == (None, "120\u00a0€")

    @pytest.mark.parametrize(
        "text",
        ["douze", "-1", "NaN", "1e9", "=1+1", "9" * 20, "\u202e12", "\t".join(["1"] * 10_000), "é" * 500_000],
    )
    def test_what_is_no_amount_is_told_at_its_box_and_nothing_is_written(self, cast: Cast, text: str) -> None:
        first, second = cast.contract.years[:2]
        opened = {f"m-ase-{first}": [""], f"m-ase-{second}": [""]}
        answer = self.send(cast, opened, **{f"m_ase_{first}": text, f"m_ase_{second}": "60"})
        assert answer.status_code == 422
        assert list(answer.json()["problems"]) == [f"m-ase-{first}"]
        assert not OwnMeans.objects.exists()

    @pytest.mark.parametrize(
        "forged", [{"place": "financing/999"}, {"version": "-1"}, {"version": "x"}, {"opened": "{"}]
    )
    def test_a_page_of_another_contract_or_garbled_is_refused(
        self, cast: Cast, forged: dict[str, str]
    ) -> None:
        first = cast.contract.years[0]
        client = Client()
        client.force_login(cast.council_editor)
        data = {f"m-ase-{first}": "60", "opened": json.dumps({f"m-ase-{first}": [""]})} | forged
        answer = client.post(self.url, data, headers={"X-Autosave": "1"})
        assert answer.status_code == 422
        assert list(answer.json()["problems"]) == list(forged)
        assert not OwnMeans.objects.exists()

    def test_a_box_that_does_not_exist_writes_nothing(self, cast: Cast) -> None:
        answer = self.send(cast, {"m-ase-1999": [""], "m-x-2030": [""]}, m_ase_1999="1", m_x_2030="1")
        assert answer.status_code == 200
        assert not OwnMeans.objects.exists()

    def test_readers_and_finalised_contracts_are_told_why(self, cast: Cast) -> None:
        first = cast.contract.years[0]
        reader = self.send(cast, {}, person=cast.council_reader, **{f"m_ase_{first}": "1"})
        assert (reader.status_code, "rôle" in reader.json()["sentence"]) == (403, True)
        Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.DRAFT)
        closed = self.send(cast, {f"m-ase-{first}": [""]}, **{f"m_ase_{first}": "1"})
        assert closed.status_code == 422
        assert "Rouvrez d’abord la négociation" in closed.json()["problems"][""]
