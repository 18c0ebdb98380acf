"""Reading what a contract says now: the fields that the history keeps, and the text of the contract itself.

The text of the contract stands in it article by article, as the document prints it: an amount notified
meanwhile or a model that was corrected changes what is signed, though nobody wrote in the contract.
"""

from __future__ import annotations

from agreements.content import Entry
from contracts.document import ContractDocument, Group, Text
from contracts.history import kept_parts, snapshot
from contracts.models import Contract

DOCUMENT = "document"
"""The part of the entries that hold the articles, of which `item` is the rank."""

ACCOUNT = "account"
"""The field of the entry that holds the bank account: shown masked."""

OUTSIDE = frozenset({"calendar"})
"""Parts that prepare the contract without being in it: the retroplanning."""


def read_entries(contract: Contract, document: ContractDocument) -> list[Entry]:
    """Every entry of `contract` as it is stored now, its articles as `document` has them."""
    entries = [
        Entry(place.part, place.item, place.field, kept.object_label, kept.field_label, kept.value)
        for part in kept_parts()
        if part not in OUTSIDE
        for place, kept in snapshot(contract, part).items()
    ]
    return entries + _articles(document)


def _articles(document: ContractDocument) -> list[Entry]:
    titled = [("Préambule", document.opening), *((part.title, part.groups) for part in document.parts)]
    found = []
    for rank, (title, groups) in enumerate(titled):
        by_field = {
            "text": "\n\n".join(_words(group) for group in groups if group.kind != ACCOUNT),
            ACCOUNT: "\n".join(_words(group) for group in groups if group.kind == ACCOUNT),
        }
        found += [
            Entry(DOCUMENT, rank, field, "Texte du contrat", title, value)
            for field, value in by_field.items()
            if value
        ]
    signatures = "\n".join(
        " – ".join(filter(None, (_plain(each.label), each.name, each.title))) for each in document.signatures
    )
    if signatures:
        found.append(Entry(DOCUMENT, len(titled), "signatures", "Texte du contrat", "Signatures", signatures))
    return found


def _words(group: Group) -> str:
    lines = [_plain(text) for text in group.texts]
    lines += [f"{_plain(head)} : {_plain(tail)}" for head, tail in group.pairs]
    return "\n".join(lines)


def _plain(text: Text) -> str:
    return "".join(segment.text for segment in text)
