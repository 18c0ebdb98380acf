"""The cells of the tableau de bord as places of the workspace: « dashboard/12/target-2030 »."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from contracts.models import Contract
from contracts.places import Located, Place, field_label
from indicators.actions.local_indicators import LOCAL_FIELDS
from indicators.dashboard import (
    OBJECTIVE_KEY,
    TYPED_KINDS,
    columns_of,
    half_year_columns_of,
    indicators_of,
)
from indicators.models import Indicator, IndicatorKind, IndicatorValue, Periodicity, ValueKind

DASHBOARD = "dashboard"

ROW_FIELDS = frozenset({*LOCAL_FIELDS, "unavailable_reason"})
"""What a place may name of a row beside its cells."""


def locate_cells(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """Rows and cells in words, « Nombre de naissances – Cible 2030 », with the address of the very box.

    A field of the row itself (its name, the reason of a value) has the address of the row. A cell that does
    not exist (a heading, no such column) is left out, and so is a row that the contract does not, or no
    longer, have. One query, whatever the number of places.
    """
    url = reverse("indicators:dashboard-fill", args=[contract.reference])
    rows = {row.pk: row for row in indicators_of(contract)}
    columns = {column.key: column for column in columns_of(contract.campaign)}
    halves = {column.key: column for column in half_year_columns_of(contract.campaign)}
    found: dict[Place, Located] = {}
    found |= _sections(contract, [place for place in places if not place.item])
    for place in places:
        row = rows.get(place.item)
        if row is None:
            continue
        label = row.short_label or row.label
        if not place.field or place.field in ROW_FIELDS:
            words = field_label(Indicator, place.field) or field_label(IndicatorValue, place.field)
            found[place] = Located(f"{label} – {words}" if words else label, f"{url}#row-{row.pk}")
            continue
        is_half_yearly = row.periodicity == Periodicity.HALF_YEARLY
        column = columns.get(place.field) or (halves.get(place.field) if is_half_yearly else None)
        if column is None or row.kind not in {*TYPED_KINDS, IndicatorKind.SHARE}:
            continue
        if column.kind == ValueKind.TARGET and not row.has_target:
            continue
        found[place] = Located(f"{label} – {column.label}", f"{url}#v-{row.pk}-{column.key}")
    return found


def _sections(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The sections of the tableau de bord that have no cell of their own: « dashboard//objectif-12 »."""
    if not places:
        return {}
    url = reverse("indicators:dashboard", args=[contract.reference])
    labels = {
        f"{OBJECTIVE_KEY}-{each.pk}": each.short_label
        for each in contract.objectives.select_related("objective")
    }
    return {
        place: Located(f"Tableau de bord – {labels[place.field]}", f"{url}#{place.field}")
        for place in places
        if place.field in labels
    }
