"""Do a run of the allocation again from the inputs that it keeps, and compare (rules F5, F6, F8).

Nothing is read but the run and its lines: neither the campaign nor the series, which may have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from funding.allocation import Allocation, allocate
from funding.models import AllocationRun


@dataclass(frozen=True)
class Difference:
    """One thing that came out otherwise: `what` names it in French; both values as text."""

    what: str
    stored: str
    computed: str

    def __str__(self) -> str:
        return f"{self.what} : enregistré {self.stored}, recalculé {self.computed}"


def allocation_of_inputs(inputs: dict[str, Any]) -> Allocation:
    """The allocation that the stored inputs of a run describe.

    Raises AllocationRefused when they cannot be shared, which no stored run should ever do.
    """
    return allocate(
        Decimal(inputs["amount"]),
        {
            code: {
                series: Decimal(figure["value"]) if figure["value"] is not None else None
                for series, figure in row.items()
            }
            for code, row in inputs["figures"].items()
        },
        {criterion["series"]: Decimal(criterion["weight"]) for criterion in inputs["criteria"]},
        floor=Decimal(inputs["floor"] or 0),
        ceiling=Decimal(inputs["ceiling"]) if inputs["ceiling"] is not None else None,
        unit=Decimal(inputs["unit"]),
    )


def replay(run: AllocationRun) -> tuple[Difference, ...]:
    """What comes out otherwise when `run` is done again: nothing when the record is sound.

    Compares the factor, and for each territory the key, the proportional and exact amounts, the bound and
    the amount. Raises AllocationRefused when the inputs cannot be shared any more.
    """
    again = allocation_of_inputs(run.inputs)
    stored = {line.territory.code: line for line in run.lines.select_related("territory")}
    found = [] if run.factor == str(again.factor) else [Difference("facteur", run.factor, str(again.factor))]
    if run.amount != again.total:
        found.append(Difference("total", str(run.amount), str(again.total)))
    computed = {line.code: line for line in again.lines}
    for code in sorted({*stored, *computed}):
        if code not in stored or code not in computed:
            found.append(
                Difference(
                    f"territoire {code}",
                    "présent" if code in stored else "absent",
                    "présent" if code in computed else "absent",
                )
            )
            continue
        before, after = stored[code], computed[code]
        pairs = (
            ("clé", before.key, str(after.key)),
            ("montant proportionnel", before.proportional, str(after.proportional)),
            ("borne", before.bound or "aucune", after.bound or "aucune"),
            ("montant exact", before.exact, str(after.exact)),
        )
        found += [
            Difference(f"territoire {code}, {what}", old, new) for what, old, new in pairs if old != new
        ]
        if before.amount != after.amount:
            found.append(Difference(f"territoire {code}, montant", str(before.amount), str(after.amount)))
    return tuple(found)
