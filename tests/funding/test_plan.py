"""The action plan of annexe 5.3 as data (rules A3, M1, M2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import Contract, ContractObjective
from funding.balance import DepartmentShare, EnvelopeYear, ShareVerdict, stated_sum
from funding.models import Contributor, Envelope, OwnObjectiveEnvelope
from funding.plan import build_plan, envelope_balances
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    ContractFactory,
    EnvelopeFactory,
    NotifiedAmountFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract() -> Contract:
    return ContractFactory()


@pytest.fixture
def envelope(contract: Contract) -> Envelope:
    return EnvelopeFactory(campaign=contract.campaign, code="P304", plan_label="PLF")


def _state(sheet: Any, envelope: Envelope, amount: int, year: int | None = None) -> None:
    ActionFinancingFactory(
        action_sheet=sheet,
        contributor=Contributor.STATE,
        envelope=envelope,
        amount=Decimal(amount),
        year=year or sheet.contract.campaign.year,
    )


def test_an_empty_contract_has_a_plan_where_nothing_is_stated(contract: Contract, envelope: Envelope) -> None:
    plan = build_plan(contract)
    assert [objective.number for objective in plan.objectives] == [1, 2]
    assert plan.money.total is None
    assert [objective.row_count for objective in plan.objectives] == [1, 1]
    assert plan.envelopes[0].years[0].notified is None
    assert not plan.exceeded_envelopes
    assert not plan.short_objectives


def test_totals_follow_by_objective_source_and_year(contract: Contract, envelope: Envelope) -> None:
    first, second = contract.objectives.in_order()
    year = contract.campaign.year
    one = ActionSheetFactory(contract=contract, contract_objective=first, actors="PMI et CAF")
    two = ActionSheetFactory(contract=contract, contract_objective=first)
    three = ActionSheetFactory(contract=contract, contract_objective=second)
    _state(one, envelope, 100)
    _state(one, envelope, 50, year + 1)
    _state(two, envelope, 30)
    _state(three, envelope, 7)
    ActionFinancingFactory(action_sheet=one, amount=Decimal("200.50"))
    ActionFinancingFactory(action_sheet=two, contributor=Contributor.OTHER, amount=Decimal(5))
    plan = build_plan(contract)
    objective = plan.objectives[0]
    assert [(action.number, action.partners) for action in objective.actions] == [(1, "PMI et CAF"), (2, "")]
    assert objective.actions[0].amounts == (Decimal("300.50"), Decimal(50), None)
    assert objective.money.state == Decimal(180)
    assert objective.money.department == Decimal("200.50")
    assert objective.money.other == Decimal(5)
    assert objective.money.total == Decimal("385.50")
    assert [(row.source.plan_label, row.amounts, row.total) for row in objective.sources] == [
        ("PLF", (Decimal(130), Decimal(50), None), Decimal(180)),
        ("Département", (Decimal("200.50"), None, None), Decimal("200.50")),
        ("Autres", (Decimal(5), None, None), Decimal(5)),
    ]
    assert plan.money.state == Decimal(187)
    assert plan.amounts == (Decimal("342.50"), Decimal(50), None)
    assert sum(commitment.money.total or 0 for commitment in plan.commitments) == plan.money.total


def test_money_stated_for_a_year_out_of_the_contract_is_not_hidden(
    contract: Contract, envelope: Envelope
) -> None:
    sheet = ActionSheetFactory(contract=contract)
    _state(sheet, envelope, 10, contract.campaign.period_end + 1)
    plan = build_plan(contract)
    assert plan.years == (*contract.years, contract.campaign.period_end + 1)
    assert plan.money.total == Decimal(10)


def test_the_plan_is_compared_with_what_was_notified(contract: Contract, envelope: Envelope) -> None:
    year = contract.campaign.year
    NotifiedAmountFactory(envelope=envelope, territory=contract.territory, year=year, amount=Decimal(100))
    NotifiedAmountFactory(envelope=envelope, year=year, amount=Decimal(999))
    sheet = ActionSheetFactory(contract=contract)
    _state(sheet, envelope, 130)
    _state(sheet, envelope, 130, year + 1)
    balance = build_plan(contract).envelopes[0]
    assert [(line.notified, line.remaining, line.is_exceeded) for line in balance.years] == [
        (Decimal(100), Decimal(-30), True),
        (None, None, False),
        (None, None, False),
    ]
    assert balance.years[0].excess == Decimal(30)
    assert envelope_balances(contract)[0] == balance
    assert envelope_balances(contract, leaving_out=sheet)[0].years[0].remaining == Decimal(100)


def test_an_objective_of_two_envelopes_is_judged_by_envelope_for_m1_and_whole_for_m2(
    contract: Contract, envelope: Envelope
) -> None:
    """As objective 24, which P304 and ONDAM may finance (annexe 4; rules O3, M1, M2)."""
    year = contract.campaign.year
    other = EnvelopeFactory(campaign=contract.campaign, code="ONDAM", plan_label="ONDAM")
    for each, amount in ((envelope, 100), (other, 60)):
        NotifiedAmountFactory(envelope=each, territory=contract.territory, year=year, amount=Decimal(amount))
    sheet = ActionSheetFactory(contract=contract)
    _state(sheet, envelope, 90)
    _state(sheet, other, 70)
    ActionFinancingFactory(action_sheet=sheet, amount=Decimal(159))

    plan = build_plan(contract)

    assert [(each.plan_label, each.years[0].excess) for each in plan.exceeded_envelopes] == [
        ("ONDAM", Decimal(10))
    ]
    (short,) = plan.short_objectives
    assert (short.share.state, short.share.department, short.share.missing) == (160, 159, 1)


def test_the_own_objective_counts_in_its_envelope_and_owes_the_departments_share(
    contract: Contract, envelope: Envelope
) -> None:
    OwnObjectiveEnvelope.objects.create(campaign=contract.campaign, envelope=envelope)
    NotifiedAmountFactory(
        envelope=envelope, territory=contract.territory, year=contract.campaign.year, amount=Decimal(100)
    )
    own = ContractObjective.objects.create(contract=contract, own_title="Mieux manger")
    _state(ActionSheetFactory(contract=contract, contract_objective=own), envelope, 60)
    _state(ActionSheetFactory(contract=contract), envelope, 50)

    plan = build_plan(contract)

    assert plan.exceeded_envelopes[0].years[0].excess == Decimal(10)
    assert plan.objectives[-1].share.verdict is ShareVerdict.NOT_STATED
    assert plan.objectives[-1].share.missing == Decimal(60)


def test_an_amount_notified_as_zero_is_exceeded_and_one_not_notified_is_not(
    contract: Contract, envelope: Envelope
) -> None:
    year = contract.campaign.year
    NotifiedAmountFactory(envelope=envelope, territory=contract.territory, year=year, amount=Decimal(0))
    sheet = ActionSheetFactory(contract=contract)
    _state(sheet, envelope, 1)
    _state(sheet, envelope, 1, year + 1)
    first, second, _ = build_plan(contract).envelopes[0].years
    assert (first.is_exceeded, first.excess) == (True, Decimal(1))
    assert (second.notified, second.is_exceeded) == (None, False)


def test_the_own_objective_comes_last_with_its_envelope(contract: Contract, envelope: Envelope) -> None:
    OwnObjectiveEnvelope.objects.create(campaign=contract.campaign, envelope=envelope)
    ContractObjective.objects.create(contract=contract, own_title="Mieux manger")
    own = build_plan(contract).objectives[-1]
    assert (own.number, own.title, own.state_source) == (None, "Mieux manger", "PLF")


def test_where_the_annex_is_blank_the_envelopes_that_may_finance_are_printed(contract: Contract) -> None:
    objective = contract.campaign.objectives.get(number=1)
    EnvelopeFactory(campaign=contract.campaign, plan_label="PLF", position=2, objectives=[objective])
    EnvelopeFactory(campaign=contract.campaign, plan_label="ONDAM", position=1, objectives=[objective])
    assert build_plan(contract).objectives[0].state_source == "ONDAM / PLF"
    objective.plan_source = "FIR"
    objective.save()
    assert build_plan(contract).objectives[0].state_source == "FIR"


@pytest.mark.parametrize(
    ("department", "state", "verdict", "missing"),
    [
        (None, None, ShareVerdict.NOTHING, 0),
        (Decimal(5), None, ShareVerdict.NOTHING, 0),
        (Decimal(5), Decimal(0), ShareVerdict.NOTHING, 0),
        (None, Decimal(5), ShareVerdict.NOT_STATED, 5),
        (Decimal(0), Decimal(5), ShareVerdict.SHORT, 5),
        (Decimal("4.99"), Decimal(5), ShareVerdict.SHORT, Decimal("0.01")),
        (Decimal(5), Decimal(5), ShareVerdict.ENOUGH, 0),
    ],
)
def test_the_departments_share_is_judged_by_objective(
    department: Decimal | None, state: Decimal | None, verdict: ShareVerdict, missing: Decimal
) -> None:
    share = DepartmentShare(department, state)
    assert share.verdict is verdict
    assert share.missing == missing


def test_what_nobody_stated_is_not_zero() -> None:
    assert stated_sum([None, None]) is None
    assert stated_sum([None, Decimal(0)]) == 0
    assert EnvelopeYear(1, notified=None, planned_elsewhere=Decimal(1)).remaining is None
    assert EnvelopeYear(1, notified=Decimal(3), planned_elsewhere=None).remaining == Decimal(3)


def test_the_plan_takes_as_many_queries_for_fifty_sheets_as_for_five(
    contract: Contract, envelope: Envelope
) -> None:
    def queries() -> int:
        fresh = Contract.objects.with_context().get(pk=contract.pk)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            build_plan(fresh)
        return len(captured)

    for _ in range(5):
        _state(ActionSheetFactory(contract=contract), envelope, 1)
    few = queries()
    for _ in range(45):
        _state(ActionSheetFactory(contract=contract), envelope, 1)
    assert queries() == few
    assert few <= 8
