"""The database refuses incoherent amendments, each by its name (rules V1, K3)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from contracts.models import Amendment
from contracts.workflow import ContractState
from tests.cast import Cast

TODAY = dt.date(2030, 3, 9)
NOW = timezone.now()
DECIDED: dict[str, Any] = {
    "state": ContractState.ADOPTED,
    "odpe_informed_on": TODAY,
    "odpe_at": NOW,
    "deliberation_number": "7",
    "deliberation_on": TODAY,
    "adopted_at": NOW,
}
SIGNED: dict[str, Any] = DECIDED | {
    "state": ContractState.IN_FORCE,
    "agreed_on": TODAY,
    "signed_on": TODAY,
    "effect_on": TODAY,
}
EARLIER = TODAY - dt.timedelta(days=1)

WRONG = [
    ("amendment_in_its_states", {"state": ContractState.DIAGNOSIS}),
    ("amendment_in_its_states", SIGNED | {"state": ContractState.ENDED}),
    ("amendment_says_what_and_why", {"object": ""}),
    ("amendment_says_what_and_why", {"reason": ""}),
    ("amendment_financial_has_its_year", {"kind": "financial"}),
    ("amendment_financial_has_its_year", {"year": 2031}),
    ("amendment_abandoned_with_its_reason", {"abandoned_at": NOW}),
    ("amendment_abandoned_with_its_reason", {"abandoned_reason": "Erreur"}),
    ("amendment_abandoned_never_in_force", SIGNED | {"abandoned_at": NOW, "abandoned_reason": "Erreur"}),
    ("amendment_odpe_date_or_reason", {"odpe_informed_on": TODAY, "odpe_no_information_reason": "Aucun"}),
    ("amendment_odpe_recorded_with_its_author", {"state": ContractState.ODPE_INFORMED}),
    ("amendment_adopted_with_its_deliberation", DECIDED | {"deliberation_number": ""}),
    ("amendment_odpe_before_its_deliberation", DECIDED | {"deliberation_on": EARLIER}),
    ("amendment_agreed_in_its_states", {"agreed_on": TODAY, "deliberation_on": TODAY}),
    ("amendment_signature_agreed", DECIDED | {"state": ContractState.SIGNATURE}),
    ("amendment_agreed_after_its_deliberation", SIGNED | {"agreed_on": EARLIER}),
    ("amendment_signed_in_its_states", {"signed_on": TODAY, "effect_on": TODAY}),
    ("amendment_in_force_signed", SIGNED | {"signed_on": None, "effect_on": None}),
    ("amendment_signed_after_its_agreement", SIGNED | {"signed_on": EARLIER}),
    ("amendment_in_effect_from_its_signature", SIGNED | {"effect_on": EARLIER}),
]


def make(cast: Cast, number: int = 1, **fields: Any) -> Amendment:
    by = cast.council_editor
    authors = {
        author: by
        for moment, author in (("odpe_at", "odpe_by"), ("adopted_at", "adopted_by"))
        if fields.get(moment)
    }
    stated = {"object": "Objet", "reason": "Motif", "opened_by": by} | authors | fields
    amendment: Amendment = Amendment.objects.create(contract=cast.contract, number=number, **stated)
    return amendment


@pytest.mark.parametrize(("name", "fields"), WRONG)
def test_an_incoherent_amendment_is_refused_by_its_constraint(
    cast: Cast, name: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        make(cast, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        DECIDED,
        SIGNED,
        {"kind": "financial", "year": 2031},
        {"abandoned_at": NOW, "abandoned_reason": "Non"},
    ],
)
def test_a_coherent_amendment_is_kept(cast: Cast, fields: dict[str, Any]) -> None:
    make(cast, **fields)
    assert Amendment.objects.count() == 1


def test_a_contract_has_one_open_amendment_and_each_number_once(cast: Cast) -> None:
    make(cast, **SIGNED)
    make(cast, number=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        make(cast, number=3)
    Amendment.objects.filter(number=2).update(abandoned_at=NOW, abandoned_reason="Erreur")
    make(cast, number=3)
    with pytest.raises(IntegrityError), transaction.atomic():
        make(cast, number=1, **SIGNED)
