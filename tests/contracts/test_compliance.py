"""Compliance of a contract: the registry, the facts read from the database, answers, the page."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cdppe.lib.errors import RuleViolation, WrongState
from contracts import compliance
from contracts.actions.compliance import answer_finding, withdraw_answer
from contracts.compliance import (
    Finding,
    Line,
    Report,
    Rule,
    Severity,
    blocking_findings,
    located,
    register_facts,
    register_rule,
    report_of,
    reports,
    rules,
)
from contracts.models import (
    ActionSheet,
    BankAccount,
    Contact,
    Contract,
    ContractModel,
    ContractObjective,
    FindingAnswer,
    JournalEntry,
    Objective,
)
from contracts.parts import measure_compliance
from contracts.people import party_institutions
from contracts.places import Place
from contracts.rules import register_deadline_proof
from contracts.workflow import ContractState
from contracts.workspace import Stage
from funding.models import Contributor, StateExpense
from indicators.models import IndicatorValue, ValueKind
from tests.cast import Cast
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    CampaignFactory,
    ContractFactory,
    EnvelopeFactory,
    IndicatorFactory,
    IndicatorValueFactory,
    NotifiedAmountFactory,
    ObjectiveFactory,
    TerritoryFactory,
)
from tests.queries import count_queries

pytestmark = pytest.mark.django_db

TODAY = dt.date(2030, 1, 15)
COMPLIANCE = "/contrats/38-2030/conformite/"


def codes(contract: Contract, today: dt.date = TODAY) -> set[str]:
    fresh = Contract.objects.with_context().get(pk=contract.pk)
    return {line.rule.code for line in report_of(fresh, today=today).lines}


def lines(contract: Contract, code: str, today: dt.date = TODAY) -> list[Line]:
    fresh = Contract.objects.with_context().get(pk=contract.pk)
    return [line for line in report_of(fresh, today=today).lines if line.rule.code == code]


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def to_check(contract: Contract) -> Line:
    """A finding to be checked of the cast's contract: an objective without action."""
    return next(
        line for line in report_of(contract).to_check if line.rule.code == "objectives-have-an-action"
    )


# --- The registry -------------------------------------------------------------------------------------------


def test_a_rule_registered_twice_is_refused() -> None:
    rule = rules()[0]
    register_rule(rule)
    other = Rule(rule.code, "C2", "", Severity.ADVICE, "", "", "contract", lambda facts: ())
    with pytest.raises(ValueError, match="registered twice"):
        register_rule(other)
    with pytest.raises(ValueError, match="two loaders"):
        register_facts("contract", lambda contracts, today: {})


def test_a_rule_without_its_facts_is_not_checked_and_never_holds(cast: Cast) -> None:
    report = report_of(cast.contract)
    assert {rule.code for rule in report.not_checked} == {"odpe-informed-first"}
    assert not set(report.not_checked) & set(report.holding)


def test_a_loader_registered_later_has_its_rules_checked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compliance, "_loaders", {})
    monkeypatch.setattr(compliance, "_rules", {})
    rule = Rule(
        "essai", "K1", "circulaire", Severity.ADVICE, "Titre", "Parce que.", "essai",
        lambda facts: [Finding(f"Il est {facts}.", Place("details"))],
    )  # fmt: skip
    register_rule(rule)
    assert report_of(cast.contract).not_checked == (rule,)
    register_facts("essai", lambda contracts, today: {each.pk: today.year for each in contracts})
    assert [line.finding.sentence for line in report_of(cast.contract, today=TODAY).lines] == ["Il est 2030."]


# --- What the loaders read ----------------------------------------------------------------------------------


@pytest.fixture
def complete(cast: Cast) -> Contract:
    """The cast's contract with everything that the rules ask, money and indicators too."""
    contract = cast.contract
    envelope = EnvelopeFactory(campaign=cast.campaign, code="PRE", budget_line="programme d’essai")
    cast.campaign.spec = {
        "envelopes": [
            {
                "code": "PRE",
                "expense_natures": [
                    {"code": "training", "label": "Formation"},
                    {"code": "staff", "label": "ETP", "forbidden": True, "rule": "Non.", "source": "annexe"},
                ],
                "no_substitution": "Rien n’est remplacé.",
                "no_substitution_source": "annexe",
            }
        ]
    }
    cast.campaign.save()
    NotifiedAmountFactory(envelope=envelope, territory=cast.isere, amount=Decimal(10_000))
    ContractModel.objects.filter(campaign=cast.campaign).update(
        blanks=[{"name": name} for name in ("court", "place", "deliberation_on", "amount_pre")]
    )
    for name in ("court", "signed_at_place", "state_officer", "state_accountant", "agency_officer"):
        setattr(contract, name, "rempli")
    contract.agency_accountant, contract.deliberation_number = "rempli", "12"
    contract.deliberation_on = dt.date(2030, 9, 1)
    contract.save()
    for signatory in cast.campaign.signatories.all():
        contract.parties.create(
            signatory=signatory, representative_name="Claude Exemple", representative_title="préfet"
        )
    BankAccount.objects.create(
        contract=contract, holder="Payeur", iban="FR7630001007941234567890185", bic="BDFEFRPPCCT"
    )
    for institution in party_institutions(contract):
        Contact.objects.create(
            contract=contract,
            institution=institution,
            seat=1,
            name="Camille Exemple",
            email="contact@exemple.fr",
            phone="04 76 00 00 00",
        )
    for each in contract.objectives.all():
        sheet = ActionSheetFactory(
            contract=contract,
            contract_objective=each,
            **dict.fromkeys(
                (
                    "referent", "diagnosis", "operational_objective", "description", "public", "actors",
                    "calendar", "implementation_indicators", "vigilance_points",
                ),
                "écrit",
            ),
        )  # fmt: skip
        ActionFinancingFactory(
            action_sheet=sheet, contributor=Contributor.STATE, envelope=envelope, amount=Decimal(1000)
        )
        ActionFinancingFactory(action_sheet=sheet, amount=Decimal(1000))
        StateExpense.objects.create(
            action_sheet=sheet, envelope=envelope, nature="training", replaces_existing=False
        )
        indicator = IndicatorFactory(objective=each.objective)
        IndicatorValueFactory(contract=contract, indicator=indicator)
        for year in cast.campaign.years:
            IndicatorValueFactory(contract=contract, indicator=indicator, kind=ValueKind.TARGET, year=year)
    return contract


def test_a_complete_contract_has_nothing_left_to_do(complete: Contract) -> None:
    assert codes(complete) == set()
    assert blocking_findings(complete) == ()


def _break_parties(contract: Contract) -> None:
    contract.parties.filter(signatory__code="ars").update(representative_name="")
    contract.parties.filter(signatory__code="council").update(representative_title="")


def _break_details(contract: Contract) -> None:
    Contract.objects.filter(pk=contract.pk).update(
        court="", state_accountant="", deliberation_on=dt.date(2031, 1, 1)
    )
    contract.bank_account.delete()


def _break_objectives(contract: Contract) -> None:
    foreign = ObjectiveFactory(campaign=CampaignFactory(code="2040"), number=99)
    ContractObjective.objects.create(contract=contract, objective=foreign)
    for title in ("Un", "Deux"):
        ContractObjective.objects.create(contract=contract, own_title=title)
    contract.campaign.optional_minimum = 2
    contract.campaign.save()
    ObjectiveFactory(campaign=contract.campaign, number=3, is_fundamental=True)


def _break_demands(contract: Contract) -> None:
    first, second = contract.campaign.objectives.fundamental()
    Objective.objects.filter(pk=first.pk).update(
        sheet_demands=["Un", "Deux"],
        action_statements=["Dire ceci."],
        technical_advice="Les projets remontent.",
    )
    Objective.objects.filter(pk=second.pk).update(sheet_demands=["Un"])
    contract.action_sheets.filter(contract_objective__objective=second).delete()


def _break_sheets(contract: Contract) -> None:
    sheet = contract.action_sheets.earliest("number")
    foreign = ContractFactory(campaign=contract.campaign, territory=TerritoryFactory(code="99"))
    ActionSheet.objects.filter(pk=sheet.pk).update(
        public="", referent="", contract_objective=foreign.objectives.earliest("pk")
    )


def _break_money(contract: Contract) -> None:
    state = [
        f for sheet in contract.action_sheets.all() for f in sheet.financings.filter(contributor="state")
    ]
    state[0].amount = Decimal(50_000)
    state[0].save()
    envelope = state[0].envelope
    envelope.budget_line = ""
    envelope.save()
    envelope.objectives.clear()
    expenses = StateExpense.objects.filter(action_sheet__contract=contract)
    expenses.filter(action_sheet=state[0].action_sheet).update(nature="staff", replaces_existing=True)
    expenses.exclude(action_sheet=state[0].action_sheet).delete()
    EnvelopeFactory(campaign=contract.campaign, code="LAT")
    ContractModel.objects.filter(campaign=contract.campaign).update(blanks=[{"name": "amount_lat"}])


def _break_indicators(contract: Contract) -> None:
    values = IndicatorValue.objects.filter(contract=contract)
    first, second = contract.campaign.objectives.fundamental()
    values.filter(indicator__objective=first).delete()
    Objective.objects.filter(pk=second.pk).update(forbids_purely_quantitative_target=True)
    contract.action_sheets.update(implementation_indicators="")
    delay = IndicatorFactory(objective=second, has_target=False)
    IndicatorValueFactory(contract=contract, indicator=delay, kind=ValueKind.TARGET, year=2031)


def _break_optional(contract: Contract) -> None:
    optional = contract.campaign.objectives.get(number=12)
    Objective.objects.filter(pk=optional.pk).update(
        requires_numeric_target=True, requires_harmonised_indicator=True
    )
    IndicatorFactory(objective=optional)
    ContractObjective.objects.create(contract=contract, objective=optional)


@pytest.mark.parametrize(
    ("breaks", "expected"),
    [
        (_break_parties, {"representatives-named", "representatives-titled"}),
        (_break_details, {"blanks-filled", "officers-named", "account-given", "deliberation-before-effect"}),
        (
            _break_objectives,
            {
                "objectives-of-the-catalogue", "own-objectives", "optional-count", "fundamentals-carried",
                "objectives-have-an-action", "objectives-have-a-target",
            },
        ),
        (
            _break_demands,
            {"sheet-demanded", "commitments-demanded", "statements-made", "advice-asked"},
        ),
        (
            _break_sheets,
            {
                "sheets-complete", "sheets-follow-the-model", "sheets-serve-the-contract",
                "objectives-have-an-action",
            },
        ),
        (
            _break_money,
            {
                "notified-not-exceeded", "budget-line", "department-share", "sources-may-finance",
                "expenses-declared", "expenses-allowed", "nothing-replaced", "first-amounts-notified",
            },
        ),
        (
            _break_indicators,
            {
                "objectives-have-a-target", "cells-filled", "without-target", "not-only-quantitative",
                "sheets-complete",
            },
        ),
        (
            _break_optional,
            {"numeric-target", "harmonised-indicator", "cells-filled", "objectives-have-an-action"},
        ),
    ],
)  # fmt: skip
def test_what_is_broken_in_the_database_is_found(complete: Contract, breaks: Any, expected: set[str]) -> None:
    breaks(complete)
    assert codes(complete) == expected


@pytest.mark.parametrize("who", ["council_editor", "council_reader"])
def test_every_finding_leads_to_a_page_that_answers(complete: Contract, cast: Cast, who: str) -> None:
    for breaks in (_break_parties, _break_details, _break_money, _break_indicators, _break_optional):
        breaks(complete)
    client = client_of(getattr(cast, who))
    fresh = Contract.objects.with_context().get(pk=complete.pk)
    found = located(fresh, report_of(fresh, today=dt.date(2030, 8, 1)).lines)
    assert len(found) > 12
    for line in found:
        assert line.located is not None, line.finding
        page, _, anchor = line.located.url.partition("#")
        # Who only reads is led on to the page that is read; a browser keeps the anchor on the way.
        answer = client.get(page, follow=who.endswith("reader"))
        assert answer.status_code == 200, page
        if anchor:
            assert f'id="{anchor}"' in answer.content.decode(), line.located.url


def _places(contract: Contract, code: str) -> list[tuple[str, str]]:
    """(address, words) of the findings of the rule `code`."""
    fresh = Contract.objects.with_context().get(pk=contract.pk)
    lines = located(fresh, report_of(fresh, today=TODAY).lines)
    return [
        (line.located.url, line.located.label) for line in lines if line.rule.code == code and line.located
    ]


def test_money_of_one_sheet_leads_to_its_box_and_of_several_to_their_row(
    complete: Contract, cast: Cast
) -> None:
    one, other = complete.action_sheets.order_by("number")
    state = one.financings.get(contributor=Contributor.STATE)
    state.amount = Decimal(50_000)
    state.save()
    envelope, client = state.envelope, client_of(cast.council_editor)
    plan = f"/contrats/38-2030/plan-d-action/#balances-e{envelope.pk}-2030"
    sheet = f"/contrats/38-2030/fiches/{one.number}/"
    assert _places(complete, "notified-not-exceeded") == [(plan, f"Plan d’action – {envelope.label}, 2030")]
    assert f'id="balances-e{envelope.pk}-2030"' in client.get(plan).content.decode()
    # What lacks to the objective is lacking in its only sheet.
    department = f"{sheet}#amount-department-2030"
    label = f"Fiche action n° {one.number} – Moyens financiers, 2030"
    assert _places(complete, "department-share") == [(department, label)]
    assert 'id="amount-department-2030"' in client.get(sheet).content.decode()
    other.financings.filter(contributor=Contributor.STATE).delete()
    box = f"amount-e{envelope.pk}-2030"
    assert _places(complete, "notified-not-exceeded") == [(f"{sheet}#{box}", label)]
    assert f'id="{box}"' in client.get(sheet).content.decode()
    ActionSheetFactory(contract=complete, contract_objective=one.contract_objective)
    second = ActionFinancingFactory(
        action_sheet=complete.action_sheets.latest("number"), amount=Decimal(1), year=2030
    )
    assert second.contributor == Contributor.DEPARTMENT
    (url, _), *_ = _places(complete, "department-share")
    assert url == f"/contrats/38-2030/plan-d-action/#objective-{one.contract_objective_id}"


def test_a_passed_deadline_is_to_be_checked_until_something_proves_it(
    complete: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert codes(complete, dt.date(2030, 7, 30)) == set()
    assert codes(complete, dt.date(2030, 7, 31)) == {"deadlines-kept"}
    monkeypatch.setattr("contracts.rules.calendar._deadline_proofs", [])
    register_deadline_proof(lambda contracts: {each.pk: frozenset({"first-version"}) for each in contracts})
    assert codes(complete, dt.date(2030, 7, 31)) == set()


def test_the_days_to_denounce_are_no_deadlines_of_the_preparation(complete: Contract) -> None:
    complete.campaign.deadlines.update(due_on=dt.date(2030, 12, 31))
    assert codes(complete, dt.date(2031, 1, 1)) == set()


def test_an_optional_signatory_counts_when_the_contract_says_so(complete: Contract) -> None:
    signatory = complete.campaign.signatories.create(
        code="controller",
        signature_label="Contrôleur",
        party_label="le contrôleur",
        is_optional=True,
        position=9,
    )
    complete.parties.create(signatory=signatory)
    assert codes(complete) == set()
    Contract.objects.filter(pk=complete.pk).update(needs_budget_controller=True)
    assert codes(complete) == {"representatives-named"}


def test_an_amount_of_zero_pays_nothing(complete: Contract) -> None:
    sheet = complete.action_sheets.earliest("number")
    other = EnvelopeFactory(campaign=complete.campaign, code="LAT", objectives=[], budget_line="dite")
    ActionFinancingFactory(
        action_sheet=sheet, contributor=Contributor.STATE, envelope=other, amount=Decimal(0)
    )
    assert codes(complete) == set()


# --- Queries ------------------------------------------------------------------------------------------------


def _sheets(contract: Contract, count: int) -> None:
    objective = contract.objectives.earliest("pk")
    for _ in range(count):
        sheet = ActionSheetFactory(contract=contract, contract_objective=objective)
        ActionFinancingFactory(action_sheet=sheet)


def test_ten_and_a_hundred_sheets_cost_as_many_queries(cast: Cast) -> None:
    client = client_of(cast.council_editor)
    _sheets(cast.contract, 10)
    pages = (COMPLIANCE, f"{COMPLIANCE}ici/?place=sheets", "/contrats/38-2030/")
    few = [count_queries(lambda page=page: client.get(page)) for page in pages]
    _sheets(cast.contract, 90)
    assert [count_queries(lambda page=page: client.get(page)) for page in pages] == few


def test_twenty_contracts_cost_as_many_queries_as_two(cast: Cast) -> None:
    def load() -> object:
        return reports(list(Contract.objects.with_context()))

    few = count_queries(load)
    for number in range(18):
        contract = ContractFactory(campaign=cast.campaign, territory=TerritoryFactory(code=f"t{number}"))
        ActionFinancingFactory(action_sheet=ActionSheetFactory(contract=contract))
    assert count_queries(load) == few
    assert len(reports(list(Contract.objects.with_context()))) == 20


def test_no_contract_costs_no_error() -> None:
    assert reports([]) == {}


# --- Answers ------------------------------------------------------------------------------------------------


def test_an_answer_stays_visible_with_who_and_when(cast: Cast) -> None:
    line = to_check(cast.contract)
    before = len(report_of(cast.contract).to_check)
    page = client_of(cast.ars_editor)
    sent = {"finding": line.key, "reason": "L’action vient\r\npar avenant."}
    assert page.post(f"{COMPLIANCE}reponses/", sent).status_code == 302
    answer = FindingAnswer.objects.get()
    assert (answer.reason, answer.by) == ("L’action vient\npar avenant.", cast.ars_editor)
    report = report_of(cast.contract)
    assert len(report.to_check) == before - 1
    assert [each.answer for each in report.answered] == [answer]
    shown = client_of(cast.council_reader).get(COMPLIANCE).content.decode()
    assert "par avenant." in shown
    assert str(cast.ars_editor) in shown
    assert timezone.localtime(answer.at).strftime("%H:%M") in shown
    assert JournalEntry.objects.filter(contract=cast.contract, code="finding.answered").count() == 1


def test_each_form_of_the_page_carries_its_token(cast: Cast) -> None:
    answer_finding(cast.contract, to_check(cast.contract).key, reason="Oui.", by=cast.council_editor)
    page = client_of(cast.council_editor).get(COMPLIANCE).content.decode()
    forms = re.findall(r'<form method="post".*?</form>', page, flags=re.DOTALL)
    assert any("retirer" in form for form in forms)
    assert any('name="reason"' in form for form in forms)
    assert all("csrfmiddlewaretoken" in form for form in forms)


def test_an_answer_is_stale_once_the_finding_reads_otherwise(cast: Cast) -> None:
    line = to_check(cast.contract)
    answer = answer_finding(cast.contract, line.key, reason="Par avenant.", by=cast.council_editor)
    objective = ContractObjective.objects.get(pk=line.finding.place.item).objective
    assert objective is not None
    Objective.objects.filter(pk=objective.pk).update(title="Un tout autre but")
    found = next(each for each in report_of(cast.contract).lines if each.key == line.key)
    assert (found.is_stale, found.is_answered) == (True, False)
    assert found in report_of(cast.contract).to_check
    shown = client_of(cast.council_editor).get(COMPLIANCE).content.decode()
    assert "Réponse à revoir" in shown
    assert "Par avenant." in shown
    # Answered anew, the stale one is kept on record.
    again = answer_finding(cast.contract, line.key, reason="Toujours.", by=cast.prefect_editor)
    answer.refresh_from_db()
    assert (answer.withdrawn_by, again.withdrawn_at) == (cast.prefect_editor, None)


def test_a_withdrawn_answer_opens_the_finding_again_and_stays_on_record(cast: Cast) -> None:
    line = to_check(cast.contract)
    answer = answer_finding(cast.contract, line.key, reason="Par avenant.", by=cast.council_editor)
    page = client_of(cast.prefect_editor)
    address = f"{COMPLIANCE}reponses/{answer.pk}/retirer/"
    assert page.post(address).status_code == 302
    assert line.key in {each.key for each in report_of(cast.contract).to_check}
    answer.refresh_from_db()
    assert answer.withdrawn_by == cast.prefect_editor
    twice = page.post(address)
    assert twice.status_code == 409
    assert "déjà été retirée" in twice.content.decode()
    with pytest.raises(WrongState):
        withdraw_answer(answer, by=cast.council_editor)


def test_what_blocks_takes_no_answer(cast: Cast) -> None:
    blocking = report_of(cast.contract).blocking[0]
    with pytest.raises(RuleViolation, match="corrigez le contrat"):
        answer_finding(cast.contract, blocking.key, reason="Non.", by=cast.council_editor)
    assert FindingAnswer.objects.count() == 0


def test_a_finding_answered_twice_keeps_the_first_answer(cast: Cast) -> None:
    line = to_check(cast.contract)
    answer_finding(cast.contract, line.key, reason="La première.", by=cast.council_editor)
    sent = {"finding": line.key, "reason": "La seconde, longue à écrire."}
    refused = client_of(cast.prefect_editor).post(f"{COMPLIANCE}reponses/", sent)
    assert refused.status_code == 409
    assert "La seconde, longue à écrire." in refused.content.decode()
    assert [each.reason for each in FindingAnswer.objects.all()] == ["La première."]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 1001, "caché\u202e", "nul\x00"])
def test_a_reason_that_is_none_is_refused_and_kept(cast: Cast, reason: str) -> None:
    line = to_check(cast.contract)
    answer = client_of(cast.council_editor).post(
        f"{COMPLIANCE}reponses/", {"finding": line.key, "reason": reason}
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "La réponse n’a pas été enregistrée" in page
    if reason.strip().isprintable() and reason.strip():
        assert reason in page
    assert FindingAnswer.objects.count() == 0


def test_a_reason_with_spaces_that_do_not_break_is_french(cast: Cast) -> None:
    line = to_check(cast.contract)
    sent = {"finding": line.key, "reason": "« 12\u202f% »\u00a0: prévu."}
    assert client_of(cast.council_editor).post(f"{COMPLIANCE}reponses/", sent).status_code == 302


def test_a_finding_of_another_contract_or_of_nothing_is_refused(cast: Cast) -> None:
    foreign = to_check(cast.foreign_contract)
    for key in (foreign.key, "objectives-have-an-action", "||", "x" * 250):
        answer = client_of(cast.council_editor).post(
            f"{COMPLIANCE}reponses/", {"finding": key, "reason": "Oui."}
        )
        assert answer.status_code == 409, key
    assert FindingAnswer.objects.count() == 0


def test_an_answer_of_another_contract_does_not_exist_here(cast: Cast) -> None:
    foreign = answer_finding(
        cast.foreign_contract, to_check(cast.foreign_contract).key, reason="Oui.", by=cast.foreign_editor
    )
    address = f"{COMPLIANCE}reponses/{foreign.pk}/retirer/"
    assert client_of(cast.council_editor).post(address).status_code == 404
    assert list(FindingAnswer.objects.visible_to(cast.council_editor)) == []


def test_a_finalised_draft_is_answered_still(cast: Cast) -> None:
    line = to_check(cast.contract)
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.DRAFT)
    assert answer_finding(cast.contract, line.key, reason="Oui.", by=cast.council_editor).pk


def test_the_database_keeps_one_standing_answer_a_finding(cast: Cast) -> None:
    line = to_check(cast.contract)
    answer = answer_finding(cast.contract, line.key, reason="Oui.", by=cast.council_editor)
    answer.pk = None
    with pytest.raises(IntegrityError, match="finding_answered_once|UNIQUE"):
        answer.save(force_insert=True)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_leave_one(cast: Cast) -> None:
    key, barrier = to_check(cast.contract).key, threading.Barrier(2)
    outcomes: list[str] = []

    def answer(user: Any) -> None:
        barrier.wait()
        try:
            answer_finding(cast.contract, key, reason="Oui.", by=user)
            outcomes.append("made")
        except WrongState:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=answer, args=[user]) for user in (cast.council_editor, cast.ars_editor)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made", "refused"]
    assert FindingAnswer.objects.standing().count() == 1


# --- The page, the line, the menu ---------------------------------------------------------------------------


def test_the_page_says_each_finding_with_its_rule_its_ground_and_its_field(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    page = client_of(cast.council_editor).get(COMPLIANCE).content.decode()
    assert "Fiche n° 1\N{NO-BREAK SPACE}: il manque le public cible." in page
    assert f"/contrats/38-2030/fiches/{sheet.number}/#id_public" in page
    assert "Règle A2 – circulaire, annexe 4-I" in page
    assert "une fiche action annexée au contrat en précise" in page
    assert "Ce qui est tenu" in page
    assert "L’ODPE est informé avant l’assemblée départementale" in page


def test_the_filter_keeps_one_severity_and_one_part(cast: Cast) -> None:
    ActionSheetFactory(contract=cast.contract)
    client = client_of(cast.council_editor)
    only = client.get(f"{COMPLIANCE}?gravite=to_check").content.decode()
    assert "n’a aucune fiche action" in only
    assert "il manque le public cible" not in only
    part = client.get(f"{COMPLIANCE}?partie=sheets&gravite=blocking").content.decode()
    assert "il manque le public cible" in part
    assert "compte bancaire du département n’est pas saisi" not in part
    for forged in ("gravite=<script>", "partie=nowhere", "gravite=blocking&partie=history"):
        assert client.get(f"{COMPLIANCE}?{forged}").status_code == 200


def test_a_reader_sees_the_findings_and_answers_none(cast: Cast) -> None:
    page = client_of(cast.council_reader).get(COMPLIANCE).content.decode()
    assert "n’a aucune fiche action" in page
    assert 'name="reason"' not in page


def test_the_line_of_a_sheet_counts_what_is_left_on_it(cast: Cast) -> None:
    first, _ = ActionSheetFactory(contract=cast.contract), ActionSheetFactory(contract=cast.contract)
    client = client_of(cast.council_editor)
    address = f"{COMPLIANCE}ici/?place=sheets/{first.pk}"
    assert "6 points bloquants" in client.get(address).content.decode()
    ActionSheet.objects.filter(pk=first.pk).update(public="Les familles.")
    assert "5 points bloquants" in client.get(address).content.decode()
    # Its fields are part of it.
    assert "5 points bloquants" in client.get(f"{address}/public").content.decode()
    assert "11 points bloquants" in client.get(f"{COMPLIANCE}ici/?place=sheets").content.decode()


def test_with_the_line_come_the_list_of_the_place_and_the_count_of_the_menu(cast: Cast) -> None:
    first = ActionSheetFactory(contract=cast.contract)
    client = client_of(cast.council_editor)
    address = f"{COMPLIANCE}ici/?place=sheets/{first.pk}"

    def answer() -> str:
        return client.get(address).content.decode()

    link = f'<a href="/contrats/38-2030/fiches/{first.number}/#id_public">'
    before = answer()
    assert link in before
    assert '<div id="compliance-here" hx-swap-oob="true">' in before
    ActionSheet.objects.filter(pk=first.pk).update(public="Les familles.")
    after = answer()
    assert link not in after
    assert f"/fiches/{first.number}/#id_actors" in after
    # The badge of the menu is the same element on every page, one less than before.
    report = report_of(Contract.objects.with_context().get(pk=cast.contract.pk))
    left = len(report.blocking) + len(report.to_check)
    for html in (after, client.get("/contrats/38-2030/").content.decode()):
        badge = html[html.index('id="progress-compliance"') :]
        assert badge[badge.index('aria-hidden="true">') + 19 :].startswith(f"{left}<")
    before_badge = before[before.index('id="progress-compliance"') :]
    assert f'aria-hidden="true">{left + 1}<' in before_badge


def test_a_long_list_says_how_many_more(cast: Cast) -> None:
    for _ in range(10):
        ActionSheetFactory(contract=cast.contract)
    html = client_of(cast.council_editor).get(f"{COMPLIANCE}ici/?place=sheets").content.decode()
    assert "de plus</a>" in html
    assert html.count("<li>") == 21


def test_the_page_of_a_sheet_asks_for_its_line(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    page = client_of(cast.council_editor).get(reverse("funding:sheet-edit", args=["38-2030", sheet.number]))
    assert f'hx-get="{COMPLIANCE}ici/?place=sheets/{sheet.pk}"' in page.content.decode()


@pytest.mark.parametrize("place", ["nowhere", "sheets/x", "sheets/1/é", "<script>", "a" * 5000, "\x00"])
def test_a_line_about_no_place_is_refused_with_a_sentence(cast: Cast, place: str) -> None:
    answer = client_of(cast.council_editor).get(f"{COMPLIANCE}ici/", {"place": place})
    assert answer.status_code == 400
    assert answer.content.decode() == "Cet endroit du contrat n’existe pas."


def test_the_menu_is_alarmed_by_what_blocks_and_calm_once_nothing_is_left(
    complete: Contract, cast: Cast
) -> None:
    calm = measure_compliance(complete, cast.council_editor)
    assert (calm.stage, calm.text) in {(Stage.DONE, "0"), (Stage.STARTED, "1")}
    complete.bank_account.delete()
    alarmed = measure_compliance(complete, cast.council_editor)
    assert alarmed.stage == Stage.ALERT
    assert alarmed.words.startswith("1 point bloquant")


def test_the_home_page_counts_the_findings_of_each_contract(cast: Cast) -> None:
    report: Report = report_of(cast.contract)
    page = client_of(cast.council_editor).get("/").content.decode()
    assert report.summary in page
    assert f'href="{COMPLIANCE}"' in page


def test_finalising_a_draft_is_not_barred_but_says_what_blocks(cast: Cast) -> None:
    Contract.objects.filter(pk=cast.contract.pk).update(state=ContractState.NEGOTIATION)
    client = client_of(cast.council_editor)
    page = client.get("/contrats/38-2030/etape/finalise-draft/").content.decode()
    assert "Points bloquants" in page
    assert "Le compte bancaire du département n’est pas saisi" in page
    assert client.post("/contrats/38-2030/etape/finalise-draft/").status_code == 302
    assert Contract.objects.get(pk=cast.contract.pk).state == ContractState.DRAFT
    assert blocking_findings(cast.contract)


# --- The command --------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    """(exit code, what was printed) of `check_contract`."""
    out = StringIO()
    try:
        call_command("check_contract", *arguments, stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    except CommandError as refusal:
        return refusal.returncode, str(refusal)
    return 0, out.getvalue()


def test_the_command_prints_what_the_page_shows(cast: Cast) -> None:
    sheet = ActionSheetFactory(contract=cast.contract)
    code, printed = run("38-2030", "--format", "json")
    assert code == 1
    content = json.loads(printed)
    report = report_of(cast.contract)
    assert (content["blocking"], content["to_check"]) == (len(report.blocking), len(report.to_check))
    assert {
        "code": "sheets-complete",
        "rule": "A2",
        "source": "circulaire, annexe 4-I",
        "severity": "blocking",
        "message": "Fiche n° 1 : il manque le public cible.",
        "field": f"sheets/{sheet.pk}/public",
        "url": f"/contrats/38-2030/fiches/{sheet.number}/#id_public",
        "answer": "",
    } in content["findings"]
    code, text = run("38-2030")
    assert code == 1
    assert "bloquant | A2 | sheets-complete | Fiche n° 1 : il manque le public cible." in text
    assert text.rstrip().endswith(f"{report.summary}.")


def test_the_exit_code_says_whether_something_blocks(complete: Contract) -> None:
    assert run("38-2030")[0] == 0
    complete.bank_account.delete()
    assert run("38-2030")[0] == 1
    code, sentence = run("38-1999")
    assert code == 2
    assert "38-1999" in sentence


def test_the_command_says_what_was_answered(cast: Cast) -> None:
    answer_finding(cast.contract, to_check(cast.contract).key, reason="Par avenant.", by=cast.council_editor)
    assert "Par avenant.]" in run("38-2030")[1]
    findings = json.loads(run("38-2030", "--format", "json")[1])["findings"]
    assert [each["answer"] for each in findings if each["answer"]] == ["Par avenant."]
