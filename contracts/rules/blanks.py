"""The blanks of the model contract are filled (rules K1, M6).

Source: circulaire 2020/34, annexe 5.1, visas, articles 4 and 7.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from contracts.rules.facts import ContractFacts

DETAIL_OF_BLANK = {
    "deliberation_number": ("deliberation_number", "Le numéro de la délibération n’est pas indiqué."),
    "deliberation_on": ("deliberation_on", "La date de la délibération n’est pas indiquée."),
    "court": ("court", "Le tribunal administratif compétent n’est pas indiqué (article 7)."),
    "place": ("signed_at_place", "Le lieu de signature n’est pas indiqué."),
}
"""{blank of the model contract: (field that fills it, sentence)}; the others are parties, amounts or the
account."""

OFFICERS = {
    "state_officer": "L’ordonnateur des crédits de l’État n’est pas nommé.",
    "state_accountant": "Le comptable assignataire des crédits de l’État n’est pas nommé.",
    "agency_officer": "L’ordonnateur des crédits de l’ARS n’est pas nommé.",
    "agency_accountant": "Le comptable assignataire des crédits de l’ARS n’est pas nommé.",
}


def blanks_filled(facts: ContractFacts) -> Iterator[Finding]:
    """K1. Blanks of the model contract, hence blocking as long as one is open."""
    for blank, (name, sentence) in DETAIL_OF_BLANK.items():
        if blank in facts.blanks and name in facts.empty_details:
            yield Finding(sentence, Place("details", 0, name))


def account_given(facts: ContractFacts) -> Iterator[Finding]:
    """M6. Article 4 writes the account in the contract, as blanks: blocking."""
    if not facts.has_account:
        yield Finding(
            "Le compte bancaire du département n’est pas saisi : l’article 4 du contrat le cite.",
            Place("details", 0, "account"),
        )


def officers_named(facts: ContractFacts) -> Iterator[Finding]:
    """M6. Article 4 names the ordering officers and the accountants, as blanks: blocking."""
    for name, sentence in OFFICERS.items():
        if name in facts.empty_details:
            yield Finding(sentence, Place("details", 0, name))


RULES = (
    Rule(
        "blanks-filled",
        "K1",
        "circulaire, annexe 5.1",
        Severity.BLOCKING,
        "La délibération, le tribunal et le lieu de signature remplissent le contrat-type",
        "Le texte du contrat est celui du modèle, blancs remplis : un blanc ouvert n’est pas un texte à "
        "signer.",
        "contract",
        blanks_filled,
    ),
    Rule(
        "account-given",
        "M6",
        "circulaire, annexe 5.1, article 4",
        Severity.BLOCKING,
        "Le compte du département est donné",
        "« Les montants correspondants seront crédités sur le compte du Département » : l’article 4 en écrit "
        "l’IBAN et le BIC.",
        "contract",
        account_given,
    ),
    Rule(
        "officers-named",
        "M6",
        "circulaire, annexe 5.1, article 4",
        Severity.BLOCKING,
        "Les ordonnateurs et les comptables assignataires sont nommés",
        "« Le comptable assignataire de la dépense est […] » : l’article 4 les nomme.",
        "contract",
        officers_named,
    ),
)
