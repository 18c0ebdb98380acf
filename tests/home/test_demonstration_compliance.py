"""The two contracts of the demonstration give the lists of findings that are committed here, line by line.

A changed list is a changed rule or changed demonstration data: look at each line before you commit it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from contracts.compliance import located, report_of
from contracts.document import missing_blanks
from contracts.models import Contract
from tests.browser import demonstration

pytestmark = pytest.mark.django_db

EXPECTED = Path(__file__).parent / "expected_findings"
# The day on which each was, or would have been, about to be signed.
DAYS = {"38-2022": dt.date(2022, 6, 20), "63-2020": dt.date(2020, 9, 21)}


@pytest.fixture
def _demonstration() -> None:
    demonstration.load()


@pytest.mark.usefixtures("_demonstration")
def test_the_contracts_of_the_demonstration_give_the_expected_lists() -> None:
    for reference, today in DAYS.items():
        contract = Contract.objects.with_context().get(reference=reference)
        found = [
            f"{line.rule.severity.label} | {line.rule.number} | {line.rule.code} | {line.located.label}"
            for line in located(contract, report_of(contract, today=today).lines)
            if line.located is not None
        ]
        assert found == (EXPECTED / f"{reference}.txt").read_text(encoding="utf-8").splitlines(), reference


# Blank of the model contract → the rule that says that it is open.
RULE_OF_BLANK = {
    "prefect_name": "representatives-named",
    "president_name": "representatives-named",
    "deliberation_number": "blanks-filled",
    "deliberation_on": "blanks-filled",
    "court": "blanks-filled",
    "place": "blanks-filled",
    "state_total": "first-amounts-notified",
    "amount_p304": "first-amounts-notified",
    "amount_fir": "first-amounts-notified",
    "amount_ondam": "first-amounts-notified",
    "account_holder": "account-given",
    "bank_code": "account-given",
    "branch_code": "account-given",
    "account_number": "account-given",
    "rib_key": "account-given",
    "iban": "account-given",
    "bic": "account-given",
    "p304_accountant": "officers-named",
    "fir_accountant": "officers-named",
}


@pytest.mark.usefixtures("_demonstration")
def test_what_the_document_says_is_open_is_found_and_nothing_else() -> None:
    """The text and the compliance cannot disagree about a blank of the model contract (rules K1, M6)."""
    for contract in Contract.objects.with_context():
        contract.parties.update(representative_name="")
        contract.court = contract.signed_at_place = ""
        contract.save()
        blocking = {line.rule.code for line in report_of(contract).blocking}
        open_blanks = {blank.name for blank in missing_blanks(contract)}
        assert open_blanks <= set(RULE_OF_BLANK), contract.reference
        assert {RULE_OF_BLANK[name] for name in open_blanks} == blocking & set(RULE_OF_BLANK.values())
