"""The rules of the indicators, against which `contracts.compliance` checks a contract (I2, I6, O6).

Source: circulaire 2020/34, III, annexes 5.1 (article 2.1), 5.2 and 6. Every check is pure: the facts below
in, findings out; the loader at the end reads the database. A cell is stated when it holds a figure, or « non
disponible » with its reason; neither that nor an empty cell is zero.

How the severities were judged: docs/decisions/compliance-severities.md; each check says on which words it
rests.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, prefetch_related_objects

from contracts.compliance import Finding, Rule, Severity
from contracts.models import ActionSheet, Contract, ContractObjective
from contracts.overview import OBJECTIVES_READ
from contracts.places import Place
from indicators.dashboard import OBJECTIVE_KEY, TYPED_KINDS, Column, columns_of, repeated_rows
from indicators.models import Indicator, IndicatorKind, IndicatorValue, ValueKind

CIRCULAR = "circulaire"


@dataclass(frozen=True)
class RowFacts:
    """A row that people fill: which of its cells hold nothing, which targets hold a figure."""

    indicator_id: int
    label: str
    is_local: bool = False
    has_target: bool = True
    empty: tuple[Column, ...] = ()
    """Cells of the reference year and of the targets, in the order of the table, that hold nothing."""
    target_figures: int = 0
    """How many of its targets hold a figure; none for a denominator, whose forecast aims at nothing."""
    is_stated: bool = True
    """Something is said in it, be it that the figure is not available."""
    expected_count: int = 0
    """How many cells of the reference year and of the targets are to be filled; 0 where it repeats a row."""
    filled_count: int = 0
    """How many cells of the reference year and of the targets say something; 0 where it repeats a row."""


@dataclass(frozen=True)
class SectionFacts:
    """An objective of the contract with its rows, and what the campaign asks of it once retained."""

    contract_objective_id: int
    label: str
    rows: tuple[RowFacts, ...] = ()
    requires_numeric_target: bool = False
    requires_harmonised_indicator: bool = False
    forbids_purely_quantitative_target: bool = False
    is_followed_without_target: bool = False
    """The tableau de bord of the campaign gives it rows, and asks a target of none (rule I6)."""
    has_implementation_indicators: bool = False
    """A sheet of the objective says, in words, by what its action is judged."""

    @property
    def place(self) -> Place:
        return Place("dashboard", 0, f"{OBJECTIVE_KEY}-{self.contract_objective_id}")

    @property
    def has_numeric_target(self) -> bool:
        return any(row.target_figures for row in self.rows)


@dataclass(frozen=True)
class IndicatorFacts:
    """The tableau de bord of one contract; `sections` are its objectives, `rows` those of a commitment."""

    sections: tuple[SectionFacts, ...] = ()
    commitment_rows: tuple[RowFacts, ...] = ()

    @property
    def rows(self) -> Iterator[RowFacts]:
        for section in self.sections:
            yield from section.rows
        yield from self.commitment_rows


def objectives_have_a_target(facts: IndicatorFacts) -> Iterator[Finding]:
    """I2. « Les objectifs définis par les contrats doivent être assortis d’indicateurs et de cibles
    chiffrées » (III): blocking, objective by objective, but where the campaign follows without target
    (I6)."""
    for section in facts.sections:
        if (
            section.requires_numeric_target
            or section.has_numeric_target
            or section.is_followed_without_target
        ):
            continue
        if section.rows:
            sentence = "aucune cible chiffrée n’est saisie."
        else:
            sentence = "aucun indicateur ; ajoutez-en un, avec sa cible."
        yield Finding(f"« {section.label} » : {sentence}", section.place)


def demanded_targets_there(facts: IndicatorFacts) -> Iterator[Finding]:
    """O6. « S’il est retenu, il est demandé de définir une cible chiffrée »: blocking."""
    for section in facts.sections:
        if section.requires_numeric_target and not section.has_numeric_target:
            yield Finding(
                f"« {section.label} » : retenu, cet objectif demande une cible chiffrée, et n’en a pas.",
                section.place,
            )


def harmonised_rows_followed(facts: IndicatorFacts) -> Iterator[Finding]:
    """O6. « Et de suivre l’indicateur harmonisé »: blocking while nothing at all is said in it; « non
    disponible », with its reason, is an answer."""
    for section in facts.sections:
        if section.requires_harmonised_indicator and not any(
            row.is_stated for row in section.rows if not row.is_local
        ):
            yield Finding(
                f"« {section.label} » : retenu, cet objectif demande de suivre son indicateur harmonisé, "
                "qui est vide.",
                section.place,
            )


def targets_not_only_quantitative(facts: IndicatorFacts) -> Iterator[Finding]:
    """O6. « À l’exclusion de tout objectif visant uniquement à développer l’offre au plan quantitatif »: an
    order, but only a reader can judge it: to be checked while no row of the territory's own and no sheet says
    anything else than the harmonised figures."""
    for section in facts.sections:
        if (
            section.forbids_purely_quantitative_target
            and section.has_numeric_target
            and not section.has_implementation_indicators
            and not any(row.is_local for row in section.rows)
        ):
            yield Finding(
                f"« {section.label} » : les cibles ne comptent que l’offre. Ajoutez un indicateur de la "
                "qualité du soutien, ou dites où il est.",
                section.place,
            )


def cells_filled(facts: IndicatorFacts) -> Iterator[Finding]:
    """I2. The value of the reference year and the target of each year are asked of each row (annexes 5.2 and
    6), « à déterminer conjointement »: one empty cell is no reason to hold a signature, to be checked."""
    for row in facts.rows:
        if row.empty:
            first = row.empty[0]
            told = ", ".join(column.label.lower() for column in row.empty)
            yield Finding(
                f"« {row.label} » : à remplir, ou « nd » avec la raison ({told}).",
                Place("dashboard", row.indicator_id, first.key),
            )


def rows_without_target_have_none(facts: IndicatorFacts) -> Iterator[Finding]:
    """I6. Some rows are followed « sans nécessairement [les] assortir d’une cible chiffrée »: a target there
    breaks nothing, and may be a mistake: to be checked."""
    for row in facts.rows:
        if not row.has_target and row.target_figures:
            yield Finding(
                f"« {row.label} » est suivi sans cible, et en a une.", Place("dashboard", row.indicator_id)
            )


_BLOCKING, _TO_CHECK = Severity.BLOCKING, Severity.TO_CHECK

RULES = (
    Rule(
        "objectives-have-a-target",
        "I2",
        f"{CIRCULAR}, III et annexe 5.1, article 2.1",
        _BLOCKING,
        "Chaque objectif a un indicateur et une cible chiffrée",
        "« Les objectifs définis par les contrats doivent être assortis d’indicateurs et de cibles "
        "chiffrées. »",
        "indicators",
        objectives_have_a_target,
    ),
    Rule(
        "numeric-target",
        "O6",
        f"{CIRCULAR}, annexe 6",
        _BLOCKING,
        "Les objectifs facultatifs qui le demandent ont une cible chiffrée",
        "« Il s’agit d’un objectif facultatif ; toutefois, s’il est retenu, il est demandé de définir une "
        "cible chiffrée et de suivre l’indicateur harmonisé. »",
        "indicators",
        demanded_targets_there,
    ),
    Rule(
        "harmonised-indicator",
        "O6",
        f"{CIRCULAR}, annexe 6",
        _BLOCKING,
        "Les objectifs facultatifs qui le demandent suivent leur indicateur harmonisé",
        "« Il s’agit d’un objectif facultatif ; toutefois, s’il est retenu, il est demandé de définir une "
        "cible chiffrée et de suivre l’indicateur harmonisé. » « Non disponible », avec sa raison, est une "
        "réponse.",
        "indicators",
        harmonised_rows_followed,
    ),
    Rule(
        "not-only-quantitative",
        "O6",
        f"{CIRCULAR}, annexe 6",
        _TO_CHECK,
        "Les cibles ne visent pas seulement la quantité là où la circulaire l’exclut",
        "« À l’exclusion de tout objectif visant uniquement à développer l’offre au plan quantitatif. » "
        "L’outil ne juge pas du sens d’une cible : une personne vérifie.",
        "indicators",
        targets_not_only_quantitative,
    ),
    Rule(
        "cells-filled",
        "I2",
        f"{CIRCULAR}, annexes 5.2 et 6",
        _TO_CHECK,
        "Chaque ligne a sa valeur de référence et ses cibles",
        "Le tableau de bord porte la valeur de l’année de référence et une cible par année. Une donnée « non "
        "disponible » se dit, avec sa raison.",
        "indicators",
        cells_filled,
    ),
    Rule(
        "without-target",
        "I6",
        f"{CIRCULAR}, annexe 6",
        _TO_CHECK,
        "Les lignes suivies sans cible n’en ont pas",
        "« Il vous est demandé de suivre […] sans nécessairement l’assortir d’une cible chiffrée. »",
        "indicators",
        rows_without_target_have_none,
    ),
)


# --- Loading the facts --------------------------------------------------------------------------------------


def load_indicator_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, IndicatorFacts]:
    """The facts "indicators" of `contracts`: as many queries whatever their number and their rows."""
    pks = [contract.pk for contract in contracts]
    prefetch_related_objects(contracts, OBJECTIVES_READ)
    described = frozenset(
        ActionSheet.objects.in_plan()
        .filter(contract__in=pks)
        .exclude(implementation_indicators="")
        .values_list("contract_objective_id", flat=True)
    )
    harmonised: dict[int, list[Indicator]] = defaultdict(list)
    local: dict[int, list[Indicator]] = defaultdict(list)
    indicators = Indicator.objects.filter(campaign__in={contract.campaign_id for contract in contracts})
    for indicator in indicators.filter(Q(contract__isnull=True) | Q(contract__in=pks)):
        if indicator.contract_id is None:
            harmonised[indicator.campaign_id].append(indicator)
        else:
            local[indicator.contract_id].append(indicator)
    values: dict[int, dict[tuple[int, str], bool]] = defaultdict(dict)
    stored = IndicatorValue.objects.filter(contract__in=pks).exclude(kind=ValueKind.LEVEL)
    for contract_id, indicator_id, kind, year, reason in stored.values_list(
        "contract_id", "indicator_id", "kind", "year", "unavailable_reason"
    ):
        values[contract_id][indicator_id, Column(kind, year).key] = not reason
    return {
        contract.pk: _facts(
            contract,
            contract.objectives.all(),
            [*harmonised[contract.campaign_id], *local[contract.pk]],
            values[contract.pk],
            described,
        )
        for contract in contracts
    }


def _facts(
    contract: Contract,
    objectives: Iterable[ContractObjective],
    indicators: Sequence[Indicator],
    values: Mapping[tuple[int, str], bool],
    described: frozenset[int],
) -> IndicatorFacts:
    """`values`: {(row, column): whether the cell holds a figure}; an absent cell holds nothing. `described`:
    the objectives of contracts of which a sheet says by what its action is judged."""
    carried = {each.objective_id for each in objectives if each.objective_id is not None}
    present = [
        each
        for each in indicators
        if each.contract_id is not None or each.commitment_id is not None or each.objective_id in carried
    ]
    repeated = repeated_rows(present)
    denominators = {each.denominator_id for each in indicators if each.kind == IndicatorKind.SHARE}
    columns = [column for column in columns_of(contract.campaign) if column.kind != ValueKind.LEVEL]
    rows: dict[int, RowFacts] = {
        each.pk: _row(each, columns, values, repeated.get(each.pk), is_denominator=each.pk in denominators)
        for each in present
        if each.kind in TYPED_KINDS
    }
    by_objective: dict[int, list[RowFacts]] = defaultdict(list)
    by_contract_objective: dict[int, list[RowFacts]] = defaultdict(list)
    of_commitments = []
    for each in present:
        if each.pk not in rows:
            continue
        if each.contract_objective_id is not None:
            by_contract_objective[each.contract_objective_id].append(rows[each.pk])
        elif each.objective_id is not None:
            by_objective[each.objective_id].append(rows[each.pk])
        else:
            of_commitments.append(rows[each.pk])
    return IndicatorFacts(
        sections=tuple(
            _section(
                each,
                [*by_objective.get(each.objective_id or 0, ()), *by_contract_objective[each.pk]],
                is_described=each.pk in described,
            )
            for each in objectives
        ),
        commitment_rows=tuple(of_commitments),
    )


def _row(
    indicator: Indicator,
    columns: Sequence[Column],
    values: Mapping[tuple[int, str], bool],
    typed_in: int | None,
    *,
    is_denominator: bool,
) -> RowFacts:
    """A row; one that repeats another shows its figures, and is filled there: nothing is empty here."""
    pk = typed_in or indicator.pk
    asked = [column for column in columns if indicator.has_target or column.kind != ValueKind.TARGET]
    empty = tuple(column for column in asked if (pk, column.key) not in values)
    return RowFacts(
        indicator_id=indicator.pk,
        label=indicator.short_label or indicator.label,
        is_local=indicator.contract_id is not None,
        has_target=indicator.has_target,
        empty=() if typed_in is not None else empty,
        target_figures=0
        if is_denominator
        else sum(values.get((pk, c.key), False) for c in columns if c.kind == ValueKind.TARGET),
        is_stated=len(empty) < len(asked),
        expected_count=len(asked) if typed_in is None else 0,
        filled_count=sum((pk, column.key) in values for column in columns) if typed_in is None else 0,
    )


def _section(each: ContractObjective, rows: Sequence[RowFacts], *, is_described: bool) -> SectionFacts:
    objective = each.objective
    return SectionFacts(
        contract_objective_id=each.pk,
        label=each.label,
        rows=tuple(rows),
        requires_numeric_target=objective is not None and objective.requires_numeric_target,
        requires_harmonised_indicator=objective is not None and objective.requires_harmonised_indicator,
        forbids_purely_quantitative_target=objective is not None
        and objective.forbids_purely_quantitative_target,
        is_followed_without_target=bool(rows) and not any(row.is_local or row.has_target for row in rows),
        has_implementation_indicators=is_described,
    )
