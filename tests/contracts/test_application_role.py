"""The site's own account of PostgreSQL: each table that is kept refuses it, without any trigger's help."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from agreements.actions.transmissions import acknowledge, write_remark
from agreements.models import RemarkKind
from cdppe.home.management.commands.grant_application_role import STAYING
from contracts.actions.exchanges import open_thread
from contracts.actions.journal import record, record_elsewhere
from contracts.models import JournalEntry
from contracts.places import Place
from tests.routes import World, make_world

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

UPDATE = "UPDATE {table} SET id = id"
DELETE = "DELETE FROM {table}"
TRUNCATE = "TRUNCATE {table} CASCADE"

ROLE = "cdppe_test_keeper"
KEPT = (
    "contracts_journalentry",
    "contracts_message",
    "agreements_contractversion",
    "agreements_textinforce",
    "agreements_transmission",
    "agreements_transmissionreceipt",
    "agreements_transmissionremark",
)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def as_the_site(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The connection speaks as the site's account; what the command said of it."""
    monkeypatch.setenv("POSTGRES_APPLICATION_PASSWORD", "un mot de passe d'essai")
    told = io.StringIO()
    call_command("grant_application_role", ROLE, stdout=told)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    yield told.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def refused(statement: str, table: str, *, by: str = "permission denied") -> None:
    with (
        pytest.raises(DatabaseError, match=by),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(table=table))


@pytest.mark.parametrize("table", KEPT)
def test_what_is_kept_is_neither_changed_nor_deleted_nor_emptied(as_the_site: str, table: str) -> None:
    for statement in (UPDATE, DELETE, TRUNCATE):
        refused(statement, table)


def test_every_table_whose_triggers_refuse_any_change_is_in_this_list(as_the_site: str) -> None:
    """A table that becomes protected is named above, and its refusals are tried."""
    assert as_the_site.strip().rstrip(".").partition("en ajout seul : ")[2].split(", ") == sorted(KEPT)


@pytest.mark.parametrize("table", [model._meta.db_table for model in STAYING])
def test_what_learns_more_is_not_deleted(as_the_site: str, table: str) -> None:
    for statement in (DELETE, TRUNCATE):
        refused(statement, table)
    with connection.cursor() as cursor:
        cursor.execute(UPDATE.format(table=table))


def test_the_gestures_of_the_site_need_no_more(world: World, as_the_site: str) -> None:
    record(world.contract, "contract.tested", "Un essai.", by=world.cast.council_editor)
    record_elsewhere("campaign.loaded", "Un essai.", by=None)
    open_thread(
        world.contract, Place("details"), text="Bonjour.", token=uuid.uuid4(), by=world.cast.council_editor
    )
    _answer(world)
    assert JournalEntry.objects.filter(sentence="Un essai.").count() == 2


# Of a text in force, tests/agreements/test_amendments.py.
@pytest.mark.parametrize("table", [table for table in KEPT if table != "agreements_textinforce"])
def test_the_triggers_refuse_the_owner_of_the_tables_too(world: World, table: str) -> None:
    _answer(world)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # The trigger of a message is of its row alone: emptying its table is kept from the site's account.
    for statement in (UPDATE, DELETE) if table == "contracts_message" else (UPDATE, DELETE, TRUNCATE):
        refused(statement, table, by="never changes|est en ajout seul")


def _answer(world: World) -> None:
    """A receipt and an advice on the transmission, so that there is a row of each to change."""
    acknowledge(world.transmission, by=world.cast.dgcs_editor)
    write_remark(
        world.transmission, RemarkKind.ADVICE, text="Avis.", token=uuid.uuid4(), by=world.cast.dgcs_editor
    )
