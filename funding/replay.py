"""Do a run of the allocation again from the inputs that it keeps, and compare (rules F5, F6, F8, F9).

Nothing is read but the run and its lines: neither the campaign nor the series, which may have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from funding.allocation import Allocation, allocate
from funding.models import AllocationLine, AllocationRun
from funding.modulation import RESERVE, ModulatedAllocation, ModulatedLine, Modulation, modulate


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


def modulated_of_inputs(inputs: dict[str, Any], allocation: Allocation) -> ModulatedAllocation:
    """`allocation` with the modulations that the stored inputs describe; none in the runs made before them.

    Raises ModulationRefused when they cannot be applied, which no stored run should ever do.
    """
    modulations = [
        Modulation(each["territory"], each["kind"], Decimal(each["value"]), each["reason"])
        for each in inputs.get("modulations", [])
    ]
    return modulate(allocation, modulations, inputs.get("freed_to", RESERVE))


def replay(run: AllocationRun) -> tuple[Difference, ...]:
    """What comes out otherwise when `run` is done again: nothing when the record is sound.

    Compares the factors, what was freed and what stays in reserve, and for each territory its key,
    the proportional and exact amounts, the bounds and the amounts. Raises AllocationRefused when the inputs
    cannot be shared any more.
    """
    again = allocation_of_inputs(run.inputs)
    after = modulated_of_inputs(run.inputs, again)
    stored = {line.territory.code: line for line in run.lines.select_related("territory")}
    totals = (
        ("facteur", run.factor, str(again.factor)),
        ("total", run.amount, again.total),
        ("montant libéré", run.freed, after.freed),
        ("réserve", run.reserve, after.reserve),
        ("facteur du nouveau partage", run.second_factor, "" if after.factor is None else str(after.factor)),
    )
    found = [Difference(what, str(old), str(new)) for what, old, new in totals if old != new]
    computed = {line.code: (line, final) for line, final in zip(again.lines, after.lines, strict=True)}
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
        line, final = computed[code]
        before = stored[code]
        pairs = [
            ("clé", before.key, str(line.key)),
            ("montant proportionnel", before.proportional, str(line.proportional)),
            ("borne", before.bound or "aucune", line.bound or "aucune"),
            ("montant exact", before.exact, str(line.exact)),
            ("montant", before.amount, final.amount),
        ]
        if after.modulated:
            pairs += _final_pairs(before, final)
        found += [
            Difference(f"territoire {code}, {what}", str(old), str(new))
            for what, old, new in pairs
            if old != new
        ]
    return tuple(found)


def _final_pairs(stored: AllocationLine, computed: ModulatedLine) -> list[tuple[str, Any, Any]]:
    """What is compared of a territory of a run with modulations, besides its amounts."""
    asked = computed.modulation
    return [
        ("montant avant modulation", stored.before, computed.before),
        ("montant exact après modulation", stored.exact_after, str(computed.exact)),
        ("borne après modulation", stored.bound_after or "aucune", computed.bound or "aucune"),
        (
            "modulation",
            _asked(
                stored.modulation.get("kind"), stored.modulation.get("value"), stored.modulation.get("reason")
            ),
            _asked(asked and asked.kind, asked and asked.value, asked and asked.reason),
        ),
    ]


def _asked(kind: Any, value: Any, reason: Any) -> str:
    """A modulation as text, to be compared."""
    return "aucune" if kind is None else f"{kind} {Decimal(value):f} ({reason})"
