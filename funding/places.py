"""Where the figures of the action plan stand (contracts/places.py): its balances, an objective's money."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.urls import reverse

from contracts.models import Contract, ContractObjective
from contracts.places import Located, Place
from funding.models import Envelope

PLAN_WORDS = {"balances": "Ce qui reste de chaque enveloppe", "actions": "Les actions"}

_BALANCE = re.compile(r"balances-e(?P<pk>[0-9]{1,18})-(?P<year>[0-9]{4})", re.ASCII)
"""The row of an envelope and a year in the table of the balances."""


def locate_plan(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """« Plan d’action – Objectif 3 », `item` being an objective of the contract; the titled parts of the
    page; « balances-e4-2031 », the row of an envelope and a year."""
    objectives = ContractObjective.objects.filter(contract=contract).select_related("objective")
    labels = {each.pk: each.short_label for each in objectives.filter(pk__in={p.item for p in places})}
    url = reverse("funding:action-plan", args=[contract.reference])
    rows = {place: match for place in places if not place.item and (match := _BALANCE.fullmatch(place.field))}
    named: dict[int, str] = {}
    if rows:
        envelopes = Envelope.objects.filter(
            campaign=contract.campaign_id, pk__in={m["pk"] for m in rows.values()}
        )
        named = dict(envelopes.values_list("pk", "label"))
    found = {}
    for place in places:
        if place.item in labels:
            found[place] = Located(f"Plan d’action – {labels[place.item]}", f"{url}#objective-{place.item}")
        elif not place.item and place.field in PLAN_WORDS:
            found[place] = Located(PLAN_WORDS[place.field], f"{url}#{place.field}")
        elif place in rows and int(rows[place]["pk"]) in named:
            row = rows[place]
            label = f"Plan d’action – {named[int(row['pk'])]}, {row['year']}"
            found[place] = Located(label, f"{url}#{place.field}")
    return found
