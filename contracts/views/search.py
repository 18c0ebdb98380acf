"""Searching the texts of one contract, or of every contract that the person follows."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cdppe.lib.text_search import LONGEST_QUERY, read_terms
from contracts.models import Contract
from contracts.search import Found, Hit, search
from contracts.views.access import get_contract, signed_in


@require_GET
def search_contract(request: HttpRequest, reference: str) -> HttpResponse:
    """What answers to `?q=` in one contract, each with the address of its field."""
    contract = get_contract(request, reference)
    typed = _typed(request)
    found = search(Contract.objects.filter(pk=contract.pk), read_terms(typed), in_one=True)
    context = {"contract": contract, "tab": "search", "typed": typed, "found": found}
    return render(request, "contracts/search_contract.html", context)


@require_GET
def search_all(request: HttpRequest) -> HttpResponse:
    """What answers to `?q=` in the contracts that the person follows, contract by contract."""
    typed = _typed(request)
    found = search(Contract.objects.visible_to(signed_in(request)), read_terms(typed), in_one=False)
    context = {"typed": typed, "found": found, "groups": _by_contract(found)}
    return render(request, "contracts/search_all.html", context)


def _typed(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]


def _by_contract(found: Found) -> list[tuple[Contract, list[Hit]]]:
    """Contracts in the order of their best hit, each with its hits."""
    order = list(dict.fromkeys(hit.contract for hit in found.hits))
    ranked = sorted(found.hits, key=lambda hit: order.index(hit.contract))
    return [(contract, list(hits)) for contract, hits in groupby(ranked, key=lambda hit: hit.contract)]
