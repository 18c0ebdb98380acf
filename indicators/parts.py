"""The part of the workspace that indicators owns: the tableau de bord."""

from __future__ import annotations

from cdppe.accounts.models import User
from contracts.models import Contract
from contracts.workspace import Part, Progress, Stage


def measure_dashboard(contract: Contract, user: User) -> Progress:
    """How many values are typed; `contract` is one of `overview.with_facts`."""
    count = contract.dashboard_count
    words = "1 valeur saisie" if count == 1 else f"{count} valeurs saisies"
    return Progress(Stage.STARTED if count else Stage.EMPTY, str(count), words)


DASHBOARD_PART = Part("dashboard", "Tableau de bord", "indicators:dashboard", 50, measure_dashboard)
