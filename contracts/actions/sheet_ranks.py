"""The ranks of a contract's sheets, rewritten without ever holding the same one twice.

The caller holds the lock of the contract's row: nobody else ranks or adds sheets meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import F, Max

from contracts.models import ActionSheet


def write_ranks(sheets: Sequence[ActionSheet]) -> None:
    """Have `sheets` (of one contract, all different) stand in this order, on the ranks that they hold."""
    ranks = sorted(sheet.position for sheet in sheets)
    renamed = {sheet.pk: rank for sheet, rank in zip(sheets, ranks, strict=True) if sheet.position != rank}
    rewrite("position", sheets, renamed)


def rank_after(sheet: ActionSheet, other: ActionSheet) -> None:
    """Rank `sheet` just after `other`, before the sheets that followed it."""
    ranked = list(
        ActionSheet.objects.filter(contract=other.contract_id)
        .exclude(pk=sheet.pk)
        .order_by("position")
        .only("position")
    )
    index = next(rank for rank, each in enumerate(ranked) if each.pk == other.pk)
    write_ranks([*ranked[: index + 1], sheet, *ranked[index + 1 :]])


def rewrite(name: str, sheets: Sequence[ActionSheet], values: Mapping[int, int]) -> None:
    """Give the sheets of `values`, {primary key: figure}, their `name`: « number » or « position ».

    Both are unique in the contract and the engines check row by row: the sheets first take figures that
    nobody holds, then their own.
    """
    if not values:
        return
    rows = ActionSheet.objects.filter(pk__in=values)
    contract_id = sheets[0].contract_id
    last = ActionSheet.objects.filter(contract=contract_id).aggregate(last=Max(name))["last"] or 0
    rows.update(**{name: F(name) + last})
    written = [sheet for sheet in sheets if sheet.pk in values]
    for sheet in written:
        setattr(sheet, name, values[sheet.pk])
    ActionSheet.objects.bulk_update(written, [name])
