"""« Discuter » beside the parts and fields of a contract; the cards of its contacts."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django import template
from django.template import RequestContext
from django.urls import reverse

from contracts.contacts import contact_cards
from contracts.exchanges import CODE, PlaceCount, counts_of_places
from contracts.models import Contract
from contracts.places import Place, is_located
from contracts.workspace import find_part

register = template.Library()

NOWHERE: dict[str, Any] = {"url": ""}


@register.inclusion_tag("contracts/exchanges/thread_link.html")
def thread_link(
    contract: Contract, part: str, item: Any = None, field: str = "", words: str = ""
) -> dict[str, Any]:
    """The way from a place to what is said of it: its threads, or a new one.

    `item` is the object in the part or its primary key, `field` a field of it or of the part, `words` how a
    reader hears the place. Nothing for an object that is not stored yet or a part without a page. The counts
    of all the places of a page cost one query.
    """
    found = find_part(part)
    number = getattr(item, "pk", item) or 0
    is_precise = bool(number or field)
    if found is None or part == CODE or (item is not None and not number):
        return NOWHERE
    if is_precise and not is_located(part):
        return NOWHERE
    known = _known(contract)
    place = str(Place(part, int(number), field))
    count = known["counts"].get(place, PlaceCount())
    base = known["list"] if count.total else known["open"]
    return {
        "url": f"{base}?lieu={quote(place)}",
        "count": count,
        "words": words or found.label,
        "is_whole": not is_precise,
    }


def _known(contract: Any) -> dict[str, Any]:
    """The counts and addresses of `contract`, kept on it: a page has many links, and one contract."""
    if not hasattr(contract, "known_exchanges"):
        contract.known_exchanges = {
            "counts": counts_of_places(contract),
            "list": reverse("contracts:exchanges", args=[contract.reference]),
            "open": reverse("contracts:thread-open", args=[contract.reference]),
        }
    known: dict[str, Any] = contract.known_exchanges
    return known


@register.inclusion_tag("contracts/contacts/cards.html", takes_context=True)
def contract_contacts(context: RequestContext, contract: Contract) -> dict[str, Any]:
    """The contacts of each institution of `contract` (rule P2), with the reader's gestures."""
    return {
        "contract": contract,
        "cards": contact_cards(contract, context["request"].user),
        "csrf_token": context["csrf_token"],
    }
