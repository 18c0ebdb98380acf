"""What pages say of the modulations of an envelope: both totals, each territory and its reason (rule F9).

The same for a scenario that is being typed and for a run that was stored. Amounts are euros.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cdppe.accounts.models import Territory
from cdppe.lib.money import format_euros
from funding.models import AllocationLine, AllocationRun, Envelope
from funding.modulation import AMOUNT, SHARED, ModulatedAllocation
from funding.scenario_modulations import percent


@dataclass(frozen=True)
class ModulatedTerritory:
    """One territory whose amount is lowered; `asked` is the coefficient or the amount, as people read it."""

    territory: Territory
    asked: str
    before: Decimal
    after: Decimal
    reason: str
    is_under_floor: bool

    @property
    def freed(self) -> Decimal:
        return self.before - self.after


@dataclass(frozen=True)
class ModulationSummary:
    """The modulations of one envelope: allocated = distributed + reserve, freed = reshared + reserve."""

    envelope: Envelope
    allocated: Decimal
    freed: Decimal
    reshared: Decimal
    reserve: Decimal
    distributed: Decimal
    is_shared_again: bool
    rows: tuple[ModulatedTerritory, ...]

    @property
    def count(self) -> int:
        """How many territories are modulated."""
        return len(self.rows)


def asked_text(kind: str, value: Decimal) -> str:
    """A coefficient as a percentage, an amount in euros: "80 %", "120 000 €"."""
    return format_euros(value) if kind == AMOUNT else percent(value)


def summary_of_result(
    envelope: Envelope,
    modulated: ModulatedAllocation,
    floor: Decimal | None,
    territories: Sequence[Territory],
) -> ModulationSummary | None:
    """The modulations of an envelope shared but not stored; None when there are none."""
    if not modulated.modulated:
        return None
    by_code = {territory.code: territory for territory in territories}
    rows = tuple(
        ModulatedTerritory(
            territory=by_code[line.code],
            asked=asked_text(line.modulation.kind, Decimal(str(line.modulation.value))),
            before=line.before,
            after=line.amount,
            reason=line.modulation.reason,
            is_under_floor=line.amount < (floor or 0),
        )
        for line in modulated.modulated
        if line.modulation is not None
    )
    return ModulationSummary(
        envelope=envelope,
        allocated=modulated.allocated,
        freed=modulated.freed,
        reshared=modulated.reshared,
        reserve=modulated.reserve,
        distributed=modulated.distributed,
        is_shared_again=modulated.destination == SHARED,
        rows=rows,
    )


def summary_of_run(run: AllocationRun, lines: Iterable[AllocationLine]) -> ModulationSummary | None:
    """The modulations of a stored run (with its envelope; lines with their territory); None without any."""
    if not run.is_modulated:
        return None
    inputs: Mapping[str, Any] = run.inputs
    floor = Decimal(inputs["floor"] or 0)
    return ModulationSummary(
        envelope=run.envelope,
        allocated=run.amount,
        freed=run.freed,
        reshared=run.reshared,
        reserve=run.reserve,
        distributed=run.distributed,
        is_shared_again=inputs["freed_to"] == SHARED,
        rows=tuple(
            ModulatedTerritory(
                territory=line.territory,
                asked=asked_text(line.modulation["kind"], Decimal(line.modulation["value"])),
                before=line.before,
                after=line.amount,
                reason=line.modulation["reason"],
                is_under_floor=line.amount < floor,
            )
            for line in lines
            if line.modulation
        ),
    )


def summaries_of_runs(runs: Iterable[AllocationRun]) -> tuple[ModulationSummary, ...]:
    """Those of the runs that are modulated; one query for all of them, none when there are none."""
    modulated = [run for run in runs if run.is_modulated]
    lines: dict[int, list[AllocationLine]] = {run.pk: [] for run in modulated}
    if modulated:
        found = AllocationLine.objects.filter(run__in=lines).exclude(modulation={})
        for line in found.select_related("territory").prefetch_related("territory__departments"):
            lines[line.run_id].append(line)
    summaries = (summary_of_run(run, lines[run.pk]) for run in modulated)
    return tuple(each for each in summaries if each is not None)
