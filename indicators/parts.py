"""The part of the workspace that indicators owns: the tableau de bord, and how far it has got (rule I2)."""

from __future__ import annotations

from django.db.models import Count, Q

from cdppe.accounts.models import User
from contracts.models import Contract
from contracts.workspace import Part, Progress, counted
from indicators.dashboard import EXPECTED_KINDS, TYPED_KINDS, columns_of, indicators_of, repeated_rows
from indicators.models import ValueKind


def measure_dashboard(contract: Contract, user: User) -> Progress | None:
    """How many of the reference values and targets that are expected are filled, « non disponible » included.

    The levels reached come year after year: they are not counted. One query.
    """
    columns = [column for column in columns_of(contract.campaign) if column.kind in EXPECTED_KINDS]
    in_columns = Q()
    for column in columns:
        in_columns |= Q(values__kind=column.kind, values__year=column.year)
    rows = list(
        indicators_of(contract).annotate(
            filled=Count("values", filter=Q(values__contract=contract.pk) & in_columns)
        )
    )
    repeated = repeated_rows(rows)
    references = sum(column.kind == ValueKind.REFERENCE for column in columns)
    typed = [row for row in rows if row.kind in TYPED_KINDS and row.pk not in repeated]
    expected = sum(len(columns) if row.has_target else references for row in typed)
    filled = sum(row.filled for row in typed)
    if not expected:
        return None
    return counted(filled, expected, f"{filled} valeurs de référence et cibles renseignées sur {expected}")


DASHBOARD_PART = Part("dashboard", "Tableau de bord", "indicators:dashboard", 50, measure_dashboard)
