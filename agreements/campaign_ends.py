"""What putting off the end of a campaign does to each of its contracts (rule C1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from agreements.models import Denunciation
from contracts.models import Campaign, Contract
from contracts.workflow import ContractState


class Fate(StrEnum):
    """What becomes of the end of a contract."""

    MOVED = "sa fin est déplacée"
    LATER = "sa fin est déjà plus tardive : elle ne change pas"
    DENOUNCED = "dénoncé : sa fin ne change pas"
    ENDED = "terminé : rien ne change"


@dataclass(frozen=True)
class Moved:
    """A contract and what becomes of its end."""

    contract: Contract
    fate: Fate

    @property
    def is_moved(self) -> bool:
        return self.fate is Fate.MOVED


def fates_of(contracts: Sequence[Contract], ends_on: dt.date) -> list[Fate]:
    """What `ends_on` does to each of `contracts`, in their order; one query."""
    denounced = set(
        Denunciation.objects.standing()
        .filter(contract__in=[each.pk for each in contracts])
        .values_list("contract_id", flat=True)
    )
    return [_fate(contract, ends_on, is_denounced=contract.pk in denounced) for contract in contracts]


def _fate(contract: Contract, ends_on: dt.date, *, is_denounced: bool) -> Fate:
    if contract.state == ContractState.ENDED:
        return Fate.ENDED
    if is_denounced:
        return Fate.DENOUNCED
    return Fate.LATER if contract.ends_on >= ends_on else Fate.MOVED


def preview(campaign: Campaign, ends_on: dt.date) -> list[Moved]:
    """What `ends_on` would do to every contract of `campaign`, by territory."""
    contracts = list(Contract.objects.filter(campaign=campaign).with_context().order_by("territory__code"))
    return [
        Moved(contract, fate) for contract, fate in zip(contracts, fates_of(contracts, ends_on), strict=True)
    ]
