"""The part of the workspace that indicators owns: the tableau de bord, and how far it has got (rule I2)."""

from __future__ import annotations

from cdppe.accounts.models import User
from contracts.compliance import known_facts
from contracts.models import Contract
from contracts.workspace import Part, Progress, counted
from indicators.compliance import IndicatorFacts


def measure_dashboard(contract: Contract, user: User) -> Progress | None:
    """How many of the reference values and targets that are expected are filled, « non disponible » included.

    The levels reached come year after year: they are not counted.
    """
    facts: IndicatorFacts = known_facts(contract, "indicators")
    rows = list(facts.rows)
    expected = sum(row.expected_count for row in rows)
    filled = sum(row.filled_count for row in rows)
    if not expected:
        return None
    return counted(filled, expected, f"{filled} valeurs de référence et cibles renseignées sur {expected}")


DASHBOARD_PART = Part("dashboard", "Tableau de bord", "indicators:dashboard", 50, measure_dashboard)
