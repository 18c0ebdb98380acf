"""Two people create the contract of one territory at the same instant, on PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.actions.contracts import create_contract
from contracts.models import Contract
from tests.factories import CampaignFactory, TerritoryFactory, UserFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_of_two_creations_at_once_one_is_made_whole_and_the_other_is_told() -> None:
    territory = TerritoryFactory()
    campaign = CampaignFactory(territories=[territory])
    start = Barrier(2)

    def create(person: User) -> str:
        try:
            start.wait(timeout=20)
            create_contract(campaign, territory, by=person)
        except RuleViolation as refusal:
            return str(refusal)
        finally:
            connection.close()
        return "created"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(
            pool.map(create, [UserFactory(), UserFactory()]), key=lambda each: each != "created"
        )

    (told,) = set(outcomes) - {"created"}
    assert "a déjà un contrat pour la campagne" in told
    contract = Contract.objects.get(campaign=campaign, territory=territory)
    assert contract.objectives.count() == campaign.objectives.fundamental().count()
    assert contract.parties.count() == campaign.signatories.count()
    assert contract.events.count() == 1
