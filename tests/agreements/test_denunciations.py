"""A party denounces the contract, and takes back what it recorded by mistake (rule D1)."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from agreements.actions.denunciations import Letter, denounce, withdraw_denunciation
from agreements.actions.signatures import pass_the_day
from agreements.endings import last_day_of, refusal_of_letters
from agreements.endings_telling import ending_lines
from agreements.models import Denunciation, DenunciationLetter
from cdppe.accounts.models import DigestSettings, User
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation, WrongState
from contracts.models import Contract, Deadline, JournalEntry
from contracts.notices import notices_of
from contracts.workflow import ContractState
from tests.agreements.conftest import Table
from tests.factories import ContractFactory, TerritoryFactory
from tests.queries import count_queries
from tests.states import put_in_state

TODAY = timezone.localdate()
END = dt.date(2032, 12, 31)
BASE = "/contrats/38-2030/fin/"


@pytest.fixture
def in_force(table: Table) -> Table:
    """In force since New Year, until the end of its last year."""
    put_in_state(table.contract, ContractState.IN_FORCE, by=table.cast.prefect_editor)
    first = dt.date(TODAY.year, 1, 1)
    Contract.objects.filter(pk=table.contract.pk).update(
        agreed_on=None, signed_on=first, effect_on=first, planned_effect_on=None
    )
    table.contract.refresh_from_db()
    return table


def letters(table: Table, sent_on: dt.date = TODAY) -> dict[int, Letter]:
    """What the prefect sends to the two others."""
    return {table.parties[kind].pk: Letter(sent_on, f"1A 200 {kind}") for kind in ("council", "ars")}


def by_the_prefect(table: Table, sent_on: dt.date = TODAY) -> Denunciation:
    return denounce(
        table.contract,
        table.parties["prefecture"],
        letters=letters(table, sent_on),
        by=table.cast.prefect_editor,
    )


def typed(table: Table, **changes: str) -> dict[str, str]:
    given = {"confirmed": "on"}
    for kind in ("council", "ars"):
        pk = table.parties[kind].pk
        given |= {f"letter_{pk}_sent_on": f"{TODAY:%Y-%m-%d}", f"letter_{pk}_reference": f"1A {kind}"}
    return given | changes


def page(client: Client, user: User, address: str = BASE) -> str:
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return str(answer.content.decode())


class TestWhen:
    @pytest.mark.parametrize("sent_on", [dt.date(2031, 1, 1), dt.date(2031, 12, 31)])
    def test_letters_of_a_year_end_the_contract_with_it(self, sent_on: dt.date) -> None:
        assert last_day_of(sent_on) == dt.date(2031, 12, 31)

    def test_a_second_letter_after_new_year_comes_too_late(self) -> None:
        sent = [dt.date(2031, 12, 31), dt.date(2032, 1, 1)]
        assert "31 décembre 2031" in refusal_of_letters(sent, in_effect_from=None)
        assert refusal_of_letters(sent[:1], in_effect_from=None) == ""

    def test_a_letter_before_the_contract_denounces_nothing(self) -> None:
        sent = [dt.date(2031, 2, 1), dt.date(2031, 3, 1)]
        assert "01/02/2031" not in refusal_of_letters(sent, in_effect_from=dt.date(2031, 2, 1))
        assert "02/02/2031" in refusal_of_letters(sent, in_effect_from=dt.date(2031, 2, 2))


class TestDenouncing:
    def test_the_contract_ends_with_the_year_and_everybody_is_told(self, in_force: Table) -> None:
        done = by_the_prefect(in_force)
        stored = in_force.stored()
        assert stored.ends_on == done.effect_on == last_day_of(TODAY)
        assert (stored.state, done.former_ends_on) == (ContractState.IN_FORCE, END)
        assert {each.addressee for each in done.letters.all()} == {
            in_force.parties["council"],
            in_force.parties["ars"],
        }
        entry = JournalEntry.objects.latest("sequence")
        assert (entry.code, entry.institution) == ("denunciation.recorded", "Préfecture de l’Isère")
        cast = in_force.cast
        for person in (cast.council_reader, cast.ars_editor, cast.dgcs_reader):
            section = ending_lines(person, DigestSettings(), TODAY)
            assert section is not None
            assert "dénoncé par Préfecture de l’Isère" in section.lines[0].text
        for person in (cast.foreign_editor, cast.regional_reader):
            assert ending_lines(person, DigestSettings(), TODAY) is None

    def test_it_ends_the_day_after_and_the_journal_says_by_whom(self, in_force: Table) -> None:
        last = by_the_prefect(in_force).effect_on
        assert pass_the_day(last)["ended"] == 0
        assert pass_the_day(last + dt.timedelta(days=1))["ended"] == 1
        assert in_force.stored().state == ContractState.ENDED
        assert "dénoncé par Préfecture de l’Isère" in JournalEntry.objects.latest("sequence").sentence

    def test_in_the_last_year_the_end_does_not_move(self, in_force: Table) -> None:
        Contract.objects.filter(pk=in_force.contract.pk).update(ends_on=TODAY)
        assert by_the_prefect(in_force).effect_on == TODAY
        assert in_force.stored().ends_on == TODAY

    @pytest.mark.parametrize("state", [s for s in ContractState if s != ContractState.IN_FORCE])
    def test_only_a_contract_in_force_is_denounced(self, table: Table, state: ContractState) -> None:
        put_in_state(table.contract, state, by=table.cast.prefect_editor)
        with pytest.raises(WrongState):
            by_the_prefect(table)
        assert not Denunciation.objects.exists()

    def test_nobody_denounces_for_another(self, in_force: Table) -> None:
        cast = in_force.cast
        for person in (cast.council_editor, cast.council_reader, cast.dgcs_signatory, cast.foreign_prefect):
            with pytest.raises(NotAllowed):
                denounce(
                    in_force.contract, in_force.parties["prefecture"], letters=letters(in_force), by=person
                )
        assert in_force.stored().ends_on == END

    def test_every_other_party_has_its_letter(self, in_force: Table) -> None:
        whole = letters(in_force)
        own = in_force.parties["prefecture"].pk
        some = dict(list(whole.items())[:1])
        for given in ({}, some, whole | {own: Letter(TODAY, "1")}, some | {own: Letter(TODAY, "1")}):
            with pytest.raises(MissingPiece):
                denounce(
                    in_force.contract,
                    in_force.parties["prefecture"],
                    letters=given,
                    by=in_force.cast.prefect_editor,
                )
        for sent_on in (TODAY + dt.timedelta(days=1), dt.date(TODAY.year - 1, 12, 31)):
            with pytest.raises(RuleViolation):
                by_the_prefect(in_force, sent_on)

    def test_twice_is_refused(self, in_force: Table) -> None:
        by_the_prefect(in_force)
        with pytest.raises(WrongState):
            by_the_prefect(in_force)
        assert Denunciation.objects.count() == 1


class TestWithdrawing:
    def test_its_party_takes_it_back_and_the_former_end_returns(self, in_force: Table) -> None:
        by_the_prefect(in_force)
        cast = in_force.cast
        for person in (cast.council_editor, cast.dgcs_signatory):
            with pytest.raises(NotAllowed):
                withdraw_denunciation(in_force.contract, reason="Erreur", by=person)
        with pytest.raises(MissingPiece):
            withdraw_denunciation(in_force.contract, reason=" ", by=cast.prefect_editor)
        gone = withdraw_denunciation(in_force.contract, reason="Erreur", by=cast.prefect_editor)
        assert in_force.stored().ends_on == END
        assert (gone.withdrawn_by, gone.withdrawn_reason) == (cast.prefect_editor, "Erreur")
        assert by_the_prefect(in_force).pk != gone.pk
        with pytest.raises(WrongState):
            by_the_prefect(in_force)

    def test_not_once_the_contract_has_ended(self, in_force: Table) -> None:
        last = by_the_prefect(in_force).effect_on
        Contract.objects.filter(pk=in_force.contract.pk).update(ends_on=TODAY - dt.timedelta(days=1))
        Denunciation.objects.update(
            effect_on=TODAY - dt.timedelta(days=1), notified_on=TODAY - dt.timedelta(days=1)
        )
        for _ in range(2):
            with pytest.raises(WrongState):
                withdraw_denunciation(in_force.contract, reason="Erreur", by=in_force.cast.prefect_editor)
            pass_the_day(last + dt.timedelta(days=1))

    def test_nothing_to_withdraw(self, in_force: Table) -> None:
        with pytest.raises(WrongState):
            withdraw_denunciation(in_force.contract, reason="Erreur", by=in_force.cast.prefect_editor)


class TestConstraints:
    @pytest.mark.parametrize(
        ("name", "change"),
        [
            (
                "denunciation_notified_before_its_effect",
                {"notified_on": dt.date(2033, 1, 1), "effect_on": dt.date(2032, 1, 1)},
            ),
            ("denunciation_never_lengthens_the_contract", {"effect_on": dt.date(2033, 1, 1)}),
            ("denunciation_withdrawn_with_author_and_reason", {"withdrawn_at": timezone.now()}),
            ("denunciation_withdrawn_with_author_and_reason", {"withdrawn_reason": "x"}),
        ],
    )
    def test_the_database_refuses(self, in_force: Table, name: str, change: dict[str, object]) -> None:
        by_the_prefect(in_force)
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Denunciation.objects.update(**change)

    def test_one_standing_and_one_letter_with_its_number(self, in_force: Table) -> None:
        done = by_the_prefect(in_force)
        fields = {
            each.attname: getattr(done, each.attname)
            for each in done._meta.concrete_fields
            if each.name != "id"
        }
        with pytest.raises(IntegrityError), transaction.atomic():
            Denunciation.objects.create(**fields)
        with (
            pytest.raises(IntegrityError, match="denunciation_letter_with_its_reference"),
            transaction.atomic(),
        ):
            done.letters.update(reference="")
        letter = done.letters.first()
        with pytest.raises(IntegrityError), transaction.atomic():
            DenunciationLetter.objects.create(
                denunciation=done, addressee=letter.addressee, sent_on=TODAY, reference="2"
            )


class TestPages:
    def test_from_the_letters_to_the_banner_and_back(self, client: Client, in_force: Table) -> None:
        cast = in_force.cast
        Deadline.objects.create(
            campaign=cast.campaign,
            code="report",
            label="Rapport d’exécution",
            exercise=TODAY.year,
            due_on=dt.date(TODAY.year + 1, 6, 30),
        )
        pk = in_force.parties["prefecture"].pk
        address = f"{BASE}denonciation/{pk}/"
        assert address in page(client, cast.prefect_editor)
        asked = {name: value for name, value in typed(in_force).items() if name != "confirmed"}
        answer = client.post(address, asked)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert "Ce que cela change" in text
        assert "31 décembre 2032" in text
        assert f"au plus tard le 30 juin {TODAY.year + 1}" in text
        assert not Denunciation.objects.exists()
        assert client.post(address, typed(in_force)).status_code == 302
        for person, path in (
            (cast.council_reader, "/contrats/38-2030/"),
            (cast.ars_editor, "/contrats/38-2030/financement/"),
            (cast.dgcs_reader, BASE),
        ):
            assert "Contrat dénoncé par Préfecture de l’Isère" in page(client, person, path)
        assert "Dénoncé" in page(client, cast.dgcs_reader, "/contrats/")
        assert "Contrats dénoncés" in page(client, cast.dgcs_reader, "/")
        assert "denonciation/" not in page(client, cast.council_editor)
        client.force_login(cast.prefect_editor)
        assert client.get(address).status_code == 409
        assert "enregistrée par erreur" in page(client, cast.prefect_editor)
        assert client.post(f"{BASE}denonciation/retirer/", {"reason": ""}).status_code == 422
        assert client.post(f"{BASE}denonciation/retirer/", {"reason": "Mauvais contrat"}).status_code == 302
        assert "Mauvais contrat" in page(client, cast.council_reader)
        assert "fr-alert--warning" not in page(client, cast.council_reader, "/contrats/38-2030/")
        client.force_login(cast.prefect_editor)
        assert client.get(f"{BASE}denonciation/retirer/").status_code == 409

    def test_another_party_and_the_ministry_are_refused(self, client: Client, in_force: Table) -> None:
        pk = in_force.parties["prefecture"].pk
        by_the_prefect(in_force)
        for person in ("council_editor", "council_reader", "dgcs_signatory", "regional_reader"):
            client.force_login(getattr(in_force.cast, person))
            assert client.post(f"{BASE}denonciation/{pk}/", typed(in_force)).status_code == 403
            assert client.post(f"{BASE}denonciation/retirer/", {"reason": "x"}).status_code == 403
        assert Denunciation.objects.standing().count() == 1

    @pytest.mark.parametrize(
        "value", ["", "31/02/2030", "2099-01-01", "1900-01-01", "x", "\x00", "<script>alert(1)</script>"]
    )
    def test_a_date_that_cannot_be_is_told_and_what_was_typed_is_kept(
        self, client: Client, in_force: Table, value: str
    ) -> None:
        client.force_login(in_force.cast.prefect_editor)
        address = f"{BASE}denonciation/{in_force.parties['prefecture'].pk}/"
        name = f"letter_{in_force.parties['ars'].pk}_sent_on"
        answer = client.post(address, typed(in_force, **{name: value}))
        assert answer.status_code == 422
        text = answer.content.decode()
        assert "1A council" in text
        assert "<script>alert(1)" not in text
        assert not Denunciation.objects.exists()

    @pytest.mark.parametrize("value", ["", " ", "x" * 501, "avant\x00après"])
    def test_a_reason_that_cannot_be_is_told(self, client: Client, in_force: Table, value: str) -> None:
        by_the_prefect(in_force)
        client.force_login(in_force.cast.prefect_editor)
        assert client.post(f"{BASE}denonciation/retirer/", {"reason": value}).status_code == 422
        assert Denunciation.objects.standing().exists()

    @pytest.mark.parametrize("value", ["", " ", "x" * 61, "avant\x00après"])
    def test_a_number_that_cannot_be_is_told(self, client: Client, in_force: Table, value: str) -> None:
        client.force_login(in_force.cast.prefect_editor)
        address = f"{BASE}denonciation/{in_force.parties['prefecture'].pk}/"
        name = f"letter_{in_force.parties['ars'].pk}_reference"
        assert client.post(address, typed(in_force, **{name: value})).status_code == 422
        assert not Denunciation.objects.exists()


def test_notices_take_as_many_queries_for_fifty_contracts_as_for_five(in_force: Table) -> None:
    by_the_prefect(in_force)
    contracts = [in_force.contract]
    contracts += [
        ContractFactory(campaign=in_force.cast.campaign, territory=TerritoryFactory()) for _ in range(5)
    ]
    few = count_queries(lambda: notices_of(contracts[:2]))
    assert count_queries(lambda: notices_of(contracts)) == few == 1
    assert [len(found) for found in notices_of(contracts).values()] == [1, 0, 0, 0, 0, 0]
