"""What the pages of the amendments and of the contract at a date show (rules V1, V2)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby

from django.urls import reverse

from agreements.amending import amendment_changes, in_the_contract
from agreements.comparison import ChangedObject
from agreements.content import Entry
from agreements.models import ContractVersion, TextInForce
from agreements.reading import DOCUMENT, changes, part_label
from cdppe.accounts.models import User
from cdppe.lib.table_export import Value
from contracts.models import Amendment, Contract
from contracts.places import Place, locate
from contracts.workspace import Progress, Stage, find_part

DATA_COLUMNS = ("Partie", "Objet", "Champ", "Valeur")


@dataclass(frozen=True)
class LinkedObject:
    """One thing that an amendment changes, and the page where people write it; "" where they no longer do."""

    object: ChangedObject
    url: str


@dataclass(frozen=True)
class LinkedPart:
    """A part of the contract with what is different in it."""

    label: str
    objects: tuple[LinkedObject, ...]


def text_of_amendment(amendment: Amendment) -> TextInForce | None:
    """What took effect with `amendment`; None while it is open, or once it was abandoned."""
    texts = TextInForce.objects.filter(amendment=amendment)
    found: TextInForce | None = texts.select_related("version", "reading").first()
    return found


def changes_of(contract: Contract, amendment: Amendment, text: TextInForce | None) -> list[LinkedPart]:
    """What `amendment` changes: against the contract of now while it is open, else as it was signed."""
    if amendment.is_open:
        return linked(contract, amendment_changes(contract), with_places=True)
    return linked(contract, _signed_changes(text) if text is not None else (), with_places=False)


def linked(contract: Contract, found: Iterable[ChangedObject], *, with_places: bool) -> list[LinkedPart]:
    """`found` part by part, each thing with the page where it is written."""
    objects = list(found)
    urls = _addresses(contract, objects) if with_places else {}
    return [
        LinkedPart(
            part_label(code),
            tuple(LinkedObject(each, urls.get((each.part, each.item), "")) for each in of_part),
        )
        for code, of_part in groupby(objects, key=lambda each: each.part)
    ]


def _signed_changes(text: TextInForce) -> tuple[ChangedObject, ...]:
    before = (
        TextInForce.objects.filter(contract=text.contract_id, pk__lt=text.pk)
        .select_related("reading")
        .order_by("-effect_on", "-pk")
        .first()
    )
    if before is None:
        return ()
    return changes(in_the_contract(before.reading.entries), in_the_contract(text.reading.entries))


def _addresses(contract: Contract, found: Iterable[ChangedObject]) -> dict[tuple[str, int], str]:
    """Where each changed thing is written; the page of its part where it has none of its own any more.

    What is no object of its own (the general information) is found at the first field that changed.
    """
    places = {
        (each.part, each.item): Place(each.part, each.item, "" if each.item else each.fields[0].field)
        for each in found
        if each.part != DOCUMENT
    }
    located = locate(contract, list(places.values()))
    addresses = {}
    for key, place in places.items():
        part = find_part(place.part)
        if place in located:
            addresses[key] = located[place].url
        elif part is not None:
            addresses[key] = reverse(part.route, args=[contract.reference])
    return addresses


def texts_of(contract: Contract) -> list[TextInForce]:
    """Every text that was the law of `contract`, the latest first, without their whole readings."""
    found = (
        TextInForce.objects.filter(contract=contract)
        .select_related("amendment", "version", "reading")
        .defer("version__content_text", "version__html", "reading__content_text", "reading__html")
    )
    return list(found)


def data_rows(entries: Iterable[Entry]) -> list[list[Value]]:
    """The entries of a version as rows of a table, the heading first."""
    rows: list[list[Value]] = [list(DATA_COLUMNS)]
    rows += [
        [part_label(entry.part), entry.object_label, entry.field_label, entry.value] for entry in entries
    ]
    return rows


def json_of(version: ContractVersion, entries: Iterable[Entry]) -> str:
    """A version as JSON: which one it is, then its entries in the order of its parts."""
    content = {
        "contract": version.contract.reference,
        "version": version.number,
        "label": version.label,
        "purpose": version.purpose,
        "taken_at": version.taken_at.isoformat(),
        "hash": version.hash,
        "entries": [asdict(entry) for entry in entries],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def measure_amendments(contract: Contract, user: User) -> Progress | None:
    """How many amendments took effect; nothing before the contract is in force; an open one is said."""
    if not contract.is_signed:
        return None
    amendment = contract.open_amendment
    if amendment is not None:
        return Progress(Stage.STARTED, f"n° {amendment.number}", f"{amendment} ouvert")
    count = TextInForce.objects.filter(contract=contract, amendment__isnull=False).count()
    words = f"{count} avenant{'s' if count > 1 else ''} en vigueur" if count else "aucun avenant"
    return Progress(Stage.DONE if count else Stage.EMPTY, str(count), words)
