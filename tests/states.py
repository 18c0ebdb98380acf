"""A contract in a state of its way, with the dates and authors that the database asks for (rule K3)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from cdppe.accounts.models import User
from contracts.models import Contract
from contracts.workflow import DECIDED_STATES, SIGNED_STATES, ContractState

DAY = dt.date(2030, 3, 1)
"""Each step of the way is a day after the one before, from this one."""


def put_in_state(contract: Contract, state: str, *, by: User) -> None:
    """Write `state` on the stored `contract`, as if `by` had walked there."""
    now = timezone.now()
    fields: dict[str, object] = {"state": state}
    if state == ContractState.ODPE_INFORMED or state in DECIDED_STATES:
        fields |= {"odpe_informed_on": DAY, "odpe_by": by, "odpe_at": now}
    if state in DECIDED_STATES:
        fields |= {
            "deliberation_number": "2030-117",
            "deliberation_on": DAY + dt.timedelta(days=1),
            "adopted_by": by,
            "adopted_at": now,
        }
    if state == ContractState.SIGNATURE or state in SIGNED_STATES:
        fields["agreed_on"] = DAY + dt.timedelta(days=2)
    if state in SIGNED_STATES:
        fields |= {"signed_on": DAY + dt.timedelta(days=3), "effect_on": DAY + dt.timedelta(days=4)}
    Contract.objects.filter(pk=contract.pk).update(**fields)
