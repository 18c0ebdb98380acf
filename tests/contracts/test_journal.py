"""The journal: what an entry keeps, what the database refuses, and what a reading of the chain finds."""

from __future__ import annotations

import ast
import csv
import datetime as dt
import importlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from cdppe.accounts.actions.invitations import accept_invitation, send_invitation
from cdppe.accounts.actions.memberships import change_membership, remove_membership
from cdppe.accounts.models import Institution, Membership, Role
from cdppe.lib import gestures
from cdppe.lib.append_only import lifting_sql, missing_protections, protecting_sql
from cdppe.lib.origin import BACKGROUND_TASK, COMMAND, coming_from, network_of
from contracts.actions.contracts import move_contract
from contracts.actions.journal import Gesture, record, record_all, record_elsewhere
from contracts.actions.journal_checks import keep_head, verify
from contracts.chain import GENESIS, BreakKind, Head, Link, check, fingerprint
from contracts.journal_heads import FILE_NAME, read_heads
from contracts.journal_page import SUBJECTS
from contracts.models import JournalCheck, JournalEntry
from contracts.tasks import export_journal_head
from tests.cast import Cast
from tests.contracts.journal import TABLE, tamper, unprotected
from tests.factories import UserFactory
from tests.queries import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def heads_folder(settings: Any, tmp_path: Path) -> Path:
    """The heads go to a folder of the test."""
    settings.JOURNAL_HEAD_DIR = tmp_path / "heads"
    return tmp_path / "heads"


def fill(cast: Cast, count: int = 6) -> list[JournalEntry]:
    return [
        record(cast.contract, "contract.tested", f"Geste n° {number}.", by=cast.council_editor)
        for number in range(1, count + 1)
    ]


def kinds() -> list[BreakKind]:
    return [each.kind for each in verify().breaks]


def rechain(sequence: int, **changes: Any) -> None:
    """Rewrite the entry `sequence` and every later hash, as somebody who owns the database could."""
    links = [entry.link for entry in JournalEntry.objects.order_by("sequence")]
    previous = GENESIS
    for link in links:
        new = replace(link, previous_hash=previous, **(changes if link.sequence == sequence else {}))
        previous = fingerprint(new)
        tamper(
            "UPDATE {table} SET sentence = %s, previous_hash = %s, hash = %s WHERE sequence = %s",
            new.sentence,
            new.previous_hash,
            previous,
            new.sequence,
        )


class TestWhatAnEntryKeeps:
    def test_who_for_whom_what_when_and_from_where(self, cast: Cast, client: Client) -> None:
        before = timezone.now()
        client.force_login(cast.council_editor)
        url = reverse("contracts:move", args=[cast.contract.reference, "open-negotiation"])
        assert client.post(url, REMOTE_ADDR="192.0.2.77").status_code == 302
        entry = cast.contract.events.get()
        assert entry.by == cast.council_editor
        assert entry.actor == str(cast.council_editor)
        assert entry.institution == "Département de l’Isère"
        assert entry.origin == "192.0.2.0/24"
        assert entry.sentence == "Passage de « Diagnostic » à « Négociation »."
        assert before <= entry.at <= timezone.now()
        assert entry.is_intact

    def test_an_address_is_kept_without_what_points_at_a_machine(self) -> None:
        assert network_of("203.0.113.200") == "203.0.113.0/24"
        assert network_of("2001:db8:aaaa:bbbb::1") == "2001:db8:aaaa::/48"
        assert network_of("nonsense") == "adresse inconnue"

    def test_behind_the_proxy_it_is_the_proxys_word(self, cast: Cast, client: Client, settings: Any) -> None:
        settings.BEHIND_TLS_PROXY = True
        client.force_login(cast.council_editor)
        url = reverse("contracts:move", args=[cast.contract.reference, "open-negotiation"])
        client.post(url, headers={"X-Forwarded-For": "10.9.9.9, 198.51.100.4"}, REMOTE_ADDR="127.0.0.1")
        assert cast.contract.events.get().origin == "198.51.100.0/24"

    def test_a_command_and_a_background_task_say_so(self, cast: Cast) -> None:
        assert fill(cast, 1)[0].origin == COMMAND
        with coming_from(BACKGROUND_TASK):
            assert fill(cast, 1)[0].origin == BACKGROUND_TASK

    def test_a_celery_task_comes_from_the_background(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        def look() -> Any:
            seen.append(record_elsewhere("test.made", "Un essai.", by=None).origin)
            return keep_head()

        monkeypatch.setattr("contracts.tasks.keep_head", look)
        export_journal_head()
        export_journal_head.apply()
        assert seen == [BACKGROUND_TASK, BACKGROUND_TASK]
        assert record_elsewhere("test.made", "Un essai.", by=None).origin == COMMAND

    def test_a_name_that_changes_later_does_not_change_what_was_written(self, cast: Cast) -> None:
        (entry,) = fill(cast, 1)
        name, institution = entry.actor, entry.institution
        cast.council_editor.last_name = "Autrement"
        cast.council_editor.save()
        Institution.objects.filter(name=institution).update(name="Département rebaptisé")
        entry.refresh_from_db()
        assert (entry.actor, entry.institution) == (name, institution)
        assert verify().is_whole

    def test_each_entry_carries_the_hash_of_the_one_before(self, cast: Cast) -> None:
        entries = fill(cast, 3)
        assert [entry.sequence for entry in entries] == [1, 2, 3]
        assert [entry.previous_hash for entry in entries] == [GENESIS, entries[0].hash, entries[1].hash]

    def test_a_refused_gesture_leaves_no_number_behind(self, cast: Cast) -> None:
        fill(cast, 1)
        with transaction.atomic():
            fill(cast, 2)
            transaction.set_rollback(True)
        assert fill(cast, 1)[0].sequence == 2

    def test_two_hundred_entries_cost_as_many_queries_as_two(self, cast: Cast) -> None:
        def write(count: int) -> int:
            gestures = [
                Gesture(cast.contract, "contract.tested", f"n° {number}", cast.council_editor)
                for number in range(count)
            ]
            return count_queries(lambda: record_all(gestures))

        # The journal's lock, its last entry, the rows (SQLite takes them seventy at a time).
        assert write(2) <= 3
        assert write(200) <= (3 if connection.vendor == "postgresql" else 4)
        assert verify().is_whole

    def test_what_belongs_to_no_contract_is_in_the_same_chain(self, cast: Cast) -> None:
        fill(cast, 1)
        member = Membership.objects.get(user=cast.council_reader)
        administrator = UserFactory()
        Membership.objects.create(
            user=administrator, institution=member.institution, role=Role.EDITOR, is_administrator=True
        )
        change_membership(member, role=Role.EDITOR, is_administrator=False, by=administrator)
        remove_membership(member, by=administrator)
        invited = UserFactory()
        invitation = send_invitation(
            member.institution,
            email=invited.email,
            role=Role.READER,
            is_administrator=False,
            by=administrator,
        )
        accept_invitation(invitation, by=invited)
        told = JournalEntry.objects.filter(contract=None).order_by("sequence")
        assert [(entry.code, entry.institution) for entry in told] == [
            (code, member.institution.name)
            for code in (
                "membership.changed",
                "membership.removed",
                "invitation.sent",
                "invitation.accepted",
            )
        ]
        assert not told.filter(sentence__contains=invited.email).exists()
        assert verify().is_whole

    def test_the_journal_has_one_recorder(self) -> None:
        with pytest.raises(ValueError, match="already"):
            gestures.register_recorder(lambda code, sentence, *, by, institution="": None)


class TestWhatTheDatabaseRefuses:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE {table} SET sentence = 'Autre'",
            "UPDATE {table} SET hash = hash WHERE sequence = 2",
            "DELETE FROM {table} WHERE sequence = 3",
            "DELETE FROM {table}",
        ],
    )
    def test_a_change_or_a_deletion_is_refused_with_a_sentence(self, cast: Cast, statement: str) -> None:
        fill(cast, 3)
        with (
            pytest.raises(DatabaseError, match="est en ajout seul"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table=TABLE))
        assert JournalEntry.objects.count() == 3
        assert verify().is_whole

    @pytest.mark.postgres
    @pytest.mark.parametrize("statement", ["TRUNCATE {table}", "TRUNCATE contracts_contract CASCADE"])
    def test_emptying_the_table_is_refused(self, cast: Cast, statement: str) -> None:
        fill(cast, 3)
        with connection.cursor() as cursor:
            # TRUNCATE refuses a table with checks to come, whatever its triggers.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with (
            pytest.raises(DatabaseError, match="est en ajout seul"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table=TABLE))
        assert JournalEntry.objects.count() == 3

    def test_the_models_own_ways_are_refused_too(self, cast: Cast) -> None:
        entry = fill(cast, 1)[0]
        entry.sentence = "Autre"
        for change in (entry.save, entry.delete, JournalEntry.objects.all().delete):
            with pytest.raises(DatabaseError, match="est en ajout seul"), transaction.atomic():
                change()

    def test_a_contract_or_a_person_in_the_journal_stays(self, cast: Cast) -> None:
        fill(cast, 1)
        for kept in (cast.contract, cast.council_editor):
            with pytest.raises(ProtectedError), transaction.atomic():
                kept.delete()

    def test_every_migration_leaves_the_table_protected(self) -> None:
        assert missing_protections(connection, TABLE) == []

    @pytest.mark.postgres
    def test_the_account_of_the_site_may_add_and_nothing_else(
        self, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(cast, 2)
        monkeypatch.setenv("POSTGRES_APPLICATION_PASSWORD", "un mot de passe d'essai")
        call_command("grant_application_role", "cdppe_test_app", stdout=io.StringIO())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            # Even without the triggers.
            for statement in lifting_sql("postgresql", TABLE):
                cursor.execute(statement)
            cursor.execute("SET LOCAL ROLE cdppe_test_app")
        assert fill(cast, 1)[0].sequence == 3
        move_contract(cast.contract, "open-negotiation", by=cast.council_editor)
        for statement in (
            "UPDATE {table} SET sentence = 'Autre'",
            "DELETE FROM {table}",
            "TRUNCATE {table}",
            "ALTER TABLE {table} DISABLE TRIGGER ALL",
            "DROP TABLE {table}",
            "SET session_replication_role = replica",
            "TRUNCATE contracts_fieldchange",
        ):
            with (
                pytest.raises(DatabaseError, match="permission denied|must be owner"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(table=TABLE))
        found = verify()
        assert [each.kind for each in found.breaks] == [BreakKind.PROTECTION]
        assert not any("les droits" in warning for warning in found.warnings)
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            for statement in protecting_sql("postgresql", TABLE):
                cursor.execute(statement)
        assert any("les droits UPDATE, DELETE, TRUNCATE" in warning for warning in verify().warnings)

    @pytest.mark.postgres
    def test_an_account_that_nothing_would_limit_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        owner = str(connection.settings_dict["USER"])
        with pytest.raises(CommandError, match="propriétaire des tables"):
            call_command("grant_application_role", owner)
        monkeypatch.delenv("POSTGRES_APPLICATION_PASSWORD", raising=False)
        with pytest.raises(CommandError, match="n’existe pas"):
            call_command("grant_application_role", "cdppe_nobody")


class TestWhatAReadingFinds:
    def test_nothing_in_a_whole_journal(self, cast: Cast) -> None:
        fill(cast)
        found = verify()
        assert (found.is_whole, found.count) == (True, 6)
        assert found.last is not None
        assert found.last.sequence == 6

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("sentence", "Autre."),
            ("actor", "Quelqu’un d’autre"),
            ("institution", "Préfecture"),
            ("origin", "commande bis"),
            ("code", "contract.other"),
            ("place", "sheets/1"),
            ("at", dt.datetime(2001, 1, 1, tzinfo=dt.UTC)),
            ("by_id", None),
            ("contract_id", None),
        ],
    )
    def test_any_field_that_was_edited(self, cast: Cast, column: str, value: Any) -> None:
        fill(cast)
        tamper("UPDATE {table} SET {column} = %s WHERE sequence = 4".replace("{column}", column), value)
        (found,) = verify().breaks
        assert (found.kind, found.sequence) == (BreakKind.EDITED, 4)
        assert found.sentence.startswith("L’entrée n° 4 a été modifiée")

    def test_an_edit_whose_own_hash_was_made_again(self, cast: Cast) -> None:
        fill(cast)
        link = replace(JournalEntry.objects.get(sequence=4).link, sentence="Autre.")
        tamper(
            "UPDATE {table} SET sentence = %s, hash = %s WHERE sequence = 4", link.sentence, fingerprint(link)
        )
        (found,) = verify().breaks
        assert (found.kind, found.sequence) == (BreakKind.UNLINKED, 5)

    def test_a_deletion_in_the_middle_and_at_the_beginning(self, cast: Cast) -> None:
        fill(cast)
        tamper("DELETE FROM {table} WHERE sequence IN (3, 4)")
        (found,) = verify().breaks
        assert (found.kind, found.sequence) == (BreakKind.MISSING, 3)
        assert found.sentence.startswith("Les entrées n° 3 à 4 manquent")
        tamper("DELETE FROM {table} WHERE sequence = 1")
        assert [(each.kind, each.sequence) for each in verify().breaks] == [
            (BreakKind.MISSING, 1),
            (BreakKind.MISSING, 3),
        ]

    def test_the_deletion_of_a_contracts_whole_journal(self, cast: Cast) -> None:
        fill(cast, 2)
        record_elsewhere("campaign.loaded", "Campagne chargée.", by=None)
        tamper("DELETE FROM {table} WHERE contract_id = %s", cast.contract.pk)
        assert kinds() == [BreakKind.MISSING]

    def test_two_entries_that_were_exchanged(self, cast: Cast) -> None:
        fill(cast)
        tamper("UPDATE {table} SET sequence = 99 WHERE sequence = 2")
        tamper("UPDATE {table} SET sequence = 2 WHERE sequence = 4")
        tamper("UPDATE {table} SET sequence = 4 WHERE sequence = 99")
        found = {(each.kind, each.sequence) for each in verify().breaks}
        assert {(BreakKind.EDITED, 2), (BreakKind.EDITED, 4)} <= found
        assert {(BreakKind.UNLINKED, number) for number in (2, 3, 4, 5)} <= found

    def test_an_entry_that_was_slipped_in(self, cast: Cast) -> None:
        entries = fill(cast, 2)
        forged = replace(
            entries[1].link, sequence=3, sentence="Jamais arrivé.", previous_hash="a" * 64, hash=""
        )
        JournalEntry.objects.bulk_create(
            [
                JournalEntry(
                    sequence=3,
                    contract=cast.contract,
                    at=forged.at,
                    by=cast.council_editor,
                    actor=forged.actor,
                    institution=forged.institution,
                    origin=forged.origin,
                    code=forged.code,
                    sentence=forged.sentence,
                    previous_hash=forged.previous_hash,
                    hash=fingerprint(forged),
                )
            ]
        )
        assert kinds() == [BreakKind.UNLINKED]

    def test_a_tail_that_was_cut_since_the_last_head(self, cast: Cast) -> None:
        fill(cast)
        keep_head()
        fill(cast, 2)
        tamper("DELETE FROM {table} WHERE sequence >= 5")
        (found,) = verify().breaks
        assert (found.kind, found.sequence) == (BreakKind.CUT, 5)
        assert "porte le n° 6, et la base s’arrête au n° 4" in found.sentence

    def test_a_journal_that_was_emptied(self, cast: Cast) -> None:
        fill(cast)
        keep_head()
        tamper("DELETE FROM {table}")
        assert kinds() == [BreakKind.CUT]

    def test_a_tail_that_was_cut_and_grew_again(self, cast: Cast) -> None:
        fill(cast)
        keep_head()
        tamper("DELETE FROM {table} WHERE sequence >= 5")
        fill(cast, 4)
        (found,) = verify().breaks
        assert (found.kind, found.sequence) == (BreakKind.REWRITTEN, 6)

    def test_a_chain_that_was_made_again_from_an_edit_to_its_end(self, cast: Cast) -> None:
        fill(cast)
        head = keep_head().check.head
        rechain(2, sentence="Rien ne s’est passé.")
        (found,) = verify().breaks
        assert (found.kind, found.sequence) == (BreakKind.REWRITTEN, 6)
        # The file too may have been rewritten: the head of a mail is enough.
        assert [each.kind for each in verify([head]).breaks] == [BreakKind.REWRITTEN]

    def test_a_head_from_a_mail_when_the_file_is_gone(self, cast: Cast, heads_folder: Path) -> None:
        fill(cast)
        head = keep_head().check.head
        (heads_folder / FILE_NAME).unlink()
        tamper("DELETE FROM {table} WHERE sequence = 6")
        assert verify().is_whole
        with pytest.raises(CommandError, match="1 rupture"):
            call_command("verify_journal", "--head", f"{head.sequence}:{head.hash}", stdout=io.StringIO())

    @pytest.mark.parametrize("line", ["{", '{"sequence": 1}', '{"sequence": 1, "hash": "x", "at": ""}', "[]"])
    def test_a_file_of_heads_that_somebody_wrote_in(self, cast: Cast, heads_folder: Path, line: str) -> None:
        fill(cast)
        keep_head()
        with (heads_folder / FILE_NAME).open("a") as file:
            file.write(line + "\n")
        (found,) = verify().breaks
        assert found.kind == BreakKind.HEADS
        assert "La ligne 2" in found.sentence

    def test_a_table_that_lost_its_triggers(self, cast: Cast) -> None:
        fill(cast, 1)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for statement in lifting_sql(connection.vendor, TABLE):
                cursor.execute(statement)
        assert kinds() == [BreakKind.PROTECTION]
        with connection.cursor() as cursor:
            for statement in protecting_sql(connection.vendor, TABLE):
                cursor.execute(statement)
        assert verify().is_whole

    def test_a_number_that_two_entries_carry(self) -> None:
        link = Link(1, timezone.now(), None, None, "", "", "", "a.b", "Un.", "", GENESIS)
        whole = replace(link, hash=fingerprint(link))
        assert [each.kind for each in check([whole, whole], []).breaks] == [BreakKind.DOUBLED]

    def test_the_canonical_form_is_for_ever(self) -> None:
        """Entries of real contracts were hashed with it: this value never changes."""
        link = Link(
            sequence=7,
            at=dt.datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=dt.UTC),
            contract=12,
            by=None,
            actor="Élise Durand",
            institution="Département de l’Isère",
            origin="192.0.2.0/24",
            code="contract.created",
            sentence="Contrat créé.",
            place="",
            previous_hash="0" * 63 + "1",
        )
        assert fingerprint(link) == "8ad7f28f749a4fe737903e96bfe2229c1e14e82c627d3de9616bb19db830c42a"
        paris = dt.timezone(dt.timedelta(hours=1))
        assert fingerprint(replace(link, at=link.at.astimezone(paris))) == fingerprint(link)


class TestCommands:
    def test_a_whole_journal_is_told_and_succeeds(self, cast: Cast) -> None:
        fill(cast)
        keep_head()
        told = io.StringIO()
        call_command("verify_journal", stdout=told)
        assert "6 entrées lues, 1 tête hors de la base ; dernière : n° 6" in told.getvalue()
        assert "Le journal est entier." in told.getvalue()

    def test_a_broken_one_is_told_and_fails_with_one(self, cast: Cast) -> None:
        fill(cast)
        tamper("UPDATE {table} SET sentence = 'Autre' WHERE sequence = 2")
        told = io.StringIO()
        with pytest.raises(CommandError, match="n’est pas entier : 1 rupture") as refusal:
            call_command("verify_journal", stdout=told)
        assert refusal.value.returncode == 1
        assert "L’entrée n° 2 a été modifiée" in told.getvalue()
        assert "Le journal est entier." not in told.getvalue()

    def test_as_json(self, cast: Cast) -> None:
        fill(cast)
        tamper("DELETE FROM {table} WHERE sequence = 2")
        told = io.StringIO()
        with pytest.raises(CommandError):
            call_command("verify_journal", "--format", "json", stdout=told)
        content = json.loads(told.getvalue())
        assert (content["whole"], content["entries"], content["last"]["sequence"]) == (False, 5, 6)
        assert content["breaks"] == [
            {"kind": "missing", "sequence": 2, "sentence": "L’entrée n° 2 manque : elle a été supprimée."}
        ]

    def test_a_wrong_head_is_refused_with_a_sentence(self) -> None:
        with pytest.raises(CommandError, match="n’est pas une tête"):
            call_command("verify_journal", "--head", "six")

    def test_the_head_is_added_to_the_file_each_day(self, cast: Cast, heads_folder: Path) -> None:
        fill(cast, 2)
        call_command("export_journal_head", stdout=io.StringIO())
        entries = fill(cast, 1)
        call_command("export_journal_head", stdout=io.StringIO())
        heads = read_heads(heads_folder)
        assert [head.sequence for head in heads] == [2, 3]
        assert heads[1] == Head(3, entries[0].hash, heads[1].at)
        assert JournalCheck.objects.first().head == heads[1]  # type: ignore[union-attr]  # it exists

    def test_an_empty_journal_has_a_head_too(self, heads_folder: Path) -> None:
        call_command("export_journal_head", stdout=io.StringIO())
        assert [(head.sequence, head.hash) for head in read_heads(heads_folder)] == [(0, GENESIS)]
        assert verify().is_whole

    def test_the_head_is_mailed_to_who_asked_for_it(self, cast: Cast, settings: Any) -> None:
        settings.JOURNAL_HEAD_EMAIL = "archives@example.org"
        entry = fill(cast, 2)[1]
        assert export_journal_head() is True
        (message,) = mail.outbox
        assert message.to == ["archives@example.org"]
        assert message.subject == "Journal entier, tête n° 2"
        assert f"verify_journal --head 2:{entry.hash}" in message.body
        tamper("UPDATE {table} SET sentence = 'Autre' WHERE sequence = 1")
        assert export_journal_head() is False
        assert mail.outbox[1].subject == "Journal à examiner, tête n° 2"
        assert "L’entrée n° 1 a été modifiée" in mail.outbox[1].body

    def test_a_folder_that_cannot_be_written_is_told(self, cast: Cast, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        settings.JOURNAL_HEAD_DIR = tmp_path / "file"
        with pytest.raises(CommandError, match="n’a pas pu être écrite"):
            call_command("export_journal_head", stdout=io.StringIO())
        assert JournalCheck.objects.get().last_sequence == 0

    def test_a_broken_journal_is_told_by_the_export_too(self, cast: Cast) -> None:
        fill(cast, 2)
        tamper("DELETE FROM {table} WHERE sequence = 1")
        with pytest.raises(CommandError, match="L’entrée n° 1 manque"):
            call_command("export_journal_head", stdout=io.StringIO())


def test_the_rows_of_before_are_chained_by_the_migration(cast: Cast) -> None:
    entries = fill(cast, 4)
    tamper("UPDATE {table} SET actor = '', institution = '', origin = '', hash = 'h' || id")
    assert not verify().is_whole
    (path,) = Path("contracts/migrations").glob("*_chain_the_journal.py")
    migration = importlib.import_module(f"contracts.migrations.{path.stem}")

    class Apps:
        """What the migration asks of the state of the models."""

        @staticmethod
        def get_model(app: str, name: str) -> Any:
            return {"JournalEntry": JournalEntry}[name]

    with unprotected():
        migration.chain(Apps, None)
    assert verify().is_whole
    assert [entry.actor for entry in JournalEntry.objects.all()] == [str(cast.council_editor)] * 4
    assert [entry.sequence for entry in JournalEntry.objects.order_by("at")] == [1, 2, 3, 4]
    assert JournalEntry.objects.first().pk == entries[3].pk  # type: ignore[union-attr]  # it exists


def page(client: Client, cast: Cast, query: str = "", **expected: int) -> str:
    client.force_login(cast.dgcs_reader)
    answer = client.get(reverse("contracts:journal", args=[cast.contract.reference]) + query)
    assert answer.status_code == expected.get("status", 200)
    return " ".join(answer.content.decode().split())


class TestPage:
    def test_an_entry_says_who_for_whom_when_from_where_and_its_number(
        self, client: Client, cast: Cast
    ) -> None:
        entry = fill(cast, 1)[0]
        shown = page(client, cast)
        assert "Geste n° 1." in shown
        assert f"{cast.council_editor} (Département de l’Isère), par une commande du serveur" in shown
        assert f"N° 1, empreinte <code>{entry.short_hash}</code>" in shown
        assert entry.hash.startswith(entry.short_hash.replace(" ", ""))

    def test_until_when_the_chain_is_whole(self, client: Client, cast: Cast) -> None:
        fill(cast, 3)
        assert "n’a pas encore été vérifiée" in page(client, cast)
        keep_head()
        assert "entière jusqu’à l’entrée n° 3" in page(client, cast)
        tamper("UPDATE {table} SET sentence = 'Autre' WHERE sequence = 2")
        # The entry itself says it at once, the chain at its next reading.
        assert page(client, cast).count("elle a été modifiée") == 1
        keep_head()
        shown = page(client, cast)
        assert "Le journal du site n’est pas entier" in shown
        assert "L’entrée n° 2 a été modifiée" in shown

    def test_the_filters_keep_a_person_a_subject_some_days(self, client: Client, cast: Cast) -> None:
        fill(cast, 1)
        record(cast.contract, "thread.opened", "Échange ouvert.", by=cast.prefect_editor)
        assert "Échange ouvert." not in page(client, cast, f"?qui={cast.council_editor.pk}")
        assert "Geste n° 1." not in page(client, cast, "?objet=thread")
        today = timezone.localdate()
        assert "Échange ouvert." in page(client, cast, f"?du={today}&au={today}")
        assert "Aucun geste ne répond" in page(client, cast, f"?au={today - dt.timedelta(days=1)}")
        # The days in the wrong order are put in order.
        assert "Geste n° 1." in page(client, cast, f"?du={today}&au={today - dt.timedelta(days=1)}")

    @pytest.mark.parametrize(
        "query", ["?du=demain", "?qui=999999", "?objet=nothing", "?du=99999999999-01-01", "?qui=%00"]
    )
    def test_a_filter_that_cannot_be_read_is_told(self, client: Client, cast: Cast, query: str) -> None:
        fill(cast, 1)
        assert "fr-message--error" in page(client, cast, query, status=422)
        url = reverse("contracts:journal-export", args=[cast.contract.reference])
        assert client.get(url + query).status_code == 302

    def test_the_csv_holds_every_entry_of_the_filter_with_its_fingerprint(
        self, client: Client, cast: Cast
    ) -> None:
        entries = fill(cast, 45)
        record(cast.contract, "thread.opened", "=1+1", by=cast.prefect_editor)
        client.force_login(cast.council_reader)
        url = reverse("contracts:journal-export", args=[cast.contract.reference])
        answer = client.get(url)
        assert answer["Content-Disposition"] == 'attachment; filename="journal-38-2030.csv"'
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
        assert len(rows) == 47
        assert rows[0][:4] == ["N°", "Date", "Heure", "Qui"]
        assert rows[1][5] == "'=1+1"
        assert rows[2][-1] == entries[-1].hash
        filtered = client.get(f"{url}?objet=thread").content.decode("utf-8-sig")
        assert len(filtered.splitlines()) == 2

    def test_it_costs_as_many_queries_for_fifty_entries_as_for_five(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.council_reader)
        for name in ("journal", "journal-export"):
            url = reverse(f"contracts:{name}", args=[cast.contract.reference])
            fill(cast, 5)
            with_five = count_queries(lambda url=url: client.get(url))
            fill(cast, 45)
            assert count_queries(lambda url=url: client.get(url)) == with_five

    def test_another_territorys_people_do_not_see_it(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.foreign_editor)
        for name in ("journal", "journal-export"):
            assert client.get(reverse(f"contracts:{name}", args=[cast.contract.reference])).status_code == 404

    def test_every_subject_that_a_gesture_names_has_words(self) -> None:
        """A new noun of a code is given its words in SUBJECTS, or by `register_subject`."""
        told = {"record": 1, "tell": 1, "record_elsewhere": 0, "record_gesture": 0}
        nouns = set()
        for path in (
            *settings.BASE_DIR.glob("*/actions/*.py"),
            *settings.BASE_DIR.glob("cdppe/*/actions/*.py"),
        ):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=args) if name in told:
                        code = args[told[name]]
                        if isinstance(code, ast.Constant):
                            nouns.add(code.value.partition(".")[0])
        assert nouns > {"contract", "campaign", "membership", "allocation"}
        assert nouns - set(SUBJECTS) == set()


class TestSitePage:
    """What belongs to no contract: read by who follows the nation, and by administrators for their own."""

    URL = reverse_lazy("contracts:site-journal")
    EXPORT_URL = reverse_lazy("contracts:site-journal-export")

    def test_the_ministry_reads_all_that_belongs_to_no_contract(self, client: Client, cast: Cast) -> None:
        fill(cast, 1)
        record_elsewhere("campaign.loaded", "Campagne chargée.", by=None)
        record_elsewhere("membership.changed", "Un rôle.", by=cast.council_administrator, institution="X")
        client.force_login(cast.dgcs_reader)
        shown = " ".join(client.get(self.URL).content.decode().split())
        assert "Campagne chargée." in shown
        assert "Un rôle." in shown
        assert f"{cast.council_administrator} (X), par une commande du serveur" in shown
        assert "Geste n° 1." not in shown

    def test_it_says_from_where_a_gesture_of_the_site_came(self, client: Client, cast: Cast) -> None:
        client.force_login(cast.council_administrator)
        member = Membership.objects.get(user=cast.council_reader)
        url = reverse("accounts:member-edit", args=[cast.council.pk, member.pk])
        answer = client.post(url, {"role": Role.EDITOR}, REMOTE_ADDR="198.51.100.9")
        assert answer.status_code == 302
        shown = " ".join(client.get(self.URL).content.decode().split())
        assert (
            f"{cast.council_administrator} (Département de l’Isère), depuis le réseau 198.51.100.0/24"
            in shown
        )
        assert "Membres des institutions" in shown

    def test_an_administrator_reads_what_was_done_in_their_institutions_name(
        self, client: Client, cast: Cast
    ) -> None:
        record_elsewhere("campaign.loaded", "Campagne chargée.", by=None)
        record_elsewhere("invitation.sent", "Ici.", by=None, institution=cast.council.name)
        record_elsewhere("invitation.sent", "Ailleurs.", by=None, institution="Département du Nord")
        client.force_login(cast.council_administrator)
        shown, table = client.get(self.URL).content.decode(), client.get(self.EXPORT_URL).content.decode()
        for text in (shown, table):
            assert "Ici." in text
            assert "Ailleurs." not in text
            assert "Campagne chargée." not in text

    def test_nobody_else_reads_it(self, client: Client, cast: Cast) -> None:
        for person in (cast.council_editor, cast.regional_reader, cast.outsider):
            client.force_login(person)
            assert client.get(self.URL).status_code == 403
            assert client.get(self.EXPORT_URL).status_code == 403

    def test_the_filter_and_the_csv(self, client: Client, cast: Cast) -> None:
        record_elsewhere("campaign.loaded", "Campagne chargée.", by=None)
        record_elsewhere("invitation.sent", "Invitation.", by=cast.dgcs_editor)
        client.force_login(cast.dgcs_reader)
        assert "Invitation." not in client.get(f"{self.URL}?objet=campaign").content.decode()
        rows = list(
            csv.reader(
                io.StringIO(client.get(f"{self.EXPORT_URL}?objet=campaign").content.decode("utf-8-sig")),
                delimiter=";",
            )
        )
        assert [row[5] for row in rows] == ["Geste", "Campagne chargée."]
        assert client.get(f"{self.URL}?du=demain").status_code == 422
        refused = client.get(f"{self.EXPORT_URL}?du=demain")
        assert (refused.status_code, refused["Location"]) == (302, f"{self.URL}?qui=&objet=&du=demain&au=")

    def test_it_costs_as_many_queries_for_fifty_entries_as_for_five(self, client: Client, cast: Cast) -> None:
        def write(count: int) -> None:
            for number in range(count):
                record_elsewhere("campaign.loaded", f"n° {number}", by=UserFactory())

        client.force_login(cast.dgcs_reader)
        for url in (self.URL, self.EXPORT_URL):
            write(5)
            with_five = count_queries(lambda url=url: client.get(url))
            write(45)
            assert count_queries(lambda url=url: client.get(url)) == with_five
