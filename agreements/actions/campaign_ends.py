"""Putting off the last day of a campaign, and of its contracts with it (rule C1).

The ministry moves a date for everybody; no text changes, nothing is barred. A contract that ends later
already, by an amendment, is left; one that has ended stays ended; a denounced one ends as its party said.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from agreements.actions.amendments import LATEST_END
from agreements.campaign_ends import Fate, fates_of
from agreements.endings import end_moved_to
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import MissingPiece, NotAllowed, RuleViolation
from contracts.actions.journal import Gesture, record_all
from contracts.models import Campaign, CampaignExtension, Contract

PLACE = "ending"


@transaction.atomic
def extend_campaign(campaign: Campaign, *, ends_on: dt.date, reason: str, by: User) -> CampaignExtension:
    """Put the last day of `campaign` off to `ends_on`: every contract that would end before ends then.

    Raises NotAllowed, MissingPiece without a reason, RuleViolation for a day that is not later, has passed,
    or is years too late.
    """
    if not can(by, Ability.CAMPAIGN_EXTEND):
        raise NotAllowed("Seul un signataire de la DGCS prolonge une campagne.")
    stored = Campaign.objects.select_for_update().get(pk=campaign.pk)
    require_new_end(stored, ends_on)
    why = reason.strip()
    if not why:
        raise MissingPiece("Écrivez la raison : les parties la liront.")
    former = stored.last_day
    contracts = list(
        Contract.objects.select_for_update(of=("self",))
        .filter(campaign=stored)
        .select_related("campaign", "territory__region")
        .order_by("pk")
    )
    moved = []
    for contract, fate in zip(contracts, fates_of(contracts, ends_on), strict=True):
        if fate in (Fate.MOVED, Fate.DENOUNCED):
            # Of a denounced contract, the day that comes back if its party withdraws.
            contract.ends_on = end_moved_to(contract, ends_on)
            contract.save(update_fields=["ends_on", "updated_at"])
        if fate is Fate.MOVED:
            moved.append(contract)
    extension = CampaignExtension.objects.create(
        campaign=stored, former_ends_on=former, ends_on=ends_on, reason=why, by=by
    )
    stored.extended_until = ends_on
    stored.save(update_fields=["extended_until"])
    told = f"Campagne prolongée par la DGCS : le contrat prend fin le {ends_on:%d/%m/%Y}. Raison : {why}"
    record_all(
        [
            Gesture(
                None,
                "campaign.extended",
                f"Campagne {stored.code} prolongée jusqu’au {ends_on:%d/%m/%Y} ({len(moved)} contrats). "
                f"Raison : {why}",
                by,
            ),
            *(Gesture(contract, "contract.extended", told, by, PLACE) for contract in moved),
        ]
    )
    return extension


def require_new_end(campaign: Campaign, ends_on: dt.date) -> None:
    """Refuse, with its sentence, a day that does not put the end of `campaign` off."""
    if ends_on <= campaign.last_day:
        raise RuleViolation(
            f"La campagne prend déjà fin le {campaign.last_day:%d/%m/%Y} : écrivez une date plus tardive."
        )
    if ends_on <= timezone.localdate():
        raise RuleViolation("Cette date est passée : écrivez une date à venir.")
    latest = dt.date(campaign.last_day.year + LATEST_END, 12, 31)
    if ends_on > latest:
        raise RuleViolation(f"Cette date est trop lointaine : le {latest:%d/%m/%Y} au plus tard.")
