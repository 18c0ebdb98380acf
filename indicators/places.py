"""Where the boxes of the tableau de bord stand (contracts/places.py): a row, one of its cells, a section."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from contracts.models import Contract, ContractObjective
from contracts.places import Located, Place
from indicators.dashboard import COLUMN_WORDS, COMMITMENT_KEY, OBJECTIVE_KEY
from indicators.models import Indicator


def locate_dashboard(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """« Naissances – Cible 2021 » in the form of its section; « Objectif 3 » in the table."""
    indicators = {
        each.pk: each
        for each in Indicator.objects.filter(
            campaign=contract.campaign_id, pk__in={place.item for place in places}
        )
        if each.contract_id in (None, contract.pk)
    }
    objectives = list(ContractObjective.objects.filter(contract=contract).select_related("objective"))
    labels = {f"{OBJECTIVE_KEY}-{each.pk}": each.short_label for each in objectives}
    by_objective = {each.objective_id: each.pk for each in objectives if each.objective_id is not None}
    found = {}
    for place in places:
        if place.item in indicators:
            indicator = indicators[place.item]
            key = _section_key(indicator, by_objective)
            if key is not None:
                found[place] = _located(contract, indicator, key, place.field)
        elif not place.item and place.field in labels:
            url = reverse("indicators:dashboard", args=[contract.reference])
            found[place] = Located(f"Tableau de bord – {labels[place.field]}", f"{url}#{place.field}")
    return found


def _section_key(indicator: Indicator, by_objective: dict[int, int]) -> str | None:
    """The section in which a row is typed; None when the contract no longer carries its objective."""
    if indicator.contract_objective_id is not None:
        return f"{OBJECTIVE_KEY}-{indicator.contract_objective_id}"
    if indicator.objective_id is not None:
        pk = by_objective.get(indicator.objective_id)
        return f"{OBJECTIVE_KEY}-{pk}" if pk is not None else None
    return f"{COMMITMENT_KEY}-{indicator.commitment_id}"


def _located(contract: Contract, indicator: Indicator, key: str, field: str) -> Located:
    url = reverse("indicators:dashboard-edit", args=[contract.reference, key])
    label = indicator.short_label or indicator.label
    kind, _, year = field.partition("-")
    if kind in COLUMN_WORDS and year:
        return Located(f"{label} – {COLUMN_WORDS[kind]} {year}", f"{url}#v-{indicator.pk}-{field}")
    return Located(label, url)
