"""The action plan's page: what it shows, to whom (annexe 5.3; rules A3, M1, M2)."""

from __future__ import annotations

import io
from decimal import Decimal

import pypdf
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contracts.document import render_contract
from contracts.models import ActionSheet, Contract
from contracts.overview import with_facts
from funding.models import AllocationRun, Contributor, Envelope, FigureStatus, NotifiedAmount
from funding.parts import measure_plan
from tests.cast import Cast, make_cast
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    EnvelopeFactory,
    NotifiedAmountFactory,
)

pytestmark = pytest.mark.django_db

URL = ["38-2030"]


@pytest.fixture
def cast() -> Cast:
    return make_cast()


@pytest.fixture
def envelope(cast: Cast) -> Envelope:
    return EnvelopeFactory(campaign=cast.campaign, code="PRE", label="Prévention", plan_label="PLF")


def _page(cast: Cast) -> str:
    client = Client()
    client.force_login(cast.council_editor)
    return client.get(reverse("funding:action-plan", args=URL)).content.decode().replace("\u00a0", " ")


def _financed(cast: Cast, envelope: Envelope, amount: int, **fields: str) -> ActionSheet:
    sheet = ActionSheetFactory(contract=cast.contract, **fields)
    ActionFinancingFactory(
        action_sheet=sheet, contributor=Contributor.STATE, envelope=envelope, amount=Decimal(amount)
    )
    return sheet


def test_the_plan_shows_actions_partners_years_money_and_source(cast: Cast, envelope: Envelope) -> None:
    sheet = _financed(cast, envelope, 1500, title="Aller vers", actors="CAF et PMI")
    ActionFinancingFactory(action_sheet=sheet, year=2031, amount=Decimal(2500))
    page = _page(cast)
    for text in ("Aller vers", "CAF et PMI", "1\u202f500 €", "2\u202f500 €", "4\u202f000 €", "PLF"):
        assert text in page
    assert reverse("funding:sheet-edit", args=["38-2030", sheet.number]) in page


def test_the_plan_flags_what_exceeds_and_what_is_short_in_words(cast: Cast, envelope: Envelope) -> None:
    NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=2030, amount=Decimal(1000))
    sheet = _financed(cast, envelope, 1500)
    ActionFinancingFactory(action_sheet=sheet, amount=Decimal(200))
    page = _page(cast)
    assert "Le plan dépasse ce qui a été notifié" in page
    assert "Dépassement de 500 €" in page
    assert "Inférieure de 1\u202f300 € à celle de l’État" in page
    assert "non notifié" in page


def test_a_plan_that_respects_the_rules_is_not_flagged(cast: Cast, envelope: Envelope) -> None:
    NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=2030, amount=Decimal(1000))
    ActionFinancingFactory(action_sheet=_financed(cast, envelope, 1000), amount=Decimal(1000))
    page = _page(cast)
    assert "dépasse" not in page
    assert "reste à compléter" not in page
    assert "Au moins égale à celle de l’État" in page


def test_text_typed_by_people_is_shown_as_text(cast: Cast, envelope: Envelope) -> None:
    for typed in ("<script>alert(1)</script>", "{{7*7}}", "file:///etc/passwd"):
        _financed(cast, envelope, 1, title=typed, actors=typed)
    page = _page(cast)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{7*7}}" in page
    assert 'href="file:' not in page


def test_another_territorys_money_never_appears(cast: Cast, envelope: Envelope) -> None:
    NotifiedAmountFactory(envelope=envelope, territory=cast.nord, year=2030, amount=Decimal(987_654))
    foreign = ActionSheetFactory(contract=cast.foreign_contract, title="Action du Nord")
    ActionFinancingFactory(action_sheet=foreign, amount=Decimal(123_456))
    page = _page(cast)
    assert "987\u202f654" not in page
    assert "123\u202f456" not in page
    assert "Action du Nord" not in page


def test_the_page_takes_as_many_queries_for_fifty_sheets_as_for_five(cast: Cast, envelope: Envelope) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            _page(cast)
        return len(captured)

    for _ in range(5):
        _financed(cast, envelope, 1)
    _page(cast)
    few = queries()
    for _ in range(45):
        _financed(cast, envelope, 1)
    assert queries() == few


def _document(cast: Cast) -> str:
    """The text of the annex of the plan in the contract's PDF."""
    content = render_contract(
        Contract.objects.with_context().get(pk=cast.contract.pk), dated=timezone.now()
    ).content
    pages = pypdf.PdfReader(io.BytesIO(content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_menu_says_how_many_objectives_have_an_action(cast: Cast) -> None:
    def told() -> tuple[str, str, str]:
        known = with_facts(Contract.objects.filter(pk=cast.contract.pk)).get()
        progress = measure_plan(known, cast.council_editor)
        return progress.stage, progress.text, progress.words

    first, second = cast.contract.objectives.in_order()
    assert told() == ("empty", "0/2", "0 objectifs sur 2 ont une action")
    ActionSheetFactory(contract=cast.contract, contract_objective=first)
    assert told() == ("started", "1/2", "un objectif sur 2 a une action")
    ActionSheetFactory(contract=cast.contract, contract_objective=second)
    assert told() == ("done", "2/2", "2 objectifs sur 2 ont une action")
    known = with_facts(Contract.objects.filter(pk=cast.contract.pk)).get()
    with CaptureQueriesContext(connection) as captured:
        measure_plan(known, cast.council_editor)
    assert len(captured) == 0


def test_a_contract_without_notification_says_so_on_the_page_and_in_the_document(
    cast: Cast, envelope: Envelope
) -> None:
    said = "Aucun montant n’est encore notifié"
    assert said in _page(cast)
    assert said in _document(cast)
    NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=2030, amount=Decimal(1000))
    assert said not in _page(cast)
    assert said not in _document(cast)


def test_the_document_states_what_is_notified_planned_and_left_by_source_and_year(
    cast: Cast, envelope: Envelope
) -> None:
    for year, amount in ((2030, 123_456), (2031, 7_000)):
        NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=year, amount=Decimal(amount))
    _financed(cast, envelope, 23_456)
    words = _document(cast).replace("\u202f", " ").replace("\u00a0", " ")
    assert "Crédits notifiés par source et par année" in words
    assert "2030 123 456 23 456 100 000" in words
    assert "2031 7 000" in words
    assert "2032 non notifié" in words


def test_amounts_that_rest_on_other_figures_than_official_ones_say_so(cast: Cast, envelope: Envelope) -> None:
    notified = NotifiedAmountFactory(envelope=envelope, territory=cast.isere, year=2030, amount=Decimal(1000))
    run = AllocationRun.objects.create(
        envelope=envelope,
        year=2030,
        amount=Decimal(1000),
        factor="1000",
        weakest_status=FigureStatus.OFFICIAL,
        inputs={"criteria": [], "figures": {}},
    )
    NotifiedAmount.objects.filter(pk=notified.pk).update(run=run)
    sheet = reverse("funding:sheet-edit", args=["38-2030", _financed(cast, envelope, 1).number])
    client = Client()
    client.force_login(cast.council_editor)
    said = "Chiffres non officiels"
    assert said not in _page(cast)
    assert said not in client.get(sheet).content.decode()
    assert "ne repose pas seulement sur des chiffres officiels" not in _document(cast)
    AllocationRun.objects.update(weakest_status=FigureStatus.ESTIMATE)
    assert said in _page(cast)
    assert said in client.get(sheet).content.decode()
    assert "ne repose pas seulement sur des chiffres officiels" in _document(cast)
