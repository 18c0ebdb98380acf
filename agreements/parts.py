"""The parts of the workspace that agreements owns."""

from __future__ import annotations

from agreements.amendments_page import measure_amendments
from agreements.transmissions import CODE, measure_transmissions
from cdppe.accounts.models import User
from contracts.models import Contract
from contracts.workspace import Part, Progress, Stage


def measure_versions(contract: Contract, user: User) -> Progress:
    """How many versions were taken; one query."""
    count = contract.versions.count()
    if not count:
        return Progress(Stage.EMPTY, "0", "aucune version")
    return Progress(Stage.STARTED, str(count), "1 version" if count == 1 else f"{count} versions")


AMENDMENTS_PART = Part("amendments", "Avenants", "agreements:amendments", 97, measure_amendments)
VERSIONS_PART = Part("versions", "Versions", "agreements:versions", 105, measure_versions)
TRANSMISSIONS_PART = Part(CODE, "Transmissions", "agreements:transmissions", 107, measure_transmissions)
