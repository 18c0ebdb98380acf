"""The tableau de bord as data, built from what is stored (annexe 5.2)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cdppe.lib.french_numbers import NO_BREAK_SPACE
from contracts.actions.campaigns import load_campaign
from contracts.campaign_file import read_campaign
from contracts.campaign_spec import CampaignSpec
from contracts.models import Campaign, Contract, ContractObjective
from indicators.dashboard import GAP, CellState, Dashboard, Row, Section, build_dashboard
from indicators.models import Indicator, IndicatorKind, IndicatorValue, NationalTarget, ValueKind
from tests.factories import ContractFactory, IndicatorFactory, IndicatorValueFactory, TerritoryFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def spec() -> CampaignSpec:
    return read_campaign(Path(settings.BASE_DIR) / "fixtures" / "campaigns" / "2020.toml")


@pytest.fixture
def campaign(spec: CampaignSpec) -> Campaign:
    """The campaign of the circular, loaded from its file as the site loads it."""
    for code in spec.territories:
        TerritoryFactory(code=code)
    return load_campaign(spec).campaign


@pytest.fixture
def contract(campaign: Campaign) -> Contract:
    return ContractFactory(campaign=campaign, territory=campaign.territories.first())


def put(contract: Contract, code: str, kind: str, year: int, value: str | None, reason: str = "") -> None:
    IndicatorValueFactory(
        contract=contract,
        indicator=contract.campaign.indicators.get(code=code),
        kind=kind,
        year=year,
        value=None if value is None else Decimal(value),
        unavailable_reason=reason,
    )


def section_of(board: Dashboard, number: int) -> Section:
    return next(section for section in board.sections if section.number == number)


def row_of(section: Section, words: str) -> Row:
    return next(row for row in section.rows if row.label.startswith(words))


def test_every_row_of_the_file_is_loaded_in_its_order(campaign: Campaign, spec: CampaignSpec) -> None:
    rows = list(campaign.indicators.select_related("objective", "commitment", "parent").order_by("position"))

    assert [row.code for row in rows] == [item.code for item in spec.indicators]
    for row, item in zip(rows, spec.indicators, strict=True):
        assert (row.label, row.unit, row.kind, row.source, row.has_target, row.twin) == (
            item.label,
            item.unit,
            item.kind,
            item.source,
            item.has_target,
            item.twin,
        )
        assert (row.objective.number if row.objective else None) == item.objective
        assert (row.commitment.code if row.commitment else "") == item.commitment
        assert (row.parent.code if row.parent else "") == item.parent


def test_every_computed_share_is_loaded_with_its_formula(campaign: Campaign, spec: CampaignSpec) -> None:
    loaded = {
        row.code: (row.numerator.code, row.denominator.code)
        for row in campaign.indicators.filter(kind=IndicatorKind.SHARE).select_related(
            "numerator", "denominator"
        )
    }

    assert loaded == {
        item.code: (item.numerator, item.denominator) for item in spec.indicators if item.kind == "share"
    }
    assert loaded


def test_every_national_target_is_loaded_with_its_figures(campaign: Campaign, spec: CampaignSpec) -> None:
    loaded = [
        (target.objective.number, target.year, target.text, target.minimum, target.maximum)
        for target in NationalTarget.objects.filter(campaign=campaign)
        .select_related("objective")
        .order_by("position")
    ]

    assert loaded == [
        (item.objective, item.year, item.text, item.minimum, item.maximum) for item in spec.national_targets
    ]


def test_a_changed_file_replaces_the_rows_of_a_campaign_that_no_contract_uses(
    campaign: Campaign, spec: CampaignSpec
) -> None:
    first = campaign.indicators.count()

    load_campaign(spec.__class__(**{**spec.__dict__, "title": "Un autre titre", "national_targets": ()}))

    assert campaign.indicators.count() == first
    assert not NationalTarget.objects.filter(campaign=campaign).exists()


def test_the_columns_are_the_reference_year_then_three_targets_then_three_levels(contract: Contract) -> None:
    board = build_dashboard(contract)
    campaign = contract.campaign

    assert [column.label for column in board.columns] == [
        f"Référence {campaign.reference_year}",
        *(f"Cible {year}" for year in campaign.years),
        *(f"Niveau atteint {year}" for year in campaign.years),
    ]
    assert len(campaign.years) == 3
    for section in board.sections:
        for row in section.rows:
            assert [cell.column for cell in row.cells] == list(board.columns)


def test_only_the_objectives_of_the_contract_are_in_it_and_the_rows_of_the_commitments(
    contract: Contract,
) -> None:
    board = build_dashboard(contract)

    numbers = [section.number for section in board.sections if section.number is not None]
    assert numbers == list(
        contract.objectives.in_order().values_list("objective__number", flat=True)
    )  # the eleven fundamental ones
    assert len(numbers) == 11
    delays = [section for section in board.sections if section.contract_objective_id is None]
    assert [row.kind for row in delays[0].rows] == ["heading", "duration", "duration"]
    assert [row.level for row in delays[0].rows] == [0, 1, 1]
    assert {cell.state for cell in delays[0].rows[0].cells} == {CellState.BLANK}


def test_an_added_optional_objective_brings_its_rows(contract: Contract) -> None:
    optional = contract.campaign.objectives.get(number=12)
    ContractObjective.objects.create(contract=contract, objective=optional)

    section = section_of(build_dashboard(contract), 12)

    assert [row.label for row in section.rows] == [
        "Nombre de visites à domicile de TISF",
        "Nombre de familles bénéficiaires",
    ]


def test_the_own_objective_comes_last_with_its_local_rows(contract: Contract) -> None:
    own = ContractObjective.objects.create(contract=contract, own_title="Dépister les troubles du langage")
    IndicatorFactory(
        objective=None,
        campaign=contract.campaign,
        contract=contract,
        contract_objective=own,
        label="Nombre de dépistages",
    )

    last = build_dashboard(contract).sections[-1]

    assert last.title == "Dépister les troubles du langage"
    assert last.number is None
    assert [(row.label, row.is_local) for row in last.rows] == [("Nombre de dépistages", True)]


def test_shares_are_computed_column_by_column(contract: Contract) -> None:
    reference = contract.campaign.reference_year
    put(contract, "epp_cd", ValueKind.REFERENCE, reference, "412")
    put(contract, "naissances_vivantes", ValueKind.REFERENCE, reference, "1648")
    put(contract, "epp_cd", ValueKind.TARGET, reference + 1, "500")

    share = row_of(section_of(build_dashboard(contract), 1), "Part des femmes enceintes")

    assert share.reference.text == f"25{NO_BREAK_SPACE}%"
    assert not share.is_typed
    assert share.targets[0].state == CellState.NOT_COMPUTABLE
    assert share.targets[0].reason == "dénominateur manquant"
    assert share.national_target == f"20{NO_BREAK_SPACE}% en {reference + 3}"


def test_a_share_above_one_is_shown_and_flagged(contract: Contract) -> None:
    reference = contract.campaign.reference_year
    put(contract, "epp_cd", ValueKind.REFERENCE, reference, "3000")
    put(contract, "naissances_vivantes", ValueKind.REFERENCE, reference, "1500")

    share = row_of(section_of(build_dashboard(contract), 1), "Part des femmes enceintes")

    assert share.reference.text == f"200{NO_BREAK_SPACE}%"
    assert share.warnings[0].startswith(f"Référence {reference} : Plus de 100")


def test_a_sub_row_above_its_whole_is_flagged(contract: Contract) -> None:
    reference = contract.campaign.reference_year
    put(contract, "bilans_maternelle", ValueKind.REFERENCE, reference, "100")
    put(contract, "bilans_medecin", ValueKind.REFERENCE, reference, "101")
    put(contract, "bilans_protocole", ValueKind.REFERENCE, reference, "99")

    section = section_of(build_dashboard(contract), 2)

    assert row_of(section, "dont par un médecin").warnings
    assert not row_of(section, "dont dans le cadre").warnings


def test_two_sources_of_one_fact_stand_together_with_their_gap(contract: Contract) -> None:
    reference = contract.campaign.reference_year
    put(contract, "vad_prenatales_cd", ValueKind.REFERENCE, reference, "200")
    put(contract, "vad_prenatales_snds", ValueKind.REFERENCE, reference, "150")
    put(contract, "vad_postnatales_cd", ValueKind.REFERENCE, reference, None, "logiciel changé")

    rows = section_of(build_dashboard(contract), 3).rows

    assert [row.kind for row in rows[:6]] == ["count", "count", GAP, "count", "count", GAP]
    assert [row.source for row in rows[:2]] == ["DREES / CD", "SNDS"]
    assert rows[2].label == "Écart : SNDS par rapport à DREES / CD"
    assert rows[2].reference.text == f"\u221250 (\u221225{NO_BREAK_SPACE}%)"
    assert rows[5].reference.state == CellState.NOT_COMPUTABLE
    assert rows[5].reference.reason == "première source non disponible"


def test_empty_not_available_and_zero_are_three_different_cells(contract: Contract) -> None:
    first = contract.campaign.years[0]
    put(contract, "ip_entrantes", ValueKind.TARGET, first, "0")
    put(contract, "ip_entrantes", ValueKind.TARGET, first + 1, None, "enquête non menée")

    zero, unavailable, empty = row_of(section_of(build_dashboard(contract), 6), "Nombre d'IP entr").targets

    assert (zero.state, zero.text) == (CellState.VALUE, "0")
    assert (unavailable.state, unavailable.text) == (CellState.UNAVAILABLE, "non disponible")
    assert unavailable.reason == "enquête non menée"
    assert (empty.state, empty.text) == (CellState.EMPTY, "")


def test_a_row_tells_each_reason_once_with_the_columns_that_it_concerns(contract: Contract) -> None:
    first, second, third = contract.campaign.years
    reference = contract.campaign.reference_year
    put(contract, "ip_entrantes", ValueKind.REFERENCE, reference, None, "logiciel changé")
    put(contract, "ip_entrantes", ValueKind.TARGET, first, None, "logiciel changé")
    put(contract, "ip_entrantes", ValueKind.TARGET, third, None, "logiciel changé")
    put(contract, "ip_entrantes", ValueKind.LEVEL, second, None, "enquête non menée")

    row = row_of(section_of(build_dashboard(contract), 6), "Nombre d'IP entr")

    assert row.reasons == (
        f"Référence {reference}, cibles {first} et {third} : non disponible – logiciel changé",
        f"Niveau atteint {second} : non disponible – enquête non menée",
    )


def test_rows_without_target_say_so_in_their_target_cells(contract: Contract) -> None:
    row = row_of(section_of(build_dashboard(contract), 9), "Nombre d'enfants bénéficiant d'une double")

    assert {cell.state for cell in row.targets} == {CellState.NO_TARGET}
    assert {cell.text for cell in row.targets} == {"sans cible"}
    assert {cell.state for cell in row.levels} == {CellState.EMPTY}


def test_half_yearly_rows_and_national_targets_are_told(contract: Contract) -> None:
    section = section_of(build_dashboard(contract), 3)

    assert row_of(section, "Nombre de femmes ayant bénéficié d'une VAD pré").is_half_yearly
    assert not row_of(section, "Nombre de VAD pré").is_half_yearly
    assert section.national_targets[0].startswith("doublement")


def test_the_cells_to_fill_are_counted_without_targets_that_do_not_exist(contract: Contract) -> None:
    before = build_dashboard(contract)
    put(contract, "ip_entrantes", ValueKind.LEVEL, contract.campaign.years[0], "12")
    put(contract, "ip_entrantes", ValueKind.LEVEL, contract.campaign.years[1], None, "en cours")
    after = build_dashboard(contract)

    typed = [row for section in before.sections for row in section.rows if row.is_typed]
    assert before.expected == sum(7 if row.has_target else 4 for row in typed)
    assert (before.filled, before.unavailable) == (0, 0)
    assert (after.filled, after.unavailable) == (1, 1)


def test_another_contract_s_values_and_rows_stay_out(contract: Contract) -> None:
    other = ContractFactory(campaign=contract.campaign, territory=contract.campaign.territories.last())
    put(other, "ip_entrantes", ValueKind.LEVEL, contract.campaign.years[0], "12")
    IndicatorFactory(
        objective=None,
        campaign=contract.campaign,
        contract=other,
        contract_objective=other.objectives.first(),
        label="Indicateur d’un autre",
    )

    board = build_dashboard(contract)

    assert board.filled == 0
    assert "Indicateur d’un autre" not in [row.label for section in board.sections for row in section.rows]


def test_fifty_rows_take_as_many_queries_as_five(contract: Contract) -> None:
    def queries() -> int:
        fresh = Contract.objects.with_context().get(pk=contract.pk)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            build_dashboard(fresh)
        return len(captured)

    few = queries()
    objective = contract.objectives.first()
    for n in range(50):
        local = IndicatorFactory(
            objective=None,
            campaign=contract.campaign,
            contract=contract,
            contract_objective=objective,
            label=f"Indicateur {n}",
        )
        IndicatorValue.objects.create(
            contract=contract,
            indicator=local,
            kind=ValueKind.REFERENCE,
            year=contract.campaign.reference_year,
            value=n,
        )
    for optional in contract.campaign.objectives.optional():
        ContractObjective.objects.create(contract=contract, objective=optional)

    assert queries() == few == 5
    assert Indicator.objects.filter(contract=contract).count() == 50
