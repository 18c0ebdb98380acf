"""The contacts of each institution: one, two at most, with e-mail and telephone (rule P2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import InstitutionKind, Invitation, Role, User
from cdppe.lib.errors import NotAllowed, RuleViolation, StaleVersion, WrongState
from contracts.actions.contacts import (
    correct_contact,
    end_contact,
    invite_contact,
    name_contact,
    replace_contact,
)
from contracts.models import Contact, Contract, FieldChange, JournalEntry
from contracts.overview import facts_of, with_facts
from contracts.progress import pieces
from contracts.workflow import ContractState
from tests.cast import Cast
from tests.queries import count_queries
from tests.states import put_in_state

INES = {
    "name": "Inès Perret",
    "position": "cheffe de projet",
    "email": "ines@isere.exemple.fr",
    "phone": "04 65 71 00 38",
}
OMAR = INES | {"name": "Omar Diallo", "email": "omar@isere.exemple.fr"}
LOU = INES | {"name": "Lou Martin", "email": "lou@isere.exemple.fr"}


def ines(cast: Cast) -> Contact:
    return name_contact(cast.contract, cast.council, fields=INES, by=cast.council_editor)


def address(contract: Contract, name: str, pk: int) -> str:
    return reverse(f"contracts:{name}", args=[contract.reference, pk])


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.django_db
class TestNaming:
    def test_an_institution_names_two_contacts_and_no_third(self, cast: Cast) -> None:
        first, second = (
            ines(cast),
            name_contact(cast.contract, cast.council, fields=OMAR, by=cast.council_editor),
        )
        assert (first.seat, second.seat) == (1, 2)
        with pytest.raises(RuleViolation, match="a déjà deux contacts"):
            name_contact(cast.contract, cast.council, fields=LOU, by=cast.council_editor)
        # Another contract of the same institution has its own.
        assert Contact.objects.count() == 2

    def test_the_database_itself_refuses_a_third_and_a_rank_taken_twice(self, cast: Cast) -> None:
        ines(cast)
        for rank in (0, 1, 3):
            with pytest.raises(IntegrityError), transaction.atomic():
                Contact.objects.create(contract=cast.contract, institution=cast.council, seat=rank, **OMAR)

    def test_an_address_is_named_once_whatever_its_case(self, cast: Cast) -> None:
        ines(cast)
        with pytest.raises(RuleViolation, match="déjà celle d’un contact"):
            name_contact(
                cast.contract,
                cast.council,
                fields=OMAR | {"email": "INES@isere.exemple.fr"},
                by=cast.council_editor,
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            Contact.objects.create(
                contract=cast.contract,
                institution=cast.council,
                seat=2,
                **(OMAR | {"email": "INES@isere.exemple.fr"}),
            )

    @pytest.mark.parametrize("state", ContractState.values)
    def test_people_change_in_every_state_of_the_contract(self, cast: Cast, state: str) -> None:
        put_in_state(cast.contract, state, by=cast.council_editor)
        assert ines(cast).is_current

    @pytest.mark.parametrize(
        "person", ["prefect_editor", "council_reader", "dgcs_editor", "foreign_editor", "outsider"]
    )
    def test_only_the_institution_s_own_editors_and_administrators_name_its_contacts(
        self, cast: Cast, person: str
    ) -> None:
        with pytest.raises(NotAllowed, match="Département de l’Isère"):
            name_contact(cast.contract, cast.council, fields=INES, by=getattr(cast, person))

    def test_a_reader_who_administers_the_institution_names_its_contacts(self, cast: Cast) -> None:
        cast.council_administrator.memberships.update(role=Role.READER)
        by = User.objects.get(pk=cast.council_administrator.pk)
        assert name_contact(cast.contract, cast.council, fields=INES, by=by).named_by == by

    def test_an_institution_names_nobody_for_another_territory_s_contract(self, cast: Cast) -> None:
        with pytest.raises(RuleViolation, match="n’est pas partie à ce contrat"):
            name_contact(cast.foreign_contract, cast.council, fields=INES, by=cast.council_editor)

    def test_what_changes_enters_the_history_and_the_journal(self, cast: Cast) -> None:
        contact = ines(cast)
        correct_contact(
            contact, fields=INES | {"phone": "06 39 98 00 38"}, version=1, by=cast.council_administrator
        )
        change = FieldChange.objects.get(before="04 65 71 00 38")
        assert (change.after, change.by) == ("06 39 98 00 38", cast.council_administrator)
        codes = set(JournalEntry.objects.values_list("code", flat=True))
        assert {"contact.named", "contact.corrected"} <= codes

    def test_the_second_of_two_corrections_sees_the_first(self, cast: Cast) -> None:
        contact = ines(cast)
        correct_contact(contact, fields=LOU, version=1, by=cast.council_editor)
        with pytest.raises(StaleVersion) as refusal:
            correct_contact(contact, fields=OMAR, version=1, by=cast.council_administrator)
        assert refusal.value.stored.name == "Lou Martin"


@pytest.mark.django_db
class TestLeaving:
    def test_one_who_leaves_is_replaced_and_stays_in_the_history(self, cast: Cast) -> None:
        contact = ines(cast)
        Contact.objects.update(joined_on=dt.date(2030, 1, 7))
        successor = replace_contact(contact, left_on=dt.date(2030, 6, 3), fields=OMAR, by=cast.council_editor)
        contact.refresh_from_db()
        assert (contact.left_on, contact.successor) == (dt.date(2030, 6, 3), successor)
        assert (successor.joined_on, successor.seat) == (dt.date(2030, 6, 3), contact.seat)
        assert [each.name for each in cast.contract.contacts.current()] == ["Omar Diallo"]

    def test_two_contacts_can_each_be_replaced(self, cast: Cast) -> None:
        first = ines(cast)
        name_contact(cast.contract, cast.council, fields=OMAR, by=cast.council_editor)
        today = timezone.localdate()
        replace_contact(first, left_on=today, fields=LOU, by=cast.council_editor)
        assert cast.contract.contacts.current().count() == 2

    def test_one_who_left_is_neither_replaced_nor_corrected_again(self, cast: Cast) -> None:
        contact = ines(cast)
        today = timezone.localdate()
        end_contact(contact, left_on=today, by=cast.council_editor)
        for gesture in (
            lambda: end_contact(contact, left_on=today, by=cast.council_editor),
            lambda: replace_contact(contact, left_on=today, fields=OMAR, by=cast.council_editor),
            lambda: correct_contact(contact, fields=OMAR, version=2, by=cast.council_editor),
            lambda: invite_contact(contact, by=cast.council_administrator),
        ):
            with pytest.raises(WrongState, match="n’est plus contact"):
                gesture()
        assert Contact.objects.count() == 1

    def test_nobody_leaves_before_coming(self, cast: Cast) -> None:
        with pytest.raises(RuleViolation, match="ne peut pas être antérieure"):
            end_contact(ines(cast), left_on=dt.date(2000, 1, 1), by=cast.council_editor)

    def test_who_comes_back_is_named_again(self, cast: Cast) -> None:
        end_contact(ines(cast), left_on=timezone.localdate(), by=cast.council_editor)
        assert ines(cast).seat == 1


@pytest.mark.django_db
class TestProgress:
    def test_an_institution_without_contact_is_named_and_it_is_its_turn(self, cast: Cast) -> None:
        def piece() -> Any:
            stored = with_facts(Contract.objects.filter(pk=cast.contract.pk)).get()
            return next(each for each in pieces(facts_of(stored)) if each.code == "contacts")

        assert not piece().is_done
        contact = ines(cast)
        assert piece().detail == "À nommer : la préfecture, l’ARS."
        assert piece().turn == ("prefecture", "ars")
        for kind, by in (("prefecture", cast.prefect_editor), ("ars", cast.ars_editor)):
            own = by.memberships.get().institution
            name_contact(cast.contract, own, fields=INES | {"email": f"{kind}@exemple.fr"}, by=by)
        assert piece().is_done
        end_contact(contact, left_on=timezone.localdate(), by=cast.council_editor)
        assert piece().turn == (InstitutionKind.COUNCIL,)


@pytest.mark.django_db
class TestPages:
    def test_everybody_who_sees_the_contract_reads_the_contacts_and_nobody_else(
        self, client: Client, cast: Cast
    ) -> None:
        contact = ines(cast)
        url = reverse("contracts:details-edit", args=[cast.contract.reference])
        for person in ("council_reader", "prefect_editor", "regional_reader", "dgcs_reader"):
            client.force_login(getattr(cast, person))
            page = words(client.get(url))
            assert 'href="mailto:ines@isere.exemple.fr"' in page
            assert 'href="tel:+33465710038"' in page
            assert reverse("contracts:contact-edit", args=["38-2030", contact.pk]) not in page
        client.force_login(cast.foreign_editor)
        assert client.get(url).status_code == 404

    def test_a_contact_is_named_from_the_page_with_the_number_as_it_is_written(
        self, client: Client, cast: Cast
    ) -> None:
        client.force_login(cast.council_editor)
        url = address(cast.contract, "contact-create", cast.council.pk)
        answer = client.post(url, INES | {"phone": "+33 (0)4.65.71.00.38", "email": "INES@isere.exemple.fr"})
        assert answer.headers["Location"] == "/contrats/38-2030/informations/#id_contacts"
        contact = Contact.objects.get()
        assert (contact.phone, contact.email) == ("04 65 71 00 38", "ines@isere.exemple.fr")
        again = client.post(url, INES)
        assert again.status_code == 422
        assert "déjà celle d’un contact" in words(again)

    @pytest.mark.parametrize(
        ("field", "value", "sentence"),
        [
            ("phone", "3939", "n’est pas complet"),
            ("phone", "+44 20 7946 0000", "n’est pas un numéro français"),
            ("phone", "", "Écrivez le téléphone"),
            ("email", "ines", "adresse"),
            ("name", "", "Écrivez le prénom"),
            ("name", "\u202e\x0b", "Écrivez le prénom"),
            ("name", "x" * 161, "160"),
            ("position", "é" * 500_000, "200"),
            ("position", "a\x00b", "nul"),
        ],
    )
    def test_a_wrong_field_is_refused_in_a_sentence_and_stays_typed(
        self, client: Client, cast: Cast, field: str, value: str, sentence: str
    ) -> None:
        client.force_login(cast.council_editor)
        answer = client.post(address(cast.contract, "contact-create", cast.council.pk), INES | {field: value})
        assert answer.status_code == 422
        assert sentence in words(answer)
        assert answer.context["form"][field].value() == value
        assert not Contact.objects.exists()

    def test_a_save_over_somebody_else_s_shows_both_texts(self, client: Client, cast: Cast) -> None:
        contact = ines(cast)
        correct_contact(contact, fields=LOU, version=1, by=cast.council_administrator)
        client.force_login(cast.council_editor)
        url = address(cast.contract, "contact-edit", contact.pk)
        answer = client.post(url, OMAR | {"version": "1"})
        assert answer.status_code == 409
        page = words(answer)
        assert "Lou Martin" in page
        assert "Omar Diallo" in page
        second = answer.context["form"]["version"].value()
        assert client.post(url, OMAR | {"version": second}).status_code == 302
        for token in ("", "-1", "x"):
            assert client.post(url, OMAR | {"version": token}).status_code == 422

    def test_a_departure_to_come_is_refused(self, client: Client, cast: Cast) -> None:
        contact = ines(cast)
        client.force_login(cast.council_editor)
        tomorrow = timezone.localdate() + dt.timedelta(days=1)
        for name, data in (("contact-end", {}), ("contact-replace", OMAR)):
            answer = client.post(
                address(cast.contract, name, contact.pk), data | {"left_on": tomorrow.isoformat()}
            )
            assert answer.status_code == 422
            assert "à venir" in words(answer)
        answer = client.post(
            address(cast.contract, "contact-replace", contact.pk),
            OMAR | {"left_on": timezone.localdate().isoformat()},
            follow=True,
        )
        page = words(answer)
        assert "Omar Diallo remplace Inès Perret." in page
        assert "remplacé par Omar Diallo" in page

    def test_a_contact_without_account_is_invited_in_one_gesture(
        self, client: Client, cast: Cast, mailoutbox: list[Any], django_capture_on_commit_callbacks: Any
    ) -> None:
        contact = ines(cast)
        url = address(cast.contract, "contact-invite", contact.pk)
        client.force_login(cast.council_editor)
        assert "Inviter" not in words(client.get("/contrats/38-2030/informations/"))
        assert "Seules les personnes qui administrent" in words(client.post(url, follow=True))
        assert not Invitation.objects.exists()
        client.force_login(cast.council_administrator)
        assert "Sans compte sur ce site" in words(client.get("/contrats/38-2030/informations/"))
        with django_capture_on_commit_callbacks(execute=True):
            page = words(client.post(url, follow=True))
        assert "Invitation envoyée, pas encore acceptée" in page
        assert (mailoutbox[0].to, Invitation.objects.get().role) == (["ines@isere.exemple.fr"], Role.EDITOR)

    def test_a_contact_with_an_account_is_not_invited(self, client: Client, cast: Cast) -> None:
        name_contact(
            cast.contract,
            cast.council,
            fields=INES | {"email": cast.council_reader.email},
            by=cast.council_editor,
        )
        client.force_login(cast.council_administrator)
        assert "Sans compte sur ce site" not in words(client.get("/contrats/38-2030/informations/"))

    def test_a_contact_of_another_contract_does_not_exist_here(self, client: Client, cast: Cast) -> None:
        own = cast.foreign_editor.memberships.get().institution
        foreign = name_contact(cast.foreign_contract, own, fields=INES, by=cast.foreign_editor)
        client.force_login(cast.council_administrator)
        for name in ("contact-edit", "contact-replace", "contact-end", "contact-invite"):
            assert client.post(address(cast.contract, name, foreign.pk), OMAR).status_code == 404
        assert client.post(address(cast.contract, "contact-create", own.pk), OMAR).status_code == 404

    def test_fifty_who_left_cost_as_many_queries_as_five(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.council_editor)

        def leave(count: int) -> None:
            for _ in range(count):
                end_contact(ines(cast), left_on=timezone.localdate(), by=cast.council_editor)

        leave(5)
        few = count_queries(lambda: client.get("/contrats/38-2030/informations/"))
        leave(45)
        assert count_queries(lambda: client.get("/contrats/38-2030/informations/")) == few
