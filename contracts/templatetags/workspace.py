"""The side menu of a contract, the same on every page of its workspace."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import template
from django.template import RequestContext

from contracts.compliance import known_report, remember_facts
from contracts.models import Contract
from contracts.notices import notices_of
from contracts.overview import with_facts
from contracts.workspace import menu

register = template.Library()


@register.inclusion_tag("contracts/workspace_menu.html", takes_context=True)
def workspace_menu(context: RequestContext, contract: Contract, tab: str) -> dict[str, Any]:
    """The parts of `contract`, each with how far it has got, for whoever asks for the page."""
    known = with_facts(Contract.objects.filter(pk=contract.pk)).get()
    remember_facts(known)
    barred = (
        Counter(line.finding.place.part for line in known_report(known).blocking)
        if known.is_editable
        else None
    )
    return {"entries": menu(known, context["request"].user, tab=tab, barred=barred)}


@register.inclusion_tag("contracts/notices.html")
def contract_notices(contract: Contract) -> dict[str, Any]:
    """What nobody who opens `contract` may miss."""
    return {"notices": notices_of([contract])[contract.pk]}
