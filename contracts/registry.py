"""What the apps above contracts add to it, filled once in their `AppConfig.ready()`.

Contracts must not import funding or indicators; these call the functions below instead:

- *campaign parts*: how the part of a campaign file that they own becomes rows (envelopes, indicators);
- *blank fillers*: values of the model contract's named blanks that they know (amounts by envelope);
- *annexes*: the contract's annexes (tableau de bord, plan d'action, fiches action; rule K2);
- *file guards*: what a signed file must be before it is kept, and before it is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contracts.campaign_spec import CampaignSpec
from contracts.models import Campaign, Contract

CampaignPart = Callable[[Campaign, CampaignSpec], None]
BlankFiller = Callable[[Contract], Mapping[str, str | None]]
FileGuard = Callable[[bytes], object]
"""Raises `RuleViolation` with the reason when the file is refused; what it answers is of no use here."""


@dataclass(frozen=True)
class Annex:
    """One annex of the contract: `build(contract)` gives its template's context."""

    code: str
    title: str
    position: int
    template: str
    build: Callable[[Contract], Mapping[str, Any]]


_campaign_parts: list[CampaignPart] = []
_blank_fillers: list[BlankFiller] = []
_annexes: dict[str, Annex] = {}
_file_guards: list[FileGuard] = []
_serving_guards: list[FileGuard] = []


def register_campaign_part(part: CampaignPart) -> None:
    """Have `part(campaign, spec)` called, inside the loading transaction, after the catalogue is written."""
    if part not in _campaign_parts:
        _campaign_parts.append(part)


def register_blank_filler(filler: BlankFiller) -> None:
    """Have `filler(contract)` asked for blanks of the model text; None or absent means "not known yet"."""
    if filler not in _blank_fillers:
        _blank_fillers.append(filler)


def register_annex(annex: Annex) -> None:
    """Add an annex; a second one with the same code is a programming error."""
    if _annexes.get(annex.code, annex) != annex:
        raise ValueError(f"annex {annex.code} is registered twice")
    _annexes[annex.code] = annex


def register_file_guard(guard: FileGuard, *, before_serving: bool = False) -> None:
    """Have `guard(content)` asked before a signed file is kept, and before it is served where it says so."""
    if guard not in _file_guards:
        _file_guards.append(guard)
    if before_serving and guard not in _serving_guards:
        _serving_guards.append(guard)


def campaign_parts() -> tuple[CampaignPart, ...]:
    return tuple(_campaign_parts)


def blank_fillers() -> tuple[BlankFiller, ...]:
    return tuple(_blank_fillers)


def annexes() -> tuple[Annex, ...]:
    """The annexes in the order in which the contract carries them."""
    return tuple(sorted(_annexes.values(), key=lambda annex: annex.position))


def file_guards() -> tuple[FileGuard, ...]:
    return tuple(_file_guards)


def serving_guards() -> tuple[FileGuard, ...]:
    return tuple(_serving_guards)
