"""Searching everything that is written in contracts, by words; each app registers what it wrote.

On PostgreSQL the words answer by their French stems, without accents (configuration `cdppe_french`, made by a
migration); elsewhere by their beginnings, read in Python. Both look only into the contracts that are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
from django.db import connection
from django.db.models import F, Model, QuerySet

from cdppe.lib.text_search import Piece, Term, answers, count_found, excerpt, postgres_query
from contracts.models import Contract
from contracts.places import Located, Place, locate

CONFIGURATION = "cdppe_french"
MOST_HITS = 60
"""Of one source: beyond so many, one more word serves better than one more page."""


@dataclass(frozen=True)
class Source:
    """Rows to look into: `rows(contracts)`, each of them in one contract.

    `texts` maps a lookup of the row to the name of its field in a `Place`; `item` is the attribute that holds
    the place's primary key (empty: the part itself), `contract_id` the one that names the contract.
    """

    part: str
    rows: Callable[[QuerySet[Contract]], QuerySet[Any]]
    texts: Mapping[str, str]
    item: str = "pk"
    contract_id: str = "contract_id"
    is_common: bool = False
    """The same rows in every contract of a campaign: of use inside one contract only."""


@dataclass(frozen=True)
class Hit:
    """One row that answers: where it stands, in words, and the text around the words that were found."""

    contract: Contract
    label: str
    url: str
    pieces: tuple[Piece, ...]
    rank: float


@dataclass(frozen=True)
class Found:
    """What answers, the best first; `is_cut` when a source had more than is shown."""

    hits: tuple[Hit, ...]
    is_cut: bool


_sources: list[Source] = []


def register_source(source: Source) -> None:
    """Have `source` searched too."""
    if source not in _sources:
        _sources.append(source)


def search(contracts: QuerySet[Contract], terms: tuple[Term, ...], *, in_one: bool) -> Found:
    """What answers to every one of `terms` in one row of `contracts`; `in_one`: there is a single one."""
    if not terms:
        return Found((), is_cut=False)
    searched = [source for source in _sources if in_one or not source.is_common]
    rows = [(source, row) for source in searched for row in _matching(source, contracts, terms)]
    known = (
        contracts.model.objects.filter(pk__in={_contract_id(source, row) for source, row in rows})
        .select_related("campaign", "territory__region")
        .in_bulk()
    )
    shown: list[tuple[Contract, Place, str, float]] = []
    for source, row in rows:
        field, text = _best_text(source, row, terms)
        place = Place(source.part, _value(row, source.item) if source.item else 0, field)
        shown.append((known[_contract_id(source, row)], place, text, float(getattr(row, "rank", 0))))
    located = _locate(shown)
    hits = [
        Hit(contract, found.label, found.url, excerpt(text, terms), rank)
        for contract, place, text, rank in shown
        if (found := located.get((contract.pk, place))) is not None
    ]
    hits.sort(key=lambda hit: (-hit.rank, hit.contract.reference, hit.label))
    counts = [sum(1 for each, _ in rows if each is source) for source in searched]
    return Found(tuple(hits), is_cut=any(count >= MOST_HITS for count in counts))


def matching_rows(source: Source, contracts: QuerySet[Contract], terms: tuple[Term, ...]) -> QuerySet[Any]:
    """The rows of `source` that answer, the best first, each with its `rank`: PostgreSQL only."""
    query = SearchQuery(postgres_query(terms), config=CONFIGURATION, search_type="raw")
    # The very expression of the index, lest it be computed for every row.
    found = source.rows(contracts).annotate(vector=SearchVector(*source.texts, config=CONFIGURATION))
    ranked: QuerySet[Any] = found.filter(vector=query).annotate(rank=SearchRank(F("vector"), query))
    return ranked.order_by("-rank", "pk")


def _matching(source: Source, contracts: QuerySet[Contract], terms: tuple[Term, ...]) -> list[Any]:
    if connection.vendor == "postgresql":
        return list(matching_rows(source, contracts, terms)[:MOST_HITS])
    matching = []
    for row in source.rows(contracts).order_by("pk").iterator(chunk_size=500):
        texts = [str(_value(row, lookup) or "") for lookup in source.texts]
        if answers(" \n ".join(texts), terms):
            matching.append(row)
            if len(matching) == MOST_HITS:
                break
    return matching


def _best_text(source: Source, row: Any, terms: tuple[Term, ...]) -> tuple[str, str]:
    """(name of the field, text) where most of `terms` stand; the first one that is written when none does."""
    texts = [(name, str(_value(row, lookup) or "")) for lookup, name in source.texts.items()]
    written = [(name, text) for name, text in texts if text]
    return max(written, key=lambda each: count_found(each[1], terms), default=("", ""))


def _value(row: Model, lookup: str) -> Any:
    value: Any = row
    for name in lookup.split("__"):
        value = getattr(value, name, None)
    return value


def _contract_id(source: Source, row: Model) -> int:
    return int(_value(row, source.contract_id))


def _locate(shown: list[tuple[Contract, Place, str, float]]) -> dict[tuple[int, Place], Located]:
    places: dict[Contract, list[Place]] = {}
    for contract, place, _, _ in shown:
        places.setdefault(contract, []).append(place)
    return {
        (contract.pk, place): found
        for contract, listed in places.items()
        for place, found in locate(contract, listed).items()
    }
