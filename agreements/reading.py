"""Reading what a contract says now: the fields that the history keeps, and the text of the contract itself.

The text of the contract stands in it article by article, as the document prints it: an amount notified
meanwhile or a model that was corrected changes what is signed, though nobody wrote in the contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from agreements.comparison import ChangedField, ChangedObject, compare
from agreements.content import Entry
from contracts.document import ContractDocument, Group, Text
from contracts.history import kept_parts, snapshot
from contracts.models import Contract
from contracts.places import Place
from contracts.workspace import find_part, parts

if TYPE_CHECKING:
    from agreements.models import ContractVersion

DOCUMENT = "document"
"""The part of the entries that hold the articles, of which `item` is the rank."""

ACCOUNT = "account"
"""The field of the entry that holds the bank account: shown masked."""

CONTACTS = "contacts"
"""The part of the entries that hold the contacts (rule P2): sent with a version, never signed."""

AMENDMENT = "amendment"
"""The part of the entries that hold what an amendment says itself; `item` is its number (rule V1)."""

OUTSIDE = frozenset({"calendar"})
"""Parts that prepare the contract without being in it: the retroplanning."""

OWN_LABELS = {DOCUMENT: "Texte du contrat", CONTACTS: "Contacts", AMENDMENT: "Avenant"}
"""The parts of the entries that are no part of the workspace under the same code."""


def read_entries(contract: Contract, document: ContractDocument) -> list[Entry]:
    """Every entry of `contract` as it is stored now, its articles as `document` has them."""
    entries = [
        Entry(_part_of(place), place.item, place.field, kept.object_label, kept.field_label, kept.value)
        for part in kept_parts()
        if part not in OUTSIDE
        for place, kept in snapshot(contract, part).items()
    ]
    return entries + _articles(document)


def signed(entries: Iterable[Entry]) -> list[Entry]:
    """Those of `entries` that are in the contract itself: the parties agree to nothing else."""
    return [entry for entry in entries if entry.part != CONTACTS]


def _part_of(place: Place) -> str:
    return CONTACTS if place.field.startswith("contact_") else place.part


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


def masked(entry: Entry) -> Entry:
    """`entry` as pages show it: of a bank account, never more than the last characters of each number."""
    return replace(entry, value=_masked_text(entry.value)) if _is_account(entry.part, entry.field) else entry


def changes_between(before: ContractVersion, after: ContractVersion) -> tuple[ChangedObject, ...]:
    """What is different in `after`, object by object, in the order of the workspace's menu."""
    return changes(before.entries, after.entries)


def changes(before: Iterable[Entry], after: Iterable[Entry]) -> tuple[ChangedObject, ...]:
    """What is different between two contents, in the order of the workspace's menu; accounts are masked."""
    found = compare(before, after, parts=[part.code for part in parts()])
    return tuple(
        replace(each, fields=tuple(_masked_field(each.part, field) for field in each.fields))
        for each in found
    )


def _is_account(part: str, field: str) -> bool:
    return (part, field) == (DOCUMENT, ACCOUNT)


def _masked_field(part: str, field: ChangedField) -> ChangedField:
    if not _is_account(part, field.field):
        return field
    before = None if field.before is None else _masked_text(field.before)
    after = None if field.after is None else _masked_text(field.after)
    # Two accounts may end alike: that they differ is said all the same.
    return replace(field, before=before, after=f"{after} (modifié)" if after == before else after)


def _masked_text(text: str) -> str:
    return "\n".join(_masked_line(line) for line in text.splitlines())


def _masked_line(line: str) -> str:
    """« Clé RIB : 85 » too: a line of an account that holds a figure shows its last two characters."""
    head, separator, tail = line.partition(" : ")
    if not separator or not any(character.isdigit() for character in tail):
        return line
    return f"{head} : •••• {tail.strip()[-2:]}" if len(tail.strip()) > 2 else f"{head} : ••"


def part_label(code: str) -> str:
    """What people call the part of an entry."""
    if code in OWN_LABELS:
        return OWN_LABELS[code]
    part = find_part(code)
    return part.label if part else code
