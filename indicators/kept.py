"""What the history keeps of the tableau de bord: its values and the contract's own rows."""

from __future__ import annotations

from contracts.history import Kept, Snapshot
from contracts.models import Contract
from contracts.places import Place, field_label
from indicators.actions.local_indicators import LOCAL_FIELDS
from indicators.dashboard import COLUMN_WORDS, figure_of
from indicators.figures import Known, Unavailable, format_number
from indicators.models import Indicator, IndicatorValue


def read_dashboard(contract: Contract) -> Snapshot:
    """Every value, by row and column, and the texts of the local rows."""
    found: dict[Place, Kept] = {}
    for value in IndicatorValue.objects.filter(contract=contract).select_related("indicator"):
        found[Place("dashboard", value.indicator_id, f"{value.kind}-{value.year}")] = Kept(
            value.indicator.label, f"{COLUMN_WORDS[value.kind]} {value.year}", _shown(value)
        )
    for row in Indicator.objects.filter(contract=contract):
        for name in LOCAL_FIELDS:
            stored = getattr(row, name)
            text = ("oui" if stored else "non") if isinstance(stored, bool) else str(stored)
            if name == "kind":
                text = str(row.get_kind_display())
            found[Place("dashboard", row.pk, name)] = Kept(row.label, field_label(Indicator, name), text)
    return found


def _shown(value: IndicatorValue) -> str:
    figure = figure_of(value)
    if isinstance(figure, Known):
        return format_number(figure.value)
    if isinstance(figure, Unavailable):
        return f"non disponible : {figure.reason}"
    return ""
