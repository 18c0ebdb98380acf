"""Credits move between actions of one envelope in execution, and a mistake is corrected (rule M7)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from cdppe.accounts.models import DigestSettings, User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from contracts.actions.action_sheets import delete_action_sheet
from contracts.models import JournalEntry
from contracts.workflow import ContractState
from funding import moves_forms
from funding.actions.moves import Information, correct_move
from funding.models import ActionFinancing, CreditMove, Envelope, Payer
from funding.moves import moves_page
from funding.moves_telling import move_lines
from tests.factories import ActionSheetFactory, EnvelopeFactory
from tests.moves import TODAY, YEAR, Money, make_money, put_in_force, take_the_signature_back
from tests.queries import count_queries
from tests.states import put_in_state

BASE = "/contrats/38-2030/financement/mouvements/"


@pytest.fixture
def money(db: None) -> Money:
    return make_money()


def page(client: Client, user: User, address: str = BASE) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


class TestMoving:
    def test_the_signed_amounts_stay_and_the_page_shows_both(self, money: Money) -> None:
        move = money.move()
        assert ActionFinancing.objects.get().amount == Decimal("1000.50")
        (totals,) = moves_page(money.contract).totals
        assert [(line.sheet, line.before, line.moved, line.after) for line in totals.lines] == [
            (money.first, Decimal("1000.50"), Decimal("-400.25"), Decimal("600.25")),
            (money.second, None, Decimal("400.25"), Decimal("400.25")),
        ]
        assert totals.before == totals.after == Decimal("1000.50")
        assert move.informed_kind == Payer.PREFECTURE
        entry = JournalEntry.objects.latest("sequence")
        assert entry.code == "credit_move.recorded"
        assert "400,25" in entry.sentence

    def test_only_what_an_action_has_left_goes(self, money: Money) -> None:
        money.move("1000.50")
        with pytest.raises(RuleViolation, match="n’a plus que 0"):
            money.move("0.01")
        money.move("1000.50", from_sheet=money.second, to_sheet=money.first)
        with pytest.raises(RuleViolation, match="n’a plus que"):
            money.move("1000.51")

    def test_another_year_or_envelope_has_its_own_amounts(self, money: Money) -> None:
        other = EnvelopeFactory(campaign=money.cast.campaign, code="AUTRE")
        for changes in ({"year": YEAR + 1}, {"envelope": other}):
            with pytest.raises(RuleViolation, match="n’a plus que 0"):
                money.move("1", **changes)

    @pytest.mark.parametrize(
        "changes",
        [
            {"year": YEAR - 1},
            {"year": YEAR + 3},
            {"amount": Decimal(0)},
            {"amount": Decimal(-1)},
            {"decided_on": TODAY + dt.timedelta(days=1)},
            {
                "decided_on": dt.date(TODAY.year - 1, 12, 31),
                "information": Information("x", dt.date(2020, 1, 1)),
            },
            {"information": Information("x", TODAY + dt.timedelta(days=1))},
            {"information": Information(" ", TODAY)},
            {"reason": " "},
        ],
    )
    def test_what_cannot_be_is_refused(self, money: Money, changes: dict[str, Any]) -> None:
        amount = changes.pop("amount", Decimal(1))
        with pytest.raises(RuleViolation):
            money.move(str(amount), **changes)
        assert not CreditMove.objects.exists()

    def test_both_actions_and_the_envelope_are_the_contracts(self, money: Money) -> None:
        foreign = ActionSheetFactory(contract=money.cast.foreign_contract)
        archived = ActionSheetFactory(contract=money.contract, archived_at=timezone.now())
        strange = EnvelopeFactory(code="AILLEURS")
        closed = EnvelopeFactory(campaign=money.cast.campaign, code="FERMEE", objectives=[])
        for changes in (
            {"to_sheet": foreign},
            {"to_sheet": archived},
            {"from_sheet": foreign},
            {"to_sheet": money.first},
            {"envelope": strange},
            {"envelope": closed},
        ):
            with pytest.raises(RuleViolation):
                money.move("1", **changes)
        assert not CreditMove.objects.exists()

    @pytest.mark.parametrize("state", [s for s in ContractState if s != ContractState.IN_FORCE])
    def test_only_while_the_contract_is_in_force(self, money: Money, state: ContractState) -> None:
        take_the_signature_back(money.contract)
        put_in_state(money.contract, state, by=money.cast.council_editor)
        with pytest.raises(WrongState):
            money.move()
        assert not CreditMove.objects.exists()

    def test_who_only_reads_moves_nothing(self, money: Money) -> None:
        cast = money.cast
        for person in (cast.council_reader, cast.dgcs_editor, cast.foreign_editor, cast.regional_reader):
            with pytest.raises(NotAllowed):
                money.move(by=person)

    def test_the_same_sending_twice_makes_one_move(self, money: Money) -> None:
        token = uuid.uuid4()
        assert money.move(token=token).pk == money.move(token=token).pk
        assert CreditMove.objects.count() == 1

    def test_the_people_of_the_institution_informed_are_told(self, money: Money) -> None:
        money.move()
        cast = money.cast
        section = move_lines(cast.prefect_editor, DigestSettings(), TODAY)
        assert section is not None
        assert "fiche n° 1 à la fiche n° 2" in section.lines[0].text
        for person in (cast.ars_editor, cast.council_reader, cast.foreign_prefect, cast.dgcs_reader):
            assert move_lines(person, DigestSettings(), TODAY) is None
        Envelope.objects.filter(pk=money.envelope.pk).update(payer=Payer.ARS)
        money.move("1", envelope=Envelope.objects.get(pk=money.envelope.pk))
        assert move_lines(cast.ars_editor, DigestSettings(), TODAY) is not None


class TestCorrecting:
    def correct(self, move: CreditMove, by: User, **changes: Any) -> CreditMove:
        fields = {
            "decided_on": TODAY,
            "information": Information("Le bureau", TODAY),
            "reason": "Mauvaise fiche",
        }
        return correct_move(move, **fields | changes, by=by)

    def test_an_opposite_move_undoes_it_once(self, money: Money) -> None:
        move = money.move()
        opposite = self.correct(move, money.cast.prefect_editor)
        assert (opposite.from_sheet, opposite.to_sheet) == (money.second, money.first)
        assert (opposite.corrects, opposite.amount) == (move, move.amount)
        (totals,) = moves_page(money.contract).totals
        assert [line.moved for line in totals.lines] == [0, 0]
        for again in (move, opposite):
            with pytest.raises(WrongState):
                self.correct(again, money.cast.prefect_editor)
        assert CreditMove.objects.count() == 2

    def test_it_is_refused_when_the_credits_have_gone_on(self, money: Money) -> None:
        move = money.move("400")
        money.move("300", from_sheet=money.second, to_sheet=money.first)
        with pytest.raises(RuleViolation, match="n’a plus que"):
            self.correct(move, money.cast.council_editor)

    def test_reason_information_and_role(self, money: Money) -> None:
        move = money.move()
        later = Information("x", TODAY + dt.timedelta(days=1))
        for changes in ({"reason": ""}, {"information": later}):
            with pytest.raises(RuleViolation):
                self.correct(move, money.cast.council_editor, **changes)
        with pytest.raises(NotAllowed):
            self.correct(move, money.cast.dgcs_signatory)

    def test_a_sheet_with_moves_is_not_deleted(self, money: Money) -> None:
        money.move()
        take_the_signature_back(money.contract)
        with pytest.raises(RuleViolation, match="mouvements de crédits"):
            delete_action_sheet(money.first, by=money.cast.council_editor)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("credit_move_of_some_amount", {"amount": 0}),
        ("credit_move_after_the_information", {"informed_on": TODAY + dt.timedelta(days=1)}),
        ("credit_move_with_its_reason", {"reason": ""}),
        ("credit_move_with_its_reason", {"informed_who": ""}),
    ],
)
def test_the_database_refuses(money: Money, name: str, change: dict[str, Any]) -> None:
    money.move()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        CreditMove.objects.update(**change)


def test_the_database_refuses_a_move_to_the_same_sheet(money: Money) -> None:
    money.move()
    with pytest.raises(IntegrityError, match="credit_move_between_two_sheets"), transaction.atomic():
        CreditMove.objects.update(to_sheet=money.first)


class TestPages:
    def test_the_form_opens_on_the_year_of_the_day(
        self, client: Client, money: Money, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(moves_forms, "timezone", SimpleNamespace(localdate=lambda: dt.date(2031, 5, 2)))
        text = page(client, money.cast.council_editor, f"{BASE}nouveau/")
        assert '<option value="2031" selected>' in text

    def test_from_the_form_to_the_list_the_file_and_the_correction(
        self, client: Client, money: Money
    ) -> None:
        cast = money.cast
        assert f'href="{BASE}"' in page(client, cast.council_editor, "/contrats/38-2030/financement/")
        assert "Déplacer des crédits" in page(client, cast.council_editor)
        typed = money.typed(reason="=1+1")
        assert client.post(f"{BASE}nouveau/", typed).status_code == 302
        assert client.post(f"{BASE}nouveau/", typed).status_code == 302
        move = CreditMove.objects.get()
        text = page(client, cast.council_editor, f"{BASE}?annee={YEAR}")
        assert "600,25" in text
        assert f"{BASE}{move.pk}/corriger/" in text
        assert "Aucun mouvement" in page(client, cast.council_editor, f"{BASE}?annee={YEAR + 1}")
        rows = list(
            csv.reader(io.StringIO(client.get(f"{BASE}exporter/").content.decode("utf-8-sig")), delimiter=";")
        )
        assert (rows[1][6], rows[1][11]) == ("400,25", "'=1+1")
        given = {name: typed[name] for name in ("decided_on", "informed_who", "informed_on")} | {
            "reason": "Mauvaise fiche"
        }
        assert client.post(f"{BASE}{move.pk}/corriger/", given).status_code == 302
        assert "Corrigé" in page(client, cast.council_editor)
        assert client.get(f"{BASE}{move.pk}/corriger/").status_code == 409

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("token", "x"),
            ("year", "2050"),
            ("year", "²"),
            ("envelope", "999999"),
            ("envelope", "9" * 30),
            ("from_sheet", "x"),
            ("to_sheet", ""),
            ("amount", "-1"),
            ("amount", "NaN"),
            ("amount", "0"),
            ("amount", "1,234"),
            ("amount", "9" * 30),
            ("amount", "1000,51"),
            ("decided_on", "31/02/2030"),
            ("decided_on", "2099-01-01"),
            ("informed_on", "99999-01-01"),
            ("informed_who", "x" * 201),
            ("informed_who", "avant\x00après"),
            ("reason", "x" * 501),
            ("reason", ""),
        ],
    )
    def test_what_cannot_be_is_told_and_kept(
        self, client: Client, money: Money, field: str, value: str
    ) -> None:
        client.force_login(money.cast.council_editor)
        answer = client.post(f"{BASE}nouveau/", money.typed(**{field: value}))
        assert answer.status_code == 422
        assert "fr-alert--error" in answer.content.decode() or "fr-error-text" in answer.content.decode()
        assert not CreditMove.objects.exists()

    def test_a_move_of_another_contract_does_not_exist(self, client: Client, money: Money) -> None:
        move = money.move()
        put_in_force(money.cast.foreign_contract, money.cast.foreign_editor)
        client.force_login(money.cast.foreign_editor)
        address = f"/contrats/59-2030/financement/mouvements/{move.pk}/corriger/"
        assert client.get(address).status_code == 404

    @pytest.mark.parametrize("asked", ["x", "²²²²", "20300", "-203", "9999"])
    def test_a_year_that_cannot_be_shows_a_page(self, client: Client, money: Money, asked: str) -> None:
        page(client, money.cast.council_reader, f"{BASE}?annee={asked}")

    def test_as_many_queries_for_fifty_moves_as_for_five(self, client: Client, money: Money) -> None:
        client.force_login(money.cast.council_editor)
        for _ in range(5):
            money.move("1")
        few = count_queries(lambda: client.get(BASE))
        kept = CreditMove.objects.first()
        assert kept is not None
        for _ in range(45):
            kept = replace_row(kept)
        assert count_queries(lambda: client.get(BASE)) == few


def replace_row(move: CreditMove) -> CreditMove:
    """Another move, the same but for its sending."""
    move.pk, move.token = None, uuid.uuid4()
    move._state.adding = True
    move.save()
    return move
