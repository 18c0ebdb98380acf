"""Who signs and who answers for each institution: contacts (rule P2), representatives (rule K1).

Source: circulaire 2020/34, I-B and annexe 5.1. The contacts are facts of their own ("contacts"): they are
named before the contract and beside it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q, prefetch_related_objects

from cdppe.accounts.models import Institution
from cdppe.lib.french_words import joined
from contracts.compliance import Finding, Rule, Severity
from contracts.models import Contract
from contracts.overview import CONTACTS_READ
from contracts.places import Place
from contracts.progress import ALL_PARTIES
from contracts.rules.facts import ContractFacts


@dataclass(frozen=True)
class ContactFacts:
    """A contact as an institution named them (rule P2)."""

    name: str
    email: str
    phone: str


@dataclass(frozen=True)
class ContactsFacts:
    """{name of each of the three institutions, in the order of the contract: its contacts}.

    A loader gives every institution that is a party, with an empty tuple for one that named nobody.
    """

    by_institution: Mapping[str, Sequence[ContactFacts]]


def contacts_named(facts: ContactsFacts) -> Iterator[Finding]:
    """P2. « Il vous est demandé de transmettre… d’un ou au maximum deux contacts »: asked of the State's
    services, before the contract and beside it; a contract can be signed without it: to be checked."""
    place = Place("details", 0, "contacts")
    for rank, (institution, contacts) in enumerate(facts.by_institution.items(), start=1):
        about = f"institution-{rank}"
        if not contacts:
            yield Finding(
                f"{institution} n’a désigné aucun contact : un au moins, deux au plus.", place, about
            )
        elif len(contacts) > 2:
            yield Finding(
                f"{institution} a désigné {len(contacts)} contacts : la circulaire en veut deux au plus.",
                place,
                about,
            )
        incomplete = [each.name for each in contacts if not (each.email and each.phone)]
        if incomplete:
            yield Finding(
                f"Le courriel ou le téléphone manque pour {joined(incomplete)} ({institution}).",
                place,
                f"{about}-incomplete",
            )


def representatives_named(facts: ContractFacts) -> Iterator[Finding]:
    """K1. A blank of the model contract (« représenté par xxxxxxxxxx »): the text is not whole without it,
    hence blocking."""
    for party in facts.parties:
        if not party.name:
            yield Finding(
                f"Le représentant n’est pas nommé pour : {party.label}.", Place("details", 0, party.field)
            )


def representatives_titled(facts: ContractFacts) -> Iterator[Finding]:
    """K1. The model leaves no blank for the quality of who signs: advice."""
    for party in facts.parties:
        if party.name and not party.title:
            yield Finding(
                f"La qualité de {party.name} n’est pas indiquée ({party.label}).",
                Place("details", 0, party.field.replace("_name", "_title")),
            )


def load_contact_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, ContactsFacts]:
    """The facts "contacts" of `contracts`: two queries whatever their number."""
    territories = {contract.territory_id: contract.territory for contract in contracts}
    institutions = Institution.objects.filter(kind__in=ALL_PARTIES).filter(
        Q(territory__in=territories) | Q(region__in={each.region_id for each in territories.values()})
    )
    parties = sorted(institutions, key=lambda each: ALL_PARTIES.index(each.kind))
    named: dict[tuple[int, int], list[ContactFacts]] = defaultdict(list)
    prefetch_related_objects(contracts, CONTACTS_READ)
    for contract in contracts:
        for contact in contract.contacts.all():
            named[contract.pk, contact.institution_id].append(
                ContactFacts(contact.name, contact.email, contact.phone)
            )
    return {
        contract.pk: ContactsFacts(
            {
                each.name: tuple(named[contract.pk, each.pk])
                for each in parties
                if each.territory_id == contract.territory_id
                or (each.region_id is not None and each.region_id == contract.territory.region_id)
            }
        )
        for contract in contracts
    }


RULES = (
    Rule(
        "contacts-named",
        "P2",
        "circulaire, I-B",
        Severity.TO_CHECK,
        "Chaque institution a un contact, deux au plus, avec courriel et téléphone",
        "« Il vous est demandé de transmettre […] les coordonnées (courriel et numéro de téléphone) d’un ou "
        "au maximum deux contacts au sein de chaque institution. »",
        "contacts",
        contacts_named,
    ),
    Rule(
        "representatives-named",
        "K1",
        "circulaire, annexe 5.1",
        Severity.BLOCKING,
        "Le représentant de chaque partie est nommé",
        "« Entre l’État, représenté par […] » : le contrat-type nomme qui signe pour chaque partie.",
        "contract",
        representatives_named,
    ),
    Rule(
        "representatives-titled",
        "K1",
        "circulaire, annexe 5.1",
        Severity.ADVICE,
        "La qualité de chaque représentant est indiquée",
        "Elle figure sous le nom dans le bloc de signature.",
        "contract",
        representatives_titled,
    ),
)
