"""Where the figures of the action plan stand (contracts/places.py): its balances, an objective's money."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from contracts.models import Contract, ContractObjective
from contracts.places import Located, Place

PLAN_WORDS = {"balances": "Ce qui reste de chaque enveloppe", "actions": "Les actions"}


def locate_plan(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """« Plan d’action – Objectif 3 », `item` being an objective of the contract; the titled parts of the
    page."""
    objectives = ContractObjective.objects.filter(contract=contract).select_related("objective")
    labels = {each.pk: each.short_label for each in objectives.filter(pk__in={p.item for p in places})}
    url = reverse("funding:action-plan", args=[contract.reference])
    found = {}
    for place in places:
        if place.item in labels:
            found[place] = Located(f"Plan d’action – {labels[place.item]}", f"{url}#objective-{place.item}")
        elif not place.item and place.field in PLAN_WORDS:
            found[place] = Located(PLAN_WORDS[place.field], f"{url}#{place.field}")
    return found
