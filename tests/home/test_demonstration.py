"""`manage.py loaddemo`: real input where there is a source, marked invention where there is none."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from pytest_django import Settings

from agreements.models import Transmission
from cdppe.accounts.models import User
from contracts.models import ActionSheet, Contract, JournalEntry
from funding.models import ActionFinancing, AllocationRun, NotifiedAmount, Scenario
from funding.plan import build_plan
from funding.scenarios import draft_of, results_of
from indicators.dashboard import build_dashboard
from indicators.models import IndicatorValue, ValueKind
from tests.browser import demonstration

pytestmark = pytest.mark.django_db


@pytest.fixture
def _demonstration() -> None:
    demonstration.load()


def test_production_refuses_accounts_with_a_public_password(settings: Settings) -> None:
    settings.IN_PRODUCTION = True
    with pytest.raises(CommandError, match="mot de passe public"):
        call_command("loaddemo", verbosity=0)
    assert User.objects.count() == 0


@pytest.mark.usefixtures("_demonstration")
def test_loading_twice_keeps_what_people_wrote() -> None:
    sheet = ActionSheet.objects.filter(contract__reference="38-2022").earliest("number")
    ActionSheet.objects.filter(pk=sheet.pk).update(title="Titre écrit depuis")
    User.objects.filter(email="departement38@exemple.fr").update(first_name="Prénom changé")
    models = (User, Contract, ActionSheet, ActionFinancing, AllocationRun, NotifiedAmount, IndicatorValue)
    before = {model: model.objects.count() for model in (*models, JournalEntry, Scenario)}
    out = StringIO()
    call_command("loaddemo", stdout=out)
    assert {model: model.objects.count() for model in before} == before
    sheet.refresh_from_db()
    assert sheet.title == "Titre écrit depuis"
    assert User.objects.get(email="departement38@exemple.fr").first_name == "Prénom changé"
    assert "Contrat 38-2022 : déjà là, laissé tel quel." in out.getvalue()


@pytest.mark.usefixtures("_demonstration")
def test_iseres_contract_says_what_the_press_file_says_and_nothing_else() -> None:
    contract = Contract.objects.get(reference="38-2022")
    numbers = contract.objectives.values_list("objective__number", flat=True)
    assert sorted(numbers) == [1, 2, 3, 4, 5, 8, 9, 10, 12, 13, 18, 21, 25]
    notified = NotifiedAmount.objects.filter(territory=contract.territory)
    assert dict(notified.values_list("envelope__code", "amount")) == {
        "P304": Decimal(2_914_500),
        "FIR": Decimal(211_500),
        "ONDAM": Decimal(260_000),
    }
    assert notified.aggregate(total=Sum("amount"))["total"] == Decimal(3_386_000)
    assert set(notified.values_list("year", flat=True)) == {2022}
    known = IndicatorValue.objects.filter(contract=contract, value__isnull=False)
    assert set(known.values_list("indicator__code", "kind", "year", "value")) == {
        ("familles_tisf", ValueKind.REFERENCE, 2021, Decimal(231)),
        ("familles_tisf", ValueKind.TARGET, 2024, Decimal(390)),
        ("places-lieux-de-vie", ValueKind.TARGET, 2024, Decimal(28)),
        ("places-enfants-handicap", ValueKind.TARGET, 2023, Decimal(10)),
    }
    unknown = IndicatorValue.objects.filter(contract=contract, value__isnull=True)
    assert unknown.exists()
    assert not unknown.filter(unavailable_reason="").exists()
    # No amount by action is in the press file, and no sheet of it is invented.
    assert not ActionFinancing.objects.filter(action_sheet__contract=contract).exists()
    assert not contract.action_sheets.filter(has_invented_text=True).exists()
    assert {party.representative_name for party in contract.parties.exclude(representative_name="")} == {
        "Laurent Prévost",
        "Jean-Pierre Barbier",
        "Anne-Maëlle Cantinat",
    }


@pytest.mark.usefixtures("_demonstration")
def test_no_figure_is_stored_where_nobody_could_type_it() -> None:
    for contract in Contract.objects.all():
        board = build_dashboard(contract)
        typed = {row.indicator_id for section in board.sections for row in section.rows if row.is_typed}
        stored = set(IndicatorValue.objects.filter(contract=contract).values_list("indicator", flat=True))
        assert stored <= typed
        assert stored


@pytest.mark.usefixtures("_demonstration")
def test_the_campaign_with_figures_is_shared_to_the_euro_and_says_on_what() -> None:
    amounts = NotifiedAmount.objects.filter(envelope__campaign__code="2020")
    totals = {
        row["envelope__code"]: row["total"]
        for row in amounts.values("envelope__code").annotate(total=Sum("amount")).order_by()
    }
    assert totals == {"P304": 50_000_000, "FIR": 15_000_000, "ONDAM": 15_000_000}
    assert amounts.values("territory").distinct().count() == 30
    assert set(AllocationRun.objects.values_list("weakest_status", flat=True)) == {"stand_in"}


@pytest.mark.usefixtures("_demonstration")
def test_the_fictitious_contract_is_whole_and_every_sheet_says_that_it_is_invented() -> None:
    contract = Contract.objects.get(reference="63-2020")
    sheets = contract.action_sheets.all()
    assert sheets.count() == 40
    assert sheets.filter(has_invented_text=True).count() == 40
    assert contract.objectives.count() == 27
    assert {sheet.contract_objective_id for sheet in sheets} == set(
        contract.objectives.values_list("pk", flat=True)
    )
    assert contract.is_demonstration
    plan = build_plan(contract)
    assert plan.exceeded_envelopes == ()
    assert plan.short_objectives == ()
    spent = ActionFinancing.objects.filter(
        action_sheet__contract=contract, year=2020, contributor="state"
    ).aggregate(total=Sum("amount"))["total"]
    notified = NotifiedAmount.objects.filter(territory=contract.territory).aggregate(total=Sum("amount"))
    assert spent == notified["total"]


@pytest.mark.usefixtures("_demonstration")
def test_two_scenarios_that_can_be_shared_are_there_to_be_compared() -> None:
    results = {each.name: results_of(draft_of(each)) for each in Scenario.objects.all()}
    assert set(results) == {"Termes de la campagne", "Sans dotation maximale"}
    for result in results.values():
        assert [each.total for each in result.envelopes] == [50_000_000, 15_000_000, 15_000_000]
    assert all(not each.ceiling_count for each in results["Sans dotation maximale"].envelopes)


@pytest.mark.usefixtures("_demonstration")
def test_the_ministry_has_transmissions_to_read_some_of_them_answered() -> None:
    sent = Transmission.objects.order_by("pk")
    assert [(each.contract.reference, each.deadline.code, hasattr(each, "receipt")) for each in sent] == [
        ("63-2020", "contacts", True),
        ("63-2020", "first_version", True),
        ("38-2022", "candidacy", False),
    ]
    assert sent[1].remarks.count() == 2
    assert all(each.version.html for each in sent)
