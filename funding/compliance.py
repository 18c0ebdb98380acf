"""The rules of the money, against which `contracts.compliance` checks a contract (M1 to M4, M6, K1, O3).

Source: circulaire 2020/34, annexes 4 and 5.1 (articles 2.2 and 4). Every check is pure: the facts below in,
findings out; the loader at the end reads the database. Amounts are euros (`Decimal`); None is "nobody stated
it" or "not notified", which is not zero.

How the severities were judged: docs/decisions/compliance-severities.md; each check says on which words it
rests.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import prefetch_related_objects

from cdppe.lib.money import format_euros
from contracts.compliance import Finding, Rule, Severity
from contracts.models import Contract
from contracts.overview import BLANKS_READ, blanks_of
from contracts.places import Place
from funding.balance import DepartmentShare, EnvelopeYear, ShareVerdict, stated_sum
from funding.expenses import NO_TERMS, ExpenseNature, ExpenseTerms, terms_of
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

CIRCULAR = "circulaire"
MOST_NUMBERS = 8
"""A sentence names so many sheets at most."""


@dataclass(frozen=True)
class PayingSheet:
    """A sheet that plans some of the money concerned, and the box of its grid to go to."""

    pk: int
    number: int
    box: str


@dataclass(frozen=True)
class EnvelopeFacts:
    """One envelope in one contract: a line for each year (rule M1)."""

    pk: int
    label: str
    years: tuple[EnvelopeYear, ...] = ()
    needs_first_amount: bool = False
    """The model contract has a blank for its amount of the campaign's year, and nothing was notified."""
    lacks_budget_line: bool = False
    paying: Mapping[int, tuple[PayingSheet, ...]] = field(default_factory=dict)
    """{year: the sheets that plan something of the envelope in it, by number}."""


@dataclass(frozen=True)
class ShareFacts:
    """The money of one objective of the contract (rule M2)."""

    contract_objective_id: int
    label: str
    share: DepartmentShare
    paying: tuple[PayingSheet, ...] = ()
    """The sheets of the objective that state some money, by number, at the department's box."""


@dataclass(frozen=True)
class SourceFacts:
    """What one envelope pays in one sheet (rules M4, O3); `nature` is None as long as nobody said it."""

    sheet_pk: int
    sheet_number: int
    envelope_pk: int
    envelope_label: str
    may_finance: bool = True
    terms: ExpenseTerms = NO_TERMS
    nature: ExpenseNature | None = None
    replaces_existing: bool | None = None

    def place(self, question: str) -> Place:
        """The box of `question`; the money as a whole for a source that the sheet does not offer (O3)."""
        name = f"{question}-e{self.envelope_pk}" if self.may_finance else "financing"
        return Place("sheets", self.sheet_pk, name)


@dataclass(frozen=True)
class FundingFacts:
    """The money of one contract."""

    envelopes: tuple[EnvelopeFacts, ...] = ()
    shares: tuple[ShareFacts, ...] = ()
    sources: tuple[SourceFacts, ...] = ()


@dataclass(frozen=True)
class OwnMeansFacts:
    """The department's own means for one mission (ASE, PMI) by year, in euros; None where not stated.

    `item` and `fields` say where each year is typed: {year: name of the box}.
    """

    missions: tuple[MissionMeans, ...]
    reference_year: int


@dataclass(frozen=True)
class MissionMeans:
    """One mission: its name, its means by year (the reference year included), the place of each year."""

    code: str
    label: str
    by_year: Mapping[int, Decimal | None]
    places: Mapping[int, Place]

    def lowered_years(self, reference_year: int) -> frozenset[int]:
        """The years whose stated means are below those of the reference year, if these are stated."""
        reference = self.by_year.get(reference_year)
        return frozenset(
            year
            for year, amount in self.by_year.items()
            if year != reference_year and reference is not None and amount is not None and amount < reference
        )


def notified_not_exceeded(facts: FundingFacts) -> Iterator[Finding]:
    """M1. The State engages what it notifies (article 2.2.1): a contract cannot be signed over it,
    blocking."""
    for envelope in facts.envelopes:
        for line in envelope.years:
            if line.is_exceeded:
                paying = envelope.paying.get(line.year, ())
                about = f"e{envelope.pk}-{line.year}"
                yield Finding(
                    f"{envelope.label}, {line.year} : {_who_exceeds(paying)} de {format_euros(line.excess)} "
                    "le montant notifié.",
                    _place_of(paying, Place("plan", 0, f"balances-{about}")),
                    about,
                )


def _place_of(paying: Sequence[PayingSheet], otherwise: Place) -> Place:
    """The box of the only sheet concerned; `otherwise`, the row where the sheets come together."""
    if len(paying) != 1:
        return otherwise
    (only,) = paying
    return Place("sheets", only.pk, only.box)


def _who_exceeds(paying: Sequence[PayingSheet]) -> str:
    numbers = [str(each.number) for each in paying]
    if len(numbers) == 1:
        return f"la fiche n° {numbers[0]} dépasse"
    if not numbers or len(numbers) > MOST_NUMBERS:
        return "les fiches dépassent"
    return f"les fiches n° {', '.join(numbers[:-1])} et {numbers[-1]} dépassent ensemble"


def first_amounts_notified(facts: FundingFacts) -> Iterator[Finding]:
    """K1. The amounts of article 2.2.1 are blanks of the model: blocking while one is open."""
    for envelope in facts.envelopes:
        if envelope.needs_first_amount:
            yield Finding(
                f"{envelope.label} : aucun montant n’est notifié pour la première année ; l’article 2.2.1 "
                "l’écrit.",
                Place("plan", 0, "balances"),
                f"e{envelope.pk}",
            )


def budget_line_known(facts: FundingFacts) -> Iterator[Finding]:
    """M6. Article 4 prints the budget line itself; the campaign's data lack it here: to be checked."""
    for envelope in facts.envelopes:
        if envelope.lacks_budget_line:
            yield Finding(
                f"{envelope.label} : la campagne ne dit pas l’imputation budgétaire de l’article 4.",
                Place("plan", 0, "balances"),
                f"e{envelope.pk}",
            )


def department_share_enough(facts: FundingFacts) -> Iterator[Finding]:
    """M2. « Il s’engage […] à consacrer à chaque objectif des financements au moins équivalents »: an
    undertaking of the contract itself, blocking."""
    for each in facts.shares:
        place = _place_of(each.paying, Place("plan", each.contract_objective_id))
        if each.share.verdict is ShareVerdict.SHORT:
            yield Finding(
                f"« {each.label} » : le département apporte "
                f"{format_euros(each.share.department or Decimal(0))}, l’État "
                f"{format_euros(each.share.state or Decimal(0))} ; il manque "
                f"{format_euros(each.share.missing)}.",
                place,
            )
        elif each.share.verdict is ShareVerdict.NOT_STATED:
            yield Finding(
                f"« {each.label} » : la part du département n’est pas indiquée, l’État apporte "
                f"{format_euros(each.share.state or Decimal(0))}.",
                place,
            )


def own_means_kept(facts: OwnMeansFacts) -> Iterator[Finding]:
    """M3. « S’engage à ne pas diminuer les moyens financiers qu’il consacre en propre »: an undertaking of
    the contract itself, blocking where a year is lower; a year that nobody stated is not lower, and says
    nothing."""
    for mission in facts.missions:
        reference = mission.by_year.get(facts.reference_year)
        lowered = mission.lowered_years(facts.reference_year)
        for year, amount in sorted(mission.by_year.items()):
            if year not in lowered or reference is None or amount is None:
                continue
            yield Finding(
                f"{mission.label}, {year} : {format_euros(amount)}, soit {format_euros(reference - amount)} "
                f"de moins qu’en {facts.reference_year}.",
                mission.places[year],
                f"{mission.code}-{year}",
            )


def sources_may_finance(facts: FundingFacts) -> Iterator[Finding]:
    """O3. Annexe 4 opens each envelope to some objectives; it governs: blocking."""
    for source in facts.sources:
        if not source.may_finance:
            yield Finding(
                f"Fiche n° {source.sheet_number} : {source.envelope_label} ne finance pas cet objectif.",
                Place("sheets", source.sheet_pk, "financing"),
                f"e{source.envelope_pk}",
            )


def expenses_declared(facts: FundingFacts) -> Iterator[Finding]:
    """M4. Nobody said what the money pays: nothing shows that the rule is broken, to be checked."""
    for source in facts.sources:
        missing = []
        if source.terms.natures and source.nature is None:
            missing.append("la nature de la dépense")
        if source.terms.no_substitution and source.replaces_existing is None:
            missing.append("s’ils s’ajoutent à l’existant")
        if missing:
            yield Finding(
                f"Fiche n° {source.sheet_number}, {source.envelope_label} : dites {' et '.join(missing)}.",
                source.place("nature"),
                f"e{source.envelope_pk}",
            )


def expenses_allowed(facts: FundingFacts) -> Iterator[Finding]:
    """M4. « Vous veillerez en particulier à ne pas financer directement des dépenses de personnel ou des prix
    de journée »: an order given to who signs for the State, blocking once the expense is stated."""
    for source in facts.sources:
        nature = source.nature
        if nature is not None and nature.is_forbidden:
            yield Finding(
                f"Fiche n° {source.sheet_number}, {source.envelope_label} : « {nature.label} » n’est pas "
                f"finançable. « {nature.rule} » ({nature.source}).",
                source.place("nature"),
                f"e{source.envelope_pk}",
            )


def nothing_replaced(facts: FundingFacts) -> Iterator[Finding]:
    """M4. « Vous veillerez […] à ce que les financements […] ne viennent pas en substitution de financements
    existants »: an order given to who signs for the State, blocking once the substitution is declared."""
    for source in facts.sources:
        if source.replaces_existing and source.terms.no_substitution:
            yield Finding(
                f"Fiche n° {source.sheet_number}, {source.envelope_label} : ces crédits remplacent un "
                f"financement existant. « {source.terms.no_substitution} » "
                f"({source.terms.no_substitution_source}).",
                source.place("replaces"),
                f"e{source.envelope_pk}",
            )


_BLOCKING, _TO_CHECK = Severity.BLOCKING, Severity.TO_CHECK

RULES = (
    Rule(
        "notified-not-exceeded",
        "M1",
        f"{CIRCULAR}, annexe 4-I et annexe 5.1, article 2.2.1",
        _BLOCKING,
        "Les fiches ne dépassent pas ce qui est notifié, par enveloppe et par année",
        "Les crédits ne sont pas fléchés dans une enveloppe : les acteurs les répartissent entre les "
        "actions, sans dépasser les moyens que « l’État notifie ».",
        "funding",
        notified_not_exceeded,
    ),
    Rule(
        "first-amounts-notified",
        "K1",
        f"{CIRCULAR}, annexe 5.1, article 2.2.1",
        _BLOCKING,
        "Le montant de chaque enveloppe est notifié pour la première année",
        "« Ce soutien s’élève à un montant prévisionnel de […] € » : le contrat écrit le montant de chaque "
        "source.",
        "funding",
        first_amounts_notified,
    ),
    Rule(
        "budget-line",
        "M6",
        f"{CIRCULAR}, annexe 5.1, article 4",
        _TO_CHECK,
        "L’imputation budgétaire des crédits du préfet est connue",
        "« La dépense est imputée sur les crédits ouverts sur le programme […] » : l’article 4 la donne.",
        "funding",
        budget_line_known,
    ),
    Rule(
        "department-share",
        "M2",
        f"{CIRCULAR}, annexe 5.1, article 2.2.2",
        _BLOCKING,
        "Le département apporte à chaque objectif au moins autant que l’État",
        "« Il s’engage également à consacrer à chaque objectif […] des financements au moins équivalents "
        "dans leur montant à ceux qui lui sont versés par l’État à ce titre. » Des moyens existants peuvent "
        "être valorisés.",
        "funding",
        department_share_enough,
    ),
    Rule(
        "own-means-kept",
        "M3",
        f"{CIRCULAR}, annexe 5.1, article 2.2.2",
        _BLOCKING,
        "Le département ne diminue pas ses moyens propres pour l’ASE et la PMI",
        "« Le Département s’engage à ne pas diminuer les moyens financiers qu’il consacre en propre à l’aide "
        "sociale à l’enfance et à la protection maternelle et infantile par rapport à l’année de référence. "
        "»",
        "own-means",
        own_means_kept,
    ),
    Rule(
        "sources-may-finance",
        "O3",
        f"{CIRCULAR}, annexe 4-I",
        _BLOCKING,
        "Chaque objectif est financé par les sources qui lui sont ouvertes",
        "L’annexe 4 dit pour chaque source les objectifs qu’elle finance.",
        "funding",
        sources_may_finance,
    ),
    Rule(
        "expenses-declared",
        "M4",
        f"{CIRCULAR}, annexe 4",
        _TO_CHECK,
        "Chaque fiche dit ce que paient les crédits de l’État",
        "La circulaire exclut certaines dépenses et la substitution à un financement existant : la fiche "
        "dit ce qu’elle finance.",
        "funding",
        expenses_declared,
    ),
    Rule(
        "expenses-allowed",
        "M4",
        f"{CIRCULAR}, annexe 4",
        _BLOCKING,
        "Les crédits de l’État ne paient pas de dépense exclue",
        "L’annexe 4 et l’annexe 6 excluent certaines dépenses de certaines sources ; le texte est cité au "
        "constat.",
        "funding",
        expenses_allowed,
    ),
    Rule(
        "nothing-replaced",
        "M4",
        f"{CIRCULAR}, annexe 4",
        _BLOCKING,
        "Les crédits de l’État ne remplacent aucun financement existant",
        "« Vous veillerez néanmoins à ce que les financements apportés par l’Etat et par l’ARS ne viennent "
        "pas en substitution de financements existants, quelle que soit leur origine. »",
        "funding",
        nothing_replaced,
    ),
)


# --- Loading the facts --------------------------------------------------------------------------------------


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
