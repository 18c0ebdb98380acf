"""What the contract takes of each envelope, and what the contract prints of it (M1, K1, M6).

Source: circulaire 2020/34, annexe 4-I and annexe 5.1, articles 2.2.1 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdppe.lib.money import format_euros
from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from funding.compliance.facts import CIRCULAR, FundingFacts, PayingSheet, place_of

MOST_NUMBERS = 8
"""A sentence names so many sheets at most."""


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
                    place_of(paying, Place("plan", 0, f"balances-{about}")),
                    about,
                )


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
)
