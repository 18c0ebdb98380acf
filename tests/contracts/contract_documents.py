"""A contract with the real model text and every kind of content, for the tests of its document."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings

from contracts.campaign_file import read_campaign
from contracts.models import (
    ActionSheet,
    BankAccount,
    Campaign,
    Contract,
    ContractModel,
    ContractObjective,
    ContractParty,
)
from funding.models import Contributor, Payer
from indicators.models import IndicatorKind, ValueKind
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    CampaignFactory,
    ContractFactory,
    EnvelopeFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    NotifiedAmountFactory,
    RegionFactory,
    TerritoryFactory,
)

DATED = dt.datetime(2030, 6, 15, 12, 30, tzinfo=dt.UTC)
IBAN = "FR7630001007941234567890185"
BIC = "BDFEFRPPCCT"
AMOUNTS = {"P304": Decimal(2914500), "FIR": Decimal("211500.50"), "ONDAM": Decimal(260000)}


@cache
def _model() -> dict[str, Any]:
    path = settings.BASE_DIR / "fixtures" / "campaigns" / "2020.toml"
    return dataclasses.asdict(read_campaign(path).contract_model)


def use_real_model(campaign: Campaign) -> None:
    """Give `campaign` the model text of 2020."""
    model = _model()
    ContractModel.objects.filter(campaign=campaign).update(
        title=model["title"], blanks=list(model["blanks"]), blocks=list(model["blocks"])
    )


def bare_contract() -> Contract:
    """Isère's contract with the model text of 2020 and nothing filled in."""
    region = RegionFactory(code="84", name="Auvergne-Rhône-Alpes")
    territory = TerritoryFactory(
        code="38",
        name="Isère",
        of_name="de l’Isère",
        region=region,
        court="Tribunal administratif de Grenoble",
        collectivity="Département de l’Isère",
    )
    campaign = CampaignFactory(code="2030", territories=[territory])
    use_real_model(campaign)
    campaign.signatories.filter(code="council").update(
        signature_label="Le président du conseil départemental ⟦council_of⟧"
    )
    for position, code in enumerate(AMOUNTS, start=1):
        EnvelopeFactory(
            campaign=campaign,
            code=code,
            position=position,
            payer=Payer.PREFECTURE if code == "P304" else Payer.ARS,
        )
    ContractFactory(campaign=campaign, territory=territory)
    return Contract.objects.with_context().get(reference="38-2030")


def notify(contract: Contract, *codes: str) -> None:
    """Notify the amounts of these envelopes for the campaign's year."""
    for code in codes:
        NotifiedAmountFactory(
            envelope=contract.campaign.envelopes.get(code=code),
            territory=contract.territory,
            amount=AMOUNTS[code],
        )


def fill(contract: Contract) -> Contract:
    """Write everything that the model's blanks ask for."""
    contract.deliberation_number = "2030-117"
    contract.deliberation_on = dt.date(2030, 10, 1)
    contract.court = "Tribunal administratif de Grenoble"
    contract.signed_at_place = "Grenoble"
    contract.state_accountant = "le directeur des finances publiques"
    contract.agency_accountant = "l’agent comptable de l’agence"
    contract.save()
    for code, name in [("prefect", "Claude Préfet"), ("council", "Dominique Élue"), ("ars", "Camille Santé")]:
        ContractParty.objects.create(
            contract=contract,
            signatory=contract.campaign.signatories.get(code=code),
            representative_name=name,
        )
    BankAccount.objects.create(contract=contract, holder="Payeur départemental", iban=IBAN, bic=BIC)
    notify(contract, *AMOUNTS)
    return Contract.objects.with_context().get(pk=contract.pk)


def add_sheet(contract: Contract, **fields: Any) -> ActionSheet:
    """A sheet with two years of financing: the State's from the first envelope, and the department's."""
    sheet = ActionSheetFactory(contract=contract, **fields)
    year = contract.campaign.year
    envelope = contract.campaign.envelopes.get(code="FIR")
    ActionFinancingFactory(
        action_sheet=sheet, year=year, contributor=Contributor.STATE, envelope=envelope, amount=Decimal(41234)
    )
    ActionFinancingFactory(action_sheet=sheet, year=year, amount=Decimal("52345.60"))
    ActionFinancingFactory(action_sheet=sheet, year=year + 1, amount=Decimal(60000))
    return sheet


def add_indicators(contract: Contract, count: int = 1) -> None:
    """Rows for the first objective: a figure, and « non disponible » with its reason."""
    objective = ContractObjective.objects.filter(contract=contract).order_by("pk")[0].objective
    for number in range(count):
        indicator = IndicatorFactory(
            objective=objective,
            label=f"Nombre de familles suivies, série {number + 1}",
            kind=IndicatorKind.COUNT,
        )
        common = {"contract": contract, "indicator": indicator}
        IndicatorValueFactory(**common, value=Decimal(1231))
        IndicatorValueFactory(
            **common,
            kind=ValueKind.TARGET,
            year=contract.campaign.year,
            value=None,
            unavailable_reason="Pas encore délibéré",
        )
