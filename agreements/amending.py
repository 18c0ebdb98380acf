"""What an amendment changes: the text in force on one side, what the contract says now on the other (V1).

People write in the contract as usual; nothing of the amendment is typed twice. What is kept with the contract
without being signed (the contacts, the retroplanning) is not in an amendment either.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from django.template.loader import render_to_string

from agreements.amendment_text import AmendmentText, amendment_text
from agreements.comparison import ChangedObject, compare
from agreements.content import Entry
from agreements.models import TextInForce
from agreements.reading import AMENDMENT, DOCUMENT, changes, read_entries, signed
from cdppe.lib.french_words import joined
from contracts.document import Layout, contract_document
from contracts.document_words import french_date
from contracts.models import Amendment, Contract
from contracts.models.amendments import AmendmentQuerySet
from contracts.workflow import ContractState
from contracts.workspace import parts

OWN_FIELDS = (
    ("object", "Objet de l’avenant"),
    ("reason", "Motif de l’avenant"),
    ("planned_effect_on", "Prise d’effet prévue de l’avenant"),
    ("new_ends_on", "Nouvelle fin du contrat"),
)
"""What an amendment says itself besides what it changes in the contract."""


def amendment_entries(amendment: Amendment) -> list[Entry]:
    """What `amendment` says itself, as entries of a version."""
    found = []
    for name, label in OWN_FIELDS:
        value = getattr(amendment, name)
        said = f"{value:%d/%m/%Y}" if isinstance(value, dt.date) else value
        if said:
            found.append(Entry(AMENDMENT, amendment.number, name, str(amendment), label, said))
    return found


def text_in_force(contract: Contract) -> TextInForce | None:
    """The law of `contract`: the last text that took effect, with its reading; None before the first."""
    texts = TextInForce.objects.filter(contract=contract).order_by("-effect_on", "-pk")
    found: TextInForce | None = texts.select_related("reading", "amendment").first()
    return found


def amendment_changes(contract: Contract) -> tuple[ChangedObject, ...]:
    """What the contract says now that its text in force does not; raises `MissingPiece` without a model."""
    law = text_in_force(contract)
    if law is None:
        return ()
    now = read_entries(contract, contract_document(contract))
    return changes(in_the_contract(law.reading.entries), in_the_contract(now))


def in_the_contract(entries: Iterable[Entry]) -> list[Entry]:
    """Those of `entries` that an amendment can change: neither the contacts nor what amendments say."""
    return [entry for entry in signed(entries) if entry.part != AMENDMENT]


def what_remains(contract: Contract) -> tuple[ChangedObject, ...]:
    """What people wrote that differs from the text in force: nothing of it may be left by an abandoned one.

    An object that was taken away then made again with the same words is the same one. What follows from
    elsewhere (the articles, where the amounts that the State notified stand) is nobody's to bring back.
    """
    law = text_in_force(contract)
    if law is None:
        return ()
    old = [each for each in in_the_contract(law.reading.entries) if each.part != DOCUMENT]
    now = [
        each
        for each in in_the_contract(read_entries(contract, contract_document(contract)))
        if each.part != DOCUMENT
    ]
    if _said(old) == _said(now):
        return ()
    return changes(old, now)


def _said(entries: Iterable[Entry]) -> Counter[tuple[str, str, str, str]]:
    return Counter((each.part, each.object_label, each.field_label, each.value) for each in entries)


def changes_something(amendment: Amendment) -> bool:
    """Whether `amendment` changes anything: an empty one is not proposed to anybody."""
    return amendment.new_ends_on is not None or bool(amendment_changes(amendment.contract))


def text_of(amendment: Amendment) -> AmendmentText:
    """The text of `amendment` as it would be signed now; raises `MissingPiece` without a model contract."""
    contract = amendment.contract
    law = text_in_force(contract)
    document = contract_document(contract, is_draft=False)
    now = in_the_contract(read_entries(contract, document))
    before = in_the_contract(law.reading.entries) if law is not None else now
    # In clear: what is signed holds the account, as the contract itself does.
    found = compare(before, now, parts=[part.code for part in parts()])
    earlier = list(earlier_amendments(contract))
    return amendment_text(amendment, found=found, earlier=earlier, signatures=document.signatures)


def lay_out_amendment(amendment: Amendment, *, dated: dt.datetime) -> Layout:
    """The text of `amendment` laid out: the document that the parties agree to and sign.

    Raises `MissingPiece` when the campaign has no model contract.
    """
    contract = amendment.contract
    text = text_of(amendment)
    context = {"amendment": amendment, "contract": contract, "text": text, "dated": dated}
    return Layout(
        html=render_to_string("documents/amendment.html", context),
        title=f"{text.title} – {contract.territory.name}",
        subject=f"Avenant n° {amendment.number} au contrat {contract.reference}",
        name=f"contrat-{contract.reference}-avenant-{amendment.number}.pdf",
        is_draft=False,
        expected_pages=6,
    )


def consolidation_notice(amendment: Amendment) -> str:
    """What the cover of the consolidated contract says of it."""
    contract = amendment.contract
    numbers = [*earlier_amendments(contract).values_list("number", flat=True), amendment.number]
    named = joined([f"n° {number}" for number in numbers])
    amended = "modifient les avenants" if len(numbers) > 1 else "modifie l’avenant"
    ends_on = amendment.new_ends_on or contract.ends_on
    signed = f" signé le {french_date(contract.signed_on)}" if contract.signed_on else ""
    return (
        f"Version consolidée : le contrat{signed}, tel que le {amended} {named}. "
        f"Il prend fin le {french_date(ends_on)}. Seuls le contrat et ses avenants sont signés."
    )


def earlier_amendments(contract: Contract) -> AmendmentQuerySet:
    """Those of `contract` that are in force, the first one first."""
    return contract.amendments.filter(state=ContractState.IN_FORCE).order_by("number")
