"""What the calendar of a contract shows: its phases, its steps, the Gantt, the national deadlines (C2 to C5).

Everything is read from a contract of `overview.with_facts`: no query is made here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.urls import reverse

from cdppe.lib.business_days import day_off, previous_working_day
from contracts.gantt import Gantt, GanttRow, draw
from contracts.models import CalendarPhase, Contract, ContractStep, Deadline, DeadlineExtension
from contracts.overview import (
    PARTIES,
    Turn,
    distance,
    extension_note,
    is_closed,
    is_deadline_closed,
    step_prepares,
    turn,
)
from contracts.retroplanning import STATUS_LABELS, StepStatus, is_optional_deadline, status_of
from contracts.workflow import ContractState

PHASE_OF_STATE = {
    ContractState.DIAGNOSIS: CalendarPhase.DIAGNOSIS,
    ContractState.NEGOTIATION: CalendarPhase.NEGOTIATION,
}
"""The phase that a state belongs to; from the finalised draft on, signature (annexe 3.1)."""


_LIVE = frozenset({StepStatus.LATE, StepStatus.NEXT, StepStatus.COMING, StepStatus.UNDATED})
"""What somebody still waits for."""


@dataclass(frozen=True)
class StepLine:
    """One step as the page shows it to one reader on one day."""

    step: ContractStep
    on: dt.date | None
    status: StepStatus
    status_label: str
    distance: str
    turn: Turn
    day_off: str
    working_day: dt.date | None
    """The working day before it, when it falls on a day off and is still to be done."""
    gap: int | None
    """By how many days the date fixed by hand is later (or, negative, sooner) than the computed one."""

    @property
    def anchor(self) -> str:
        return f"step-{self.step.pk}"

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody has still to do it."""
        return self.status in _LIVE

    @property
    def is_moot(self) -> bool:
        """Whether the contract went on without it, and without its date."""
        return self.status == StepStatus.MOOT

    @property
    def counted(self) -> str:
        """How its date is counted: « J − 15 », « jour J », « J + 10 »; empty when it is not."""
        days = self.step.days_before
        if days is None:
            return ""
        return "jour J" if days == 0 else f"J − {days}" if days > 0 else f"J + {-days}"


@dataclass(frozen=True)
class DeadlineLine:
    """One national deadline as the page shows it to one reader on one day."""

    deadline: Deadline
    on: dt.date
    done_on: dt.date | None
    note: str
    status: StepStatus
    status_label: str
    distance: str
    turn: Turn
    day_off: str
    working_day: dt.date | None

    @property
    def anchor(self) -> str:
        return f"deadline-{self.deadline.pk}"

    @property
    def is_optional(self) -> bool:
        """Whether it is the last day of what one may do: there is nothing to mark as done."""
        return is_optional_deadline(self.deadline.code)


@dataclass(frozen=True)
class PhaseLine:
    """One of the three phases: its dates, how many of its steps are done, whether the contract is in it."""

    label: str
    is_current: bool
    begins_on: dt.date | None
    ends_on: dt.date | None
    done_count: int
    total: int
    next_label: str
    texts: tuple[str, ...]
    """What annexe 3.1 puts in it, as the campaign's file has it."""


@dataclass(frozen=True)
class SuggestedTask:
    """A task of annexe 3.3 that no step of the contract is named for: it can be added in one gesture."""

    rank: int
    theme: str
    task: str


def step_lines(contract: Contract, *, today: dt.date, kinds: Collection[str]) -> tuple[StepLine, ...]:
    """The steps of `contract` in the order of their dates, undated ones last."""
    effect_on, calendar = contract.planned_effect_on, contract.territory.holiday_calendar
    steps = list(contract.calendar_steps.all())
    closed = {
        step.pk
        for step in steps
        if is_closed(contract, step_prepares(step), on=step.on(effect_on), today=today)
    }
    open_dates = [step.on(effect_on) for step in steps if step.done_on is None and step.pk not in closed]
    next_on = min((on for on in open_dates if on is not None and on >= today), default=None)
    lines = [
        _step_line(
            step,
            contract,
            is_step_closed=step.pk in closed,
            calendar=calendar,
            today=today,
            next_on=next_on,
            kinds=kinds,
        )
        for step in steps
    ]
    return tuple(
        sorted(lines, key=lambda line: (line.on is None, line.on or today, -line.step.position, line.step.pk))
    )


def _step_line(
    step: ContractStep,
    contract: Contract,
    *,
    is_step_closed: bool,
    calendar: str,
    today: dt.date,
    next_on: dt.date | None,
    kinds: Collection[str],
) -> StepLine:
    on = step.on(contract.planned_effect_on)
    status = status_of(on, step.done_on, today=today, next_on=next_on, is_closed=is_step_closed)
    off = day_off(on, calendar)
    computed = contract.step_date(step.days_before)
    return StepLine(
        step=step,
        on=on,
        status=status,
        status_label=STATUS_LABELS[status],
        distance=distance(on, today) if status in _LIVE else "",
        turn=turn(step.parties or PARTIES, kinds),
        day_off=off,
        working_day=previous_working_day(on, calendar)
        if on is not None and off and status in _LIVE
        else None,
        gap=(step.fixed_on - computed).days if step.fixed_on is not None and computed is not None else None,
    )


def deadline_lines(contract: Contract, *, today: dt.date, kinds: Collection[str]) -> tuple[DeadlineLine, ...]:
    """The national deadlines of `contract`, with the extensions of its territory in their place (rule C2)."""
    granted = {each.deadline_id: each for each in contract.territory.deadline_extensions.all()}
    settled = {each.deadline_id: each.done_on for each in contract.settled_deadlines.all()}
    deadlines = list(contract.campaign.deadlines.all())
    dates = {each.pk: granted[each.pk].due_on if each.pk in granted else each.due_on for each in deadlines}
    closed = {
        each.pk
        for each in deadlines
        if is_deadline_closed(contract, each.code, on=dates[each.pk], today=today)
    }
    open_dates = [on for pk, on in dates.items() if pk not in settled and pk not in closed and on >= today]
    next_on = min(open_dates, default=None)
    lines = [
        _deadline_line(
            deadline,
            dates[deadline.pk],
            granted.get(deadline.pk),
            is_deadline_closed=deadline.pk in closed,
            done_on=settled.get(deadline.pk),
            calendar=contract.territory.holiday_calendar,
            today=today,
            next_on=next_on,
            kinds=kinds,
        )
        for deadline in deadlines
    ]
    return tuple(sorted(lines, key=lambda line: (line.on, line.deadline.pk)))


def _deadline_line(
    deadline: Deadline,
    on: dt.date,
    extension: DeadlineExtension | None,
    *,
    is_deadline_closed: bool,
    done_on: dt.date | None,
    calendar: str,
    today: dt.date,
    next_on: dt.date | None,
    kinds: Collection[str],
) -> DeadlineLine:
    status = status_of(on, done_on, today=today, next_on=next_on, is_closed=is_deadline_closed)
    off = day_off(on, calendar)
    return DeadlineLine(
        deadline=deadline,
        on=on,
        done_on=done_on,
        note=extension_note(extension, deadline.due_on),
        status=status,
        status_label=STATUS_LABELS[status].replace("faite", "tenue"),
        distance=distance(on, today) if status in _LIVE else "",
        turn=turn(deadline.parties, kinds),
        day_off=off,
        working_day=previous_working_day(on, calendar) if off and status in _LIVE else None,
    )


def phases(contract: Contract, lines: Iterable[StepLine], *, today: dt.date) -> tuple[PhaseLine, ...]:
    """The three phases of annexe 3.1, dated by the steps of `contract` that belong to each.

    Signed or over, a contract is in none of them any more.
    """
    is_under_way = not contract.is_signed and contract.ends_on >= today
    current = PHASE_OF_STATE.get(contract.state, CalendarPhase.SIGNATURE) if is_under_way else None
    by_phase: dict[str, list[StepLine]] = {phase: [] for phase in CalendarPhase.values}
    for line in lines:
        by_phase.setdefault(line.step.phase, []).append(line)
    texts = _chronology(contract)
    found = []
    for rank, phase in enumerate(CalendarPhase):
        mine = by_phase[phase.value]
        dates = [line.on for line in mine if line.on is not None]
        waiting = [line for line in mine if line.status in _LIVE]
        found.append(
            PhaseLine(
                label=str(phase.label),
                is_current=phase == current,
                begins_on=min(dates, default=None),
                ends_on=max(dates, default=None),
                done_count=sum(line.status == StepStatus.DONE for line in mine),
                total=len(mine),
                next_label=waiting[0].step.label if waiting else "",
                texts=texts[rank] if rank < len(texts) else (),
            )
        )
    return tuple(found)


def _chronology(contract: Contract) -> list[tuple[str, ...]]:
    """The texts of annexe 3.1 phase by phase, in the order in which the campaign's file has its phases."""
    groups: dict[str, list[str]] = {}
    for item in contract.campaign.spec.get("chronology", ()):
        duration = f" ({item['duration']})" if item.get("duration") else ""
        groups.setdefault(item["phase"], []).append(f"{item['label']}{duration}")
    return [tuple(texts) for texts in groups.values()]


def gantt_of(contract: Contract, lines: Iterable[StepLine], *, today: dt.date) -> Gantt:
    """The drawing of the steps of `lines`; each bar leads to its step on the page of the calendar."""
    page = reverse("contracts:calendar", args=[contract.reference])
    return draw(
        [
            GanttRow(
                label=line.step.label,
                theme=line.step.theme,
                status=line.status.value,
                url=f"{page}#{line.anchor}",
                on=line.on,
                lasting_days=line.step.lasting_days,
                said=line.status_label,
                responsible=line.step.responsible,
                resources=line.step.resources,
            )
            for line in lines
        ],
        today=today,
    )


def suggested_tasks(contract: Contract) -> tuple[SuggestedTask, ...]:
    """The tasks of annexe 3.3, as the campaign's file has them, that no step of `contract` is named for."""
    have = {step.label.casefold() for step in contract.calendar_steps.all()}
    return tuple(
        SuggestedTask(rank, item["theme"], item["task"])
        for rank, item in enumerate(contract.campaign.spec.get("gantt", ()))
        if item["task"].casefold() not in have
    )


def summary(lines: Iterable[StepLine | DeadlineLine]) -> dict[str, int]:
    """How many of `lines` are done and late, and how many there are."""
    states = [line.status for line in lines]
    return {
        "done": states.count(StepStatus.DONE),
        "late": states.count(StepStatus.LATE),
        "total": len(states),
    }
