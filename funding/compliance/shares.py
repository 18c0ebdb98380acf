"""What the department brings: as much as the State for each objective, no less than before (M2, M3).

Source: circulaire 2020/34, annexe 4 and annexe 5.1, article 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cdppe.lib.money import format_euros
from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from funding.balance import ShareVerdict
from funding.compliance.facts import CIRCULAR, FundingFacts, OwnMeansFacts, place_of


def department_share_enough(facts: FundingFacts) -> Iterator[Finding]:
    """M2. « Il s’engage […] à consacrer à chaque objectif des financements au moins équivalents »: an
    undertaking of the contract itself, blocking."""
    for each in facts.shares:
        place = place_of(each.paying, Place("plan", each.contract_objective_id))
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


_BLOCKING, _TO_CHECK = Severity.BLOCKING, Severity.TO_CHECK

RULES = (
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
)
