"""Two people notify the amounts of one envelope at the same instant, on PostgreSQL (rule F8)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from cdppe.lib.errors import WrongState
from funding.actions.publications import notify_run
from funding.models import AllocationLine, AllocationRun, NotifiedAmount
from tests.factories import CampaignFactory, EnvelopeFactory, TerritoryFactory, UserFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_of_two_runs_notified_at_once_one_is_and_the_other_is_told() -> None:
    territories = [TerritoryFactory(), TerritoryFactory()]
    campaign = CampaignFactory(territories=territories)
    envelope = EnvelopeFactory(campaign=campaign)
    runs = []
    for amount in (Decimal(100), Decimal(200)):
        run = AllocationRun.objects.create(
            envelope=envelope, year=campaign.year, amount=2 * amount, inputs={}, factor="1"
        )
        for territory in territories:
            AllocationLine.objects.create(
                run=run,
                territory=territory,
                key="1/2",
                contributions=[],
                proportional=str(amount),
                exact=str(amount),
                amount=amount,
            )
        runs.append(run)
    people = {run.pk: UserFactory() for run in runs}
    start = Barrier(2)

    def notify(run: AllocationRun) -> str:
        try:
            start.wait(timeout=20)
            notify_run(run, by=people[run.pk])
        except WrongState as refusal:
            return str(refusal)
        finally:
            connection.close()
        return "notified"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(notify, runs))

    assert sorted(each == "notified" for each in outcomes) == [False, True]
    winner, loser = (0, 1) if outcomes[0] == "notified" else (1, 0)
    assert "notifiés" in outcomes[loser]
    assert str(people[runs[winner].pk]) in outcomes[loser]
    notified = NotifiedAmount.objects.filter(envelope=envelope)
    assert {each.run_id for each in notified} == {runs[winner].pk}
    assert notified.count() == 2
