"""The action sheets: each serves an objective, each objective has one, what each must say (rules A1, A2).

Source: circulaire 2020/34, annexes 4-I and 5.4; annexe 5.1, article 2.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from cdppe.lib.french_words import joined
from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from contracts.progress import SHEET_PARTS, UNWRITTEN_MARK
from contracts.rules.facts import ContractFacts

MODEL_PARTS = {
    "referent": "le référent",
    "diagnosis": "le constat du diagnostic",
    "description": "la description de l’action",
    "vigilance_points": "les points de vigilance",
}
"""What annexe 5.4 has a place for and annexe 4-I does not ask: {field of the sheet: how a sentence names
it}."""


def sheets_serve_the_contract(facts: ContractFacts) -> Iterator[Finding]:
    """A2. An action serves an objective of this contract, else it has no place in it: blocking."""
    for sheet in facts.sheets:
        if not sheet.serves_the_contract:
            yield Finding(
                f"La fiche n° {sheet.number} sert un objectif qui n’est pas au contrat.",
                Place("sheets", sheet.pk, "contract_objective"),
            )


def objectives_have_an_action(facts: ContractFacts) -> Iterator[Finding]:
    """A2. The parties undertake actions for each objective (article 2.1), described in sheets; the sheet
    itself is asked of each co-financed action, not of each objective: to be checked."""
    for objective in facts.objectives:
        if not objective.sheet_numbers and not objective.sheet_demands:
            yield Finding(
                f"« {objective.label} » n’a aucune fiche action : le contrat s’engage sur des actions pour "
                "chaque objectif.",
                Place("objectives", objective.pk),
            )


def sheets_complete(facts: ContractFacts) -> Iterator[Finding]:
    """A2. « Une fiche action annexée au contrat en précise l’objet, le public-cible, les acteurs, le
    calendrier et les financements, ainsi que le ou les indicateurs »: blocking, part by part.

    A part that still holds a prompt of its skeleton is not written."""
    for sheet in facts.sheets:
        for name, told in SHEET_PARTS.items():
            if name in sheet.unwritten:
                yield Finding(
                    f"Fiche n° {sheet.number} : il manque {told}{_prompt(name in sheet.prompted)}.",
                    Place("sheets", sheet.pk, name),
                )
        if not sheet.has_financing:
            yield Finding(
                f"Fiche n° {sheet.number} : il manque le financement.", Place("sheets", sheet.pk, "financing")
            )


def sheets_follow_the_model(facts: ContractFacts) -> Iterator[Finding]:
    """A1. Annexe 5.4 is a « modèle de fiche action »: the fields that no other text asks are advice."""
    for sheet in facts.sheets:
        missing = [name for name in MODEL_PARTS if name in sheet.unwritten]
        if missing:
            yield Finding(
                f"Fiche n° {sheet.number} : le modèle prévoit aussi "
                f"{joined([MODEL_PARTS[n] for n in missing])}"
                f"{_prompt(any(name in sheet.prompted for name in missing))}.",
                Place("sheets", sheet.pk, missing[0]),
                "model",
            )


def _prompt(is_left: bool) -> str:
    return f" : une indication « {UNWRITTEN_MARK} : …] » y reste à remplacer" if is_left else ""


RULES = (
    Rule(
        "sheets-serve-the-contract",
        "A2",
        "circulaire, annexe 4-I",
        Severity.BLOCKING,
        "Chaque action sert un objectif du contrat",
        "Les trois sources financent des actions « à l’appui de l’atteinte des objectifs ».",
        "contract",
        sheets_serve_the_contract,
    ),
    Rule(
        "objectives-have-an-action",
        "A2",
        "circulaire, annexe 5.1, article 2.1",
        Severity.TO_CHECK,
        "Chaque objectif a une action",
        "Les parties « s’engagent à réaliser des actions concourant à la réalisation de ces […] objectifs », "
        "« décrites dans des fiches actions ».",
        "contract",
        objectives_have_an_action,
    ),
    Rule(
        "sheets-complete",
        "A2",
        "circulaire, annexe 4-I",
        Severity.BLOCKING,
        "Chaque fiche dit l’objet, le public, les acteurs, le calendrier, les financements et un indicateur",
        "« Pour chaque action ou projet cofinancé […], une fiche action annexée au contrat en précise "
        "l’objet, le public-cible, les acteurs, le calendrier et les financements, ainsi que le ou les "
        "indicateurs de réalisation. »",
        "contract",
        sheets_complete,
    ),
    Rule(
        "sheets-follow-the-model",
        "A1",
        "circulaire, annexe 5.4",
        Severity.ADVICE,
        "Chaque fiche remplit le modèle",
        "Le modèle de fiche prévoit aussi le référent, le constat du diagnostic, la description et les "
        "points de vigilance.",
        "contract",
        sheets_follow_the_model,
    ),
)
