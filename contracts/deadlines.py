"""The national deadlines of a campaign over all its territories: met, late, put off (rules C2, C5, N1)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from cdppe.lib.business_days import day_off
from contracts.models import Campaign, Contract, Deadline, DeadlineExtension, SettledDeadline
from contracts.overview import is_deadline_closed


@dataclass(frozen=True)
class NationalDeadline:
    """One deadline over the country: how many contracts met it, how many are late on their own date."""

    deadline: Deadline
    contract_count: int
    done_count: int
    late_count: int
    closed_count: int
    """Contracts signed, or over, that nobody says met it: neither late nor waited for."""
    extensions: tuple[DeadlineExtension, ...]
    day_off: str
    is_past: bool
    is_next: bool

    @property
    def waiting_count(self) -> int:
        """Contracts that did not meet it yet and are not late."""
        return self.contract_count - self.done_count - self.late_count - self.closed_count


def national_deadlines(campaign: Campaign, *, today: dt.date) -> tuple[NationalDeadline, ...]:
    """The deadlines of `campaign` in order, in four queries; an extension counts as its territory's date."""
    contracts = {
        each.pk: each
        for each in Contract.objects.filter(campaign=campaign).only("territory_id", "state", "ends_on")
    }
    settled: dict[int, set[int]] = {}
    for deadline_id, contract_id in SettledDeadline.objects.filter(
        deadline__campaign=campaign, contract__in=contracts
    ).values_list("deadline_id", "contract_id"):
        settled.setdefault(deadline_id, set()).add(contract_id)
    granted: dict[int, list[DeadlineExtension]] = {}
    for extension in DeadlineExtension.objects.filter(deadline__campaign=campaign).select_related(
        "territory", "granted_by", "deadline"
    ):
        granted.setdefault(extension.deadline_id, []).append(extension)
    deadlines = list(campaign.deadlines.all())
    next_on = min((each.due_on for each in deadlines if each.due_on >= today), default=None)
    found = []
    for deadline in deadlines:
        own_dates = {each.territory_id: each.due_on for each in granted.get(deadline.pk, [])}
        done = settled.get(deadline.pk, set())
        left = [contract for pk, contract in contracts.items() if pk not in done]
        dates = {each.pk: own_dates.get(each.territory_id, deadline.due_on) for each in left}
        closed = {
            each.pk
            for each in left
            if is_deadline_closed(each, deadline.code, on=dates[each.pk], today=today)
        }
        found.append(
            NationalDeadline(
                deadline=deadline,
                contract_count=len(contracts),
                done_count=len(done),
                late_count=sum(on < today for pk, on in dates.items() if pk not in closed),
                closed_count=len(closed),
                extensions=tuple(granted.get(deadline.pk, [])),
                day_off=day_off(deadline.due_on, ""),
                is_past=deadline.due_on < today,
                is_next=deadline.due_on == next_on,
            )
        )
    return tuple(found)
