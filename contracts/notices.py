"""What every page of a contract says at its head, and the lists beside its state: a denunciation, say.

A higher app registers how its notices are found in `AppConfig.ready()`; contracts only shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contracts.models import Contract


@dataclass(frozen=True)
class Notice:
    """One thing that nobody who opens the contract may miss: a word or two for lists, a sentence, a page."""

    badge: str
    sentence: str
    url: str


Source = Callable[[Sequence[Contract]], Mapping[int, Notice]]
"""{primary key: notice} of those of the contracts that have one, in as many queries for fifty as for one."""

_sources: list[Source] = []


def register_notices(source: Source) -> None:
    """Have `source` asked for the notices of contracts."""
    if source not in _sources:
        _sources.append(source)


def notices_of(contracts: Sequence[Contract]) -> dict[int, list[Notice]]:
    """{primary key: its notices} of every contract given, in the order in which sources were registered."""
    found: dict[int, list[Notice]] = {contract.pk: [] for contract in contracts}
    for source in _sources:
        for pk, notice in source(contracts).items():
            found[pk].append(notice)
    return found
