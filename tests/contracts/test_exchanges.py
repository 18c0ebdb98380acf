"""Exchanges: threads at a place of a contract, messages, mentions, settling; what concerns whom (P3)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.models import InstitutionKind, User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from contracts.actions.exchanges import mark_read, open_thread, reopen_thread, reply, settle_thread
from contracts.exchanges import exchanges_section, measure_exchanges
from contracts.models import Contract, JournalEntry, Mention, Message, MessageKind, Thread, ThreadReading
from contracts.places import Place
from contracts.workflow import ContractState
from contracts.workspace import Stage
from tests.cast import Cast
from tests.factories import ActionSheetFactory, InstitutionFactory, MembershipFactory, UserFactory
from tests.queries import count_queries
from tests.states import put_in_state

SCRIPT = "<script>alert(1)</script>"


def opened(
    contract: Contract, by: User, text: str = "Pourquoi ?", place: Place | None = None, **more: Any
) -> Thread:
    return open_thread(contract, place or Place("objectives"), text=text, token=uuid.uuid4(), by=by, **more)


def answered(thread: Thread, by: User, text: str = "Parce que.", **more: Any) -> Message:
    return reply(thread, text=text, token=uuid.uuid4(), by=by, **more)


def named(person: User, first: str, last: str) -> User:
    User.objects.filter(pk=person.pk).update(first_name=first, last_name=last)
    person.refresh_from_db()
    return person


def fresh(person: User) -> User:
    """The person as a new request knows them."""
    return User.objects.get(pk=person.pk)


def address(contract: Contract, name: str = "exchanges", *more: int) -> str:
    return reverse(f"contracts:{name}", args=[contract.reference, *more])


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


# --- Opening, answering ------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestOpening:
    def test_a_thread_keeps_the_words_and_the_text_of_its_place(self, cast: Cast) -> None:
        sheet = ActionSheetFactory(contract=cast.contract, description="Ouvrir trois places.")
        thread = opened(
            cast.contract, cast.council_reader, "Trois ?", Place("sheets", sheet.pk, "description")
        )
        assert thread.place == f"sheets/{sheet.pk}/description"
        assert thread.place_label == f"Fiche action n° {sheet.number} – Description de l’action"
        assert thread.place_text == "Ouvrir trois places."
        message = thread.messages.get()
        assert (message.number, message.by, message.institution) == (1, cast.council_reader, cast.council)
        assert JournalEntry.objects.filter(contract=cast.contract, code="thread.opened").count() == 1

    @pytest.mark.parametrize("state", ContractState.values)
    def test_one_talks_in_every_state_of_the_contract(self, cast: Cast, state: str) -> None:
        put_in_state(cast.contract, state, by=cast.council_editor)
        thread = opened(cast.contract, cast.dgcs_reader)
        answered(thread, cast.council_reader)
        settle_thread(thread, by=cast.prefect_editor)
        assert Thread.objects.get().is_settled
        assert Contract.objects.get(pk=cast.contract.pk).state == state

    @pytest.mark.parametrize(
        ("person", "label"),
        [
            ("dgcs_reader", "Question de la DGCS"),
            ("council_editor", ""),
            ("regional_reader", ""),
        ],
    )
    def test_a_thread_of_the_ministry_is_marked_as_its_question(
        self, cast: Cast, person: str, label: str
    ) -> None:
        thread = opened(cast.contract, getattr(cast, person))
        assert thread.question_label == label
        assert Thread.objects.of_ministry().exists() == bool(label)

    def test_a_sheet_of_another_contract_is_no_place(self, cast: Cast) -> None:
        foreign = ActionSheetFactory(contract=cast.foreign_contract)
        with pytest.raises(RuleViolation, match="n’est pas, ou n’est plus"):
            opened(cast.contract, cast.council_editor, place=Place("sheets", foreign.pk))
        assert not Thread.objects.exists()

    @pytest.mark.parametrize("person", ["foreign_editor", "outsider"])
    def test_who_does_not_see_the_contract_says_nothing(self, cast: Cast, person: str) -> None:
        with pytest.raises(NotAllowed):
            opened(cast.contract, getattr(cast, person))

    @pytest.mark.parametrize("text", ["", " \n ", "\x00\u202e\ud800"])
    def test_an_empty_message_is_refused(self, cast: Cast, text: str) -> None:
        with pytest.raises(RuleViolation, match="Écrivez votre message"):
            opened(cast.contract, cast.council_editor, text)
        assert not Thread.objects.exists()

    def test_what_is_invisible_is_not_kept(self, cast: Cast) -> None:
        thread = opened(cast.contract, cast.council_editor, "Bon\x0bjour \u202eà\ud800 tous\r\nMerci")
        assert thread.messages.get().text == "Bonjour à tous\nMerci"

    def test_a_message_of_a_megabyte_is_refused_with_its_length(self, cast: Cast) -> None:
        with pytest.raises(RuleViolation, match="500000 caractères"):
            opened(cast.contract, cast.council_editor, "é" * 500_000)

    def test_the_institution_is_the_nearest_to_the_contract(self, cast: Cast) -> None:
        MembershipFactory(
            user=cast.dgcs_editor,
            institution=InstitutionFactory(
                kind=InstitutionKind.PREFECTURE, territory=cast.isere, name="Sous-préfecture"
            ),
        )
        assert opened(cast.contract, fresh(cast.dgcs_editor)).institution.name == "Sous-préfecture"


@pytest.mark.django_db
class TestAnswering:
    def test_messages_are_numbered_in_their_order(self, cast: Cast) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        answered(thread, cast.council_editor)
        settle_thread(thread, by=cast.council_editor)
        reopen_thread(thread, by=cast.dgcs_reader)
        assert list(thread.messages.order_by("number").values_list("number", "kind")) == [
            (1, MessageKind.TEXT),
            (2, MessageKind.TEXT),
            (3, MessageKind.SETTLED),
            (4, MessageKind.REOPENED),
        ]
        thread.refresh_from_db()
        assert (thread.message_count, thread.settled_by, thread.settled_at) == (4, None, None)

    def test_a_form_sent_twice_makes_one_message(self, cast: Cast) -> None:
        token = uuid.uuid4()
        thread = open_thread(cast.contract, Place("sheets"), text="Une fois", token=token, by=cast.ars_editor)
        again = open_thread(cast.contract, Place("sheets"), text="Une fois", token=token, by=cast.ars_editor)
        assert again == thread
        second = uuid.uuid4()
        first_reply = reply(thread, text="Oui", token=second, by=cast.council_editor)
        assert reply(thread, text="Oui", token=second, by=cast.council_editor) == first_reply
        assert Message.objects.count() == 2

    def test_the_token_of_somebody_else_or_of_another_thread_is_refused(self, cast: Cast) -> None:
        thread, other = opened(cast.contract, cast.ars_editor), opened(cast.contract, cast.ars_editor)
        token = thread.messages.get().token
        assert token is not None
        with pytest.raises(RuleViolation, match="rechargez"):
            reply(thread, text="Non", token=token, by=cast.council_editor)
        with pytest.raises(RuleViolation, match="rechargez"):
            reply(other, text="Non", token=token, by=cast.ars_editor)
        assert Message.objects.count() == 2

    def test_one_answers_and_settles_in_one_gesture(self, cast: Cast) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        answered(thread, cast.council_editor, settles=True)
        thread.refresh_from_db()
        assert (thread.is_settled, thread.settled_by) == (True, cast.council_editor)

    def test_settling_twice_says_who_did_it(self, cast: Cast) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        settle_thread(thread, by=cast.council_editor)
        with pytest.raises(WrongState, match="déjà marqué comme réglé par Camille"):
            settle_thread(thread, by=cast.prefect_editor)
        reopen_thread(thread, by=cast.prefect_editor)
        with pytest.raises(WrongState, match="déjà rouvert"):
            reopen_thread(thread, by=cast.council_editor)

    def test_the_database_refuses_to_change_a_message(self, cast: Cast) -> None:
        message = opened(cast.contract, cast.dgcs_reader).messages.get()
        for change in ({"text": "Autre"}, {"by": cast.council_editor}, {"at": timezone.now()}):
            with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
                Message.objects.filter(pk=message.pk).update(**change)
        message.text = "Autre"
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            message.save()

    def test_nothing_that_was_said_goes_with_what_it_was_said_of(self, cast: Cast) -> None:
        opened(cast.contract, cast.dgcs_reader)
        with pytest.raises(DatabaseError), transaction.atomic():
            Thread.objects.all().delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            cast.dgcs_reader.delete()


# --- Mentions, what concerns whom --------------------------------------------------------------------------


@pytest.mark.django_db
class TestMentions:
    def test_a_name_in_the_text_and_a_choice_in_the_list_mention_each_once(self, cast: Cast) -> None:
        named(cast.ars_editor, "Alex", "Girard")
        thread = opened(
            cast.contract,
            cast.council_editor,
            "@alex girard, votre avis ? @Alex Girard",
            mentioned=[cast.ars_editor.pk, cast.dgcs_reader.pk],
        )
        people = Mention.objects.filter(message__thread=thread).values_list("person", flat=True)
        assert sorted(people) == sorted([cast.ars_editor.pk, cast.dgcs_reader.pk])

    @pytest.mark.parametrize("person", ["foreign_editor", "outsider", "disabled"])
    def test_somebody_who_does_not_see_the_contract_is_not_mentioned(self, cast: Cast, person: str) -> None:
        stranger = named(getattr(cast, person), "Maxime", "Lefebvre")
        with pytest.raises(RuleViolation, match="ne suit pas ce contrat"):
            opened(cast.contract, cast.council_editor, mentioned=[stranger.pk])
        with pytest.raises(RuleViolation, match="« @Maxime Lefebvre » ne désigne personne"):
            opened(cast.contract, cast.council_editor, "@Maxime Lefebvre ?")
        assert not Thread.objects.exists()
        assert not Message.objects.exists()

    def test_two_people_of_one_name_are_told_apart_by_their_addresses(self, cast: Cast) -> None:
        named(cast.ars_editor, "Alex", "Girard")
        named(cast.prefect_editor, "Alex", "Girard")
        with pytest.raises(RuleViolation, match="Plusieurs personnes s’appellent « Alex Girard »"):
            opened(cast.contract, cast.council_editor, "@Alex Girard ?")
        thread = opened(cast.contract, cast.council_editor, f"@{cast.ars_editor.email} ?")
        assert Mention.objects.get(message__thread=thread).person == cast.ars_editor


def stage(contract: Contract, person: User) -> tuple[str, str] | None:
    progress = measure_exchanges(contract, fresh(person))
    return None if progress is None else (progress.stage, progress.text)


@pytest.mark.django_db
class TestWhoseTurn:
    def test_a_contract_where_nobody_spoke_has_no_counter(self, cast: Cast) -> None:
        assert stage(cast.contract, cast.council_editor) is None

    def test_a_question_of_the_ministry_waits_for_the_three_parties_until_one_answers(
        self, cast: Cast
    ) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        for person in (cast.council_reader, cast.prefect_editor, cast.ars_editor):
            assert stage(cast.contract, person) == (Stage.ALERT, "1")
        for person in (cast.dgcs_reader, cast.dgcs_editor, cast.regional_reader):
            assert stage(cast.contract, person) == (Stage.STARTED, "1")
        answered(thread, cast.council_editor)
        assert stage(cast.contract, cast.prefect_editor) == (Stage.STARTED, "1")
        assert stage(cast.contract, cast.dgcs_reader) == (Stage.ALERT, "1")
        mark_read(Thread.objects.get(), by=cast.dgcs_reader)
        assert stage(cast.contract, cast.dgcs_reader) == (Stage.STARTED, "1")
        settle_thread(thread, by=cast.council_editor)
        assert stage(cast.contract, cast.prefect_editor) == (Stage.DONE, "0")

    def test_a_mention_waits_until_the_person_writes_not_until_they_read(self, cast: Cast) -> None:
        thread = opened(cast.contract, cast.council_editor, mentioned=[cast.regional_reader.pk])
        mark_read(thread, by=cast.regional_reader)
        assert stage(cast.contract, cast.regional_reader) == (Stage.ALERT, "1")
        answered(thread, cast.regional_reader)
        assert stage(cast.contract, cast.regional_reader) == (Stage.STARTED, "1")

    def test_a_question_to_another_territory_waits_for_nobody_here(self, cast: Cast) -> None:
        opened(cast.foreign_contract, cast.dgcs_reader)
        assert not Thread.objects.visible_to(fresh(cast.council_editor)).exists()
        waiting = Thread.objects.for_reader(fresh(cast.council_editor)).waiting()
        assert not waiting.exists()

    def test_the_counter_costs_one_query_for_fifty_threads_as_for_five(self, cast: Cast) -> None:
        reader = fresh(cast.council_editor)
        for _ in range(5):
            opened(cast.contract, cast.dgcs_reader)
        few = count_queries(lambda: measure_exchanges(cast.contract, reader))
        for _ in range(45):
            opened(cast.contract, cast.dgcs_reader)
        assert count_queries(lambda: measure_exchanges(cast.contract, reader)) == few == 1


@pytest.mark.django_db
class TestDigest:
    def test_it_tells_mentions_answers_and_questions_by_one_line_a_thread(self, cast: Cast) -> None:
        since = timezone.now() - dt.timedelta(hours=1)
        today = timezone.localdate()
        named(cast.dgcs_reader, "Dominique", "Laurent")
        question = opened(cast.contract, cast.dgcs_reader)
        mine = opened(cast.contract, cast.council_editor)
        answered(mine, cast.ars_editor)
        answered(mine, cast.prefect_editor)
        opened(cast.contract, cast.ars_editor, mentioned=[cast.council_editor.pk])
        opened(cast.contract, cast.ars_editor)
        section = exchanges_section(fresh(cast.council_editor), since, today)
        assert section is not None
        assert section.title == "Échanges qui vous concernent"
        assert len(section.lines) == 3
        first = section.lines[0]
        assert first.text == ("Isère – 2030-2032 : Dominique Laurent (DGCS) pose une question – Objectifs")
        assert first.path.endswith(f"/contrats/38-2030/echanges/{question.pk}/#message-1")
        assert section.lines[1].path.endswith(f"/echanges/{mine.pk}/#message-3")
        assert "vous mentionne" in section.lines[2].text

    def test_it_says_nothing_of_what_was_read_written_before_or_elsewhere(self, cast: Cast) -> None:
        now = timezone.now()
        thread = opened(cast.contract, cast.dgcs_reader)
        opened(cast.foreign_contract, cast.dgcs_reader)
        today = timezone.localdate()
        assert exchanges_section(fresh(cast.council_editor), now + dt.timedelta(hours=1), today) is None
        mark_read(thread, by=cast.council_editor)
        assert exchanges_section(fresh(cast.council_editor), now - dt.timedelta(hours=1), today) is None
        assert exchanges_section(fresh(cast.dgcs_reader), now - dt.timedelta(hours=1), today) is None
        assert exchanges_section(fresh(cast.outsider), now - dt.timedelta(hours=1), today) is None


# --- Pages -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestPages:
    def test_a_thread_is_opened_from_a_field_and_leads_back_to_it(self, client: Client, cast: Cast) -> None:
        sheet = ActionSheetFactory(contract=cast.contract, public="Enfants de 0 à 3 ans")
        client.force_login(cast.dgcs_reader)
        sheet_page = words(client.get(f"/contrats/38-2030/fiches/{sheet.number}/"))
        link = f"/contrats/38-2030/echanges/nouveau/?lieu=sheets/{sheet.pk}/public"
        assert f'href="{link}"' in sheet_page
        page = client.get(link)
        assert "Enfants de 0 à 3 ans" in words(page)
        form = page.context["form"]
        answer = client.post(
            "/contrats/38-2030/echanges/nouveau/",
            {"place": form["place"].value(), "text": "Combien ?", "token": form["token"].value()},
        )
        thread = Thread.objects.get()
        assert answer.headers["Location"] == address(cast.contract, "thread", thread.pk)
        shown = words(client.get(answer.headers["Location"]))
        assert "Question de la DGCS" in shown
        assert f'href="/contrats/38-2030/fiches/{sheet.number}/#id_public"' in shown
        client.force_login(cast.council_editor)
        again = words(client.get(f"/contrats/38-2030/fiches/{sheet.number}/"))
        assert f'href="/contrats/38-2030/echanges/?lieu=sheets/{sheet.pk}/public"' in again
        assert ": 1 échange, dont 1 ouvert" in again

    def test_a_place_that_is_gone_says_so_with_the_text_that_it_had(self, client: Client, cast: Cast) -> None:
        sheet = ActionSheetFactory(contract=cast.contract, public="Enfants de 0 à 3 ans")
        number = sheet.number
        thread = opened(cast.contract, cast.dgcs_reader, place=Place("sheets", sheet.pk, "public"))
        client.force_login(cast.council_reader)
        url = address(cast.contract, "thread", thread.pk)
        assert "Le texte de cet endroit" not in words(client.get(url))
        sheet.public = "Enfants de 0 à 6 ans"
        sheet.save()
        assert "Enfants de 0 à 3 ans" in words(client.get(url))
        sheet.delete()
        shown = words(client.get(url))
        assert "n’existe plus" in shown
        assert f"Fiche action n° {number} – Public cible" in shown
        assert "Enfants de 0 à 3 ans" in shown
        assert client.get(address(cast.contract)).status_code == 200

    def test_a_text_stays_a_text(self, client: Client, cast: Cast) -> None:
        thread = opened(cast.contract, cast.council_editor, f"{SCRIPT}\n{{{{7*7}}}}")
        client.force_login(cast.dgcs_reader)
        for url in (address(cast.contract), address(cast.contract, "thread", thread.pk)):
            page = client.get(url).content.decode()
            assert SCRIPT not in page
            assert "&lt;script&gt;" in page
            assert "{{7*7}}" in page

    def test_a_refused_message_stays_in_the_page(self, client: Client, cast: Cast) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        client.force_login(cast.council_editor)
        url = address(cast.contract, "thread", thread.pk)
        for data, sentence in (
            ({"text": "Oui @Jean Petit"}, "ne désigne personne qui suit ce contrat"),
            ({"text": "Oui", "mentioned": str(cast.foreign_editor.pk)}, "ne suit pas ce contrat"),
            ({"text": "Oui", "mentioned": "²"}, "ne suit pas ce contrat"),
            ({"text": "Oui" + "é" * 20_000}, "10000"),
            ({"text": "Oui", "token": "x"}, "Rechargez la page"),
            ({"text": ""}, "Écrivez votre message"),
        ):
            answer = client.post(url, {"token": str(uuid.uuid4()), **data})
            assert answer.status_code == 422
            assert sentence in words(answer)
            assert data["text"] in answer.context["form"]["text"].value()
            uuid.UUID(str(answer.context["form"]["token"].value()))
        assert Message.objects.count() == 1

    @pytest.mark.parametrize(
        "place",
        [
            "",
            "nulle-part",
            "sheets/1/2/3",
            "sheets/999999999",
            "objectives/999999999",
            "x" * 300,
            SCRIPT,
            "a\x00b",
        ],
    )
    def test_an_unknown_place_opens_nothing(self, client: Client, cast: Cast, place: str) -> None:
        client.force_login(cast.council_editor)
        url = address(cast.contract, "thread-open")
        assert client.get(url, {"lieu": place}).status_code == 200
        answer = client.post(url, {"place": place, "text": "Ici", "token": str(uuid.uuid4())})
        assert answer.status_code == 422
        assert not Thread.objects.exists()

    def test_a_thread_of_another_contract_does_not_exist_here(self, client: Client, cast: Cast) -> None:
        thread = opened(cast.foreign_contract, cast.dgcs_reader)
        client.force_login(cast.dgcs_reader)
        assert client.get(address(cast.contract, "thread", thread.pk)).status_code == 404
        for name in ("thread", "thread-settle", "thread-reopen"):
            answer = client.post(address(cast.contract, name, thread.pk), {"text": "Non"})
            assert answer.status_code == 404

    def test_the_list_filters(self, client: Client, cast: Cast) -> None:
        sheet = ActionSheetFactory(contract=cast.contract)
        question = opened(cast.contract, cast.dgcs_reader, "Une question")
        mention = opened(
            cast.contract,
            cast.ars_editor,
            "Un mot",
            Place("sheets", sheet.pk, "public"),
            mentioned=[cast.council_reader.pk],
        )
        done = opened(cast.contract, cast.ars_editor, "Fini")
        settle_thread(done, by=cast.ars_editor)
        mine = opened(cast.contract, cast.council_reader, "De moi", Place("sheets"))
        client.force_login(cast.council_reader)

        def found(**asked: str) -> set[int]:
            answer = client.get(address(cast.contract), asked)
            assert answer.status_code == 200
            return {line.thread.pk for line in answer.context["lines"]}

        assert found() == {question.pk, mention.pk, mine.pk}
        assert found(etat="settled") == {done.pk}
        assert found(etat="tous") == {question.pk, mention.pk, mine.pk, done.pk}
        assert found(qui="attend") == {question.pk, mention.pk}
        assert found(qui="mention") == {mention.pk}
        assert found(qui="moi") == {mine.pk}
        assert found(ministere="on") == {question.pk}
        assert found(partie="sheets") == {mention.pk, mine.pk}
        assert found(q="question") == {question.pk}
        assert found(q="public") == {mention.pk}
        assert found(lieu=f"sheets/{sheet.pk}/public") == {mention.pk}
        assert found(etat="autre", qui="x", partie="y", lieu="z", q="a\x00") == {
            question.pk,
            mention.pk,
            mine.pk,
        }

    def test_reading_a_thread_is_noted_once(self, client: Client, cast: Cast) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        client.force_login(cast.council_reader)
        (line,) = client.get(address(cast.contract)).context["lines"]
        assert (line.news, line.is_waiting, line.reason) == (
            1,
            True,
            "Une réponse de votre institution est attendue",
        )
        for _ in range(2):
            client.get(address(cast.contract, "thread", thread.pk))
        assert ThreadReading.objects.get(person=cast.council_reader).last_number == 1
        (line,) = client.get(address(cast.contract)).context["lines"]
        assert (line.news, line.is_waiting) == (0, True)

    def test_settling_and_reopening_say_what_happened(self, client: Client, cast: Cast) -> None:
        thread = opened(cast.contract, cast.dgcs_reader)
        client.force_login(cast.council_reader)
        url = address(cast.contract, "thread-settle", thread.pk)
        assert "marqué comme réglé." in words(client.post(url, follow=True))
        assert "déjà marqué comme réglé" in words(client.post(url, follow=True))
        reopen = address(cast.contract, "thread-reopen", thread.pk)
        assert "L’échange est rouvert." in words(client.post(reopen, follow=True))

    def test_home_shows_what_concerns_a_person_and_the_page_shows_all(
        self, client: Client, cast: Cast
    ) -> None:
        client.force_login(cast.council_editor)
        assert "Ce qui vous concerne" not in words(client.get("/"))
        for rank in range(25):
            opened(cast.contract, cast.dgcs_reader, f"Question {rank}")
        opened(cast.contract, cast.prefect_editor, "Sans vous")
        opened(cast.foreign_contract, cast.dgcs_reader, "Au Nord")
        home = words(client.get("/"))
        assert "25 échanges" in home
        assert "Question 24" in home
        assert "Sans vous" not in home
        assert "Au Nord" not in home
        everything = client.get("/echanges/")
        assert "25 échanges vous concernent" in words(everything)
        assert len(everything.context["lines"]) == 20
        assert len(client.get("/echanges/?page=2").context["lines"]) == 5
        client.force_login(cast.dgcs_reader)
        assert "Ce qui vous concerne" not in words(client.get("/"))
        answered(Thread.objects.filter(contract=cast.contract).earliest("pk"), cast.council_editor)
        home = words(client.get("/"))
        assert "Ce qui vous concerne" in home
        assert "Réponse à votre échange" in home

    @pytest.mark.parametrize("path", ["list", "thread", "mine", "home", "sheet"])
    def test_fifty_threads_cost_as_many_queries_as_five(self, client: Client, cast: Cast, path: str) -> None:
        sheet = ActionSheetFactory(contract=cast.contract)
        place = Place("sheets", sheet.pk, "public")
        thread = opened(cast.contract, cast.dgcs_reader, place=place)
        client.force_login(cast.council_editor)
        url = {
            "list": address(cast.contract),
            "thread": address(cast.contract, "thread", thread.pk),
            "mine": "/echanges/",
            "home": "/",
            "sheet": f"/contrats/38-2030/fiches/{sheet.number}/",
        }[path]

        def more(count: int) -> None:
            for _ in range(count):
                opened(cast.contract, cast.dgcs_reader, place=place, mentioned=[cast.council_reader.pk])
                answered(thread, cast.dgcs_reader, mentioned=[cast.council_reader.pk])

        more(5)
        few = count_queries(lambda: client.get(url))
        more(45)
        assert count_queries(lambda: client.get(url)) == few

    def test_only_those_who_see_the_contract_are_offered(self, client: Client, cast: Cast) -> None:
        UserFactory(first_name="Sans", last_name="Institution")
        client.force_login(cast.council_editor)
        page = client.get(address(cast.contract, "thread-open"))
        offered = {
            pk for _, people in page.context["form"].fields["mentioned"].choices[1:] for pk, _ in people
        }
        seers = ("prefect_editor", "ars_editor", "council_editor", "council_reader", "council_administrator")
        followers = ("regional_reader", "dgcs_reader", "dgcs_editor", "dgcs_signatory")
        assert offered == {getattr(cast, name).pk for name in (*seers, *followers)}


@pytest.mark.django_db
def test_the_search_finds_what_was_said_and_the_contacts(client: Client, cast: Cast) -> None:
    thread = opened(cast.contract, cast.dgcs_reader, "Combien de puéricultrices ?")
    opened(cast.foreign_contract, cast.dgcs_reader, "Combien de puéricultrices au Nord ?")
    client.force_login(cast.council_reader)
    url = reverse("contracts:search", args=[cast.contract.reference])
    page = words(client.get(url, {"q": "puéricultrices"}))
    assert f'href="{address(cast.contract, "thread", thread.pk)}"' in page
    assert "au Nord" not in page
