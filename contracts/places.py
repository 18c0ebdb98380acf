"""Places of a contract: a part, an object in it, a field of that object, as one short text.

« sheets », « sheets/12 », « sheets/12/description »: part of the workspace, primary key, name of the form's
field. A thread of exchanges, a finding, a line of history and a search result all name their place so, and
`locate` gives each its words and the address of the very field.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Model
from django.urls import reverse

from contracts.diagnosis import sections_of
from contracts.models import ActionSheet, Contract, ContractParty, ContractStep
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
    """A place in words (« Fiche action n° 3 – Description de l’action »), its address, and its present text.

    The text is empty for a part or an object as a whole, and where a locator does not give it.
    """

    label: str
    url: str
    text: str = ""


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


def is_located(part: str) -> bool:
    """Whether the objects and fields of `part` have words and addresses."""
    return part in _locators


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


def way_page(contract: Contract) -> str:
    """The address where the final text of `contract` is walked to its signature; empty while one writes."""
    part = find_part(WAY_PART)
    if part is None or contract.is_editable:
        return ""
    return reverse(part.route, args=[contract.reference])


MONEY_WORDS = {
    "financing": "Moyens financiers",
    "amount": "Moyens financiers",
    "nature": "Nature de la dépense",
    "replaces": "Remplacement d’un financement",
}
"""The first word of a box of the sheet's money, and how a place names it."""


@lru_cache(maxsize=512)
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
        text = ""
        if place.field:
            words = field_label(ActionSheet, place.field)
            # Its money has boxes of its own, which are no fields of the sheet.
            anchor = f"id_{place.field}" if words else place.field
            words = words or _money_words(place.field)
            label, url = (f"{label} – {words}" if words else label), f"{url}#{anchor}"
            text = _text_of(sheet, place.field)
        found[place] = Located(label, url, text)
    return found


def _money_words(box: str) -> str:
    """« Moyens financiers, 2031 » for the box of an amount."""
    first, *rest = box.split("-")
    words = MONEY_WORDS.get(first, "")
    return f"{words}, {rest[-1]}" if first == "amount" and rest else words


def _text_of(instance: Model, name: str) -> str:
    """What people wrote in the field `name`, empty for anything but words."""
    value = getattr(instance, name, "")
    return value if isinstance(value, str) else ""


def locate_objectives(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The objectives of the contract: « Objectif 12 »."""
    url = reverse("contracts:objectives", args=[contract.reference])
    carried = contract.objectives.select_related("objective").in_bulk({place.item for place in places})
    return {
        place: Located(carried[place.item].short_label, f"{url}#objectif-{place.item}")
        for place in places
        if place.item in carried
    }


PARTY_FIELD = re.compile(r"party_(?P<pk>[0-9]{1,18})_(?P<what>name|title|delegation)")
"""The fields of the details form that name who signs for a party: « party_12_name »."""
_PARTY_FIELDS = {
    "name": "representative_name",
    "title": "representative_title",
    "delegation": "delegation",
}
WAY_PART = "agreements"
"""The part where the way to signature is walked, a higher app's."""
CONTACTS = "contacts"
"""The « field » of the details that stands for the contacts of the institutions (rule P2)."""


def locate_details(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The general information of the contract, field by field.

    Who signs for a party is « details//party_12_name », as the form calls it, or
    « details/12/representative_name », the party being the object.
    """
    url = reverse("contracts:details-edit", args=[contract.reference])
    parties: dict[int, ContractParty] = {}
    if any(place.item or PARTY_FIELD.fullmatch(place.field) for place in places):
        parties = {each.pk: each for each in contract.parties.select_related("signatory")}
    found = {}
    for place in places:
        of_party = _party_field(place)
        if of_party is not None:
            pk, name = of_party
            if pk in parties:
                label = f"{parties[pk].signatory} – {field_label(ContractParty, _PARTY_FIELDS[name])}"
                text = _text_of(parties[pk], _PARTY_FIELDS[name])
                found[place] = Located(label, f"{url}#id_party_{pk}_{name}", text)
        elif place.field == CONTACTS and not place.item:
            found[place] = Located("Contacts des institutions", f"{url}#id_{CONTACTS}")
        elif place.field == "account" and not place.item:
            found[place] = Located("Compte bancaire", f"{url}#account")
        elif (label := field_label(Contract, place.field)) and not place.item:
            # What is recorded of the ODPE has its box on the page of the way, a higher app's.
            way = find_part(WAY_PART) if place.field.startswith("odpe_") else None
            page = reverse(way.route, args=[contract.reference]) if way else url
            anchor = "odpe" if way else f"id_{place.field}"
            found[place] = Located(label, f"{page}#{anchor}", _text_of(contract, place.field))
    return found


def _party_field(place: Place) -> tuple[int, str] | None:
    """(primary key of a party, "name", "title" or "delegation") where the place is who signs for it."""
    of_form = PARTY_FIELD.fullmatch(place.field)
    if of_form is not None and not place.item:
        return int(of_form["pk"]), of_form["what"]
    if place.item and place.field in _PARTY_FIELDS.values():
        return place.item, place.field.removeprefix("representative_")
    return None


def locate_calendar(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """Steps of the retroplanning and their fields: « Étape Signature du contrat – Date fixée à la main »."""
    steps = ContractStep.objects.filter(contract=contract).in_bulk({place.item for place in places})
    page = reverse("contracts:calendar", args=[contract.reference])
    found = {}
    for place in places:
        step = steps.get(place.item)
        if step is None:
            if not place.item:
                found[place] = Located("Échéances nationales", f"{page}#{place.field}")
            continue
        label = f"Étape « {step.label} »"
        url = f"{page}#step-{step.pk}"
        words = field_label(ContractStep, place.field) if place.field else ""
        if words:
            label = f"{label} – {words}"
            url = f"{reverse('contracts:step-edit', args=[contract.reference, step.pk])}#id_{place.field}"
        found[place] = Located(label, url)
    return found


def locate_diagnosis(contract: Contract, places: Collection[Place]) -> dict[Place, Located]:
    """The sections of the shared diagnosis; it has no objects."""
    url = reverse("contracts:diagnosis", args=[contract.reference])
    titles = {section.field: section.title for section in sections_of(contract.campaign)}
    return {
        place: Located(f"Diagnostic – {titles[place.field]}", f"{url}#id_{place.field}")
        for place in places
        if not place.item and place.field in titles
    }
