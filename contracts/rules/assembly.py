"""What comes before the assembly and the signature: the order of the dates (rule K3).

Source: circulaire 2020/34, I-B and annexe 5.1, visas, articles 2 and 5. The information of the ODPE is
recorded on the way to signature (`agreements`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.compliance import Finding, Rule, Severity
from contracts.places import Place
from contracts.rules.facts import ContractFacts


@dataclass(frozen=True)
class OdpeFacts:
    """When the ODPE was informed of the draft, and when the assembly deliberated; None while not stated.

    `no_information_reason` is why it was not, where a territory says so.
    """

    informed_on: dt.date | None
    deliberation_on: dt.date | None
    no_information_reason: str = ""


def deliberation_before_effect(facts: ContractFacts) -> Iterator[Finding]:
    """K3. The assembly authorises the signature, which gives effect (article 5). The date of effect is only
    planned, so that one of the two dates may simply be wrong: to be checked."""
    deliberation, effect = facts.deliberation_on, facts.planned_effect_on
    if deliberation is not None and effect is not None and deliberation > effect:
        yield Finding(
            f"La délibération ({deliberation:%d/%m/%Y}) suit la prise d’effet prévue ({effect:%d/%m/%Y}) : "
            "elle doit la précéder.",
            Place("details", 0, "deliberation_on"),
        )


def odpe_informed_first(facts: OdpeFacts) -> Iterator[Finding]:
    """K3. « Ont vocation à être présentés pour information aux ODPE en amont »: a vocation, no order; the
    opinion may be missing, with a reason: to be checked."""
    place = Place("details", 0, "odpe_informed_on")
    if facts.informed_on is None:
        if not facts.no_information_reason:
            yield Finding(
                "L’information de l’ODPE n’est pas datée : le projet lui est présenté avant l’assemblée.",
                place,
            )
    elif facts.deliberation_on is not None and facts.informed_on >= facts.deliberation_on:
        when = "le jour même et peut-être après" if facts.informed_on == facts.deliberation_on else "après"
        yield Finding(
            f"L’ODPE a été informé le {facts.informed_on:%d/%m/%Y}, {when} l’assemblée départementale "
            f"({facts.deliberation_on:%d/%m/%Y}).",
            place,
            "order",
        )


RULES = (
    Rule(
        "deliberation-before-effect",
        "K3",
        "circulaire, annexe 5.1, visas et article 5",
        Severity.TO_CHECK,
        "L’assemblée départementale délibère avant la prise d’effet",
        "La délibération autorise le président à signer, et le contrat « prend effet à compter de sa "
        "signature ».",
        "contract",
        deliberation_before_effect,
    ),
    Rule(
        "odpe-informed-first",
        "K3",
        "circulaire, I-B et annexe 5.1, article 2",
        Severity.TO_CHECK,
        "L’ODPE est informé avant l’assemblée départementale",
        "« Les projets de contrats ont vocation à être présentés pour information aux observatoires "
        "départementaux de la protection de l’enfance (ODPE) en amont de leur examen par les assemblées. »",
        "odpe",
        odpe_informed_first,
    ),
)
