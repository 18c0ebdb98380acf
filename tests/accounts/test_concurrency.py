"""Two people at the same instant, on PostgreSQL: the row of the institution makes them wait in turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from cdppe.accounts.actions.memberships import remove_membership
from cdppe.accounts.models import InstitutionKind, Membership
from cdppe.lib.errors import RuleViolation
from tests.factories import InstitutionFactory, MembershipFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_two_administrators_who_remove_each_other_leave_one() -> None:
    institution = InstitutionFactory(kind=InstitutionKind.COUNCIL)
    first, second = (MembershipFactory(institution=institution, is_administrator=True) for _ in range(2))
    start = Barrier(2)

    def remove(target: Membership, by: Membership) -> str:
        try:
            start.wait(timeout=10)
            remove_membership(target, by=by.user)
        except RuleViolation as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(remove, (first, second), (second, first)))
    assert sorted(outcomes) == ["NotAllowed", "removed"]
    assert institution.memberships.filter(is_administrator=True).count() == 1
