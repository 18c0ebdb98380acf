"""The parts of the workspace that funding owns."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from cdppe.accounts.models import User
from contracts.compliance import known_facts
from contracts.models import Contract
from contracts.overview import facts_of
from contracts.places import Located, Place
from contracts.workspace import Part, Progress, Stage, counted
from funding.compliance import FundingFacts, OwnMeansFacts
from funding.models import Service


def measure_plan(contract: Contract, user: User) -> Progress:
    """How many objectives of the contract have an action (rule A2); no query."""
    objectives = facts_of(contract).objectives
    done = sum(each.sheet_count > 0 for each in objectives)
    words = "un objectif sur {1} a une action" if done == 1 else "{0} objectifs sur {1} ont une action"
    return counted(done, len(objectives), words.format(done, len(objectives)))


def measure_financing(contract: Contract, user: User) -> Progress | None:
    """What exceeds the notified credits or lowers the department's means (M1, M3); else the part planned."""
    money: FundingFacts = known_facts(contract, "funding")
    means: OwnMeansFacts = known_facts(contract, "own-means")
    years = frozenset(contract.years)
    lines = [line for envelope in money.envelopes for line in envelope.years if line.year in years]
    wrong = sum(line.is_exceeded for line in lines) + sum(
        len(mission.lowered_years(means.reference_year) & years) for mission in means.missions
    )
    if wrong:
        words = "1 point à revoir" if wrong == 1 else f"{wrong} points à revoir"
        return Progress(Stage.ALERT, str(wrong), words)
    notified = sum(line.notified or 0 for line in lines)
    if not notified:
        return None
    planned = sum(line.planned or 0 for line in lines if line.notified is not None)
    percent = int(planned * 100 / notified)
    stage = Stage.EMPTY if percent == 0 else Stage.DONE if percent == 100 else Stage.STARTED
    return Progress(stage, f"{percent} %", f"{percent} % des crédits notifiés sont dans les fiches")


def locate_financing(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The boxes of the department's own means: « financing//ase-… »."""
    url = reverse("funding:financing", args=[contract.reference])
    found = {}
    for place in places:
        service, _, year = place.field.partition("-")
        if not place.item and service in Service.values:
            label = f"Moyens propres, {Service(service).label}, {year}"
            found[place] = Located(label, f"{url}#m-{place.field}")
    return found


PLAN_PART = Part("plan", "Plan d’action", "funding:action-plan", 60, measure_plan)
FINANCING_PART = Part("financing", "Financement", "funding:financing", 80, measure_financing)
