"""What the objectives must be, and what the circular asks of each (rules O1, O2, O4-O7).

Source: circulaire 2020/34, I-B, annexes 2, 4-II-B and 6.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from contracts.rules.facts import ContractFacts


def objectives_of_the_catalogue(facts: ContractFacts) -> Iterator[Finding]:
    """O1. The contract carries the objectives of annexe 2; another campaign's has no meaning: blocking."""
    for objective in facts.objectives:
        if not objective.is_of_the_campaign:
            yield Finding(
                f"« {objective.label} » n’est pas un objectif de cette campagne : retirez-le.",
                Place("objectives", objective.pk),
            )


def fundamentals_carried(facts: ContractFacts) -> Iterator[Finding]:
    """O2. « Il est demandé à chaque département de s’engager a minima sur 11 objectifs fondamentaux »:
    blocking."""
    for number, label in enumerate(facts.absent_fundamentals, start=1):
        yield Finding(
            f"L’objectif fondamental « {label} » n’est pas au contrat : tous doivent y être.",
            Place("objectives"),
            f"absent-{number}",
        )


def optional_count_in_bounds(facts: ContractFacts) -> Iterator[Finding]:
    """O2. « Jusqu’à 15 objectifs facultatifs », and the least number that a campaign may ask: bounds, hence
    blocking."""
    place = Place("objectives")
    if facts.optional_count < facts.optional_minimum:
        yield Finding(
            f"{_objectives(facts.optional_count)} : il en faut au moins {facts.optional_minimum}.",
            place,
            "few",
        )
    if facts.optional_count > facts.optional_maximum:
        yield Finding(
            f"{_objectives(facts.optional_count)} : la campagne en veut {facts.optional_maximum} au plus.",
            place,
            "many",
        )


def own_objectives_in_bounds(facts: ContractFacts) -> Iterator[Finding]:
    """O4. « Peut s’y ajouter, le cas échéant, un objectif spécifique »: one, a bound, hence blocking."""
    own = [each for each in facts.objectives if each.is_own]
    if len(own) > facts.own_maximum:
        yield Finding(
            f"{len(own)} objectifs propres au territoire : la campagne en admet {facts.own_maximum} au plus.",
            Place("objectives", own[-1].pk),
        )


def demanded_sheets_there(facts: ContractFacts) -> Iterator[Finding]:
    """O5. « Il est demandé que le président du conseil départemental s’engage à travers une fiche action »:
    blocking while the objective has no sheet at all."""
    for objective in facts.objectives:
        if objective.sheet_demands and not objective.sheet_numbers:
            yield Finding(
                f"« {objective.label} » demande une fiche action, et n’en a aucune. "
                f"{objective.sheet_demands[0]}",
                Place("objectives", objective.pk),
            )


def demanded_commitments_there(facts: ContractFacts) -> Iterator[Finding]:
    """O5. One sheet may hold several of the commitments demanded: only a reader can tell, to be checked."""
    for objective in facts.objectives:
        demanded, sheets = len(objective.sheet_demands), len(objective.sheet_numbers)
        if 0 < sheets < demanded:
            yield Finding(
                f"« {objective.label} » demande {demanded} engagements et a {_sheets(sheets)} : vérifiez que "
                "les textes les portent tous.",
                Place("objectives", objective.pk),
            )


def statements_made(facts: ContractFacts) -> Iterator[Finding]:
    """O6. « Doivent s’inscrire dans un cahier des charges précis, incluant… »: an order, but about words that
    only a reader can find in a text: to be checked."""
    for sheet in facts.sheets:
        if sheet.action_statements:
            told = " ; ".join(each.rstrip(" .") for each in sheet.action_statements)
            yield Finding(
                f"Fiche n° {sheet.number} : vérifiez que la description dit chacun de ces points. {told}.",
                Place("sheets", sheet.pk, "description"),
            )


def advice_asked(facts: ContractFacts) -> Iterator[Finding]:
    """O7. « Vous veillerez à faire systématiquement remonter »: asked of the State's services, and only for
    some projects; there is no visa (rule P3): to be checked."""
    for objective in facts.objectives:
        if objective.technical_advice and objective.sheet_numbers:
            yield Finding(
                f"« {objective.label} » : {_lowered(objective.technical_advice)} "
                "Indiquez quand et à qui le projet a été transmis, ou qu’il n’est pas concerné.",
                Place("objectives", objective.pk),
            )


def _objectives(count: int) -> str:
    return f"{count} objectif{'s' if count > 1 else ''} facultatif{'s' if count > 1 else ''}"


def _sheets(count: int) -> str:
    return f"{count} fiche{'s' if count > 1 else ''}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


RULES = (
    Rule(
        "objectives-of-the-catalogue",
        "O1",
        "circulaire, annexe 2",
        Severity.BLOCKING,
        "Les objectifs sont ceux de la campagne",
        "L’annexe 2 en donne la liste ; une autre campagne en a d’autres.",
        "contract",
        objectives_of_the_catalogue,
    ),
    Rule(
        "fundamentals-carried",
        "O2",
        "circulaire, I-B et annexe 6",
        Severity.BLOCKING,
        "Tous les objectifs fondamentaux sont au contrat",
        "« Il est demandé à chaque département de s’engager a minima sur [les] objectifs fondamentaux. »",
        "contract",
        fundamentals_carried,
    ),
    Rule(
        "optional-count",
        "O2",
        "circulaire, I-B et annexe 6",
        Severity.BLOCKING,
        "Le nombre d’objectifs facultatifs est dans les bornes de la campagne",
        "« Peuvent s’y ajouter jusqu’à […] objectifs facultatifs, en fonction des priorités d’action et des "
        "projets portés localement. »",
        "contract",
        optional_count_in_bounds,
    ),
    Rule(
        "own-objectives",
        "O4",
        "circulaire, annexe 4-II-B",
        Severity.BLOCKING,
        "Les objectifs propres au territoire ne dépassent pas le nombre admis",
        "« Peut s’y ajouter, le cas échéant, un objectif spécifique de santé publique […] déterminé par "
        "l’ARS et le conseil départemental. »",
        "contract",
        own_objectives_in_bounds,
    ),
    Rule(
        "sheet-demanded",
        "O5",
        "circulaire, annexe 6",
        Severity.BLOCKING,
        "Les fiches action demandées existent",
        "« Il est demandé que le président du conseil départemental s’engage à travers une fiche action. »",
        "contract",
        demanded_sheets_there,
    ),
    Rule(
        "commitments-demanded",
        "O5",
        "circulaire, annexe 6",
        Severity.TO_CHECK,
        "Les fiches portent tous les engagements demandés",
        "L’annexe 6 demande plusieurs engagements pour certains objectifs ; une fiche peut en porter "
        "plusieurs.",
        "contract",
        demanded_commitments_there,
    ),
    Rule(
        "statements-made",
        "O6",
        "circulaire, annexe 6",
        Severity.TO_CHECK,
        "Les actions disent ce que la circulaire leur demande de dire",
        "« Les actions […] susceptibles d’être cofinancées […] doivent s’inscrire dans un cahier des charges "
        "précis. » L’outil ne lit pas les textes : une personne vérifie.",
        "contract",
        statements_made,
    ),
    Rule(
        "advice-asked",
        "O7",
        "circulaire, annexe 6",
        Severity.TO_CHECK,
        "Les projets à remonter pour avis technique l’ont été",
        "« Vous veillerez à faire systématiquement remonter […] les projets éventuellement proposés à ce "
        "titre, pour un avis technique. » Cet avis n’est pas un visa.",
        "contract",
        advice_asked,
    ),
)
