"""What the State's money may pay: which objectives, which expenses, nothing instead of what exists (O3, M4).

Source: circulaire 2020/34, annexe 4.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from funding.compliance.facts import CIRCULAR, FundingFacts


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
