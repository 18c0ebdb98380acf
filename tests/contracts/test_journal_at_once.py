"""Many people write in the journal at once, on PostgreSQL: one whole chain, and nobody waits for ever."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cdppe.accounts.models import User
from contracts.actions.contracts import move_contract
from contracts.actions.journal import locked_contract, record
from contracts.actions.journal_checks import verify
from contracts.models import Contract, JournalEntry
from tests.factories import CampaignFactory, ContractFactory, TerritoryFactory, UserFactory
from tests.routes import ROUTES, make_world

pytestmark = pytest.mark.postgres

WRITERS = 8
GESTURES = 12


@pytest.mark.django_db(transaction=True)
class TestManyWriters:
    @pytest.fixture
    def contracts(self) -> list[Contract]:
        """Four contracts: half of the writers meet somebody in theirs."""
        territories = [TerritoryFactory() for _ in range(4)]
        campaign = CampaignFactory(territories=territories)
        return [ContractFactory(campaign=campaign, territory=each) for each in territories]

    def test_the_chain_stays_whole_and_loses_no_gesture(self, contracts: list[Contract]) -> None:
        start = Barrier(WRITERS)

        def write(number: int) -> None:
            contract, person = contracts[number % len(contracts)], people[number]
            try:
                start.wait(timeout=20)
                for turn in range(GESTURES):
                    with transaction.atomic():
                        locked = locked_contract(contract)
                        record(locked, "contract.tested", f"{number}/{turn}", by=person)
                        if turn % 4 == 3:
                            # What is refused leaves no hole, even with others waiting behind it.
                            transaction.set_rollback(True)
            finally:
                connection.close()

        people = [UserFactory() for _ in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(write, range(WRITERS)))

        found = verify()
        kept = WRITERS * GESTURES * 3 // 4
        assert found.breaks == []
        assert (found.count, found.last.sequence if found.last else 0) == (kept, kept)
        told = set(JournalEntry.objects.values_list("sentence", flat=True))
        assert told == {
            f"{who}/{turn}" for who in range(WRITERS) for turn in range(GESTURES) if turn % 4 != 3
        }
        moments = list(JournalEntry.objects.order_by("sequence").values_list("at", flat=True))
        assert moments == sorted(moments)

    def test_whoever_waits_for_a_contract_does_not_hold_the_journal(self, contracts: list[Contract]) -> None:
        """Somebody who keeps a contract's row does not hold up the gestures on the others."""
        kept, free = contracts[:2]
        person = UserFactory()
        waiting = Barrier(2)

        def wait_for(contract: Contract, by: User) -> str:
            try:
                with transaction.atomic():
                    with connection.cursor() as cursor:
                        cursor.execute("SET LOCAL lock_timeout = '1s'")
                    waiting.wait(timeout=20)
                    move_contract(contract, "open-negotiation", by=by)
            except OperationalError as error:
                return str(error)
            finally:
                connection.close()
            return "moved"

        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            locked_contract(kept)
            other = pool.submit(wait_for, kept, person)
            waiting.wait(timeout=20)
            move_contract(free, "open-negotiation", by=person)
            assert "lock timeout" in other.result(timeout=30)
        assert verify().breaks == []
        assert JournalEntry.objects.get().contract == free


@pytest.mark.django_db
def test_no_gesture_takes_a_lock_after_its_entry_in_the_journal() -> None:
    """Contract first, journal last: else two gestures could wait for each other."""
    world = make_world()
    recorded: set[str] = set()
    late: dict[str, list[str]] = {}
    for route in ROUTES:
        if not route.post:
            continue
        for person in ("council_editor", "dgcs_editor"):
            browser = Client()
            browser.force_login(world.person(person))
            url, data = reverse(route.name, kwargs=route.kwargs(world)), route.data(world)
            with CaptureQueriesContext(connection) as captured, transaction.atomic():
                browser.post(url, {"csrfmiddlewaretoken": "not-checked"} | data)
                transaction.set_rollback(True)
            statements = [query["sql"] for query in captured.captured_queries]
            entries = [rank for rank, sql in enumerate(statements) if "pg_advisory_xact_lock" in sql]
            if entries:
                recorded.add(route.name)
                if found := _new_locks(statements, entries[0]):
                    late[route.name] = found
    assert len(recorded) >= 15
    assert late == {}


def _new_locks(statements: list[str], entry: int) -> list[str]:
    """The statements after the `entry`-th that wait for a shared row which was not locked before."""
    before = set(statements[:entry])

    def waits(sql: str) -> bool:
        shared = ('UPDATE "accounts_', 'UPDATE "contracts_contract" ', 'UPDATE "contracts_campaign" ')
        return " FOR UPDATE" in sql or " FOR NO KEY UPDATE" in sql or sql.startswith(shared)

    return [sql for sql in statements[entry + 1 :] if waits(sql) and sql not in before]
