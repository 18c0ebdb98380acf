"""Reading the facts of the rules of the money, for many contracts at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import prefetch_related_objects

from contracts.models import Contract
from contracts.overview import BLANKS_READ, blanks_of
from contracts.places import Place
from funding.balance import DepartmentShare, EnvelopeYear, stated_sum
from funding.compliance.facts import (
    EnvelopeFacts,
    FundingFacts,
    MissionMeans,
    OwnMeansFacts,
    PayingSheet,
    ShareFacts,
    SourceFacts,
)
from funding.expenses import NO_TERMS, ExpenseTerms, terms_of
from funding.grid import DEPARTMENT, cell_name
from funding.models import (
    ActionFinancing,
    Contributor,
    Envelope,
    NotifiedAmount,
    OwnMeans,
    OwnObjectiveEnvelope,
    Payer,
    Service,
    StateExpense,
)


@dataclass(frozen=True)
class _Row:
    """One stated amount with what the facts need of its sheet."""

    contract_id: int
    sheet_pk: int
    sheet_number: int
    contract_objective_id: int
    objective_id: int | None
    objective_label: str
    year: int
    contributor: str
    envelope_id: int | None
    amount: Decimal


def load_funding_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, FundingFacts]:
    """The facts "funding" of `contracts`: as many queries whatever their number and their sheets."""
    campaigns = {contract.campaign_id for contract in contracts}
    envelopes: dict[int, list[Envelope]] = defaultdict(list)
    for envelope in Envelope.objects.filter(campaign__in=campaigns):
        envelopes[envelope.campaign_id].append(envelope)
    own = set(
        OwnObjectiveEnvelope.objects.filter(campaign__in=campaigns).values_list("envelope_id", flat=True)
    )
    links = Envelope.objectives.through.objects.filter(envelope__campaign__in=campaigns)
    open_to = set(links.values_list("envelope_id", "objective_id"))
    rows: dict[int, list[_Row]] = defaultdict(list)
    for row in _rows(contracts):
        rows[row.contract_id].append(row)
    notified = {
        (territory_id, envelope_id, year): amount
        for territory_id, envelope_id, year, amount in NotifiedAmount.objects.filter(
            territory__in={contract.territory_id for contract in contracts}, envelope__campaign__in=campaigns
        ).values_list("territory_id", "envelope_id", "year", "amount")
    }
    stated = {
        (sheet_id, envelope_id): (nature, replaces)
        for sheet_id, envelope_id, nature, replaces in StateExpense.objects.filter(
            action_sheet__contract__in=[contract.pk for contract in contracts]
        ).values_list("action_sheet_id", "envelope_id", "nature", "replaces_existing")
    }
    prefetch_related_objects(contracts, BLANKS_READ)
    terms = {contract.campaign_id: terms_of(contract.campaign.spec) for contract in contracts}
    return {
        contract.pk: FundingFacts(
            envelopes=tuple(
                _envelope_facts(
                    contract,
                    each,
                    rows[contract.pk],
                    notified,
                    blanks_of(contract),
                    lambda row: _may_finance(row, open_to, own),
                )
                for each in envelopes[contract.campaign_id]
            ),
            shares=_share_facts(rows[contract.pk]),
            sources=_source_facts(
                rows[contract.pk],
                {each.pk: each for each in envelopes[contract.campaign_id]},
                terms[contract.campaign_id],
                open_to,
                own,
                stated,
            ),
        )
        for contract in contracts
    }


def load_own_means_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, OwnMeansFacts]:
    """The facts "own-means" of `contracts`: one query whatever their number (rule M3)."""
    stated: dict[tuple[int, str], dict[int, Decimal | None]] = defaultdict(dict)
    for row in OwnMeans.objects.filter(contract__in=[contract.pk for contract in contracts]):
        stated[row.contract_id, row.service][row.year] = row.amount
    return {
        contract.pk: OwnMeansFacts(
            tuple(
                MissionMeans(
                    code,
                    str(label),
                    stated[contract.pk, code],
                    {year: Place("financing", 0, f"{code}-{year}") for year in stated[contract.pk, code]},
                )
                for code, label in Service.choices
            ),
            contract.campaign.reference_year,
        )
        for contract in contracts
    }


def _rows(contracts: Sequence[Contract]) -> Iterator[_Row]:
    found = (
        ActionFinancing.objects.in_plan()
        .filter(action_sheet__contract__in=[contract.pk for contract in contracts])
        .order_by("action_sheet__number", "envelope__position", "year")
        .values_list(
            "action_sheet__contract_id",
            "action_sheet_id",
            "action_sheet__number",
            "action_sheet__contract_objective_id",
            "action_sheet__contract_objective__objective_id",
            "action_sheet__contract_objective__objective__number",
            "action_sheet__contract_objective__objective__title",
            "action_sheet__contract_objective__own_title",
            "year",
            "contributor",
            "envelope_id",
            "amount",
        )
    )
    for (
        contract_id,
        sheet,
        number,
        co_id,
        objective_id,
        *named,
        year,
        contributor,
        envelope_id,
        amount,
    ) in found:
        objective_number, title, own_title = named
        label = own_title if objective_id is None else f"{objective_number}. {title}"
        yield _Row(
            contract_id,
            sheet,
            number,
            co_id,
            objective_id,
            str(label),
            year,
            contributor,
            envelope_id,
            amount,
        )


def _envelope_facts(
    contract: Contract,
    envelope: Envelope,
    rows: Iterable[_Row],
    notified: Mapping[tuple[int, int, int], Decimal],
    blanks: frozenset[str],
    may_finance: Callable[[_Row], bool],
) -> EnvelopeFacts:
    planned: dict[int, Decimal] = defaultdict(Decimal)
    paying: dict[int, list[PayingSheet]] = defaultdict(list)
    for row in rows:
        if row.envelope_id == envelope.pk:
            planned[row.year] += row.amount
            if row.amount:
                # A source that is not open to the objective has no box (O3): the money as a whole.
                box = cell_name(f"e{envelope.pk}", row.year) if may_finance(row) else "financing"
                paying[row.year].append(PayingSheet(row.sheet_pk, row.sheet_number, box))
    first = (contract.territory_id, envelope.pk, contract.campaign.year)
    return EnvelopeFacts(
        pk=envelope.pk,
        label=envelope.label,
        years=tuple(
            EnvelopeYear(year, notified.get((contract.territory_id, envelope.pk, year)), planned.get(year))
            for year in sorted({*contract.years, *planned})
        ),
        needs_first_amount=f"amount_{envelope.code.lower()}" in blanks and first not in notified,
        lacks_budget_line=envelope.payer == Payer.PREFECTURE and not envelope.budget_line,
        paying={year: tuple(sheets) for year, sheets in paying.items()},
    )


def _share_facts(rows: Iterable[_Row]) -> tuple[ShareFacts, ...]:
    by_objective: dict[int, list[_Row]] = defaultdict(list)
    for row in rows:
        by_objective[row.contract_objective_id].append(row)
    return tuple(
        ShareFacts(
            pk,
            own[0].objective_label,
            DepartmentShare(
                department=stated_sum(r.amount for r in own if r.contributor == Contributor.DEPARTMENT),
                state=stated_sum(r.amount for r in own if r.contributor == Contributor.STATE),
            ),
            _sheets_of(own),
        )
        for pk, own in by_objective.items()
    )


def _sheets_of(rows: Sequence[_Row]) -> tuple[PayingSheet, ...]:
    """The sheets of `rows`, each at the department's box of its first year of State money, or of any."""
    sheets: dict[tuple[int, int], list[_Row]] = defaultdict(list)
    for row in rows:
        sheets[row.sheet_number, row.sheet_pk].append(row)
    found = []
    for (number, pk), own in sorted(sheets.items()):
        of_state = [row.year for row in own if row.envelope_id is not None]
        first = min(of_state or [row.year for row in own])
        found.append(PayingSheet(pk, number, cell_name(DEPARTMENT, first)))
    return tuple(found)


def _may_finance(row: _Row, open_to: set[tuple[int, int]], own: set[int]) -> bool:
    """Whether the envelope of `row` is open to the objective of its sheet (O3), an own one too (O4)."""
    if row.envelope_id is None:
        return False
    if row.objective_id is None:
        return row.envelope_id in own
    return (row.envelope_id, row.objective_id) in open_to


def _source_facts(
    rows: Iterable[_Row],
    envelopes: Mapping[int, Envelope],
    terms: Mapping[str, ExpenseTerms],
    open_to: set[tuple[int, int]],
    own: set[int],
    stated: Mapping[tuple[int, int], tuple[str, bool | None]],
) -> tuple[SourceFacts, ...]:
    """One for each envelope that pays something in a sheet; an amount of zero pays nothing."""
    paying: dict[tuple[int, int], _Row] = {}
    for row in rows:
        if row.envelope_id is not None and row.amount:
            paying.setdefault((row.sheet_pk, row.envelope_id), row)
    found = []
    for (sheet_pk, envelope_id), row in paying.items():
        envelope = envelopes.get(envelope_id)
        if envelope is None:
            found.append(
                SourceFacts(
                    sheet_pk,
                    row.sheet_number,
                    envelope_id,
                    "Une enveloppe d’une autre campagne",
                    may_finance=False,
                )
            )
            continue
        of_envelope = terms.get(envelope.code, NO_TERMS)
        nature, replaces = stated.get((sheet_pk, envelope_id), ("", None))
        found.append(
            SourceFacts(
                sheet_pk=sheet_pk,
                sheet_number=row.sheet_number,
                envelope_pk=envelope_id,
                envelope_label=envelope.label,
                may_finance=_may_finance(row, open_to, own),
                terms=of_envelope,
                nature=of_envelope.nature(nature),
                replaces_existing=replaces,
            )
        )
    return tuple(found)
