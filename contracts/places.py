"""Places of a contract: a part, an object in it, a field of that object, as one short text.

« sheets », « sheets/12 », « sheets/12/description »: part of the workspace, primary key, name of the form's
field. A thread of exchanges, a finding, a line of history and a search result all name their place so, and
`locate` gives each its words and the address of the very field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.db.models import Model
from django.urls import reverse

from contracts.models import ActionSheet, Contract, ContractParty
from contracts.workspace import find_part

_PLACE = re.compile(r"[a-z][a-z-]{0,30}(/[0-9]{1,18}(/[a-z][a-z0-9_-]{0,60})?|//[a-z][a-z0-9_-]{0,60})?")


@dataclass(frozen=True)
class Place:
    """Where something stands in a contract; `item` is a primary key, 0 for the part as a whole."""

    part: str
    item: int = 0
    field: str = ""

    def __str__(self) -> str:
        if not self.item:
            return f"{self.part}//{self.field}" if self.field else self.part
        return "/".join(filter(None, (self.part, str(self.item), self.field)))


@dataclass(frozen=True)
class Located:
    """A place in words (« Fiche action n° 3 – Description de l’action ») and its address."""

    label: str
    url: str


Locator = Callable[[Contract, Collection[Place]], Mapping[Place, Located]]
"""Words and addresses of places of one part, in as many queries for fifty as for one.

A place whose object is not, or no longer, in the contract is left out of the answer.
"""

_locators: dict[str, Locator] = {}


def read_place(text: str) -> Place:
    """The place that `text` names; ValueError for anything else, or for a part that nobody registered."""
    if not _PLACE.fullmatch(text):
        raise ValueError(f"not a place: {text[:80]!r}")
    part, item, field = ([*text.split("/"), "", ""])[:3]
    if find_part(part) is None:
        raise ValueError(f"no such part: {part}")
    return Place(part, int(item or 0), field)


def register_locator(part: str, locator: Locator) -> None:
    """Have `locator` asked for the places of `part` that name an object or a field."""
    if _locators.get(part, locator) is not locator:
        raise ValueError(f"the part {part} has two locators")
    _locators[part] = locator


def locate(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """Words and addresses of `places` of `contract`; one whose object is gone is left out."""
    found: dict[Place, Located] = {}
    by_part: dict[str, list[Place]] = {}
    for place in dict.fromkeys(places):
        by_part.setdefault(place.part, []).append(place)
    for code, of_part in by_part.items():
        part = find_part(code)
        if part is None:
            continue
        plain = Located(part.label, reverse(part.route, args=[contract.reference]))
        found.update({place: plain for place in of_part if not place.item and not place.field})
        precise = [place for place in of_part if place.item or place.field]
        if precise and code in _locators:
            found.update(_locators[code](contract, precise))
    return found


MONEY_WORDS = {
    "financing": "Moyens financiers",
    "amount": "Moyens financiers",
    "nature": "Nature de la dépense",
    "replaces": "Remplacement d’un financement",
}
"""The first word of a box of the sheet's money, and how a place names it."""


def field_label(model: type[Model], name: str) -> str:
    """The words of a model's field, capitalised, or empty for a name that it does not have."""
    field = next((each for each in model._meta.get_fields() if each.name == name), None)
    words = str(getattr(field, "verbose_name", ""))
    return words[:1].upper() + words[1:]


def locate_sheets(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """Sheets and their fields: « Fiche action n° 3 – Description de l’action »."""
    sheets = ActionSheet.objects.filter(contract=contract).in_bulk({place.item for place in places})
    found = {}
    for place in places:
        sheet = sheets.get(place.item)
        if sheet is None:
            continue
        label = f"Fiche action n° {sheet.number}"
        # The page of a sheet is funding's: it carries the sheet's money.
        url = reverse("funding:sheet-edit", args=[contract.reference, sheet.number])
        if place.field:
            words = field_label(ActionSheet, place.field)
            # Its money has boxes of its own, which are no fields of the sheet.
            anchor = f"id_{place.field}" if words else place.field
            words = words or MONEY_WORDS.get(place.field.split("-")[0], "")
            label, url = (f"{label} – {words}" if words else label), f"{url}#{anchor}"
        found[place] = Located(label, url)
    return found


def locate_objectives(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The objectives of the contract: « Objectif 12 »."""
    url = reverse("contracts:objectives", args=[contract.reference])
    carried = contract.objectives.select_related("objective").in_bulk({place.item for place in places})
    return {
        place: Located(carried[place.item].short_label, f"{url}#objectif-{place.item}")
        for place in places
        if place.item in carried
    }


def locate_details(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The general information of the contract, field by field; it has no objects."""
    url = reverse("contracts:details-edit", args=[contract.reference])
    words = dict(DETAIL_WORDS)
    if any(place.field.startswith("party_") for place in places):
        for party in ContractParty.objects.filter(contract=contract).select_related("signatory"):
            words[f"party_{party.pk}_name"] = f"Nom du représentant : {party.signatory}"
            words[f"party_{party.pk}_title"] = f"Qualité du représentant : {party.signatory}"
    return {
        place: Located(
            field_label(Contract, place.field) or words.get(place.field, "Parties et contacts"),
            f"{url}#{place.field}" if place.field in DETAIL_WORDS else f"{url}#id_{place.field}",
        )
        for place in places
        if not place.item
    }


DETAIL_WORDS = {"account": "Compte bancaire", "contacts": "Contacts"}
"""The blocks of the page of the parties that are no field of the contract."""
