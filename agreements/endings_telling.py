"""What the daily digest tells of the end of contracts: to the parties and to the ministry, once (rule D1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from agreements.models import Denunciation
from agreements.telling import TOLD_WITHIN
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.digest import DigestLine, DigestSection
from cdppe.accounts.models import DigestSettings, User
from contracts.models import CampaignExtension, Contract
from contracts.overview import PARTIES, reader_kinds

SECTION = "endings"


def ending_lines(user: User, settings: DigestSettings, on: dt.date) -> DigestSection | None:
    """Denunciations of late, for the parties and the ministry; ends put off, for the parties."""
    since = timezone.now() - TOLD_WITHIN
    found = (
        Denunciation.objects.visible_to(user)
        .filter(Q(recorded_at__gte=since) | Q(withdrawn_at__gte=since))
        .select_related("contract__territory__region", "contract__campaign")
        .order_by("recorded_at")
    )
    follows = can(user, Ability.NATION_FOLLOW)
    lines = [_line(each) for each in found if follows or reader_kinds(user, each.contract) & PARTIES]
    extensions = list(CampaignExtension.objects.filter(at__gte=since).select_related("campaign"))
    for contract in _of_campaigns(user, extensions):
        if reader_kinds(user, contract) & PARTIES:
            lines += [_extended(contract, each) for each in extensions if _moved(contract, each)]
    return DigestSection("Fin de contrats", tuple(lines)) if lines else None


def _of_campaigns(user: User, extensions: Sequence[CampaignExtension]) -> Sequence[Contract]:
    """The contracts that `user` sees of the campaigns put off, without a query where none was."""
    if not extensions:
        return ()
    campaigns = {each.campaign_id for each in extensions}
    return list(Contract.objects.visible_to(user).with_context().filter(campaign__in=campaigns))


def _moved(contract: Contract, extension: CampaignExtension) -> bool:
    return contract.campaign_id == extension.campaign_id and contract.ends_on == extension.ends_on


def _extended(contract: Contract, extension: CampaignExtension) -> DigestLine:
    return DigestLine(
        f"campaign-extension.{extension.pk}/{contract.reference}",
        f"{contract} : la campagne est prolongée, le contrat prend fin le {extension.ends_on:%d/%m/%Y} – "
        f"{extension.reason}",
        reverse("agreements:ending", args=[contract.reference]),
    )


def _line(denunciation: Denunciation) -> DigestLine:
    contract = denunciation.contract
    what, text = (
        "recorded",
        f"{contract} : contrat dénoncé par {denunciation.institution}, il prend fin le "
        f"{denunciation.effect_on:%d/%m/%Y}.",
    )
    if denunciation.withdrawn_at is not None:
        what, text = (
            "withdrawn",
            f"{contract} : la dénonciation par {denunciation.institution} est retirée – "
            f"{denunciation.withdrawn_reason}",
        )
    return DigestLine(
        f"denunciation.{denunciation.pk}/{what}",
        text,
        reverse("agreements:ending", args=[contract.reference]),
    )
