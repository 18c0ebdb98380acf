"""What the public reads: the contracts that are online, and nothing else (rule N2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from agreements.models import PublicCopy, TextInForce
from cdppe.accounts.models import Territory
from contracts.filters import plain
from contracts.models import Campaign


def published_copy(reference: str) -> PublicCopy | None:
    """The public version of the contract `reference`; None when it is not online."""
    return _online().filter(contract__reference=reference).first()


def text_that_replaced(copy: PublicCopy) -> TextInForce | None:
    """The text in force today, when `copy` gives an earlier one to read (rule V2); else None."""
    texts = TextInForce.objects.filter(contract=copy.contract_id).select_related("amendment")
    law: TextInForce | None = texts.first()
    return law if law is not None and law.reading_id != copy.version_id else None


def published_contracts(chosen: Mapping[str, Any]) -> QuerySet[PublicCopy]:
    """The public versions online that answer `chosen`: q, territoire, campagne; the newest campaign first."""
    copies = _online()
    if chosen.get("territoire"):
        copies = copies.filter(contract__territory=chosen["territoire"])
    if chosen.get("campagne"):
        copies = copies.filter(contract__campaign=chosen["campagne"])
    if wanted := plain(chosen.get("q") or ""):
        # About a hundred territories: compared here, since neither database knows accents by itself.
        copies = copies.filter(pk__in=[copy.pk for copy in copies if wanted in _words(copy)])
    return copies.order_by("-contract__campaign__year", "contract__territory__code")


def published_places() -> tuple[QuerySet[Territory], QuerySet[Campaign]]:
    """The territories and campaigns of which something is online."""
    contracts = PublicCopy.objects.online().values("contract")
    return (
        Territory.objects.filter(contracts__in=contracts).distinct().order_by("code"),
        Campaign.objects.filter(contracts__in=contracts).distinct().order_by("-year"),
    )


def _online() -> QuerySet[PublicCopy]:
    return PublicCopy.objects.online().select_related(
        "contract__territory__region", "contract__campaign", "file"
    )


def _words(copy: PublicCopy) -> str:
    contract = copy.contract
    territory = contract.territory
    return plain(
        " ".join(
            [
                territory.name,
                territory.code,
                territory.region.name,
                territory.collectivity,
                contract.reference,
                contract.campaign.title,
            ]
        )
    )
