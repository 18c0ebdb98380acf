"""A contract in force whose credits move: an envelope, two actions, and what people type of a move (M7)."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from cdppe.accounts.models import User
from contracts.models import ActionSheet, Contract
from contracts.workflow import ContractState
from funding.actions.moves import Information, record_move
from funding.models import Contributor, CreditMove, Envelope, Payer
from tests.cast import Cast, make_cast
from tests.factories import ActionFinancingFactory, ActionSheetFactory, EnvelopeFactory
from tests.states import put_in_state

TODAY = timezone.localdate()
YEAR = 2030


@dataclass(frozen=True)
class Money:
    """A contract in force: an envelope of the prefect's, two actions, the first with 1 000.50 euros."""

    cast: Cast
    contract: Contract
    envelope: Envelope
    first: ActionSheet
    second: ActionSheet

    def move(self, amount: str = "400.25", **changes: Any) -> CreditMove:
        fields: dict[str, Any] = {
            "year": YEAR,
            "envelope": self.envelope,
            "from_sheet": self.first,
            "to_sheet": self.second,
            "amount": Decimal(amount),
            "decided_on": TODAY,
            "information": Information("Le bureau des solidarités", TODAY),
            "reason": "Le relais ouvre plus tard.",
            "token": uuid.uuid4(),
            "by": self.cast.council_editor,
        }
        return record_move(self.contract, **fields | changes)

    def typed(self, **changes: str) -> dict[str, str]:
        return {
            "token": str(uuid.uuid4()),
            "year": str(YEAR),
            "envelope": str(self.envelope.pk),
            "from_sheet": str(self.first.pk),
            "to_sheet": str(self.second.pk),
            "amount": "400,25",
            "decided_on": f"{TODAY:%Y-%m-%d}",
            "informed_who": "Le bureau des solidarités",
            "informed_on": f"{TODAY:%Y-%m-%d}",
            "reason": "Le relais ouvre plus tard.",
        } | changes


def put_in_force(contract: Contract, by: User) -> None:
    put_in_state(contract, ContractState.IN_FORCE, by=by)
    first = dt.date(TODAY.year, 1, 1)
    Contract.objects.filter(pk=contract.pk).update(agreed_on=None, signed_on=first, effect_on=first)
    contract.refresh_from_db()


def take_the_signature_back(contract: Contract) -> None:
    Contract.objects.filter(pk=contract.pk).update(
        state=ContractState.NEGOTIATION, agreed_on=None, signed_on=None, effect_on=None
    )
    contract.refresh_from_db()


def make_money() -> Money:
    """The whole of it in the database."""
    cast = make_cast()
    first, second = (ActionSheetFactory(contract=cast.contract, title=title) for title in ("Un", "Deux"))
    envelope = EnvelopeFactory(campaign=cast.campaign, code="ESSAI", payer=Payer.PREFECTURE)
    ActionFinancingFactory(
        action_sheet=first,
        year=YEAR,
        contributor=Contributor.STATE,
        envelope=envelope,
        amount=Decimal("1000.50"),
    )
    put_in_force(cast.contract, cast.council_editor)
    return Money(cast, cast.contract, envelope, first, second)
