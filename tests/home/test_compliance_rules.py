"""Every rule of the registry, pure: facts with which it fires, facts with which it does not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from contracts.compliance import Finding, Severity, rules
from contracts.places import Place
from contracts.rules.assembly import OdpeFacts
from contracts.rules.facts import ContractFacts, DeadlineFacts, ObjectiveFacts, PartyFacts, SheetFacts
from contracts.rules.parties import ContactFacts, ContactsFacts
from funding.balance import DepartmentShare, EnvelopeYear
from funding.compliance import (
    EnvelopeFacts,
    FundingFacts,
    MissionMeans,
    OwnMeansFacts,
    PayingSheet,
    ShareFacts,
    SourceFacts,
)
from funding.expenses import ExpenseNature, ExpenseTerms
from indicators.compliance import IndicatorFacts, RowFacts, SectionFacts
from indicators.dashboard import Column
from tests.test_docs import cited_rules

JULY, OCTOBER = dt.date(2031, 7, 30), dt.date(2031, 10, 15)

CONTRACT = ContractFacts(
    optional_minimum=1,
    optional_maximum=2,
    own_maximum=1,
    optional_count=1,
    objectives=(ObjectiveFacts(5, "1. Un but", sheet_numbers=(1,)),),
    sheets=(SheetFacts(7, 1),),
    parties=(PartyFacts("le Préfet", "Claude Exemple", "préfet", "party_3_name"),),
    blanks=frozenset({"court", "place"}),
    planned_effect_on=OCTOBER,
    deliberation_on=JULY,
)
"""A contract in which nothing is missing."""

GOOD = ContactFacts("Ana Exemple", "ana@exemple.fr", "01 02 03 04 05")
TERMS = ExpenseTerms(
    natures=(ExpenseNature("training", "Formation"),),
    no_substitution="Rien n’est remplacé.",
    no_substitution_source="annexe A",
)
STAFF = ExpenseNature("staff", "Personnel", is_forbidden=True, rule="Jamais d’ETP.", source="annexe B")
SOURCE = SourceFacts(7, 1, 4, "Prévention", terms=TERMS, nature=TERMS.natures[0], replaces_existing=False)
FUNDING = FundingFacts(
    envelopes=(EnvelopeFacts(4, "Prévention", (EnvelopeYear(2031, Decimal(100), Decimal(100)),)),),
    shares=(ShareFacts(5, "1. Un but", DepartmentShare(Decimal(50), Decimal(50))),),
    sources=(SOURCE,),
)
REFERENCE, TARGET = Column("reference", 2030), Column("target", 2031)
ROW = RowFacts(9, "Naissances", target_figures=1)
SECTION = SectionFacts(5, "1. Un but", rows=(ROW,))
INDICATORS = IndicatorFacts(sections=(SECTION,))


def of_contract(**changes: Any) -> ContractFacts:
    return replace(CONTRACT, **changes)


def of_objective(**changes: Any) -> ContractFacts:
    return of_contract(objectives=(replace(CONTRACT.objectives[0], **changes),))


def of_sheet(**changes: Any) -> ContractFacts:
    return of_contract(sheets=(replace(CONTRACT.sheets[0], **changes),))


def of_source(**changes: Any) -> FundingFacts:
    return FundingFacts(sources=(replace(SOURCE, **changes),))


def of_envelope(*, notified: int | None = 100, planned: int | None = 100, **changes: Any) -> FundingFacts:
    line = EnvelopeYear(
        2031,
        None if notified is None else Decimal(notified),
        None if planned is None else Decimal(planned),
    )
    return FundingFacts(envelopes=(EnvelopeFacts(4, "Prévention", (line,), **changes),))


def of_share(department: int | None, state: int | None, paying: tuple[PayingSheet, ...] = ()) -> FundingFacts:
    share = DepartmentShare(*(None if each is None else Decimal(each) for each in (department, state)))
    return FundingFacts(shares=(ShareFacts(5, "1. Un but", share, paying),))


def of_section(**changes: Any) -> IndicatorFacts:
    return IndicatorFacts(sections=(replace(SECTION, **changes),))


def of_row(**changes: Any) -> IndicatorFacts:
    return of_section(rows=(replace(ROW, **changes),))


def of_means(amount: int | None) -> OwnMeansFacts:
    stated = None if amount is None else Decimal(amount)
    place = Place("financing", 0, "ase-2031")
    ase = MissionMeans("ase", "ASE", {2030: Decimal(100), 2031: stated}, {2031: place})
    return OwnMeansFacts((ase,), reference_year=2030)


def of_contacts(*contacts: ContactFacts) -> ContactsFacts:
    return ContactsFacts({"La préfecture": contacts})


@dataclass(frozen=True)
class Case:
    """Facts, and the places of what the rule finds in them: none where it holds."""

    code: str
    facts: Any
    places: tuple[str, ...] = ()
    words: str = ""


CASES = [
    Case("deadlines-kept", of_contract()),
    Case(
        "deadlines-kept",
        of_contract(passed_deadlines=(DeadlineFacts("first", "Première version", JULY),)),
        ("calendar",),
        "Première version » est passée (30/07/2031)",
    ),
    Case("contacts-named", of_contacts(GOOD)),
    Case("contacts-named", of_contacts(GOOD, GOOD)),
    Case("contacts-named", of_contacts(), ("details//contacts",), "La préfecture n’a désigné aucun contact"),
    Case("contacts-named", of_contacts(GOOD, GOOD, GOOD), ("details//contacts",), "deux au plus"),
    Case(
        "contacts-named",
        of_contacts(replace(GOOD, phone="")),
        ("details//contacts",),
        "téléphone manque pour Ana Exemple",
    ),
    Case("representatives-named", of_contract()),
    Case(
        "representatives-named",
        of_contract(parties=(PartyFacts("le Préfet", "", "", "party_3_name"),)),
        ("details//party_3_name",),
        "le Préfet",
    ),
    Case("representatives-titled", of_contract()),
    Case(
        "representatives-titled",
        of_contract(parties=(PartyFacts("le Préfet", "Claude Exemple", "", "party_3_name"),)),
        ("details//party_3_title",),
        "Claude Exemple",
    ),
    Case("blanks-filled", of_contract()),
    # The model of another campaign has no such blank.
    Case("blanks-filled", of_contract(blanks=frozenset(), empty_details=frozenset({"court"}))),
    Case(
        "blanks-filled",
        of_contract(empty_details=frozenset({"court", "signed_at_place"})),
        ("details//court", "details//signed_at_place"),
    ),
    Case("account-given", of_contract()),
    Case("account-given", of_contract(has_account=False), ("details//account",)),
    Case("officers-named", of_contract()),
    Case(
        "officers-named",
        of_contract(empty_details=frozenset({"state_accountant"})),
        ("details//state_accountant",),
    ),
    Case("deliberation-before-effect", of_contract()),
    Case("deliberation-before-effect", of_contract(deliberation_on=None)),
    Case("deliberation-before-effect", of_contract(deliberation_on=OCTOBER)),
    Case(
        "deliberation-before-effect",
        of_contract(deliberation_on=OCTOBER + dt.timedelta(days=1)),
        ("details//deliberation_on",),
        "16/10/2031",
    ),
    Case("odpe-informed-first", OdpeFacts(JULY, OCTOBER)),
    Case("odpe-informed-first", OdpeFacts(JULY, None)),
    Case("odpe-informed-first", OdpeFacts(None, OCTOBER, "L’ODPE n’est pas encore en place.")),
    Case("odpe-informed-first", OdpeFacts(None, OCTOBER), ("details//odpe_informed_on",), "n’est pas datée"),
    Case("odpe-informed-first", OdpeFacts(OCTOBER, OCTOBER), ("details//odpe_informed_on",), "après"),
    Case("objectives-of-the-catalogue", of_contract()),
    Case("objectives-of-the-catalogue", of_objective(is_of_the_campaign=False), ("objectives/5",)),
    Case("fundamentals-carried", of_contract()),
    Case(
        "fundamentals-carried",
        of_contract(absent_fundamentals=("2. Un autre", "3. Un tiers")),
        ("objectives", "objectives"),
        "2. Un autre",
    ),
    Case("optional-count", of_contract(optional_count=1)),
    Case("optional-count", of_contract(optional_count=2)),
    Case("optional-count", of_contract(optional_count=0), ("objectives",), "au moins 1"),
    Case("optional-count", of_contract(optional_count=3), ("objectives",), "2 au plus"),
    Case("own-objectives", of_objective(is_own=True)),
    Case(
        "own-objectives",
        of_contract(
            objectives=(ObjectiveFacts(5, "Un but", is_own=True), ObjectiveFacts(6, "Deux", is_own=True))
        ),
        ("objectives/6",),
        "2 objectifs propres",
    ),
    Case("sheet-demanded", of_objective(sheet_demands=("S’engager à…",))),
    Case("sheet-demanded", of_objective(sheet_numbers=())),
    Case(
        "sheet-demanded",
        of_objective(sheet_demands=("S’engager à…",), sheet_numbers=()),
        ("objectives/5",),
        "S’engager à…",
    ),
    Case("commitments-demanded", of_objective(sheet_demands=("Un", "Deux"), sheet_numbers=(1, 2))),
    # Without any sheet, the rule before says so.
    Case("commitments-demanded", of_objective(sheet_demands=("Un", "Deux"), sheet_numbers=())),
    Case(
        "commitments-demanded",
        of_objective(sheet_demands=("Un", "Deux")),
        ("objectives/5",),
        "2 engagements et a 1 fiche",
    ),
    Case("statements-made", of_contract()),
    Case(
        "statements-made",
        of_sheet(action_statements=("Une vérification.", "Une supervision.")),
        ("sheets/7/description",),
        "Une vérification ; Une supervision",
    ),
    Case("advice-asked", of_objective(technical_advice="Les projets remontent.", sheet_numbers=())),
    Case("advice-asked", of_contract()),
    Case(
        "advice-asked",
        of_objective(technical_advice="Les projets remontent."),
        ("objectives/5",),
        "les projets remontent.",
    ),
    Case("sheets-serve-the-contract", of_contract()),
    Case(
        "sheets-serve-the-contract",
        of_sheet(serves_the_contract=False),
        ("sheets/7/contract_objective",),
    ),
    Case("objectives-have-an-action", of_contract()),
    Case("objectives-have-an-action", of_objective(sheet_demands=("Un",), sheet_numbers=())),
    Case("objectives-have-an-action", of_objective(sheet_numbers=()), ("objectives/5",), "1. Un but"),
    Case("sheets-complete", of_contract()),
    Case("sheets-complete", of_sheet(unwritten=frozenset({"referent"}))),
    Case(
        "sheets-complete",
        of_sheet(unwritten=frozenset({"public", "calendar"}), has_financing=False),
        ("sheets/7/public", "sheets/7/calendar", "sheets/7/financing"),
        "Fiche n° 1 : il manque le public cible.",
    ),
    Case(
        "sheets-complete",
        of_sheet(unwritten=frozenset({"public"}), prompted=frozenset({"public"})),
        ("sheets/7/public",),
        "il manque le public cible : une indication « [À compléter : …] » y reste à remplacer.",
    ),
    Case("sheets-follow-the-model", of_contract()),
    Case(
        "sheets-follow-the-model",
        of_sheet(unwritten=frozenset({"diagnosis"}), prompted=frozenset({"diagnosis"})),
        ("sheets/7/diagnosis",),
        "le constat du diagnostic : une indication « [À compléter : …] » y reste à remplacer.",
    ),
    Case("sheets-follow-the-model", of_sheet(unwritten=frozenset({"public"}))),
    Case(
        "sheets-follow-the-model",
        of_sheet(unwritten=frozenset({"diagnosis", "vigilance_points"})),
        ("sheets/7/diagnosis",),
        "le constat du diagnostic et les points de vigilance",
    ),
    Case("notified-not-exceeded", of_envelope()),
    # Nothing is compared with what was not notified, which is not zero.
    Case("notified-not-exceeded", of_envelope(notified=None, planned=500)),
    Case(
        "notified-not-exceeded",
        of_envelope(planned=130),
        ("plan//balances-e4-2031",),
        "les fiches dépassent de 30",
    ),
    # One sheet alone: its very box. Several: the row in which their money comes together.
    Case(
        "notified-not-exceeded",
        of_envelope(planned=130, paying={2031: (PayingSheet(7, 1, "amount-e4-2031"),)}),
        ("sheets/7/amount-e4-2031",),
        "la fiche n° 1 dépasse de 30",
    ),
    Case(
        "notified-not-exceeded",
        of_envelope(planned=130, paying={2031: (PayingSheet(7, 1, "a"), PayingSheet(8, 4, "b"))}),
        ("plan//balances-e4-2031",),
        "les fiches n° 1 et 4 dépassent ensemble de 30",
    ),
    Case("first-amounts-notified", of_envelope()),
    Case("first-amounts-notified", of_envelope(needs_first_amount=True), ("plan//balances",)),
    Case("budget-line", of_envelope()),
    Case("budget-line", of_envelope(lacks_budget_line=True), ("plan//balances",)),
    Case("department-share", of_share(50, 50)),
    Case("department-share", of_share(None, None)),
    Case("department-share", of_share(49, 50), ("plan/5",), "il manque 1"),
    Case("department-share", of_share(None, 50), ("plan/5",), "n’est pas indiquée"),
    Case(
        "department-share",
        of_share(49, 50, (PayingSheet(7, 1, "amount-department-2031"),)),
        ("sheets/7/amount-department-2031",),
        "il manque 1",
    ),
    Case("own-means-kept", of_means(100)),
    Case("own-means-kept", of_means(None)),
    Case("own-means-kept", of_means(90), ("financing//ase-2031",), "de moins qu’en 2030"),
    Case("sources-may-finance", of_source()),
    Case("sources-may-finance", of_source(may_finance=False), ("sheets/7/financing",)),
    Case("expenses-declared", of_source()),
    Case("expenses-declared", of_source(terms=ExpenseTerms(), nature=None, replaces_existing=None)),
    Case("expenses-declared", of_source(nature=None), ("sheets/7/nature-e4",), "la nature de la dépense."),
    Case("expenses-declared", of_source(replaces_existing=None), ("sheets/7/nature-e4",), "à l’existant"),
    Case("expenses-allowed", of_source()),
    Case("expenses-allowed", of_source(nature=None)),
    Case(
        "expenses-allowed", of_source(nature=STAFF), ("sheets/7/nature-e4",), "« Jamais d’ETP. » (annexe B)"
    ),
    Case("nothing-replaced", of_source()),
    Case("nothing-replaced", of_source(replaces_existing=None)),
    Case(
        "nothing-replaced",
        of_source(replaces_existing=True),
        ("sheets/7/replaces-e4",),
        "« Rien n’est remplacé. » (annexe A)",
    ),
    Case("objectives-have-a-target", INDICATORS),
    Case("objectives-have-a-target", of_section(rows=(), requires_numeric_target=True)),
    Case("objectives-have-a-target", of_section(rows=(), is_followed_without_target=True)),
    Case("objectives-have-a-target", of_section(rows=()), ("dashboard//objectif-5",), "aucun indicateur"),
    Case(
        "objectives-have-a-target",
        of_row(target_figures=0),
        ("dashboard//objectif-5",),
        "aucune cible chiffrée",
    ),
    Case("numeric-target", of_section(requires_numeric_target=True)),
    Case("numeric-target", of_row(target_figures=0)),
    Case("numeric-target", of_section(requires_numeric_target=True, rows=()), ("dashboard//objectif-5",)),
    Case("harmonised-indicator", of_section(requires_harmonised_indicator=True)),
    Case("harmonised-indicator", of_row(is_stated=False)),
    Case(
        "harmonised-indicator",
        of_section(requires_harmonised_indicator=True, rows=(replace(ROW, is_local=True),)),
        ("dashboard//objectif-5",),
    ),
    Case("not-only-quantitative", INDICATORS),
    Case(
        "not-only-quantitative",
        of_section(forbids_purely_quantitative_target=True, has_implementation_indicators=True),
    ),
    Case(
        "not-only-quantitative",
        of_section(forbids_purely_quantitative_target=True),
        ("dashboard//objectif-5",),
    ),
    Case("cells-filled", INDICATORS),
    Case(
        "cells-filled",
        of_row(empty=(REFERENCE, TARGET)),
        ("dashboard/9/reference-2030",),
        "référence 2030, cible 2031",
    ),
    Case("without-target", INDICATORS),
    Case("without-target", of_row(has_target=False, target_figures=0)),
    Case("without-target", of_row(has_target=False), ("dashboard/9",)),
]


def _check(case: Case) -> list[Finding]:
    rule = next(each for each in rules() if each.code == case.code)
    return list(rule.check(case.facts))


@pytest.mark.parametrize("case", [case for case in CASES if case.places], ids=lambda case: case.code)
def test_a_rule_fires_at_the_field_to_mend(case: Case) -> None:
    found = _check(case)
    assert tuple(str(finding.place) for finding in found) == case.places
    assert case.words in found[0].sentence


@pytest.mark.parametrize("case", [case for case in CASES if not case.places], ids=lambda case: case.code)
def test_a_rule_says_nothing_where_it_holds(case: Case) -> None:
    assert _check(case) == []


def test_every_rule_has_a_case_where_it_fires_and_one_where_it_does_not() -> None:
    registered = {rule.code for rule in rules()}
    assert {case.code for case in CASES if case.places} == registered
    assert {case.code for case in CASES if not case.places} == registered


def test_every_rule_that_can_be_checked_is_registered() -> None:
    asked = {"C2", "P2", "I2", "I6", "M1", "M2", "M3", "M4", "M6", "A1", "A2", "K1", "K3"}
    asked |= {f"O{number}" for number in range(1, 8)}
    assert {rule.number for rule in rules()} == asked


def test_a_rule_says_its_number_its_ground_and_its_place_in_the_circular() -> None:
    for rule in rules():
        judged = " ".join((rule.check.__doc__ or "").split())
        assert rule.number in cited_rules(judged), rule.code
        assert "circulaire" in rule.source
        assert rule.title
        assert rule.why.endswith((".", "»")), rule.code
        said = {Severity.BLOCKING: "block", Severity.TO_CHECK: "to be checked", Severity.ADVICE: "advice"}
        assert said[rule.severity] in judged, rule.code


def test_findings_of_one_rule_at_one_place_keep_apart() -> None:
    """Else the answer to one would answer the other."""
    for case in CASES:
        if len(case.places) > 1:
            found = _check(case)
            assert len({(finding.place, finding.about) for finding in found}) == len(found)
