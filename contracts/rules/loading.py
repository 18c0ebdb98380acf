"""The facts "contract" read from the database, for many contracts at once."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, prefetch_related_objects

from contracts.models import (
    ActionSheet,
    BankAccount,
    Contract,
    ContractObjective,
    ContractParty,
    Objective,
)
from contracts.overview import (
    BLANKS_READ,
    OBJECTIVES_READ,
    PARTIES_READ,
    blanks_of,
    lacking,
    left_as_prompted,
    signs,
)
from contracts.progress import SHEET_PARTS
from contracts.rules.assembly import OdpeFacts
from contracts.rules.blanks import DETAIL_OF_BLANK, OFFICERS
from contracts.rules.calendar import passed_deadlines
from contracts.rules.facts import ContractFacts, DeadlineFacts, ObjectiveFacts, PartyFacts, SheetFacts
from contracts.rules.sheets import MODEL_PARTS


def load_contract_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, ContractFacts]:
    """The facts "contract" of `contracts`: as many queries for fifty with fifty sheets as for one."""
    pks = [contract.pk for contract in contracts]
    campaigns = {contract.campaign_id for contract in contracts}
    fundamentals: dict[int, list[Objective]] = defaultdict(list)
    for objective in Objective.objects.fundamental().filter(campaign__in=campaigns).order_by("number"):
        fundamentals[objective.campaign_id].append(objective)
    prefetch_related_objects(contracts, OBJECTIVES_READ, PARTIES_READ, BLANKS_READ)
    sheets = _sheets_by_contract(pks)
    with_account = set(BankAccount.objects.filter(contract__in=pks).values_list("contract_id", flat=True))
    deadlines = passed_deadlines(contracts, today)
    return {
        contract.pk: _facts(
            contract,
            fundamentals=fundamentals[contract.campaign_id],
            objectives=list(contract.objectives.all()),
            sheets=sheets[contract.pk],
            parties=[party for party in contract.parties.all() if signs(party, contract)],
            blanks=blanks_of(contract),
            has_account=contract.pk in with_account,
            passed_deadlines=deadlines[contract.pk],
        )
        for contract in contracts
    }


def _sheets_by_contract(pks: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The sheets as plain rows: what is empty is told by the database, no long text is read."""
    names = (*SHEET_PARTS, *MODEL_PARTS)
    rows = (
        ActionSheet.objects.in_plan()
        .filter(contract__in=pks)
        .annotate(
            is_financed=Exists(ActionSheet.objects.filter(pk=OuterRef("pk"), financings__isnull=False)),
            **lacking(names),
            **{f"prompts_{name}": left_as_prompted(name) for name in names},
        )
        .order_by("number")
        .values(
            "pk",
            "number",
            "contract_id",
            "contract_objective_id",
            "is_financed",
            *(f"{word}_{name}" for word in ("lacks", "prompts") for name in names),
        )
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        unwritten = frozenset(name for name in names if row[f"lacks_{name}"])
        prompted = frozenset(name for name in names if row[f"prompts_{name}"])
        found[row["contract_id"]].append({**row, "unwritten": unwritten, "prompted": prompted})
    return found


def _facts(
    contract: Contract,
    *,
    fundamentals: Sequence[Objective],
    objectives: Sequence[ContractObjective],
    sheets: Sequence[Mapping[str, Any]],
    parties: Sequence[ContractParty],
    blanks: frozenset[str],
    has_account: bool,
    passed_deadlines: tuple[DeadlineFacts, ...],
) -> ContractFacts:
    campaign = contract.campaign
    carried = {each.objective_id for each in objectives}
    numbers: dict[int, list[int]] = defaultdict(list)
    for sheet in sheets:
        numbers[sheet["contract_objective_id"]].append(sheet["number"])
    by_pk = {each.pk: each for each in objectives}
    kinds = Counter(each.is_fundamental for each in objectives if each.objective is not None)
    return ContractFacts(
        optional_minimum=campaign.optional_minimum,
        optional_maximum=campaign.optional_maximum,
        own_maximum=campaign.own_objective_maximum,
        optional_count=kinds[False],
        absent_fundamentals=tuple(str(each) for each in fundamentals if each.pk not in carried),
        objectives=tuple(
            _objective_facts(each, campaign.pk, tuple(numbers.get(each.pk, ()))) for each in objectives
        ),
        sheets=tuple(_sheet_facts(sheet, by_pk.get(sheet["contract_objective_id"])) for sheet in sheets),
        parties=tuple(
            PartyFacts(
                str(each.signatory),
                each.representative_name,
                each.representative_title,
                f"party_{each.pk}_name",
            )
            for each in parties
        ),
        blanks=blanks,
        empty_details=frozenset(
            name
            for name in (*(name for name, _ in DETAIL_OF_BLANK.values()), *OFFICERS)
            if not getattr(contract, name)
        ),
        has_account=has_account,
        deliberation_on=contract.deliberation_on,
        planned_effect_on=contract.planned_effect_on,
        passed_deadlines=passed_deadlines,
    )


def _objective_facts(each: ContractObjective, campaign_id: int, numbers: tuple[int, ...]) -> ObjectiveFacts:
    objective = each.objective
    if objective is None:
        return ObjectiveFacts(each.pk, each.label, is_own=True, sheet_numbers=numbers)
    return ObjectiveFacts(
        each.pk,
        each.label,
        is_of_the_campaign=objective.campaign_id == campaign_id,
        sheet_numbers=numbers,
        sheet_demands=tuple(objective.sheet_demands),
        action_statements=tuple(objective.action_statements),
        technical_advice=objective.technical_advice,
    )


def _sheet_facts(sheet: Mapping[str, Any], served: ContractObjective | None) -> SheetFacts:
    objective = served.objective if served is not None else None
    return SheetFacts(
        pk=sheet["pk"],
        number=sheet["number"],
        unwritten=sheet["unwritten"],
        prompted=sheet["prompted"],
        has_financing=sheet["is_financed"],
        serves_the_contract=served is not None,
        action_statements=tuple(objective.action_statements) if objective is not None else (),
    )


def load_odpe_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, OdpeFacts]:
    """The facts "odpe" of `contracts`, from their own rows: no query.

    Before the final text nobody expects the ODPE to be informed, and once all have signed it is too late to
    say so: unless something is recorded the rule is not checked then.
    """
    return {
        contract.pk: OdpeFacts(
            informed_on=contract.odpe_informed_on,
            deliberation_on=contract.deliberation_on,
            no_information_reason=contract.odpe_no_information_reason,
        )
        for contract in contracts
        if contract.is_on_its_way or contract.odpe_informed_on or contract.odpe_no_information_reason
    }
