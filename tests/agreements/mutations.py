"""Change one cell of the table of transitions at a time, as a mistake would: does a check notice?

`mutants` gives every change of one row: its source, its target, who makes it, one need left out, its way
back, its institutions widened, the row left out, the row offered from another state or on another page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.workflow import TRANSITIONS, ContractState, Page, Transition, Who

Table = tuple[Transition, ...]


def mutants(table: Table = TRANSITIONS) -> Iterator[tuple[str, Table]]:
    """(what was changed, the whole changed table), one change at a time."""
    for rank, row in enumerate(table):
        name = f"{row.code} from {row.source.value}"
        for what, changed in _changes(row):
            yield f"{name}: {what}", (*table[:rank], *changed, *table[rank + 1 :])


def _changes(row: Transition) -> Iterator[tuple[str, tuple[Transition, ...]]]:
    yield "left out", ()
    others = [state for state in ContractState if state != row.target]
    yield "another target", (replace(row, target=others[(len(row.code) * 3) % len(others)]),)
    sources = [state for state in ContractState if state != row.source]
    yield "another source", (replace(row, source=sources[(len(row.code) * 5) % len(sources)]),)
    yield "also from another state", (row, replace(row, source=sources[(len(row.code) * 7) % len(sources)]))
    for who in Who:
        if who != row.who:
            yield f"made by {who.value}", (replace(row, who=who),)
    for need in row.needs:
        yield (
            f"without {need.value}",
            (replace(row, needs=tuple(each for each in row.needs if each != need)),),
        )
    yield "the ministry too", (replace(row, institutions=row.institutions | {"dgcs"}),)
    if row.undone_by:
        yield "no way back", (replace(row, undone_by=""),)
    page = Page.OVERVIEW if row.page != Page.OVERVIEW else Page.WAY
    yield "on another page", (replace(row, page=page),)
