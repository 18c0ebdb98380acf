"""What the history keeps of the tableau de bord, values and local rows; bringing them back."""

from __future__ import annotations

from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation
from contracts.history import Kept, Snapshot
from contracts.models import Contract
from contracts.places import Place, field_label
from indicators.actions.local_indicators import LOCAL_FIELDS, save_local_indicator
from indicators.actions.values import CellChange, save_values
from indicators.dashboard import COLUMN_WORDS, figure_of
from indicators.figures import (
    NOT_STATED,
    Figure,
    FigureError,
    Known,
    Unavailable,
    format_number,
    read_number,
)
from indicators.models import Indicator, IndicatorValue

UNAVAILABLE_WORDS = "non disponible : "
RESTORED_TEXTS = ("label", "unit", "source", "note")
"""What a former text of a local row is brought back in; its kind and its targets are chosen."""


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
        return f"{UNAVAILABLE_WORDS}{figure.reason}"
    return ""


def restore_cell(contract: Contract, place: Place, value: str, by: User) -> None:
    """Write a former value or text of a local row again. Raises RuleViolation when it cannot be."""
    if place.field in LOCAL_FIELDS:
        _restore_local_text(contract, place, value, by)
        return
    kind, _, year = place.field.rpartition("-")
    if kind not in COLUMN_WORDS or not (year.isascii() and year.isdigit()):
        raise RuleViolation("Cette case ne se reprend pas d’ici : corrigez-la dans le tableau de bord.")
    stored = IndicatorValue.objects.filter(
        contract=contract, indicator=place.item, kind=kind, year=int(year)
    ).first()
    change = CellChange(
        indicator_id=place.item,
        kind=kind,
        year=int(year),
        opened_with=figure_of(stored) if stored else NOT_STATED,
        wanted=_figure_shown(value),
    )
    save_values(contract, changes=[change], by=by)


def _restore_local_text(contract: Contract, place: Place, value: str, by: User) -> None:
    row = Indicator.objects.filter(contract=contract, pk=place.item).first()
    if row is None:
        raise RuleViolation("Cet indicateur local a été retiré : ajoutez-le de nouveau, avec ce texte.")
    if place.field not in RESTORED_TEXTS:
        raise RuleViolation("Ce choix ne se reprend pas d’ici : corrigez l’indicateur local.")
    if place.field == "label" and not value:
        raise RuleViolation("Un indicateur garde un intitulé : ce texte vide n’est pas repris.")
    fields = {name: getattr(row, name) for name in LOCAL_FIELDS} | {place.field: value}
    save_local_indicator(row, fields=fields, by=by)


def _figure_shown(text: str) -> Figure:
    """The figure that `_shown` wrote."""
    if not text:
        return NOT_STATED
    if text.startswith(UNAVAILABLE_WORDS):
        return Unavailable(text.removeprefix(UNAVAILABLE_WORDS))
    try:
        number = read_number(text)
    except FigureError as error:
        raise RuleViolation(f"Cette valeur ne se reprend pas : {error}") from error
    return NOT_STATED if number is None else Known(number)
